"""``/api/v1/documents/{id}/fields/{name}``: a person's word on what was read on a paper."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.services import corrections
from dossier.services.corrections import RightValue
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING

router = APIRouter(prefix="/documents/{document_id}/fields/{name}", tags=["documents"])
Editor = Annotated[Viewer, requires(Permission.ASSIGN)]
Name = Annotated[str, Path(max_length=40)]
Side = Annotated[float, Field(ge=0, le=1)]


class RightItem(BaseModel):
    """A value as it is."""

    model_config = ConfigDict(extra="forbid")
    value: str = Field(min_length=1, max_length=corrections.LONGEST)
    page: int = Field(0, ge=0, lt=2**31, description="Where it stands; 0 where nobody says")
    box: tuple[Side, Side, Side, Side] | None = Field(
        None, description="Left, top, right and bottom in shares of the page"
    )


class FieldWanted(BaseModel):
    """What a field of a paper is."""

    model_config = ConfigDict(extra="forbid")
    values: list[RightItem] = Field(
        max_length=corrections.MOST_VALUES, description="None: the paper has no such value"
    )
    revision: int = Field(ge=1, lt=2**31, description="Of the document, as it was read")


class Corrected(BaseModel):
    """The document's revision after it."""

    revision: int


class TakenBack(BaseModel):
    """Which document was looked at."""

    model_config = ConfigDict(extra="forbid")
    revision: int = Field(ge=1, lt=2**31)


@router.put("", responses=CHANGING, summary="Correct a value that was read")
def correct(
    request: Request, document_id: str, name: Name, viewer: Editor, wanted: FieldWanted
) -> Corrected:
    """It wins over every reading, also when the paper is read anew."""
    right = [RightValue(one.value, one.page, one.box) for one in wanted.values]
    context = context_of(request)
    revision = corrections.correct(
        context, viewer, document_id, name, right, revision=wanted.revision
    )
    return Corrected(revision=revision)


@router.post("/take-back", responses=CHANGING, summary="Take a correction back")
def take_back(
    request: Request, document_id: str, name: Name, viewer: Editor, wanted: TakenBack
) -> Corrected:
    """What is read counts again, once the paper was recognised anew."""
    context = context_of(request)
    revision = corrections.take_back(context, viewer, document_id, name, revision=wanted.revision)
    return Corrected(revision=revision)
