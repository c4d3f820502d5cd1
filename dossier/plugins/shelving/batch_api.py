"""``/api/v1/batches``: papers that go from one side to another, for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.plugins.shelving import batch_views, batches
from dossier.plugins.shelving.batch_views import BatchView
from dossier.plugins.shelving.batches import Found
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, LISTING, READING

router = APIRouter(tags=["batches"])
Reading = Annotated[Viewer, requires(Permission.READ_CUSTOMER)]
Giving = Annotated[Viewer, requires(Permission.UPLOAD)]
Receiving = Annotated[Viewer, requires(Permission.SHELVE)]
BatchId = Annotated[str, Path(max_length=36)]
ItemId = Annotated[int, Path(ge=1, lt=2**31)]
STRICT = ConfigDict(extra="forbid")


class BatchItem(BaseModel):
    """A paper of a batch."""

    id: int
    document_id: str | None = Field(description="null: nobody could say which paper it is")
    reference_code: str
    title: str
    listed_by: str = Field(description="Volume or box that it was listed with; empty: alone")
    pages: int = Field(description="As the giving side counts them")
    counted: int | None = Field(description="As the receiving side counted them")
    difference: str = Field(description="missing, extra, pages, or empty")
    outcome: str = Field(description="taken, back, or empty while the difference is open")
    note: str


class BatchHead(BaseModel):
    """A batch without its items."""

    id: str
    number: str
    state: str
    giver: str
    to: str
    outside: str
    receiver: str
    signatory: str
    made_at: datetime
    handed_at: datetime | None
    received_at: datetime | None
    closed_at: datetime | None
    items_total: int
    pages_total: int


class BatchAnswer(BatchHead):
    """A batch with the items that the caller sees."""

    items: list[BatchItem]
    hidden: int


class BatchList(BaseModel):
    """A page of batches, the newest first."""

    items: list[BatchHead]
    next_cursor: str | None


class NewBatch(BaseModel):
    """Where it goes."""

    model_config = STRICT
    to: str = Field("", max_length=16, description="A room's code, or the receiving desk's")
    outside: str = Field("", max_length=80, description="The archive outside; instead of `to`")


class Listing(BaseModel):
    """What comes onto the list."""

    model_config = STRICT
    code: str = Field(
        "", max_length=80, description="Box, volume, item or document; empty: all that one has"
    )


class Added(BaseModel):
    """How many papers are new on the list."""

    added: int


class Counted(BaseModel):
    """A count of the receiving side."""

    model_config = STRICT
    item: int = Field(ge=1, lt=2**31)
    pages: int = Field(ge=1, le=batches.MOST_PAGES)


class Received(BaseModel):
    """What the receiving side found; what it does not name came as it was listed."""

    model_config = STRICT
    counted: list[Counted] = Field(default=[], max_length=5000)
    missing: list[int] = Field(default=[], max_length=5000)
    extra: list[Annotated[str, Field(max_length=200)]] = Field(
        default=[], max_length=batches.MOST_EXTRA, description="Codes of what was not listed"
    )
    signatory: str = Field("", max_length=80, description="Who signed for the archive outside")


class Settled(BaseModel):
    """What became of a difference."""

    model_config = STRICT
    outcome: Literal["taken", "back"]
    note: str = Field(min_length=1, max_length=batches.LONGEST_NOTE)


@router.get("/batches", responses=LISTING, summary="Batches of paper that are handed over")
def list_batches(
    request: Request,
    viewer: Reading,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> BatchList:
    """Those that the caller gives; all for who looks after the shelves."""
    found = batch_views.listed(context_of(request), viewer, cursor)
    return BatchList(items=[_head(one) for one in found.items], next_cursor=found.next_cursor)


@router.post("/batches", status_code=201, responses=CHANGING, summary="A new batch")
def make_batch(request: Request, viewer: Giving, wish: NewBatch) -> BatchAnswer:
    """Its giving side is the caller."""
    made = batches.make(context_of(request), viewer, wish.to, outside=wish.outside)
    return _answer(request, viewer, made)


@router.get("/batches/{batch_id}", responses=READING, summary="One batch with its items")
def read_batch(request: Request, viewer: Reading, batch_id: BatchId) -> BatchAnswer:
    """For its giving side and who looks after the shelves."""
    return _answer(request, viewer, batch_id)


@router.post(
    "/batches/{batch_id}/items", status_code=201, responses=CHANGING, summary="List papers"
)
def add_items(request: Request, viewer: Giving, batch_id: BatchId, wish: Listing) -> Added:
    """Refused for what somebody else has, what is lent or on another batch."""
    context = context_of(request)
    if wish.code.strip():
        return Added(added=batches.add(context, viewer, batch_id, wish.code))
    return Added(added=batches.add_own(context, viewer, batch_id))


@router.delete(
    "/batches/{batch_id}/items/{item_id}",
    status_code=204,
    responses=CHANGING,
    summary="Take a paper off the list",
)
def remove_item(request: Request, viewer: Giving, batch_id: BatchId, item_id: ItemId) -> None:
    """While the list is open."""
    batches.remove(context_of(request), viewer, batch_id, item_id)


@router.post("/batches/{batch_id}/hand", responses=CHANGING, summary="Hand it over")
def hand(request: Request, viewer: Giving, batch_id: BatchId) -> BatchAnswer:
    """The giving side's word; the papers are its own until the other side confirms."""
    batches.hand(context_of(request), viewer, batch_id)
    return _answer(request, viewer, batch_id)


