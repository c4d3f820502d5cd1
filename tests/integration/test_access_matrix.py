"""Every route × role × own and foreign station × kind of output, as the rulebook has it.

What is expected is computed from ``access_routes.txt`` and the rulebook's file alone
(tests/support_access_rules.py); the cases run inside one opened archive.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import support_access_rules as rules
from tests.support_access_house import PROBES, House, Probe, opened_house
from tests.support_access_rules import ANYONE, NOBODY, SESSION, Route

ROUTES = rules.routes()
USERS = (*rules.users(), NOBODY)
CASES = [
    pytest.param(route, user, target, id=f"{route.name}-{user}-{target}")
    for route in ROUTES
    for user in USERS
    for target in route.targets(user)
]
KIND_CASES = [
    pytest.param(probe, user, whose, id=f"{probe.kind}-{probe.name}-{user}-{whose}")
    for probe in PROBES
    for user in USERS
    for whose in (("east", "west") if user.endswith(rules.EAST_ONLY) else ("west",))
]
FOREIGN = {"west": "absent", "pool_west": "absent", "pool": "absent", "anothers": "absent"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened_house(tmp_path_factory.mktemp("matrix") / "home") as made:
        yield made


@pytest.mark.parametrize("route, user, target", CASES)
def test_each_role_gets_of_each_route_what_the_rulebook_says(
    house: House, route: Route, user: str, target: str
) -> None:
    request, before = house.request(route, user, target), house.records()
    answer = house.send(request, user, route)
    wanted = rules.expected(route, user, target)
    assert answer.status_code == wanted, answer.text[:300]
    assert house.leaked(answer, user) == []
    if wanted in (401, 403, 404) and ANYONE not in route.needs:
        assert house.changed_since(before) == [], "what is refused changes nothing"
    if wanted == 404 and target in FOREIGN and not rules.reaches(user, target):
        absent = house.of_absent(route, user)
        assert house.plain(answer) == house.plain(absent), "foreign is as what does not exist"


@pytest.mark.parametrize("user", rules.roles())
@pytest.mark.parametrize(
    "route", [one for one in ROUTES if SESSION in one.needs], ids=lambda one: one.name
)
def test_a_token_is_not_enough_for_what_needs_a_session(
    house: House, route: Route, user: str
) -> None:
    answer = house.ask(route, user, route.targets(NOBODY)[0], by_token=True)
    assert (
        answer.status_code
        == rules.expected(route, user, route.targets(NOBODY)[0], by_token=True)
        == 403
    )


@pytest.mark.parametrize("probe, user, whose", KIND_CASES)
def test_each_kind_of_output_shows_what_is_in_scope_and_hides_the_rest(
    house: House, probe: Probe, user: str, whose: str
) -> None:
    answer = house.probe(probe, user, whose)
    may = probe.needs <= rules.permissions(user)
    reaches = may and rules.reaches(user, whose) and probe.kind != "error"
    assert house.shows(probe, answer, whose) is reaches, answer.text[:500]
    assert house.leaked(answer, user) == []
    if not reaches:
        absent = house.probe(probe, user, "absent")
        assert answer.status_code == absent.status_code
        assert house.plain(answer) == house.plain(absent)


def test_every_route_of_the_application_is_in_the_table(house: House) -> None:
    there, known = house.served(), {route.name for route in ROUTES}
    assert sorted(there - known) == [], f"add a line for each to {rules.TABLE.name}"
    assert sorted(known - there) == [], f"remove these lines from {rules.TABLE.name}"


def test_there_are_more_than_two_thousand_cases() -> None:
    assert len(CASES) + len(KIND_CASES) > 2000
    kinds = {probe.kind for probe in PROBES}
    assert kinds == {
        "row", "count", "facet", "suggestion", "snippet", "picture", "text", "download", "export",
        "error",
    }  # fmt: skip
