"""Rows of a table by the names of its columns, as texts, with what is wrong by row and column."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dossier.errors import ExitCode, InvalidInputError
from dossier.rules import customer_file
from dossier.rules.customer_file import CellError, Header, LeftOutColumn, RowError
from dossier.services.table_files import Row

MOST_ROWS_ABOVE_HEADER = 10
MOST_ERRORS = 1_000
"""Errors kept in the report; the rest is counted."""


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A row: its number in the file, and its cells by column; a column that is missing has none."""

    number: int
    cells: Mapping[str, str]

    def get(self, column: str) -> str:
        """The cell's text, empty where there is none."""
        return self.cells.get(column, "")


@dataclass(slots=True)
class RowTally:
    """What an import did so far."""

    taken: dict[int, bool] = field(default_factory=dict)
    """Row → whether it changed anything."""
    rejected: set[int] = field(default_factory=set)
    error_count: int = 0
    errors: list[RowError] = field(default_factory=list)
    header: Header = Header(())  # noqa: RUF009 - a frozen value

    def take(self, row: int, *, changed: bool) -> None:
        """Count a row that is right."""
        self.taken[row] = self.taken.get(row, False) or changed

    def reject(self, error: RowError) -> None:
        """Count a row that is left out, and why."""
        if error.row in self.rejected:
            return
        self.rejected.add(error.row)
        self.error_count += 1
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(self.header.named(error))

    def report(self, *, dry_run: bool) -> RowReport:
        """The final word."""
        right = [changed for row, changed in self.taken.items() if row not in self.rejected]
        return RowReport(
            sum(right),
            len(right) - sum(right),
            len(self.rejected),
            tuple(self.errors),
            self.error_count,
            self.header.left_out,
            dry_run,
        )


@dataclass(frozen=True, slots=True)
class RowReport:
    """What an import did, or would do: rows that changed something, that did not, left out."""

    changed: int
    unchanged: int
    rejected: int
    errors: tuple[RowError, ...]
    error_count: int
    left_out: tuple[LeftOutColumn, ...]
    dry_run: bool

    @property
    def exit_code(self) -> ExitCode:
        """The command line's exit code: partly when some rows were left out, failed when all."""
        if not self.rejected:
            return ExitCode.OK
        return ExitCode.PARTLY if self.changed + self.unchanged else ExitCode.FAILED


def named_rows(
    rows: Iterator[Row],
    known: Mapping[str, Sequence[str]],
    required: Sequence[str],
    tally: RowTally,
) -> Iterator[NamedRow]:
    """The rows below the header; those with an unreadable cell go into the tally.

    Raises:
        InvalidInputError: the file is empty or its header cannot be used.
    """
    header = _header(rows, known, required)
    tally.header = header
    for number, cells in rows:
        if customer_file.is_blank(cells):
            continue
        named: dict[str, str] = {}
        try:
            for column, cell in zip(header.columns, cells, strict=False):
                if column is not None:
                    named[column] = customer_file.cell_text(cell)
        except CellError as err:
            tally.reject(RowError(number, str(column), err.message_zh, err.message_en))
            continue
        yield NamedRow(number, named)


def _header(
    rows: Iterator[Row], known: Mapping[str, Sequence[str]], required: Sequence[str]
) -> Header:
    first: list[Any] | None = None
    for _, cells in itertools.islice(rows, MOST_ROWS_ABOVE_HEADER):
        if customer_file.has_required(cells, required, known):
            return customer_file.read_header(cells, known, required)
        if first is None and not customer_file.is_blank(cells):
            first = cells
    if first is None:
        raise InvalidInputError("the file is empty", detail_zh="文件为空")
    return customer_file.read_header(first, known, required)  # refuses, and says what is missing
