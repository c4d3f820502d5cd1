"""Putting a document into a dossier, or taking it out: one place that writes whose paper it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from dossier.db import outbox
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document
from dossier.records import DocumentState
from dossier.services import one_file

PERSON = "person"
"""Reason code of a link that a person made."""


def place(
    session: ScopedSession,
    document: Document,
    customer: Customer | None,
    *,
    confidence: float | None,
    reasons: Iterable[str],
    at: datetime,
) -> None:
    """File the document under a customer (or under nobody), in the caller's transaction.

    The document takes its customer's unit, line and district, so that the same people see it; both
    dossiers that change get a new index row.
    """
    before, reasons_before = document.customer_no, document.link_reasons
    document.customer_no = customer.customer_no if customer else None
    document.unit_id = customer.unit_id if customer else None
    if document.captured_unit_id is None:
        document.captured_unit_id = document.unit_id  # where it came from stays (S3-18)
    document.line_id = customer.line_id if customer else None
    document.district_id = customer.district_id if customer else None
    if document.state != DocumentState.QUARANTINED:
        document.state = DocumentState.FILED if customer else DocumentState.TO_ASSIGN
    document.link_confidence = confidence
    document.link_reasons = list(reasons)
    touch(session, document, also=(before,), at=at)
    if document.customer_no != before or PERSON in (*reasons_before, *document.link_reasons):
        one_file.ask_again(session, document, at=at)


def touch(
    session: ScopedSession, document: Document, *, also: Sequence[str | None] = (), at: datetime
) -> None:
    """Bump the revision; the index rows of the paper and its dossiers are out of date."""
    document.revision += 1
    session.flush()
    outbox.mark_changed(session, outbox.DOCUMENTS, [document.id], at=at)
    owners = {number for number in (document.customer_no, *also) if number}
    outbox.mark_changed(session, outbox.CUSTOMERS, sorted(owners), at=at)


def lock(session: ScopedSession, document_id: str) -> Document | None:
    """The document's row, held until the transaction ends; None when it is not in scope."""
    query = select(Document).where(Document.id == document_id).with_for_update()
    found: Any = session.scalar(query)
    return found if isinstance(found, Document) else None
