"""Units, lines and districts through time: what may be changed on a day, and what comes along.

Effective-dated, because old papers keep their unit of origin (domain.md S3-18). A place's history
is a row of states, each true from its day until the next; it is only continued, never rewritten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from dossier.errors import InvalidInputError

Key = tuple[str, int]
"""A place: its kind and id. New ones have negative ids until they are written."""
LONGEST_NAME = 200
LONGEST_CODE = 40
LONGEST_REASON = 200
EARLIEST, LATEST = date(1900, 1, 1), date(2100, 1, 1)
"""Days outside are slips of the keyboard."""


class PlaceKind(StrEnum):
    """What a place is."""

    UNIT = "unit"
    LINE = "line"
    DISTRICT = "district"


class Change(StrEnum):
    """What happened to a place on a day; ``known`` is how it was when the record began."""

    KNOWN = "known"
    FOUNDED = "founded"
    RENAMED = "renamed"
    MOVED = "moved"
    MERGED = "merged"
    CLOSED = "closed"


BEGINNINGS = frozenset({Change.KNOWN, Change.FOUNDED})


@dataclass(frozen=True, slots=True)
class State:
    """What a place is from ``since`` on.

    Attributes:
        kind: of the place.
        place_id: of the place.
        since: first day; None for as long as anybody knows.
        change: what made it so.
        name: its name.
        code: its code in the company's list, "" where it has none.
        unit_id: the unit above a unit; the unit of a line or district.
        line_id: the line of a district.
        is_open: False once it is closed or merged.
        successor_id: the unit that it was merged into.
        is_own: False when it came along with another place's change.
        reason: why, in somebody's words.
    """

    kind: PlaceKind
    place_id: int
    since: date | None
    change: Change
    name: str
    code: str = ""
    unit_id: int | None = None
    line_id: int | None = None
    is_open: bool = True
    successor_id: int | None = None
    is_own: bool = True
    reason: str = ""

    @property
    def key(self) -> Key:
        """Which place."""
        return (self.kind, self.place_id)

    @property
    def day(self) -> date:
        """Its first day, comparable."""
        return self.since or date.min


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change that somebody wants; what does not belong to its kind is left at its default.

    ``place_id`` None founds a place. ``unit_id`` and ``line_id`` say where it goes to: of a line
    always the unit; of a district the line, the unit or both.
    """

    change: Change
    kind: PlaceKind
    on: date | None
    place_id: int | None = None
    name: str = ""
    code: str = ""
    unit_id: int | None = None
    line_id: int | None = None
    successor_id: int | None = None
    reason: str = ""


class RefusedChangeError(InvalidInputError):
    """The organisation does not allow the change; ``column`` is the part that is wrong."""

    code = "organisation_refused"
    title = "This change of the organisation is not possible"
    title_zh = "组织机构无法这样变更"

    def __init__(self, column: str, detail: str, detail_zh: str) -> None:
        """Keep what is wrong and where."""
        self.column = column
        super().__init__(detail, detail_zh=detail_zh)


