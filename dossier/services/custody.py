"""Who has each paper original: one custodian from its first minute, and a trail of all (S2-14).

A paper comes with its scan: whoever brought it in has it, or the receiving desk where nobody did.
Files in files and what turns out to be born digital have no paper. The database writes the trail.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, select

from dossier import access
from dossier.db.custody_tables import CustodyEvent
from dossier.db.loan_tables import Loan, PaperOriginal
from dossier.db.session import ScopedSession
from dossier.db.tables import Document, Page, User
from dossier.errors import ConflictError, NotFoundError
from dossier.rules import lending
from dossier.rules.loan_states import HOLDS_ORIGINAL, LoanState
from dossier.services import role_grants
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer


class HolderKind(StrEnum):
    """What a custodian is."""

    PLACE = "place"
    PERSON = "person"


class OriginalState(StrEnum):
    """What became of a paper."""

    WHOLE = "whole"
    LOST = "lost"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class Holder:
    """A place of the archive by its code, or a person by the account's id."""

    kind: HolderKind
    key: str

    @classmethod
    def place(cls, code: str) -> Holder:
        """A place."""
        return cls(HolderKind.PLACE, code)

    @classmethod
    def person(cls, user_id: str) -> Holder:
        """A person."""
        return cls(HolderKind.PERSON, user_id)


def begin(session: ScopedSession, viewer: Viewer, document: Document, *, at: datetime) -> None:
    """A paper's first minute: it is with who brought it in, or at the receiving desk.

    Of what came in another file nobody has a paper.
    """
    if document.parent_id is not None:
        return
    brought = session.scalar(select(User.id).where(User.id == viewer.id))
    holder = Holder.person(brought) if brought else Holder.place(lending.load().receiving)
    _made(session, document.id, holder, by=viewer.id, at=at)


def begin_part(session: ScopedSession, stack_id: str, part_id: str) -> None:
    """A paper of a stack lies where the stack does, since then."""
    stack = of_document(session, stack_id)
    if stack is not None:
        holder = Holder(HolderKind(stack.custodian_kind), stack.custodian)
        _made(session, part_id, holder, by=stack.moved_by, at=stack.since)


def hand(
    session: ScopedSession, original: PaperOriginal, to: Holder, *, by: str, why: str, at: datetime
) -> None:
    """Give an original to another custodian; the one way it changes hands.

    The caller holds the row's lock (:func:`locked`).

    Raises:
        ConflictError: the paper was destroyed.
    """
    if original.state == OriginalState.DESTROYED:
        raise ConflictError("The paper was destroyed", detail_zh="该原件已销毁")
    if (original.custodian_kind, original.custodian) == (to.kind, to.key):
        return
    original.custodian_kind, original.custodian = to.kind, to.key
    original.since, original.moved_by, original.why = max(at, original.since), by, why[:200]
    session.flush()


def lose(session: ScopedSession, original: PaperOriginal) -> None:
    """A paper that the archive itself cannot find; its row stays for good, where it lay last.

    The caller holds the row's lock.

    Raises:
        ConflictError: a loan has it, or it is lost or destroyed already.
    """
    if is_held(session, original):
        raise ConflictError(
            "A loan has the paper; report it at the lending desk",
            detail_zh="该原件有未结的借阅单，请在借阅台办理遗失",
        )
    if original.state != OriginalState.WHOLE:
        raise ConflictError("The paper is lost already", detail_zh="该原件已登记遗失")
    original.state = OriginalState.LOST
    session.flush()


def is_held(session: ScopedSession, original: PaperOriginal) -> bool:
    """Whether a loan keeps an original from everybody else: it is picked, out, or to be picked."""
    held = select(Loan.number).where(
        Loan.original_id == original.id, Loan.state.in_(sorted(HOLDS_ORIGINAL))
    )
    return session.scalar(held.limit(1)) is not None


def find_again(
    session: ScopedSession, original: PaperOriginal, to: Holder, *, by: str, why: str, at: datetime
) -> None:
    """A lost paper that no loan has came to light before a copy took its place.

    The caller holds the row's lock.

    Raises:
        ConflictError: it is not lost, a loan answers for it, or a copy lies in its place.
    """
    _check_lost(session, original)
    original.state = OriginalState.WHOLE
    session.flush()
    hand(session, original, to, by=by, why=why, at=at)


def replace_lost(
    session: ScopedSession, lost: PaperOriginal, to: Holder, *, by: str, why: str, at: datetime
) -> PaperOriginal:
    """Put a certified copy (替代件) in a lost paper's place; who asked for it waits for the copy.

    The caller holds the row's lock.
    """
    copy = PaperOriginal(
        document_id=lost.document_id,
        substitute_for=lost.id,
        custodian_kind=to.kind,
        custodian=to.key,
        since=at,
        moved_by=by,
        why=why[:200],
    )
    session.add(copy)
    session.flush()
    waiting = select(Loan).where(
        Loan.original_id == lost.id, Loan.state.in_((LoanState.WAITING, LoanState.REQUESTED))
    )
    for one in session.scalars(waiting.order_by(Loan.number).with_for_update()):
        one.original_id = copy.id
    session.flush()
    return copy


def replace_unlent(
    session: ScopedSession, lost: PaperOriginal, to: Holder, *, by: str, why: str, at: datetime
) -> PaperOriginal:
    """The same for a paper that was lost while no loan had it.

    Raises:
        ConflictError: it is not lost, a loan answers for it, or a copy lies in its place.
    """
    _check_lost(session, lost)
    return replace_lost(session, lost, to, by=by, why=why, at=at)


