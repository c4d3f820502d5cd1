"""What of a list goes into a file: the same customers, order and masks as on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dossier import access
from dossier.errors import InvalidInputError
from dossier.rules import rulebook
from dossier.search.highlight import may_be_like
from dossier.search.parser import parse
from dossier.services import asking, audit, audit_bulk, hydrate, labels
from dossier.services.context import Context
from dossier.services.views import Hit, SearchRequest
from dossier.viewer import Permission, Viewer
from ui.locales import in_words

RULES = "list_export"
PAGE = 100
"""Customers that are fetched at a time."""
HEADS = {
    "zh": ("户号", "户名", "状态", "类别", "用电地址", "供电所", "线路", "台区", "匹配",
           "文件数"),
    "en": ("Customer number", "Name", "Status", "Category", "Address", "Station", "Line",
           "District", "Matched", "Papers"),
}  # fmt: skip
NOBODY = {"zh": "（待归户文件）", "en": "(paper to be assigned)"}
WITHOUT_TEXT = parse("")
"""A page's text is read only where it tells why: for synonyms and misread characters."""


@dataclass(frozen=True, slots=True)
class ExportedList:
    """A table for a file; it exists only against the receipt of its audit row."""

    receipt: audit.Receipt
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def export_list(
    context: Context, viewer: Viewer, request: SearchRequest, *, file_format: str
) -> ExportedList:
    """All hits of a query with its filters, masked for the viewer (domain.md S3-15).

    Raises:
        ForbiddenError: the role may not export.
        InvalidInputError: the list is longer than a file may be.
        QueryError: an unknown filter.
        UnavailableError: the index does not answer, or the audit cannot be written.
    """
    viewer = access.demand(viewer, Permission.EXPORT)
    most = int(rulebook.load(RULES)["most_rows"])
    language = "zh" if viewer.language.startswith(labels.CHINESE) else "en"
    hits = _hits(context, viewer, request, most)
    rows = tuple(_row(hit, viewer.language, language) for hit in hits)
    whole = {
        "action": "list.exported",
        "object_kind": "query",
        "object_id": context.keyring.hash(request.q),
        "facts": {"rows": len(rows), "format": file_format},
    }
    receipt = audit_bulk.record_each(
        context,
        viewer,
        whole,
        action="customer.exported",
        object_kind="customer",
        object_ids=[row[0] for row in rows if row[0]],
    )
    return ExportedList(receipt, HEADS[language], rows)


def _hits(context: Context, viewer: Viewer, request: SearchRequest, most: int) -> Iterator[Hit]:
    scoped = asking.ask(context, viewer, request.q, filters=request.filters)
    told_by = scoped.query if may_be_like(scoped.query) else WITHOUT_TEXT
    cursor: str | None = None
    while True:
        found = context.index.search(scoped, size=PAGE, documents_per_group=1, after=cursor)
        if found.total > most:
            raise InvalidInputError(
                f"The list has {found.total} rows, a file takes {most}; narrow it down",
                detail_zh=f"列表共 {found.total} 行，单个文件最多 {most} 行，请缩小范围后再导出",
            )
        with context.reading(viewer) as session:
            yield from hydrate.hits(context, session, viewer, told_by, found.groups)
        cursor = found.cursor
        if cursor is None:
            return


def _row(hit: Hit, locale: str, language: str) -> tuple[str, ...]:
    papers = str(hit.document_count)
    head = hit.customer
    if head is None:
        empty = [""] * (len(HEADS[language]) - 4)
        return ("", NOBODY[language], *empty, _why(hit, locale), papers)
    return (
        head.customer_no,
        str(head.name),
        labels.code_label("status", head.status, locale),
        labels.code_label("category", head.category, locale),
        str(head.address),
        head.station,
        head.line,
        head.district,
        _why(hit, locale),
        papers,
    )


def _why(hit: Hit, locale: str) -> str:
    """Why the customer is in the list, in words; of its papers the first one tells."""
    reasons = [in_words("matched", code, locale) for code in hit.matched_on]
    like = [
        f"{in_words('like', each.kind, locale)}：{each.asked} → {each.found}"
        for document in hit.documents
        for each in document.like
    ]
    return " · ".join([*reasons, *like])
