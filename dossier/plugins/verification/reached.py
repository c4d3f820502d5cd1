"""Whose facts a viewer may see and check: the whole customer's, never by a grant for one case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import select

from dossier import access
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer
from dossier.errors import ForbiddenError, InvalidInputError
from dossier.plugins.verification import rules
from dossier.rules.masking import KnownValues
from dossier.services import audit, disclosure, personal
from dossier.services.context import Context
from dossier.services.heads import customer_in_scope, known_values
from dossier.viewer import Permission, Place, Viewer


def is_told(context: Context, viewer: Viewer, customer_no: str) -> bool:
    """Whether the facts of this customer, whom the viewer knows of, are told."""
    if not viewer.may(Permission.READ_CUSTOMER):
        return False
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        return _reaches(viewer, customer_in_scope(session, customer_no))


def customer_reached(
    session: ScopedSession, viewer: Viewer, customer_no: str, *, lock: bool = False
) -> Customer:
    """The customer's row, for who sees the whole dossier.

    Args:
        session: the viewer's own.
        viewer: as the permission reaches that is used.
        customer_no: whose.
        lock: who changes the same customer at once waits.

    Raises:
        NotFoundError: no such customer, or not in the viewer's scope.
        ForbiddenError: a case of it is all that the viewer sees.
    """
    if lock:
        own = select(Customer.revision).where(Customer.customer_no == customer_no)
        session.execute(own.with_for_update())
    found = customer_in_scope(session, customer_no)
    if not _reaches(viewer, found):
        raise ForbiddenError(
            "Your role reaches a case of this customer, not the whole dossier",
            detail_zh="您的权限仅及该户的个别工单，不能查看或办理整户核验",
        )
    return found


def _reaches(viewer: Viewer, customer: Customer) -> bool:
    return viewer.scope.covers(replace(Place.of_customer(customer), is_record=False))


@contextmanager
def look(
    context: Context, viewer: Viewer, customer_no: str
) -> Iterator[tuple[ScopedSession, Customer, Viewer]]:
    """A look at one customer's facts, which the audit notes: session, customer, viewer there.

    Raises:
        ForbiddenError: the role may not read customers, or is held for a case of this one only.
        NotFoundError: no such customer, or not in the viewer's scope.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        customer = customer_reached(session, viewer, customer_no)
        here = looking_at(context, session, viewer, customer)
        noted = audit.begin_read(
            context, here, "customer.read", object_kind="customer", object_id=customer_no
        )
        yield session, customer, here
    noted.wait()


def looking_at(
    context: Context, session: ScopedSession, viewer: Viewer, customer: Customer
) -> Viewer:
    """The viewer for a look at this customer: what the grants give there, and what is open."""
    here = viewer.at(Place.of_customer(customer))
    return disclosure.looking(context, session, here, customer.customer_no)


def noted(viewer: Viewer, note: str, known: KnownValues | None) -> str:
    """A note as this viewer may read it: whoever wrote it may have named somebody."""
    return personal.line(viewer, note, known).text


def known_of(
    context: Context, session: ScopedSession, viewer: Viewer, customer_no: str
) -> KnownValues | None:
    """What the register knows of the customer and this viewer may not read."""
    return known_values(context, session, viewer, [customer_no]).get(customer_no)


def short_text(said: str) -> str:
    """A note in one line.

    Raises:
        InvalidInputError: longer than the rules allow.
    """
    text, most = " ".join(said.split()), rules.load().note_characters
    if len(text) > most:
        raise InvalidInputError(
            f"The note has {most} characters at most", detail_zh=f"说明不超过 {most} 个字"
        )
    return text
