"""People: posts, files of people, and a staff change as one action, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from dossier.bootstrap import build
from dossier.clock import SHANGHAI, FixedClock
from dossier.db.approval_tables import ApprovalRequest
from dossier.db.login_tables import ApiToken, LoginSession
from dossier.db.organisation_tables import Post, StaffChange
from dossier.db.tables import AuditEvent, Document, Intake, KeptSearch, OrgUnit, RoleGrant, User
from dossier.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotAuthenticatedError,
    NotFoundError,
    UnavailableError,
)
from dossier.hookspecs import Holding, hookimpl
from dossier.records import DocumentState, IntakeOutcome
from dossier.rules.organisation import Change, PlaceKind, Wanted
from dossier.services import (
    accounts,
    logins,
    organisation,
    people,
    people_import,
    posts,
    sessions,
    staff_change,
    tokens,
)
from dossier.services.context import Context
from dossier.services.door import Arrival, by_name
from dossier.services.people import PeopleFilter
from dossier.services.posts import PostWish
from dossier.services.sessions import open_session
from dossier.services.staff_change import CannotHandOverError, StaffWish
from dossier.settings import Settings
from dossier.viewer import Viewer, system_viewer
from tests.support_archive import NOW, add_content

SYSTEM = system_viewer("test")
TODAY = date(2026, 11, 22)
PASSWORD = "correct horse battery"
ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing in it that the two databases could do differently."""


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[Context]:
    made = build(Settings(home=tmp_path / "home", database_url=database_url), clock=FixedClock(NOW))
    for name in ("东供电所", "北供电所"):
        wanted = Wanted(Change.FOUNDED, PlaceKind.UNIT, date(2020, 1, 1), name=name, reason="设立")
        organisation.change_place(made, SYSTEM, wanted)
    for name, role in (("root", "administrator"), ("boss", "administrator")):
        accounts.add_user(made, SYSTEM, name=name, role=role)
    for name in ("wang", "li"):
        accounts.add_user(made, SYSTEM, name=name, role="archivist", password=PASSWORD)
    accounts.add_user(made, SYSTEM, name="zhao", role="auditor")
    yield made
    made.readers.close()
    made.index.close()
    made.database.dispose()


def unit_id(house: Context, name: str) -> int:
    with house.reading(SYSTEM) as session:
        return session.scalars(select(OrgUnit.id).where(OrgUnit.name == name)).one()


def viewer(house: Context, name: str) -> Viewer:
    return accounts.viewer_by_name(house, name)


def user_id(house: Context, name: str) -> str:
    with house.reading(SYSTEM) as session:
        return by_name(session, name).id


def give_everything(house: Context, name: str) -> None:
    """A login, a token, a post, a saved and a last search, and a file that was set aside."""
    accounts.make_token(house, SYSTEM, name)
    posts.add_post(
        house, SYSTEM, name, PostWish(unit_id(house, "东供电所"), "档案员", date(2024, 1, 1))
    )
    with house.writing(SYSTEM) as session:
        user = by_name(session, name)
        open_session(house, session, user, Arrival())
        for kind in ("saved", "recent"):
            session.add(KeptSearch(user_id=user.id, kind=kind, key=kind, body=b"x", at=NOW))
        session.add(
            Intake(
                source_path="a.pdf",
                origin="upload",
                outcome=IntakeOutcome.QUARANTINED,
                received_by=user.id,
                received_at=NOW,
                changed_at=NOW,
            )
        )
        add_content(session, "b" * 64)
        session.add(
            Document(rowid=1, state=DocumentState.TO_ASSIGN, captured_at=NOW, sha256="b" * 64)
        )


def leave(**more: Any) -> StaffWish:
    return StaffWish(**({"kind": "leave", "on": TODAY, "successor": "li", "reason": "退休"} | more))


# -- leaving ----------------------------------------------------------------------------------------


