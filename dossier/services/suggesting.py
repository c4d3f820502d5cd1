"""What the box offers while somebody types: own searches, places, customers, document types."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from dossier.db.session import ScopedSession
from dossier.rules.normal_form import fold
from dossier.search.port import MatchReason, ScopedQuery, Suggestion
from dossier.search.query import And, Not, Query, Word, written
from dossier.search.type_names import types_by_little
from dossier.services import asking, evening, kept_searches, labels, place_names
from dossier.services.context import Context
from dossier.services.heads import heads
from dossier.services.views import SuggestionView
from dossier.viewer import Viewer

OWN_SUGGESTED = 3
"""Own searches above what the index suggests; the list under the box has eight lines."""

TYPES_KEPT = 2
"""Lines of the list that kinds of papers have beside customers who fill it: of one character or a
few letters there are always customers enough."""

MOST_LOOKED_THROUGH = 50
"""First customers of the whole query who are looked through for those that are offered."""


def suggest(
    context: Context, viewer: Viewer, q: str, *, size: int = 10
) -> tuple[SuggestionView, ...]:
    """What begins as ``q`` does: own searches, places, then what is in scope, masked.

    Of several words the last one is still being typed: whom the others find stays offered while
    the whole finds him too, with the types of their papers that the last word may become. One
    character or a few letters may become a type too.

    Raises:
        ForbiddenError: the role may not search.
        UnavailableError: the index does not answer.
    """
    if not q.strip():
        return ()
    started = time.perf_counter()
    asked = asking.ask(context, viewer, q)
    found = context.index.suggest(asked, size=size)
    before, last = _unfinished(asked.query)
    types: tuple[SuggestionView, ...] = ()
    if before:
        scoped = asking.ask(context, viewer, before)
        types = tuple(_types(context, viewer, scoped, before, last))[:size]
        customers = _customers(found) or _staying(context, scoped, asked, size=size)
        found = customers[: size - len(types)]
    elif by_little := types_by_little(q):
        types = tuple(_types_in_sight(context, viewer, by_little))[:TYPES_KEPT]
        found = _customers(found)[: size - len(types)]
    with context.reading(viewer) as session:
        own = kept_searches.beginning_with(context, session, viewer, q, size=OWN_SUGGESTED)
        places = place_names.beginning_with(session, viewer, q)
        labelled = tuple(_labelled(session, viewer, found))
    if not (labelled or types or asked.scope.unlimited):
        evening.hold_suggestions(context, started)
    return (
        *own,
        *(SuggestionView(p.kind, str(p.id), p.label, MatchReason.PLACE) for p in places),
        *labelled,
        *types,
    )


def _unfinished(query: Query) -> tuple[str, str]:
    """The words before the last one, and the last one; empty where there is nothing before it."""
    node = query.node
    if not isinstance(node, And) or not isinstance(node.nodes[-1], Word):
        return "", ""
    before = node.nodes[:-1]
    if all(isinstance(each, Not) for each in before):
        return "", ""
    return " ".join(map(written, before)), node.nodes[-1].text


def _staying(
    context: Context, before: ScopedQuery, asked: ScopedQuery, *, size: int
) -> tuple[Suggestion, ...]:
    """Of whom the first words find, those whom the whole query finds: nobody else is offered."""
    customers = _customers(context.index.suggest(before, size=size))
    whole = context.index.search(asked, size=MOST_LOOKED_THROUGH, documents_per_group=1)
    having = {group.customer_no for group in whole.groups}
    return tuple(one for one in customers if one.value in having)


def _types(
    context: Context, viewer: Viewer, scoped: ScopedQuery, before: str, last: str
) -> Iterator[SuggestionView]:
    """Types of the papers that ``before`` finds, whose names the last word is a part of."""
    found = context.index.search(scoped, size=1, documents_per_group=1, facets=("type",))
    part = fold(last)
    for count in found.facets["type"]:
        label = labels.type_label(count.value, viewer.language)
        if part in fold(label) or part == fold(count.value):
            yield SuggestionView("type", count.value, label, MatchReason.TYPE, q=before)


def _types_in_sight(
    context: Context, viewer: Viewer, codes: Iterable[str]
) -> Iterator[SuggestionView]:
    """Those of the kinds of which the viewer may see a paper."""
    everything = asking.ask(context, viewer, "")
    found = context.index.search(everything, size=1, documents_per_group=1, facets=("type",))
    seen = {count.value for count in found.facets["type"]}
    for code in codes:
        if code in seen:
            yield SuggestionView(
                "type", code, labels.type_label(code, viewer.language), MatchReason.TYPE
            )


def _customers(found: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
    return tuple(each for each in found if each.kind == "customer")


def _labelled(
    session: ScopedSession, viewer: Viewer, found: Iterable[Suggestion]
) -> Iterator[SuggestionView]:
    """Suggestions with labels; customers that are gone or out of scope by now are left out."""
    found = tuple(found)
    known = heads(session, viewer, {each.value for each in _customers(found)})
    for each in found:
        head = known.get(each.value)
        if each.kind != "customer":
            label = labels.type_label(each.value, viewer.language)
            yield SuggestionView(each.kind, each.value, label, each.matched_on)
        elif head:
            yield SuggestionView(
                each.kind, each.value, str(head.name), each.matched_on, status=head.status
            )
