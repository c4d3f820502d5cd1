"""Staff change as one action (S3-10): somebody leaves, or goes to another post, on a day.

Account, roles, posts and all that the person holds are dealt with in one transaction, or nothing
is. The report is kept and written in the audit. A change for a later day waits for the duty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select

from dossier import access
from dossier.access import demand_whole
from dossier.clock import local_date
from dossier.db.leaving import LEAVE, PLANNED
from dossier.db.organisation_tables import StaffChange
from dossier.db.session import ScopedSession
from dossier.db.tables import OrgUnit, User
from dossier.errors import (
    ConflictError,
    DossierError,
    InvalidInputError,
    NotFoundError,
    NotPossibleError,
)
from dossier.hookspecs import Holding
from dossier.services import accounts, audit, grants, holdings, posts, role_grants
from dossier.services.context import Context
from dossier.services.door import by_name
from dossier.services.posts import PostWish
from dossier.services.role_grants import Days
from dossier.viewer import Permission, Scope, Viewer, system_viewer, united

MOVE = "move"
KINDS: Final = (LEAVE, MOVE)
DONE, WITHDRAWN = "done", "withdrawn"
SYSTEM = system_viewer("staff-change")
LONGEST_REASON = 200
LATEST = date(2100, 1, 1)
ENDED, HANDED_OVER, KEPT, SHARED = "ended", "handed_over", "kept", "shared"
"""What becomes of a line of the report; ``shared``: others work on it already."""


@dataclass(frozen=True, slots=True)
class StaffWish:
    """What somebody wants: ``on`` is the first day on which it holds.

    A move names the new ``unit_id``, the post's ``title`` and the ``role`` there.
    """

    kind: str
    on: date
    successor: str = ""
    reason: str = ""
    unit_id: int | None = None
    title: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One thing that the person has, and what becomes of it.

    Attributes:
        name: a stable code.
        title_zh: in words.
        title_en: the same in English.
        count: how many.
        outcome: ``ended``, ``handed_over``, ``kept`` or ``shared``.
        problem_zh: why it cannot be done, empty when it can.
        problem_en: the same in English.
    """

    name: str
    title_zh: str
    title_en: str
    count: int
    outcome: str
    problem_zh: str = ""
    problem_en: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a staff change does, or did."""

    person: str
    successor: str
    lines: tuple[ReportLine, ...]

    @property
    def problems(self) -> tuple[ReportLine, ...]:
        """The lines that stand in the way."""
        return tuple(line for line in self.lines if line.problem_en)


@dataclass(frozen=True, slots=True)
class StaffChangeView:
    """A staff change as it is kept."""

    id: str
    kind: str
    on: date
    state: str
    successor: str
    reason: str
    problem: str
    noted_by: str
    noted_at: datetime
    done_at: datetime | None
    lines: tuple[ReportLine, ...]


class CannotHandOverError(NotPossibleError):
    """Something that the person holds can be taken over by nobody yet; nothing was done."""

    code = "cannot_hand_over"
    title = "What this person holds cannot be handed over yet"
    title_zh = "此人名下事项暂时无法移交"


# -- asking ---------------------------------------------------------------------------------------


def preview(context: Context, viewer: Viewer, name: str, wish: StaffWish) -> Report:
    """What a staff change would do; nothing is written.

    Raises:
        ForbiddenError: the role does not manage users, or it is oneself.
        NotFoundError: no such user or successor.
        InvalidInputError: the day is past, or the wish is not whole.
    """
    demand_whole(viewer, Permission.MANAGE_USERS)
    with context.reading(SYSTEM) as session:
        person, successor = _people(context, session, viewer, name, wish)
        return _report(context, session, person, successor, wish)


def change_staff(context: Context, viewer: Viewer, name: str, wish: StaffWish) -> StaffChangeView:
    """Do it, if its day is today; else plan it for its day.

    Raises:
        ForbiddenError: the role does not manage users, or it is oneself.
        NotFoundError: no such user or successor.
        InvalidInputError: the day is past, or the wish is not whole.
        CannotHandOverError: nobody can take over something; names what, and nothing is done.
        NotPossibleError: a change of this person is planned already.
    """
    demand_whole(viewer, Permission.MANAGE_USERS)
    with context.writing(SYSTEM) as session:
        person, successor = _people(context, session, viewer, name, wish)
        posts.lock(session, person)
        if session.scalar(_planned(person.id)) is not None:
            raise NotPossibleError(
                "A staff change of this person is planned already; withdraw it first",
                detail_zh="此人已有计划中的人员变动，请先撤回",
            )
        row = StaffChange(
            user_id=person.id,
            kind=wish.kind,
            on=wish.on,
            successor_id=successor.id if successor else None,
            wish={"unit_id": wish.unit_id, "title": wish.title.strip(), "role": wish.role},
            reason=wish.reason.strip(),
            noted_by=viewer.id,
            noted_at=context.clock.now(),
        )
        session.add(row)
        session.flush()
        if wish.on > posts.today(context):
            _plan(context, session, viewer, row, _report(context, session, person, successor, wish))
        else:
            _carry_out(context, session, viewer, row)
        return _shown(session, row)


def _planned(user_id: str) -> Any:
    return select(StaffChange).where(StaffChange.user_id == user_id, StaffChange.state == PLANNED)


def _people(
    context: Context, session: ScopedSession, viewer: Viewer, name: str, wish: StaffWish
) -> tuple[User, User | None]:
    person = by_name(session, name)
    posts.refuse_self(viewer, person)
    _check(context, wish)
    if wish.kind == MOVE and session.get(OrgUnit, wish.unit_id or 0) is None:
        raise InvalidInputError("Name the new unit", detail_zh="请选择调入单位")
    if not wish.successor.strip():
        return person, None
    successor = by_name(session, wish.successor.strip())
    if successor.id == viewer.id:
        raise InvalidInputError(
            "Nobody hands over to oneself; name somebody else", detail_zh="不能移交给本人，请另选"
        )
    _check_successor(session, person, successor, wish)
    return person, successor


def _check(context: Context, wish: StaffWish) -> None:
    if wish.kind not in KINDS:
        raise InvalidInputError("It is either leave or move", detail_zh="只能是离岗或调岗")
    if wish.on < posts.today(context):
        raise InvalidInputError(
            "The day is past; give today or a later day", detail_zh="日期已过，请填写今天或以后"
        )
    if wish.on > LATEST:
        raise InvalidInputError("No such day", detail_zh="日期不合理")
    if not wish.reason.strip() or len(wish.reason) > LONGEST_REASON:
        raise InvalidInputError("Give the reason", detail_zh="请填写原因")
    if wish.kind == MOVE and not (wish.title.strip() and wish.role):
        raise InvalidInputError(
            "Name the new post and role", detail_zh="请填写新岗位名称并选择角色"
        )
    if wish.kind == MOVE:
        role_grants.check_role(context.roles.words, wish.role)


def _check_successor(
    session: ScopedSession, person: User, successor: User, wish: StaffWish
) -> None:
    if successor.id == person.id:
        raise InvalidInputError(
            "The successor is the person; name somebody else",
            detail_zh="接任人不能是本人，请另选",
        )
    leaving = session.scalar(_planned(successor.id).where(StaffChange.kind == LEAVE))
    if successor.disabled or (leaving is not None and leaving.on <= wish.on):
        raise InvalidInputError(
            f"{successor.name} is disabled or leaves; name somebody else",
            detail_zh=f"{successor.name} 已停用或即将离岗，请另选接任人",
        )


# -- the report -----------------------------------------------------------------------------------


def _report(
    context: Context,
    session: ScopedSession,
    person: User,
    successor: User | None,
    wish: StaffWish,
) -> Report:
    lines = [*_own_lines(context, session, person, wish)]
    for holding in holdings.all_holdings(context):
        line = _line(context, session, holding, person, successor, wish)
        if line is not None:
            lines.append(line)
    lines += _successions(session, person, wish)
    return Report(person.name, successor.name if successor else "", tuple(lines))


def _own_lines(
    context: Context, session: ScopedSession, person: User, wish: StaffWish
) -> Iterator[ReportLine]:
    now = context.clock.now()
    logins, keys = accounts.count_keys(context, session, person.id)
    yield ReportLine("sessions", "登录会话", "Logins", logins, ENDED)
    yield ReportLine("tokens", "访问令牌", "Access tokens", keys, ENDED)
    roles = grants.count(session, person.id, at=now)
    yield ReportLine("roles", "角色", "Roles", roles, ENDED)
    mine = len(list(posts.held(session, person.id, on=wish.on)))
    yield ReportLine("posts", "岗位", "Posts", mine, ENDED)


def _line(
    context: Context,
    session: ScopedSession,
    holding: Holding,
    person: User,
    successor: User | None,
    wish: StaffWish,
) -> ReportLine | None:
    count = holding.count(session, person.id)
    words = (holding.name, holding.title_zh, holding.title_en, count)
    if not count:
        return None
    if holding.is_personal and wish.kind == MOVE:
        return ReportLine(*words, KEPT)
    if holding.hand_over is None:
        return _shared(context, session, holding, person, words)
    if successor is None and not holding.needs_successor:
        return ReportLine(*words, ENDED)
    line = ReportLine(*words, HANDED_OVER)
    if successor is None:
        return replace(line, problem_zh="请填写接任人", problem_en="name a successor")
    needed = _needed(holding)
    if not needed:
        return line if holding.needs_successor else replace(line, outcome=ENDED)
    mine = _reach(context, session, person, needed)
    if _covers(_reach(context, session, successor, needed, without=person), mine):
        return line
    return replace(
        line,
        problem_zh=f"{successor.name} 没有所需权限，请先授予角色或另选接任人",
        problem_en=f"{successor.name} has no right to it; give a role first or name somebody else",
    )


def _shared(
    context: Context,
    session: ScopedSession,
    holding: Holding,
    person: User,
    words: tuple[str, str, str, int],
) -> ReportLine | None:
    """A queue that belongs to a post: somebody else must be able to work on it."""
    needed = _needed(holding)
    mine = _reach(context, session, person, needed) if needed else None
    if mine is None:
        return None
    line = ReportLine(*words, SHARED)
    others = session.scalars(select(User).where(User.id != person.id, User.disabled.is_(False)))
    for other in others:
        if _covers(_reach(context, session, other, needed, without=person), mine):
            return line
    return replace(
        line,
        problem_zh="没有其他人有权处理，请先授予他人相应角色",
        problem_en="nobody else may do this; give somebody the role first",
    )


def _needed(holding: Holding) -> frozenset[Permission]:
    return frozenset(each for each in (holding.permission, holding.beside) if each)


def _reach(
    context: Context,
    session: ScopedSession,
    user: User,
    needed: frozenset[Permission],
    *,
    without: User | None = None,
) -> Scope | None:
    """How far somebody may use all of these now; None: not at all.

    What ``without`` has lent him does not count: it ends with that person's change.
    """
    if user.disabled:
        return None
    viewer = access.viewer_for(session, user, context.roles, at=context.clock.now())
    lender = without.id if without else None
    scopes = [
        one.scope
        for one in viewer.reaches
        if needed <= one.permissions and one.delegated_by != lender
    ]
    return united(scopes) if scopes else None


def _covers(scope: Scope | None, other: Scope | None) -> bool:
    """Whether one reaches as far as the other; who reaches nowhere cannot take over."""
    if scope is None:
        return False
    return other is None or other <= scope


def _successions(session: ScopedSession, person: User, wish: StaffWish) -> list[ReportLine]:
    """Others' planned changes that name this person as successor."""
    if wish.kind == MOVE:
        return []
    query = select(StaffChange).where(
        StaffChange.state == PLANNED, StaffChange.successor_id == person.id
    )
    count = len(session.scalars(query).all())
    if not count:
        return []
    return [
        ReportLine(
            "successions",
            "作为他人的接任人",
            "Named as others' successor",
            count,
            KEPT,
            "请先撤回这些计划并另定接任人",
            "withdraw those plans and name somebody else",
        )
    ]


