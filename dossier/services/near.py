"""Customers near a query that found nothing: only those that the viewer would find anyway."""

from __future__ import annotations

from dossier.db.session import ScopedSession
from dossier.search.near import near_queries
from dossier.services import asking
from dossier.services.context import Context
from dossier.services.heads import heads
from dossier.services.views import DidYouMean
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
        offered.append(DidYouMean(other.q, other.reason.value, found.total, customers))
        if len(offered) >= MOST:
            break
    return tuple(offered)