def test_leaving_ends_what_opens_doors_and_hands_over_the_rest_in_one_action(
    house: Context,
) -> None:
    give_everything(house, "wang")
    admin, li = viewer(house, "root"), user_id(house, "li")
    shown = staff_change.preview(house, admin, "wang", leave())
    with house.reading(SYSTEM) as session:
        assert not by_name(session, "wang").disabled, "a preview writes nothing"
        assert session.scalar(select(func.count(StaffChange.id))) == 0
    done = staff_change.change_staff(house, admin, "wang", leave())
    assert done.lines == shown.lines
    assert {line.name: (line.count, line.outcome) for line in done.lines} == {
        "sessions": (1, "ended"),
        "tokens": (1, "ended"),
        "roles": (1, "ended"),
        "posts": (1, "ended"),
        "files": (1, "handed_over"),
        "saved_searches": (1, "handed_over"),
        "recent_searches": (1, "ended"),
        "to_assign": (1, "shared"),
    }
    with house.reading(SYSTEM) as session:
        wang = by_name(session, "wang")
        assert wang.disabled
        assert (
            session.scalars(select(LoginSession).where(LoginSession.user_id == wang.id)).all() == []
        )
        assert session.scalars(select(ApiToken.revoked)).all() == [True]
        grant = session.scalars(select(RoleGrant).where(RoleGrant.user_id == wang.id)).one()
        assert grant.valid_to == NOW
        assert session.scalars(select(Post.valid_to)).one() == TODAY - timedelta(days=1)
        file = session.scalars(select(Intake)).one()
        assert (file.received_by, file.handed_to) == (wang.id, li), "who received it stays named"
        assert [(one.user_id, one.kind) for one in session.scalars(select(KeptSearch))] == [
            (li, "saved")
        ]
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "staff.left")).all()
    assert [(one.object_id, one.purpose) for one in events] == [(wang.id, "退休")]
    assert events[0].facts["report"]["files"] == 1
    [kept] = staff_change.changes_of(house, admin, "wang")
    assert (kept.state, kept.lines) == ("done", done.lines)


def test_a_successor_without_rights_to_what_is_handed_over_is_refused_and_nothing_is_done(
    house: Context,
) -> None:
    give_everything(house, "wang")
    with pytest.raises(CannotHandOverError, match="zhao has no right") as refusal:
        staff_change.change_staff(house, viewer(house, "root"), "wang", leave(successor="zhao"))
    assert "收进来" in refusal.value.detail_zh
    with pytest.raises(CannotHandOverError, match="name a successor"):
        staff_change.change_staff(house, viewer(house, "root"), "wang", leave(successor=""))
    with house.reading(SYSTEM) as session:
        assert not by_name(session, "wang").disabled
        assert session.scalar(select(func.count(StaffChange.id))) == 0
        assert session.scalar(select(func.count(Post.id)).where(Post.valid_to.is_(None))) == 1


@ON_ONE
def test_the_last_one_who_may_do_something_that_waits_does_not_leave(house: Context) -> None:
    give_everything(house, "wang")
    accounts.disable_user(house, SYSTEM, "li")
    shown = staff_change.preview(house, viewer(house, "root"), "wang", leave(successor=""))
    assert {line.name for line in shown.problems} == {"files", "to_assign"}
    accounts.disable_user(house, SYSTEM, "root")
    with pytest.raises(CannotHandOverError, match="nobody else"):
        staff_change.change_staff(house, SYSTEM, "boss", leave(successor=""))


@ON_ONE
def test_a_successor_of_a_part_does_not_take_over_from_one_of_the_whole_company(
    house: Context,
) -> None:
    give_everything(house, "wang")
    accounts.add_user(house, SYSTEM, name="sun", role="archivist", unit="东供电所")
    with pytest.raises(CannotHandOverError, match="sun has no right"):
        staff_change.change_staff(house, SYSTEM, "wang", leave(successor="sun"))


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"on": TODAY - timedelta(days=1)}, InvalidInputError, "past"),
    ({"on": date(9999, 1, 1)}, InvalidInputError, "day"),
    ({"reason": " "}, InvalidInputError, "reason"),
    ({"kind": "vanish"}, InvalidInputError, "leave or move"),
    ({"successor": "wang"}, InvalidInputError, "the person"),
    ({"successor": "root"}, InvalidInputError, "oneself"),
    ({"successor": "nobody"}, NotFoundError, ""),
    ({"successor": "gone"}, InvalidInputError, "disabled"),
    ({"kind": "move"}, InvalidInputError, "new post"),
    ({"kind": "move", "title": "班长", "role": "king", "unit_id": 1}, InvalidInputError, "role"),
    ({"kind": "move", "title": "班长", "role": "agent", "unit_id": 99}, InvalidInputError, "unit"),
]


@ON_ONE
def test_what_cannot_be_is_refused_with_what_to_do(house: Context) -> None:
    accounts.add_user(house, SYSTEM, name="gone", role="archivist")
    accounts.disable_user(house, SYSTEM, "gone")
    admin = viewer(house, "root")
    for wish, error, told in REFUSED:
        with pytest.raises(error, match=told):
            staff_change.change_staff(house, admin, "wang", leave(**wish))
    with pytest.raises(ForbiddenError, match="oneself"):
        staff_change.change_staff(house, admin, "root", leave())
    with pytest.raises(ForbiddenError):
        staff_change.preview(house, viewer(house, "li"), "wang", leave())


