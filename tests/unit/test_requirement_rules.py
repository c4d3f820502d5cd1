"""The rules of what a dossier needs: read, checked, their conditions decided (domain.md §2.2)."""

from __future__ import annotations

from datetime import date

import pytest

from dossier.errors import ConfigurationError
from dossier.plugins.completeness import conditions, requirements
from dossier.plugins.completeness.conditions import FactKind
from dossier.plugins.completeness.requirements import Level
from dossier.rules import document_types

KINDS = {
    "agent": FactKind.FLAG,
    "organisation": FactKind.FLAG,
    "capacity_kva": FactKind.NUMBER,
    "papers": FactKind.TYPES,
}
HEAD = """
name: requirements
effective_from: 2026-01-01
source: D2.2
promise_days: 30
nodes: {accept: {zh: 业务受理, en: Application}, meter: {zh: 装表, en: Metering}}
businesses:
  new: {zh: 新装, en: New supply, nodes: [accept]}
  increase: {zh: 增容, en: More capacity, nodes: [accept], like: new}
facts: {agent: {kind: flag, zh: 经办, en: agent, unknown: true}}
rules:
"""
RULE = "id: one, business: new, node: accept, any_of: [A01], from: 2000-01-01, source: D2.2"


def file_of(*rules: str, head: str = HEAD) -> str:
    return head + "".join(f"  - {{{rule}}}\n" for rule in rules)


@pytest.mark.parametrize(
    ("category", "required"),
    [
        ("LR", "A01 A02 A05 A09 C01 D01 D02 J01 J02"),
        ("LN", "A01 A03 A04 A05 A09 A10 B01 B02 C01 C02 D01 D02 J01 J02"),
        (
            "HV",
            "A01 A03 A05 A09 A10 B01 B02 B06 B08 B09 B11 B12 C01 C02 D01 D02 D03 J01 J02",
        ),
        (
            "IM",
            "A01 A03 A05 A09 A10 A11 B01 B02 B04 B05 B06 B07 B08 B09 B10 B11 B12 C01 C02 C03 C04"
            " D01 D02 D03 J01 J02 K01 K02",
        ),
        ("PV", "A05 A09 B01 B06 B08 B09 C01 C05 D01 D02 D03 E02 J01 J02 L01 L02 L03 L05 L06"),
    ],
)
def test_s2_17_a_new_supply_asks_for_what_the_table_requires_of_each_category(
    category: str, required: str
) -> None:
    rules = requirements.load().of("new", category)
    codes = {one.any_of[0] for one in rules if one.levels[category] is Level.REQUIRED}
    assert " ".join(sorted(codes)) == required


