"""``/search/export``: what for, masked or in clear; then the password and the file."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response

from dossier.errors import ApprovalNeededError, ConflictError, DossierError, InvalidInputError
from dossier.plugins.list_export import export, files, rules
from dossier.plugins.list_export.export import CLEAR, ExportWish
from dossier.plugins.list_export.routes import as_answer
from dossier.rules.approvals import load as approval_rules
from dossier.services.approval_rows import LONGEST_TEXT
from dossier.services.views import SearchRequest
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from ui.locales import speaking
from ui.pages.asked import read_address

router = APIRouter()
HERE = "/search/export"
Exporter = Annotated[Viewer, requires(Permission.EXPORT)]
Text = Annotated[str, Form(max_length=400)]
FileForm = Annotated[export.Form, Form(alias="format")]
Address = Annotated[str, Form(max_length=20_000)]


@router.get(HERE)
def show_form(request: Request, viewer: Exporter) -> Response:
    """What for?"""
    return _form(request, viewer, request.url.query)


@router.post(HERE)
def make(
    request: Request,
    viewer: Exporter,
    search: Address = "",
    purpose: Text = "",
    clear: Text = "",
    form: FileForm = "xlsx",
) -> Response:
    """The file with its password; or why it needs an approval, and the way to ask."""
    viewer = speaking(request, viewer)
    try:
        wish = replace(_wish(search, purpose, clear), form=form)
        made = files.make(context_of(request), viewer, wish)
    except (ApprovalNeededError, InvalidInputError) as error:
        return _form(request, viewer, search, purpose=purpose, clear=clear, error=error)
    return render(request, "list_export/made.html", made=made, search=search)


@router.post("/search/export/approval")
def ask(
    request: Request,
    viewer: Exporter,
    search: Address = "",
    purpose: Text = "",
    clear: Text = "",
    hours: Annotated[int, Form()] = 0,
) -> Response:
    """Ask for the approval."""
    try:
        export.ask(context_of(request), viewer, _wish(search, purpose, clear), hours=hours)
    except (ConflictError, InvalidInputError) as error:
        return _form(request, viewer, search, purpose=purpose, clear=clear, error=error)
    return RedirectResponse("/approvals", status_code=303)


@router.get("/search/export/{file_id}")
def fetch(request: Request, viewer: Exporter, file_id: str) -> Response:
    """The bytes, under the password."""
    return as_answer(files.fetch(context_of(request), viewer, file_id))


def _wish(search: str, purpose: str, clear: str) -> ExportWish:
    asked = read_address(QueryParams(search))
    return ExportWish(SearchRequest(q=asked.q, filters=asked.filters), purpose, bool(clear))


def _form(
    request: Request,
    viewer: Viewer,
    search: str,
    *,
    purpose: str = "",
    clear: str = "",
    error: DossierError | None = None,
) -> Response:
    return render(
        request,
        "list_export/ask.html",
        status=error.status if error else 200,
        search=search,
        asked=read_address(QueryParams(search)),
        purpose=purpose,
        clear=bool(clear),
        may_clear=bool(viewer.permissions & CLEAR),
        needs_approval=isinstance(error, ApprovalNeededError),
        terms=approval_rules().terms_hours,
        rules=rules.load(),
        longest=LONGEST_TEXT,
        error=error,
    )