# -- doing ----------------------------------------------------------------------------------------


def _plan(
    context: Context, session: ScopedSession, viewer: Viewer, row: StaffChange, report: Report
) -> None:
    _refuse_problems(report)
    row.report = [asdict(line) for line in report.lines]
    _note(context, session, viewer, "staff.planned", row)


def _refuse_problems(report: Report) -> None:
    if report.problems:
        raise CannotHandOverError(
            "; ".join(f"{one.title_en} ({one.count}): {one.problem_en}" for one in report.problems),
            detail_zh="；".join(
                f"{one.title_zh}（{one.count}）：{one.problem_zh}" for one in report.problems
            ),
        )


def _carry_out(context: Context, session: ScopedSession, viewer: Viewer, row: StaffChange) -> None:
    """All of it, in the caller's transaction."""
    person = session.get_one(User, row.user_id)
    posts.lock(session, person)
    successor = session.get(User, row.successor_id) if row.successor_id else None
    wish = _wish(row, successor)
    report = _report(context, session, person, successor, wish)
    _refuse_problems(report)
    now = context.clock.now()
    for holding in holdings.all_holdings(context):
        if holding.hand_over is None or (holding.is_personal and row.kind == MOVE):
            continue
        holding.hand_over(session, person.id, successor.id if successor else None, now)
    accounts.end_keys(context, session, viewer, person)
    grants.end_all(context, session, viewer, person, reason=row.reason)
    posts.end_all(context, session, viewer, user_id=person.id, on=row.on)
    if row.kind == LEAVE:
        person.disabled = True
    else:
        # in the name of who planned it: a sensitive role then waits for somebody else's approval
        _arrive(context, session, replace(viewer, id=row.noted_by), person, wish)
    row.report = [asdict(line) for line in report.lines]
    row.state, row.done_at, row.problem = DONE, now, ""
    session.flush()
    _note(context, session, viewer, "staff.left" if row.kind == LEAVE else "staff.moved", row)
    if successor is not None:
        _note(context, session, viewer, "staff.handed_over", row, object_id=successor.id)