@router.post("/batches/{batch_id}/withdraw", responses=CHANGING, summary="Take it back")
def withdraw(request: Request, viewer: Giving, batch_id: BatchId) -> BatchAnswer:
    """Before it was received."""
    batches.withdraw(context_of(request), viewer, batch_id)
    return _answer(request, viewer, batch_id)


@router.post("/batches/{batch_id}/receive", responses=CHANGING, summary="Receive it")
def receive(request: Request, viewer: Receiving, batch_id: BatchId, said: Received) -> BatchAnswer:
    """The receiving side's word, by another person; with it the papers change hands."""
    found = Found(
        {one.item: one.pages for one in said.counted},
        frozenset(said.missing),
        said.extra,
        said.signatory,
    )
    batches.receive(context_of(request), viewer, batch_id, found)
    return _answer(request, viewer, batch_id)


@router.post(
    "/batches/{batch_id}/items/{item_id}/settle", responses=CHANGING, summary="Settle a difference"
)
def settle(
    request: Request, viewer: Receiving, batch_id: BatchId, item_id: ItemId, said: Settled
) -> BatchAnswer:
    """The paper is taken after all, or is the giving side's; the last one closes the batch."""
    batches.settle(
        context_of(request), viewer, batch_id, item_id, outcome=said.outcome, note=said.note
    )
    return _answer(request, viewer, batch_id)


def _head(one: BatchView) -> BatchHead:
    return BatchHead(**_fields(one))


def _fields(one: BatchView) -> dict[str, Any]:
    return {
        "id": one.id, "number": one.number, "state": one.state.value, "giver": one.giver,
        "to": one.to, "outside": one.outside, "receiver": one.receiver,
        "signatory": one.signatory, "made_at": one.made_at, "handed_at": one.handed_at,
        "received_at": one.received_at, "closed_at": one.closed_at,
        "items_total": one.count, "pages_total": one.pages,
    }  # fmt: skip


def _answer(request: Request, viewer: Viewer, batch_id: str) -> BatchAnswer:
    found = batch_views.get(context_of(request), viewer, batch_id)
    items = [
        BatchItem(
            id=one.id,
            document_id=one.paper.id if one.paper else None,
            reference_code=one.code,
            title=str(one.paper.title) if one.paper else "",
            listed_by=one.listed_by,
            pages=one.pages,
            counted=one.counted,
            difference=one.difference,
            outcome=one.outcome,
            note=one.note,
        )
        for one in found.items
    ]
    return BatchAnswer(**_fields(found), items=items, hidden=found.hidden)
