"""``/search/export``: the list that the box shows, as a file under a password."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from dossier.errors import ConflictError, InvalidInputError, NotFoundError, QueryError
from dossier.plugins.list_export import export, files
from dossier.plugins.list_export.export import ExportWish
from dossier.services.table_export import MEDIA_TYPES
from dossier.services.views import SearchRequest
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.language import speaking
from searchapi.problems import Responses, may_answer

router = APIRouter(tags=["search"])
XLSX = MEDIA_TYPES["xlsx"]
FILES: Responses = {200: {"content": {XLSX: {}, files.ZIP: {}}}}
MAKING = may_answer(QueryError, InvalidInputError, ConflictError)
Exporter = Annotated[Viewer, requires(Permission.EXPORT)]
Text = Annotated[str, Field(max_length=400)]
"""Of a filter; half characters, which nothing here can keep, are refused with its length."""


class ListWish(BaseModel):
    """A list of hits: as for ``/search``."""

    model_config = ConfigDict(extra="forbid")
    q: str = Field("", max_length=10_000)
    filters: dict[Text, list[Text]] = Field(default_factory=dict, max_length=20)
    purpose: str = Field(max_length=200)
    clear: bool = Field(default=False, description="Unmasked; needs an approval")
    format: export.Form = Field(
        "xlsx", description="A workbook, or a CSV in a ZIP under AES; both under the password"
    )

    def wish(self) -> ExportWish:
        """For the use case."""
        filters = {name: tuple(values) for name, values in self.filters.items()}
        asked = SearchRequest(q=self.q, filters=filters)
        return ExportWish(asked, self.purpose, self.clear, self.format)


class ListWithTerm(ListWish):
    """The same, with the term of the approval."""

    hours: int = Field(ge=1, le=10_000)


class MadeItem(BaseModel):
    """A file that was made; the password is said here and never again."""

    id: str
    href: str
    rows: int
    password: str
    expires_at: datetime


class Asked(BaseModel):
    """A request for approval."""

    id: str


@router.post("/search/export", status_code=201, responses=MAKING, summary="Save a list as a file")
def make(request: Request, viewer: Exporter, wanted: ListWish) -> MadeItem:
    """All customers of the list with their register line, under a password."""
    context = context_of(request)
    speaker = speaking(request, viewer, context.settings.locale)
    made = files.make(context, speaker, wanted.wish())
    return MadeItem(
        id=made.id,
        href=f"/api/v1/search/export/{made.id}",
        rows=made.rows,
        password=made.password,
        expires_at=made.expires_at,
    )


@router.post("/search/export/approval", status_code=201, responses=MAKING)
def ask(request: Request, viewer: Exporter, wanted: ListWithTerm) -> Asked:
    """Ask for the approval that a long list, or one in clear, needs."""
    context = context_of(request)
    return Asked(id=export.ask(context, viewer, wanted.wish(), hours=wanted.hours))


@router.get(
    "/search/export/{file_id}",
    response_class=Response,
    responses=FILES | may_answer(NotFoundError, InvalidInputError),
    summary="The bytes of a list's file",
)
def fetch(
    request: Request, viewer: Exporter, file_id: Annotated[str, Path(max_length=36)]
) -> Response:
    """For who made it, until it expires."""
    return as_answer(files.fetch(context_of(request), viewer, file_id))


def as_answer(found: files.Fetched) -> Response:
    """The download."""
    headers = {
        "Content-Disposition": f'attachment; filename="{found.name}"',
        "Cache-Control": "no-store",
    }
    return Response(found.body, media_type=found.media_type, headers=headers)
