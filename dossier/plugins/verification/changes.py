"""What other systems are told: a list that they read on with a cursor (S0-13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dossier import access
from dossier.db.tables import Customer
from dossier.db.verification_tables import ContactCheck, OutgoingEvent
from dossier.services import audit_bulk, cursors, personal
from dossier.services.context import Context
from dossier.services.views import Shown
from dossier.viewer import Permission, Viewer

LISTING = "changes"
READ = "changes.read"
TOLD = "contact.told"
"""The same for each customer whose change went out."""


@dataclass(frozen=True, slots=True)
class Change:
    """A number that was checked and is another one now; masked for who does not see contacts."""

    event_id: str
    kind: str
    at: datetime
    customer_no: str
    outcome: str
    channel: str
    old_number: Shown
    new_number: Shown


@dataclass(frozen=True, slots=True)
class Changes:
    """A part of the list; ``next_cursor`` leads on, also where nothing is behind it yet."""

    items: tuple[Change, ...]
    next_cursor: str
    more: bool


def read(context: Context, viewer: Viewer, *, cursor: str | None, size: int) -> Changes:
    """The events behind a cursor, in the order in which they happened.

    Raises:
        ForbiddenError: the role may not.
        QueryError: the cursor is broken.
    """
    viewer = access.demand(viewer, Permission.PULL_CHANGES)
    after = int(cursors.unpack(context.keyring, LISTING, cursor)) if cursor else 0
    query = (
        select(OutgoingEvent, ContactCheck, Customer)
        .join(ContactCheck, ContactCheck.id == OutgoingEvent.subject_id)
        .join(Customer, Customer.customer_no == OutgoingEvent.customer_no)
        .where(OutgoingEvent.id > after)
        .order_by(OutgoingEvent.id)
    )
    with context.reading(viewer) as session:
        rows = session.execute(query.limit(size + 1)).all()
        shown = rows[:size]
        items = tuple(_change(viewer, event, check, owner) for event, check, owner in shown)
    audit_bulk.record_each(
        context,
        viewer,
        {"action": READ, "facts": {"rows": len(shown)}},
        action=TOLD,
        object_kind="customer",
        object_ids=sorted({one.customer_no for one in items}),
    )
    last = shown[-1][0].id if shown else after
    return Changes(items, cursors.pack(context.keyring, LISTING, last), len(rows) > size)


def _change(viewer: Viewer, event: OutgoingEvent, check: ContactCheck, owner: Customer) -> Change:
    here = viewer.at_customer(owner)
    return Change(
        event_id=event.event_id,
        kind=event.kind,
        at=event.at,
        customer_no=event.customer_no,
        outcome=check.outcome,
        channel=check.channel,
        old_number=personal.phone(here, check.old_number),
        new_number=personal.phone(here, check.new_number),
    )
