"""Rules of unusual looks: what they count, from when on, and how a broken file is told."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import yaml

from dossier.clock import SHANGHAI
from dossier.errors import ConfigurationError
from dossier.plugins.anomalies import rules
from dossier.plugins.anomalies.rules import Look, RuleFile, parse, unusual

DAY = date(2026, 11, 23)
BASE = {
    "name": "anomalies",
    "effective_from": date(2026, 1, 1),
    "source": "test",
    "every_seconds": 1,
    "rows_at_once": 10,
    "most_named": 5,
    "looks": ["customer.read"],
    "glimpses": ["page.snippet"],
    "exports": ["customer.exported"],
}
RULE = {
    "code": "many",
    "kind": "dossiers",
    "effective_from": date(2026, 1, 1),
    "source": "test",
    "limit": 2,
    "title_zh": "多",
    "title_en": "many",
    "why_zh": "多",
    "why_en": "many",
}


def file_of(*entries: dict[str, object]) -> RuleFile:
    return parse(yaml.safe_dump({**BASE, "rules": [{**RULE, **entry} for entry in entries]}))


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 23, hour, minute, tzinfo=SHANGHAI)


def looks(*numbers: str, **more: object) -> list[Look]:
    return [Look(i, at(10), "agent", number, **more) for i, number in enumerate(numbers)]  # type: ignore[arg-type]


def found(file: RuleFile, given: list[Look], day: date = DAY) -> list[tuple[str, int, int]]:
    return [(one.rule.code, one.count, one.allowed) for one in unusual(file.on(day), given)]


def test_many_looks_at_few_dossiers_are_few() -> None:
    file = file_of({})
    assert found(file, looks("1", "2", "1", "2", "2")) == []
    assert found(file, looks("1", "2", "3")) == [("many", 3, 2)]
    assert found(file, []) == []


def test_a_role_may_have_a_limit_of_its_own() -> None:
    file = file_of({"limits": {"agent": 3}})
    assert found(file, looks("1", "2", "3")) == []
    assert found(file, looks("1", "2", "3", "4")) == [("many", 4, 3)]


def test_the_rule_in_force_on_the_day_counts() -> None:
    file = file_of({}, {"effective_from": date(2026, 11, 24), "limit": 0})
    three = looks("1", "2", "3")
    assert found(file, three, DAY - timedelta(days=400)) == []
    assert found(file, three, DAY) == [("many", 3, 2)]
    assert found(file, three, DAY + timedelta(days=1)) == [("many", 3, 0)]


@pytest.mark.parametrize(
    ("hour", "minute", "counts"),
    [(21, 59, False), (22, 0, True), (0, 0, True), (5, 59, True), (6, 0, False), (12, 0, False)],
)
def test_night_goes_over_midnight_and_ends_on_time(hour: int, minute: int, counts: bool) -> None:
    night = {"kind": "hours", "begins": "22:00", "ends": "06:00", "limit": 0}
    file = file_of({**night, "except_roles": ["agent"]})
    look = Look(1, at(hour, minute), "archivist", "1")
    assert bool(found(file, [look])) is counts
    assert found(file, [Look(1, at(hour, minute), "agent", "1")]) == []


def test_a_span_within_one_day_works_too() -> None:
    file = file_of({"kind": "hours", "begins": "12:00", "ends": "13:00", "limit": 0})
    assert found(file, [Look(1, at(12, 30), "agent", "1")])
    assert not found(file, [Look(1, at(13), "agent", "1")])


def test_searches_for_a_watched_name_count_without_a_customer() -> None:
    file = file_of({"kind": "watched", "list": "celebrity", "limit": 0})
    search = Look(7, at(10), "agent", watched=frozenset({"celebrity"}))
    other = Look(8, at(10), "agent", watched=frozenset({"colleague"}))
    assert found(file, [search, other]) == [("many", 1, 0)]


def test_exports_and_outside_looks_are_counted_by_their_own_rules() -> None:
    file = file_of(
        {"code": "out", "kind": "outside_area", "limit": 0},
        {"code": "ex", "kind": "exported", "limit": 0},
        {"code": "in", "kind": "dossiers", "limit": 0},
    )
    assert found(file, looks("1", is_outside=True)) == [("out", 1, 0), ("in", 1, 0)]
    assert found(file, looks("1", is_export=True)) == [("ex", 1, 0)]


def test_s3_15_pictures_in_lists_of_hits_count_by_their_own_rule_only() -> None:
    file = file_of(
        {"code": "seen", "kind": "glimpsed", "limit": 1},
        {"code": "in", "kind": "dossiers", "limit": 0},
    )
    assert found(file, looks("1", "2", is_glimpse=True)) == [("seen", 2, 1)]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"kind": "unheard_of"}, "rule many: the kind 'unheard_of'"),
        ({"limit": -1}, "rule many: a limit"),
        ({"limit": "ten"}, "rule many: a limit"),
        ({"limits": {"agent": 1.5}}, "rule many: a limit"),
        ({"effective_from": "soon"}, "rule many: effective_from"),
        ({"kind": "watched", "list": "friends"}, "the list 'friends'"),
        ({"kind": "watched"}, "KeyError"),
        ({"kind": "hours", "begins": "25:00", "ends": "06:00"}, "hour must be"),
    ],
)
def test_a_broken_rule_is_named_with_what_is_wrong(entry: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        file_of(entry)


def test_a_rule_without_source_or_date_is_refused() -> None:
    for key in ("source", "effective_from", "limit", "title_zh"):
        body = {**BASE, "rules": [{k: v for k, v in RULE.items() if k != key}]}
        with pytest.raises(ConfigurationError, match=f"lacks {key}"):
            parse(yaml.safe_dump(body))


def test_the_built_in_file_has_a_rule_for_each_thing_that_was_asked_for() -> None:
    codes = {rule.code for rule in rules.built_in().rules}
    assert codes == {
        "many_dossiers",
        "many_exported",
        "many_glimpsed",
        "outside_area",
        "night",
        "colleague_name",
        "celebrity_name",
    }


OWN = """
name: anomalies
effective_from: 2026-11-24
source: 公司通知 12 号
rules:
  - {code: many_dossiers, effective_from: 2026-11-24, source: 公司通知 12 号, limit: 1, limits: {}}
