"""Writing a batch of customers: compared with what is there, only what differs is written.

A changed customer keeps its former record (customer_past); its row in the index and those of its
papers are made anew, because papers are found by their customer's name, number and place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, insert, select, update

from dossier.db import outbox
from dossier.db.rowids import next_rowid
from dossier.db.session import WRITES, ScopedSession, viewer_of
from dossier.db.tables import (
    Customer,
    CustomerNumber,
    CustomerPast,
    Document,
    Identifier,
)
from dossier.rules.customer_file import CustomerRecord
from dossier.search.analysis import keyword
from dossier.services import customer_attributes
from dossier.services.keys import Keyring
from dossier.services.places import Place, Places
from dossier.services.register_lookup import METER, OLD_NO, PHONE, normal_id

CHUNK = 500
"""Keys in one IN list, far below SQLite's limit of bound values."""
COLUMNS = (
    "name", "category", "status", "id_type", "address", "unit_id", "line_id", "district_id",
    "voltage", "capacity_kva", "opened_on", "fee_control",
)  # fmt: skip
PLACE_COLUMNS = ("unit_id", "line_id", "district_id")
DEFAULTS: Mapping[str, Any] = {
    "name": "", "category": "LR", "status": "active", "id_type": "", "address": "",
    "unit_id": None, "line_id": None, "district_id": None, "voltage": "", "capacity_kva": None,
    "opened_on": None, "fee_control": False,
}  # fmt: skip
NUMBER_KINDS = {METER: "meters", PHONE: "phones", OLD_NO: "old_numbers"}

Numbers = Mapping[str, tuple[tuple[str, str], ...]]
"""Kind → pairs of value and key, in the file's order."""


class Outcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class _Known:
    """What the records hold of a customer."""

    columns: Mapping[str, Any]
    numbers: Numbers
    hmac: str
    last4: str
    revision: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a row makes of a customer; ``id_no`` None leaves the identity number as it is."""

    record: CustomerRecord
    columns: Mapping[str, Any]
    numbers: Numbers
    id_no: str | None
    hmac: str


@dataclass(slots=True)
class _Changes:
    """What is to be written of a batch."""

    created: list[_Wanted] = field(default_factory=list)
    updated: list[tuple[_Wanted, _Known]] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)


class Upsert:
    """Writes batches of customers; lives as long as an import."""

    def __init__(self, keyring: Keyring, places: Places) -> None:
        """Keep what all batches share."""
        self._keyring = keyring
        self._places = places

    def write(
        self, session: ScopedSession, records: Sequence[CustomerRecord], *, at: datetime, dry: bool
    ) -> dict[Outcome, int]:
        """Compare and write one batch in the caller's transaction; ``dry`` only compares."""
        known = _known(session, [record.customer_no for record in records])
        changes = _Changes()
        for record in records:
            before = known.get(record.customer_no)
            wanted = self._wanted(session, record, before)
            if before is None:
                changes.created.append(wanted)
            elif _differs(wanted, before):
                changes.updated.append((wanted, before))
        said = {one.customer_no: one.attributes for one in records if one.attributes}
        attributes = customer_attributes.changed(session, said)
        if not dry:
            self._create(session, changes.created, at)
            self._update(session, changes.updated, at)
            customer_attributes.put(
                session, attributes, by=viewer_of(session).id,
                source=customer_attributes.CUSTOMER_FILE, at=at,
            )  # fmt: skip
        written = {one.record.customer_no for one in changes.created}
        written |= {one.record.customer_no for one, _ in changes.updated}
        counts = len(changes.created), len(changes.updated) + len(attributes.keys() - written)
        return {
            Outcome.CREATED: counts[0],
            Outcome.UPDATED: counts[1],
            Outcome.UNCHANGED: len(records) - sum(counts),
        }

    def _wanted(
        self, session: ScopedSession, record: CustomerRecord, before: _Known | None
    ) -> _Wanted:
        base = dict(before.columns if before else DEFAULTS)
        base |= {c: v for c in COLUMNS if (v := getattr(record, c, None)) is not None}
        base |= {
            c: getattr(record, c) for c in ("capacity_kva", "opened_on") if c in record.columns
        }
        place = self._place(session, record, before)
        base |= {
            "unit_id": place.unit_id,
            "line_id": place.line_id,
            "district_id": place.district_id,
        }
        numbers = dict(before.numbers if before else {})
        for kind, attribute in NUMBER_KINDS.items():
            if (pairs := getattr(record, attribute)) is not None:
                numbers[kind] = pairs
        hmac = before.hmac if before else ""
        if record.id_no is not None:
            hmac = self._same_or_new(hmac, record.id_no) if record.id_no else ""
        return _Wanted(record, base, numbers, record.id_no, hmac)

    def _same_or_new(self, before: str, id_no: str) -> str:
        """The hash that is kept, where it is of this number under any key, else a fresh one."""
        hashes = self._keyring.hashes(normal_id(id_no))
        return before if before in hashes else hashes[0]

    def _place(
        self, session: ScopedSession, record: CustomerRecord, before: _Known | None
    ) -> Place:
        """Ids of the named unit, line and district; what the file has no column for stays."""
        kept = before.columns if before else DEFAULTS
        unit_id, line_id, district_id = (kept[column] for column in PLACE_COLUMNS)
        if record.unit is not None:
            unit_id = self._places.unit(session, record.unit) if record.unit else None
        if record.line is not None:
            line_id = self._places.line(session, record.line, unit_id) if record.line else None
        if record.district is not None:
            name = record.district
            district_id = self._places.district(session, name, line_id, unit_id) if name else None
        return self._places.present(Place(unit_id, line_id, district_id))

    # -- writing ---------------------------------------------------------------------------------

    def _create(self, session: ScopedSession, rows: Sequence[_Wanted], at: datetime) -> None:
        if not rows:
            return
        first = next_rowid(session, Customer)
        session.execute(
            insert(Customer),
            [
                {
                    "customer_no": one.record.customer_no,
                    "rowid": first + place,
                    "name_key": _name_key(one),
                    "revision": 1,
                    "updated_at": at,
                    **one.columns,
                }
                for place, one in enumerate(rows)
            ],
        )
        self._insert_numbers(session, rows)
        self._insert_ids(session, rows)
        numbers = [one.record.customer_no for one in rows]
        outbox.mark_changed(session, outbox.CUSTOMERS, numbers, at=at)

    def _update(
        self, session: ScopedSession, rows: Sequence[tuple[_Wanted, _Known]], at: datetime
    ) -> None:
        if not rows:
            return
        session.execute(
            insert(CustomerPast), [_past(one.record.customer_no, known, at) for one, known in rows]
        )
        session.execute(
            update(Customer),
            [
                {
                    "customer_no": one.record.customer_no,
                    "name_key": _name_key(one),
                    "revision": before.revision + 1,
                    "updated_at": at,
                    **one.columns,
                }
                for one, before in rows
            ],
        )
        renumbered = [one for one, before in rows if _numbers_differ(one.numbers, before.numbers)]
        _delete(session, CustomerNumber, [one.record.customer_no for one in renumbered])
        self._insert_numbers(session, renumbered)
        other_id = [one for one, before in rows if one.hmac != before.hmac]
        _delete(session, Identifier, [one.record.customer_no for one in other_id])
        self._insert_ids(session, other_id)
        outbox.mark_changed(
            session, outbox.CUSTOMERS, [one.record.customer_no for one, _ in rows], at=at
        )
        _take_papers_along(session, rows, at)

    def _insert_numbers(self, session: ScopedSession, rows: Iterable[_Wanted]) -> None:
        values = [
            {"customer_no": one.record.customer_no, "kind": kind, "value": value[:64], "key": key}
            for one in rows
            for kind, pairs in one.numbers.items()
            for value, key in pairs
        ]
        if values:
            session.execute(insert(CustomerNumber), values)

    def _insert_ids(self, session: ScopedSession, rows: Iterable[_Wanted]) -> None:
        values = [
            {
                "customer_no": one.record.customer_no,
                "kind": one.columns["id_type"] or "other",
                "hmac": one.hmac,
                "encrypted": self._keyring.encrypt(one.id_no),
                "last4": one.id_no[-4:],
            }
            for one in rows
            if one.id_no
        ]
        if values:
            session.execute(insert(Identifier), values)


def _name_key(one: _Wanted) -> str:
    name = str(one.columns["name"])
    return keyword(name) or name


def _differs(wanted: _Wanted, before: _Known) -> bool:
    return (
        dict(wanted.columns) != dict(before.columns)
        or wanted.hmac != before.hmac
        or _numbers_differ(wanted.numbers, before.numbers)
    )