def _arrive(
    context: Context, session: ScopedSession, viewer: Viewer, person: User, wish: StaffWish
) -> None:
    if wish.unit_id is None:
        raise InvalidInputError("Name the new unit", detail_zh="请选择调入单位")
    post = PostWish(wish.unit_id, wish.title, wish.on)
    posts.put(context, session, viewer, person, post)
    grants.give(
        context,
        session,
        viewer,
        person,
        role=wish.role,
        unit_id=wish.unit_id,
        days=Days(wish.on),
        reason=wish.reason,
    )


def _wish(row: StaffChange, successor: User | None) -> StaffWish:
    return StaffWish(
        row.kind,
        row.on,
        successor.name if successor else "",
        row.reason,
        row.wish.get("unit_id"),
        str(row.wish.get("title") or ""),
        str(row.wish.get("role") or ""),
    )


def _note(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    action: str,
    row: StaffChange,
    *,
    object_id: str = "",
) -> None:
    counts = {line["name"]: line["count"] for line in row.report if line["count"]}
    audit.note(
        session,
        replace(viewer, purpose=row.reason),
        action,
        at=context.clock.now(),
        object_kind="user",
        object_id=object_id or row.user_id,
        facts={"on": row.on.isoformat(), "change": row.id, "report": counts},
    )


