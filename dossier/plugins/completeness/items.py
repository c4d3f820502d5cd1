"""What a dossier needs, has and lacks, and since when: pure, from affairs, papers and waivers.

Every rule of the business and category gives one item. A rule counts by the day of its node: that
of the case, or the day on which the customer was connected; so no dossier lacks a paper by a rule
that was not in force then (domain.md §2.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from dossier.plugins.completeness.requirements import Level, Requirement, Requirements

ONE_DAY = timedelta(days=1)


class ItemState(StrEnum):
    """How it stands with a paper that is asked for."""

    PRESENT = "present"
    MISSING = "missing"
    EXPIRED = "expired"
    UNSIGNED = "unsigned"
    UNSEALED = "unsealed"
    WAIVED = "waived"
    PROMISED = "promised"
    NOT_DUE = "not_due"
    UNDECIDED = "undecided"
    """It hangs on a fact that nobody knows."""
    OPTIONAL = "optional"
    """Not there, and need not be."""


LACKING = frozenset({ItemState.MISSING, ItemState.EXPIRED, ItemState.UNSIGNED, ItemState.UNSEALED})
"""Somebody has to do something about it now."""
TO_DO = (*sorted(LACKING), ItemState.PROMISED)
"""What somebody has to do something about, in the order in which it is shown."""
ASKED = LACKING | {ItemState.PRESENT, ItemState.WAIVED, ItemState.PROMISED}
"""What counts as required on the day."""
SETTLED = frozenset({ItemState.PRESENT, ItemState.WAIVED})


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper of the dossier, as far as rules ask.

    Attributes:
        on: its own date, else the day on which it was taken in.
        taken: the day on which it was taken in.
        signed: None where nobody looked.
        sealed: None where nobody looked.
        last_day: of its own term; None where it has none or nobody read it.
    """

    id: str
    type_code: str
    on: date
    taken: date
    case_no: str | None = None
    signed: bool | None = None
    sealed: bool | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """Somebody decided that a paper need not be there.

    Attributes:
        by: who decided it.
        reason: a code of ``waivers.yaml``.
        on: its first day.
        until: its last day, None where it has none; of one that was withdrawn the day before.
        note: what was said beside the reason.
        id: of its row.
    """

    rule_id: str
    by: str
    reason: str
    on: date
    case_no: str | None = None
    until: date | None = None
    note: str = ""
    id: str = ""

    def holds_on(self, day: date) -> bool:
        """Whether it counts on this day."""
        return self.on <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Affair:
    """Something that was done for the customer: the connection that the register tells, or a case.

    Attributes:
        business: code of the rule file.
        case_no: None for what only the register tells.
        opened: when it began; older papers count for it only where they bear its number.
        nodes_done: the day on which each node was completed, as far as it was.
        done: the day on which all of them were; None while it goes on.
        day_unknown: all of them were, nobody knows when.
        takes_all: every paper of the dossier counts for it, as nothing came before.
        facts: what conditions may ask.
    """

    business: str
    facts: Mapping[str, Any]
    case_no: str | None = None
    opened: date | None = None
    nodes_done: Mapping[str, date] = field(default_factory=lambda: MappingProxyType({}))
    done: date | None = None
    day_unknown: bool = False
    takes_all: bool = False

    def day_of(self, node: str) -> date | None:
        """When a node was completed, as far as that is known."""
        return self.nodes_done.get(node, self.done)


