"""Customers near a query that found nothing: only those that the viewer would find anyway."""

from __future__ import annotations

from dossier.db.session import ScopedSession
from dossier.search.near import Near, NearReason, near_queries
from dossier.services import asking
from dossier.services.context import Context
from dossier.services.heads import heads
from dossier.services.views import CustomerHead, DidYouMean
from dossier.viewer import Viewer

MOST = 3
"""Other queries that are offered."""
CUSTOMERS_SHOWN = 3
"""Customers named of each."""


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
        offered += _by_name(context, viewer, meant) if _is_by_names(other) else [meant]
        if len(offered) >= MOST:
            break
    return tuple(offered[:MOST])


def _is_by_names(other: Near) -> bool:
    """Whether the query is one of many tries at a name, which tells nobody anything."""
    return other.reason is NearReason.ONE_WRONG


def _by_name(context: Context, viewer: Viewer, meant: DidYouMean) -> list[DidYouMean]:
    """The names that were found, each as a query; the tries themselves where a name is masked."""
    if not meant.customers or any(head.name.masked for head in meant.customers):
        return [meant]
    found: dict[str, list[CustomerHead]] = {}
    for head in meant.customers:
        found.setdefault(head.name.text, []).append(head)
    return [
        DidYouMean(name, meant.reason, _total(context, viewer, name), tuple(them))
        for name, them in found.items()
    ]


def _total(context: Context, viewer: Viewer, q: str) -> int:
    scoped = asking.ask(context, viewer, q)
    return context.index.search(scoped, size=1, documents_per_group=1).total
