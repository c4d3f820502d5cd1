"""What a seal is made of: digests of rows, the statement that is hashed and signed.

Pure values, shared by who seals and who verifies (ADR 7).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from dossier.db.tables import AuditEvent, AuditSeal

COLUMNS = (
    AuditEvent.id,
    AuditEvent.at,
    AuditEvent.actor,
    AuditEvent.role,
    AuditEvent.action,
    AuditEvent.object_kind,
    AuditEvent.object_id,
    AuditEvent.outcome,
    AuditEvent.purpose,
    AuditEvent.remote,
    AuditEvent.facts,
)
"""Everything of a row is sealed, in this order; a new column is appended."""
AT = COLUMNS.index(AuditEvent.at)
SIGNED_AS = b"dossier audit seal v1\n"
"""Put before what is signed, so that a signature means nothing anywhere else."""
NOTHING_BEFORE = ""
_ENTRY = struct.Struct(">q32s")


@dataclass(frozen=True, slots=True)
class Statement:
    """What a seal says. Its canonical JSON is hashed, signed, and kept elsewhere as checkpoint.

    Attributes:
        number: 1, 2, 3, …
        previous: hash of the seal before, "" for the first.
        first_event: id of the first row.
        last_event: id of the last row.
        count: rows of this seal.
        total: rows up to and with this seal.
        rows_sha256: over the ids and digests of the rows.
        sealed_at: ISO 8601, UTC.
        key_id: short name of the key that signs.
    """

    number: int
    previous: str
    first_event: int
    last_event: int
    count: int
    total: int
    rows_sha256: str
    sealed_at: str
    key_id: str

    @property
    def body(self) -> bytes:
        """Canonical JSON."""
        return orjson.dumps(self, option=orjson.OPT_SORT_KEYS)

    @property
    def hash(self) -> str:
        """What the next seal points to."""
        return hashlib.sha256(self.body).hexdigest()

    @property
    def to_sign(self) -> bytes:
        """What the key signs."""
        return SIGNED_AS + self.body


def digest(row: Sequence[Any]) -> bytes:
    """SHA-256 of a row's :data:`COLUMNS`.

    Raises:
        TypeError: the row holds what we never wrote (bytes, a text for an instant).
    """
    if not isinstance(row[AT], datetime):
        raise TypeError("the instant of an audit row is none")
    return hashlib.sha256(orjson.dumps(tuple(row), option=orjson.OPT_SORT_KEYS)).digest()


def pack(entries: Iterable[tuple[int, bytes]]) -> bytes:
    """Ids and digests as a seal keeps them."""
    return b"".join(_ENTRY.pack(number, digested) for number, digested in entries)


def unpack(rows: bytes) -> Iterator[tuple[int, bytes]]:
    """The ids and digests of a seal; a cut-off end is left out (the statement tells of it)."""
    whole = len(rows) // _ENTRY.size * _ENTRY.size
    yield from _ENTRY.iter_unpack(rows[:whole])


def statement_of(seal: AuditSeal) -> Statement:
    """What the stored seal says now.

    Raises:
        AttributeError, TypeError: a column holds what we never wrote.
    """
    return Statement(
        number=seal.id,
        previous=seal.previous,
        first_event=seal.first_event,
        last_event=seal.last_event,
        count=seal.count,
        total=seal.total,
        rows_sha256=hashlib.sha256(seal.rows).hexdigest(),
        sealed_at=seal.sealed_at.isoformat(),
        key_id=seal.key_id,
    )
