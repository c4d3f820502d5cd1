"""From records to index rows: one batched query per table, whatever the number of keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, inspect, select
from sqlalchemy import Row as Record

from dossier import access
from dossier.db.dossier_tables import DossierGap, DossierState
from dossier.db.session import ScopedSession
from dossier.db.tables import (
    Customer,
    CustomerNumber,
    CustomerPast,
    Document,
    Identifier,
    Page,
)
from dossier.records import DocumentState
from dossier.rules import document_types
from dossier.rules.masking import KnownValues, Span
from dossier.search.periods import month_value
from dossier.search.port import CustomerRow, DocumentRow, document_order
from dossier.search.rows import known_of
from dossier.search.values import COMPLETE, INCOMPLETE
from dossier.services import customer_attributes, page_masks, paper_flags
from dossier.services.context import Context
from dossier.services.page_masks import Stored
from dossier.services.paper_flags import NOT_CHECKED, Scanned

CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class _Dossier:
    """What is kept of a dossier's completeness; nothing while it was not assessed."""

    completeness: str = ""
    missing: tuple[str, ...] = ()


# Plain columns: making an object of each record costs as much as encoding its row.
CUSTOMER = tuple(column.class_attribute for column in inspect(Customer).column_attrs)
DOCUMENT = tuple(column.class_attribute for column in inspect(Document).column_attrs)


def customer_rows(
    context: Context, session: ScopedSession, keys: Iterable[str]
) -> dict[str, CustomerRow]:
    """Rows of the customers that exist, by number; a key without a row is to be deleted."""
    keys = list(keys)
    dossiers = _dossiers(session, keys)
    return _customer_rows(context, session, keys, dossiers, of_customers=True)


def _customer_rows(
    context: Context,
    session: ScopedSession,
    keys: Sequence[str],
    dossiers: Mapping[str, _Dossier],
    *,
    of_customers: bool = False,
) -> dict[str, CustomerRow]:
    """``of_customers``: for their own rows, which tell more than their papers' rows."""
    customers = session.execute(select(*CUSTOMER).where(Customer.customer_no.in_(keys))).all()
    numbers = _numbers(session, keys)
    identities = _identities(context, session, keys)
    past = _past(session, keys)
    attributes = customer_attributes.present(session, keys) if of_customers else {}
    return {
        customer.customer_no: _customer_row(
            customer,
            numbers[customer.customer_no],
            identities[customer.customer_no],
            past[customer.customer_no],
            dossiers.get(customer.customer_no, _Dossier()),
            _extra(context, "customer", customer, attributes.get(customer.customer_no, {})),
        )
        for customer in customers
    }


