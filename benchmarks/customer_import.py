"""How fast the customer register is read in, against a bare bulk insert of the same rows.

    python -m benchmarks.customer_import --customers 100000

Prints the machine, rows a second for the first import, for the same file again, for one in ten rows
changed, and for a workbook; the longest commit, in which no other writer gets in; and the ratio to
SQLAlchemy's bulk insert of the same tables without any check, hash or comparison.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from sqlalchemy import insert, select

from benchmarks.linking import BENCHMARK, open_archive
from dossier.db.tables import Customer, CustomerNumber, Identifier, IndexChange, Table
from dossier.plugins.demo.customers import invent_customers, write_customers
from dossier.services.context import Context
from dossier.services.customer_import import BATCH_ROWS, import_customers

TARGET = 100_000 / 60
"""Rows a second: 100,000 a minute (issue 3, point 6)."""
CHANGED_EVERY = 10
WORKBOOK_ROWS = 20_000


def timed_import(context: Context, file: Path) -> tuple[Any, float, float]:
    """The report, seconds, and the longest batch in seconds."""
    marks = [time.perf_counter()]
    report = import_customers(
        context,
        BENCHMARK,
        file,
        dry_run=False,
        progress=lambda _: marks.append(time.perf_counter()),
    )
    total = time.perf_counter() - marks[0]
    return report, total, max(b - a for a, b in itertools.pairwise(marks))


def show(what: str, rows: int, measured: tuple[Any, float, float]) -> float:
    report, seconds, longest = measured
    speed = rows / seconds
    print(
        f"| {what} | {rows} | {report.created} | {report.updated} | {report.unchanged} "
        f"| {seconds:.1f} | {speed:.0f} | {speed / TARGET:.1f} | {longest * 1000:.0f} |"
    )
    return speed


def change_some(file: Path, out: Path) -> None:
    with (
        file.open(encoding="utf-8", newline="") as source,
        out.open("w", encoding="utf-8", newline="") as target,
    ):
        writer = csv.writer(target)
        for at, row in enumerate(csv.reader(source)):
            if at and at % CHANGED_EVERY == 0:
                row[6] += "附1号"
            writer.writerow(row)


def workbook(file: Path, out: Path, limit: int) -> int:
    with (
        xlsxwriter.Workbook(out, {"constant_memory": True}) as book,
        file.open(encoding="utf-8", newline="") as source,
    ):
        sheet = book.add_worksheet()
        for at, row in enumerate(csv.reader(source)):
            if at > limit:
                return limit
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell)
    return at


def bare(context: Context, home: Path) -> float:
    """Rows a second of a bulk insert of the same rows, committed in the same batches."""
    tables = (Customer, CustomerNumber, Identifier, IndexChange)
    with context.reading(BENCHMARK) as session:
        rows = {table: [columns(one) for one in session.scalars(select(table))] for table in tables}
    other = open_archive(home)
    started = time.perf_counter()
    for table, values in rows.items():
        for batch in batches(values, BATCH_ROWS * 3):
            with other.writing(BENCHMARK) as session:
                session.connection().exec_driver_sql("PRAGMA defer_foreign_keys=ON")
                session.execute(insert(table), [place_free(one) for one in batch])
    return len(rows[Customer]) / (time.perf_counter() - started)


def columns(one: Table) -> dict[str, Any]:
    return {column.key: getattr(one, column.key) for column in one.__table__.columns}


def place_free(row: dict[str, Any]) -> dict[str, Any]:
    """The row without its place, which the other archive does not have."""
    return {**row, **{key: None for key in ("unit_id", "line_id", "district_id") if key in row}}


def batches(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (rows[at : at + size] for at in range(0, len(rows), size))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}, SQLite, commits of {BATCH_ROWS} rows"
    )
    home = Path(tempfile.mkdtemp())
    file, changed, book = home / "a.csv", home / "b.csv", home / "c.xlsx"
    count = write_customers(file, invent_customers(arguments.seed, arguments.customers))
    change_some(file, changed)
    book_rows = workbook(file, book, min(count, WORKBOOK_ROWS))
    context = open_archive(home / "archive")
    print(
        "\n| import | rows | created | updated | unchanged | s | rows/s | times the target | longest commit, ms |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    first = show("first", count, timed_import(context, file))
    show("the same again", count, timed_import(context, file))
    show("one in ten changed", count, timed_import(context, changed))
    show("workbook, unchanged but those", book_rows, timed_import(context, book))
    plain = bare(context, home / "bare")
    print(
        f"\nbare bulk insert of the same rows: {plain:.0f} rows/s; first import is {first / plain:.0%} of it"
    )


if __name__ == "__main__":
    main()
