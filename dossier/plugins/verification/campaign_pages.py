"""``/verification/campaigns``: re-sign campaigns, their progress and checklists."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import ConflictError, DossierError, InvalidInputError
from dossier.plugins.verification import campaigns, rules, words
from dossier.plugins.verification.campaigns import CampaignWish
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires

router = APIRouter(prefix="/verification/campaigns")
HERE = "/verification/campaigns"
Reading = Annotated[Viewer, requires(Permission.READ_CUSTOMER)]
Running = Annotated[Viewer, requires(Permission.RUN_CAMPAIGNS)]
Id = Annotated[str, Path(max_length=36)]
HEADS = ("户号", "类别", "供电所", "线路", "台区")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell of a spreadsheet may not begin with: it would be worked out."""


@router.get("")
def show_campaigns(request: Request, viewer: Reading) -> Response:
    """All with how far they are, and a form for who may begin one."""
    return _all(request, viewer)


@router.post("")
def make_campaign(
    request: Request,
    viewer: Running,
    title: Annotated[str, Form(max_length=400)] = "",
    place: Annotated[str, Form(max_length=24)] = "",
    until: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Begin it, and to its page; where that cannot be, the page again with the reason."""
    kind, _, number = place.partition(":")
    try:
        wish = CampaignWish(title, kind, int(number) if number.isdecimal() else 0, _day(until))
        made = campaigns.make(context_of(request), viewer, wish)
    except (ConflictError, InvalidInputError) as error:
        return _all(request, viewer, error=error)
    return RedirectResponse(f"{HERE}/{made}", status_code=303)


@router.get("/{campaign_id}")
def show_campaign(
    request: Request,
    campaign_id: Id,
    viewer: Reading,
    state: Annotated[str, Query(max_length=10)] = campaigns.OPEN,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """Its progress by unit, and the customers with something left."""
    return _one(request, viewer, campaign_id, state=state, cursor=cursor)


@router.post("/{campaign_id}/ticks")
def tick(
    request: Request,
    campaign_id: Id,
    viewer: Annotated[Viewer, requires(Permission.VERIFY)],
    customer_no: Annotated[str, Form(max_length=16)] = "",
    item: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Tick an item, and back."""
    try:
        campaigns.tick(context_of(request), viewer, campaign_id, customer_no, item, reason)
    except (ConflictError, InvalidInputError) as error:
        return _one(request, viewer, campaign_id, error=error)
    return RedirectResponse(f"{HERE}/{quote(campaign_id)}", status_code=303)


@router.post("/{campaign_id}/end")
def end(request: Request, campaign_id: Id, viewer: Running) -> Response:
    """End it now, and back."""
    try:
        campaigns.end(context_of(request), viewer, campaign_id)
    except ConflictError as error:
        return _one(request, viewer, campaign_id, error=error)
    return RedirectResponse(f"{HERE}/{quote(campaign_id)}", status_code=303)


@router.post("/{campaign_id}/list")
def fetch_list(
    request: Request,
    campaign_id: Id,
    viewer: Annotated[Viewer, requires(Permission.EXPORT)],
    purpose: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """All customers with what is done, as CSV: numbers and places, no name, no address."""
    try:
        row, found = campaigns.exported(context_of(request), viewer, campaign_id, purpose=purpose)
    except InvalidInputError as error:
        return _one(request, viewer, campaign_id, error=error)
    items = [words.item(code, words.language_of("zh")) for code in row.items]
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow([*HEADS, *items])
    for head, done in found:
        cells = (head.customer_no, head.category, head.station, head.line, head.district)
        ticks = ("是" if done[code] else "否" for code in row.items)
        table.writerow([*map(_harmless, cells), *ticks])
    name = f'attachment; filename="campaign-{row.id}.csv"'
    return Response(
        text.getvalue().encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": name, "cache-control": "no-store"},
    )


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as err:
        raise InvalidInputError("Name its last day", detail_zh="请填写截止日期") from err


def _all(request: Request, viewer: Viewer, *, error: DossierError | None = None) -> Response:
    context = context_of(request)
    may_run = viewer.may(Permission.RUN_CAMPAIGNS)
    return render(
        request,
        "verification/campaigns.html",
        status=error.status if error else 200,
        lines=campaigns.listed(context, viewer),
        places=campaigns.places(context, viewer) if may_run else (),
        words=words,
        error=error,
    )


def _one(
    request: Request,
    viewer: Viewer,
    campaign_id: str,
    *,
    state: str = campaigns.OPEN,
    cursor: str | None = None,
    error: DossierError | None = None,
) -> Response:
    context = context_of(request)
    here = f"{HERE}/{quote(campaign_id)}"
    return render(
        request,
        "verification/campaign.html",
        status=error.status if error else 200,
        found=campaigns.get(context, viewer, campaign_id, state=state, cursor=cursor),
        here=here,
        state=state,
        following=lambda at: f"{here}?{urlencode({'state': state, 'cursor': at})}",
        longest=rules.load().note_characters,
        words=words,
        error=error,
    )
