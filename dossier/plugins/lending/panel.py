"""What stands beside a paper or dossier: its running loans, and the way to borrow it."""

from __future__ import annotations

from sqlalchemy import select

from dossier.db.loan_tables import Loan
from dossier.db.loans import number_of, runs
from dossier.hookspecs import Panel
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer
from ui.formatting import moment


def of_document(context: Context, viewer: Viewer, document_id: str) -> tuple[Panel, ...]:
    """For a paper in view; ``viewer`` is cut down to it."""
    lent = {one.loan for one in viewer.loans}
    if not lent:
        return _ask(viewer, f"/loans/ask?document_id={document_id}")
    with context.reading(viewer) as session:
        query = select(Loan.number, Loan.ends_at, Loan.purpose).where(
            Loan.borrower_id == viewer.id, runs(context.clock.now())
        )
        found = [row for row in session.execute(query) if number_of(row.number) in lent]
    rows = tuple((number_of(row.number), f"{row.purpose} — {moment(row.ends_at)}") for row in found)
    return (Panel("lending", "我的借阅", "My loans", rows=rows, href="/loans"),)


def of_customer(viewer: Viewer, customer_no: str) -> tuple[Panel, ...]:
    """For a customer in view."""
    return _ask(viewer, f"/loans/ask?customer_no={customer_no}")


def _ask(viewer: Viewer, href: str) -> tuple[Panel, ...]:
    if not viewer.may(Permission.BORROW):
        return ()
    return (Panel("lending", "借阅", "Borrow", href=href),)
