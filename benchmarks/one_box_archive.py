"""An invented archive of any size for benchmarks: records, index and masks, made in steps.

    python -m benchmarks.one_box_archive --home DIR --customers 200000 --documents 1000000

Whatever was done is kept: run again after an end at any moment, it goes on with the papers that are
missing, makes the masks that are due, and builds the index when there is none with all of them and of
today's fields (that step begins anew).
One process; ``--skip-masks`` leaves the masks to who reads a page first (or to another run).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from dossier.bootstrap import build
from dossier.db.tables import (
    Content,
    Customer,
    CustomerNumber,
    District,
    Document,
    Identifier,
    Line,
    OrgUnit,
    Page,
    new_id,
)
from dossier.plugins.demo.customers import InventedCustomer, invent_customers
from dossier.plugins.demo.texts import invent_texts
from dossier.rules import identifiers
from dossier.services import page_masks
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import system_viewer
from indexer import rebuild

SETUP = system_viewer("benchmark")
CHUNK = 2000
ONE_CONTENT = "0" * 64
"""All invented papers are copies of one file: the search reads pages, never bytes."""


def make_archive(
    context: Context, seed: int, customers: int, documents: int, *, with_masks: bool = True
) -> None:
    """Records, masks and index, going on where an earlier run ended.

    Masks come first: the index takes from them what of a page is closed.
    """
    make_records(context, seed, customers, documents)
    if with_masks:
        make_masks(context)
    if context.index.needs_rebuild() or context.index.state().rows < customers + documents:
        _step("index", lambda: _build_index(context))


def make_records(context: Context, seed: int, customers: int, documents: int) -> None:
    """The records that are not there yet."""
    people = list(invent_customers(seed, customers))
    _step("records", lambda: _make_records(context, seed, people, documents))


def make_masks(context: Context) -> None:
    """The masks that are due, as a worker makes them at leisure; in any number of runs."""
    page_masks.call_all_due_if_rules_changed(context)
    _step("masks", lambda: _make_masks(context))


def _step(name: str, do: Callable[[], None]) -> None:
    wall, work = time.perf_counter(), time.process_time()
    do()
    print(
        f"{name}: {time.perf_counter() - wall:.0f} s, of it processor {time.process_time() - work:.0f} s",
        flush=True,
    )


def _build_index(context: Context) -> None:
    rebuild.request(context)
    rebuild.rebuild(context, reason="benchmark")


def _make_masks(context: Context) -> None:
    while page_masks.make_due(context):
        pass


def _make_records(
    context: Context, seed: int, people: Sequence[InventedCustomer], documents: int
) -> None:
    _check_size(context, people, documents)
    with context.reading(SETUP) as session:
        is_new = not session.scalar(select(func.count()).select_from(Customer))
        done = session.scalar(select(func.max(Document.rowid))) or 0
    if is_new:
        _make_customers(context, people)
    if done >= documents:
        return
    with context.reading(SETUP) as session:
        places = _known_places(session)
    rows = islice(_documents(context, seed, documents, people, places), done, None)
    while chunk := list(islice(rows, CHUNK)):
        with context.writing(SETUP, durable=False) as session:
            session.execute(insert(Document), [document for document, _ in chunk])
            session.execute(insert(Page), [page for _, page in chunk])


def _check_size(context: Context, people: Sequence[InventedCustomer], documents: int) -> None:
    """Going on with another size would measure neither."""
    with context.reading(SETUP) as session:
        known = session.scalar(select(func.count()).select_from(Customer)) or 0
        papers = session.scalar(select(func.count()).select_from(Document)) or 0
    if known not in (0, len(people)) or papers > documents:
        raise SystemExit(
            f"The archive there has {known} customers and {papers} papers, not {len(people)} and "
            f"at most {documents}: give those numbers, or another --home."
        )


def _make_customers(context: Context, people: Sequence[InventedCustomer]) -> None:
    """All customers in one transaction: either they are there, or none is."""
    with context.writing(SETUP) as session:
        places = _places(session, people)
        _insert(
            session, Customer, (_customer(context, *row, places) for row in enumerate(people, 1))
        )
        _insert(session, CustomerNumber, _numbers(people))
        _insert(session, Identifier, _identifiers(context, people))
        session.add(Content(sha256=ONE_CONTENT, size_bytes=1, stored_at=context.clock.now()))


def _insert(session: Any, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    while chunk := list(islice(rows, CHUNK)):
        session.execute(insert(table), chunk)


def _places(session: Any, people: Sequence[InventedCustomer]) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {}

    def place(key: tuple[str, ...], row: Any) -> None:
        session.add(row)
        session.flush()
        found[key] = row.id

    place(("",), OrgUnit(name="基准供电公司", kind="company"))
    for one in people:
        unit, line, district = (one.unit,), (one.unit, one.line), (one.unit, one.line, one.district)
        if unit not in found:
            place(unit, OrgUnit(name=one.unit, parent_id=found[("",)]))
        if line not in found:
            place(line, Line(name=one.line, unit_id=found[unit]))
        if district not in found:
            place(district, District(name=one.district, line_id=found[line], unit_id=found[unit]))
    return found


def _known_places(session: Any) -> dict[tuple[str, ...], int]:
    """What :func:`_places` gave when the customers were made, by the names alone."""
    units = {row.id: row.name for row in session.scalars(select(OrgUnit))}
    lines = {row.id: (units[row.unit_id], row.name) for row in session.scalars(select(Line))}
    found = {(name,): unit for unit, name in units.items()}
    found |= {names: line for line, names in lines.items()}
    for row in session.scalars(select(District)):
        found[(*lines[row.line_id], row.name)] = row.id
    return found


def _where(one: InventedCustomer, places: dict[tuple[str, ...], int]) -> dict[str, int]:
    return {
        "unit_id": places[(one.unit,)],
        "line_id": places[(one.unit, one.line)],
        "district_id": places[(one.unit, one.line, one.district)],
    }


def _customer(
    context: Context, number: int, one: InventedCustomer, places: dict[tuple[str, ...], int]
) -> dict[str, Any]:
    return {
        "customer_no": one.customer_no,
        "rowid": number,
        "name": one.name,
        "name_key": one.name,
        "category": one.category,
        "status": one.status,
        "id_type": one.id_type,
        "address": one.address,
        "updated_at": context.clock.now(),
        **_where(one, places),
    }


def _numbers(people: Sequence[InventedCustomer]) -> Iterator[dict[str, Any]]:
    for one in people:
        kinds = (("meter", one.meter_no), ("phone", one.phone), ("old_no", one.old_customer_no))
        for kind, values in kinds:
            for value in dict.fromkeys(filter(None, values.split(";"))):
                key = identifiers.compact(value).upper()
                yield {"customer_no": one.customer_no, "kind": kind, "value": value, "key": key}


def _identifiers(context: Context, people: Sequence[InventedCustomer]) -> Iterator[dict[str, Any]]:
    for one in people:
        yield {
            "customer_no": one.customer_no,
            "kind": one.id_type,
            "hmac": context.keyring.hash(one.id_no),
            "encrypted": context.keyring.encrypt(one.id_no),
            "last4": one.id_no[-4:],
        }


def _documents(
    context: Context,
    seed: int,
    count: int,
    people: Sequence[InventedCustomer],
    places: dict[tuple[str, ...], int],
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    now = context.clock.now()
    for text in invent_texts(seed, count, people):
        document_id = new_id()
        yield (
            {
                "id": document_id,
                "rowid": text.number + 1,
                "customer_no": text.customer.customer_no,
                "type_code": text.type_code,
                "title": text.title,
                "state": "filed",
                "captured_at": now,
                "doc_date": text.on,
                "sha256": ONE_CONTENT,
                "page_count": 1,
                **_where(text.customer, places),
            },
            {"document_id": document_id, "number": 1, "text": text.text, "confidence": 0.99},
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--skip-masks", action="store_true")
    parser.add_argument("--only-records", action="store_true", help="index and masks another time")
    args = parser.parse_args()
    context = build(Settings(home=args.home))
    try:
        if args.only_records:
            make_records(context, args.seed, args.customers, args.documents)
            return
        make_archive(
            context, args.seed, args.customers, args.documents, with_masks=not args.skip_masks
        )
    finally:
        context.readers.close()
        context.index.close()
        context.database.dispose()


if __name__ == "__main__":
    main()
