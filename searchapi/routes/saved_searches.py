"""A person's saved and last searches."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dossier.errors import InvalidInputError, NotFoundError, NotPossibleError
from dossier.services import kept_searches
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi import schemas
from searchapi.answers import JsonAnswer
from searchapi.problems import SEARCHING, may_answer

router = APIRouter(tags=["search"])


@router.get(
    "/searches",
    response_model=schemas.KeptSearches,
    responses=SEARCHING,
    summary="One's own saved or last searches",
)
def show(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.SEARCH)],
    kind: Annotated[Literal["saved", "recent"], Query()] = "saved",
) -> JsonAnswer:
    """The newest first."""
    found = kept_searches.listed(context_of(request), viewer, kind)
    return JsonAnswer({"items": found, "next_cursor": None, "total": len(found)})


@router.post(
    "/searches",
    status_code=201,
    response_model=schemas.KeptSearch,
    responses=SEARCHING | may_answer(NotPossibleError),
    summary="Save a search under a name",
)
def save(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.SEARCH)],
    wanted: schemas.SearchToSave,
) -> JsonAnswer:
    """Saved again, it gets the new name."""
    filters = {name: tuple(values) for name, values in wanted.filters.items()}
    kept = kept_searches.save(
        context_of(request), viewer, name=wanted.name, q=wanted.q, filters=filters
    )
    return JsonAnswer(kept, status_code=201)


@router.delete(
    "/searches/{kept_id}",
    status_code=204,
    responses=may_answer(NotFoundError, InvalidInputError),
    summary="Delete one",
)
def forget(
    request: Request, kept_id: str, viewer: Annotated[Viewer, requires(Permission.SEARCH)]
) -> Response:
    """One of one's own."""
    kept_searches.forget(context_of(request), viewer, kept_id)
    return Response(status_code=204)


@router.delete(
    "/searches", status_code=204, responses=SEARCHING, summary="Forget one's last searches"
)
def forget_recent(
    request: Request, viewer: Annotated[Viewer, requires(Permission.SEARCH)]
) -> Response:
    """All recent ones; the saved ones stay."""
    kept_searches.forget_recent(context_of(request), viewer)
    return Response(status_code=204)
