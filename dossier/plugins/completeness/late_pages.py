"""``/late-papers`` and ``/documents/{id}/late``: what came late, and what was said of it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import ConflictError, DossierError, InvalidInputError
from dossier.plugins.completeness import late_rules, late_views, requirements, wording
from dossier.plugins.completeness.late_api import file_of, wished
from dossier.plugins.completeness.late_views import Wish
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires

router = APIRouter()
Reading = Annotated[Viewer, requires(Permission.READ_CUSTOMER)]


@router.get("/late-papers")
def show_late_papers(
    request: Request,
    viewer: Reading,
    wish: Annotated[Wish, Depends(wished)],
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """The list, with the share of late papers in each unit."""
    context = context_of(request)
    found = late_views.get(context, viewer, wish, cursor=cursor)
    chosen = {
        "unit": "" if wish.unit is None else str(wish.unit),
        "reason": wish.reason,
        "explained": wish.explained,
    }
    return render(
        request,
        "completeness/late_papers.html",
        found=found,
        chosen=chosen,
        address=lambda **other: _address("/late-papers", {**chosen, **other}),
        file=_address("/late-papers/file", chosen),
        **_words(context),
    )


@router.post("/late-papers/file")
def save_late_papers(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.EXPORT)],
    wish: Annotated[Wish, Depends(wished)],
    purpose: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """The list as a CSV file; what it is for is recorded with each paper in it."""
    return file_of(late_views.in_file(context_of(request), viewer, wish, purpose=purpose))


@router.get("/documents/{document_id}/late")
def show_late_paper(request: Request, document_id: str, viewer: Reading) -> Response:
    """A paper's three times, and the form to explain."""
    return _draw(request, viewer, document_id)


@router.post("/documents/{document_id}/late")
def explain_late_paper(
    request: Request,
    document_id: str,
    viewer: Annotated[Viewer, requires(Permission.ASSIGN)],
    why: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Explain, and back; where that cannot be, the page again with what was typed."""
    try:
        late_views.explain(context_of(request), viewer, document_id, why)
    except (ConflictError, InvalidInputError) as error:
        return _draw(request, viewer, document_id, typed=why, error=error)
    return RedirectResponse(f"/documents/{quote(document_id)}/late", status_code=303)


def _draw(
    request: Request,
    viewer: Viewer,
    document_id: str,
    *,
    typed: str = "",
    error: DossierError | None = None,
) -> Response:
    context = context_of(request)
    return render(
        request,
        "completeness/late_paper.html",
        status=error.status if error else 200,
        document_id=document_id,
        late=late_views.of_document(context, viewer, document_id),
        may_explain=late_views.may_explain(context, viewer, document_id),
        longest=late_views.LONGEST,
        typed=typed,
        error=error,
        **_words(context),
    )


def _words(context: Context) -> dict[str, Any]:
    return {
        "wording": wording,
        "book": requirements.of(context),
        "late_reasons": late_rules.of(context).reasons,
    }


def _address(path: str, values: dict[str, str]) -> str:
    kept = {name: value for name, value in values.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path
