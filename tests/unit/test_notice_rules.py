"""When somebody is reminded: D-2, D, daily, D+3, D+7 (§6.2), over leap days, holidays, month ends."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dossier.clock import SHANGHAI
from dossier.errors import ConfigurationError
from dossier.rules import notices, rulebook, working_days
from dossier.rules.loan_states import LoanKind
from dossier.rules.role_words import load_words

RULES = notices.load()
CLOCKS = {one.told.code: one for one in RULES.clocks}


def instant(text: str) -> datetime:
    """Of a time in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def told(due: str, now: str, kind: LoanKind = LoanKind.PAPER) -> dict[str, date]:
    """The reminders of a loan at a moment."""
    found = {}
    for code, rule in CLOCKS.items():
        if kind not in rule.told.kinds:
            continue
        day = rule.day_of(instant(due), instant(now), RULES.send_at, working_days.load())
        if day is not None:
            found[code] = day
    return found


@pytest.mark.parametrize(
    ("now", "codes"),
    [
        ("2026-12-01T08:29:59.999999", set()),
        ("2026-12-01T08:30", {"due_soon"}),
        ("2026-12-03T08:29", {"due_soon"}),
        ("2026-12-03T08:30", {"due_today"}),
        ("2026-12-04T08:29", {"due_today"}),
        ("2026-12-04T08:30", {"overdue"}),
        ("2026-12-06T08:29", {"overdue"}),
        ("2026-12-06T08:30", {"overdue", "overdue_unit"}),
        ("2026-12-10T08:30", {"overdue", "overdue_unit", "overdue_management"}),
    ],
)
def test_s6_2_two_days_before_on_the_day_daily_and_then_leaders(now: str, codes: set[str]) -> None:
    assert set(told("2026-12-03T17:00", now)) == codes


def test_each_day_is_reminded_of_once_and_missed_days_are_not_made_up() -> None:
    due = "2026-12-03T17:00"
    assert told(due, "2026-12-05T08:30")["overdue"] == date(2026, 12, 5)
    assert told(due, "2026-12-05T23:59")["overdue"] == date(2026, 12, 5)
    assert told(due, "2026-12-06T08:29")["overdue"] == date(2026, 12, 5)
    assert told(due, "2026-12-20T12:00")["overdue"] == date(2026, 12, 20)
    assert told(due, "2026-12-20T12:00")["overdue_unit"] == date(2026, 12, 6)


@pytest.mark.parametrize(
    ("due", "code", "day"),
    [
        ("2024-03-01T12:00", "due_soon", "2024-02-28"),  # over the leap day
        ("2024-03-02T12:00", "due_soon", "2024-02-29"),
        ("2023-03-02T12:00", "due_soon", "2023-02-28"),
        ("2024-02-28T12:00", "overdue", "2024-02-29"),
        ("2024-02-26T12:00", "overdue_unit", "2024-02-29"),
        ("2026-01-30T12:00", "overdue", "2026-01-31"),  # month ends
        ("2026-01-31T12:00", "overdue", "2026-02-01"),
        ("2025-12-31T12:00", "overdue", "2026-01-01"),  # a year's end, and a holiday
        ("2026-02-24T12:00", "due_soon", "2026-02-14"),  # D-2 lies in the Spring Festival
        ("2026-03-02T12:00", "due_soon", "2026-02-28"),  # a Saturday that is worked
        ("2026-11-23T12:00", "due_soon", "2026-11-20"),  # D-2 is a Saturday
        ("2026-10-02T12:00", "due_today", "2026-10-02"),  # D itself is not moved
        ("2026-12-04T00:00", "due_today", "2026-12-03"),  # midnight ends the day before
    ],
)
def test_s6_2_reminders_over_leap_days_month_ends_and_holidays(
    due: str, code: str, day: str
) -> None:
    found = told(due, f"{day}T09:00")
    assert found[code] == date.fromisoformat(day)
    before = f"{date.fromisoformat(day) - timedelta(days=1)}T09:00"
    assert found[code] not in told(due, before).values()


def test_an_electronic_loan_is_over_at_its_minute_and_never_overdue() -> None:
    for days in range(1, 20):
        now = f"2026-12-{3 + days:02}T12:00"
        assert told("2026-12-03T17:00", now, LoanKind.ELECTRONIC) == {}


def test_working_days_may_be_counted_instead() -> None:
    body = _body()
    body["clocks"][0] |= {"counts": "working", "on_rest_days": ""}
    rule = notices.read(body, load_words()).clocks[0]
    due, calendar = instant("2026-02-25T12:00"), working_days.load()
    begins = rule.begins(due, RULES.send_at, calendar)
    assert begins == instant("2026-02-14T08:30")  # the 24th, and before nine days off the 14th


def _body() -> dict[str, Any]:
    return deepcopy(rulebook.load(notices.FILE))


@pytest.mark.parametrize(
    ("part", "line", "said"),
    [
        ("clocks", {"to": "leaders", "roles": ["king"]}, "unknown role"),
        ("clocks", {"to": "leaders", "roles": []}, "named by roles"),
        ("clocks", {"code": "asked"}, "two rules"),
        ("clocks", {"text": {"zh": "{name}", "en": "x"}}, "filled in"),
        ("clocks", {"channels": ["pigeon"]}, "pigeon"),
        ("events", {"step": "explode"}, "no step"),
        ("events", {"holds": "maybe"}, "maybe"),
    ],
)
def test_a_wrong_word_is_refused(part: str, line: dict[str, Any], said: str) -> None:
    body = _body()
    body[part][0] |= line
    with pytest.raises(ConfigurationError, match=said):
        notices.read(body, load_words())
