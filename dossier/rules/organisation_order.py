"""In which order rows of units, lines and districts are taken, and circles among their units.

A circle: on some day a unit would stand above itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from dossier.rules.organisation import PlaceKind
from dossier.rules.organisation_file import PlaceRow

MOST_TOLD = 12
"""Units of a circle that are named; a longer one is cut."""


@dataclass(frozen=True, slots=True)
class Circle:
    """Rows each of which stands below the next, and the last below the first, from a day on."""

    rows: tuple[PlaceRow, ...]
    since: date | None

    def told(self, link: str) -> str:
        """The way round with the rows' numbers.

        Args:
            link: how a unit is shown; takes ``name`` and ``row``.
        """
        shown = [link.format(name=one.name, row=one.row) for one in self.rows[:MOST_TOLD]]
        cut = ["…"] if len(self.rows) > MOST_TOLD else []
        return " → ".join([*shown, *cut, self.rows[0].name])


class Names:
    """Rows by the unit that they mean: by code, or by name where it has none."""

    def __init__(self, rows: Sequence[PlaceRow]) -> None:
        self._codes = {one.name: one.code for one in rows if one.code}
        self._known = {one.code for one in rows}
        self.each: dict[str, list[PlaceRow]] = {}
        for one in sorted(rows, key=lambda each: (each.since or date.min, each.row)):
            self.each.setdefault(one.code or self.key(one.name), []).append(one)

    def key(self, text: str) -> str:
        """What a name or code stands for."""
        return text if text in self._known else self._codes.get(text, text)

    def rows_of(self, text: str) -> list[PlaceRow]:
        """Rows of the unit with this name or code, by their days."""
        return self.each.get(self.key(text), [])


def in_order(rows: Iterable[PlaceRow]) -> tuple[list[PlaceRow], list[Circle]]:
    """In what order rows are taken, and the circles of those that go in one.

    Units with those above them first, then lines, then districts, each by its day; last what is
    closed, which needs to be empty by then (the same row once more).
    """
    rows = sorted(rows, key=lambda one: (one.since or date.min, one.row))
    units = [row for row in rows if row.kind is PlaceKind.UNIT]
    found = _circles(units)
    circular = {row.row for circle in found for row in circle.rows}
    ordered = _above_first([row for row in units if row.row not in circular])
    for kind in (PlaceKind.LINE, PlaceKind.DISTRICT):
        ordered += [row for row in rows if row.kind is kind]
    closing = [row for row in ordered if row.closed_on is not None]
    closing.sort(key=lambda one: one.closed_on or date.max)
    return [replace(row, closed_on=None) for row in ordered] + closing, found


def _above_first(units: Sequence[PlaceRow]) -> list[PlaceRow]:
    """Units, sorted by day, each behind the rows of those above it up to its day."""
    names = Names(units)
    done: dict[int, PlaceRow] = {}
    for row in units:
        waiting = [row]
        while waiting:
            one = waiting[-1]
            ahead = [each for each in _needed(one, names) if each.row not in done]
            if ahead and ahead[0] not in waiting:
                waiting.append(ahead[0])
                continue
            done.setdefault(waiting.pop().row, one)
    return list(done.values())


def _needed(row: PlaceRow, names: Names) -> Iterator[PlaceRow]:
    """Rows of the units that it names: what they are by its day, and that they are there."""
    for name in filter(None, (row.parent, row.merged_into)):
        above = names.rows_of(name)
        day = row.closed_on if name == row.merged_into else row.since
        by_then = [one for one in above if day and (one.since or date.min) <= day]
        yield from by_then or above[:1]


def _circles(rows: Sequence[PlaceRow]) -> list[Circle]:
    """Every circle, by the first day on which it is one; a row is in one at most.

    Args:
        rows: of units only.
    """
    names = Names(rows)
    left = _in_or_above_circles(names)
    days = sorted({one.since or date.min for key in left for one in names.each[key]})
    found: list[Circle] = []
    taken: set[int] = set()
    for day in days:
        holding = {key: one for key in left if (one := _on(names.each[key], day))}
        for ring in _rings(holding, names):
            if not taken & {one.row for one in ring}:
                taken |= {one.row for one in ring}
                found.append(Circle(tuple(ring), None if day == date.min else day))
    return found


def _in_or_above_circles(names: Names) -> set[str]:
    """Units that are left when those that end at a top are taken away, whatever the day."""
    above = {
        key: {parent for one in rows if (parent := names.key(one.parent)) in names.each}
        for key, rows in names.each.items()
    }
    below: dict[str, list[str]] = {}
    for key, parents in above.items():
        for parent in parents:
            below.setdefault(parent, []).append(key)
    open_ways = Counter({key: len(parents) for key, parents in above.items()})
    ends = [key for key, parents in above.items() if not parents]
    left = set(above)
    while ends:
        key = ends.pop()
        left.discard(key)
        for child in below.get(key, ()):
            open_ways[child] -= 1
            if not open_ways[child]:
                ends.append(child)
    return left


def _on(rows: Sequence[PlaceRow], day: date) -> PlaceRow | None:
    """The row that holds on a day."""
    begun = [one for one in rows if (one.since or date.min) <= day]
    last = begun[-1] if begun else None
    closed = last is not None and last.closed_on is not None and last.closed_on <= day
    return None if closed else last


def _rings(holding: dict[str, PlaceRow], names: Names) -> list[list[PlaceRow]]:
    """The circles of one day: each unit has one above it at most."""
    found: list[list[PlaceRow]] = []
    seen: set[str] = set()
    for start in holding:
        way: dict[str, PlaceRow] = {}
        key = start
        while key in holding and key not in seen:
            seen.add(key)
            way[key] = holding[key]
            key = names.key(holding[key].parent)
        if key in way:
            rows = list(way.values())[list(way).index(key) :]
            first = min(range(len(rows)), key=lambda at: rows[at].row)
            found.append(rows[first:] + rows[:first])
    return found
