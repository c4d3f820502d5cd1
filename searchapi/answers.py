"""The answers' JSON: stable names (architecture.md, Interface), written once for each value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import orjson
from fastapi.responses import Response

from dossier.services.views import (
    CustomerHead,
    CustomerRecord,
    DocumentView,
    FieldView,
    HistoryEntry,
    Link,
    Listing,
    PageText,
    SearchAnswer,
    Shown,
)
from dossier.services.views import DocumentHit as DocumentHitView
from dossier.services.views import Hit as HitView
from dossier.viewer import Opening

Item = TypeVar("Item")


class JsonAnswer(Response):
    """JSON by orjson; masked values come out as what they show."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The bytes."""
        return orjson.dumps(content, default=plain, option=orjson.OPT_PASSTHROUGH_DATACLASS)


def plain(value: Any) -> Any:
    """What orjson does not know: shown values are their text, other dataclasses their fields."""
    if isinstance(value, Shown):
        return value.text
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def listing(found: Listing[Item], item: Callable[[Item], Any] = plain) -> dict[str, Any]:
    """``{items, next_cursor, total}``."""
    return {
        "items": [item(each) for each in found.items],
        "next_cursor": found.next_cursor,
        "total": found.total,
    }


def customer_head(head: CustomerHead) -> dict[str, Any]:
    """The lines that name a customer."""
    return {
        "customer_no": head.customer_no,
        "name": head.name.text,
        "status": head.status,
        "category": head.category,
        "address": head.address.text,
        "station": head.station,
        "line": head.line,
        "district": head.district,
        "masked": head.name.masked or head.address.masked,
    }


def search_answer(answer: SearchAnswer) -> dict[str, Any]:
    """The one box's answer."""
    return {
        "hits": [_hit(hit) for hit in answer.hits],
        "facets": {
            name: [
                {"value": each.value, "label": each.label, "count": each.count} for each in values
            ]
            for name, values in answer.facets.items()
        },
        "total": answer.total,
        "total_documents": answer.total_documents,
        "next_cursor": answer.next_cursor,
        "took_ms": answer.took_ms,
        "pending": answer.pending,
        "lag_seconds": answer.lag_seconds,
        "degraded": answer.degraded,
        "notes": answer.notes,
        "remarks": answer.remarks,
        "did_you_mean": [
            {
                "q": each.q,
                "reason": each.reason,
                "total": each.total,
                "customers": [customer_head(head) for head in each.customers],
            }
            for each in answer.did_you_mean
        ],
        "places": [
            {"text": each.asked.text, "facet": each.field, "values": each.ids}
            for each in answer.places
        ],
    }


def _hit(hit: HitView) -> dict[str, Any]:
    return {
        "customer": customer_head(hit.customer) if hit.customer else None,
        "matched_on": hit.matched_on,
        "document_count": hit.document_count,
        "documents": [_document_hit(document) for document in hit.documents],
    }


def _document_hit(document: DocumentHitView) -> dict[str, Any]:
    return {
        "id": document.id,
        "title": document.title.text,
        "file_name": document.file_name.text,
        "type": document.type,
        "type_label": document.type_label,
        "state": document.state,
        "doc_date": document.doc_date,
        "page_count": document.page_count,
        "matched_on": document.matched_on,
        "snippets": [
            {"page": each.page, "text": each.text, "highlights": each.highlights}
            for each in document.snippets
        ],
        "like": [
            {"kind": each.kind, "asked": each.asked, "found": each.found, "label": each.label}
            for each in document.like
        ],
    }


def customer_record(record: CustomerRecord, parts: Mapping[str, Any]) -> dict[str, Any]:
    """A customer with what features add; tasks and loans come with theirs."""
    return {
        **customer_head(record.head),
        "id_type": record.id_type,
        "ids": [{"kind": each.kind, "value": each.value.text} for each in record.ids],
        "meters": record.meters,
        "phones": record.phones,
        "old_customer_nos": record.old_customer_nos,
        "voltage": record.voltage,
        "capacity_kva": record.capacity_kva,
        "opened_on": record.opened_on,
        "fee_control": record.fee_control,
        "revision": record.revision,
        "updated_at": record.updated_at,
        "documents": listing(record.documents),
        "history": [history_entry(entry) for entry in record.history],
        "panels": record.panels,
        "opening": opening(record.opening),
        "completeness": parts.get("completeness"),
    }


def opening(found: Opening | None) -> dict[str, Any] | None:
    """What is open for some minutes."""
    if found is None:
        return None
    return {
        "id": found.id,
        "fields": sorted(found.fields),
        "until": found.until,
        "purpose": found.purpose,
    }


def history_entry(entry: HistoryEntry) -> dict[str, Any]:
    """Something that happened."""
    return {
        "at": entry.at,
        "action": entry.action,
        "actor": entry.actor,
        "facts": dict(entry.facts),
    }


def document(view: DocumentView) -> dict[str, Any]:
    """A document with everything but its bytes."""
    return {
        "id": view.id,
        "state": view.state,
        "customer_no": view.customer_no,
        "customer": customer_head(view.customer) if view.customer else None,
        "link": _link(view.link),
        "case_no": view.case_no,
        "title": view.title,
        "file_name": view.file_name,
        "type": view.type,
        "type_label": view.type_label,
        "doc_date": view.doc_date,
        "captured_at": view.captured_at,
        "reference_code": view.reference_code,
        "media_type": view.media_type,
        "sha256": view.sha256,
        "size_bytes": view.size_bytes,
        "pages": view.page_count,
        "failed_pages": view.failed_pages,
        "truncated": view.truncated,
        "problem": view.problem,
        "fields": [_field(each) for each in view.fields],
        "page_details": view.pages,
        "renditions": view.renditions,
        "searchable_copy": view.searchable_copy,
        "parent": view.parent,
        "children": view.children,
        "parts": view.parts,
        "source_pages": view.source_pages,
        "copies": view.copies,
        "revision": view.revision,
        "history": [history_entry(entry) for entry in view.history],
        "panels": view.panels,
        "opening": opening(view.opening),
    }


def _link(link: Link) -> dict[str, Any]:
    """``candidates`` only while it waits, for who may assign."""
    found: dict[str, Any] = {"confidence": link.confidence, "reasons": link.reasons}
    if link.candidates is not None:
        found["candidates"] = link.candidates
    return found


def _field(field: FieldView) -> dict[str, Any]:
    return {
        "name": field.name,
        "value": field.value.text,
        "page": field.page,
        "box": field.box,
        "confidence": field.confidence,
        "corrected": field.corrected,
    }


def page_text(page: PageText) -> dict[str, Any]:
    """A page's text with the places of the query in it."""
    return {
        "page": page.page,
        "text": page.text,
        "highlights": page.highlights,
        "error": page.error,
    }
