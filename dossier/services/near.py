"""Customers near a query that found nothing: only those that the viewer would find anyway."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dossier.db.session import ScopedSession
from dossier.search.near import NearReason, near_queries
from dossier.services import asking
from dossier.services.context import Context
from dossier.services.heads import heads
from dossier.services.views import CustomerHead, DidYouMean
from dossier.viewer import Viewer

MOST = 3
"""Other queries that are offered."""
CUSTOMERS_SHOWN = 3
"""Customers named of each."""
_OWN_WORDS: Mapping[NearReason, Callable[[CustomerHead], str]] = {
    NearReason.ONE_WRONG: lambda head: "" if head.name.masked else head.name.text,
    NearReason.SWAPPED_DIGITS: lambda head: head.customer_no,
    NearReason.ONE_DIGIT: lambda head: head.customer_no,
}
"""Queries that are many tries at once, which tell nobody anything: what is offered instead."""


def find(
    context: Context, session: ScopedSession, viewer: Viewer, text: str
) -> tuple[DidYouMean, ...]:
    """What was probably meant, likely first; nothing is tried beyond the first hits.

    Raises:
        UnavailableError: the index does not answer.
    """
    offered: list[DidYouMean] = []
    seen: set[str] = set()
    for other in near_queries(text):
        scoped = asking.ask(context, viewer, other.q)
        found = context.index.search(scoped, size=CUSTOMERS_SHOWN, documents_per_group=1)
        numbers = [group.customer_no for group in found.groups if group.customer_no]
        fresh = [number for number in numbers if number not in seen]
        if not found.total or (numbers and not fresh):
            continue
        seen.update(fresh)
        named = heads(session, viewer, fresh)
        customers = tuple(named[number] for number in fresh if number in named)
        meant = DidYouMean(other.q, other.reason.value, found.total, customers)
        offered += _each(context, viewer, meant, _OWN_WORDS.get(other.reason))
        if len(offered) >= MOST:
            break
    return tuple(offered[:MOST])


def _each(
    context: Context, viewer: Viewer, meant: DidYouMean, own: Callable[[CustomerHead], str] | None
) -> list[DidYouMean]:
    """What was found, each as a query by its ``own`` words; the query itself where it has none."""
    if own is None or not all(map(own, meant.customers)):
        return [meant]
    found: dict[str, list[CustomerHead]] = {}
    for head in meant.customers:
        found.setdefault(own(head), []).append(head)
    return [
        DidYouMean(words, meant.reason, _total(context, viewer, words), tuple(them))
        for words, them in found.items()
    ]


def _total(context: Context, viewer: Viewer, q: str) -> int:
    scoped = asking.ask(context, viewer, q)
    return context.index.search(scoped, size=1, documents_per_group=1).total
