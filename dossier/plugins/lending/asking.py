"""Asking for an electronic loan: open at once within one's rights, else a request (§6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from dossier import access
from dossier.db.loan_tables import Loan, LoanThing
from dossier.db.loans import number_of
from dossier.db.session import ScopedSession
from dossier.db.tables import User
from dossier.errors import ConflictError, InvalidInputError, NotFoundError
from dossier.plugins.lending import loan_rows as rows
from dossier.plugins.lending.loan_rows import Paper
from dossier.rules import lending
from dossier.rules.limits import LARGEST_INTEGER
from dossier.rules.loan_states import LoanKind, LoanState
from dossier.services.approval_rows import checked_text
from dossier.services.context import Context
from dossier.services.posts import lock
from dossier.viewer import Permission, Viewer

NUMBER, DOCUMENT_ID = re.compile(r"[0-9]{1,16}"), re.compile(r"[0-9a-f-]{36}")
ASKED, GRANTED = "ask", "grant"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to borrow.

    Attributes:
        customer_no: a whole dossier; else ``documents``.
        documents: papers, by their ids.
        pages: of the one paper that is named; empty: all of each.
        purpose: what for; empty: what the rules say one click is for.
        hours: the term, one that is offered; 0: the usual one, or ``until``.
        days: of a paper original, in place of hours.
        until: the end instead of a term.
        clear: with personal data unmasked.
        printed: may print.
        downloaded: may take the file.
    """

    customer_no: str = ""
    documents: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()
    purpose: str = ""
    hours: int = 0
    days: int = 0
    until: datetime | None = None
    clear: bool = False
    printed: bool = False
    downloaded: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """The loan or the request that was made."""

    id: str
    number: str
    state: LoanState
    kind: LoanKind = LoanKind.ELECTRONIC
    due_at: datetime | None = None
    queue_position: int = 0


def ask(context: Context, viewer: Viewer, wish: Wish) -> Made:
    """Borrow: open at once within one's rights, else a request that waits for an approval.

    Whether something exists outside one's own area is not told: it becomes a request.

    Raises:
        ForbiddenError: the role may not borrow, or by a limited token.
        InvalidInputError: nothing that can be lent, or a term that is not offered.
        NotFoundError: no such thing, for who would know of it.
        ConflictError: it is asked for or lent already, or too much is open.
    """
    access.demand_unlimited(viewer)
    access.demand(viewer, Permission.BORROW)
    things, now = _things(wish), context.clock.now()
    row = _row(viewer, wish, now)
    with context.reading(rows.SYSTEM) as session:
        papers = rows.papers_of(session, things)
        _check_known(viewer, things, papers)
    with context.writing(viewer) as session:
        lock(session, session.get_one(User, viewer.id))  # else two at once would both be the first
        _check_new(session, row, things, now)
        if rows.needs_approval(viewer, row, papers):
            row.state = LoanState.REQUESTED
        else:
            row.state, row.begins_at, row.ends_at = LoanState.RUNNING, now, end_of(row, now)
        session.add(row)
        session.flush()
        for at, thing in enumerate(things):
            thing.loan_number = row.number
            if row.state == LoanState.RUNNING:
                thing.customer_no = papers[at][0].lent.place.customer_no
            session.add(thing)
        rows.note(session, viewer, row, GRANTED if row.begins_at else ASKED, now)
        return Made(row.id, number_of(row.number), LoanState(row.state), due_at=row.ends_at)


def end_of(row: Loan, begins: datetime) -> datetime:
    """When a loan that begins now is over."""
    return row.until or begins + timedelta(minutes=row.minutes)


# -- parts --------------------------------------------------------------------------------------


def _things(wish: Wish) -> list[LoanThing]:
    if bool(wish.customer_no) == bool(wish.documents):
        raise InvalidInputError(
            "Name a customer, or papers of one", detail_zh="请填写户号，或选择要借阅的文件"
        )
    if wish.customer_no:
        _check_shape(NUMBER, [wish.customer_no])
        found = [LoanThing(customer_no=wish.customer_no)]
    elif wish.pages:
        found = _pages(wish)
    else:
        _check_shape(DOCUMENT_ID, wish.documents)
        found = [LoanThing(document_id=one) for one in dict.fromkeys(wish.documents)]
    most = lending.load().most_things
    if len(found) > most:
        raise InvalidInputError(
            f"At most {most} at a time; borrow the dossier",
            detail_zh=f"一次最多 {most} 项，可借阅整户",
        )
    return found


