"""``/api/v1/stock-takes``: counting by scanners and other programs, and what is worked off."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.plugins.shelving import stock_findings as findings
from dossier.plugins.shelving import stock_scans as scans
from dossier.plugins.shelving import stock_takes as takes
from dossier.services import cursors
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, LISTING, READING

router = APIRouter(tags=["shelves"])
Counting = Annotated[Viewer, requires(Permission.TAKE_STOCK)]
Number = Annotated[int, Path(ge=1, lt=2**31)]
Cursor = Annotated[str | None, Query(max_length=400)]
LIST, OF_FINDINGS = "stock-takes", "stock-findings"


class TakeItem(BaseModel):
    """A stock-take."""

    model_config = ConfigDict(from_attributes=True)
    number: int
    code: str
    place: str
    depth: str
    state: str = Field(description="counting, counted, closed or given_up")
    started_at: datetime
    started_by: str
    counted_at: datetime | None
    closed_at: datetime | None
    reason: str = Field(description="Why it was given up")
    expected: int = Field(description="What the books have there")
    seen: int = Field(description="How much of that was scanned")
    open: int = Field(description="Findings that are not worked off")


class TakeList(BaseModel):
    """Stock-takes."""

    items: list[TakeItem]
    next_cursor: str | None


class TakeWish(BaseModel):
    """What is counted."""

    model_config = ConfigDict(extra="forbid")
    place: str = Field(max_length=60, description="K01, K01-03 or the bar code of a box")
    depth: Literal["box", "volume", "paper"] = "paper"


class ScanWish(BaseModel):
    """One scan."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(max_length=60, description="As it was sent; UNDO takes one's last one back")
    slot: str = Field("", max_length=60, description="The slot that one stands before")
    box: str = Field("", max_length=60, description="The box that is open")


class ScanItem(BaseModel):
    """What a scan was, and where one stands now."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    kind: str = Field(description="slot, box, volume, paper, undo; empty: nothing of ours")
    code: str
    verdict: str = Field(description="right, misplaced, out or unknown")
    belongs: str = Field(description="Where the books have it; of what is out: its loan, or lost")
    slot: str
    box: str


class StepWish(BaseModel):
    """The next step."""

    model_config = ConfigDict(extra="forbid")
    step: Literal["finish", "close", "give_up"]
    reason: str = Field("", max_length=400)


class FindingItem(BaseModel):
    """A finding."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    verdict: str = Field(description="missing, misplaced, unknown or out")
    kind: str
    code: str
    document_id: str | None
    belongs: str
    seen_in: str
    outcome: str = Field(description="Empty: open")
    note: str
    settled_at: datetime | None
    settled_by: str
    outcomes: list[str] = Field(description="What may be done with it now")


class FindingList(BaseModel):
    """Findings."""

    items: list[FindingItem]
    next_cursor: str | None


class Settled(BaseModel):
    """How a finding is worked off."""

    model_config = ConfigDict(extra="forbid")
    outcome: str = Field(max_length=20)
    note: str = Field("", max_length=400)
    code: str = Field("", max_length=60, description="The place that was scanned")


@router.get("/stock-takes", responses=LISTING, summary="Stock-takes")
def list_takes(request: Request, viewer: Counting, cursor: Cursor = None) -> TakeList:
    """The newest first."""
    context = context_of(request)
    before = cursors.unpack(context.keyring, LIST, cursor) if cursor else None
    found, following = takes.listed(context, viewer, before)
    return TakeList(
        items=[TakeItem.model_validate(one) for one in found],
        next_cursor=cursors.pack(context.keyring, LIST, following) if following else None,
    )


@router.post("/stock-takes", status_code=201, responses=CHANGING, summary="Begin to count")
def start_take(request: Request, viewer: Counting, wish: TakeWish) -> TakeItem:
    """A room, a column of shelves, or one box."""
    number = takes.start(context_of(request), viewer, wish.place, wish.depth)
    return _take(request, viewer, number)


@router.get("/stock-takes/{number}", responses=READING, summary="One stock-take")
def read_take(request: Request, viewer: Counting, number: Number) -> TakeItem:
    """How far it is."""
    return _take(request, viewer, number)


@router.post(
    "/stock-takes/{number}/scans", status_code=201, responses=CHANGING, summary="Note a scan"
)
def note_scan(request: Request, viewer: Counting, number: Number, wish: ScanWish) -> ScanItem:
    """A slot, then a box, then what lies in it; several people may scan at once."""
    made = scans.scan(context_of(request), viewer, number, wish.code, slot=wish.slot, box=wish.box)
    return ScanItem.model_validate(made)


@router.post("/stock-takes/{number}/steps", responses=CHANGING, summary="Finish, close or give up")
def take_step(request: Request, viewer: Counting, number: Number, wish: StepWish) -> TakeItem:
    """Counting ends with ``finish``; ``close`` asks that every finding is worked off."""
    context = context_of(request)
    if wish.step == "finish":
        findings.finish(context, viewer, number)
    elif wish.step == "close":
        takes.close(context, viewer, number)
    else:
        takes.give_up(context, viewer, number, wish.reason)
    return _take(request, viewer, number)


@router.get("/stock-takes/{number}/findings", responses=LISTING, summary="What was found")
def list_findings(
    request: Request,
    viewer: Counting,
    number: Number,
    verdict: Annotated[str, Query(max_length=10, examples=list(findings.VERDICTS))] = "",
    cursor: Cursor = None,
) -> FindingList:
    """Missing, misplaced, unknown and there though out; empty while it is counted."""
    context, listing = context_of(request), f"{OF_FINDINGS}:{number}:{verdict}"
    after = cursors.unpack(context.keyring, listing, cursor) if cursor else 0
    found, following = findings.listed(context, viewer, number, verdict=verdict, after=after)
    return FindingList(
        items=[FindingItem.model_validate(one) for one in found],
        next_cursor=cursors.pack(context.keyring, listing, following) if following else None,
    )


@router.post(
    "/stock-takes/{number}/findings/{finding_id}", responses=CHANGING, summary="Work one off"
)
def settle_finding(
    request: Request, viewer: Counting, number: Number, finding_id: Number, said: Settled
) -> TakeItem:
    """As one of its ``outcomes``; a paper that is reported lost has its row for good."""
    wish = findings.Settling(said.outcome, said.note, said.code)
    findings.settle(context_of(request), viewer, number, finding_id, wish)
    return _take(request, viewer, number)


def _take(request: Request, viewer: Viewer, number: int) -> TakeItem:
    return TakeItem.model_validate(takes.get(context_of(request), viewer, number))