def _numbers_differ(one: Numbers, other: Numbers) -> bool:
    return any(set(one.get(kind, ())) != set(other.get(kind, ())) for kind in NUMBER_KINDS)


def past_records(
    session: ScopedSession, numbers: Sequence[str], *, at: datetime
) -> list[dict[str, Any]]:
    """Rows of ``customer_past`` with what the records hold of these customers now."""
    return [_past(number, known, at) for number, known in _known(session, numbers).items()]


def _past(customer_no: str, before: _Known, at: datetime) -> dict[str, Any]:
    """The former record as history: personal numbers by their last four only."""
    record = {
        key: value.isoformat() if key == "opened_on" and value else value
        for key, value in before.columns.items()
    }
    record |= {kind: [value for value, _ in pairs] for kind, pairs in before.numbers.items()}
    return {
        "customer_no": customer_no,
        "record": record | {"id_last4": before.last4},
        "valid_from": before.updated_at,
        "valid_to": at,
    }


def _delete(
    session: ScopedSession, table: type[CustomerNumber] | type[Identifier], keys: Sequence[str]
) -> None:
    for chunk in chunks(keys):
        session.execute(
            delete(table)
            .where(table.customer_no.in_(chunk))
            .execution_options(synchronize_session=False)
        )


def _take_papers_along(
    session: ScopedSession, rows: Sequence[tuple[_Wanted, _Known]], at: datetime
) -> None:
    """Papers go where their customer goes, and their index rows carry the customer's new data."""
    owners = {one.record.customer_no: one for one, _ in rows}
    for chunk in chunks(sorted(owners)):
        query = select(Document.id, Document.customer_no).where(Document.customer_no.in_(chunk))
        papers = defaultdict(list)
        for document_id, owner in session.execute(query):
            papers[str(owner)].append(document_id)
        for owner, ids in papers.items():
            place = {column: owners[owner].columns[column] for column in PLACE_COLUMNS}
            session.execute(
                update(Document)
                .where(Document.customer_no == owner)
                .values(revision=Document.revision + 1, **place)
                .execution_options(synchronize_session=False)
            )
            outbox.mark_changed(session, outbox.DOCUMENTS, ids, at=at)


# -- what is there ------------------------------------------------------------------------------


def _known(session: ScopedSession, keys: Sequence[str]) -> dict[str, _Known]:
    found: dict[str, _Known] = {}
    for chunk in chunks(keys):
        customers = list(_customers(session, chunk))
        if not customers:
            continue
        present = [row.customer_no for row in customers]
        numbers, ids = _numbers(session, present), _ids(session, present)
        for row in customers:
            hmac, last4 = ids.get(row.customer_no, ("", ""))
            found[row.customer_no] = _Known(
                columns={column: getattr(row, column) for column in COLUMNS},
                numbers={k: tuple(pairs) for k, pairs in numbers[row.customer_no].items()},
                hmac=hmac,
                last4=last4,
                revision=row.revision,
                updated_at=row.updated_at,
            )
    return found


def _customers(session: ScopedSession, keys: Collection[str]) -> Iterable[Any]:
    columns = [getattr(Customer, column) for column in COLUMNS]
    query = select(Customer.customer_no, Customer.revision, Customer.updated_at, *columns)
    query = query.where(Customer.customer_no.in_(keys))
    # A dry run only reads, and a reader may not lock.
    return session.execute(query.with_for_update() if session.info[WRITES] else query)


def _numbers(
    session: ScopedSession, keys: Collection[str]
) -> Mapping[str, Mapping[str, list[tuple[str, str]]]]:
    found: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    query = select(
        CustomerNumber.customer_no, CustomerNumber.kind, CustomerNumber.value, CustomerNumber.key
    ).where(CustomerNumber.customer_no.in_(keys))
    for number, kind, value, key in session.execute(query.order_by(CustomerNumber.id)):
        found[number][kind].append((value, key))
    return found


def _ids(session: ScopedSession, keys: Collection[str]) -> dict[str, tuple[str, str]]:
    query = select(Identifier.customer_no, Identifier.hmac, Identifier.last4).where(
        Identifier.customer_no.in_(keys)
    )
    return {number: (hmac, last4) for number, hmac, last4 in session.execute(query)}


def chunks(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    """The keys in pieces that fit into one IN list."""
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))
