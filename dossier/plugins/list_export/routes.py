"""``GET /search/export``: the list that the box shows, as a file."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dossier.plugins.list_export.export import export_list
from dossier.plugins.list_export.files import as_csv, as_xlsx
from dossier.services.views import SearchRequest
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.language import speaking
from searchapi.problems import SEARCHING
from searchapi.routes.search import filters_of

router = APIRouter(tags=["search"])
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("/search/export", responses=SEARCHING, summary="The list of hits as a file")
def export(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.EXPORT)],
    q: Annotated[str, Query(description="As for /search")] = "",
    format: Annotated[Literal["csv", "xlsx"], Query()] = "xlsx",
) -> Response:
    """All customers of the list with their register line; filters as for ``/search``."""
    context = context_of(request)
    speaker = speaking(request, viewer, context.settings.locale)
    asked = SearchRequest(q=q, filters=filters_of(request))
    found = export_list(context, speaker, asked, file_format=format)
    body = (as_csv if format == "csv" else as_xlsx)(found.head, found.rows)
    name = f"dossier-{context.clock.now():%Y%m%d-%H%M%S}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=MEDIA_TYPES[format], headers=headers)
