"""Building the index anew beside the live one, then swapping: at any moment, from the records."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from sqlalchemy import func, select

from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document, IndexGeneration
from dossier.errors import UnavailableError
from dossier.search.port import Row
from dossier.services.context import Context
from dossier.viewer import system_viewer
from indexer.present import customer_rows, document_rows

VIEWER = system_viewer("reindex")
BATCH = 500
"""Rows read and written at a time: memory stays flat whatever the archive's size."""
log = logging.getLogger(__name__)


def request(context: Context) -> str:
    """Ask whichever worker holds the index to build it anew; returns the request's id."""
    with context.writing(VIEWER) as session:
        row = IndexGeneration(schema_hash="", state="requested", created_at=context.clock.now())
        session.add(row)
        session.flush()
        return row.id


def progress(context: Context, request_id: str) -> tuple[str, str]:
    """State (``requested``, ``building``, ``live``) and position (``done/total``) of a request."""
    with context.reading(VIEWER) as session:
        row = session.get_one(IndexGeneration, request_id)
        return row.state, row.cursor


def is_requested(context: Context) -> bool:
    """Whether somebody asked for a rebuild."""
    with context.reading(VIEWER) as session:
        return bool(_open_requests(session))


def _open_requests(session: ScopedSession) -> list[IndexGeneration]:
    query = select(IndexGeneration).where(IndexGeneration.state.in_(["requested", "building"]))
    return list(session.scalars(query))


def rebuild(context: Context, *, reason: str) -> None:
    """Build a generation from all records and publish it.

    A crash leaves the live generation as it was; open requests stay open and are met by the next
    worker. Changes that are committed meanwhile stay in the outbox and are drained afterwards.

    Raises:
        IndexBusyError: another process is at it.
    """
    why = reason.partition(";")[0]  # what follows is advice to people; here it is being done
    log.info("index is built anew", extra={"reason": why})
    total = _count(context)
    done = 0
    with context.index.build() as builder:
        _note(context, "building", f"0/{total}")
        for rows in _all_rows(context):
            builder.apply(upserts=rows)
            done += len(rows)
            _note(context, "building", f"{done}/{total}")
        builder.publish()
    _note(context, "live", f"{done}/{done}", schema=context.index.state().schema_fingerprint)


def make_first(context: Context) -> bool:
    """Give an archive without records its empty index, so that its first search says "nothing yet".

    An archive with records is left to the workers: that may take minutes, and who starts it should
    not wait. What cannot be made now is left to them as well.

    Returns:
        Whether it was made.
    """
    try:
        if _count(context) or context.index.needs_rebuild() is None:
            return False
        rebuild(context, reason="a new archive")
    except UnavailableError as err:  # IndexBusyError is one: a worker is at it
        log.warning("the first index is left to the workers", extra={"code": err.code})
        return False
    return True


def _count(context: Context) -> int:
    with context.reading(VIEWER) as session:
        customers = session.scalar(select(func.count()).select_from(Customer)) or 0
        documents = session.scalar(select(func.count()).select_from(Document)) or 0
        return customers + documents


def _note(context: Context, state: str, cursor: str, *, schema: str = "") -> None:
    with context.writing(VIEWER, durable=False) as session:
        for row in _open_requests(session):
            row.state, row.cursor, row.schema_hash = state, cursor, schema


def _all_rows(context: Context) -> Iterator[list[Row]]:
    yield from _pages(context, Customer.customer_no, customer_rows)
    yield from _pages(context, Document.id, document_rows)


def _pages(
    context: Context, key: object, present: Callable[..., dict[str, Row]]
) -> Iterator[list[Row]]:
    """Rows by keyset, a session for each page so that no snapshot is held for minutes."""
    last = ""
    while True:
        with context.reading(VIEWER) as session:
            query = select(key).where(key > last).order_by(key).limit(BATCH)  # type: ignore[call-overload,operator]
            keys = list(session.scalars(query))
            rows = list(present(context, session, keys).values()) if keys else []
        if not keys:
            return
        last = keys[-1]
        yield rows
