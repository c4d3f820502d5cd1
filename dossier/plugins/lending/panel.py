"""What stands beside a paper or dossier: its running loans, and the way to borrow it."""

from __future__ import annotations

from sqlalchemy import select

from dossier.db.loan_tables import Loan
from dossier.db.loans import number_of, runs
from dossier.hookspecs import Panel
from dossier.services import custody
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer
from ui.formatting import moment

STATES = {"whole": ("", ""), "lost": ("遗失", "lost"), "destroyed": ("已销毁", "destroyed")}
SAID = {
    "state": ("状态", "State"),
    "has": ("现保管者", "With"),
    "since": ("自", "Since"),
    "outside": ("库外累计", "Outside the room"),
    "days": ("{} 天", "{} days"),
    "substitute": ("替代件", "certified copy in its place"),
}
"""In Chinese and English."""


def of_document(context: Context, viewer: Viewer, document_id: str) -> tuple[Panel, ...]:
    """For a paper in view; ``viewer`` is cut down to it."""
    return (*_loans(context, viewer, document_id), *_custody(context, viewer, document_id))


def _loans(context: Context, viewer: Viewer, document_id: str) -> tuple[Panel, ...]:
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


def _custody(context: Context, viewer: Viewer, document_id: str) -> tuple[Panel, ...]:
    """Who has the paper, since when, and for how long it was outside the room (S1-06)."""
    now, language = context.clock.now(), viewer.language
    with context.reading(viewer) as session:
        way = custody.way_of(session, document_id, at=now, language=language)
    if way is None:
        return ()
    in_english, last = language == "en", way.stays[-1]
    said = STATES[way.state][in_english]
    rows = [
        (SAID["has"][in_english], last.name),
        (SAID["since"][in_english], moment(last.since)),
        (SAID["outside"][in_english], SAID["days"][in_english].format(way.outside.days)),
    ]
    if said:
        rows.insert(0, (SAID["state"][in_english], said))
    if way.is_substitute:
        rows.insert(0, (SAID["state"][in_english], SAID["substitute"][in_english]))
    borrows = viewer.may(Permission.BORROW) and way.state == custody.OriginalState.WHOLE
    href = f"/loans/ask-paper?document_id={document_id}" if borrows else ""
    return (Panel("custody", "纸质原件", "Paper original", rows=tuple(rows), href=href),)


def of_customer(viewer: Viewer, customer_no: str) -> tuple[Panel, ...]:
    """For a customer in view."""
    return _ask(viewer, f"/loans/ask?customer_no={customer_no}")


def _ask(viewer: Viewer, href: str) -> tuple[Panel, ...]:
    if not viewer.may(Permission.BORROW):
        return ()
    return (Panel("lending", "借阅", "Borrow", href=href),)
