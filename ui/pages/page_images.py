"""Pictures of pages, and strips around hits; each leaves only against a committed read record."""

from __future__ import annotations

from html import escape
from typing import Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dossier.rules.limits import LARGEST_INTEGER
from dossier.services import pages
from dossier.services.views import PageImage
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from dossier.web.files import send_picture
from ui.labels import message_of
from ui.locales import locale_of

router = APIRouter()
STRIP_WIDTH: Final = 1000
"""Pixels: sharp in a column of 600 on a screen of 1.5 times density."""
A4: Final = 2**0.5
WORDS_FROM: Final = 300
"""Pixels: on a smaller sheet the words would be unreadable."""
EMPTY_SHEET: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
    ' viewBox="0 0 600 849"><rect width="600" height="849" fill="#f1f2f4"/>'
    '<rect x="60" y="60" width="480" height="729" fill="none" stroke="#8a929e"'
    ' stroke-width="2" stroke-dasharray="8 8"/><text x="300" y="424" font-size="24"'
    ' font-family="sans-serif" fill="#4a5360" text-anchor="middle">{text}</text></svg>'
)


@router.get("/documents/{document_id}/pages/{number}/image")
def page_image(
    request: Request,
    document_id: str,
    number: int,
    width: int = Query(1000, ge=40, le=4000),
    printed: int = Query(0, ge=0, le=LARGEST_INTEGER),
    viewer: Viewer = requires(Permission.READ_CONTENT),
) -> Response:
    """A page, masked for who sees masked."""
    image = pages.image(
        context_of(request), viewer, document_id, number, width=width, printed=printed
    )
    return _answer(request, image, width=width)


@router.get("/documents/{document_id}/pages/{number}/strip")
def strip_image(
    request: Request,
    document_id: str,
    number: int,
    q: str = "",
    viewer: Viewer = requires(Permission.READ_CONTENT),
) -> Response:
    """The strip of the page around the first hit, boxed."""
    context = context_of(request)
    image = pages.image(context, viewer, document_id, number, width=STRIP_WIDTH, q=q, strip=True)
    return send_picture(request, image)


def _answer(request: Request, image: PageImage, *, width: int) -> Response:
    if image.placeholder and not image.placeholder.startswith("no_hit"):
        return _empty_sheet(request, image.placeholder, width)
    return send_picture(request, image)


def _empty_sheet(request: Request, reason: str, width: int) -> Response:
    """A sheet of the usual shape that says why there is no picture, so that nothing moves."""
    app = request.app
    locale = locale_of(request, app.state.context.settings.locale)
    text = app.state.catalogues[locale].ours.gettext(message_of("reason", reason))
    body = EMPTY_SHEET.format(
        width=width, height=round(width * A4), text=escape(text) if width >= WORDS_FROM else ""
    )
    headers = {"Cache-Control": "no-store", "X-Dossier-Placeholder": reason}
    return Response(body, media_type="image/svg+xml", headers=headers)
