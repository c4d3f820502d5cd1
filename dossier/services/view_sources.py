"""What a page's picture is drawn from, and what must be known to draw it for a viewer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from dossier.db.session import ScopedSession
from dossier.db.tables import Document, Page, Rendition
from dossier.db.word_boxes import unpack_words
from dossier.errors import NotFoundError
from dossier.records import RenditionKind, WordBox
from dossier.rules.limits import LARGEST_INTEGER
from dossier.rules.masking import KnownValues
from dossier.services import papers
from dossier.services.context import Context
from dossier.services.heads import known_values, names_of
from dossier.services.page_masks import Stored
from dossier.viewer import Place, Viewer, system_viewer

DRAWING = system_viewer("drawing")
"""Looks up the stack that a paper was cut out of, whoever looks at the paper."""


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page as it was read, with everything that hiding and marking need."""

    number: int
    text: str
    words: tuple[WordBox, ...]
    width: int
    height: int
    rotation: int
    skew: float
    error: str
    barcodes: tuple[tuple[str, tuple[float, ...]], ...]
    stored: Stored


@dataclass(frozen=True, slots=True)
class PageSource:
    """Where a page's picture comes from.

    Attributes:
        sha256: content that is drawn: the original, or the view of a file without pages.
        page: None while the page is not read.
        known: what the register knows of its customer, for masks; None when nothing is.
        is_view: what is drawn is our own view of a file without pages.
        place: where the page lies, which decides what of it is masked.
        customer_no: whose paper it is; None: nobody's yet.
        type_code: of the paper.
        names: the customer's, which a query may spell in letters.
    """

    document_id: str
    sha256: str
    number: int
    page: ReadPage | None
    known: KnownValues | None
    place: Place
    is_view: bool = False
    customer_no: str | None = None
    type_code: str | None = None
    names: tuple[str, ...] = ()


def page_source(
    context: Context, session: ScopedSession, viewer: Viewer, document_id: str, number: int
) -> PageSource:
    """The page's source, within the viewer's scope.

    Raises:
        NotFoundError: no such document in scope, or it has no such page.
    """
    document = papers.in_scope(session, document_id)
    if not 1 <= number <= LARGEST_INTEGER:
        raise _no_page()
    row = session.scalar(select(Page).where(Page.document_id == document_id, Page.number == number))
    if row is None and number > max(document.page_count, 1):
        raise _no_page()
    owner = [document.customer_no] if document.customer_no else []
    if not viewer.reads_page(document, number):
        raise _no_page()
    place = Place.of_document(document).on(number)
    known = known_values(context, session, viewer.at(place), owner)
    if document.source_pages is None:
        drawn, drawn_page = _drawn_content(session, document, row), number
        is_view = drawn != document.sha256
    else:
        drawn, drawn_page, is_view = *_in_stack(context, document, number), False
    return PageSource(
        document_id=document_id,
        sha256=drawn,
        is_view=is_view,
        number=drawn_page,
        page=_read_page(row) if row is not None else None,
        known=known.get(document.customer_no or ""),
        customer_no=document.customer_no,
        type_code=document.type_code,
        names=names_of(session, document.customer_no),
        place=place,
    )


def _no_page() -> NotFoundError:
    return NotFoundError("No such page", detail_zh="没有这一页")


def _in_stack(context: Context, part: Document, number: int) -> tuple[str, int]:
    """The stack's original, and which of its pages this page of one of its papers is.

    The paper is in the viewer's scope; the stack need not be, and nothing else of it is given.
    """
    pages = part.source_pages or []
    if number > len(pages):
        raise _no_page()
    with context.reading(DRAWING) as session:
        sha256 = session.scalar(select(Document.sha256).where(Document.id == part.parent_id))
    if sha256 is None:
        raise _no_page()
    return sha256, int(pages[number - 1])


def _drawn_content(session: ScopedSession, document: Document, row: Page | None) -> str:
    """Pages of a file without pages were read from its view; all others from the original."""
    if row is None or row.rendition_id is None:
        query = select(Rendition.sha256).where(
            Rendition.document_id == document.id, Rendition.kind == RenditionKind.VIEW
        )
        return session.scalar(query.order_by(Rendition.version.desc()).limit(1)) or document.sha256
    query = select(Rendition.sha256).where(
        Rendition.id == row.rendition_id, Rendition.kind == RenditionKind.VIEW
    )
    return session.scalar(query) or document.sha256


def _read_page(row: Page) -> ReadPage:
    return ReadPage(
        number=row.number,
        text=row.text,
        words=unpack_words(row.boxes),
        width=row.width,
        height=row.height,
        rotation=row.rotation,
        skew=row.skew,
        error=row.error,
        barcodes=tuple((code["text"], tuple(code["box"])) for code in row.barcodes),
        stored=Stored(row.masks_key, row.masks),
    )