"""


def test_an_archive_s_own_number_counts_from_its_day_on_and_the_built_in_one_before() -> None:
    file = rules.own(OWN, "DOSSIER_HOME/rulebook/anomalies.yaml")
    given = looks("1", "2")
    assert found(file, given, date(2026, 11, 23)) == []
    assert found(file, given, date(2026, 11, 24)) == [("many_dossiers", 2, 1)]
    titles = {rule.titles for rule in file.rules if rule.code == "many_dossiers"}
    assert len(titles) == 1, "words that an entry does not give are those of the built-in one"
    assert file.every_seconds == rules.built_in().every_seconds


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("limit: 1", "limit: -1"), "rule many_dossiers: a limit is a whole number"),
        (("limit: 1", "limit: yes"), "rule many_dossiers: a limit is a whole number"),
        (("many_dossiers", "no_such_rule"), "rule no_such_rule lacks kind"),
        (("2026-11-24, source: 公司通知 12 号, limit", "2026-11-24, limit"), "lacks source"),
        (("name: anomalies", "name: roles"), "name must be anomalies"),
        (("rules:", "looks: []\nrules:"), "looks cannot be set here"),
        (("limits: {}", "limits: [3]"), "AttributeError"),
        (("  - {code", "  {code"), "anomalies.yaml"),
    ],
)
def test_a_broken_own_file_is_told_with_its_rule(change: tuple[str, str], reason: str) -> None:
    with pytest.raises(ConfigurationError) as why:
        rules.own(OWN.replace(*change), "DOSSIER_HOME/rulebook/anomalies.yaml")
    assert "DOSSIER_HOME/rulebook/anomalies.yaml" in why.value.detail
    assert reason in why.value.detail
