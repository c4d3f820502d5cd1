"""The register held against another system's export, in batches that stay done (S0-24).

Broken off, it goes on with the same file. A later run asks again only what changed: a difference
that somebody settled stays settled while both sides say what they said then.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select

from dossier import access
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer
from dossier.db.verification_tables import ComparisonRun, Difference
from dossier.errors import InvalidInputError
from dossier.plugins.verification import facts, register_facts, rules
from dossier.plugins.verification.facts import COMPARED, Fact
from dossier.rules import customer_file
from dossier.rules.customer_file import CustomerRecord, Header, RowError
from dossier.services import audit
from dossier.services.context import Context
from dossier.services.customer_upsert import chunks
from dossier.services.key_stores import difference_key
from dossier.services.table_files import open_table
from dossier.viewer import Permission, Viewer, system_viewer

COMPARING = system_viewer("comparison")
"""Sees the whole register; whose eyes a difference is for is settled by who shows it."""
COMPARED_ACTION = "register.compared"
BATCH_ROWS = 500
MOST_ROWS_ABOVE_HEADER = 10
MOST_ERRORS, MOST_UNKNOWN = 200, 200
"""Kept of a run; the rest is counted."""
OPEN, SETTLED, GONE = "open", "settled", "gone"
TAKE_THEIRS = "take_theirs"
Row = tuple[CustomerRecord, bool]
"""A checked row, and whether it tells a category."""


@dataclass(slots=True)
class _File:
    """The file's rows that are right, in its order, and what is wrong with the others."""

    rows: list[Row] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    rejected: int = 0


