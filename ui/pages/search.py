"""One box: results with facets, suggestions, and the start page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, BackgroundTasks, Request
from starlette.responses import RedirectResponse, Response

from dossier.search.port import DOSSIER_FACETS
from dossier.services import kept_searches, labels, search, suggesting
from dossier.services.context import Context
from dossier.services.views import FacetValue, SearchAnswer, SearchRequest, SuggestionView
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from ui.locales import speaking
from ui.pages import reading
from ui.pages.asked import NEEDS, Asked, read_address
from ui.rendering import render

router = APIRouter()
PAGE_SIZE: Final = 20
FACETS: Final = (
    "type",
    "status",
    "category",
    "completeness",
    "missing",
    "station",
    "line",
    "district",
    "year",
    "month",
    "state",
    "quality",
    "finding",
    "late",
    "pairing",
)
LACKS: Final = "missing"
LATEST_FIRST: Final = frozenset({"year", "month"})
MOST_CHOSEN: Final = 20
"""Values that one click chooses: more make an address that nobody reads."""
FOLD: Final = 7
"""Values of a facet that are shown before it is unfolded."""
KEPT_SHOWN: Final = {kept_searches.SAVED: 20, kept_searches.RECENT: 6}
"""Own searches on the start page; all recent ones come while one types."""
TRAIL_LENGTH: Final = 20
"""Pages back that an address remembers; a cursor is some fifty characters long."""


@dataclass(frozen=True, slots=True)
class FacetLink:
    """A value of a facet and the address that toggles it."""

    label: str
    count: int
    chosen: bool
    href: str


@dataclass(frozen=True, slots=True)
class FacetGroup:
    """A facet as the page shows it; ``chosen`` are labels, ``title`` is that of a plugin's.

    Attributes:
        of_dossiers: its numbers count dossiers, not papers.
    """

    name: str
    values: tuple[FacetLink, ...]
    chosen: tuple[str, ...]
    title: str = ""
    fold: int = FOLD
    of_dossiers: bool = False


@dataclass(frozen=True, slots=True)
class PlaceLink:
    """A word that names a place, and the address that narrows down to it."""

    text: str
    facet: str
    href: str


@dataclass(frozen=True, slots=True)
class Paging:
    """Where we are in the list (1-based), and the addresses before and after."""

    first: int
    last: int
    previous: str
    next: str


@dataclass(frozen=True, slots=True)
class KeptLink:
    """A saved or recent search on the start page."""

    id: str
    label: str
    href: str
    filtered: bool


@router.get("/")
def show_start(request: Request, viewer: Viewer = requires(Permission.SIGNED_IN)) -> Response:
    """All dossiers and how far reading is; a role that does not search is told what it is for."""
    if not viewer.may(Permission.SEARCH):
        if viewer.may(Permission.READ_AUDIT):
            return RedirectResponse("/audit", status_code=303)
        return render(request, "no_search.html")
    return _results(request, viewer, Asked("", {}))


@router.get("/search")
def show_results(
    request: Request, later: BackgroundTasks, viewer: Viewer = requires(Permission.SEARCH)
) -> Response:
    """Results of the box; what was asked is among one's last searches afterwards."""
    asked = read_address(request.query_params)
    if "also" in request.query_params:
        return RedirectResponse(asked.address(), status_code=303)
    if not asked.cursor:
        later.add_task(
            kept_searches.remember, context_of(request), viewer, q=asked.q, filters=asked.filters
        )
    return _results(request, viewer, asked)


def _kept(context: Context, viewer: Viewer) -> dict[str, list[KeptLink]]:
    """Own searches for the start page, saved and recent."""
    return {
        kind: [
            KeptLink(
                each.id,
                each.name or each.q,
                Asked(each.q, each.filters).address(),
                bool(each.filters),
            )
            for each in kept_searches.listed(context, viewer, kind)[:most]
        ]
        for kind, most in KEPT_SHOWN.items()
    }


def _results(request: Request, viewer: Viewer, asked: Asked) -> Response:
    context = context_of(request)
    speaker = speaking(request, viewer)
    further = _plugin_facets(context, speaker)
    answer = search.search(
        context,
        speaker,
        SearchRequest(
            q=asked.q,
            filters=asked.filters,
            facets=(*offered(asked), *further),
            cursor=asked.cursor or None,
            size=PAGE_SIZE,
        ),
    )
    pictures = viewer.may(Permission.READ_CONTENT)
    return render(
        request,
        "search.html",
        q=asked.q,
        answer=answer,
        facets=facet_groups(asked, answer, further, context.plugins.of_dossiers()),
        paging=paging(asked, answer),
        filtered=bool(asked.filters),
        unfiltered=Asked(asked.q, {}).address(),
        links=() if answer.degraded else context.plugins.list_links(viewer, asked.query_string()),
        pictures=pictures,
        first=pictures and bool(asked.q) and any(hit.documents for hit in answer.hits),
        progress=reading.progress(context, viewer) if not asked.q or not answer.hits else None,
        asked=asked,
        places=place_links(asked, answer),
        kept=_kept(context, viewer) if not asked.q and not asked.filters else (),
    )