def test_a_planned_leave_waits_for_its_day_can_be_withdrawn_and_is_then_done(
    house: Context,
) -> None:
    give_everything(house, "wang")
    day = TODAY + timedelta(days=3)
    planned = staff_change.change_staff(house, SYSTEM, "wang", leave(on=day))
    assert (planned.state, viewer(house, "wang").name) == ("planned", "wang")
    with pytest.raises(ConflictError, match="planned already"):
        staff_change.change_staff(house, SYSTEM, "wang", leave(on=day))
    with pytest.raises(InvalidInputError, match="leaves"):
        staff_change.change_staff(
            house, SYSTEM, "li", leave(on=day + timedelta(days=1), successor="wang")
        )
    shown = staff_change.preview(house, SYSTEM, "li", leave(successor="boss"))
    assert "successions" in {line.name for line in shown.problems}
    staff_change.withdraw(house, viewer(house, "root"), planned.id)
    staff_change.change_staff(house, SYSTEM, "wang", leave(on=day))
    assert staff_change.carry_out_due(house) == 0
    house.clock.advance(timedelta(days=3))  # type: ignore[attr-defined]
    assert staff_change.carry_out_due(house) == 1
    with pytest.raises(NotFoundError):
        viewer(house, "wang")
    with pytest.raises(ConflictError, match="done already"):
        staff_change.withdraw(house, SYSTEM, staff_change.changes_of(house, SYSTEM, "wang")[0].id)


@ON_ONE
def test_who_leaves_is_shut_out_on_the_day_even_when_nobody_can_take_over(house: Context) -> None:
    give_everything(house, "wang")
    staff_change.change_staff(house, SYSTEM, "wang", leave(on=TODAY + timedelta(days=1)))
    accounts.disable_user(house, SYSTEM, "li")
    house.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    assert staff_change.carry_out_due(house) == 0
    [waits] = staff_change.changes_of(house, SYSTEM, "wang")
    assert (waits.state, "权限" in waits.problem) == ("planned", True)
    with pytest.raises(NotFoundError):
        viewer(house, "wang")
    with house.reading(SYSTEM) as session:
        assert session.scalars(select(Intake.handed_to)).one() is None
    accounts.enable_user(house, SYSTEM, "li")
    assert staff_change.carry_out_due(house) == 1


def test_going_to_another_post_ends_the_old_rights_and_gives_the_new_ones(house: Context) -> None:
    give_everything(house, "wang")
    north = unit_id(house, "北供电所")
    wish = leave(kind="move", unit_id=north, title="坐席", role="agent")
    staff_change.change_staff(house, SYSTEM, "wang", wish)
    moved = viewer(house, "wang")
    assert (moved.role, moved.scope.units) == ("agent", frozenset({north}))
    person = people.person(house, SYSTEM, "wang")
    assert [(one.title, one.is_now) for one in person.person.posts] == [
        ("坐席", True),
        ("档案员", False),
    ]
    assert (person.sessions, person.tokens) == (0, 0)
    with house.reading(SYSTEM) as session:
        assert session.scalar(select(func.count(KeptSearch.id))) == 2, "own searches are kept"


# -- features -----------------------------------------------------------------------------------


class Loans:
    """A feature with something in people's hands."""

    fails = ""

    def __init__(self) -> None:
        self.of = {"wang": 2}
        self.house: Any = None

    @hookimpl
    def holdings(self, context: Context) -> list[Holding]:
        if self.fails == "hook":
            raise RuntimeError
        return [Holding("loans", "借出的原件", "Loans", self.count, hand_over=self.hand_over)]

    def count(self, session: Any, user: str) -> int:
        return self.of.get(session.get(User, user).name, 0)

    def hand_over(self, session: Any, user: str, to: str | None, at: Any) -> int:
        if self.fails == "hand_over":
            raise UnavailableError("the shelf is locked")
        names = {one: session.get(User, one).name for one in (user, to)}
        self.of[names[to]] = self.of.pop(names[user], 0)
        return self.of[names[to]]