def compare(
    context: Context,
    viewer: Viewer,
    path: Path,
    *,
    is_whole: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> str:
    """Compare a file (as customers are imported from) with the register; gives the run's id.

    Args:
        context: the wired product.
        viewer: who compares; company-wide.
        path: CSV or XLSX with the columns of the customer file.
        is_whole: the file has all customers, so that one missing in it is a difference.
        progress: told after every batch how many rows are done, of how many.

    Raises:
        ForbiddenError: the role may not, or is held for a part of the company only.
        InvalidInputError: the file or its header cannot be used; nothing was written.
    """
    viewer = access.demand_whole(viewer, Permission.SETTLE)
    file = _read(path)
    run_id, done = _begun(context, viewer, path, file, is_whole=is_whole)
    while done < len(file.rows):
        batch = file.rows[done : done + BATCH_ROWS]
        done += len(batch)
        with context.writing(COMPARING) as session:
            run = session.get_one(ComparisonRun, run_id)
            _compare_batch(context, session, run, batch)
            run.done = done
        progress(done, len(file.rows))
    if is_whole:
        _name_missing(context, run_id, {record.customer_no for record, _ in file.rows})
    _finish(context, viewer, run_id)
    return run_id


def _begun(
    context: Context, viewer: Viewer, path: Path, file: _File, *, is_whole: bool
) -> tuple[str, int]:
    """The run of this very file that was broken off, or a new one; and how many rows are done."""
    with path.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    mine = select(ComparisonRun).where(
        ComparisonRun.sha256 == sha256,
        ComparisonRun.is_whole == is_whole,
        ComparisonRun.finished_at.is_(None),
    )
    with context.writing(COMPARING) as session:
        run = session.scalars(mine.order_by(ComparisonRun.started_at.desc())).first()
        if run is None:
            run = ComparisonRun(
                sha256=sha256,
                is_whole=is_whole,
                rows=len(file.rows),
                done=0,
                rejected=file.rejected,
                errors=[
                    [one.row, one.column, one.heading, one.message_zh, one.message_en]
                    for one in file.errors
                ],
                unknown=[],
                unknown_count=0,
                opened=0,
                agreed=0,
                started_at=context.clock.now(),
                started_by=viewer.id,
            )
            session.add(run)
            session.flush()
        return run.id, run.done


def _finish(context: Context, viewer: Viewer, run_id: str) -> None:
    now = context.clock.now()
    with context.writing(COMPARING) as session:
        run = session.get_one(ComparisonRun, run_id)
        run.finished_at = now
        counts = {"rows": run.rows, "rejected": run.rejected, "created": run.opened}
        audit.note(
            session, viewer, COMPARED_ACTION, at=now, facts={**counts, "unchanged": run.agreed}
        )


# -- the file -----------------------------------------------------------------------------------


def _read(path: Path) -> _File:
    file, seen = _File(), dict[str, int]()
    with open_table(path) as rows:
        header = _header(rows)
        category = header.columns.index("category") if "category" in header.columns else None
        for number, cells in rows:
            if customer_file.is_blank(cells):
                continue
            record, errors = customer_file.read_row(number, header.columns, cells)
            if record is not None and record.customer_no in seen:
                errors = [_doubled(record, seen[record.customer_no])]
            if errors or record is None:
                file.rejected += 1
                named = [header.named(error) for error in errors]
                file.errors += named[: max(0, MOST_ERRORS - len(file.errors))]
                continue
            seen[record.customer_no] = number
            is_told = category is not None and category < len(cells) and bool(cells[category])
            file.rows.append((record, is_told))
    return file


def _header(rows: Iterator[tuple[int, list[Any]]]) -> Header:
    first: list[Any] | None = None
    for _, cells in itertools.islice(rows, MOST_ROWS_ABOVE_HEADER):
        if customer_file.has_required(cells):
            return customer_file.read_header(cells)
        if first is None and not customer_file.is_blank(cells):
            first = cells
    if first is None:
        raise InvalidInputError("the file is empty", detail_zh="文件为空")
    return customer_file.read_header(first)  # refuses, and says what is missing


def _doubled(record: CustomerRecord, first: int) -> RowError:
    return RowError(
        record.row,
        "customer_no",
        f"户号与第 {first} 行重复，未比对",
        f"the same customer number as in row {first}; left out",
    )


# -- a batch ------------------------------------------------------------------------------------


def _compare_batch(
    context: Context, session: ScopedSession, run: ComparisonRun, batch: Sequence[Row]
) -> None:
    numbers = [record.customer_no for record, _ in batch]
    known = register_facts.read(context, session, numbers)
    before = _kept(session, numbers)
    for record, is_told in batch:
        number = record.customer_no
        ours = known.get(number)
        if ours is None:
            run.unknown_count += 1
            if len(run.unknown) < MOST_UNKNOWN:
                run.unknown = [*run.unknown, number]
            continue
        theirs = facts.of_record(record, is_category_told=is_told)
        for fact in COMPARED:
            if fact in theirs:
                same = facts.is_same(fact, ours[fact], theirs[fact])
                said = None if same else body_of(number, fact, ours[fact], theirs[fact])
                _settle(context, session, run, before.get((number, fact), ()), said)
        _settle(context, session, run, before.get((number, Fact.CUSTOMER), ()), None)


def body_of(customer_no: str, fact: str, ours: Any, theirs: Any) -> str:
    """What a difference keeps, encrypted."""
    return orjson.dumps([customer_no, fact, ours, theirs]).decode()


def _kept(
    session: ScopedSession, numbers: Sequence[str]
) -> Mapping[tuple[str, str], list[Difference]]:
    found: dict[tuple[str, str], list[Difference]] = {}
    for piece in chunks(numbers):
        query = select(Difference).where(Difference.customer_no.in_(piece))
        for row in session.scalars(query.order_by(Difference.opened_at, Difference.id)):
            found.setdefault((row.customer_no, row.fact), []).append(row)
    return found


def _settle(
    context: Context,
    session: ScopedSession,
    run: ComparisonRun,
    before: Sequence[Difference],
    said: str | None,
) -> None:
    """Bring what is kept of one fact to what this run found; ``None``: both sides agree."""
    keys = {difference_key(one, said) for one in context.keyring.keys} if said else set()
    present = next((one for one in before if one.state == OPEN), None)
    if present is not None and present.key in keys:
        return
    if present is not None:
        present.state = GONE
        run.agreed += said is None
        session.flush()  # before another one of the same fact is open
    if said is None or any(_holds(one) and one.key in keys for one in before):
        return
    customer_no, fact, *_ = orjson.loads(said)
    session.add(
        Difference(
            customer_no=customer_no,
            fact=fact,
            body=context.keyring.encrypt(said),
            key=difference_key(context.keyring, said),
            state=OPEN,
            run_id=run.id,
            opened_at=context.clock.now(),
        )
    )
    run.opened += 1


def _holds(one: Difference) -> bool:
    """Whether a person's word still answers it: what was taken over should differ no more."""
    return one.state == SETTLED and one.decision != TAKE_THEIRS


def _name_missing(context: Context, run_id: str, there: set[str]) -> None:
    """Customers that count here and that the other system does not have."""
    last = ""
    while True:
        with context.writing(COMPARING) as session:
            query = select(Customer.customer_no).where(
                Customer.customer_no > last, Customer.status.in_(rules.load().statuses)
            )
            numbers = list(session.scalars(query.order_by(Customer.customer_no).limit(BATCH_ROWS)))
            run = session.get_one(ComparisonRun, run_id)
            missing = [number for number in numbers if number not in there]
            before = _kept(session, missing)
            for number in missing:
                said = body_of(number, Fact.CUSTOMER, "", None)
                _settle(context, session, run, before.get((number, Fact.CUSTOMER), ()), said)
        if len(numbers) < BATCH_ROWS:
            return
        last = numbers[-1]
