"""One box: a keyword in, the viewer's customers and pages out, masked, with exact counts."""

from __future__ import annotations

import time
from collections.abc import Mapping

from sqlalchemy import select

from dossier import access
from dossier.db import outbox
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, CustomerNumber
from dossier.errors import UnavailableError
from dossier.rules import identifiers
from dossier.search.port import MatchReason, SearchRight
from dossier.search.query import Query
from dossier.services import asking, audit, evening, hydrate, labels, near
from dossier.services.context import Context
from dossier.services.heads import heads
from dossier.services.recorder import BegunRecord
from dossier.services.views import (
    FacetValue,
    Hit,
    SearchAnswer,
    SearchRequest,
)
from dossier.viewer import Viewer

DOCUMENTS_SHOWN = 3
"""Papers shown of a customer; the rest is one click away, and each costs its pages' text."""
MILLISECONDS = 1000.0


def search(context: Context, viewer: Viewer, request: SearchRequest) -> SearchAnswer:
    """One page of hits; the query is noted in the audit by its keyed hash.

    Raises:
        ForbiddenError: the role may not search.
        QueryError: an unknown facet or filter, or a cursor that is broken or of another query.
        UnavailableError: the index does not answer, and the query is no exact number.
    """
    started = time.perf_counter()
    scoped = asking.ask(context, viewer, request.q, filters=request.filters)
    query = scoped.query
    try:
        found = context.index.search(
            scoped,
            size=request.size,
            documents_per_group=DOCUMENTS_SHOWN,
            after=request.cursor,
            facets=tuple(request.facets),
        )
    except UnavailableError:
        return _without_index(context, viewer, query, started)
    record = _note(context, viewer, request.q, found.total)
    with context.reading(viewer) as session:
        hits = hydrate.hits(context, session, viewer, query, found.groups)
        counts = {name: found.facets.get(name, ()) for name in request.facets}
        facets = labels.facet_values(
            session, counts, request.filters, viewer.language, _value_labels(context)
        )
        backlog = outbox.backlog(session)
        is_empty = found.total == 0 and not request.filters and not request.cursor
        meant = near.find(context, session, viewer, request.q) if is_empty else ()
    record.wait()
    hides = not found.total and not scoped.scope.unlimited
    took_ms = evening.hold_search(context, started) if hides else _since(started)
    return SearchAnswer(
        hits=hits,
        facets=facets,
        total=found.total,
        total_documents=found.total_documents,
        next_cursor=found.cursor,
        took_ms=took_ms,
        pending=backlog.pending,
        lag_seconds=backlog.lag_seconds(context.clock.now()),
        notes=query.notes,
        remarks=_remarks(viewer, query),
        did_you_mean=meant,
        places=scoped.places,
    )


def _value_labels(context: Context) -> dict[str, Mapping[str, tuple[str, str]]]:
    """What the values of plugins' facets are called."""
    return {name: field.labels for name, field in context.plugins.facets().items() if field.labels}


def _remarks(viewer: Viewer, query: Query) -> tuple[str, ...]:
    chinese = viewer.language.startswith(labels.CHINESE)
    return tuple(each.zh if chinese else each.en for each in query.remarks)


def _note(context: Context, viewer: Viewer, q: str, total: int) -> BegunRecord:
    return audit.begin_read(
        context,
        viewer,
        "search",
        object_kind="query",
        object_id=context.keyring.hash(q),
        facts={"hits": total},
    )


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * MILLISECONDS, 2)


# -- without the index --------------------------------------------------------------------------


def _without_index(context: Context, viewer: Viewer, query: Query, started: float) -> SearchAnswer:
    """An exact customer or meter number straight from the records.

    Raises:
        UnavailableError: it is none.
    """
    with context.reading(viewer) as session:
        found = _by_number(session, viewer, query.text)
        known = heads(session, viewer, list(found))
        backlog = outbox.backlog(session)
    if not known:
        raise UnavailableError(
            "The search index does not answer; a whole customer or meter number still finds. "
            "It is built again from the records by: dossier reindex",
            detail_zh="检索索引暂不可用；输入完整户号或表号仍可查询",
        )
    _note(context, viewer, query.text, len(known)).wait()
    hits = tuple(Hit(head, (found[number],), 0, ()) for number, head in known.items())
    return SearchAnswer(
        hits=hits,
        facets=dict[str, tuple[FacetValue, ...]](),
        total=len(hits),
        total_documents=0,
        next_cursor=None,
        took_ms=_since(started),
        pending=backlog.pending,
        lag_seconds=backlog.lag_seconds(context.clock.now()),
        degraded=True,
        notes=query.notes,
        remarks=_remarks(viewer, query),
    )


def _by_number(session: ScopedSession, viewer: Viewer, typed: str) -> dict[str, str]:
    """Customers whose customer, old or meter number is exactly this, and by which."""
    key = identifiers.compact(typed).upper()
    rights = access.search_rights(viewer)
    if not key or SearchRight.CUSTOMER_NO not in rights:
        return {}
    found: dict[str, str] = {}
    numbers = select(CustomerNumber.customer_no, CustomerNumber.kind).where(
        CustomerNumber.key == key, CustomerNumber.kind.in_(("meter", "old_no"))
    )
    for number, kind in session.execute(numbers):
        reason = MatchReason.METER_NO if kind == "meter" else MatchReason.CUSTOMER_NO
        found.setdefault(number, reason.value)
    own = select(Customer.customer_no).where(Customer.customer_no == key)
    for number in session.scalars(own):
        found[number] = MatchReason.CUSTOMER_NO.value
    return found