@ON_ONE
@pytest.mark.parametrize("fails", ["", "hook", "hand_over"])
def test_a_feature_s_things_go_along_and_a_failing_feature_stops_the_whole_change(
    house: Context, fails: str
) -> None:
    loans = Loans()
    loans.fails = fails
    house.plugins._manager.register(loans, "loans")
    if fails:
        with pytest.raises(UnavailableError):
            staff_change.change_staff(house, SYSTEM, "wang", leave())
        with house.reading(SYSTEM) as session:
            assert not by_name(session, "wang").disabled
        return
    done = staff_change.change_staff(house, SYSTEM, "wang", leave())
    assert ("loans", 2, "handed_over") in {(x.name, x.count, x.outcome) for x in done.lines}
    assert loans.of == {"li": 2}


# -- posts --------------------------------------------------------------------------------------


def test_posts_that_overlap_are_refused_unless_one_is_a_side_post(house: Context) -> None:
    east, north = unit_id(house, "东供电所"), unit_id(house, "北供电所")
    add = lambda *args, **more: posts.add_post(house, SYSTEM, "wang", PostWish(*args, **more))  # noqa: E731
    add(east, "档案员", date(2024, 1, 1), date(2025, 12, 31))
    with pytest.raises(ConflictError, match="2024-01-01"):
        add(north, "营业员", date(2025, 12, 31))
    add(north, "营业员", date(2026, 1, 1))
    add(east, "安全员", date(2025, 6, 1), is_side=True)
    with pytest.raises(ConflictError):
        add(east, "安全员", date(2025, 7, 1), is_side=True)
    for days in ((date(2026, 2, 1), date(2026, 1, 1)), (date(2019, 1, 1),)):
        with pytest.raises(InvalidInputError):
            add(east, "抄表员", *days, is_side=True)
    with pytest.raises(InvalidInputError, match="unit"):
        add(999, "抄表员", date(2026, 1, 1))
    with pytest.raises(ForbiddenError, match="oneself"):
        posts.add_post(
            house, viewer(house, "root"), "root", PostWish(east, "所长", date(2026, 1, 1))
        )


def test_a_staff_number_is_one_person_s(house: Context) -> None:
    people.describe(house, SYSTEM, "wang", display_name=" 王  芳 ", staff_no="E001")
    with pytest.raises(ConflictError, match="wang"):
        people.describe(house, SYSTEM, "li", staff_no="E001")
    [found] = people.list_people(house, SYSTEM, PeopleFilter(q="王 芳")).items
    assert (found.name, found.staff_no) == ("wang", "E001")


@ON_ONE
def test_people_are_found_by_unit_role_and_state_page_by_page(house: Context) -> None:
    give_everything(house, "wang")
    accounts.disable_user(house, SYSTEM, "boss")
    staff_change.change_staff(house, SYSTEM, "wang", leave(on=TODAY + timedelta(days=9)))
    east = unit_id(house, "东供电所")

    def names(**asked: Any) -> list[str]:
        return [one.name for one in people.list_people(house, SYSTEM, PeopleFilter(**asked)).items]

    assert names(unit_id=east) == ["wang"]
    assert names(role="auditor") == ["zhao"]
    assert names(state="disabled") == ["boss"]
    assert names(state="leaving") == ["wang"]
    first = people.list_people(house, SYSTEM, PeopleFilter(), size=3)
    rest = people.list_people(house, SYSTEM, PeopleFilter(), size=3, cursor=first.next_cursor)
    assert [one.name for one in (*first.items, *rest.items)] == sorted(
        ["boss", "li", "root", "wang", "zhao"]
    )
    with pytest.raises(InvalidInputError):
        names(state="dead")
    with pytest.raises(ForbiddenError):
        people.list_people(house, viewer(house, "li"), PeopleFilter())


# -- files of people ----------------------------------------------------------------------------

HEADER = (
    "账号,姓名,工号,单位,岗位,兼岗,任职日期,岗位截止日期,角色,角色单位,角色起始日期,角色截止日期\n"
)
PEOPLE = """sun,孙丽,E100,东供电所,营业员,,2024-01-01,,agent,,2024-01-01,
sun,孙丽,E100,北供电所,安全员,是,2024-06-01,,,,,
qian,钱多,E101,北供电所,档案员,,2025-01-01,2026-12-31,archivist,全公司,,2026-12-31
"""


def take(house: Context, tmp_path: Path, rows: str, *, dry_run: bool = False) -> Any:
    file = tmp_path / "people.csv"
    file.write_text(HEADER + rows, encoding="utf-8")
    return people_import.import_people(house, SYSTEM, file, dry_run=dry_run)


