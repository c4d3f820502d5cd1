"""Import of units, lines and districts: compared with what is there, only what differs is entered.

A row says what a place is from a day on. Idempotent: what is so already on that day changes
nothing. Right rows are taken even when others are wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from dossier.access import demand_whole
from dossier.clock import local_date
from dossier.db.session import ScopedSession
from dossier.rules import organisation_file, organisation_order
from dossier.rules.customer_file import RowError
from dossier.rules.organisation import (
    Change,
    Organisation,
    PlaceKind,
    RefusedChangeError,
    State,
    Wanted,
)
from dossier.rules.organisation_file import PlaceRow
from dossier.services import audit, organisation
from dossier.services.context import Context
from dossier.services.named_rows import RowReport, RowTally, named_rows
from dossier.services.organisation import SYSTEM, Book
from dossier.services.table_files import open_table
from dossier.viewer import Permission, Viewer

BATCH_ROWS = 1_000
"""Rows of one transaction: a second or two in which no other writer gets in."""
COLUMN_OF = {"to": "closed_on"}
IMPORTED = "organisation.imported"
REASON = "导入"

Enter = Callable[[Wanted], int]


@dataclass(slots=True)
class _Tally(RowTally):
    """What the import did so far, and which rows of the file name a unit."""

    of_unit: dict[str, list[int]] = field(default_factory=dict)

    def refused_for(self, unit: str) -> int | None:
        """The first row of the unit that was refused."""
        return next((row for row in self.of_unit.get(unit, ()) if row in self.rejected), None)


def import_organisation(
    context: Context, viewer: Viewer, path: Path, *, dry_run: bool
) -> RowReport:
    """Read a file of units, lines and districts (:mod:`dossier.rules.organisation_file`).

    Raises:
        ForbiddenError: the role does not manage the organisation of the whole company.
        InvalidInputError: the file or its header cannot be used; nothing was written.
    """
    demand_whole(viewer, Permission.MANAGE_ORGANISATION)
    tally = _Tally()
    rows = _rows(path, tally)
    if dry_run:
        with context.reading(SYSTEM) as session:
            _check(context, session, rows, tally)
        return tally.report(dry_run=True)
    for start in range(0, len(rows), BATCH_ROWS):
        _write(context, viewer, rows[start : start + BATCH_ROWS], tally)
    report = tally.report(dry_run=False)
    facts = {"changed": report.changed, "rejected": report.rejected}
    with context.writing(viewer) as session:
        audit.note(session, viewer, IMPORTED, at=context.clock.now(), facts=facts)
    return report


def _rows(path: Path, tally: _Tally) -> list[PlaceRow]:
    found: list[PlaceRow] = []
    with open_table(path) as table:
        known, required = organisation_file.COLUMNS, organisation_file.REQUIRED
        for row in named_rows(table, known, required, tally):
            read = organisation_file.read_row(row.number, row.get)
            if isinstance(read, RowError):
                tally.reject(read)
            else:
                found.append(read)
    for each in found:
        for name in {each.name, each.code} - {""} if each.kind is PlaceKind.UNIT else ():
            tally.of_unit.setdefault(name, []).append(each.row)
    ordered, circles = organisation_order.in_order(found)
    for circle in circles:
        since_zh = f"自 {circle.since} 起" if circle.since else ""
        since_en = f"from {circle.since} on " if circle.since else ""
        round_zh, round_en = circle.told("{name}（第{row}行）"), circle.told("{name} (row {row})")
        for one in circle.rows:
            tally.reject(
                RowError(
                    one.row,
                    "parent",
                    f"{since_zh}上级单位成环：{round_zh}，请改正其中一行",
                    f"{since_en}the units above go in a circle: {round_en}; mend one of these rows",
                )
            )
    return ordered


def _check(
    context: Context, session: ScopedSession, rows: Sequence[PlaceRow], tally: RowTally
) -> None:
    """All rows against what would be there by then; nothing is written."""
    places = organisation.load(session)

    def enter(wanted: Wanted) -> int:
        organisation.refuse_closing(session, wanted)
        return places.change(wanted)[0].place_id

    today = local_date(context.clock.now())
    for row in rows:
        _take(places, row, enter, tally, today, nullcontext)


def _write(context: Context, viewer: Viewer, rows: Sequence[PlaceRow], tally: _Tally) -> None:
    with context.writing(SYSTEM) as session:
        organisation.lock(session)
        places = organisation.load(session)
        book = Book(context, session, viewer, places)
        today = local_date(context.clock.now())
        for row in rows:
            _take(places, row, book.enter, tally, today, book.wholly)
        book.apply_due()


def _take(
    places: Organisation,
    row: PlaceRow,
    enter: Enter,
    tally: _Tally,
    today: date,
    wholly: Callable[[], AbstractContextManager[None]],
) -> None:
    if row.row in tally.rejected:
        return
    mark = places.mark()
    try:
        with wholly():
            entered = _enter_row(places, row, enter, today)
    except RefusedChangeError as err:
        places.back_to(mark)
        tally.reject(_after_refusal(places, row, tally) or _error(row, err))
        return
    except IntegrityError:
        places.back_to(mark)
        tally.reject(RowError(row.row, "name", "与已有记录冲突", "it collides with what is there"))
        return
    tally.take(row.row, changed=bool(entered))


def _error(row: PlaceRow, err: RefusedChangeError) -> RowError:
    return RowError(row.row, COLUMN_OF.get(err.column, err.column), err.detail_zh, err.detail)


def _after_refusal(places: Organisation, row: PlaceRow, tally: _Tally) -> RowError | None:
    """The reason where a unit is missing only because its own row was refused."""
    for column, name in (("parent", row.parent), ("merged_into", row.merged_into)):
        refused = tally.refused_for(name)
        if refused is not None and _found_unit(places, name) is None:
            return RowError(
                row.row,
                column,
                f"“{name}”所在的第 {refused} 行未被接受，请先改正该行",
                f"row {refused}, which names {name}, was refused; mend that row first",
            )
    return None


def _enter_row(places: Organisation, row: PlaceRow, enter: Enter, today: date) -> int:
    """Enter what differs; how many changes that was."""
    unit_id, line_id = _above(places, row)
    into = _unit(places, row.merged_into, "merged_into") if row.merged_into else None
    last = _known(places, row, unit_id, line_id)
    reason = row.reason or REASON
    words = Wanted(Change.RENAMED, row.kind, row.since, name=row.name, code=row.code, reason=reason)
    entered = 0
    if last is None:
        since = row.since or _beginning(places, unit_id, line_id)
        founding = replace(words, change=Change.FOUNDED, on=since, unit_id=unit_id, line_id=line_id)
        last = places.last(row.kind, enter(founding))
        entered += 1
    if last is None:
        return entered
    place_id = last.place_id
    then = places.state(row.kind, place_id, row.since) if row.since else last
    then = then or last
    on = row.since or max(today, last.day)
    if then.is_open and (row.name != then.name or row.code not in ("", then.code)):
        enter(replace(words, on=on, place_id=place_id))
        entered += 1
    if then.is_open and (unit_id, line_id) != (then.unit_id, then.line_id):
        move = Wanted(
            Change.MOVED,
            row.kind,
            on,
            place_id,
            unit_id=unit_id,
            line_id=line_id,
            reason=reason,
        )
        enter(move)
        entered += 1
    return entered + _close(places, row, place_id, into, enter)


def _beginning(places: Organisation, unit_id: int | None, line_id: int | None) -> date | None:
    """Without a day of its own a place began with what it belongs to."""
    above = ((PlaceKind.UNIT, unit_id), (PlaceKind.LINE, line_id))
    days = [places.history(kind, each)[0].since for kind, each in above if each is not None]
    return max((day for day in days if day is not None), default=None)


def _close(
    places: Organisation, row: PlaceRow, place_id: int, into: int | None, enter: Enter
) -> int:
    last = places.last(row.kind, place_id)
    if row.closed_on is None or last is None:
        return 0
    if not last.is_open and last.since == row.closed_on and last.successor_id == into:
        return 0
    change = Change.CLOSED if into is None else Change.MERGED
    reason = row.reason or REASON
    enter(Wanted(change, row.kind, row.closed_on, place_id, successor_id=into, reason=reason))
    return 1


def _above(places: Organisation, row: PlaceRow) -> tuple[int | None, int | None]:
    """Ids of the unit and line that the row names; of a district on a line, the line's unit."""
    unit_id = _unit(places, row.parent, "parent") if row.parent else None
    if row.kind is not PlaceKind.DISTRICT or not row.line:
        return unit_id, None
    found = places.coded(PlaceKind.LINE, row.line)
    lines = [found] if found else places.named(PlaceKind.LINE, row.line)
    fitting = [one for one in lines if one.is_open and row.line in (one.name, one.code)]
    near = [one for one in fitting if one.unit_id == unit_id] or fitting
    if not near or (len(near) > 1 and unit_id is None):
        raise RefusedChangeError(
            "line",
            "No such line, or several: give its code, or the unit",
            "没有此线路或有多条同名线路，请填写线路编号或所属单位",
        )
    return (near[0].unit_id if unit_id is None else unit_id), near[0].place_id


