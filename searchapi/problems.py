"""Which errors a route may answer, for the OpenAPI document (RFC 9457 problem documents)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from dossier.errors import (
    ConflictError,
    DiskFullError,
    DossierError,
    ForbiddenError,
    InvalidInputError,
    NotAuthenticatedError,
    NotFoundError,
    NotPossibleError,
    QueryError,
    TooLargeError,
    UnavailableError,
)
from dossier.web.problems import MEDIA_TYPE

Kind = type[DossierError]
ALWAYS: tuple[Kind, ...] = (NotAuthenticatedError, ForbiddenError, UnavailableError)
"""What any signed-in route may answer."""


class Problem(BaseModel):
    """An RFC 9457 problem document."""

    type: str = Field(examples=["urn:dossier:problem:not_found"])
    title: str
    title_zh: str
    status: int
    code: str
    detail: str
    detail_zh: str
    ask: str | None = Field(None, description="Page on which an approval may be asked for")


Responses = dict[int | str, dict[str, Any]]


def may_answer(*kinds: Kind, public: bool = False) -> Responses:
    """The ``responses`` of a route that may raise these errors besides the usual ones."""
    found: dict[int, list[Kind]] = {}
    for kind in (*(() if public else ALWAYS), *kinds):
        found.setdefault(kind.status, []).append(kind)
    return {status: _response(each) for status, each in sorted(found.items())}


def _response(kinds: list[Kind]) -> dict[str, Any]:
    return {
        "model": Problem,
        "description": "; ".join(dict.fromkeys(kind.title for kind in kinds)),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


READING = may_answer(NotFoundError, InvalidInputError)
LISTING = may_answer(NotFoundError, InvalidInputError, QueryError)
SEARCHING = may_answer(QueryError, InvalidInputError)
CHANGING = may_answer(NotFoundError, InvalidInputError, ConflictError, NotPossibleError)
SENDING = may_answer(InvalidInputError, TooLargeError, DiskFullError)
