"""A case with its nodes, and the papers that each asks for, as one viewer may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dossier import access
from dossier.db.case_tables import BusinessCase, CaseNode
from dossier.db.tables import Customer
from dossier.errors import NotFoundError
from dossier.plugins.completeness import customer, requirements
from dossier.plugins.completeness.customer import DossierView
from dossier.plugins.completeness.items import ASKED, SETTLED, Item
from dossier.plugins.completeness.requirements import Business, Named
from dossier.services import audit
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node of a case; ``completed_at`` None while it is not completed, or nobody told."""

    node: Named
    completed_at: datetime | None
    handler: str
    unit: str
    items: tuple[Item, ...]

    @property
    def required(self) -> int:
        """How many papers it asks for today."""
        return sum(item.state in ASKED for item in self.items)

    @property
    def present(self) -> int:
        """How many of these are there, or were waived."""
        return sum(item.state in SETTLED for item in self.items)


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case.

    Attributes:
        business: the rule file's, or one without nodes where that lost it.
        dossier: of its customer; None while that is not in the register, or not told to the viewer.
        is_known: whether its customer is in the register.
    """

    case: BusinessCase
    business: Business
    nodes: tuple[NodeView, ...]
    dossier: DossierView | None
    is_known: bool


def get(context: Context, viewer: Viewer, case_no: str) -> CaseView:
    """A case by its number; that it was looked at is put down as a look at its customer.

    Raises:
        ForbiddenError: the role may not read customers.
        NotFoundError: no such case, or neither it nor its customer is in the viewer's scope.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        case = session.scalars(select(BusinessCase).where(BusinessCase.case_no == case_no)).first()
        if case is None:
            raise NotFoundError("No such case", detail_zh="没有此工单")
        done = {
            row.node: row
            for row in session.scalars(select(CaseNode).where(CaseNode.case_no == case_no))
        }
        of_register = select(Customer.customer_no).where(Customer.customer_no == case.customer_no)
        is_known = session.scalar(of_register) is not None
    is_told = is_known and customer.is_told(context, viewer, case.customer_no)
    dossier = customer.get(context, viewer, case.customer_no) if is_told else None
    audit.begin_read(
        context, viewer, "customer.read", object_kind="customer", object_id=case.customer_no
    ).wait()
    items = dossier.found.items if dossier else ()
    book = requirements.of(context)
    business = book.businesses.get(case.business, Business(case.business, *[case.business] * 2))
    nodes = [
        NodeView(
            book.nodes[code],
            done[code].completed_at if code in done else None,
            done[code].handler if code in done else "",
            done[code].unit if code in done else "",
            tuple(one for one in items if one.case_no == case_no and one.rule.node == code),
        )
        for code in business.nodes
    ]
    return CaseView(case, business, tuple(nodes), dossier, is_known)
