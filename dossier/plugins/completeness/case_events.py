"""The inbox of events: each is kept once, and its case worked out anew from all that was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from dossier import access
from dossier.db.case_tables import BusinessCase, CaseNode, EventInbox, one_sender
from dossier.db.session import ScopedSession
from dossier.plugins.completeness import events, requirements
from dossier.plugins.completeness.cases import (
    Case,
    EventType,
    Outcome,
    Reason,
    Told,
    Verdict,
    fold,
)
from dossier.plugins.completeness.events import Event
from dossier.plugins.completeness.requirements import Named, Requirements
from dossier.services import audit
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer

RECEIVED, CONFLICT = "event.received", "event.conflict"
REPEATED, CONFLICTING = "repeated", "conflict"
"""Of an event that came before: the same again, or another under its name. The first one counts."""
LONGEST_CASE_NO, LONGEST_CUSTOMER_NO = 40, 16
TOGETHER = 200
"""Names that one query looks for."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of an event: an :class:`Outcome`, or :data:`REPEATED`, :data:`CONFLICTING`."""

    source: str
    id: str
    type: str
    outcome: str
    reason: str
    case_no: str | None


def receive(context: Context, viewer: Viewer, found: Sequence[Event]) -> tuple[Received, ...]:
    """Take events in; all of them in one transaction, in the order given.

    Raises:
        ForbiddenError: the role may not send events, or for a part of the company only.
    """
    viewer = access.demand_whole(viewer, Permission.SEND_EVENTS)
    with context.writing(viewer) as session:
        one_sender(session)
        known = _known(session, found)
        said: list[str] = []
        for event in found:
            name = (event.source, event.id)
            before = known.get(name)
            if before is None:
                known[name] = _keep(context, session, viewer, event)
                said.append("")
            elif before.digest == event.digest:
                said.append(REPEATED)
            else:
                said.append(CONFLICTING)
                _note(context, session, viewer, CONFLICT, before)
        session.flush()
        rows = [known[one] for one in events.names_of(found)]
        new = [row for row, before in zip(rows, said, strict=True) if not before]
        for case_no in dict.fromkeys(row.case_no for row in new if row.case_no):
            _work_out(context, session, case_no)
        for row in new:
            _note(context, session, viewer, RECEIVED, row)
        return tuple(
            Received(
                row.source, row.event_id, row.type, before or row.outcome, row.reason, row.case_no
            )
            for row, before in zip(rows, said, strict=True)
        )


def _known(session: ScopedSession, found: Sequence[Event]) -> dict[tuple[str, str], EventInbox]:
    ids = [one.id for one in found]
    rows: list[EventInbox] = []
    for start in range(0, len(ids), TOGETHER):
        part = ids[start : start + TOGETHER]
        rows += session.scalars(select(EventInbox).where(EventInbox.event_id.in_(part)))
    wanted = set(events.names_of(found))
    return {(row.source, row.event_id): row for row in rows if (row.source, row.event_id) in wanted}


def _keep(context: Context, session: ScopedSession, viewer: Viewer, event: Event) -> EventInbox:
    """Put an event into the inbox; what it says of a case is understood here, or refused."""
    now = context.clock.now()
    told, case_no, (outcome, reason) = _understood(event, requirements.of(context))
    row = EventInbox(
        source=event.source,
        event_id=event.id,
        type=event.type,
        happened_at=_happened(event, told) or now,
        received_at=now,
        received_by=viewer.id,
        case_no=case_no,
        told=told,
        body=context.keyring.encrypt(event.content.decode()),
        digest=event.digest,
        outcome=outcome,
        reason=reason,
    )
    session.add(row)
    return row


def _understood(event: Event, book: Requirements) -> tuple[dict[str, Any], str | None, Verdict]:
    if event.type not in set(EventType):
        return {}, None, (Outcome.KEPT, Reason.UNKNOWN_TYPE)
    data = event.data
    if not isinstance(data, Mapping):
        return {}, None, (Outcome.REFUSED, Reason.BAD_DATA)
    case_no = _word(data, "case_no")
    if not case_no:
        return {}, None, (Outcome.REFUSED, Reason.NO_CASE)
    told = {
        "customer_no": _word(data, "customer_no"),
        "business": _code(book.businesses, _word(data, "business")),
        "node": _code(book.nodes, _word(data, "node")),
        "unit": _word(data, "unit")[:200],
        "handler": _word(data, "handler")[:80],
        "facts": events.scalars(data.get("facts")),
    }
    try:
        at = events.instant(data.get("completed_at"))
    except ValueError:
        return {}, None, (Outcome.REFUSED, Reason.BAD_DATA)
    told["completed_at"] = at.isoformat() if at else ""
    reason = _refused(event.type, case_no, told, book.businesses)
    if reason:
        return told, None, (Outcome.REFUSED, reason)
    return told, case_no, (Outcome.WAITING, Reason.NOT_OPENED)