class Organisation:
    """All places with their histories, in memory; changes are checked here before they are kept."""

    def __init__(self, states: Iterable[State]) -> None:
        """Take the histories, each in its order."""
        self._of: dict[Key, list[State]] = {}
        self._at: dict[tuple[str, str, int | None], set[Key]] = defaultdict(set)
        """Places by kind, and what they were ever of: ``("line", "unit", 7)``."""
        self._named: dict[tuple[str, str], set[Key]] = defaultdict(set)
        self._coded: dict[tuple[str, str], Key] = {}
        self._journal: list[State] = []
        self._new = 0
        for state in states:
            self._keep(state)

    def _keep(self, state: State) -> None:
        self._journal.append(state)
        self._of.setdefault(state.key, []).append(state)
        self._named[state.kind, state.name].add(state.key)
        if state.code:
            self._coded[state.kind, state.code] = state.key
        self._at[state.kind, "unit", state.unit_id].add(state.key)
        self._at[state.kind, "line", state.line_id].add(state.key)

    def mark(self) -> int:
        """Where the organisation stands, for :meth:`back_to`."""
        return len(self._journal)

    def back_to(self, mark: int) -> None:
        """Forget what was taken in since: what belonged together was refused."""
        for state in reversed(self._journal[mark:]):
            states = self._of.get(state.key, [])
            if state in states:
                states.remove(state)
            if not states:
                self._of.pop(state.key, None)
                if self._coded.get((state.kind, state.code)) == state.key:
                    del self._coded[state.kind, state.code]
        del self._journal[mark:]

    # -- looking --------------------------------------------------------------------------------

    def history(self, kind: str, place_id: int) -> tuple[State, ...]:
        """The states of a place, the oldest first."""
        return tuple(self._of.get((kind, place_id), ()))

    def last(self, kind: str, place_id: int) -> State | None:
        """The newest state, which may be still to come."""
        states = self._of.get((kind, place_id))
        return states[-1] if states else None

    def state(self, kind: str, place_id: int | None, day: date) -> State | None:
        """What a place was on a day; None when it did not exist yet."""
        if place_id is None:
            return None
        found = None
        for state in self._of.get((kind, place_id), ()):
            if state.day <= day:
                found = state
        return found

    def on(self, day: date, kind: str) -> Iterator[State]:
        """All places of a kind as they were on a day, closed ones too."""
        for found_kind, place_id in list(self._of):
            if found_kind == kind:
                state = self.state(kind, place_id, day)
                if state is not None:
                    yield state

    def named(self, kind: str, name: str) -> list[State]:
        """Newest states of the places that bear this name, or ever bore it; open ones first."""
        keys = self._named.get((kind, name), ())
        found = [self._of[key][-1] for key in keys if key in self._of]
        return sorted(found, key=lambda one: (one.name != name, not one.is_open, one.place_id))

    def coded(self, kind: str, code: str) -> State | None:
        """The newest state of the place with this code."""
        key = self._coded.get((kind, code))
        return self._of[key][-1] if key else None

    def of(self, kind: str, parent: str, parent_id: int, day: date) -> list[State]:
        """Open places of a kind that belong to a unit or line on a day."""
        keys = self._at.get((kind, parent, parent_id), set())
        states = [self.state(kind, place_id, day) for _, place_id in keys]
        held = "unit_id" if parent == "unit" else "line_id"
        found = [s for s in states if s and s.is_open and getattr(s, held) == parent_id]
        return sorted(found, key=lambda one: one.place_id)

    # -- changing -------------------------------------------------------------------------------

    def change(self, wanted: Wanted) -> tuple[State, ...]:
        """Check a change and take it in.

        Returns:
            The new states: the place's own first, then those of what comes along.

        Raises:
            RefusedChangeError: with what to do; nothing was taken in.
        """
        _check_words(wanted)
        if wanted.change is Change.FOUNDED:
            states = [self._founded(wanted)]
        else:
            states = self._changed(wanted)
        for state in states:
            self._keep(state)
        return tuple(states)

    def give_id(self, key: Key, place_id: int) -> None:
        """The place that was just founded has its true id now."""
        for state in self._of.pop(key):
            self._named[state.kind, state.name].discard(key)
            self._at[state.kind, "unit", state.unit_id].discard(key)
            self._at[state.kind, "line", state.line_id].discard(key)
            self._keep(replace(state, place_id=place_id))

    def _founded(self, wanted: Wanted) -> State:
        state = State(
            wanted.kind,
            -(self._new + 1),
            wanted.on,
            Change.FOUNDED,
            wanted.name.strip(),
            wanted.code.strip(),
            wanted.unit_id,
            wanted.line_id,
            reason=wanted.reason.strip(),
        )
        state = self._with_unit_of_line(state, wanted)
        self._check_above(state)
        self._check_name(state)
        self._new += 1
        return state

    def _changed(self, wanted: Wanted) -> list[State]:
        before = self._present(wanted)
        now = replace(
            before,
            since=wanted.on,
            change=wanted.change,
            is_own=True,
            reason=wanted.reason.strip(),
        )
        if wanted.change is Change.RENAMED:
            code = wanted.code.strip() or before.code
            now = replace(now, name=wanted.name.strip() or before.name, code=code)
            self._check_name(now)
            return [now]
        if wanted.change is Change.MOVED:
            return self._moved(before, now, wanted)
        if wanted.change is Change.CLOSED:
            self._check_empty(now)
            return [replace(now, is_open=False)]
        return self._merged(now, wanted)

    def _present(self, wanted: Wanted) -> State:
        """The state that the change goes on from."""
        last = self.last(wanted.kind, wanted.place_id or 0)
        if last is None:
            raise RefusedChangeError("name", "There is no such place", "没有这个单位、线路或台区")
        if wanted.on is None:
            raise RefusedChangeError("from", "Give the day of the change", "请填写变更日期")
        if not last.is_open:
            day = _told(last.since)
            raise RefusedChangeError(
                "name",
                f"{last.name} is closed since {day}; found it anew under another name",
                f"{last.name} 已于 {day} 撤销，请以新名称重新设立",
            )
        if wanted.on < last.day:
            ends = wanted.change in (Change.CLOSED, Change.MERGED)
            raise self._too_early(last, "to" if ends else "from")
        return last

    @staticmethod
    def _too_early(last: State, column: str) -> RefusedChangeError:
        day = _told(last.since)
        if last.change in BEGINNINGS:
            return RefusedChangeError(
                column,
                f"{last.name} was founded on {day}; give that day or a later one",
                f"{last.name} 于 {day} 设立，变更日期不能早于设立日期",
            )
        return RefusedChangeError(
            column,
            f"{last.name} has a change on {day} already; give that day or a later one, "
            "or withdraw what is planned",
            f"{last.name} 在 {day} 已有变更，请填写该日或之后的日期，或先撤回已计划的变更",
        )

    def _moved(self, before: State, now: State, wanted: Wanted) -> list[State]:
        now = replace(now, unit_id=wanted.unit_id, line_id=wanted.line_id)
        now = self._with_unit_of_line(now, wanted, before)
        if (now.unit_id, now.line_id) == (before.unit_id, before.line_id):
            raise RefusedChangeError(
                "parent", f"{now.name} is there already", f"{now.name} 已在该处，无需变更"
            )
        self._check_above(now)
        if now.kind is PlaceKind.UNIT:
            self._check_cycle(now)
        self._check_name(now)
        if now.kind is not PlaceKind.LINE:
            return [now]
        districts = self.of(PlaceKind.DISTRICT, "line", now.place_id, now.day)
        along = [one for one in districts if one.unit_id == before.unit_id]
        return [now, *(self._along(one, now, now.unit_id) for one in along)]

    def _with_unit_of_line(self, now: State, wanted: Wanted, before: State | None = None) -> State:
        """A district goes where its line is, unless the unit is named; its line may stay."""
        if now.kind is not PlaceKind.DISTRICT:
            return replace(now, line_id=None)
        if wanted.line_id is None and before is not None:
            return replace(now, line_id=before.line_id)
        if wanted.unit_id is None and wanted.line_id is not None:
            line = self.state(PlaceKind.LINE, wanted.line_id, now.day)
            return replace(now, unit_id=line.unit_id if line else None)
        return now

    def _merged(self, now: State, wanted: Wanted) -> list[State]:
        if now.kind is not PlaceKind.UNIT:
            raise RefusedChangeError("kind", "Only units are merged", "只有单位可以合并")
        into = wanted.successor_id
        if into is None or into == now.place_id:
            raise RefusedChangeError(
                "merged_into", "Name another unit to merge into", "请填写并入的另一个单位"
            )
        now = replace(now, unit_id=into, successor_id=into, is_open=False)
        self._check_above(now)
        self._check_cycle(now)
        along: list[State] = []
        for kind in PlaceKind:
            below = self.of(kind, "unit", now.place_id, now.day)
            along += [self._along(one, now, into) for one in below if one.place_id != into]
        for one in along:
            self._check_name(one)
        return [now, *along]

    def _along(self, place: State, because: State, unit_id: int | None) -> State:
        last = self._of[place.key][-1]
        if last.day > because.day:
            raise self._too_early(last, "from")
        return replace(
            last,
            since=because.since,
            change=Change.MOVED,
            unit_id=unit_id,
            is_own=False,
            reason=because.reason,
        )

    # -- checks ---------------------------------------------------------------------------------

    def _check_above(self, state: State) -> None:
        """What it belongs to must be open from that day on."""
        above = ((PlaceKind.UNIT, state.unit_id), (PlaceKind.LINE, state.line_id))
        for kind, place_id in above:
            if place_id is None:
                continue
            column = "line" if kind is PlaceKind.LINE else "parent"
            if self.state(kind, place_id, state.day) is None:
                last = self.last(kind, place_id)
                name = last.name if last else "?"
                raise RefusedChangeError(
                    column,
                    f"{name} does not exist yet on {_told(state.since)}",
                    f"{name} 在 {_told(state.since)} 尚未设立",
                )
            closed = next((s for s in self._from(kind, place_id, state.day) if not s.is_open), None)
            if closed is not None:
                raise RefusedChangeError(
                    column,
                    f"{closed.name} is closed from {_told(closed.since)} on; choose another",
                    f"{closed.name} 自 {_told(closed.since)} 起撤销，请另选",
                )

    def _from(self, kind: str, place_id: int, day: date) -> list[State]:
        """The states of a place on a day and after it."""
        states = self._of[kind, place_id]
        present = self.state(kind, place_id, day)
        return [one for one in states if one is present or one.day > day]

    def _check_cycle(self, moved: State) -> None:
        """On no day from the change on may a unit be above itself."""
        later = {s.day for _, s in self._all(PlaceKind.UNIT) if s.day > moved.day}
        for day in (moved.day, *sorted(later)):
            seen: dict[int, str] = {}
            unit_id = moved.unit_id
            while unit_id is not None and unit_id not in seen:
                if unit_id == moved.place_id:
                    raise self._cyclic(moved, [*seen.values()], day)
                above = self.state(PlaceKind.UNIT, unit_id, day)
                seen[unit_id] = above.name if above else ""
                unit_id = above.unit_id if above else None

    def _cyclic(self, moved: State, between: list[str], day: date) -> RefusedChangeError:
        """Names the way round: each unit belongs to the next, from that day on."""
        way = " → ".join([moved.name, *between, moved.name])
        name = between[0] if between else moved.name
        column = "merged_into" if moved.change is Change.MERGED else "parent"
        since = "" if day == date.min else _told(day)
        return RefusedChangeError(
            column,
            f"{name} is {moved.name} itself or stands below it"
            f" ({way}{f', from {since} on' if since else ''}); move {name} elsewhere first",
            f"{name} 就是 {moved.name} 本身或其下级，不能成为其上级"
            f"（{way}{f'，自 {since} 起' if since else ''}），请先将其移出",
        )

    def _all(self, kind: str) -> Iterator[tuple[Key, State]]:
        for key, states in self._of.items():
            if key[0] == kind:
                for state in states:
                    yield key, state

    def _check_name(self, state: State) -> None:
        holder = self._coded.get((state.kind, state.code)) if state.code else None
        if holder not in (None, state.key):
            raise RefusedChangeError(
                "code", f"The code {state.code} is taken", f"编号 {state.code} 已被使用"
            )
        for key in self._named.get((state.kind, state.name), set()) - {state.key}:
            for other in self._from(*key, state.day) if key in self._of else ():
                if other.name == state.name and _same_home(state, other):
                    since = "" if other.is_open else f" ({_told(other.since)} 撤销)"
                    raise RefusedChangeError(
                        "name",
                        f"The name {state.name} is taken there; choose another",
                        f"名称“{state.name}”已被使用{since}，请换一个名称",
                    )

    def _check_empty(self, state: State) -> None:
        """What is closed has nothing left below it."""
        parent = {PlaceKind.UNIT: "unit", PlaceKind.LINE: "line"}.get(state.kind)
        if parent is None:
            return
        days = [state.day, *sorted({s.day for s in self._later(state.day)})]
        for day in days:
            for kind in PlaceKind:
                for one in self.of(kind, parent, state.place_id, day):
                    raise RefusedChangeError(
                        "to",
                        f"{one.name} still belongs to {state.name}; move it first, or merge",
                        f"{state.name} 下仍有 {one.name}，请先移出，或改为合并",
                    )

    def _later(self, day: date) -> Iterator[State]:
        for states in self._of.values():
            yield from (one for one in states if one.day > day)


