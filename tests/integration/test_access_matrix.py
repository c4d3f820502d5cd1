"""Every route × role × own and foreign station × kind of output, as the rulebook has it.

What is expected is computed from ``access_routes.txt`` and the rulebook's file alone
(tests/support_access_rules.py); the cases run inside one opened archive. A test has all cases of
one route, as each by itself would cost a third more; what fails names each case that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import support_access_rules as rules
from tests.support_access_house import PROBES, House, Probe, opened_house
from tests.support_access_rules import ANYONE, NOBODY, SESSION, Route

ROUTES = rules.routes()
USERS = (*rules.users(), NOBODY)
FOREIGN = {"west": "absent", "pool_west": "absent", "pool": "absent", "anothers": "absent"}
each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda one: one.name)
each_probe = pytest.mark.parametrize("probe", PROBES, ids=lambda one: f"{one.kind}-{one.name}")


def cases(route: Route) -> list[tuple[str, str]]:
    """Who asks for what of whose."""
    return [(user, target) for user in USERS for target in route.targets(user)]


def kind_cases(_probe: Probe) -> list[tuple[str, str]]:
    """Who asks for whose."""
    of_east = [(user, "east") for user in USERS if user.endswith(rules.EAST_ONLY)]
    return [*of_east, *((user, "west") for user in USERS)]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened_house(tmp_path_factory.mktemp("matrix") / "home") as made:
        yield made


@each_route
def test_each_role_gets_of_each_route_what_the_rulebook_says(house: House, route: Route) -> None:
    wrong = [
        f"{user} asks for {target}: {what}"
        for user, target in cases(route)
        for what in wrong_answers(house, route, user, target)
    ]
    assert wrong == []


def wrong_answers(house: House, route: Route, user: str, target: str) -> Iterator[str]:
    request = house.request(route, user, target)
    with house.watched() as changed:
        answer = house.send(request, user, route)
        wanted = rules.expected(route, user, target)
        if answer.status_code != wanted:
            yield f"{answer.status_code}, not {wanted}: {answer.text[:300]}"
        if wanted in (401, 403, 404) and ANYONE not in route.needs and (written := changed()):
            yield f"what is refused changed {written}"
    if shown := house.leaked(answer, user):
        yield f"it shows {shown}"
    if wanted == 404 and target in FOREIGN and not rules.reaches(user, target):
        absent = house.of_absent(route, user)
        if house.plain(answer) != house.plain(absent):
            yield "foreign is not as what does not exist"


@pytest.mark.parametrize(
    "route", [one for one in ROUTES if SESSION in one.needs], ids=lambda one: one.name
)
def test_a_token_is_not_enough_for_what_needs_a_session(house: House, route: Route) -> None:
    target = route.targets(NOBODY)[0]
    wanted = {rules.expected(route, user, target, by_token=True) for user in rules.roles()}
    assert wanted == {403}
    answers = {user: house.ask(route, user, target, by_token=True) for user in rules.roles()}
    assert [user for user, answer in answers.items() if answer.status_code != 403] == []


@each_probe
def test_each_kind_of_output_shows_what_is_in_scope_and_hides_the_rest(
    house: House, probe: Probe
) -> None:
    wrong = [
        f"{user} asks for {whose}: {what}"
        for user, whose in kind_cases(probe)
        for what in wrongly_shown(house, probe, user, whose)
    ]
    assert wrong == []


def wrongly_shown(house: House, probe: Probe, user: str, whose: str) -> Iterator[str]:
    answer = house.probe(probe, user, whose)
    may = probe.needs <= rules.permissions(user)
    reaches = may and rules.reaches(user, whose) and probe.kind != "error"
    if house.shows(probe, answer, whose) is not reaches:
        yield f"shown is not {reaches}: {answer.status_code} {answer.text[:500]}"
    if shown := house.leaked(answer, user):
        yield f"it shows {shown}"
    if not reaches:
        absent = house.probe(probe, user, "absent")
        if answer.status_code != absent.status_code or house.plain(answer) != house.plain(absent):
            yield "foreign is not as what does not exist"


def test_every_route_of_the_application_is_in_the_table(house: House) -> None:
    there, known = house.served(), {route.name for route in ROUTES}
    assert sorted(there - known) == [], f"add a line for each to {rules.TABLE.name}"
    assert sorted(known - there) == [], f"remove these lines from {rules.TABLE.name}"


def test_there_are_more_than_two_thousand_cases() -> None:
    of_routes = sum(len(cases(route)) for route in ROUTES)
    assert of_routes + sum(len(kind_cases(probe)) for probe in PROBES) > 2000
    kinds = {probe.kind for probe in PROBES}
    assert kinds == {
        "row", "count", "facet", "suggestion", "snippet", "picture", "text", "download", "export",
        "error",
    }  # fmt: skip
