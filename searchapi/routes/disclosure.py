"""Masked values opened with a reason for some minutes, and callers checked without seeing any."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from dossier.errors import InvalidInputError, NotFoundError, TooManyRequestsError
from dossier.services import caller_check, disclosure
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi import answers, schemas
from searchapi.answers import JsonAnswer
from searchapi.problems import READING, may_answer

router = APIRouter(prefix="/customers/{customer_no}", tags=["customers"])
CHECKING = may_answer(NotFoundError, InvalidInputError, TooManyRequestsError)


class Asked(BaseModel):
    """What is to be shown, and why."""

    model_config = ConfigDict(extra="forbid")

    fields: Annotated[
        list[str], Field(max_length=10, description="name, id_no, phone, address, pages")
    ]
    reason: Annotated[str, Field(max_length=40, description="A code of rulebook/disclosure.yaml")]
    note: Annotated[str, Field(max_length=1000, description="Free text beside the reason")] = ""


class Said(BaseModel):
    """What the caller said."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, Field(max_length=20, description="id_no, phone or bank_account")]
    last: Annotated[str, Field(max_length=20, description="The last four digits")]


@router.post(
    "/opening",
    status_code=201,
    response_model=schemas.Opening,
    responses=READING,
    summary="Show masked values for some minutes",
)
def open_values(
    request: Request,
    customer_no: str,
    body: Asked,
    viewer: Annotated[Viewer, requires(Permission.REVEAL)],
) -> JsonAnswer:
    """Opens the fields of this one customer to this user; reason and looks are in the audit."""
    opened = disclosure.show(
        context_of(request),
        viewer,
        customer_no,
        fields=body.fields,
        reason=body.reason,
        note=body.note,
    )
    return JsonAnswer(answers.opening(opened), status_code=201)


@router.delete(
    "/opening",
    status_code=204,
    response_class=Response,
    responses=READING,
    summary="Mask them again at once",
)
def close_values(
    request: Request,
    customer_no: str,
    viewer: Annotated[Viewer, requires(Permission.REVEAL)],
) -> Response:
    """Ends it before its time; nothing open is no error."""
    disclosure.end(context_of(request), viewer, customer_no)
    return Response(status_code=204)


@router.post(
    "/check",
    response_model=schemas.CallerChecked,
    responses=CHECKING,
    summary="Is the caller who they say?",
)
def check_caller(
    request: Request,
    customer_no: str,
    body: Said,
    viewer: Annotated[Viewer, requires(Permission.CHECK_CALLER)],
) -> JsonAnswer:
    """Compares the last four digits of a number; the number itself is not shown."""
    matches = caller_check.check(
        context_of(request), viewer, customer_no, kind=body.kind, last=body.last
    )
    return JsonAnswer({"matches": matches})
