"""Customers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from dossier.services import customers
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi import answers, schemas
from searchapi.answers import JsonAnswer
from searchapi.language import speaking
from searchapi.problems import LISTING, READING

router = APIRouter(prefix="/customers", tags=["customers"])
LARGEST_PAGE = 200


@router.get(
    "/{customer_no}",
    response_model=schemas.CustomerRecord,
    responses=READING,
    summary="A customer's record",
)
def read(
    request: Request,
    customer_no: str,
    viewer: Annotated[Viewer, requires(Permission.READ_CUSTOMER)],
) -> JsonAnswer:
    """The record, masked for the viewer, with its first papers and its history."""
    context = context_of(request)
    speaker = speaking(request, viewer, context.settings.locale)
    record = customers.get(context, speaker, customer_no)
    parts = customers.parts(context, speaker, customer_no)
    answer = JsonAnswer(answers.customer_record(record, parts))
    answer.headers["ETag"] = f'"{record.revision}"'
    return answer


@router.get(
    "/{customer_no}/documents",
    response_model=schemas.Documents,
    responses=LISTING,
    summary="A customer's papers",
)
def read_documents(
    request: Request,
    customer_no: str,
    viewer: Annotated[Viewer, requires(Permission.READ_CUSTOMER)],
    cursor: str | None = None,
    size: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
) -> JsonAnswer:
    """Newest first."""
    context = context_of(request)
    speaker = speaking(request, viewer, context.settings.locale)
    found = customers.documents(context, speaker, customer_no, cursor=cursor, size=size)
    return JsonAnswer(answers.listing(found))
