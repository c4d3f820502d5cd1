"""One browser for each role of the matrix: what it sees, and what it is refused (domain.md 5)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from tests.e2e.conftest import CUSTOMER_NO, NAME, PASSWORD, run

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]
OWN_UNIT, OWN_DISTRICT = "古驿供电所", "东山012"
FOREIGN_NO, FOREIGN_NAME = "4200000242", "尉迟文波"
MASKED = "欧阳**"
PHONE, ROOM = "13900001234", "3栋2单元501"
CLEAR, CONTACT, HIDDEN, REFUSED = "clear", "contact", "hidden", "refused"


@dataclass(frozen=True)
class Role:
    """What the matrix gives a role.

    Attributes:
        record: how a customer of its scope is shown; CONTACT: phone and address only are clear.
        paper: whether it opens that customer's paper.
        everywhere: whether a customer of another station is in its scope.
        opens: addresses that are its work.
        refused: addresses that are somebody else's.
        held: options of the account, and of a second grant where it holds one.
    """

    record: str
    paper: bool
    everywhere: bool
    opens: tuple[str, ...]
    refused: tuple[str, ...]
    held: tuple[tuple[str, ...], ...] = ((),)


AT_STATION = (("--unit", OWN_UNIT),)
KEEPING = ("/audit", "/anomalies")
HOUSE = ("/people", "/organisation", "/watched-names")
FILING = ("/intake", "/assign", "/upload")
STATION_WORK = Role(
    CLEAR,
    True,
    False,
    ("/search", "/upload", "/assign"),
    (*KEEPING, *HOUSE, "/intake"),
    AT_STATION,
)
ROLES = {
    "marketing": Role(HIDDEN, True, True, ("/search",), (*KEEPING, *HOUSE, *FILING)),
    "general_office": Role(HIDDEN, False, True, ("/search",), (*KEEPING, *HOUSE, *FILING)),
    "supervisor": Role(
        CLEAR, True, True, ("/search", "/audit", "/assign"), (*HOUSE, "/intake", "/upload")
    ),
    "crew": replace(STATION_WORK, record=CONTACT),
    "collector": STATION_WORK,
    "station": STATION_WORK,
    "district_manager": Role(
        CONTACT,
        True,
        False,
        ("/search", "/upload"),
        (*KEEPING, *HOUSE, "/intake", "/assign"),
        (*AT_STATION, ("--district", OWN_DISTRICT)),
    ),
    "archivist": Role(CLEAR, True, True, ("/search", *FILING), (*KEEPING, *HOUSE)),
    "agent": Role(HIDDEN, True, True, ("/search",), (*KEEPING, *HOUSE, *FILING)),
    "legal": Role(
        CLEAR,
        True,
        False,
        ("/search", "/upload"),
        (*KEEPING, *HOUSE, "/intake", "/assign"),
        ((), ("--customer", CUSTOMER_NO)),
    ),
    "analyst": Role(REFUSED, False, False, ("/roles",), (*KEEPING, *HOUSE, *FILING, "/search")),
    "administrator": Role(
        HIDDEN, False, True, (*HOUSE, "/search", "/intake"), (*KEEPING, "/assign", "/upload")
    ),
    "security_officer": Role(
        REFUSED,
        False,
        False,
        ("/roles", "/watched-names"),
        (*KEEPING, *FILING, "/search", "/people", "/organisation"),
    ),
    "auditor": Role(REFUSED, False, False, ("/roles", *KEEPING), (*HOUSE, *FILING, "/search")),
}


def account(served, role: str) -> str:
    """An account that holds the role where such people hold it."""
    name = f"one-{role}"
    first, *others = ROLES[role].held
    run(
        served.home, "user", "add", name, "--role", role, *first, "--password-stdin", given=PASSWORD
    )
    for place in others:
        run(served.home, "user", "grant", name, "--role", role, *place)
    return name


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_sees_and_what_it_is_refused(desk, served, filed, role, tmp_path) -> None:
    expected = ROLES[role]
    one = desk(account(served, role))

    assert statuses(one, expected.opens) == dict.fromkeys(expected.opens, 200)
    assert statuses(one, expected.refused) == dict.fromkeys(expected.refused, 403)

    assert_record(one, expected, tmp_path)
    found = one.page.goto(f"{one.address}/documents/{filed}")
    one.page.screenshot(path=tmp_path / "paper.png")
    assert found.status == (200 if expected.paper else 403)
    if expected.paper:
        one.page.locator(".desk img").wait_for()
        assert (NAME in one.page.content()) == (expected.record == CLEAR)

    foreign = one.page.goto(f"{one.address}/customers/{FOREIGN_NO}")
    assert foreign.status == _status(expected, is_there=expected.everywhere)
    if not expected.everywhere:
        assert FOREIGN_NAME not in one.page.content()


def assert_record(one, expected: Role, tmp_path) -> None:
    answer = one.page.goto(f"{one.address}/customers/{CUSTOMER_NO}")
    one.page.screenshot(path=tmp_path / "customer.png", full_page=True)
    assert answer.status == _status(expected, is_there=True)
    page = one.page.content()
    assert (NAME in page) == (expected.record == CLEAR)
    assert (PHONE in page) == (expected.record in (CLEAR, CONTACT))
    assert (ROOM in page) == (expected.record in (CLEAR, CONTACT))
    if expected.record in (CONTACT, HIDDEN):
        assert one.page.locator("h1").inner_text() == MASKED


def _status(expected: Role, *, is_there: bool) -> int:
    if expected.record == REFUSED:
        return 403
    return 200 if is_there else 404


def statuses(one, paths: tuple[str, ...]) -> dict[str, int]:
    return {path: one.page.goto(one.address + path).status for path in paths}
