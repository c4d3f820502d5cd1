"""The document viewer: a page's picture with boxes, its text, its fields, where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dossier.records import Box, QuarantineReason
from dossier.services import documents, pages, texts
from dossier.services.context import Context
from dossier.services.views import DocumentView, PageBoxes, PageSummary, PageText, ReleasedFile
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from dossier.web.files import send_file
from ui import labels
from ui.locales import speaking
from ui.pages.customers import seconds_left
from ui.rendering import render

router = APIRouter()
ZOOMS: Final = ("fit", "100", "150", "200", "300")
QUARTER: Final = 90
THUMBS_AROUND: Final = 40
"""Thumbnails before and after the open page: 10,000 pages must not make 10,000 of them."""
NO_BOXES: Final = PageBoxes(0, 0, ())


@dataclass(frozen=True, slots=True)
class Look:
    """What of a document is looked at, and how."""

    document_id: str
    page: int = 1
    q: str = ""
    zoom: str = "fit"
    turn: int = 0
    field: int = -1

    def address(self, fragment: str = "") -> str:
        """The address of this look."""
        parts: dict[str, str | int] = {"page": self.page}
        parts |= {"q": self.q} if self.q else {}
        parts |= {"zoom": self.zoom} if self.zoom != "fit" else {}
        parts |= {"turn": self.turn} if self.turn else {}
        parts |= {"field": self.field} if self.field >= 0 else {}
        return f"/documents/{self.document_id}?{urlencode(parts)}{fragment}"


class Links:
    """Addresses of the looks beside the present one; empty where there is none."""

    def __init__(self, look: Look, page_count: int, hits: Mapping[int, int]) -> None:
        """Compute them."""
        self._look = replace(look, field=-1)
        self.previous = self.page(look.page - 1) if look.page > 1 else ""
        self.next = self.page(look.page + 1) if look.page < page_count else ""
        before = max((n for n in hits if n < look.page and hits[n]), default=0)
        after = min((n for n in hits if n > look.page and hits[n]), default=0)
        self.previous_hit = replace(self._look, page=before).address("#last") if before else ""
        self.next_hit = self.page(after) if after else ""
        at = ZOOMS.index(look.zoom)
        self.smaller = self._zoomed(at - 1) if at > 0 else ""
        self.larger = self._zoomed(at + 1) if at + 1 < len(ZOOMS) else ""
        self.turn = replace(self._look, turn=(look.turn + QUARTER) % 360).address()

    def page(self, number: int) -> str:
        """The address of another page; a turn is of one page only."""
        return replace(self._look, page=number, turn=0).address()

    def field(self, index: int, page: int) -> str:
        """The address that shows where a field stands."""
        return replace(self._look, page=page, turn=0, field=index).address()

    def _zoomed(self, at: int) -> str:
        return replace(self._look, zoom=ZOOMS[at]).address()


@router.get("/documents/{document_id}")
def show_document(
    request: Request,
    document_id: str,
    page: int = Query(1, ge=1, le=1_000_000),
    q: str = "",
    zoom: str = "fit",
    turn: int = 0,
    field: int = -1,
    viewer: Viewer = requires(Permission.READ_CONTENT),
) -> Response:
    """The viewer at a page."""
    context, viewer = context_of(request), speaking(request, viewer)
    doc = documents.get(context, viewer, document_id)
    number = _open_page(doc, page)
    look = Look(
        document_id,
        number,
        " ".join(q.split()),
        zoom if zoom in ZOOMS else "fit",
        turn if turn in (QUARTER, 2 * QUARTER, 3 * QUARTER) else 0,
        field if 0 <= field < len(doc.fields) else -1,
    )
    hits = _hits(context, viewer, look)
    summary = next((one for one in doc.pages if one.number == number), None)
    return render(
        request,
        "document.html",
        doc=doc,
        q=look.q,
        page=summary,
        page_number=number,
        numbers=_thumbs(number, doc),
        hits=hits,
        hit_total=sum(hits.values()),
        hits_before=sum(count for n, count in hits.items() if n < number),
        hits_after=sum(count for n, count in hits.items() if n > number),
        boxes=_boxes(context, viewer, doc, look),
        spot=_spot(doc, look),
        chosen_field=look.field,
        text=_text(context, viewer, look),
        links=Links(look, doc.page_count, hits),
        zoom=look.zoom,
        turn=look.turn,
        seen_fields=labels.SEEN_FIELDS,
        problem=(_page_problem(summary) if summary else "") or doc.problem,
        refresh=seconds_left(context, viewer, doc.opening),
        copy_trouble=_copy_trouble(doc),
        has_pdf=any(copy.kind != "original" for copy in doc.renditions)
        or doc.media_type == "application/pdf",
    )


def _copy_trouble(doc: DocumentView) -> str:
    """The code of why there is no searchable copy, where it has words of its own."""
    error = doc.searchable_copy.error if doc.searchable_copy else ""
    return error if error in labels.REASON else ""


def _page_problem(page: PageSummary) -> str:
    """Why the page is not there, or not all of it; empty when it is."""
    return page.error or (QuarantineReason.TRUNCATED if page.truncated else "")


@router.get("/documents/{document_id}/preview")
def show_preview(
    request: Request,
    document_id: str,
    page: int = Query(1, ge=1, le=1_000_000),
    q: str = "",
    viewer: Viewer = requires(Permission.READ_CONTENT),
) -> Response:
    """The piece beside the results: one page with its boxes."""
    context, viewer = context_of(request), speaking(request, viewer)
    doc = documents.get(context, viewer, document_id)
    look = Look(document_id, _open_page(doc, page), " ".join(q.split()))
    return render(
        request,
        "parts/preview.html",
        doc=doc,
        number=look.page,
        q=look.q,
        hits=sum(_hits(context, viewer, look).values()),
        boxes=_boxes(context, viewer, doc, look),
    )


@router.get("/documents/{document_id}/original")
def download_original(
    request: Request, document_id: str, viewer: Viewer = requires(Permission.READ_ORIGINAL)
) -> Response:
    """The untouched original, named by customer number and type and not by a person."""
    file = documents.original(context_of(request), viewer, document_id)
    return _send(request, file)


@router.get("/documents/{document_id}/pdf")
def download_pdf(
    request: Request, document_id: str, viewer: Viewer = requires(Permission.READ_ORIGINAL)
) -> Response:
    """The searchable PDF, or the original when that is one."""
    file = documents.pdf(context_of(request), viewer, document_id)
    return _send(request, file)


def _send(request: Request, file: ReleasedFile) -> Response:
    """The file under a name that tells nothing of a person: browsers keep lists of downloads."""
    suffix = file.file_name.rpartition(".")[2].lower() if "." in file.file_name else ""
    plain = suffix.isascii() and suffix.isalnum()
    name = f"{file.paper_name}.{suffix}" if plain else file.paper_name
    return send_file(request, replace(file, file_name=name))


def _hits(context: Context, viewer: Viewer, look: Look) -> dict[int, int]:
    if not look.q:
        return {}
    found = pages.hits(context, viewer, look.document_id, q=look.q)
    return {one.page: one.count for one in found if one.count}


def _boxes(context: Context, viewer: Viewer, doc: DocumentView, look: Look) -> PageBoxes:
    """The boxes on the page; its size alone without a query; nothing while it is not read."""
    if not any(one.number == look.page for one in doc.pages):
        return NO_BOXES
    return pages.boxes(context, viewer, look.document_id, look.page, q=look.q)


def _text(context: Context, viewer: Viewer, look: Look) -> PageText:
    read = texts.read(context, viewer, look.document_id, q=look.q, number=look.page)
    return read[0] if read else PageText(look.page, "")


def _spot(doc: DocumentView, look: Look) -> Box | None:
    if look.field < 0:
        return None
    field = doc.fields[look.field]
    return field.box if field.page == look.page else None


def _open_page(doc: DocumentView, page: int) -> int:
    """The page that is asked for, or the first that is open where only some were lent."""
    number = min(page, max(doc.page_count, 1))
    return number if not doc.only_pages or number in doc.only_pages else doc.only_pages[0]


def _thumbs(number: int, doc: DocumentView) -> list[int]:
    first = max(1, number - THUMBS_AROUND)
    around = range(first, min(max(doc.page_count, 1), number + THUMBS_AROUND) + 1)
    return [one for one in around if not doc.only_pages or one in doc.only_pages]
