"""Attributes of a customer for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.errors import NotFoundError
from dossier.plugins.verification import attributes
from dossier.plugins.verification.attributes import AttributeWish
from dossier.services.customer_attributes import PERSON
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, may_answer

router = APIRouter(prefix="/customers/{customer_no}/attributes", tags=["verification"])


class SaidItem(BaseModel):
    """What was said of an attribute; without an end it counts now."""

    model_config = ConfigDict(from_attributes=True)
    name: str
    codes: list[str]
    source: str = Field(description="customer_file, person, or what a program calls itself")
    noted_at: datetime
    noted_by: str
    ended_at: datetime | None
    ended_by: str


class AttributesAnswer(BaseModel):
    """Codes that count now by attribute, and all that was said, the newest first."""

    present: dict[str, list[str]]
    said: list[SaidItem]


class AttributeWanted(BaseModel):
    """What somebody says."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=30, description="Of rulebook/attributes.yaml, as are the codes")
    codes: list[Annotated[str, Field(max_length=30)]] = Field(
        max_length=30, description="None: nobody knows any more"
    )
    source: str = Field(PERSON, max_length=40)


@router.get("", responses=may_answer(NotFoundError), summary="Attributes")
def read_attributes(
    request: Request,
    customer_no: str,
    viewer: Annotated[Viewer, requires(Permission.READ_CUSTOMER)],
) -> AttributesAnswer:
    """Payment channel, smart service and the like, with source and history."""
    found = attributes.get(context_of(request), viewer, customer_no)
    return AttributesAnswer(
        present={name: list(codes) for name, codes in found.present.items()},
        said=[SaidItem.model_validate(one) for one in found.said],
    )


@router.post("", status_code=204, responses=CHANGING, summary="Write an attribute")
def write_attribute(
    request: Request,
    customer_no: str,
    viewer: Annotated[Viewer, requires(Permission.VERIFY)],
    wanted: AttributeWanted,
) -> None:
    """What was said before ends and is kept."""
    wish = AttributeWish(wanted.name, tuple(wanted.codes), wanted.source)
    attributes.write(context_of(request), viewer, customer_no, wish)
