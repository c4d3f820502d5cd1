"""``/cases/{case_no}``: the nodes of a case as steps, and the papers that each asks for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from dossier.plugins.completeness import case_view, requirements, wording
from dossier.rules import sources
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires

router = APIRouter()


@router.get("/cases/{case_no:path}")
def show_case(
    request: Request,
    case_no: str,
    viewer: Annotated[Viewer, requires(Permission.READ_CUSTOMER)],
) -> Response:
    """How far it is, and what lacks at each step."""
    context = context_of(request)
    view = case_view.get(context, viewer, case_no)
    return render(
        request,
        "completeness/case.html",
        view=view,
        wording=wording,
        book=requirements.of(context),
        cited=sources.cited,
    )
