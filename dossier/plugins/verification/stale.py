"""Customers whom a notice may not reach: no number, or none that was found to be right of late.

S0-14; after how many months a number is stale is a rule.
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, or_, select

from dossier.clock import SHANGHAI, local_date
from dossier.db.tables import Customer, CustomerNumber
from dossier.db.verification_tables import VerifiedFacts
from dossier.plugins.verification import rules, standing
from dossier.plugins.verification.contacts import Outcome
from dossier.plugins.verification.standing import Standing, Wish
from dossier.services.context import Context
from dossier.services.register_lookup import PHONE
from dossier.viewer import Viewer

LISTING = "contacts"
LISTED = "contacts.listed"


class ContactState(StrEnum):
    """Whether a notice arrives, as far as anybody knows."""

    GOOD = "good"
    NO_NUMBER = "no_number"
    NEVER = "never"
    UNREACHED = "unreached"
    REPLACED = "replaced"
    EXPIRED = "expired"


def state(today: date) -> ColumnElement[str]:
    """How a customer's contact stands on a day, in the query."""
    own = and_(CustomerNumber.customer_no == Customer.customer_no, CustomerNumber.kind == PHONE)
    any_number = select(CustomerNumber.id).where(own).correlate(Customer)
    the_same = (
        select(CustomerNumber.id)
        .where(own, CustomerNumber.key == VerifiedFacts.contact_key)
        .correlate(Customer, VerifiedFacts)
    )
    return case(
        (~any_number.exists(), ContactState.NO_NUMBER.value),
        (VerifiedFacts.contact == Outcome.UNREACHED.value, ContactState.UNREACHED.value),
        (VerifiedFacts.contact_at.is_(None), ContactState.NEVER.value),
        (~the_same.exists(), ContactState.REPLACED.value),
        (_expired(today), ContactState.EXPIRED.value),
        else_=ContactState.GOOD.value,
    )


def _expired(today: date) -> ColumnElement[bool]:
    terms = rules.load().months_on(today)
    return or_(
        *(
            and_(
                Customer.category == category, VerifiedFacts.contact_at < months_back(today, months)
            )
            for category, months in sorted(terms.items())
        )
    )


def months_back(today: date, months: int) -> datetime:
    """The beginning of the same day so many months ago, or of that month's last.

    Example:
        >>> months_back(date(2026, 3, 31), 1).date().isoformat()
        '2026-02-28'
    """
    count = today.year * 12 + today.month - 1 - months
    year, month = divmod(count, 12)
    day = min(today.day, calendar.monthrange(year, month + 1)[1])
    return datetime.combine(date(year, month + 1, day), time(), tzinfo=SHANGHAI)


def get(
    context: Context, viewer: Viewer, wish: Wish, *, cursor: str | None = None, size: int = 50
) -> Standing:
    """Counts by place, and a page of the customers behind them.

    Raises:
        ForbiddenError: the role may not read customers.
        QueryError: the cursor is broken.
    """
    return standing.listed(
        context,
        viewer,
        wish,
        listing=LISTING,
        event=LISTED,
        state=state(local_date(context.clock.now())),
        cursor=cursor,
        size=size,
    )
