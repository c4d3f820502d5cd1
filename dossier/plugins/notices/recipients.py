"""Who is told: the borrower, who may decide on a loan, or who leads the borrower's unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, and_, not_, or_, select

from dossier import access
from dossier.clock import local_date
from dossier.db.grants import in_force
from dossier.db.leaving import is_shut_out, shut_out
from dossier.db.loan_tables import Loan, LoanThing, PaperOriginal
from dossier.db.role_tables import Delegation
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document, OrgUnit, RoleGrant, User
from dossier.rules import lending
from dossier.rules.loan_states import LoanKind
from dossier.rules.notices import To, Told
from dossier.services import posts
from dossier.services.context import Context
from dossier.viewer import Permission, Place

MOST_UNITS = 20
"""Steps up the tree of units; a ring in it, made by hand, must not keep us for ever."""


def of(
    context: Context, session: ScopedSession, told: Told, loan: Loan, *, at: datetime
) -> list[str]:
    """Ids of the people who are told, each once; nobody who comes in no more."""
    if told.to is To.APPROVERS:
        return _approvers(context, session, loan, at)
    if told.to is To.LEADERS:
        found = [
            user for role in told.roles for user in _nearest(session, role, loan.borrower_id, at)
        ]
        return list(dict.fromkeys(found))
    borrower = session.get(User, loan.borrower_id)
    gone = borrower is None or is_shut_out(session, borrower, local_date(at))
    return [] if gone else [loan.borrower_id]


# -- who may decide -----------------------------------------------------------------------------


def _approvers(context: Context, session: ScopedSession, loan: Loan, at: datetime) -> list[str]:
    """Who sees the request before them: by a role that decides, where it covers all of it."""
    asked = list(_papers(session, loan))
    categories = {category for _, category in asked} or lending.CATEGORIES
    roles = lending.load().by(categories, LoanKind(loan.kind))
    places = [place for place, _ in asked]
    return [
        user.id
        for user in _holding(session, roles, at)
        if user.id != loan.borrower_id
        and _decides(context, session, user, roles, loan, places, at=at)
    ]


def _decides(
    context: Context,
    session: ScopedSession,
    user: User,
    roles: frozenset[str],
    loan: Loan,
    places: list[Place],
    *,
    at: datetime,
) -> bool:
    viewer = access.viewer_for(session, user, context.roles, at=at)
    return any(
        one.scope.everything or (places and all(one.covers(place) for place in places))
        for one in access.deciders(viewer, roles, parties={loan.borrower_id}, by=Permission.LEND)
    )


def _papers(session: ScopedSession, loan: Loan) -> Iterator[tuple[Place, str]]:
    things = session.scalars(select(LoanThing).where(LoanThing.loan_number == loan.number)).all()
    documents = {one.document_id for one in things if one.document_id}
    dossiers = {one.customer_no for one in things if not one.document_id}
    if loan.original_id is not None:
        documents.add(session.get_one(PaperOriginal, loan.original_id).document_id)
    query = (
        select(Document, Customer.category)
        .join(Customer, Customer.customer_no == Document.customer_no)
        .where(or_(Document.id.in_(documents), Document.customer_no.in_(dossiers)))
    )
    for row, category in session.execute(query):
        yield Place.of_document(row), category


def _holding(session: ScopedSession, roles: Iterable[str], at: datetime) -> list[User]:
    """Users with one of these roles, their own or lent."""
    query = (
        select(RoleGrant, Delegation.delegate_id)
        .outerjoin(Delegation, Delegation.grant_id == RoleGrant.id)
        .where(RoleGrant.role.in_(sorted(roles)), RoleGrant.pending.is_(False))
    )
    ids = {
        user
        for grant, delegate in session.execute(query)
        if in_force(grant, at)
        for user in (grant.user_id, delegate)
        if user
    }
    users = select(User).where(User.id.in_(ids), not_(shut_out())).order_by(User.name)
    return list(session.scalars(users, {"day": local_date(at)}))


# -- who leads ----------------------------------------------------------------------------------


def _nearest(session: ScopedSession, role: str, borrower: str, at: datetime) -> list[str]:
    """Who holds a role for the borrower's unit, else for the one above it, at last for all."""
    for unit in (*_units_up(session, borrower, at), None):
        found = _leading(session, role, unit, at)
        if told := [user for user in found if user != borrower]:
            return told
    return []


def _units_up(session: ScopedSession, user: str, at: datetime) -> Iterator[int]:
    unit = posts.unit_of(session, user, on=local_date(at))
    if unit is None:
        query = select(RoleGrant).where(RoleGrant.user_id == user, RoleGrant.unit_id.is_not(None))
        held = (one for one in session.scalars(query.order_by(RoleGrant.id)) if in_force(one, at))
        unit = next((one.unit_id for one in held), None)
    for _ in range(MOST_UNITS):
        if unit is None:
            return
        yield unit
        unit = session.get_one(OrgUnit, unit).parent_id


def _leading(session: ScopedSession, role: str, unit: int | None, at: datetime) -> list[str]:
    query = (
        select(RoleGrant)
        .join(User, User.id == RoleGrant.user_id)
        .where(RoleGrant.role == role, RoleGrant.pending.is_(False), not_(shut_out()))
        .where(_for_company() if unit is None else RoleGrant.unit_id == unit)
        .order_by(User.name)
    )
    found = session.scalars(query, {"day": local_date(at)})
    return [one.user_id for one in found if in_force(one, at)]


def _for_company() -> ColumnElement[bool]:
    parts = (
        RoleGrant.unit_id,
        RoleGrant.line_id,
        RoleGrant.district_id,
        RoleGrant.case_no,
        RoleGrant.customer_no,
    )
    return and_(*(part.is_(None) for part in parts))