def _pages(wish: Wish) -> list[LoanThing]:
    if len(wish.documents) != 1 or not all(1 <= page <= LARGEST_INTEGER for page in wish.pages):
        raise InvalidInputError(
            "Pages are of one paper, and count from 1",
            detail_zh="按页借阅须选择一份文件，页码从 1 起",
        )
    if wish.downloaded:
        raise InvalidInputError(
            "A file is taken whole; borrow the whole paper to take it",
            detail_zh="下载的是整份文件；如需下载，请借阅整份文件",
        )
    _check_shape(DOCUMENT_ID, wish.documents)
    document = wish.documents[0]
    return [LoanThing(document_id=document, page=page) for page in sorted(set(wish.pages))]


def _check_shape(shape: re.Pattern[str], given: Iterable[str]) -> None:
    if not all(shape.fullmatch(one) for one in given):
        raise InvalidInputError(
            "Give a customer number or a document's id", detail_zh="请填写正确的户号或文件编号"
        )


def _row(viewer: Viewer, wish: Wish, now: datetime) -> Loan:
    rules = lending.load()
    if wish.downloaded and not wish.clear:
        raise InvalidInputError(
            "The file holds what is masked; ask for it unmasked to take it",
            detail_zh="原始文件含有被遮蔽的内容；如需下载，请同时申请不遮蔽",
        )
    purpose = wish.purpose.strip() or rules.purpose_zh
    lapses = now + timedelta(days=rules.lapses_after_days)
    return Loan(
        kind=LoanKind.ELECTRONIC,
        borrower_id=viewer.id,
        purpose=checked_text(purpose, missing_en="Say what for", missing_zh="请填写用途"),
        minutes=_minutes(wish, now),
        until=wish.until,
        clear=wish.clear,
        may_print=wish.printed,
        may_download=wish.downloaded,
        asked_at=now,
        lapses_at=min(lapses, wish.until) if wish.until else lapses,
    )


def _minutes(wish: Wish, now: datetime) -> int:
    terms = lending.load().terms_hours
    if wish.until is None:
        if wish.hours and wish.hours not in terms:
            offered = ", ".join(map(str, sorted(terms)))
            raise InvalidInputError(
                f"Choose a term of {offered} hours", detail_zh=f"请选择期限（小时）：{offered}"
            )
        return (wish.hours or terms[0]) * 60
    minutes, longest = int((wish.until - now).total_seconds() // 60), max(terms)
    if minutes < 1:
        raise InvalidInputError(
            "The end lies in the past; give a later one", detail_zh="到期时间已过，请填写以后的时间"
        )
    if minutes > longest * 60:
        raise InvalidInputError(
            f"At most {longest} hours from now", detail_zh=f"期限最长 {longest} 小时"
        )
    return minutes


def _check_known(viewer: Viewer, things: list[LoanThing], papers: dict[int, list[Paper]]) -> None:
    """Say what is wrong of what the viewer knows of; of anything else nothing is told."""
    knows_all = viewer.extent(Permission.READ_CUSTOMER).everything
    for at, thing in enumerate(things):
        if not papers[at] and knows_all:
            raise NotFoundError(
                "No such paper or dossier, or nothing is in it",
                detail_zh="没有此文件，或该户没有文件",
            )
        known = [
            one for one in papers[at] if viewer.at(one.lent.place).may(Permission.READ_CUSTOMER)
        ]
        rows.check_lendable(thing, known)


def _check_new(session: ScopedSession, row: Loan, things: list[LoanThing], now: datetime) -> None:
    mine = (Loan.borrower_id == row.borrower_id, rows.open_now(now))
    if (session.scalar(select(func.count()).where(*mine)) or 0) >= lending.load().most_open:
        raise ConflictError(
            "Too many loans are open; give some back", detail_zh="在借与待审批的借阅过多，请先归还"
        )
    numbers = session.scalars(select(Loan.number).where(*mine, *_same(row))).all()
    wanted = {_key(thing) for thing in things}
    for there in rows.things_of(session, numbers).values():
        if wanted <= {_key(thing) for thing in there}:
            raise ConflictError(
                "It is lent to you or asked for already; see your loans",
                detail_zh="已借阅或已提出申请，请查看我的借阅",
            )


def _same(row: Loan) -> tuple[object, ...]:
    return (
        Loan.clear == row.clear,
        Loan.may_print == row.may_print,
        Loan.may_download == row.may_download,
    )


def _key(thing: LoanThing) -> tuple[str | None, int | None]:
    return thing.document_id or thing.customer_no, thing.page
