"""``/documents/{id}/print``: first the purpose, then the sheets for the browser's own printing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from dossier.plugins.printing import printing
from dossier.services import documents
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from ui.locales import speaking

router = APIRouter()
HERE = "/documents/{document_id}/print"


@router.get(HERE)
def ask(
    request: Request, document_id: str, viewer: Viewer = requires(Permission.PRINT)
) -> Response:
    """What is it for?"""
    viewer = speaking(request, viewer)
    return render(
        request,
        "printing/ask.html",
        doc=documents.get(context_of(request), viewer, document_id),
        longest=printing.LONGEST_PURPOSE,
    )


@router.post(HERE)
def sheets(
    request: Request,
    document_id: str,
    purpose: Annotated[str, Form()] = "",
    viewer: Viewer = requires(Permission.PRINT),
) -> Response:
    """The pages, one a sheet, with who printed them, when and what for."""
    viewer = speaking(request, viewer)
    printed = printing.print_paper(context_of(request), viewer, document_id, purpose=purpose)
    return render(request, "printing/sheets.html", printed=printed, doc=printed.document)