def _numbers(session: ScopedSession, keys: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    columns = (CustomerNumber.customer_no, CustomerNumber.kind, CustomerNumber.value)
    query = select(*columns).where(CustomerNumber.customer_no.in_(keys))
    for customer_no, kind, value in session.execute(query.order_by(CustomerNumber.id)):
        found[customer_no][kind].append(value)
    return found


def _identities(
    context: Context, session: ScopedSession, keys: Sequence[str]
) -> dict[str, list[str]]:
    """Clear numbers, for the index to hash; they do not leave the worker."""
    found: dict[str, list[str]] = defaultdict(list)
    query = select(Identifier.customer_no, Identifier.encrypted)
    for customer_no, encrypted in session.execute(query.where(Identifier.customer_no.in_(keys))):
        found[customer_no].append(context.keyring.decrypt(encrypted))
    return found


def _past(session: ScopedSession, keys: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """What customers were called before, and where they were, by the value's name."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    query = select(CustomerPast.customer_no, CustomerPast.record)
    for customer_no, record in session.execute(query.where(CustomerPast.customer_no.in_(keys))):
        for value in ("name", "address"):
            text = record.get(value)
            if text and text not in found[customer_no][value]:
                found[customer_no][value].append(text)
    return found


def _dossiers(session: ScopedSession, keys: Sequence[str]) -> dict[str, _Dossier]:
    """How complete each dossier was when it was assessed last; two queries."""
    found: dict[str, _Dossier] = defaultdict(_Dossier)
    states = select(DossierState.customer_no, DossierState.required, DossierState.present)
    for number, required, present in session.execute(states.where(_of(DossierState, keys))):
        found[number] = _Dossier(COMPLETE if present == required else INCOMPLETE)
    gaps = select(DossierGap.customer_no, DossierGap.type_code).distinct()
    for number, code in session.execute(gaps.where(_of(DossierGap, keys))):
        found[number] = replace(found[number], missing=(*found[number].missing, code))
    return found


def _of(table: type[DossierState | DossierGap], keys: Sequence[str]) -> ColumnElement[bool]:
    return table.customer_no.in_(keys)


def _customer_row(
    customer: Record[Any],
    numbers: dict[str, list[str]],
    identities: list[str],
    past: dict[str, list[str]],
    dossier: _Dossier,
    extra: dict[str, tuple[str, ...]],
) -> CustomerRow:
    return CustomerRow(
        customer_no=customer.customer_no,
        revision=customer.revision,
        order=customer.rowid,
        name=customer.name,
        former_names=tuple(name for name in past["name"] if name != customer.name),
        old_customer_nos=tuple(numbers["old_no"]),
        meter_nos=tuple(numbers["meter"]),
        phones=tuple(numbers["phone"]),
        id_nos=tuple(identities),
        address=customer.address,
        former_addresses=tuple(past["address"]),
        category=customer.category,
        status=customer.status,
        closed=customer.status == CLOSED,
        station=_text(customer.unit_id),
        line=_text(customer.line_id),
        district=_text(customer.district_id),
        completeness=dossier.completeness,
        missing=tuple(sorted(dossier.missing)),
        scope=_tokens(customer),
        extra=extra,
    )


def document_rows(
    context: Context, session: ScopedSession, keys: Iterable[str]
) -> dict[str, DocumentRow]:
    """Rows of the documents that exist, by id, each with its customer as it is now."""
    keys = list(keys)
    query = select(*DOCUMENT).where(Document.id.in_(keys), Document.state != DocumentState.CUT)
    documents = session.execute(query).all()
    owners = {d.customer_no for d in documents if d.customer_no is not None}
    customers = _customer_rows(context, session, list(owners), {})  # a paper's row tells no dossier
    known = {number: known_of(row) for number, row in customers.items()}
    pages = _pages(session, keys)
    scanned, late = paper_flags.scanned(session, keys), paper_flags.late(session, keys)
    pairing = paper_flags.pairing(session, keys)
    return {
        document.id: _document_row(
            document,
            scanned.get(document.id, NOT_CHECKED),
            late.get(document.id, ()),
            pairing.get(document.id, ""),
            customers.get(document.customer_no or ""),
            [
                (page.text, _closed(context, page, known.get(document.customer_no or "")))
                for page in pages[document.id]
            ],
            _extra(context, "document", document),
        )
        for document in documents
    }


def _pages(session: ScopedSession, keys: Sequence[str]) -> dict[str, list[Record[Any]]]:
    found: dict[str, list[Record[Any]]] = defaultdict(list)
    query = (
        select(Page.document_id, Page.text, Page.masks_key, Page.closed)
        .where(Page.document_id.in_(keys))
        .order_by(Page.document_id, Page.number)
    )
    for page in session.execute(query):
        found[page.document_id].append(page)
    return found


def _closed(
    context: Context, page: Record[Any], known: KnownValues | None
) -> Sequence[Span] | None:
    stored = Stored(page.masks_key, page.closed)
    return page_masks.closed_of(context, page.text, known, stored)


def _document_row(
    document: Record[Any],
    scanned: Scanned,
    late: tuple[str, ...],
    pairing: str,
    customer: CustomerRow | None,
    pages: Sequence[tuple[str, Sequence[Span] | None]],
    extra: dict[str, tuple[str, ...]],
) -> DocumentRow:
    day = document.doc_date or document.captured_at.date()
    return DocumentRow(
        document_id=document.id,
        revision=document.revision,
        order=document_order(day.year * 10_000 + day.month * 100 + day.day, document.rowid),
        customer=customer,
        title=document.title,
        file_name=document.file_name,
        type_code=document.type_code or "",
        type_label=document_types.label(document.type_code, "zh_CN") if document.type_code else "",
        year=str(document.doc_date.year) if document.doc_date else "",
        month=month_value(document.doc_date) if document.doc_date else "",
        state=document.state,
        secrecy=str(document.secrecy) if document.secrecy else "",
        case_no=document.case_no or "",
        reference_code=document.reference_code or "",
        quality=scanned.quality,
        findings=scanned.findings,
        late=late,
        pairing=pairing,
        station=_text(document.unit_id),
        line=_text(document.line_id),
        district=_text(document.district_id),
        scope=_tokens(document, case_no=document.case_no),
        page_texts=tuple(text for text, _ in pages),
        page_closed=tuple(closed for _, closed in pages),
        extra=extra,
    )


def _extra(
    context: Context,
    kind: str,
    record: Record[Any],
    attributes: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> dict[str, tuple[str, ...]]:
    """Values of the plugins' fields, from the record's plain columns and its ``kind``."""
    if not context.plugins.index_fields():
        return {}
    told = {**record._mapping, "kind": kind, "attributes": attributes}
    values = context.plugins.index_values(told)
    return {name: tuple(found) for name, found in values.items()}


def _tokens(record: Record[Any], *, case_no: str | None = None) -> tuple[str, ...]:
    return access.row_tokens(
        owned=record.customer_no is not None,
        unit_id=record.unit_id,
        line_id=record.line_id,
        district_id=record.district_id,
        case_no=case_no,
    )


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