def _same_home(one: State, other: State) -> bool:
    """Whether two places must not share a name: units anywhere, others in one place."""
    if one.kind is PlaceKind.UNIT:
        return True
    return (one.unit_id, one.line_id) == (other.unit_id, other.line_id)


def _check_words(wanted: Wanted) -> None:
    needs_name = wanted.change is Change.FOUNDED or (
        wanted.change is Change.RENAMED and not wanted.code.strip()
    )
    if needs_name and not wanted.name.strip():
        raise RefusedChangeError("name", "Give the name", "请填写名称")
    limits: Mapping[str, tuple[str, int]] = {
        "name": (wanted.name, LONGEST_NAME),
        "code": (wanted.code, LONGEST_CODE),
        "reason": (wanted.reason, LONGEST_REASON),
    }
    for column, (text, most) in limits.items():
        if len(text.strip()) > most:
            raise RefusedChangeError(column, f"At most {most} characters", f"最多 {most} 个字")
    if not wanted.reason.strip():
        raise RefusedChangeError("reason", "Give the reason", "请填写变更原因")
    if wanted.on is not None and not EARLIEST <= wanted.on <= LATEST:
        raise RefusedChangeError("from", "No such day", "日期不合理")


def _told(day: date | None) -> str:
    return day.isoformat() if day else "–"
