"""Who may do what, from data alone: action × role × scope × condition, by dates (domain.md §5).

A matrix is a rule file (``rulebook/roles.yaml``); its words stand in ``rulebook/actions.yaml``.
What no cell says is denied. Nothing here knows users: :func:`may` answers for a role, and
``dossier.access`` binds it to the grants that a person holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from dossier.errors import ConfigurationError
from dossier.rules.role_words import Words, load_words
from dossier.viewer import Permission


class ScopeWord(StrEnum):
    """How far a cell reaches within the grant that the role is held by."""

    EVERYTHING = "everything"
    OWN = "own"
    LINE = "line"
    DISTRICT = "district"
    CASE = "case"


class Condition(StrEnum):
    """What besides the scope a cell asks for, or leaves hidden."""

    MASKED = "masked"
    APPROVAL = "approval"
    CLICK = "click"
    AGGREGATES = "aggregates"


class Held(StrEnum):
    """What a grant names: the part of the archive that a role is held for."""

    COMPANY = "company"
    UNIT = "unit"
    LINE = "line"
    DISTRICT = "district"
    CASE = "case"
    CUSTOMER = "customer"


NOT_BY_ITSELF = frozenset({Condition.APPROVAL, Condition.AGGREGATES})
"""Conditions under which a cell opens nothing until somebody approved, and no row at all."""
_COUNTS_FOR: Mapping[ScopeWord, frozenset[Held]] = {
    ScopeWord.EVERYTHING: frozenset(Held),
    ScopeWord.OWN: frozenset(Held),
    ScopeWord.LINE: frozenset({Held.LINE}),
    ScopeWord.DISTRICT: frozenset({Held.DISTRICT}),
    ScopeWord.CASE: frozenset({Held.CASE, Held.CUSTOMER}),
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a cell allows an action."""

    scope: ScopeWord
    conditions: frozenset[Condition] = frozenset()

    @property
    def opens(self) -> bool:
        """Whether it allows by itself, without an approval."""
        return not self.conditions & NOT_BY_ITSELF

    def counts_for(self, held: Held) -> bool:
        """Whether it counts for a role that is held so."""
        return held in _COUNTS_FOR[self.scope]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a role may of an action from a day on.

    Attributes:
        until: the first day on which it no longer holds; None for as long as its matrix.
        line: where it stands in its file, 1-based.
    """

    action: str
    role: str
    ways: tuple[Way, ...]
    since: date
    until: date | None
    source: str
    note: str = ""
    line: int = 0

    def holds_on(self, day: date) -> bool:
        """Whether it is in force."""
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, eq=False)
class Matrix:
    """One rule file; compared by identity, because answers are kept under it."""

    file: str
    since: date
    until: date | None
    source: str
    cells: tuple[Cell, ...]
    words: Words
    _kept: dict[tuple[str, date], tuple[tuple[Way, frozenset[Permission]], ...]] = field(
        default_factory=dict, repr=False
    )
    _asked: dict[tuple[str, date], tuple[tuple[Way, str], ...]] = field(
        default_factory=dict, repr=False
    )

    def cell(self, role: str, action: str, day: date) -> Cell | None:
        """What the role may of the action on that day; None is a denial."""
        found = (one for one in self.cells if one.role == role and one.action == action)
        return next((one for one in found if one.holds_on(day)), None)

    def given(self, role: str, day: date) -> tuple[tuple[Way, frozenset[Permission]], ...]:
        """The permissions of a role with the ways that give them, on that day."""
        if (role, day) not in self._kept:
            if len(self._kept) > 1000:
                self._kept.clear()
            self._kept[role, day] = tuple(self._give(role, day))
        return self._kept[role, day]

    def on_request(self, role: str, day: date) -> tuple[tuple[Way, str], ...]:
        """Actions of a role that wait for an approval, with the ways that say so, on that day."""
        if (role, day) not in self._asked:
            if len(self._asked) > 1000:
                self._asked.clear()
            self._asked[role, day] = tuple(
                (way, cell.action)
                for cell in self.cells
                if cell.role == role and cell.holds_on(day)
                for way in cell.ways
                if Condition.APPROVAL in way.conditions
            )
        return self._asked[role, day]

    def _give(self, role: str, day: date) -> Iterable[tuple[Way, frozenset[Permission]]]:
        for cell in self.cells:
            if cell.role == role and cell.holds_on(day):
                action = self.words.actions[cell.action]
                for way in cell.ways:
                    if way.opens:
                        clicked = Condition.CLICK in way.conditions
                        yield way, action.by_click if clicked else action.gives


@dataclass(frozen=True, slots=True)
class Matrices:
    """All matrices, the earliest first; no two are in force on the same day. None: nothing goes."""

    each: tuple[Matrix, ...] = ()
    words: Words = field(default_factory=load_words)

    def on(self, day: date) -> Matrix | None:
        """The matrix in force on a day; None denies everything."""
        begun = [matrix for matrix in self.each if matrix.since <= day]
        last = begun[-1] if begun else None
        return last if last and (last.until is None or day < last.until) else None


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a role may do something, and by which cell.

    ``allowed`` is what may be done at once; with ``approval`` alone it may be asked for.
    """

    allowed: bool
    masked: bool = False
    approval: bool = False
    click: bool = False
    cell: Cell | None = None
    matrix: Matrix | None = None


DENIED = Answer(allowed=False)


def may(
    matrices: Matrices, role: str, action: str, *, held: Held, covers: bool, day: date
) -> Answer:
    """Whether a role may do an action on a day, from the rule files alone.

    Args:
        matrices: the rule files.
        role: the role's code.
        action: the action's code.
        held: what the grant names that the role is held by.
        covers: whether the object lies within the part that the grant names.
        day: in Shanghai.
    """
    matrix = matrices.on(day)
    cell = matrix.cell(role, action, day) if matrix else None
    if matrix is None or cell is None:
        return DENIED
    ways = [way for way in cell.ways if way.counts_for(held) and _reaches(way, covers=covers)]
    opening = [way for way in ways if way.opens]
    best = opening or ways
    conditions = frozenset[Condition].intersection(*(way.conditions for way in best or [_NO_WAY]))
    return Answer(
        allowed=bool(opening),
        masked=Condition.MASKED in conditions,
        approval=not opening and any(Condition.APPROVAL in way.conditions for way in ways),
        click=Condition.CLICK in conditions,
        cell=cell,
        matrix=matrix,
    )


_NO_WAY = Way(ScopeWord.OWN)


def _reaches(way: Way, *, covers: bool) -> bool:
    """The grant bounds what is open; an approval may be asked for beyond it where it says so."""
    beyond = way.scope is ScopeWord.EVERYTHING and Condition.APPROVAL in way.conditions
    return covers or beyond


def in_order(matrices: Sequence[Matrix]) -> Matrices:
    """Matrices by their dates.

    Raises:
        ConfigurationError: there is none, or two are in force on the same day.
    """
    if not matrices:
        raise ConfigurationError("rulebook/roles.yaml is missing; install dossier-archive again")
    ordered = sorted(matrices, key=lambda matrix: matrix.since)
    for earlier, later in pairwise(ordered):
        meets = earlier.since == later.since
        if meets or (earlier.until is not None and earlier.until > later.since):
            last = later.since if meets or earlier.until is None else earlier.until - ONE_DAY
            raise ConfigurationError(
                f"{later.file}, line 1: its dates overlap those of {earlier.file} "
                f"(from {later.since} to {last}); give each day one matrix"
            )
    return Matrices(tuple(ordered))


ONE_DAY = timedelta(days=1)