def _refused(
    kind: str, case_no: str, told: Mapping[str, Any], businesses: Mapping[str, Named]
) -> Reason:
    number = told["customer_no"]
    if len(case_no) > LONGEST_CASE_NO or len(number) > LONGEST_CUSTOMER_NO:
        return Reason.BAD_DATA
    if told["business"] and told["business"] not in businesses:
        return Reason.UNKNOWN_BUSINESS
    if kind == EventType.OPENED and not number:
        return Reason.NO_CUSTOMER
    if kind == EventType.OPENED and not told["business"]:
        return Reason.UNKNOWN_BUSINESS
    if kind == EventType.COMPLETED and not told["node"]:
        return Reason.NO_SUCH_NODE
    return Reason.NONE


def _word(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str | int):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())


def _code(known: Mapping[str, Named], said: str) -> str:
    """The code of what is said by its code or its name; what there is not as it was said."""
    named = (one.code for one in known.values() if said in (one.code, one.zh, one.en))
    return next(named, said[:20])


def _happened(event: Event, told: Mapping[str, Any]) -> datetime | None:
    completed = told.get("completed_at")
    if event.type == EventType.COMPLETED and completed:
        return datetime.fromisoformat(completed)
    return event.time


def _work_out(context: Context, session: ScopedSession, case_no: str) -> None:
    """The case from all of its events, and what became of each of them."""
    query = select(EventInbox).where(EventInbox.case_no == case_no).order_by(EventInbox.id)
    rows = list(session.scalars(query))
    folded = fold([_told(row) for row in rows], requirements.of(context).businesses)
    for row, (outcome, reason) in zip(rows, folded.verdicts, strict=True):
        if (row.outcome, row.reason) != (outcome, reason):
            row.outcome, row.reason = outcome, reason
    if folded.case is not None:
        _write(session, case_no, folded.case, context.clock.now())


def _told(row: EventInbox) -> Told:
    told = row.told
    return Told(
        type=EventType(row.type),
        at=row.happened_at,
        customer_no=told["customer_no"],
        business=told["business"],
        node=told["node"],
        unit=told["unit"],
        handler=told["handler"],
        facts=told["facts"],
    )


def _write(session: ScopedSession, case_no: str, case: Case, now: datetime) -> None:
    row = session.get(BusinessCase, case_no)
    if row is None:
        row = BusinessCase(case_no=case_no)
        session.add(row)
    said: dict[str, Any] = {
        "customer_no": case.customer_no,
        "business": case.business,
        "state": case.state,
        "unit": case.unit,
        "opened_at": case.opened_at,
        "ended_at": case.ended_at,
        "holds": [
            [since.isoformat(), until.isoformat() if until else None] for since, until in case.holds
        ],
        "facts": dict(case.facts),
    }
    changed = {name: value for name, value in said.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        row.updated_at = now
    session.flush()
    _write_nodes(session, case_no, case)


def _write_nodes(session: ScopedSession, case_no: str, case: Case) -> None:
    query = select(CaseNode).where(CaseNode.case_no == case_no)
    kept = {row.node: _of_row(row) for row in session.scalars(query)}
    wanted = {
        one.node: (case.customer_no, one.at, one.handler, one.unit) for one in case.nodes.values()
    }
    changed = [node for node in {**kept, **wanted} if kept.get(node) != wanted.get(node)]
    if changed:
        session.execute(
            delete(CaseNode).where(CaseNode.case_no == case_no, CaseNode.node.in_(changed)),
            execution_options={"synchronize_session": "fetch"},
        )
    for node in changed:
        if node in wanted:
            customer_no, at, handler, unit = wanted[node]
            session.add(
                CaseNode(
                    case_no=case_no,
                    node=node,
                    customer_no=customer_no,
                    completed_at=at,
                    handler=handler,
                    unit=unit,
                )
            )
    session.flush()


def _of_row(row: CaseNode) -> tuple[str, datetime, str, str]:
    return row.customer_no, row.completed_at, row.handler, row.unit


def _note(
    context: Context, session: ScopedSession, viewer: Viewer, action: str, row: EventInbox
) -> None:
    number = row.told.get("customer_no", "")
    audit.note(
        session,
        viewer,
        action,
        at=context.clock.now(),
        object_kind="customer" if number else "event",
        object_id=number or row.event_id[:80],
        outcome="refused" if row.outcome == Outcome.REFUSED or action == CONFLICT else "ok",
        facts={"event": row.type, "source": row.source, "case_no": row.case_no},
    )
