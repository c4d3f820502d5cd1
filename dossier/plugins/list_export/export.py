"""What of a list goes into a file: the same customers and order as on the screen, masked.

A file needs a reason; a long one, or one in clear, somebody else's approval (domain.md §4.7).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import orjson

from dossier import access
from dossier.db.approval_tables import ApprovalRequest
from dossier.errors import ApprovalNeededError, ConflictError, ForbiddenError, InvalidInputError
from dossier.plugins.list_export import rules
from dossier.rules.approvals import Thing
from dossier.search.highlight import may_be_like
from dossier.search.parser import parse
from dossier.search.port import ScopedQuery
from dossier.services import approvals, asking, hydrate, labels
from dossier.services.approval_rows import NewRequest, check_term, checked_text
from dossier.services.context import Context
from dossier.services.key_stores import list_key
from dossier.services.views import Hit, SearchRequest
from dossier.viewer import Permission, Viewer, system_viewer
from ui.locales import in_words

SYSTEM = system_viewer("list-export")
"""Looks approvals up, and erases what has expired."""
ACTION = "export_list"
Form = Literal["xlsx", "csv"]
PAGE = 100
"""Customers that are fetched at a time."""
CLEAR = frozenset({Permission.SEE_CLEAR, Permission.SEE_CONTACT})
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
class ExportWish:
    """A list that somebody wants as a file, what for, whether unmasked, and how."""

    asked: SearchRequest
    purpose: str
    clear: bool = False
    form: Form = "xlsx"

    @property
    def filters(self) -> Mapping[str, list[str]]:
        """The chosen values in one order, so that the same list has one key."""
        chosen = self.asked.filters.items()
        return {facet: sorted(values) for facet, values in sorted(chosen) if values}


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of a file, the purpose as it was checked, and the approval where it needs one."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    purpose: str
    approval: ApprovalRequest | None


def listed(context: Context, viewer: Viewer, wish: ExportWish) -> Listed:
    """All hits of a query with its filters (domain.md S3-15).

    Raises:
        ApprovalNeededError: it is long or in clear, and nobody approved it.
        ForbiddenError: the role may not export, or not see in clear.
        InvalidInputError: no purpose, or the list is longer than a file may be.
        QueryError: an unknown filter.
        UnavailableError: the index does not answer.
    """
    viewer = access.demand(viewer, Permission.EXPORT)
    purpose = _purpose(wish)
    scoped, rows = _counted(context, viewer, wish)
    needs_one = rules.load().needs_approval(rows, clear=wish.clear)
    approval = _demand_approval(context, viewer, wish, rows) if needs_one else None
    shown = viewer if wish.clear else _masked(viewer)
    language = "zh" if viewer.language.startswith(labels.CHINESE) else "en"
    found = _hits(context, shown, scoped)
    table = tuple(_row(hit, viewer.language, language) for hit in found)
    return Listed(HEADS[language], table, purpose, approval)


def ask(context: Context, viewer: Viewer, wish: ExportWish, *, hours: int) -> str:
    """Ask for the approval that a list needs; returns the request's id.

    Raises:
        ForbiddenError: the role may not export, or not see in clear.
        InvalidInputError: no purpose, a term that is not offered, or too long a list.
        ConflictError: it needs none, or is asked for already.
    """
    viewer = access.demand(viewer, Permission.EXPORT)
    purpose = _purpose(wish)
    check_term(hours)
    rows = _counted(context, viewer, wish)[1]
    if not rules.load().needs_approval(rows, clear=wish.clear):
        raise ConflictError("It needs no approval", detail_zh="此清单无须审批，可直接导出")
    body = orjson.dumps([wish.asked.q, wish.filters, wish.clear]).decode()
    new = NewRequest(
        Thing.LIST,
        ACTION,
        _key(context, wish),
        viewer.id,
        purpose,
        hours,
        context.keyring.encrypt(body),
        {"rows": rows, "scope": viewer.extent(Permission.EXPORT).plain()},
    )
    return approvals.add_request(context, viewer, new)


def _purpose(wish: ExportWish) -> str:
    return checked_text(wish.purpose, missing_en="Say what for", missing_zh="请填写导出用途")


def _key(context: Context, wish: ExportWish) -> str:
    return list_key(context.keyring, wish.asked.q, wish.filters, clear=wish.clear)


def _masked(viewer: Viewer) -> Viewer:
    """The same viewer, to whom everything comes masked; found is what the viewer may find."""
    return replace(viewer, permissions=viewer.permissions - CLEAR)


def _demand_approval(
    context: Context, viewer: Viewer, wish: ExportWish, rows: int
) -> ApprovalRequest:
    """Somebody approved this very list, with at least so many rows and as far as this reaches."""
    with context.reading(SYSTEM) as session:
        given = access.approved_list(
            session,
            viewer,
            Permission.EXPORT,
            action=ACTION,
            thing=_key(context, wish),
            at=context.clock.now(),
        )
    if given is not None and rows <= int(given.facts["rows"]):
        return given
    limit = rules.load().rows_without_approval
    raise ApprovalNeededError(
        ACTION,
        f"A list in clear or of more than {limit} rows needs an approval; this one has {rows}",
        detail_zh=f"明文清单或超过 {limit} 行的清单须经审批，本清单共 {rows} 行",
    )


def _counted(context: Context, viewer: Viewer, wish: ExportWish) -> tuple[ScopedQuery, int]:
    if wish.clear and not viewer.permissions & CLEAR:
        raise ForbiddenError(
            "Your role does not see in clear what the list holds", detail_zh="您的岗位不能查看明文"
        )
    scoped = asking.ask(context, viewer, wish.asked.q, filters=wish.asked.filters)
    rows = context.index.search(scoped, size=1, documents_per_group=1).total
    most = rules.load().most_rows
    if rows > most:
        raise InvalidInputError(
            f"The list has {rows} rows, a file takes {most}; narrow it down",
            detail_zh=f"列表共 {rows} 行，单个文件最多 {most} 行，请缩小范围后再导出",
        )
    return scoped, rows


def _hits(context: Context, viewer: Viewer, scoped: ScopedQuery) -> Iterator[Hit]:
    told_by = scoped.query if may_be_like(scoped.query) else WITHOUT_TEXT
    cursor: str | None = None
    while True:
        found = context.index.search(scoped, size=PAGE, documents_per_group=1, after=cursor)
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