def _unit(places: Organisation, text: str, column: str) -> int:
    found = _found_unit(places, text)
    if found is None:
        raise RefusedChangeError(
            column,
            f"No unit {text}; name it in a row of its own, or mend the name",
            f"没有单位“{text}”，请先为其填写一行，或改正名称",
        )
    return found.place_id


def _found_unit(places: Organisation, text: str) -> State | None:
    coded = places.coded(PlaceKind.UNIT, text)
    named = [one for one in places.named(PlaceKind.UNIT, text) if one.name == text]
    return coded or (named[0] if named else None)


def _known(
    places: Organisation, row: PlaceRow, unit_id: int | None, line_id: int | None
) -> State | None:
    """The place that a row means: by its code; a unit by its name, others by name and place."""
    if row.code and (found := places.coded(row.kind, row.code)):
        return found
    free = [one for one in places.named(row.kind, row.name) if not (row.code and one.code)]
    if row.kind is PlaceKind.UNIT:
        return free[0] if free else None
    for one in free:
        for state in places.history(one.kind, one.place_id):
            if (state.unit_id, state.line_id) == (unit_id, line_id) and state.name == row.name:
                return one
    return None


def as_json(report: RowReport) -> dict[str, object]:
    """The report as plain values."""
    return asdict(report)
