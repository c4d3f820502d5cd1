"""A customer's record, papers and history, as one viewer may see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select

from dossier import access
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, CustomerNumber, CustomerPast, Document, Identifier
from dossier.services import audit, cursors, disclosure, papers, personal
from dossier.services.approved_here import approved_here
from dossier.services.context import Context
from dossier.services.heads import customer_in_scope, heads
from dossier.services.views import (
    CustomerRecord,
    DocumentSummary,
    HistoryEntry,
    Listing,
    PersonalNumber,
    Shown,
)
from dossier.viewer import Field, Permission, Place, Viewer

FIRST_DOCUMENTS = 50
"""Papers that come with the record; more by :func:`documents`."""
LISTING = "customer-documents"


def get(context: Context, viewer: Viewer, customer_no: str) -> CustomerRecord:
    """The record, with a read record noted.

    Raises:
        ForbiddenError: the role may not read customers.
        NotFoundError: no such customer, or not in the viewer's scope.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        customer = customer_in_scope(session, customer_no)
        here = disclosure.looking(
            context, session, viewer.at(Place.of_customer(customer)), customer_no
        )
        viewer = replace(viewer, opening=here.opening)
        noted = audit.begin_read(
            context, here, "customer.read", object_kind="customer", object_id=customer_no
        )
        record = _record(context, session, viewer, customer)
    noted.wait()
    return record


def parts(context: Context, viewer: Viewer, customer_no: str) -> Mapping[str, Any]:
    """What features add to a customer's record, by name; the look itself is noted by :func:`get`.

    Raises:
        ForbiddenError: the role may not read customers.
        NotFoundError: no such customer, or not in the viewer's scope.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        here = viewer.at(Place.of_customer(customer_in_scope(session, customer_no)))
    return context.plugins.customer_parts(here, customer_no, context)


def documents(
    context: Context,
    viewer: Viewer,
    customer_no: str,
    *,
    cursor: str | None = None,
    size: int = FIRST_DOCUMENTS,
) -> Listing[DocumentSummary]:
    """The customer's papers, newest first.

    Raises:
        ForbiddenError: the role may not read customers.
        NotFoundError: no such customer, or not in the viewer's scope.
        QueryError: the cursor is broken.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        customer = customer_in_scope(session, customer_no)
        here = viewer.at(Place.of_customer(customer))
        opening = disclosure.looking(context, session, here, customer_no).opening
        viewer = replace(viewer, opening=opening)
        return _documents(context, session, viewer, customer_no, cursor=cursor, size=size)


def _record(
    context: Context, session: ScopedSession, viewer: Viewer, customer: Customer
) -> CustomerRecord:
    number = customer.customer_no
    numbers = _numbers(session, number)
    here = viewer.at(Place.of_customer(customer))
    return CustomerRecord(
        head=heads(session, viewer, [number])[number],
        id_type=customer.id_type,
        ids=_ids(context, session, here, number),
        meters=tuple(numbers.get("meter", ())),
        phones=tuple(personal.phone(here, phone) for phone in numbers.get("phone", ())),
        old_customer_nos=tuple(numbers.get("old_no", ())),
        voltage=customer.voltage,
        capacity_kva=customer.capacity_kva,
        opened_on=customer.opened_on,
        fee_control=customer.fee_control,
        revision=customer.revision,
        updated_at=customer.updated_at,
        documents=_documents(context, session, viewer, number, cursor=None, size=FIRST_DOCUMENTS),
        history=_history(session, viewer, number),
        panels=tuple(context.plugins.customer_panels(here, number, context)),
        opening=viewer.opening,
        is_clear=here.sees_clear,
        approved=approved_here(session, here),
    )


def _numbers(session: ScopedSession, customer_no: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    query = select(CustomerNumber.kind, CustomerNumber.value).where(
        CustomerNumber.customer_no == customer_no
    )
    for kind, value in session.execute(query.order_by(CustomerNumber.id)):
        found.setdefault(kind, []).append(value)
    return found


def _ids(
    context: Context, session: ScopedSession, viewer: Viewer, customer_no: str
) -> tuple[PersonalNumber, ...]:
    """Decrypted only for who sees clear; the mask is made of the last four that are kept apart."""
    query = select(Identifier).where(Identifier.customer_no == customer_no).order_by(Identifier.id)
    return tuple(
        PersonalNumber(row.kind, _id_no(context, viewer, row)) for row in session.scalars(query)
    )


def _id_no(context: Context, viewer: Viewer, row: Identifier) -> Shown:
    if viewer.sees(Field.ID_NO):
        return Shown(context.keyring.decrypt(row.encrypted))
    return personal.last_four(row.last4)


def _documents(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    customer_no: str,
    *,
    cursor: str | None,
    size: int,
) -> Listing[DocumentSummary]:
    mine = Document.customer_no == customer_no
    query = papers.summary_query().where(mine).order_by(Document.rowid.desc())
    if cursor is not None:
        query = query.where(Document.rowid < _position(context, customer_no, cursor))
    rows = list(session.execute(query.limit(size + 1)))
    total = session.scalar(select(func.count(Document.id)).where(mine)) or 0
    shown = papers.summaries(context, session, viewer, rows[:size])
    return Listing(shown, _next(context, customer_no, rows, size), total)


def _next(context: Context, customer_no: str, rows: list[Any], size: int) -> str | None:
    if len(rows) <= size:
        return None
    return cursors.pack(context.keyring, LISTING, [customer_no, rows[size - 1].rowid])


def _position(context: Context, customer_no: str, cursor: str) -> int:
    owner, rowid = cursors.unpack(context.keyring, LISTING, cursor)
    if owner != customer_no:
        raise cursors.broken_cursor()
    return int(rowid)


def _history(session: ScopedSession, viewer: Viewer, customer_no: str) -> tuple[HistoryEntry, ...]:
    """Changes of the record, by the names of the fields, and what else was done; newest first."""
    done = papers.history(session, viewer, object_kind="customer", object_id=customer_no)
    pasts = session.scalars(
        select(CustomerPast)
        .where(CustomerPast.customer_no == customer_no)
        .order_by(CustomerPast.id.desc())
        .limit(papers.HISTORY_LENGTH)
    )
    changes = [
        HistoryEntry(past.valid_to, "customer.changed", "", {"fields": ", ".join(past.record)})
        for past in pasts
    ]
    return tuple(sorted(done + changes, key=lambda entry: entry.at, reverse=True))
