"""Import of the customer register: streamed, checked row by row, written in short transactions.

Idempotent: a row that says what the record says already changes nothing, so an import that was
broken off is simply started again. Good rows are taken even when others are wrong; the report says
which, without repeating personal numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dossier.access import demand
from dossier.db.session import ScopedSession
from dossier.errors import ExitCode, ForbiddenError, InvalidInputError
from dossier.rules import customer_file
from dossier.rules.customer_file import CustomerRecord, Header, LeftOutColumn, RowError
from dossier.services import audit, linking
from dossier.services.context import Context
from dossier.services.customer_upsert import Outcome, Upsert
from dossier.services.places import Places
from dossier.services.table_files import Row, open_table
from dossier.viewer import Permission, Viewer, system_viewer

IMPORTING = system_viewer("import")
"""Sees the whole register: a number is unique in the company, not in a unit."""
BATCH_ROWS = 1_000
"""Rows of one transaction: some 200 ms in which no other writer gets in."""
MOST_RELINKED = 2_000
"""Waiting papers that are asked about again: well below a minute."""
MOST_ROWS_ABOVE_HEADER = 10
"""Rows that are looked at for the header; exports have one to three lines above it."""
MOST_ERRORS = 1_000
"""Errors kept in the report; the rest is counted."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do.

    Attributes:
        created: customers that are new.
        updated: customers that changed.
        unchanged: rows that say what the record says.
        rejected: rows that were left out.
        errors: the first of what is wrong, by row and column.
        error_count: all of what is wrong.
        left_out: columns of the file that are not known and were not read.
        units_created: names of units that were not known; likewise lines and districts.
        relinked: papers that waited for a person and found their customer now.
        dry_run: nothing was written.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    errors: tuple[RowError, ...] = ()
    error_count: int = 0
    left_out: tuple[LeftOutColumn, ...] = ()
    units_created: tuple[str, ...] = ()
    lines_created: tuple[str, ...] = ()
    districts_created: tuple[str, ...] = ()
    relinked: int = 0
    dry_run: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """The command line's exit code: partly when some rows were left out, failed when all."""
        if not self.rejected:
            return ExitCode.OK
        taken = self.created + self.updated + self.unchanged
        return ExitCode.PARTLY if taken else ExitCode.FAILED


@dataclass(slots=True)
class _Tally:
    """Counts while the file is read."""

    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    errors: list[RowError] = field(default_factory=list)
    error_count: int = 0
    rejected: int = 0
    rows: int = 0
    left_out: tuple[LeftOutColumn, ...] = ()

    def reject(self, errors: Sequence[RowError]) -> None:
        """Count a row that is left out, for these reasons."""
        self.rejected += 1
        self.error_count += len(errors)
        self.errors += errors[: max(0, MOST_ERRORS - len(self.errors))]


def import_customers(
    context: Context,
    viewer: Viewer,
    path: Path,
    *,
    dry_run: bool,
    strict: bool = False,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Read a customer file into the register (see :mod:`dossier.rules.customer_file`).

    Args:
        context: the wired parts.
        viewer: who imports; company-wide.
        path: CSV (UTF-8 or GB18030; comma, semicolon or tab) or XLSX.
        dry_run: check and compare only.
        strict: refuse a file with columns that are not known, instead of leaving them out.
        progress: told the number of rows that are done, after every batch.

    Raises:
        ForbiddenError: the role may not import, or is held for a part of the company only.
        InvalidInputError: the file or its header cannot be used; nothing was written.
    """
    viewer = demand(viewer, Permission.IMPORT)
    if not viewer.scope.everything:
        raise ForbiddenError("an import needs a role for the whole company")
    tally, places = _Tally(), Places(may_create=not dry_run)
    upsert = Upsert(context.keyring, places)
    with open_table(path) as rows:
        for batch in _batches(_records(rows, tally, strict=strict)):
            with _session(context, dry_run=dry_run) as session:
                _count(tally, upsert.write(session, batch, at=context.clock.now(), dry=dry_run))
            if progress:
                progress(tally.rows)
    report = _report(tally, places, dry_run=dry_run)
    if dry_run:
        return report
    _note(context, viewer, report)
    if report.created or report.updated:
        relinked = linking.link_waiting(context, viewer, limit=MOST_RELINKED)
        report = replace(report, relinked=relinked)
    return report


def _session(context: Context, *, dry_run: bool) -> AbstractContextManager[ScopedSession]:
    return context.reading(IMPORTING) if dry_run else context.writing(IMPORTING)


def _records(
    rows: Iterator[Row], tally: _Tally, *, strict: bool = False
) -> Iterator[CustomerRecord]:
    """The rows that are right; the others go into the tally."""
    header = _header(rows, strict=strict)
    columns, tally.left_out = header.columns, header.left_out
    seen: dict[str, int] = {}
    for number, cells in rows:
        if customer_file.is_blank(cells):
            continue
        tally.rows += 1
        record, errors = customer_file.read_row(number, columns, cells)
        if record is not None and record.customer_no in seen:
            errors = [_doubled(record, seen[record.customer_no])]
        if errors or record is None:
            tally.reject([header.named(error) for error in errors])
            continue
        seen[record.customer_no] = number
        yield record


def _header(rows: Iterator[Row], *, strict: bool) -> Header:
    """The header; a title, a date or the exporting system's name may stand above it."""
    first: list[Any] | None = None
    for _, cells in itertools.islice(rows, MOST_ROWS_ABOVE_HEADER):
        if customer_file.has_required(cells):
            return customer_file.read_header(cells, strict=strict)
        if first is None and not customer_file.is_blank(cells):
            first = cells
    if first is None:
        raise InvalidInputError("the file is empty", detail_zh="文件为空")
    return customer_file.read_header(first, strict=strict)  # refuses, and says what is missing


def _doubled(record: CustomerRecord, first: int) -> RowError:
    return RowError(
        record.row,
        "customer_no",
        f"户号与第 {first} 行重复，未导入",
        f"the same customer number as in row {first}; left out",
    )


def _batches(records: Iterator[CustomerRecord]) -> Iterator[list[CustomerRecord]]:
    batch: list[CustomerRecord] = []
    for record in records:
        batch.append(record)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    yield batch


def _count(tally: _Tally, outcomes: dict[Outcome, int]) -> None:
    for outcome, number in outcomes.items():
        tally.outcomes[outcome] += number


def _report(tally: _Tally, places: Places, *, dry_run: bool) -> ImportReport:
    return ImportReport(
        created=tally.outcomes[Outcome.CREATED],
        updated=tally.outcomes[Outcome.UPDATED],
        unchanged=tally.outcomes[Outcome.UNCHANGED],
        rejected=tally.rejected,
        errors=tuple(tally.errors),
        error_count=tally.error_count,
        left_out=tally.left_out,
        units_created=tuple(places.units_created),
        lines_created=tuple(places.lines_created),
        districts_created=tuple(places.districts_created),
        dry_run=dry_run,
    )


def _note(context: Context, viewer: Viewer, report: ImportReport) -> None:
    facts = {
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "rejected": report.rejected,
    }
    with context.writing(viewer) as session:
        audit.note(session, viewer, "customers.imported", at=context.clock.now(), facts=facts)
