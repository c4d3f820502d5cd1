"""What lies before who hands out papers: to pick by place, ready, due, to check, to put back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dossier import access
from dossier.clock import local_date
from dossier.db import shelving
from dossier.db.loan_tables import Loan, PaperOriginal
from dossier.db.session import ScopedSession
from dossier.db.shelving import Home
from dossier.db.tables import Document
from dossier.plugins.lending import loan_views
from dossier.plugins.lending.loan_views import LoanView
from dossier.rules import lending
from dossier.rules.loan_states import HOLDS_ORIGINAL, LoanKind, LoanState
from dossier.services import custody, role_grants
from dossier.services.context import Context
from dossier.services.custody import OriginalState
from dossier.viewer import Permission, Viewer

S = LoanState
SECTIONS = ("overdue", "due", "to_pick", "picked", "to_check", "disputed", "lost", "out", "waiting")
"""In the order of the page: what is most urgent first."""
STATES = (*HOLDS_ORIGINAL, S.WAITING)
MOST = 2000
"""Loans that are looked at; more are never open at one desk."""


@dataclass(frozen=True, slots=True)
class Line:
    """One loan at the desk.

    Attributes:
        loan: as it is listed.
        section: where it stands on the page.
        document_id: its document.
        pages: how many pages the scan has.
        sample: the page that is compared with its picture when it comes back.
        home: where it belongs; None: in no box yet.
        place: where it is now.
    """

    loan: LoanView
    section: str
    document_id: str
    pages: int
    sample: int
    home: Home | None
    place: str


@dataclass(frozen=True, slots=True)
class Left:
    """A paper on the desk that no loan has: to be put back."""

    document_id: str
    title: str
    home: Home | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Desk:
    """The lending desk."""

    lines: tuple[Line, ...]
    left: tuple[Left, ...]

    def of(self, section: str) -> tuple[Line, ...]:
        """The lines of a section."""
        return tuple(one for one in self.lines if one.section == section)

    def scanned(self, code: str) -> tuple[Line, ...]:
        """The loans that a scanned code means: of a loan, a paper, a box or a borrower's card."""
        said = code.strip()
        return tuple(one for one in self.lines if said and said in _codes(one))

    def left_of(self, code: str) -> tuple[Left, ...]:
        """The papers to put back that a scanned code means."""
        said = code.strip()
        return tuple(
            one for one in self.left if said and said in (one.document_id, *_places(one.home))
        )


def desk(context: Context, viewer: Viewer) -> Desk:
    """The desk of who hands out papers, as far as their area reaches.

    Raises:
        ForbiddenError: the role hands out no originals.
    """
    viewer = access.demand(viewer, Permission.HAND_OUT)
    with context.reading(viewer) as session:
        query = (
            select(Loan)
            .join(PaperOriginal, PaperOriginal.id == Loan.original_id)
            .where(Loan.kind == LoanKind.PAPER, Loan.state.in_(STATES))
            .order_by(Loan.number)
            .limit(MOST)
        )
        lines = _lines(context, session, viewer, session.scalars(query).all())
        return Desk(tuple(sorted(lines, key=_order)), tuple(_left(session)))


def _lines(
    context: Context, session: ScopedSession, viewer: Viewer, found: Sequence[Loan]
) -> Iterable[Line]:
    now = context.clock.now()
    wanted = [one.original_id for one in found if one.original_id]
    query = (
        select(PaperOriginal, Document.page_count)
        .join(Document, Document.id == PaperOriginal.document_id)
        .where(PaperOriginal.id.in_(wanted))
    )
    originals = {row.PaperOriginal.id: row for row in session.execute(query)}
    homes = shelving.home_of(session, wanted)
    people = role_grants.account_names(
        session, [row.PaperOriginal.custodian for row in originals.values()]
    )
    listed = loan_views.listed(context, session, viewer, found)
    for row, loan in zip(found, listed, strict=True):
        there = originals.get(row.original_id or "")
        if there is None or loan.state not in STATES:
            continue
        original, pages = there
        holder = original.custodian
        yield Line(
            loan=loan,
            section=_section(row, loan.state, now),
            document_id=original.document_id,
            pages=pages,
            sample=1 + row.number % max(pages, 1),
            home=homes.get(original.id),
            place=people.get(holder) or lending.load().place_name(holder, viewer.language),
        )


def _section(row: Loan, state: LoanState, now: datetime) -> str:
    if state in (S.OUT, S.RECALLED) and row.ends_at is not None:
        return "due" if local_date(row.ends_at) <= local_date(now) else "out"
    return str(state)


def _order(line: Line) -> tuple[int, str, str]:
    """By urgency; what is to be picked by the way through the room, the rest by day and number."""
    if line.section == S.TO_PICK:
        key = line.home.walk if line.home else shelving.NOWHERE
    else:
        key = line.loan.ends_at.isoformat() if line.loan.ends_at else ""
    return SECTIONS.index(line.section), key, line.loan.number


def _left(session: ScopedSession) -> Iterable[Left]:
    held = select(Loan.original_id).where(
        Loan.original_id == PaperOriginal.id, Loan.state.in_(HOLDS_ORIGINAL)
    )
    query = (
        select(PaperOriginal, Document.title, Document.customer_no)
        .join(Document, Document.id == PaperOriginal.document_id)
        .where(
            PaperOriginal.custodian.in_((lending.load().desk, lending.load().reading_room)),
            PaperOriginal.custodian_kind == custody.HolderKind.PLACE,
            PaperOriginal.state == OriginalState.WHOLE,
            ~held.exists(),
        )
        .order_by(PaperOriginal.since)
        .limit(MOST)
    )
    found = session.execute(query).all()
    homes = shelving.home_of(session, [row.PaperOriginal.id for row in found])
    for row in found:
        original = row.PaperOriginal
        yield Left(
            original.document_id, row.customer_no or "", homes.get(original.id), original.since
        )


def _codes(line: Line) -> tuple[str, ...]:
    loan = line.loan
    return (loan.number, loan.id, loan.borrower, line.document_id, *_places(line.home))


def _places(home: Home | None) -> tuple[str, ...]:
    if home is None:
        return ()
    return tuple(one for one in (home.box_bar_code, home.volume, home.reference_code) if one)


def of_document(context: Context, viewer: Viewer, document_id: str) -> str:
    """The customer whose paper it is, for who may ask for it; empty: none that can be asked for.

    Args:
        context: the wired product.
        viewer: who asks.
        document_id: the paper.
    """
    if not viewer.may(Permission.READ_CUSTOMER):
        return ""
    with context.reading(viewer.under(Permission.READ_CUSTOMER)) as session:
        original = custody.of_document(session, document_id)
        if original is None or original.state != OriginalState.WHOLE:
            return ""
        query = select(Document.customer_no).where(Document.id == document_id)
        return session.scalar(query) or ""
