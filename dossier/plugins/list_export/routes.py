"""``GET /search/export``: the list that the box shows, as a file."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dossier.plugins.list_export.export import export_list
from dossier.services.table_export import MEDIA_TYPES, as_csv, as_xlsx
from dossier.services.views import SearchRequest
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.language import speaking
from searchapi.problems import SEARCHING, Responses
from searchapi.routes.search import filters_of

router = APIRouter(tags=["search"])
FILES: Responses = {200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}}
WIDTHS = (16, 16, 10, 12, 40, 18, 18, 18, 10)
"""Of the workbook's columns, in characters."""


@router.get(
    "/search/export",
    response_class=Response,
    responses=FILES | SEARCHING,
    summary="The list of hits as a file",
)
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
    is_csv = format == "csv"
    body = (
        as_csv(found.head, found.rows) if is_csv else as_xlsx(found.head, found.rows, widths=WIDTHS)
    )
    name = f"dossier-{context.clock.now():%Y%m%d-%H%M%S}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=MEDIA_TYPES[format], headers=headers)
