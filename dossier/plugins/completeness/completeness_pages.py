"""``/customers/{no}/completeness``: what a dossier lacks. ``/incomplete``: which lack something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from dossier.clock import local_date
from dossier.errors import DossierError
from dossier.plugins.completeness import (
    customer,
    history,
    late_rules,
    late_views,
    waiver_reasons,
    wording,
    worklist,
)
from dossier.plugins.completeness.asked import wished, wished_values
from dossier.plugins.completeness.catalogue_pages import rule_words
from dossier.plugins.completeness.items import LACKING, TO_DO, Item, ItemState
from dossier.plugins.completeness.waivers import WAIVABLE, WaiverWish
from dossier.plugins.completeness.worklist import Wish
from dossier.rules import document_types, rulebook
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires

router = APIRouter()
FILTER = "filter."
"""Before the name of a facet in an address of the search."""
LAST = (ItemState.UNDECIDED, ItemState.NOT_DUE, ItemState.OPTIONAL)
"""What need not be there, as far as anybody knows."""


@router.get("/customers/{customer_no}/completeness")
def show_completeness(
    request: Request,
    customer_no: str,
    viewer: Annotated[Viewer, requires(Permission.READ_CUSTOMER)],
    at: date | None = None,
) -> Response:
    """Each paper that is asked for, what lacks first."""
    return draw_dossier(request, viewer, customer_no, at)


def draw_dossier(
    request: Request,
    viewer: Viewer,
    customer_no: str,
    at: date | None = None,
    *,
    typed: WaiverWish | None = None,
    error: DossierError | None = None,
) -> Response:
    """The page; with what somebody typed to waive a paper and why that cannot be, if it cannot."""
    context = context_of(request)
    view = customer.look(context, viewer, customer_no, at)
    today = local_date(context.clock.now())
    return render(
        request,
        "completeness/dossier.html",
        status=error.status if error else 200,
        view=view,
        groups=_groups(view.found.items),
        today=today,
        reasons=waiver_reasons.load().on(today),
        longest=waiver_reasons.load().note_characters,
        may_waive=view.may_waive and view.day == today,
        waivable=WAIVABLE,
        typed=typed,
        error=error,
        late=late_views.of_customer(context, viewer, customer_no),
        late_reasons=late_rules.of(context).reasons,
        **rule_words(context),
    )


@router.get("/incomplete")
def show_incomplete(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.READ_CUSTOMER)],
    wish: Annotated[Wish, Depends(wished)],
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """The dossiers in which something lacks, with counts by type and place."""
    context = context_of(request)
    found = worklist.get(context, viewer, wish, cursor=cursor)
    chosen = {name: str(value or "") for name, value in wished_values(wish).items()}
    return render(
        request,
        "completeness/incomplete.html",
        found=found,
        search=_search(wish),
        days=() if wish.state else history.get(context, viewer, wish),
        drawn=history.drawn,
        size=history.SIZE,
        chosen=chosen,
        address=lambda **other: _address({**chosen, **other}),
        categories=rulebook.load("categories")["categories"],
        types=document_types.catalogue().types,
        states=[
            (state.value, words) for state, words in wording.STATES.items() if state in LACKING
        ],
        wording=wording,
    )


def _address(values: Mapping[str, Any]) -> str:
    """This page with other choices; an empty one takes a choice away."""
    kept = {name: value for name, value in values.items() if value}
    return f"/incomplete?{urlencode(kept)}" if kept else "/incomplete"


def _search(wish: Wish) -> str:
    """The box with the same choices; empty where it has none of that kind (how a paper lacks)."""
    if wish.state:
        return ""
    lacks = {"missing": wish.missing} if wish.missing else {"completeness": "incomplete"}
    chosen = {**lacks, "category": wish.category, **wish.places}
    return f"/search?{urlencode({FILTER + name: value for name, value in chosen.items() if value})}"


def _groups(items: Iterable[Item]) -> list[tuple[str, list[Item]]]:
    """What to do, what is there, what is not asked for; each in the rules' order."""
    groups: dict[str, list[Item]] = {"open": [], "settled": [], "others": []}
    for item in items:
        name = "open" if item.state in TO_DO else "others" if item.state in LAST else "settled"
        groups[name].append(item)
    groups["open"].sort(key=lambda item: TO_DO.index(item.state))
    return [(name, found) for name, found in groups.items() if found]
