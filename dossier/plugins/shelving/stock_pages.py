"""``/shelves/stock``: counting with a scanner in the hand, and working off what was found."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import (
    ConflictError,
    DossierError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
)
from dossier.plugins.shelving import stock_findings as findings
from dossier.plugins.shelving import stock_prints, stock_words
from dossier.plugins.shelving import stock_scans as scans
from dossier.plugins.shelving import stock_takes as takes
from dossier.plugins.shelving.answers import as_pdf, drawn
from dossier.plugins.shelving.stock_scans import Scanned
from dossier.services import cursors
from dossier.services.table_export import MEDIA_TYPES, as_csv
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from dossier.web.files import UNKEPT

router = APIRouter()
HERE = "/shelves/stock"
Counting = Annotated[Viewer, requires(Permission.TAKE_STOCK)]
Number = Annotated[int, Path(ge=1, lt=2**31)]
Code = Annotated[str, Form(max_length=60)]
Text = Annotated[str, Form(max_length=400)]
Word = Annotated[str, Query(max_length=10)]
Cursor = Annotated[str | None, Query(max_length=400)]
REFUSED = (ConflictError, ForbiddenError, InvalidInputError, NotFoundError)
LIST, OF_FINDINGS = "stock-pages", "stock-finding-pages"


@router.get(HERE)
def show_takes(request: Request, viewer: Counting, cursor: Cursor = None) -> Response:
    """All stock-takes, and the form for a new one."""
    return _takes(request, viewer, cursor=cursor)


@router.post(HERE)
def start(request: Request, viewer: Counting, place: Code = "", depth: Code = "") -> Response:
    """A new one, and to its field for scans."""
    try:
        number = takes.start(context_of(request), viewer, place, depth)
    except REFUSED as error:
        return _takes(request, viewer, place=place, error=error)
    return RedirectResponse(f"{HERE}/{number}", status_code=303)


@router.get(HERE + "/{number}")
def show_take(
    request: Request, viewer: Counting, number: Number, verdict: Word = "", cursor: Cursor = None
) -> Response:
    """While it is counted the field for scans; then what was found."""
    return _take(request, viewer, number, verdict=verdict, cursor=cursor)


@router.post(HERE + "/{number}/scan")
def scan(
    request: Request,
    viewer: Counting,
    number: Number,
    code: Code = "",
    slot: Code = "",
    box: Code = "",
) -> Response:
    """One scan, and the field again; drawn at once, so that the next one can follow."""
    try:
        made = scans.scan(context_of(request), viewer, number, code, slot=slot, box=box)
    except REFUSED as error:
        return _take(request, viewer, number, standing=(slot, box), error=error)
    return _take(request, viewer, number, made=made)


@router.post(HERE + "/{number}")
def step(
    request: Request, viewer: Counting, number: Number, act: Code = "", reason: Text = ""
) -> Response:
    """The counting is over, all is worked off, or it is given up."""
    context = context_of(request)
    try:
        if act == "finish":
            findings.finish(context, viewer, number)
        elif act == "close":
            takes.close(context, viewer, number)
        elif act == "give_up":
            takes.give_up(context, viewer, number, reason)
        else:
            raise InvalidInputError("Choose what to do", detail_zh="请选择要进行的操作")
    except REFUSED as error:
        return _take(request, viewer, number, error=error)
    return RedirectResponse(f"{HERE}/{number}", status_code=303)


@router.post(HERE + "/{number}/findings/{finding_id}")
def settle(
    request: Request,
    viewer: Counting,
    number: Number,
    finding_id: Number,
    outcome: Code = "",
    note: Text = "",
    code: Code = "",
) -> Response:
    """One finding worked off, and the list again."""
    try:
        said = findings.Settling(outcome, note, code)
        findings.settle(context_of(request), viewer, number, finding_id, said)
    except REFUSED as error:
        return _take(request, viewer, number, error=error)
    return RedirectResponse(f"{HERE}/{number}", status_code=303)


@router.get(HERE + "/{number}/list", response_class=Response)
def save_list(
    request: Request,
    viewer: Counting,
    number: Number,
    kind: Annotated[str, Query(alias="format", pattern="^(csv|pdf)$")] = "pdf",
) -> Response:
    """The findings on paper, for signatures, or as a table."""
    context = context_of(request)
    take = takes.get(context, viewer, number)
    found, _ = findings.listed(context, viewer, number, most=findings.MOST_LISTED)
    if kind == "pdf":
        return as_pdf(take.code, stock_prints.listed(take, found, made_at=context.clock.now()))
    headers = {
        "Content-Disposition": f'attachment; filename="{take.code}.csv"',
        "Cache-Control": UNKEPT,
    }
    body = as_csv(stock_prints.HEADS, map(stock_prints.row, found))
    return Response(body, media_type=MEDIA_TYPES["csv"], headers=headers)


# -- parts ----------------------------------------------------------------------------------------


def _takes(
    request: Request,
    viewer: Viewer,
    *,
    place: str = "",
    cursor: str | None = None,
    error: DossierError | None = None,
) -> Response:
    context = context_of(request)
    before = cursors.unpack(context.keyring, LIST, cursor) if cursor else None
    found, following = takes.listed(context, viewer, before)
    return drawn(
        request,
        viewer,
        "stock_takes.html",
        error=error,
        found=found,
        place=place,
        depths=takes.DEPTHS,
        stock=stock_words,
        next_cursor=cursors.pack(context.keyring, LIST, following) if following else None,
    )


def _take(
    request: Request,
    viewer: Viewer,
    number: int,
    *,
    made: Scanned | None = None,
    standing: tuple[str, str] | None = None,
    verdict: str = "",
    cursor: str | None = None,
    error: DossierError | None = None,
) -> Response:
    context, listing = context_of(request), f"{OF_FINDINGS}:{number}:{verdict}"
    take = takes.get(context, viewer, number)
    is_counting = take.state == takes.COUNTING
    after = cursors.unpack(context.keyring, listing, cursor) if cursor else 0
    found, following = (
        ((), None)
        if is_counting
        else findings.listed(context, viewer, number, verdict=verdict, after=after)
    )
    here = scans.bench(context, viewer, number) if is_counting else None
    return drawn(
        request,
        viewer,
        "stock_take.html",
        error=error,
        take=take,
        here=here,
        slot=standing[0] if standing else here.slot if here else "",
        box=standing[1] if standing else here.box if here else "",
        made=made,
        found=found,
        verdict=verdict,
        verdicts=findings.VERDICTS,
        stock=stock_words,
        next_cursor=cursors.pack(context.keyring, listing, following) if following else None,
    )