@dataclass(frozen=True, slots=True)
class Item:
    """A paper that is asked for, and how it stands with it.

    Attributes:
        level: as the rule says for the category.
        business: of the affair; its rules may be those of another.
        since: since which day it lacks; None where it does not, or nobody knows.
        until: last day of a promise, of a waiver, of the paper that is there.
        papers: ids of those that count, the newest first.
        waiver: who decided, and why.
        hangs_on: facts that decide and that nobody knows.
    """

    rule: Requirement
    level: Level
    state: ItemState
    case_no: str | None = None
    business: str = ""
    since: date | None = None
    until: date | None = None
    papers: tuple[str, ...] = ()
    waiver: Waiver | None = None
    hangs_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Completeness:
    """A dossier on a day.

    Attributes:
        items: in the order of the rule file.
        changes_on: the next day on which time alone may change it, None if none is known.
    """

    items: tuple[Item, ...]
    changes_on: date | None

    @property
    def required(self) -> int:
        """How many papers are asked for on the day."""
        return sum(item.state in ASKED for item in self.items)

    @property
    def present(self) -> int:
        """How many of these are there, or were waived."""
        return sum(item.state in SETTLED for item in self.items)

    @property
    def percent(self) -> int:
        """Whole per cent, rounded down: 100 means that nothing lacks."""
        return 100 if not self.required else self.present * 100 // self.required

    @property
    def is_complete(self) -> bool:
        """Whether everything that is asked for is there."""
        return self.present == self.required

    @property
    def missing_types(self) -> tuple[str, ...]:
        """Types of what lacks; of several that would do the first."""
        found = (item.rule.any_of[0] for item in self.items if item.state in LACKING)
        return tuple(sorted(set(found)))


def assess(
    rules: Requirements,
    category: str,
    affairs: Iterable[Affair],
    papers: Sequence[Paper],
    waivers: Sequence[Waiver],
    day: date,
) -> Completeness:
    """A dossier as it stood at the end of a day.

    Args:
        rules: with all their days.
        category: of the customer.
        affairs: what was done for the customer.
        papers: all of the dossier; those taken in later than ``day`` do not count.
        waivers: all; those of other days do not count.
        day: on which it is looked at.
    """
    here = [paper for paper in papers if paper.taken <= day]
    in_force = [waiver for waiver in waivers if waiver.holds_on(day)]
    items: list[Item] = []
    changes = [waiver.on for waiver in waivers]
    for affair in affairs:
        own = _papers_for(affair, here, rules.standing)
        items += _Looker(rules, category, affair, own, in_force, day).items()
        changes += filter(None, (*affair.nodes_done.values(), affair.done))
    return Completeness(tuple(items), _next_change(rules, items, changes, day))


def _papers_for(affair: Affair, papers: Sequence[Paper], standing: frozenset[str]) -> list[Paper]:
    """The newest first; of a case those that bear its number, or none and are not older."""
    if affair.case_no is None or affair.takes_all:
        found = papers
    else:
        opened = affair.opened or date.min
        found = [
            paper
            for paper in papers
            if paper.case_no == affair.case_no
            or (paper.case_no is None and _came(paper, standing) >= opened)
        ]
    return sorted(found, key=lambda paper: (paper.on, paper.taken, paper.id), reverse=True)


def _came(paper: Paper, standing: frozenset[str]) -> date:
    """Since when a paper can have been handed in; a certificate is older than its use."""
    return paper.taken if paper.type_code in standing else paper.on