def carry_out_due(context: Context) -> int:
    """For the duty: the changes whose day has come.

    Who leaves comes in no more from that day on, even if something cannot be handed over: then the
    account is disabled, and the rest waits with its reason until somebody mends it.

    Returns:
        How many were done.
    """
    today = local_date(context.clock.now())
    with context.reading(SYSTEM) as session:
        query = select(StaffChange.id).where(StaffChange.state == PLANNED, StaffChange.on <= today)
        due = session.scalars(query.order_by(StaffChange.id)).all()
    return sum(_carry_out_one(context, change_id) for change_id in due)


def _carry_out_one(context: Context, change_id: str) -> bool:
    try:
        with context.writing(SYSTEM) as session:
            row = session.get(StaffChange, change_id, with_for_update=True)
            if row is None or row.state != PLANNED:
                return False
            _carry_out(context, session, SYSTEM, row)
    except DossierError as err:
        _shut_out(context, change_id, err)
        return False
    return True


def _shut_out(context: Context, change_id: str, err: DossierError) -> None:
    with context.writing(SYSTEM) as session:
        row = session.get(StaffChange, change_id, with_for_update=True)
        if row is None or row.state != PLANNED:
            return
        row.problem = (err.detail_zh or err.title_zh)[:400]
        person = session.get_one(User, row.user_id)
        if row.kind == LEAVE and not person.disabled:
            person.disabled = True
            accounts.end_keys(context, session, SYSTEM, person)
            _note(context, session, SYSTEM, "user.disabled", row)


def withdraw(context: Context, viewer: Viewer, change_id: str) -> None:
    """Take back a change that is still planned.

    Raises:
        ForbiddenError: the role does not manage users, or it is oneself.
        NotFoundError: no such change.
        ConflictError: it is done already.
    """
    demand_whole(viewer, Permission.MANAGE_USERS)
    with context.writing(SYSTEM) as session:
        row = session.get(StaffChange, change_id, with_for_update=True)
        if row is None:
            raise NotFoundError("No such staff change", detail_zh="没有此项人员变动")
        posts.refuse_self(viewer, session.get_one(User, row.user_id))
        if row.state != PLANNED:
            raise ConflictError("It is done already", detail_zh="该变动已办理，不能撤回")
        row.state = WITHDRAWN
        _note(context, session, viewer, "staff.withdrawn", row)


def changes_of(context: Context, viewer: Viewer, name: str) -> list[StaffChangeView]:
    """A person's staff changes with their reports, the newest first.

    Raises:
        ForbiddenError: the role does not manage users.
        NotFoundError: no such user.
    """
    demand_whole(viewer, Permission.MANAGE_USERS)
    with context.reading(SYSTEM) as session:
        person = by_name(session, name)
        query = select(StaffChange).where(StaffChange.user_id == person.id)
        rows = session.scalars(query.order_by(StaffChange.noted_at.desc())).all()
        return [_shown(session, row) for row in rows]


def _shown(session: ScopedSession, row: StaffChange) -> StaffChangeView:
    ids = {row.successor_id, row.noted_by}
    names = dict(session.execute(select(User.id, User.name).where(User.id.in_(ids))).all())
    return StaffChangeView(
        row.id,
        row.kind,
        row.on,
        row.state,
        names.get(row.successor_id or "", ""),
        row.reason,
        row.problem,
        names.get(row.noted_by, row.noted_by),
        row.noted_at,
        row.done_at,
        tuple(ReportLine(**line) for line in row.report),
    )