def test_each_rule_names_types_nodes_and_sources_that_exist_and_every_business_has_some() -> None:
    rules = requirements.load()
    assert {code for one in rules.rules for code in one.any_of} <= set(
        document_types.catalogue().types
    )
    for business in rules.businesses:
        assert any(rules.of(business, code) for code in ("LR", "HV", "IM")), business
    assert list(rules.of("increase", "LR")) == list(rules.of("new", "LR"))


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ((RULE.replace("A01", "Z99") + ", LR: R",), "rule one: 'Z99' is unknown"),
        ((RULE.replace("node: accept", "node: meter") + ", LR: R",), "new has no node 'meter'"),
        ((RULE.replace("business: new", "business: old") + ", LR: R",), "'old' is unknown"),
        ((RULE + ", LR: X",), "level 'X' is none of R, C, O"),
        ((RULE + ", LR: C",), "`when` goes with level C"),
        ((RULE + ", LR: R, when: agent",), "`when` goes with level C"),
        ((RULE + ", LR: C, when: nobody",), "unknown symbol: 'nobody'"),
        ((RULE + ", LR: C, when: agent >",), "syntax error"),
        ((RULE + ", LR: C, when: \"'A06' in agent\"",), "data type mismatch"),
        ((RULE + ", LR: C, when: \"__import__('os')\"",), "unknown symbol"),
        ((RULE + ", LR: C, when: '1 + 1'",), "neither true nor false"),
        ((RULE + ", LR: R", RULE + ", LR: O"), "rule one: stands twice for 2000-01-01"),
        ((RULE + ", LR: R, to: 1999-12-31",), "ends before it begins"),
        ((RULE + ", LR: R, promised_by: A01",), "is promised by itself"),
        ((RULE + ", LR: R, stamp: true",), "'stamp' is unknown"),
        ((RULE.replace("2000-01-01", "often") + ", LR: R",), "'often' is no day"),
        ((RULE.replace("source: D2.2", "source: hearsay") + ", LR: R",), "names no source"),
        (("business: new, LR: R",), "rule \\?: lacks id"),
    ],
)
def test_a_wrong_rule_stops_the_start_and_is_named(rules: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        requirements.read(file_of(*rules), "requirements.yaml")


def test_businesses_that_are_like_each_other_in_a_circle_are_refused() -> None:
    end = "nodes: [accept]}\n  increase"
    circle = HEAD.replace(end, end.replace("}", ", like: increase}"))
    with pytest.raises(ConfigurationError, match="is like another"):
        requirements.read(file_of(RULE + ", LR: R", head=circle), "requirements.yaml")


def test_a_rule_that_changes_stands_twice_with_days_that_do_not_overlap() -> None:
    text = file_of(RULE + ", LR: R, to: 2009-12-31", RULE.replace("2000", "2010") + ", LR: O")
    rules = requirements.read(text, "requirements.yaml")
    in_force = [rules.in_force("new", date(year, 6, 1)) for year in (1999, 2005, 2015)]
    assert [[one.levels["LR"] for one in found] for found in in_force] == [
        [],
        [Level.REQUIRED],
        [Level.OPTIONAL],
    ]


@pytest.mark.parametrize(
    ("text", "facts", "holds"),
    [
        ("agent or 'A06' in papers", {"papers": frozenset({"A06"})}, True),
        ("agent or 'A06' in papers", {"papers": frozenset()}, None),
        ("agent or 'A06' in papers", {"papers": frozenset(), "agent": False}, False),
        ("agent and organisation", {"organisation": False}, False),
        ("agent and organisation", {"organisation": True}, None),
        ("capacity_kva > 16", {"capacity_kva": 16.0}, False),
        ("capacity_kva > 16", {"capacity_kva": 16.5}, True),
        ("capacity_kva > 16", {}, None),
        ("agent or not agent", {}, True),
    ],
)
def test_a_condition_is_decided_only_where_what_is_unknown_makes_no_difference(
    text: str, facts: dict[str, object], holds: bool | None
) -> None:
    assert conditions.parse(text, KINDS).holds(facts) is holds


# -- rules of an archive's own ----------------------------------------------------------------------

OWN = """
name: requirements
effective_from: 2027-01-01
source: 公司〔2026〕31号
rules:
  - {id: new-loads, LR: R, from: 2027-01-01, source: 公司〔2026〕31号}
  - {id: own-photo, business: new, node: survey, any_of: [G05], LR: R, from: 2027-01-01,
     source: 公司〔2026〕31号}
ends: {new-notice: 2026-12-31}
"""


def of_day(
    rules: requirements.Requirements, key: str, day: date
) -> requirements.Requirement | None:
    return next((one for one in rules.in_force("new", day) if one.id == key), None)


def test_s1_21_an_own_rule_counts_from_its_day_and_older_nodes_keep_the_rule_of_theirs() -> None:
    rules = requirements.own(OWN, "DOSSIER_HOME/rulebook/requirements.yaml")
    before, after = date(2026, 12, 31), date(2027, 1, 1)
    old, new = (of_day(rules, "new-loads", day) for day in (before, after))
    assert old is not None
    assert new is not None
    assert (old.levels["LR"], new.levels["LR"]) == (Level.OPTIONAL, Level.REQUIRED)
    assert new.levels["HV"] is Level.REQUIRED, "what an entry does not say is as it was"
    assert new.source == "公司〔2026〕31号"
    assert (of_day(rules, "own-photo", before), bool(of_day(rules, "own-photo", after))) == (
        None,
        True,
    )
    assert bool(of_day(rules, "new-notice", before)) is True
    assert of_day(rules, "new-notice", after) is None
    assert rules.fingerprint != requirements.load().fingerprint, "so that all are assessed anew"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("any_of: [G05]", "any_of: [Z99]", "rule own-photo: 'Z99' is unknown"),
        ("any_of: [G05]", "any_of: G05", "any_of is a list"),
        ("node: survey", "node: nowhere", "new has no node 'nowhere'"),
        ("id: own-photo, business: new", "id: own-photo", "rule own-photo: lacks business"),
        ("LR: R, from: 2027-01-01,\n", "LR: R, from: soon,\n", "'soon' is no day"),
        ("id: own-photo", "id: new-loads", "rule new-loads: stands twice for 2027-01-01"),
        ("node: survey", "node: [survey]", "TypeError"),
        ("new-notice: 2026-12-31", "new-nothing: 2026-12-31", "'new-nothing' is no built-in rule"),
        ("new-notice: 2026-12-31", "new-notice: soon", "'soon' of new-notice is no day"),
        ("ends:", "promise_days: 3\nends:", "promise_days cannot be set here"),
        ("name: requirements", "name: rules", "name must be requirements"),
        (
            "any_of: [G05], LR: R",
            "any_of: [A08], LR: R, promised_by: A05",
            "promised in a circle: .*A05.*A08",
        ),
    ],
)
def test_a_wrong_own_rule_is_named_with_its_file(old: str, new: str, reason: str) -> None:
    assert old in OWN
    with pytest.raises(ConfigurationError, match=f"(?s)^here.yaml.*{reason}"):
        requirements.own(OWN.replace(old, new), "here.yaml")
