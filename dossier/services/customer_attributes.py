"""Attributes of customers, with when each came, from where, and what it was before (S0-17).

The customer file, the API and the page write them here. A customer's own row of the index carries
them and none of its papers' rows does, so a change writes one row again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from dossier.db import outbox
from dossier.db.session import ScopedSession
from dossier.db.verification_tables import CustomerAttribute

CUSTOMER_FILE, PERSON = "customer_file", "person"
"""Sources of ours; a program names itself."""
_AT_ONCE = 500
"""Keys in one IN list, far below SQLite's limit of bound values."""

Codes = tuple[str, ...]
Wanted = Mapping[str, Mapping[str, Codes]]
"""Customer number → attribute → the codes that it is to have; none: nobody says any more."""


def present(session: ScopedSession, numbers: Iterable[str]) -> dict[str, dict[str, Codes]]:
    """What customers have now; one query for each 500."""
    found: dict[str, dict[str, Codes]] = defaultdict(dict)
    for row in _open(session, numbers):
        found[row.customer_no][row.name] = tuple(row.codes)
    return found


def changed(session: ScopedSession, wanted: Wanted) -> dict[str, dict[str, Codes]]:
    """Those of the wanted that the records do not say already."""
    known = present(session, wanted)
    found: dict[str, dict[str, Codes]] = {}
    for number, attributes in wanted.items():
        before = known.get(number, {})
        differs = {name: c for name, c in attributes.items() if before.get(name, ()) != c}
        if differs:
            found[number] = differs
    return found


def put(session: ScopedSession, wanted: Wanted, *, by: str, source: str, at: datetime) -> None:
    """Write what is new (:func:`changed`), in the caller's transaction; what was before ends.

    Who changes the same customers at once waits: the caller has their rows locked.
    """
    if not wanted:
        return
    ended = [row.id for row in _open(session, wanted) if row.name in wanted[row.customer_no]]
    if ended:
        change = [{"id": key, "ended_at": at, "ended_by": by} for key in ended]
        session.execute(update(CustomerAttribute), change)
    rows = [
        {"customer_no": number, "name": name, "codes": list(codes), "source": source,
         "noted_at": at, "noted_by": by}
        for number, attributes in wanted.items()
        for name, codes in attributes.items()
        if codes
    ]  # fmt: skip
    if rows:
        session.execute(insert(CustomerAttribute), rows)
    outbox.mark_changed(session, outbox.CUSTOMERS, wanted, at=at)


def _open(session: ScopedSession, numbers: Iterable[str]) -> Iterator[Row[Any]]:
    columns = select(
        CustomerAttribute.id,
        CustomerAttribute.customer_no,
        CustomerAttribute.name,
        CustomerAttribute.codes,
    ).where(CustomerAttribute.ended_at.is_(None))
    listed = list(numbers)
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        yield from session.execute(columns.where(CustomerAttribute.customer_no.in_(some)))
