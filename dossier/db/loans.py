"""Electronic loans that run at a moment, and what they open."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from dossier.clock import local_date
from dossier.db.leaving import shut_out
from dossier.db.loan_tables import Loan, LoanThing
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document, User
from dossier.rules.loan_states import LoanKind, LoanState
from dossier.viewer import Place, Scope


def number_of(number: int) -> str:
    """A loan's number as it stands on watermarks, in the audit and on pages."""
    return f"JY{number:06d}"


def runs(at: datetime) -> ColumnElement[bool]:
    """Whether a loan opens something: it is over at its minute, without anybody's doing."""
    return and_(
        Loan.kind == LoanKind.ELECTRONIC,
        Loan.state == LoanState.RUNNING,
        Loan.begins_at <= at,
        Loan.ends_at > at,
    )


_PLACE = (
    Document.id,
    Document.unit_id,
    Document.line_id,
    Document.district_id,
    Document.customer_no,
    Document.case_no,
)


@dataclass(frozen=True, slots=True)
class Lent:
    """One paper, or one page of it, that a loan opens now.

    Attributes:
        category: of its customer.
    """

    place: Place
    category: str
    page: int | None = None


def running(session: ScopedSession, user_id: str, *, at: datetime) -> list[tuple[Loan, list[Lent]]]:
    """What was lent to a user and runs now, with the papers as they are now.

    A paper that went to another customer since, or is held, is none of them any more; nor is
    anything of a loan whose approver comes in no more.
    """
    query = select(Loan).where(Loan.borrower_id == user_id, runs(at)).order_by(Loan.number)
    found = {row.number: row for row in session.scalars(query)}
    if not found:
        return []
    deciders = {row.decided_by for row in found.values() if row.decided_by}
    shut = select(User.id).where(User.id.in_(deciders), shut_out())
    gone = set(session.scalars(shut, {"day": local_date(at)})) if deciders else set()
    lent: dict[int, list[Lent]] = defaultdict(list)
    papers = (
        select(LoanThing.loan_number, LoanThing.page, *_PLACE, Customer.category)
        .join(
            Document,
            and_(
                Document.customer_no == LoanThing.customer_no,
                or_(LoanThing.document_id.is_(None), LoanThing.document_id == Document.id),
            ),
        )
        .join(Customer, Customer.customer_no == Document.customer_no)
        .where(LoanThing.loan_number.in_(found), Document.hold.is_(False))
    )
    for row in session.execute(papers):
        lent[row.loan_number].append(Lent(Place.of_document(row), row.category, row.page))
    return [(row, lent[number]) for number, row in found.items() if row.decided_by not in gone]


def scope_of(lent: list[Lent]) -> Scope:
    """What is lent, as a scope: whole papers, and single pages."""
    return Scope(
        documents=frozenset(_id(one) for one in lent if one.page is None),
        pages=frozenset((_id(one), one.page) for one in lent if one.page is not None),
    )


def _id(lent: Lent) -> str:
    return lent.place.document_id or ""
