"""Cursors of lists that come from the records: opaque, self-contained, signed.

Signed, so that a cursor that was cut, typed or taken from another list is refused as such instead
of giving a page that nobody asked for.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from dossier.errors import QueryError
from dossier.services.keys import Keyring

SIGNATURE_LENGTH = 12
"""Hex places of the keyed hash: enough to refuse accidents and guesses of a harmless value."""


def pack(keyring: Keyring, listing: str, position: Any) -> str:
    """A cursor for ``position`` (plain values) in the named list."""
    body = orjson.dumps(position)
    return (
        base64.urlsafe_b64encode(_signatures(keyring, listing, body)[0] + body)
        .rstrip(b"=")
        .decode()
    )


def unpack(keyring: Keyring, listing: str, cursor: str) -> Any:
    """The position again.

    Raises:
        QueryError: broken, or of another list.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError) as err:
        raise broken_cursor() from err
    signature, body = raw[:SIGNATURE_LENGTH], raw[SIGNATURE_LENGTH:]
    if not body or signature not in _signatures(keyring, listing, body):
        raise broken_cursor()
    return orjson.loads(body)


def broken_cursor() -> QueryError:
    """The refusal."""
    return QueryError(
        "The cursor is broken or belongs to another list; start again without one",
        detail_zh="翻页标记无效，请从第一页开始",
    )


def _signatures(keyring: Keyring, listing: str, body: bytes) -> list[bytes]:
    text = body.decode("latin-1")  # takes every byte: a forged cursor need not be UTF-8
    hashes = keyring.hashes(f"cursor:{listing}:{text}")
    return [each[:SIGNATURE_LENGTH].encode() for each in hashes]
