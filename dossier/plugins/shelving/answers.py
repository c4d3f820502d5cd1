"""Answers of the shelves' routes: pages, and printed sheets that are shown and kept nowhere."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from dossier.errors import DossierError
from dossier.plugins.shelving import words
from dossier.rules import shelving
from dossier.viewer import Viewer
from dossier.web import render
from dossier.web.files import SANDBOX, UNKEPT
from ui.locales import speaking


def drawn(
    request: Request,
    viewer: Viewer,
    template: str,
    *,
    error: DossierError | None = None,
    **values: object,
) -> Response:
    """A page in the viewer's language, with what was refused."""
    return render(
        request,
        f"shelving/{template}",
        status=error.status if error else 200,
        error=error,
        rules=shelving.load(),
        words=words,
        language=speaking(request, viewer).language,
        **values,
    )


def as_pdf(name: str, body: bytes) -> Response:
    """A PDF of our own making; ``name`` is plain ASCII."""
    headers = {
        "Content-Disposition": f'inline; filename="{name}.pdf"',
        "Cache-Control": UNKEPT,
        "Content-Security-Policy": SANDBOX,
    }
    return Response(body, media_type="application/pdf", headers=headers)
