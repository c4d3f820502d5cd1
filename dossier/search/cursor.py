"""Where the next page starts: a place in the order, not a count, so that new rows shift nothing."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

from dossier.errors import QueryError


@dataclass(frozen=True, slots=True)
class Place:
    """The last group shown: its segment of the order (class, own unit first) and its key."""

    segment: int
    group: int


def encode_cursor(place: Place, digest: str) -> str:
    """A cursor that is good for the query with this digest only."""
    body = json.dumps([digest, place.segment, place.group]).encode("ascii")
    return base64.urlsafe_b64encode(body).decode("ascii").rstrip("=")


def decode_cursor(cursor: str, digest: str) -> Place:
    """The place that a cursor names.

    Raises:
        QueryError: broken, or made for another query.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        made_for, segment, group = json.loads(base64.urlsafe_b64decode(padded))
        place = Place(int(segment), int(group))
    except (ValueError, TypeError, OverflowError) as err:
        raise QueryError(
            "the cursor is broken; start from the first page",
            detail_zh="翻页位置无效，请从第一页重新开始",
        ) from err
    if made_for != digest:
        raise QueryError(
            "the cursor belongs to another query; start from the first page",
            detail_zh="翻页位置属于另一次查询，请从第一页重新开始",
        )
    return place
