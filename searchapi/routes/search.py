"""The one box."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from dossier.errors import QueryError
from dossier.services import search, suggesting
from dossier.services.views import SearchRequest
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi import answers, schemas
from searchapi.answers import JsonAnswer
from searchapi.language import speaking
from searchapi.problems import SEARCHING

router = APIRouter(tags=["search"])
FILTER = "filter."
_PARAMETERS = ("q", "facets", "cursor", "size", "lang")
MOST_VALUES = 100
"""Filter values of one request."""
LARGEST_PAGE, LARGEST_SUGGESTION = 100, 20


@router.get(
    "/search",
    response_model=schemas.SearchAnswer,
    responses=SEARCHING,
    summary="One keyword over customers and pages",
    openapi_extra={"parameters": [schemas.FILTER_PARAMETER]},
)
def find(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.SEARCH)],
    q: Annotated[str, Query(description="Name, number, word, phrase; empty: everything")] = "",
    facets: Annotated[str, Query(description="Names of facets to count, by commas")] = "",
    cursor: Annotated[str | None, Query(description="next_cursor of the last answer")] = None,
    size: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 20,
) -> JsonAnswer:
    """Customers and papers of nobody that match, best first."""
    context = context_of(request)
    _refuse_others(request)
    asked = SearchRequest(
        q=q,
        filters=filters_of(request),
        facets=tuple(name for name in facets.split(",") if name),
        cursor=cursor or None,
        size=size,
    )
    speaker = speaking(request, viewer, context.settings.locale)
    return JsonAnswer(answers.search_answer(search.search(context, speaker, asked)))


@router.get(
    "/suggest",
    response_model=schemas.Suggestions,
    responses=SEARCHING,
    summary="What to offer while one types",
)
def suggest(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.SEARCH)],
    q: str = "",
    size: Annotated[int, Query(ge=1, le=LARGEST_SUGGESTION)] = 10,
) -> JsonAnswer:
    """Customers and document types that begin so."""
    context = context_of(request)
    speaker = speaking(request, viewer, context.settings.locale)
    return JsonAnswer({"items": suggesting.suggest(context, speaker, q, size=size)})


def _refuse_others(request: Request) -> None:
    """A filter that is written as a parameter of its own would be passed over, and find everything.

    Raises:
        QueryError: a parameter that there is not.
    """
    for name in request.query_params:
        if name not in _PARAMETERS and not name.startswith(FILTER):
            raise QueryError(
                f"unknown parameter; known are {', '.join(_PARAMETERS)} and {FILTER}NAME=VALUE",
                detail_zh=f"没有这个参数；可用：{'、'.join(_PARAMETERS)}，筛选写成 {FILTER}名称=值",
            )


def filters_of(request: Request) -> dict[str, tuple[str, ...]]:
    """The chosen values in an address: ``filter.NAME=VALUE``, as often as wanted."""
    found: dict[str, list[str]] = {}
    given = [item for item in request.query_params.multi_items() if item[0].startswith(FILTER)]
    for name, value in given[:MOST_VALUES]:
        found.setdefault(name.removeprefix(FILTER), []).append(value)
    return {name: tuple(values) for name, values in found.items()}
