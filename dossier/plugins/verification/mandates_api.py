"""Bank mandates, failed debits and corrections for programs."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from dossier.errors import InvalidInputError, NotFoundError, QueryError, TooLargeError
from dossier.plugins.verification import corrections, mandates
from dossier.plugins.verification.api import Made, MaskedText, shown
from dossier.plugins.verification.mandates import MandateWish
from dossier.plugins.verification.received import received
from dossier.plugins.verification.standing import Wish, wished
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, may_answer

router = APIRouter(tags=["verification"])
Reading = Annotated[Viewer, requires(Permission.READ_CUSTOMER)]
Verifying = Annotated[Viewer, requires(Permission.VERIFY)]
Id = Annotated[str, Path(max_length=36)]


class MandateItem(BaseModel):
    """A mandate; the first without an end holds."""

    id: str
    account: MaskedText
    account_name: MaskedText
    likeness: str = Field(description="same, alike or other: held against the register")
    bank: str
    document_id: str | None
    made_at: datetime
    by: str
    ended_at: datetime | None
    ended_why: str


class MandateList(BaseModel):
    """All of a customer, the newest first."""

    items: list[MandateItem]
    next_cursor: str | None = None
    total: int
    open_corrections: int


class MandateWanted(BaseModel):
    """What a signed paper says."""

    model_config = ConfigDict(extra="forbid")
    account: str = Field(max_length=60)
    account_name: str = Field(max_length=400)
    bank: str = Field(max_length=400)
    document_id: str | None = Field(None, max_length=36)


class Why(BaseModel):
    """A reason."""

    model_config = ConfigDict(extra="forbid")
    why: str = Field(max_length=1000)


class CorrectionItem(BaseModel):
    """Something to be put right about a mandate."""

    id: str
    customer_no: str
    kind: str
    account: MaskedText
    account_name: MaskedText
    bank: str
    failures: int
    last_failure: date | None
    last_reason: str
    state: str
    reason: str
    document_id: str | None
    arrived_id: str | None = Field(description="A paper that came in since, to be recorded")
    opened_at: datetime
    closed_by: str
    closed_at: datetime | None


class CorrectionList(BaseModel):
    """A page of the list."""

    items: list[CorrectionItem]
    next_cursor: str | None
    total: int


class DebitError(BaseModel):
    """Why a row was left out."""

    model_config = ConfigDict(from_attributes=True)
    row: int
    column: str
    message_zh: str
    message_en: str


class DebitsTaken(BaseModel):
    """What a bank's list did."""

    model_config = ConfigDict(from_attributes=True)
    changed: int
    unchanged: int
    rejected: int
    error_count: int
    errors: list[DebitError]


@router.get(
    "/customers/{customer_no}/mandates", responses=may_answer(NotFoundError), summary="Mandates"
)
def list_mandates(request: Request, customer_no: str, viewer: Reading) -> MandateList:
    """Accounts by their last four, for who sees masked."""
    found = mandates.get(context_of(request), viewer, customer_no)
    items = [
        MandateItem(
            id=one.id,
            account=shown(one.account),
            account_name=shown(one.account_name),
            likeness=one.likeness,
            bank=one.bank,
            document_id=one.document_id,
            made_at=one.made_at,
            by=one.made_by,
            ended_at=one.ended_at,
            ended_why=one.ended_why,
        )
        for one in found.items
    ]
    return MandateList(items=items, total=len(items), open_corrections=found.open_corrections)


@router.post(
    "/customers/{customer_no}/mandates",
    status_code=201,
    responses=CHANGING,
    summary="Keep a bank mandate",
)
def make_mandate(
    request: Request, customer_no: str, viewer: Verifying, wanted: MandateWanted
) -> Made:
    """It takes the place of the one before, and answers what was open of it."""
    wish = MandateWish(wanted.account, wanted.account_name, wanted.bank, wanted.document_id)
    return Made(id=mandates.record(context_of(request), viewer, customer_no, wish))


@router.post(
    "/customers/{customer_no}/mandates/{mandate_id}/end",
    status_code=204,
    responses=CHANGING,
    summary="End a bank mandate",
)
def end_mandate(
    request: Request, customer_no: str, mandate_id: Id, viewer: Verifying, said: Why
) -> None:
    """What is open of it is closed."""
    mandates.end(context_of(request), viewer, customer_no, mandate_id, why=said.why)


@router.post(
    "/failed-debits",
    responses=may_answer(InvalidInputError, TooLargeError),
    summary="Import failed debits",
)
async def import_failures(
    request: Request, viewer: Annotated[Viewer, requires(Permission.VERIFY, whole_company=True)]
) -> DebitsTaken:
    """The body is a bank's list, CSV or XLSX; the same list again changes nothing."""
    context = context_of(request)
    async with received(request) as path:
        work = partial(corrections.import_failures, context, viewer, path)
        return DebitsTaken.model_validate(await run_in_threadpool(work))


@router.get("/corrections", responses=may_answer(QueryError), summary="Mandates to be put right")
def list_corrections(
    request: Request,
    viewer: Reading,
    wish: Annotated[Wish, Depends(wished)],
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    size: Annotated[int, Query(ge=1, le=100)] = 50,
) -> CorrectionList:
    """Open ones, unless another state is asked for (resigned, closed)."""
    found = corrections.get(context_of(request), viewer, wish, cursor=cursor, size=size)
    items = [
        CorrectionItem(
            customer_no=one.head.customer_no,
            account=shown(one.account),
            account_name=shown(one.account_name),
            **{
                name: getattr(one, name)
                for name in CorrectionItem.model_fields
                if name not in ("customer_no", "account", "account_name")
            },
        )
        for one in found.items
    ]
    return CorrectionList(items=items, next_cursor=found.next_cursor, total=found.total)


@router.post(
    "/corrections/{correction_id}/close",
    status_code=204,
    responses=CHANGING,
    summary="Close a correction",
)
def close_correction(request: Request, correction_id: Id, viewer: Verifying, said: Why) -> None:
    """By a person's word; a mandate that is signed anew closes it by itself."""
    corrections.close(context_of(request), viewer, correction_id, reason=said.why)
