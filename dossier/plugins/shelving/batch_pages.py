"""``/batches``: papers that go from one side to another, with both sides' words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from dossier.errors import (
    ConflictError,
    DossierError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
)
from dossier.plugins.shelving import batch_views, batches, prints
from dossier.plugins.shelving.answers import as_pdf, drawn
from dossier.plugins.shelving.batch_rows import Difference
from dossier.plugins.shelving.batches import Found
from dossier.plugins.shelving.prints import HandOver
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from ui.locales import speaking

router = APIRouter()
HERE = "/batches"
Reading = Annotated[Viewer, requires(Permission.READ_CUSTOMER)]
Giving = Annotated[Viewer, requires(Permission.UPLOAD)]
Receiving = Annotated[Viewer, requires(Permission.SHELVE)]
Text = Annotated[str, Form(max_length=400)]
BatchId = Annotated[str, Path(max_length=36)]
ItemId = Annotated[int, Form(ge=0, lt=2**31)]
REFUSED = (ConflictError, ForbiddenError, InvalidInputError, NotFoundError)
COUNT, MISSING = "pages_", "missing_"
MOST_DIGITS = 6


@router.get(HERE)
def show_batches(
    request: Request, viewer: Reading, cursor: Annotated[str | None, Query(max_length=400)] = None
) -> Response:
    """One's own batches; all of them for who looks after the shelves."""
    return _list(request, viewer, cursor)


@router.post(HERE)
def make_batch(request: Request, viewer: Giving, to: Text = "", outside: Text = "") -> Response:
    """A new one, and to its page."""
    try:
        made = batches.make(context_of(request), viewer, "" if outside else to, outside=outside)
    except (ForbiddenError, InvalidInputError) as error:
        return _list(request, viewer, None, error=error)
    return _to(made)


@router.get(HERE + "/{batch_id}")
def show_batch(request: Request, viewer: Reading, batch_id: BatchId) -> Response:
    """One batch: its list, and what is to be done with it."""
    return _one(request, viewer, batch_id)


@router.get(HERE + "/{batch_id}/list", response_class=Response)
def print_batch(request: Request, viewer: Reading, batch_id: BatchId) -> Response:
    """Its list for two signatures as PDF."""
    context = context_of(request)
    batch = batch_views.get(context, speaking(request, viewer), batch_id)
    rows = tuple(
        (one.code or str(nth), _called(one), one.pages)
        for nth, one in enumerate(batch.items, 1)
        if one.difference != Difference.EXTRA
    )
    taker = f"{batch.outside} {batch.signatory}".strip() or batch.receiver
    handed = HandOver(f"档案移交清单 {batch.number}", batch.giver, taker, rows)
    return as_pdf("hand-over", prints.hand_over(handed, made_at=context.clock.now()))


@router.post(HERE + "/{batch_id}/add")
def add(request: Request, viewer: Giving, batch_id: BatchId, code: Text = "") -> Response:
    """A box, volume, item or paper onto the list; without a code all that one has."""
    context = context_of(request)
    if code.strip():
        return _done(
            request, viewer, batch_id, lambda: batches.add(context, viewer, batch_id, code)
        )
    return _done(request, viewer, batch_id, lambda: batches.add_own(context, viewer, batch_id))


@router.post(HERE + "/{batch_id}/remove")
def remove(request: Request, viewer: Giving, batch_id: BatchId, item: ItemId = 0) -> Response:
    """Off the list."""
    context = context_of(request)
    return _done(request, viewer, batch_id, lambda: batches.remove(context, viewer, batch_id, item))


@router.post(HERE + "/{batch_id}/hand")
def hand(request: Request, viewer: Giving, batch_id: BatchId) -> Response:
    """The giving side's word."""
    context = context_of(request)
    return _done(request, viewer, batch_id, lambda: batches.hand(context, viewer, batch_id))


@router.post(HERE + "/{batch_id}/withdraw")
def withdraw(request: Request, viewer: Giving, batch_id: BatchId) -> Response:
    """The giving side takes it back."""
    context = context_of(request)
    return _done(request, viewer, batch_id, lambda: batches.withdraw(context, viewer, batch_id))


@router.post(HERE + "/{batch_id}/receive")
async def receive(request: Request, viewer: Receiving, batch_id: BatchId) -> Response:
    """The receiving side's word, with what was counted."""
    form, context = await request.form(max_fields=10_000), context_of(request)
    try:
        found = _found(form)
    except InvalidInputError as error:
        return await run_in_threadpool(_one, request, viewer, batch_id, error=error)
    return await run_in_threadpool(
        _done, request, viewer, batch_id, lambda: batches.receive(context, viewer, batch_id, found)
    )


@router.post(HERE + "/{batch_id}/settle")
def settle(
    request: Request,
    viewer: Receiving,
    batch_id: BatchId,
    item: ItemId = 0,
    outcome: Text = "",
    note: Text = "",
) -> Response:
    """What became of a difference."""
    context = context_of(request)
    return _done(
        request,
        viewer,
        batch_id,
        lambda: batches.settle(context, viewer, batch_id, item, outcome=outcome, note=note),
    )


# -- parts ----------------------------------------------------------------------------------------


def _called(one: batch_views.ItemView) -> str:
    if one.paper is None:
        return one.note
    return str(one.paper.title) or one.paper.type_label


def _found(form: FormData) -> Found:
    """Fields ``pages_12`` and ``missing_12`` of the items, and the codes of what was not listed."""
    counted, missing = dict[int, int](), set[int]()
    for name, value in form.multi_items():
        said = str(value).strip()
        if name.startswith(MISSING):
            missing.add(_number(name.removeprefix(MISSING)))
        elif name.startswith(COUNT) and said:
            counted[_number(name.removeprefix(COUNT))] = _number(said)
    extra = [line for line in str(form.get("extra", "")).splitlines() if line.strip()]
    counted = {item: pages for item, pages in counted.items() if item not in missing}
    return Found(counted, missing, extra, str(form.get("signatory", "")))


def _number(said: str) -> int:
    if not (said.isascii() and said.isdecimal() and len(said) <= MOST_DIGITS):
        raise InvalidInputError("Count the pages in digits", detail_zh="页数请填写数字")
    return int(said)


def _to(batch_id: str) -> Response:
    return RedirectResponse(f"{HERE}/{batch_id}", status_code=303)


def _done(request: Request, viewer: Viewer, batch_id: str, act: Callable[[], object]) -> Response:
    try:
        act()
    except REFUSED as error:
        return _one(request, viewer, batch_id, error=error)
    return _to(batch_id)


def _list(
    request: Request, viewer: Viewer, cursor: str | None, *, error: DossierError | None = None
) -> Response:
    viewer, context = speaking(request, viewer), context_of(request)
    found = batch_views.listed(context, viewer, cursor)
    rooms = batch_views.places(context, viewer)
    return drawn(request, viewer, "batches.html", error=error, found=found, places=rooms)


def _one(
    request: Request, viewer: Viewer, batch_id: str, *, error: DossierError | None = None
) -> Response:
    viewer = speaking(request, viewer)
    batch = batch_views.get(context_of(request), viewer, batch_id)
    return drawn(
        request, viewer, "batch.html", error=error, batch=batch, longest=batches.LONGEST_NOTE
    )