def settle(session: ScopedSession, document_id: str) -> None:
    """After the reading: what is born digital has no paper behind it, unless one was lent."""
    pages = select(Page.number).where(Page.document_id == document_id)
    drawn = session.scalar(select(exists(pages.where(Page.digital.is_(False)))))
    if drawn or not session.scalar(select(exists(pages))):
        return
    lent = select(Loan.number).join(PaperOriginal, PaperOriginal.id == Loan.original_id)
    if not session.scalar(select(exists(lent.where(_of(document_id))))):
        withdraw(session, document_id)


def withdraw(session: ScopedSession, document_id: str) -> None:
    """There is no such paper; the database refuses it for one that is lent or lost."""
    for row in session.scalars(select(PaperOriginal).where(_of(document_id))):
        session.delete(row)
    session.flush()


def of_document(session: ScopedSession, document_id: str) -> PaperOriginal | None:
    """The paper behind a document: the one that is there, else the tombstone of the last."""
    query = select(PaperOriginal).where(_of(document_id)).order_by(PaperOriginal.since.desc())
    found = session.scalars(query).all()
    return next((one for one in found if one.state == OriginalState.WHOLE), next(iter(found), None))


def locked(session: ScopedSession, original_id: str) -> PaperOriginal:
    """An original for a change: who changes anything of a paper or its loans holds this first."""
    query = select(PaperOriginal).where(PaperOriginal.id == original_id)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).one()


# -- where it was ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stay:
    """One stretch of time that a paper was with somebody.

    Attributes:
        holder: who.
        name: what it is called: the account, the desk, or the place's code.
        since: from when.
        by: whose doing it was: account name, or the job.
        why: as it was written down.
        in_room: whether that is in the archive room.
    """

    holder: Holder
    name: str
    since: datetime
    by: str
    why: str
    in_room: bool


@dataclass(frozen=True, slots=True)
class Custody:
    """A paper with its whole way, the last stay at the end.

    Attributes:
        outside: how long it was outside the archive room in all (S1-06).
    """

    original_id: str
    document_id: str
    state: OriginalState
    is_substitute: bool
    stays: tuple[Stay, ...]
    outside: timedelta


def custody_of(context: Context, viewer: Viewer, document_id: str) -> Custody | None:
    """Where the paper behind a document was, for who may know of the document; None: no paper.

    Raises:
        NotFoundError: no such document in the viewer's area.
    """
    viewer, now = access.demand(viewer, Permission.READ_CUSTOMER), context.clock.now()
    with context.reading(viewer) as session:
        if session.scalar(select(Document.id).where(Document.id == document_id)) is None:
            raise NotFoundError("No such document", detail_zh="没有此文件")
        return way_of(session, document_id, at=now, language=viewer.language)


def way_of(
    session: ScopedSession, document_id: str, *, at: datetime, language: str
) -> Custody | None:
    """Where the paper behind a document was, as far as the session sees it; None: no paper."""
    original = of_document(session, document_id)
    if original is None:
        return None
    query = select(CustodyEvent).where(CustodyEvent.original_id == original.id)
    events = session.scalars(query.order_by(CustodyEvent.id)).all()
    ids = {one.to_holder for one in events} | {one.moved_by for one in events}
    people = role_grants.account_names(session, ids)
    stays = tuple(
        Stay(
            Holder(HolderKind(one.to_kind), one.to_holder),
            people.get(one.to_holder) or lending.load().place_name(one.to_holder, language),
            one.at,
            people.get(one.moved_by, one.moved_by),
            one.why,
            _in_room(one.to_kind, one.to_holder),
        )
        for one in events
    )
    return Custody(
        original.id,
        document_id,
        OriginalState(original.state),
        original.substitute_for is not None,
        stays,
        outside(stays, at=at),
    )


def outside(stays: Iterable[Stay], *, at: datetime) -> timedelta:
    """How long a paper was outside the archive room: with a person, or at a desk before it."""
    listed = list(stays)
    ends = [one.since for one in listed[1:]] + [at]
    lengths = (
        max(end - one.since, timedelta(0))
        for one, end in zip(listed, ends, strict=True)
        if not one.in_room
    )
    return sum(lengths, timedelta(0))


def holding(session: ScopedSession, holders: Collection[str]) -> list[PaperOriginal]:
    """The papers that these places or persons have, the longest first."""
    query = select(PaperOriginal).where(
        PaperOriginal.custodian.in_(holders), PaperOriginal.state == OriginalState.WHOLE
    )
    return list(session.scalars(query.order_by(PaperOriginal.since, PaperOriginal.id)))


# -- parts ----------------------------------------------------------------------------------------


def _of(document_id: str) -> ColumnElement[bool]:
    return PaperOriginal.document_id == document_id


def _made(
    session: ScopedSession, document_id: str, holder: Holder, *, by: str, at: datetime
) -> None:
    row = PaperOriginal(
        document_id=document_id,
        custodian_kind=holder.kind,
        custodian=holder.key,
        since=at,
        moved_by=by,
    )
    session.add(row)
    session.flush()


def _check_lost(session: ScopedSession, original: PaperOriginal) -> None:
    later = select(PaperOriginal.id).where(PaperOriginal.substitute_for == original.id)
    open_loan = select(Loan.number).where(
        Loan.original_id == original.id, Loan.state == LoanState.LOST
    )
    if (
        original.state != OriginalState.LOST
        or session.scalar(later.limit(1)) is not None
        or session.scalar(open_loan.limit(1)) is not None
    ):
        raise ConflictError(
            "The paper is not lost, a copy lies in its place, or its loan is worked off at the"
            " lending desk",
            detail_zh="该原件并非遗失待处理：未登记遗失、已有替代件，或应在借阅台办理",
        )


def _in_room(kind: str, holder: str) -> bool:
    return kind == HolderKind.PLACE and holder not in lending.load().outside_places
