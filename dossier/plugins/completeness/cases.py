"""What became of a case: a pure fold over all that was told of it, in the order it happened.

Events come late, twice and in any order. A case is worked out anew from all of its events each
time one comes in, so it is the same whatever the order was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from dossier.plugins.completeness.requirements import Business


class EventType(StrEnum):
    """What may be told of a case (architecture.md, HTTP)."""

    OPENED = "dossier.case.opened"
    COMPLETED = "dossier.node.completed"
    HELD = "dossier.case.held"
    RESUMED = "dossier.case.resumed"
    CANCELLED = "dossier.case.cancelled"


class CaseState(StrEnum):
    """How far a case is."""

    OPEN = "open"
    HELD = "held"
    DONE = "done"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What became of an event."""

    APPLIED = "applied"
    WAITING = "waiting"
    """Nobody has told yet whose case it is, or of what business."""
    REFUSED = "refused"
    KEPT = "kept"
    """Of a type that changes nothing here."""


class Reason(StrEnum):
    """Why an event changes nothing, or not yet."""

    NONE = ""
    NOT_OPENED = "not_opened"
    OTHER_CUSTOMER = "other_customer"
    OTHER_BUSINESS = "other_business"
    NO_SUCH_NODE = "no_such_node"
    CANCELLED_BEFORE = "cancelled_before"
    NOT_HELD = "not_held"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_BUSINESS = "unknown_business"
    BAD_DATA = "bad_data"
    NO_CASE = "no_case"
    NO_CUSTOMER = "no_customer"


Verdict = tuple[Outcome, Reason]
APPLIED: Verdict = (Outcome.APPLIED, Reason.NONE)


@dataclass(frozen=True, slots=True)
class Told:
    """An event of one case.

    Attributes:
        at: when it happened; of a node, when that was completed.
        business: a code of the rule file; empty where it is not said, as the rest.
    """

    type: EventType
    at: datetime
    customer_no: str = ""
    business: str = ""
    node: str = ""
    unit: str = ""
    handler: str = ""
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class NodeDone:
    """A node that was completed."""

    node: str
    at: datetime
    handler: str
    unit: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it is told.

    Attributes:
        opened_at: None where nobody said.
        ended_at: when it was done or cancelled.
        nodes: those that were completed, by their codes.
        holds: from when to when it was held; no end while it is.
    """

    customer_no: str
    business: str
    unit: str = ""
    state: CaseState = CaseState.OPEN
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    nodes: Mapping[str, NodeDone] = field(default_factory=dict)
    holds: tuple[tuple[datetime, datetime | None], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Folded:
    """The case, None while nobody can say whose it is; and what became of each event."""

    case: Case | None
    verdicts: tuple[Verdict, ...]


def fold(told: Sequence[Told], businesses: Mapping[str, Business]) -> Folded:
    """A case from all of its events.

    Whose it is and of what business says the first event that opens it, else the first that says
    so. A case is done with the last node of its business.

    Args:
        told: in the order in which they came; sorted here by when they happened.
        businesses: with their nodes.
    """
    order = sorted(range(len(told)), key=lambda at: _when(told[at]))
    owner, business = _first(told, order, "customer_no"), _first(told, order, "business")
    if not owner or not business:
        waiting = (Outcome.WAITING, Reason.NOT_OPENED)
        return Folded(None, tuple(waiting for _ in told))
    case = Case(owner, business)
    verdicts: dict[int, Verdict] = {}
    for at in order:
        case, verdicts[at] = _after(case, told[at], businesses[business])
    return Folded(
        _ended(case, businesses[business]), tuple(verdicts[at] for at in range(len(told)))
    )


_RANKS = {one: rank for rank, one in enumerate(EventType)}


def _when(one: Told) -> tuple[datetime, int, str]:
    """Events of one instant have an order too, and it is not that in which they came."""
    said = (
        one.customer_no,
        one.business,
        one.node,
        one.handler,
        one.unit,
        sorted(one.facts.items()),
    )
    return one.at, _RANKS[one.type], repr(said)


def _first(told: Sequence[Told], order: Sequence[int], name: str) -> str:
    said = [told[at] for at in order if getattr(told[at], name)]
    opening = [one for one in said if one.type is EventType.OPENED]
    found = (opening or said)[:1]
    return str(getattr(found[0], name)) if found else ""


def _after(case: Case, one: Told, business: Business) -> tuple[Case, Verdict]:
    """The case after one more event."""
    if one.customer_no and one.customer_no != case.customer_no:
        return case, (Outcome.REFUSED, Reason.OTHER_CUSTOMER)
    if one.business and one.business != case.business:
        return case, (Outcome.REFUSED, Reason.OTHER_BUSINESS)
    changed = _CHANGES[one.type](case, one, business)
    if isinstance(changed, Reason):
        return case, (Outcome.REFUSED, changed)
    return replace(changed, facts={**changed.facts, **one.facts}), APPLIED


def _opened(case: Case, one: Told, _business: Business) -> Case | Reason:
    return replace(case, opened_at=case.opened_at or one.at, unit=one.unit or case.unit)


def _completed(case: Case, one: Told, business: Business) -> Case | Reason:
    if one.node not in business.nodes:
        return Reason.NO_SUCH_NODE
    done = NodeDone(one.node, one.at, one.handler, one.unit)
    return replace(case, nodes={**case.nodes, one.node: done}, unit=case.unit or one.unit)


def _held(case: Case, one: Told, _business: Business) -> Case | Reason:
    if case.state is CaseState.CANCELLED:
        return Reason.CANCELLED_BEFORE
    if case.state is CaseState.HELD:
        return case
    return replace(case, state=CaseState.HELD, holds=(*case.holds, (one.at, None)))


def _resumed(case: Case, one: Told, _business: Business) -> Case | Reason:
    if case.state is not CaseState.HELD:
        cancelled = case.state is CaseState.CANCELLED
        return Reason.CANCELLED_BEFORE if cancelled else Reason.NOT_HELD
    *before, (since, _) = case.holds
    return replace(case, state=CaseState.OPEN, holds=(*before, (since, one.at)))


def _cancelled(case: Case, one: Told, _business: Business) -> Case | Reason:
    if case.state is CaseState.CANCELLED:
        return case
    return replace(case, state=CaseState.CANCELLED, ended_at=one.at)


_CHANGES = {
    EventType.OPENED: _opened,
    EventType.COMPLETED: _completed,
    EventType.HELD: _held,
    EventType.RESUMED: _resumed,
    EventType.CANCELLED: _cancelled,
}


def _ended(case: Case, business: Business) -> Case:
    """Done with its last node, unless it was cancelled."""
    if case.state is CaseState.CANCELLED or business.nodes[-1] not in case.nodes:
        return case
    last = max(node.at for node in case.nodes.values())
    return replace(case, state=CaseState.DONE, ended_at=last)
