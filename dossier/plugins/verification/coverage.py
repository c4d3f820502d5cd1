"""How far real names are checked, by station, line and district (S0-02), and which are not."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case

from dossier.db.tables import Customer
from dossier.db.verification_tables import VerifiedFacts
from dossier.plugins.verification import standing
from dossier.plugins.verification.real_name import Result
from dossier.plugins.verification.standing import Standing, Wish
from dossier.services.context import Context
from dossier.viewer import Viewer

LISTING = "real-name"
LISTED = "realname.listed"
STATES = (Result.VERIFIED, Result.MISMATCH, Result.NOT_CHECKED)


def state() -> ColumnElement[str]:
    """As :func:`~dossier.plugins.verification.real_name.state_of` says, in the query."""
    present = and_(
        VerifiedFacts.customer_no.is_not(None), VerifiedFacts.real_name_of == Customer.name_key
    )
    return case((present, VerifiedFacts.real_name), else_=Result.NOT_CHECKED.value)


def get(
    context: Context, viewer: Viewer, wish: Wish, *, cursor: str | None = None, size: int = 50
) -> Standing:
    """Counts and shares by place, and a page of the customers behind them.

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
        state=state(),
        cursor=cursor,
        size=size,
    )
