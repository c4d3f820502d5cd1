"""Several grants of one person count each in its own place; grants by line, district, case."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from dossier import access
from dossier.asgi import create_app
from dossier.clock import local_date
from dossier.db import outbox
from dossier.db.tables import Document, OrgUnit, RoleGrant
from dossier.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotPossibleError,
)
from dossier.services import accounts, delegations, role_grants
from dossier.services.role_grants import Days, Part
from tests.support_list_files import exported
from tests.support_seeded import COMMON, EAST, NOBODY, SETUP, WEST, Seeded, index

NUMBERS = iter(range(1000))
CASE = "SQ-2026/0031"


def user(seeded: Seeded, *held: tuple[str, Part], name: str = "") -> str:
    """A fresh user with these roles and a token."""
    name = name or f"person{next(NUMBERS)}"
    first, *others = held
    context = seeded.context
    accounts.add_user(context, SETUP, name=name, role="agent")
    role_grants.revoke_role(context, SETUP, name, "agent")
    for role, part in (first, *others):
        role_grants.grant(context, SETUP, user=name, role=role, part=part)
    seeded.tokens[name] = accounts.make_token(context, SETUP, name)
    return name


def found(seeded: Seeded, name: str, q: str, facets: str = "type") -> dict[str, Any]:
    answer = seeded.get(f"/api/v1/search?q={q}&facets={facets}", name)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def numbers(body: dict[str, Any]) -> set[str]:
    return {hit["customer"]["customer_no"] for hit in body["hits"] if hit["customer"]}


@pytest.fixture(scope="module")
def both(seeded: Seeded) -> str:
    """Archivist of the east, agent of the west."""
    return user(seeded, ("archivist", Part(unit=EAST.unit)), ("agent", Part(unit=WEST.unit)))


@pytest.mark.parametrize(
    "roles", [("administrator", "auditor", "security_officer"), ("collector", "collector")]
)
def test_of_roles_that_exclude_each_other_one_is_given_however_many_ask_at_once(
    seeded: Seeded, roles: tuple[str, ...]
) -> None:
    for _ in range(3):
        name = f"person{next(NUMBERS)}"
        accounts.add_user(seeded.context, SETUP, name=name, role="agent")
        together = Barrier(len(roles))

        def give(role: str, name: str = name, together: Barrier = together) -> bool:
            together.wait()
            try:
                role_grants.grant(seeded.context, SETUP, user=name, role=role)
            except NotPossibleError:
                return False
            return True

        with ThreadPoolExecutor(len(roles)) as pool:
            assert sum(pool.map(give, roles)) == 1
        held = [one.role for one in role_grants.list_grants(seeded.context, SETUP, name)]
        assert len(held) == 2  # with the agent's


def test_each_permission_counts_where_it_was_given(seeded: Seeded, both: str) -> None:
    east = seeded.get(f"/api/v1/customers/{EAST.customer_no}", both).text
    west = seeded.get(f"/api/v1/customers/{WEST.customer_no}", both).text
    assert EAST.name in east
    assert EAST.phone in east
    for secret in WEST.secrets:
        assert secret not in west
    for path in ("original", "pdf"):
        foreign = seeded.get(f"/api/v1/documents/{seeded.documents['西1']}/{path}", both)
        assert foreign.status_code == 404
    assert (
        seeded.get(f"/api/v1/documents/{seeded.documents['东1']}/original", both).status_code == 200
    )
    change = seeded.client.patch(
        f"/api/v1/documents/{seeded.documents['西1']}",
        headers={"Authorization": f"Bearer {seeded.tokens[both]}"},
        json={"title": "x"},
    )
    assert change.status_code == 404


def test_pages_of_each_place_are_masked_by_the_role_there(seeded: Seeded, both: str) -> None:
    own = seeded.get(f"/api/v1/documents/{seeded.documents['东1']}/text", both).text
    other = seeded.get(f"/api/v1/documents/{seeded.documents['西1']}/text", both).text
    assert EAST.id_no in own
    for secret in WEST.secrets:
        assert secret not in other
    whole = seeded.get(f"/api/v1/documents/{seeded.documents['西1']}", both).text
    assert WEST.name not in whole


def test_hits_of_both_places_are_found_each_with_its_mask(seeded: Seeded, both: str) -> None:
    body = found(seeded, both, COMMON)
    assert numbers(body) == {EAST.customer_no, WEST.customer_no}
    names = {
        h["customer"]["customer_no"]: h["customer"]["name"] for h in body["hits"] if h["customer"]
    }
    assert names[EAST.customer_no] == EAST.name
    assert names[WEST.customer_no] == "慕容**"
    text = str(body)
    for secret in WEST.secrets:
        assert secret not in text
    for part in (WEST.phone[-4:], WEST.hidden_address[:4]):
        assert not numbers(found(seeded, both, part)) & {WEST.customer_no}


def test_papers_of_nobody_come_with_the_grant_that_gives_them(seeded: Seeded, both: str) -> None:
    assert found(seeded, both, NOBODY)["total"] == 1
    agents = user(seeded, ("agent", Part(unit=EAST.unit)), ("agent", Part(unit=WEST.unit)))
    assert found(seeded, agents, NOBODY)["total"] == 0


def test_an_export_reaches_only_where_exporting_is_given(seeded: Seeded, both: str) -> None:
    client = TestClient(create_app(seeded.context))
    rows = exported(client, seeded.tokens[both], COMMON)
    assert {row[0] for row in rows[1:] if row[0]} == {EAST.customer_no}


def test_a_further_weaker_grant_takes_nothing_away(seeded: Seeded) -> None:
    strong = user(seeded, ("archivist", Part()), ("agent", Part(unit=EAST.unit)))
    assert numbers(found(seeded, strong, EAST.phone[-4:])) == {EAST.customer_no}
    assert EAST.id_no in seeded.get(f"/api/v1/customers/{EAST.customer_no}", strong).text


def test_an_auditor_s_grant_widens_nobody_s_view_of_customers(seeded: Seeded) -> None:
    name = user(seeded, ("agent", Part(unit=EAST.unit)), ("auditor", Part()))
    assert numbers(found(seeded, name, COMMON)) == {EAST.customer_no}
    assert seeded.get(f"/api/v1/customers/{WEST.customer_no}", name).status_code == 404
    assert seeded.get("/api/v1/audit", name).status_code == 200


@pytest.mark.parametrize("kind", ["line", "district", "customer_no"])
def test_a_grant_by_line_district_or_customer_reaches_just_that(seeded: Seeded, kind: str) -> None:
    part = Part(**{kind: getattr(WEST, kind)})
    name = user(seeded, ("agent", part))
    body = found(seeded, name, COMMON)
    assert numbers(body) == {WEST.customer_no}
    assert body["total"] == 1
    assert sum(one["count"] for one in body["facets"]["type"]) == 1
    assert seeded.get(f"/api/v1/customers/{EAST.customer_no}", name).status_code == 404
    listed = seeded.get(f"/api/v1/customers/{WEST.customer_no}/documents", name).json()
    assert listed["total"] == 2


@pytest.fixture(scope="module")
def with_case(seeded: Seeded) -> str:
    """The western contract belongs to a case; its handler holds that case only."""
    paper = seeded.documents["西1"]
    context = seeded.context
    with context.writing(SETUP) as session:
        session.execute(update(Document).where(Document.id == paper).values(case_no=CASE))
        outbox.mark_changed(session, outbox.DOCUMENTS, [paper], at=context.clock.now())
    index(context)
    return user(seeded, ("legal", Part(case_no=CASE)))


def test_a_case_opens_its_papers_and_its_customer_and_no_more(
    seeded: Seeded, with_case: str
) -> None:
    assert WEST.id_no in seeded.get(f"/api/v1/customers/{WEST.customer_no}", with_case).text
    listed = seeded.get(f"/api/v1/customers/{WEST.customer_no}/documents", with_case).json()
    assert [item["id"] for item in listed["items"]] == [seeded.documents["西1"]]
    assert listed["total"] == 1
    of_case = found(seeded, with_case, WEST.customer_no)
    assert (of_case["total"], of_case["total_documents"]) == (1, 1)
    assert sum(one["count"] for one in of_case["facets"]["type"]) == 1
    assert found(seeded, with_case, EAST.customer_no)["total"] == 0
    assert seeded.get(f"/api/v1/documents/{seeded.documents['西2']}", with_case).status_code == 404
    assert found(seeded, with_case, NOBODY)["total"] == 0


def test_a_case_number_that_only_looks_alike_opens_nothing(seeded: Seeded, with_case: str) -> None:
    name = user(seeded, ("legal", Part(case_no=CASE.replace("/", ""))))
    assert found(seeded, name, WEST.customer_no)["total"] == 0


def test_the_district_manager_sees_contacts_of_the_own_district_only(seeded: Seeded) -> None:
    name = user(
        seeded,
        ("district_manager", Part(district=EAST.district)),
        ("district_manager", Part(unit=WEST.unit)),
    )
    own = seeded.get(f"/api/v1/customers/{EAST.customer_no}", name).text
    assert EAST.phone in own
    assert EAST.address in own
    assert EAST.name not in own
    assert EAST.id_no not in own
    other = seeded.get(f"/api/v1/customers/{WEST.customer_no}", name).text
    for secret in WEST.secrets:
        assert secret not in other
    text = seeded.get(f"/api/v1/documents/{seeded.documents['东1']}/text", name).text
    assert EAST.phone not in text


def test_a_revoked_role_is_gone_at_the_next_request_with_its_token(seeded: Seeded) -> None:
    name = user(seeded, ("archivist", Part()))
    assert found(seeded, name, COMMON)["total"] == 3
    role_grants.revoke_role(seeded.context, SETUP, name, "archivist", reason="moved")
    assert seeded.get("/api/v1/search?q=x", name).status_code == 403
    (was,) = [
        one
        for one in role_grants.list_grants(seeded.context, SETUP, name, all_of_them=True)
        if one.role == "archivist"
    ]
    assert was.state == "over"


# -- refusals -----------------------------------------------------------------------------------


def viewer_of(seeded: Seeded, name: str) -> Any:
    return accounts.viewer_by_name(seeded.context, name)


def test_nobody_gives_roles_to_himself(seeded: Seeded) -> None:
    admin = viewer_of(seeded, "admin")
    with pytest.raises(ForbiddenError):
        role_grants.grant(seeded.context, admin, user="admin", role="archivist")


def test_only_who_manages_users_gives_roles(seeded: Seeded) -> None:
    for name in ("archivist", "auditor", "agent"):
        with pytest.raises(ForbiddenError):
            role_grants.grant(
                seeded.context, viewer_of(seeded, name), user="agent_east", role="archivist"
            )


@pytest.mark.parametrize("second", ["security_officer", "auditor"])
def test_two_separated_roles_are_refused(seeded: Seeded, second: str) -> None:
    name = user(seeded, ("administrator", Part()))
    with pytest.raises(NotPossibleError) as why:
        role_grants.grant(seeded.context, SETUP, user=name, role=second)
    assert "变化" not in why.value.title_zh, "it stays so, however often one looks again"
    assert "请先取消其一" in why.value.detail_zh


def test_separated_roles_may_follow_one_another(seeded: Seeded) -> None:
    today = local_date(seeded.context.clock.now())
    name = user(seeded, ("agent", Part()))
    first, then = Days(today, today), Days(today + timedelta(days=1))
    role_grants.grant(seeded.context, SETUP, user=name, role="administrator", days=first)
    role_grants.grant(seeded.context, SETUP, user=name, role="auditor", days=then)
    with pytest.raises(ConflictError):
        role_grants.grant(seeded.context, SETUP, user=name, role="security_officer", days=then)


@pytest.mark.parametrize(
    ("part", "days", "role"),
    [
        (Part(unit="不存在"), Days(), "agent"),
        (Part(line="不存在"), Days(), "agent"),
        (Part(customer_no="0000000000"), Days(), "agent"),
        (Part(line=EAST.line, district=EAST.district), Days(), "agent"),
        (Part(case_no=" "), Days(), "agent"),
        (Part(), Days(date(2026, 5, 2), date(2026, 5, 1)), "agent"),
        (Part(), Days(None, date(2020, 5, 1)), "agent"),
        (Part(), Days(None, date.max), "agent"),
        (Part(), Days(date.min, None), "agent"),
        (Part(), Days(), "pilot"),
    ],
)
def test_a_grant_of_what_there_is_not_is_refused(
    seeded: Seeded, part: Part, days: Days, role: str
) -> None:
    with pytest.raises(InvalidInputError):
        role_grants.grant(seeded.context, SETUP, user="auditor", role=role, part=part, days=days)


def test_the_same_grant_twice_is_refused(seeded: Seeded) -> None:
    with pytest.raises(ConflictError):
        role_grants.grant(
            seeded.context, SETUP, user="agent_east", role="agent", part=Part(unit=EAST.unit)
        )


# -- delegation ---------------------------------------------------------------------------------


def today_of(seeded: Seeded) -> date:
    return local_date(seeded.context.clock.now())


def lend(seeded: Seeded, holder: str, to: str, role: str, days: int = 3) -> tuple[int, ...]:
    first = today_of(seeded)
    return delegations.delegate(
        seeded.context,
        viewer_of(seeded, holder),
        role=role,
        to=to,
        first=first,
        last=first + timedelta(days=days),
        reason="年休假",
    )


def test_a_lent_role_reaches_as_far_as_its_holder_s_and_ends_with_it(seeded: Seeded) -> None:
    holder = user(seeded, ("archivist", Part(unit=EAST.unit)))
    other = user(seeded, ("agent", Part(unit=WEST.unit)))
    lend(seeded, holder, other, "archivist")
    assert EAST.id_no in seeded.get(f"/api/v1/customers/{EAST.customer_no}", other).text
    assert WEST.id_no not in seeded.get(f"/api/v1/customers/{WEST.customer_no}", other).text
    (reach,) = [one for one in viewer_of(seeded, other).reaches if one.delegated_by]
    assert reach.role == "archivist"
    role_grants.revoke_role(seeded.context, SETUP, holder, "archivist")
    assert seeded.get(f"/api/v1/customers/{EAST.customer_no}", other).status_code == 404


def test_a_disabled_holder_lends_nothing(seeded: Seeded) -> None:
    holder = user(seeded, ("archivist", Part(unit=EAST.unit)))
    other = user(seeded, ("agent", Part(unit=WEST.unit)))
    lend(seeded, holder, other, "archivist")
    assert delegations.list_delegations(seeded.context, SETUP, other)[0].state == "in_force"
    accounts.disable_user(seeded.context, SETUP, holder)
    assert seeded.get(f"/api/v1/customers/{EAST.customer_no}", other).status_code == 404
    assert delegations.list_delegations(seeded.context, SETUP, other)[0].state == "asleep"


def test_either_side_ends_a_delegation_and_nobody_else_does(seeded: Seeded) -> None:
    holder = user(seeded, ("archivist", Part(unit=EAST.unit)))
    other = user(seeded, ("agent", Part(unit=WEST.unit)))
    (lent,) = lend(seeded, holder, other, "archivist")
    with pytest.raises(NotFoundError):
        delegations.end(seeded.context, viewer_of(seeded, "agent_west"), lent)
    delegations.end(seeded.context, viewer_of(seeded, other), lent)
    assert seeded.get(f"/api/v1/customers/{EAST.customer_no}", other).status_code == 404
    with pytest.raises(NotFoundError):
        delegations.end(seeded.context, viewer_of(seeded, holder), lent)


def test_what_was_lent_cannot_be_lent_on(seeded: Seeded) -> None:
    holder = user(seeded, ("archivist", Part(unit=EAST.unit)))
    other = user(seeded, ("agent", Part(unit=WEST.unit)))
    lend(seeded, holder, other, "archivist")
    with pytest.raises(InvalidInputError):
        lend(seeded, other, "agent_west", "archivist")


def test_a_delegation_in_the_past_or_reversed_is_refused(seeded: Seeded) -> None:
    today = today_of(seeded)
    holder = viewer_of(seeded, user(seeded, ("archivist", Part(unit=EAST.unit))))
    for first, last in (
        (today - timedelta(days=1), today + timedelta(days=1)),
        (today + timedelta(days=2), today + timedelta(days=1)),
    ):
        with pytest.raises(InvalidInputError):
            delegations.delegate(
                seeded.context,
                holder,
                role="archivist",
                to="agent_west",
                first=first,
                last=last,
                reason="x",
            )


def test_separated_roles_are_not_lent_and_nobody_lends_to_himself(seeded: Seeded) -> None:
    with pytest.raises(ConflictError):
        lend(seeded, "admin", "agent_west", "administrator")
    with pytest.raises(InvalidInputError):
        lend(seeded, "archivist_east", "archivist_east", "archivist")
    admin = viewer_of(seeded, "admin")
    day = today_of(seeded)
    with pytest.raises(ForbiddenError):
        delegations.delegate(
            seeded.context,
            admin,
            holder="archivist",
            to="admin",
            role="archivist",
            first=day,
            last=day,
            reason="x",
        )


def test_an_approval_by_a_right_that_the_applicant_lent_is_none(seeded: Seeded) -> None:
    holder = user(seeded, ("supervisor", Part()))
    other = user(seeded, ("agent", Part()))
    lend(seeded, holder, other, "supervisor")
    applicant, deputy = viewer_of(seeded, holder), viewer_of(seeded, other)
    roles = {"supervisor"}
    assert access.deciders(deputy, roles, parties={applicant.id}) == ()
    assert access.deciders(applicant, roles, parties={applicant.id}) == ()
    assert [one.role for one in access.deciders(deputy, roles, parties={"somebody"})] == list(roles)


def test_a_cycle_in_the_tree_of_units_ends_the_walk(seeded: Seeded) -> None:
    context = seeded.context
    with context.writing(SETUP) as session:
        first = OrgUnit(name=f"甲{next(NUMBERS)}")
        session.add(first)
        session.flush()
        second = OrgUnit(name=f"乙{next(NUMBERS)}", parent_id=first.id)
        session.add(second)
        session.flush()
        first.parent_id = second.id
        name, ids = first.name, {first.id, second.id}
    who = user(seeded, ("agent", Part(unit=name)))
    assert viewer_of(seeded, who).scope.units == ids
    with context.writing(SETUP) as session:
        row = session.get_one(OrgUnit, min(ids))
        row.parent_id = None


def test_an_unchanged_role_grant_row_of_before_still_counts(seeded: Seeded) -> None:
    """As ``user add`` of an older version wrote them: without dates or who gave it."""
    name = user(seeded, ("agent", Part(unit=EAST.unit)))
    context = seeded.context
    with context.writing(SETUP) as session:
        for row in session.query(RoleGrant).filter_by(role="agent", valid_to=None):
            row.granted_at, row.granted_by = None, ""
    assert numbers(found(seeded, name, COMMON)) == {EAST.customer_no}