@dataclass(frozen=True, slots=True)
class _Looker:
    """Goes through the rules of one affair."""

    rules: Requirements
    category: str
    affair: Affair
    papers: Sequence[Paper]
    waivers: Sequence[Waiver]
    day: date

    def items(self) -> list[Item]:
        types = frozenset(paper.type_code for paper in self.papers)
        facts = {**self.affair.facts, "papers": types}
        return [
            self._item(rule, facts)
            for rule in self.rules.of(self.affair.business, self.category)
            if rule.holds_on(self._reached(rule) or self.day)
        ]

    def _reached(self, rule: Requirement) -> date | None:
        """When the rule's node was completed; None while it is not, or when nobody knows."""
        done = self.affair.day_of(rule.node)
        return done if done is not None and done <= self.day else None

    def _item(self, rule: Requirement, facts: Mapping[str, Any]) -> Item:
        level = rule.levels[self.category]
        fitting = [paper for paper in self.papers if paper.type_code in rule.any_of]
        blank = Item(
            rule,
            level,
            ItemState.OPTIONAL,
            self.affair.case_no,
            self.affair.business,
            papers=tuple(paper.id for paper in fitting),
        )
        good = [paper for paper in fitting if _fault(rule, paper, self.day) is None]
        if len(good) >= rule.count:
            until = good[0].last_day if rule.dated else None
            return replace(blank, state=ItemState.PRESENT, until=until)
        asked = level is Level.REQUIRED
        if level is Level.CONDITIONAL and rule.when is not None:
            holds = rule.when.holds(facts)
            if holds is None:
                hangs_on = rule.when.unknown(facts)
                return replace(blank, state=ItemState.UNDECIDED, hangs_on=hangs_on)
            asked = holds
        return self._lacking(blank, fitting) if asked else blank

    def _lacking(self, item: Item, fitting: Sequence[Paper]) -> Item:
        """A paper that is asked for and is not there as it should be."""
        rule, reached = item.rule, self._reached(item.rule)
        waiver = self._waiver(rule)
        if waiver is not None:
            return replace(item, state=ItemState.WAIVED, until=waiver.until, waiver=waiver)
        if reached is None and not self.affair.day_unknown:
            return replace(item, state=ItemState.NOT_DUE)
        if len(fitting) >= rule.count:
            state, since = _first_fault(rule, fitting, self.day)
            return replace(item, state=state, since=since)
        promise = self._promise(rule)
        if promise is not None and self.day <= promise:
            return replace(item, state=ItemState.PROMISED, until=promise)
        starts = [promise + ONE_DAY if promise else None, reached]
        return replace(item, state=ItemState.MISSING, since=next(filter(None, starts), None))

    def _waiver(self, rule: Requirement) -> Waiver | None:
        """The latest one for this paper of this affair."""
        own = [
            waiver for waiver in self.waivers if waiver.rule_id == rule.id and self._is_for(waiver)
        ]
        return max(own, key=lambda waiver: waiver.on, default=None)

    def _is_for(self, waiver: Waiver) -> bool:
        """What was waived of the connection stays so when its case is told of later."""
        own = self.affair.case_no
        return waiver.case_no == own or (self.affair.takes_all and waiver.case_no is None)

    def _promise(self, rule: Requirement) -> date | None:
        """The last day of the latest promise of this paper."""
        if rule.promised_by is None:
            return None
        letters = [paper for paper in self.papers if paper.type_code == rule.promised_by]
        ends = [letter.last_day or letter.on + self.rules.promise for letter in letters]
        return max(ends, default=None)


def _fault(rule: Requirement, paper: Paper, day: date) -> ItemState | None:
    """What is wrong with a paper of the right type; nobody having looked is nothing wrong."""
    if rule.dated and paper.last_day is not None and paper.last_day < day:
        return ItemState.EXPIRED
    if rule.signed and paper.signed is False:
        return ItemState.UNSIGNED
    if rule.sealed and paper.sealed is False:
        return ItemState.UNSEALED
    return None


def _first_fault(rule: Requirement, fitting: Sequence[Paper], day: date) -> tuple[ItemState, date]:
    """Of the newest paper with a fault, and since when."""
    for paper in fitting:
        fault = _fault(rule, paper, day)
        if fault is ItemState.EXPIRED and paper.last_day is not None:
            return fault, paper.last_day + ONE_DAY
        if fault is not None:
            return fault, paper.taken
    raise AssertionError("a rule whose papers have no fault lacks nothing")


def _next_change(
    rules: Requirements, items: Iterable[Item], changes: Iterable[date], day: date
) -> date | None:
    """The next day on which something begins, or a term or a rule is over."""
    ends = [item.until for item in items if item.until is not None]
    ends += [rule.last for rule in rules.rules if rule.last is not None]
    starts = [end + ONE_DAY for end in ends] + [rule.first for rule in rules.rules]
    starts += changes
    return min((start for start in starts if start > day), default=None)