@router.get("/suggest")
def suggest(
    request: Request, q: str = "", viewer: Viewer = requires(Permission.SEARCH)
) -> Response:
    """Rows for the list under the box."""
    found = suggesting.suggest(context_of(request), speaking(request, viewer), q.strip(), size=8)
    rows = [(each, _suggested(each, q)) for each in found]
    return render(request, "parts/suggestions.html", suggestions=rows)


def _suggested(offer: SuggestionView, typed: str) -> str:
    """The address to which a suggestion leads."""
    if offer.kind == "customer":
        return f"/customers/{quote(offer.value)}?{urlencode({'q': typed})}"
    if offer.kind in KEPT_SHOWN:
        return Asked(offer.value, offer.filters).address()
    return Asked(offer.q, {offer.kind: (offer.value,)}).address()


def offered(asked: Asked) -> tuple[str, ...]:
    """The facets to ask for: those of the first level, and below what was chosen."""
    return tuple(
        name
        for name in FACETS
        if name not in NEEDS or asked.filters.get(NEEDS[name]) or asked.filters.get(name)
    )


def _plugin_facets(context: Context, viewer: Viewer) -> dict[str, str]:
    """Facets of plugins, with what they are called."""
    chinese = viewer.language.startswith(labels.CHINESE)
    return {
        name: field.label_zh if chinese else field.label_en
        for name, field in context.plugins.facets().items()
    }


def facet_groups(
    asked: Asked,
    answer: SearchAnswer,
    further: Mapping[str, str] = MappingProxyType({}),
    of_dossiers: frozenset[str] = DOSSIER_FACETS,
) -> list[FacetGroup]:
    """The facets worth showing: with more than one value, or with one that is chosen.

    One type of papers that lacks is worth showing alone: not every dossier lacks it; likewise one
    value of a plugin's that not every dossier has.
    """
    groups = []
    for name in (*offered(asked), *further):
        values = [value for value in answer.facets.get(name, ()) if value.value]
        counts_dossiers = name in of_dossiers
        alone = name == LACKS or (name in further and counts_dossiers)
        if len(values) > (not alone) or any(value.chosen for value in values):
            title = further.get(name, "")
            groups.append(_group(asked, name, values, title, of_dossiers=counts_dossiers))
    return groups


def _group(
    asked: Asked, name: str, values: Iterable[FacetValue], title: str = "", *, of_dossiers: bool
) -> FacetGroup:
    if name in LATEST_FIRST:
        values = sorted(values, key=lambda value: value.value, reverse=True)
    links = tuple(
        FacetLink(
            value.label, value.count, value.chosen, asked.toggled(name, value.value).address()
        )
        for value in values
    )
    chosen = tuple(link.label for link in links if link.chosen)
    return FacetGroup(name, links, chosen, title, of_dossiers=of_dossiers)


def place_links(asked: Asked, answer: SearchAnswer) -> list[PlaceLink]:
    """For each word that names a place: the same search with a filter in the word's stead."""
    links = []
    for place in answer.places:
        words = asked.q.split()
        if place.asked.text in words and len(place.ids) <= MOST_CHOSEN:
            words.remove(place.asked.text)
            filters = {**asked.filters, place.field: place.ids}
            href = Asked(" ".join(words), filters).address()
            links.append(PlaceLink(place.asked.text, place.field, href))
    return links


def paging(asked: Asked, answer: SearchAnswer) -> Paging:
    """The addresses before and after, from the trail of cursors in the address."""
    pages_before = len(asked.trail) if asked.cursor else 0
    first = pages_before * PAGE_SIZE + 1
    after = before = ""
    if answer.next_cursor:
        trail = (*asked.trail, asked.cursor or "-")[-TRAIL_LENGTH:]
        after = replace(asked, cursor=answer.next_cursor, trail=trail).address()
    if asked.cursor:
        last = asked.trail[-1] if asked.trail else "-"
        cursor = "" if last == "-" else last
        before = replace(asked, cursor=cursor, trail=asked.trail[:-1]).address()
    return Paging(first, first + len(answer.hits) - 1, before, after)