def test_a_file_of_people_makes_accounts_posts_and_roles_once(
    house: Context, tmp_path: Path
) -> None:
    assert (take(house, tmp_path, PEOPLE, dry_run=True).changed) == 3
    with pytest.raises(NotFoundError):
        viewer(house, "sun")
    assert (take(house, tmp_path, PEOPLE).changed, take(house, tmp_path, PEOPLE).unchanged) == (
        3,
        3,
    )
    sun, qian = viewer(house, "sun"), viewer(house, "qian")
    assert sun.scope.units == {unit_id(house, "东供电所")}
    assert qian.scope.everything
    house.clock.advance(timedelta(days=40))  # type: ignore[attr-defined]
    assert viewer(house, "qian").role == "none", "the role has ended with its last day"


WRONG = [
    (",孙丽,,,,,,,,,,", "account"),
    ("wu,吴,E200,没有的所,营业员,,2024-01-01,,,,,", "unit"),
    ("wu,吴,,东供电所,营业员,,,,,,,", "post_from"),
    ("wu,吴,,东供电所,营业员,,昨天,,,,,", "post_from"),
    ("wu,吴,,东供电所,营业员,也许,2024-01-01,,,,,", "side_post"),
    ("wu,吴,,东供电所,营业员,,2024-01-01,2023-01-01,,,,", "post"),
    ("sun,孙丽,,北供电所,抄表员,,2025-01-01,,,,,", "post"),
    ("wu,吴,E100,,,,,,,,,", "staff_no"),
    ("wu,吴,,东供电所,,,,,king,,,", "role"),
    ("wu,吴,,,,,,,agent,,,", "role_unit"),
    ("wu,吴,,东供电所,,,,,agent,,2025-01-01,2024-01-01", "role"),
]


@ON_ONE
def test_wrong_rows_of_people_are_named_and_taken_in_no_part(
    house: Context, tmp_path: Path
) -> None:
    take(house, tmp_path, PEOPLE)
    report = take(house, tmp_path, "\n".join(row for row, _ in WRONG))
    found = [(one.row, one.column) for one in report.errors]
    assert found == [(number, column) for number, (_, column) in enumerate(WRONG, 2)]
    assert all(one.message_zh and one.message_en for one in report.errors)
    with pytest.raises(NotFoundError):
        viewer(house, "wu")


@ON_ONE
def test_a_file_does_not_change_who_sends_it(house: Context, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("账号,角色,角色单位\nroot,auditor,全公司\n", encoding="utf-8")
    report = people_import.import_people(house, viewer(house, "root"), file, dry_run=False)
    assert [one.column for one in report.errors] == ["account"]


def test_on_the_day_of_a_planned_leave_nobody_comes_in_though_no_worker_runs(
    house: Context,
) -> None:
    day = TODAY + timedelta(days=3)
    token = accounts.make_token(house, SYSTEM, "wang")
    plan = staff_change.change_staff(house, SYSTEM, "wang", leave(on=day))
    house.clock.instant = datetime.combine(day, time(), SHANGHAI) - timedelta(seconds=2)  # type: ignore[attr-defined]
    opened = logins.log_in(house, name="wang", password=PASSWORD, remote="").secret
    assert sessions.viewer_by_cookie(house, opened, remote="") is not None
    assert tokens.viewer_by_token(house, token, remote="") is not None
    assert viewer(house, "wang").name == "wang"
    house.clock.advance(timedelta(seconds=2))  # type: ignore[attr-defined]
    assert sessions.viewer_by_cookie(house, opened, remote="") is None
    assert tokens.viewer_by_token(house, token, remote="") is None
    with pytest.raises(NotFoundError):
        viewer(house, "wang")
    with pytest.raises(NotAuthenticatedError):
        logins.log_in(house, name="wang", password=PASSWORD, remote="")
    staff_change.withdraw(house, SYSTEM, plan.id)
    assert tokens.viewer_by_token(house, token, remote="") is not None


@ON_ONE
def test_a_planned_move_to_a_sensitive_role_waits_for_somebody_elses_approval(
    house: Context,
) -> None:
    there = unit_id(house, "北供电所")
    wish = StaffWish("move", TODAY + timedelta(days=3), "li", "内控", there, "审计员", "auditor")
    staff_change.change_staff(house, viewer(house, "root"), "wang", wish)
    clock = house.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(days=3))
    assert staff_change.carry_out_due(house) == 1
    with house.reading(SYSTEM) as session:
        query = select(RoleGrant).where(RoleGrant.role == "auditor")
        grant = session.scalars(query.where(RoleGrant.user_id == user_id(house, "wang"))).one()
        assert grant.pending
        assert grant.granted_by == user_id(house, "root")
        asked = session.scalars(select(ApprovalRequest)).one()
        assert (asked.kind, asked.thing) == ("role", str(grant.id))
