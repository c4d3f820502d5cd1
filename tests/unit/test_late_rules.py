"""When a paper is late, at its borders (S3-03, domain.md §1.7)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from dossier.errors import ConfigurationError
from dossier.plugins.completeness import late_rules
from dossier.plugins.completeness.late_rules import CAPTURED_AFTER, DATED_AFTER, Times

DONE = datetime(2026, 3, 2, 15, 59, tzinfo=UTC)
"""23:59 of the same day in Shanghai."""
WEEK, INSTANT = timedelta(days=7), timedelta(microseconds=1)
OWN = "name: late_papers\neffective_from: 2026-04-01\nsource: order 3\nrules:\n"


def reasons(dated: date | None, captured: datetime, done: datetime = DONE) -> list[str]:
    found = late_rules.judge(late_rules.load(), Times(dated, done, captured))
    return [rule.reason for rule in found]


def test_s3_03_exactly_at_the_limit_is_in_time_and_a_microsecond_later_is_late() -> None:
    assert reasons(None, DONE + WEEK) == []
    assert reasons(None, DONE + WEEK + INSTANT) == [CAPTURED_AFTER]


def test_s3_03_days_are_those_of_shanghai() -> None:
    assert reasons(date(2026, 3, 2), DONE) == []
    assert reasons(date(2026, 3, 3), DONE) == [DATED_AFTER]
    assert reasons(date(2026, 3, 3), DONE, DONE + timedelta(minutes=1)) == []


def test_s3_03_a_paper_may_be_late_for_both_reasons_and_one_without_a_day_for_one() -> None:
    late = DONE + WEEK + INSTANT
    assert reasons(date(2026, 3, 9), late) == [DATED_AFTER, CAPTURED_AFTER]
    assert reasons(None, late) == [CAPTURED_AFTER]


def test_s3_03_what_was_completed_before_a_rule_took_effect_is_not_held_against_it() -> None:
    old = datetime(2020, 5, 4, tzinfo=UTC)
    assert reasons(None, old + timedelta(days=900), old) == []
    assert reasons(date(2020, 6, 1), old + timedelta(days=900), old) == [DATED_AFTER]


def test_1_7_produced_is_the_later_of_the_papers_day_and_the_nodes_completion() -> None:
    assert Times(date(2026, 3, 2), DONE, DONE).produced == DONE
    assert Times(None, DONE, DONE).produced == DONE
    later = Times(date(2026, 3, 3), DONE, DONE).produced
    assert later == datetime(2026, 3, 2, 16, tzinfo=UTC)


def test_s3_03_an_archives_own_rule_counts_from_its_first_day() -> None:
    text = (
        OWN + "  - {reason: captured_after, allowed_hours: 48, from: 2026-04-01, source: order}\n"
    )
    rules = late_rules.own(text, "own")
    before, after = (rules.on(CAPTURED_AFTER, date(2026, month, 31)) for month in (3, 5))
    assert before is not None
    assert before.allowed == WEEK
    assert after is not None
    assert after.allowed == timedelta(hours=48)


@pytest.mark.parametrize(
    "row",
    [
        "{reason: other, allowed_hours: 1, from: 2026-04-01, source: x}",
        "{reason: dated_after, allowed_hours: -1, from: 2026-04-01, source: x}",
        "{reason: dated_after, allowed_hours: true, from: 2026-04-01, source: x}",
        "{reason: dated_after, allowed_hours: .nan, from: 2026-04-01, source: x}",
        "{reason: dated_after, allowed_hours: 1, from: soon, source: x}",
        "{reason: dated_after, allowed_hours: 1, from: 2026-04-01}",
        "[1]",
    ],
)
def test_s3_03_a_wrong_rule_stops_the_start(row: str) -> None:
    with pytest.raises(ConfigurationError):
        late_rules.own(f"{OWN}  - {row}\n", "own")
