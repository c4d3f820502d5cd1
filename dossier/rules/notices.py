"""Who is told what of a loan, and when: the rule file, and which reminder is due now (§6.2).

A reminder belongs to a day in Shanghai: it is told from the hour of the rule file on, once, until
the next one takes its place; one that nobody was there to send is not made up for later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from dossier.clock import SHANGHAI, local_date
from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.rules.loan_states import LoanEvent, LoanKind
from dossier.rules.role_words import Words, load_words
from dossier.rules.working_days import WorkingDays

FILE = "notices"
ASKED = "ask"
"""The step by which a loan is asked for; all others are events of the machine."""
INSTANT = timedelta(microseconds=1)


class Channel(StrEnum):
    """How somebody is told."""

    PRODUCT = "product"
    MAIL = "mail"
    WEBHOOK = "webhook"


class To(StrEnum):
    """Who is told."""

    BORROWER = "borrower"
    APPROVERS = "approvers"
    LEADERS = "leaders"


class Holds(StrEnum):
    """What must still be true when a notice is shown or sent."""

    LENT = "lent"
    ASKED = "asked"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Told:
    """What every rule says.

    Attributes:
        roles: of leaders.
    """

    code: str
    kinds: frozenset[LoanKind]
    to: To
    roles: tuple[str, ...]
    channels: tuple[Channel, ...]
    holds: Holds
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class ByClock:
    """A reminder by the due day.

    Attributes:
        days: after the due day that it is first told; below zero: before it.
        until: days after the due day from which on it is told no more; None: as long as it is out.
        every: days after which it is told again; 0: never.
        in_working_days: ``days`` counts working days.
        moved: -1 or 1: a day off becomes the working day before or after it; 0: it stays.
    """

    told: Told
    days: int
    until: int | None
    every: int
    in_working_days: bool
    moved: int

    def day_of(self, due: datetime, now: datetime, at: time, calendar: WorkingDays) -> date | None:
        """The day of the reminder that is to be told now; None: there is none.

        Args:
            due: when the loan ends.
            now: the present.
            at: from which time of the day on reminders are told.
            calendar: which days are worked.
        """
        due_day = last_day(due)
        first = self._moved(self._counted(due_day, calendar), calendar)
        if now < _at(first, at) or (self.until is not None and now >= self._ends(due_day, at)):
            return None
        if not self.every:
            return first
        today = local_date(now) if now >= _at(local_date(now), at) else _day_before(now)
        return first + timedelta(days=(today - first).days // self.every * self.every)

    def begins(self, due: datetime, at: time, calendar: WorkingDays) -> datetime:
        """When it is first told; of a loan that began later it is not."""
        return _at(self._moved(self._counted(last_day(due), calendar), calendar), at)

    def _counted(self, due_day: date, calendar: WorkingDays) -> date:
        if self.in_working_days:
            return calendar.add(due_day, self.days)
        return due_day + timedelta(days=self.days)

    def _moved(self, day: date, calendar: WorkingDays) -> date:
        if self.moved == 0:
            return day
        return calendar.not_after(day) if self.moved < 0 else calendar.not_before(day)

    def _ends(self, due_day: date, at: time) -> datetime:
        return _at(due_day + timedelta(days=self.until or 0), at)


@dataclass(frozen=True, slots=True)
class ByStep:
    """What is told when a loan takes a step."""

    told: Told
    step: str


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """The rule file."""

    send_at: time
    late: timedelta
    ahead: timedelta
    retry_seconds: tuple[float, ...]
    lease_seconds: float
    clocks: tuple[ByClock, ...]
    steps: tuple[ByStep, ...]

    @property
    def all_told(self) -> dict[str, Told]:
        """All rules by their codes."""
        found = [one.told for one in self.clocks] + [one.told for one in self.steps]
        return {one.code: one for one in found}


def last_day(due: datetime) -> date:
    """The last day of a term in Shanghai: one that ends at midnight ends with the day before."""
    return local_date(due - INSTANT)


def _at(day: date, at: time) -> datetime:
    return datetime.combine(day, at, SHANGHAI)


def _day_before(now: datetime) -> date:
    return local_date(now) - timedelta(days=1)


@cache
def load() -> NoticeRules:
    """The rules.

    Raises:
        ConfigurationError: something is missing, or a word is unknown.
    """
    return read(rulebook.load(FILE), load_words())


def read(body: Mapping[str, Any], words: Words) -> NoticeRules:
    """The rules of a file's content.

    Raises:
        ConfigurationError: something is missing, or a word is unknown.
    """
    try:
        rules = NoticeRules(
            send_at=time(body["send_at"]["hour"], body["send_at"]["minute"]),
            late=timedelta(hours=body["late_hours"]),
            ahead=timedelta(days=body["ahead_days"]),
            retry_seconds=tuple(map(float, body["retry_seconds"])),
            lease_seconds=float(body["lease_seconds"]),
            clocks=tuple(_by_clock(line) for line in body["clocks"]),
            steps=tuple(ByStep(_told(line), str(line["step"])) for line in body["events"]),
        )
    except (KeyError, TypeError, ValueError) as err:
        raise _wrong(f"{type(err).__name__}: {err}") from err
    _check(rules, words)
    return rules


def _by_clock(line: Mapping[str, Any]) -> ByClock:
    moves = {"": 0, "before": -1, "after": 1}
    counts = {"calendar": False, "working": True}
    until = line.get("until")
    return ByClock(
        told=_told({"holds": Holds.LENT, **line}),
        days=int(line["days"]),
        until=None if until is None else int(until),
        every=int(line.get("every", 0)),
        in_working_days=counts[line.get("counts", "calendar")],
        moved=moves[line.get("on_rest_days", "")],
    )


def _told(line: Mapping[str, Any]) -> Told:
    return Told(
        code=str(line["code"]),
        kinds=frozenset(map(LoanKind, line["kinds"])),
        to=To(line["to"]),
        roles=tuple(line.get("roles", ())),
        channels=tuple(map(Channel, line["channels"])),
        holds=Holds(line["holds"]),
        zh=str(line["text"]["zh"]),
        en=str(line["text"]["en"]),
    )


def _check(rules: NoticeRules, words: Words) -> None:
    told = [one.told for one in rules.clocks] + [one.told for one in rules.steps]
    codes = [one.code for one in told]
    if doubled := sorted({code for code in codes if codes.count(code) > 1}):
        raise _wrong(f"two rules are called '{doubled[0]}'")
    if not rules.retry_seconds or min(rules.retry_seconds) <= 0 or rules.lease_seconds <= 0:
        raise _wrong("retry_seconds and lease_seconds are above zero")
    steps = {ASKED, *LoanEvent}
    for one in rules.steps:
        if one.step not in steps:
            raise _wrong(f"there is no step '{one.step}'; see rules/loan_states.py")
    for each in told:
        _check_told(each, words)


def _check_told(told: Told, words: Words) -> None:
    if (told.to is To.LEADERS) != bool(told.roles):
        raise _wrong(f"{told.code}: leaders are named by roles, and nobody else is")
    for role in told.roles:
        if role not in words.roles:
            raise _wrong(f"unknown role '{role}'; the known ones are in rulebook/actions.yaml")
    for text in (told.zh, told.en):
        if unknown := _placeholders(text) - {"loan", "due", "days"}:
            raise _wrong(f"{told.code}: nothing is filled in for {sorted(unknown)[0]}")


def _placeholders(text: str) -> set[str]:
    return {part.partition("}")[0] for part in text.split("{")[1:]}


def told_at(rules: Iterable[ByStep], step: str) -> list[Told]:
    """What is told at a step."""
    return [one.told for one in rules if one.step == step]


def _wrong(reason: str) -> ConfigurationError:
    return ConfigurationError(f"rulebook/{FILE}.yaml: {reason}")
