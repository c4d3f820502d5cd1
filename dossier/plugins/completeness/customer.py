"""The completeness of one dossier, as one viewer may see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select

from dossier import access
from dossier.clock import local_date
from dossier.db.case_tables import BusinessCase
from dossier.db.tables import Document
from dossier.errors import InvalidInputError
from dossier.plugins.completeness import dossiers, requirements
from dossier.plugins.completeness.dossiers import Dossier
from dossier.plugins.completeness.items import Completeness
from dossier.services import audit, remarks
from dossier.services.account_names import account_names
from dossier.services.context import Context
from dossier.services.heads import customer_in_scope, heads
from dossier.services.views import CustomerHead
from dossier.viewer import Permission, Viewer


@dataclass(frozen=True, slots=True)
class DossierView:
    """A dossier with what it has and lacks.

    Attributes:
        visible: ids of the papers that the viewer may open; others count, and are not named.
        people: account names of who waived something, by user id.
        may_waive: whether the viewer may waive something of this customer.
        cases: all of the customer, the newest first.
    """

    head: CustomerHead
    day: date
    found: Completeness
    visible: frozenset[str]
    people: Mapping[str, str]
    may_waive: bool
    cases: tuple[BusinessCase, ...]

    def shown(self, papers: Iterable[str]) -> list[str]:
        """Of these papers those that the viewer may know by their ids."""
        return [paper for paper in papers if paper in self.visible]


def look(
    context: Context, viewer: Viewer, customer_no: str, day: date | None = None
) -> DossierView:
    """The same as :func:`get`, as a look of its own: with a read record."""
    view = get(context, viewer, customer_no, day)
    audit.begin_read(
        context, viewer, "customer.read", object_kind="customer", object_id=customer_no
    ).wait()
    return view


def is_told(context: Context, viewer: Viewer, customer_no: str) -> bool:
    """Whether :func:`get` answers for this customer, whom the viewer knows of."""
    if not viewer.may(Permission.READ_CUSTOMER):
        return False
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        return dossiers.is_reached(viewer, customer_in_scope(session, customer_no))


def get(context: Context, viewer: Viewer, customer_no: str, day: date | None = None) -> DossierView:
    """A dossier on a day, today where none is named.

    Raises:
        ForbiddenError: the role may not read customers, or is held for a case of this one only.
        NotFoundError: no such customer, or not in the viewer's scope.
        InvalidInputError: the day is still to come.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    today = local_date(context.clock.now())
    if day is not None and day > today:
        raise InvalidInputError(
            f"{day} is still to come; ask for today or a day before",
            detail_zh=f"{day} 尚未到来，请查询今天或以前的日期",
        )
    with context.reading(viewer) as session:
        row = customer_in_scope(session, customer_no)
        dossiers.demand_reached(viewer, row)
        may_waive = viewer.at_customer(row).may(Permission.WAIVE)
        head = heads(session, viewer, [customer_no])[customer_no]
        own = select(Document.id).where(Document.customer_no == customer_no)
        visible = frozenset(session.scalars(own))
        told = select(BusinessCase).where(BusinessCase.customer_no == customer_no)
        newest = told.order_by(BusinessCase.opened_at.desc(), BusinessCase.case_no.desc())
        cases = tuple(session.scalars(newest))
    with context.reading(dossiers.LOOKING) as session:
        dossier = dossiers.read(session, requirements.of(context), [customer_no])[customer_no]
        people = account_names(session, [one.by for one in dossier.waivers])
    found = _as_told(context, viewer, dossier).on(day or today)
    return DossierView(head, day or today, found, visible, people, may_waive, cases)


def _as_told(context: Context, viewer: Viewer, dossier: Dossier) -> Dossier:
    """The dossier with what was noted on its waivers as the viewer may read it."""
    if not any(one.note for one in dossier.waivers):
        return dossier
    number = dossier.customer_no
    with context.reading(viewer) as session:
        told = remarks.of_customers(context, session, viewer, [number])
        waivers = tuple(replace(one, note=told(number, one.note)) for one in dossier.waivers)
    return replace(dossier, waivers=waivers)
