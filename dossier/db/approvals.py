"""Approvals that hold at a moment, and where the things lie that they are for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, not_, select

from dossier.clock import local_date
from dossier.db import grants
from dossier.db.approval_tables import ApprovalRequest
from dossier.db.grants import HeldRole
from dossier.db.leaving import shut_out
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document, User
from dossier.rules.approvals import Thing
from dossier.viewer import NOTHING, Place, Scope

APPROVED = "approved"


def in_force(
    session: ScopedSession,
    user_id: str,
    *,
    at: datetime,
    kinds: Iterable[Thing] = (Thing.CUSTOMER, Thing.DOCUMENT),
) -> list[tuple[ApprovalRequest, HeldRole]]:
    """What others approved for a user and what holds now, each with the role by which it was done.

    Not any more: after its end, when it was revoked, and when who approved it comes in no more or
    has lost that role, own or lent. How far the role reaches :mod:`dossier.access` asks.
    """
    row = ApprovalRequest
    query = (
        select(row)
        .join(User, User.id == row.decided_by)
        .where(row.user_id == user_id, row.decision == APPROVED, row.kind.in_(list(kinds)))
        .where(row.begins_at <= at, row.ends_at > at, row.revoked_at.is_(None))
        .where(not_(shut_out()))
        .order_by(row.id)
    )
    found = list(session.scalars(query, {"day": local_date(at)}))
    held = {one.decided_by: _held(session, one.decided_by, at) for one in found}
    return [
        (one, by) for one in found if (by := held[one.decided_by].get(one.decided_as)) is not None
    ]


def _held(session: ScopedSession, user_id: str | None, at: datetime) -> dict[int | None, HeldRole]:
    """Roles by the id of their grant."""
    return {one.grant_id: one for one in grants.held_by(session, user_id or "", at=at)}


def waiting(at: datetime) -> ColumnElement[bool]:
    """Whether a request waits to be decided."""
    return (ApprovalRequest.decision == "") & (ApprovalRequest.lapses_at > at)


def place_of(session: ScopedSession, kind: str, thing: str) -> Place | None:
    """Where a customer, or a customer's paper, lies; None where the session sees none.

    A paper of nobody has no place of its own yet, and nothing is approved for it.
    """
    if kind == Thing.CUSTOMER:
        customer = session.scalar(select(Customer).where(Customer.customer_no == thing))
        return Place.of_customer(customer) if customer is not None else None
    if kind == Thing.DOCUMENT:
        owned = Document.customer_no.is_not(None)
        document = session.scalar(select(Document).where(Document.id == thing, owned))
        return Place.of_document(document) if document is not None else None
    return None


def place_now(session: ScopedSession, row: ApprovalRequest) -> Place | None:
    """Where the thing of an approval lies; None too for a paper that is another customer's now."""
    place = place_of(session, row.kind, row.thing)
    if place is None or row.kind != Thing.DOCUMENT:
        return place
    return place if row.facts.get("customer_no") == place.customer_no else None


def scope_of(kind: str, thing: str) -> Scope:
    """The one thing as a scope."""
    if kind == Thing.CUSTOMER:
        return Scope(customers=frozenset({thing}))
    if kind == Thing.DOCUMENT:
        return Scope(documents=frozenset({thing}))
    return NOTHING
