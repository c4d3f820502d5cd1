"""Notices as they are shown: one's own, and for the administrator what left the house."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, update

from dossier import access
from dossier.db.loan_tables import Loan
from dossier.db.loans import number_of
from dossier.db.notice_tables import Notice, NoticeAddress
from dossier.db.session import ScopedSession
from dossier.db.tables import WorkItem
from dossier.errors import ConflictError, InvalidInputError, NotFoundError
from dossier.plugins.notices import letters
from dossier.plugins.notices import notice_rows as rows
from dossier.rules.notices import Channel, load
from dossier.services import audit, role_grants
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer
from dossier.work import queue

MOST_LISTED = 200
"""Notices on a page."""
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}")
"""What browsers take for an e-mail address (HTML, "valid e-mail address"), and nothing wider."""


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice of one's own.

    Attributes:
        is_settled: it is not true any more, so nobody need do anything.
        borrower: whose loan it is, where it is somebody else's.
        text: in the reader's language.
        zh: the same in Chinese.
    """

    id: str
    rule: str
    loan: str
    text: str
    zh: str
    href: str
    borrower: str
    due_at: datetime | None
    made_at: datetime
    is_read: bool
    is_settled: bool


@dataclass(frozen=True, slots=True)
class SentView:
    """A notice that leaves the house, as the administrator sees it."""

    id: str
    rule: str
    loan: str
    channel: str
    to: str
    state: str
    error: str
    made_at: datetime
    sent_at: datetime | None
    tries: int
    next_at: datetime | None

    @property
    def can_retry(self) -> bool:
        """Whether somebody may have it sent again."""
        return self.state in (rows.FAILED, rows.UNSURE)


def unread(context: Context, viewer: Viewer) -> int:
    """How many of one's own are unread and still true. On every page: one look by an index."""
    query = (
        select(func.count())
        .select_from(Notice)
        .join(Loan, Loan.number == Notice.loan_number)
        .where(*_own(viewer), Notice.read_at.is_(None), rows.still_true(context.clock.now()))
    )
    with context.reading(viewer) as session:
        return session.scalar(query) or 0


def mine(context: Context, viewer: Viewer) -> tuple[NoticeView, ...]:
    """One's own, the newest first; each is asked anew whether it is still true."""
    now = context.clock.now()
    query = (
        select(Notice, Loan, rows.still_true(now).label("is_true"))
        .join(Loan, Loan.number == Notice.loan_number)
        .where(*_own(viewer))
        .order_by(Notice.made_at.desc(), Notice.id.desc())
        .limit(MOST_LISTED)
    )
    with context.reading(viewer) as session:
        found = session.execute(query).all()
        others = {loan.borrower_id for _, loan, _ in found} - {viewer.id}
        people = role_grants.account_names(session, others)
        return tuple(
            _view(row, loan, viewer, people.get(loan.borrower_id, ""), is_true=is_true)
            for row, loan, is_true in found
        )


def read(context: Context, viewer: Viewer, notice_id: str = "") -> int:
    """Note that one's own were read, all or one; how many were new.

    Raises:
        NotFoundError: none of this id of one's own.
    """
    access.demand_unlimited(viewer)
    with context.writing(viewer) as session:
        if notice_id and not session.scalar(
            select(Notice.id).where(Notice.id == notice_id, *_own(viewer))
        ):
            raise _unknown()
        one = (Notice.id == notice_id,) if notice_id else ()
        result = session.execute(
            update(Notice)
            .where(*_own(viewer), *one, Notice.read_at.is_(None))
            .values(read_at=context.clock.now())
            .execution_options(synchronize_session=False)
        )
        return int(result.rowcount)  # type: ignore[attr-defined]


def address_of(context: Context, viewer: Viewer) -> str:
    """Where one gets notices by e-mail; empty: nowhere."""
    with context.reading(viewer) as session:
        found = session.get(NoticeAddress, viewer.id)
        return found.email if found else ""


def set_address(context: Context, viewer: Viewer, email: str) -> None:
    """Get notices by e-mail, or none any more with an empty address.

    Raises:
        ForbiddenError: by a limited token.
        InvalidInputError: no e-mail address.
    """
    access.demand_unlimited(viewer)
    email = email.strip()
    if email and not ADDRESS.fullmatch(email):
        raise InvalidInputError(
            "Write one e-mail address, such as name@company.example",
            detail_zh="请填写一个邮箱地址，例如 name@company.example",
        )
    now = context.clock.now()
    with context.writing(viewer) as session:
        found = session.get(NoticeAddress, viewer.id)
        if found is not None and not email:
            session.delete(found)
        elif found is not None:
            found.email, found.set_at = email, now
        elif email:
            session.add(NoticeAddress(user_id=viewer.id, email=email, set_at=now))
        facts = {"by_mail": bool(email)}
        audit.note(session, viewer, "notice.address", at=now, facts=facts)


def leaving(context: Context, viewer: Viewer) -> tuple[SentView, ...]:
    """What waits to leave or failed, and what left last; trouble first.

    Raises:
        ForbiddenError: the role does not run the house.
    """
    access.demand(viewer, Permission.OPERATE)
    with context.reading(rows.SYSTEM) as session:
        trouble = _listed(session, (rows.FAILED, rows.UNSURE))
        waiting = _listed(session, (rows.OPEN, rows.SENDING))
        over = _listed(session, (rows.SENT, rows.DROPPED, rows.REPLACED))
        found = (trouble + waiting + over)[:MOST_LISTED]
        work = _work(session, [row.id for row in found])
        people = role_grants.account_names(session, {row.to_user for row in found if row.to_user})
        loans = _loans(session, found)
    return tuple(_sent(row, work.get(row.id), loans, people) for row in found)


def retry(context: Context, viewer: Viewer, notice_id: str) -> None:
    """Have one sent again that failed, or of which nobody knows.

    Raises:
        ForbiddenError: the role does not run the house.
        NotFoundError: none of this id leaves the house.
        ConflictError: it is sent, or waits already.
    """
    access.demand(viewer, Permission.OPERATE)
    now = context.clock.now()
    with context.writing(rows.SYSTEM) as session:
        query = select(Notice).where(Notice.id == notice_id, Notice.channel != Channel.PRODUCT)
        row = session.scalar(query.with_for_update())
        if row is None:
            raise _unknown()
        if row.state not in (rows.FAILED, rows.UNSURE):
            raise ConflictError(
                "It waits to be sent, or was sent already; load the page again",
                detail_zh="该通知正在等待发送或已发送，请刷新页面",
            )
        row.state, row.error = rows.OPEN, ""
        queue.requeue(session, [rows.task_of(row)], now=now)
        audit.note(
            session, viewer, "notice.retry", at=now, object_kind="notice", object_id=notice_id
        )


# -- parts --------------------------------------------------------------------------------------


def _own(viewer: Viewer) -> tuple[object, ...]:
    return (
        Notice.to_user == viewer.id,
        Notice.channel == Channel.PRODUCT,
        Notice.state == rows.OPEN,
    )


def _view(row: Notice, loan: Loan, viewer: Viewer, borrower: str, *, is_true: bool) -> NoticeView:
    told = load().all_told.get(row.rule)
    return NoticeView(
        id=row.id,
        rule=row.rule,
        loan=number_of(loan.number),
        text=letters.text_of(row, loan, viewer.language),
        zh=letters.text_of(row, loan, "zh_CN"),
        href=letters.href_of(told, loan) if told and told.to != "leaders" else "",
        borrower=borrower,
        due_at=row.due_at,
        made_at=row.made_at,
        is_read=row.read_at is not None,
        is_settled=not is_true,
    )


def _listed(session: ScopedSession, states: tuple[str, ...]) -> list[Notice]:
    query: Select[tuple[Notice]] = (
        select(Notice)
        .where(Notice.state.in_(states), Notice.channel != Channel.PRODUCT)
        .order_by(Notice.made_at.desc(), Notice.id.desc())
        .limit(MOST_LISTED)
    )
    return list(session.scalars(query))


def _work(session: ScopedSession, ids: list[str]) -> dict[str, WorkItem]:
    query = select(WorkItem).where(WorkItem.subject.in_(ids))
    return {item.subject: item for item in session.scalars(query)}


def _loans(session: ScopedSession, found: list[Notice]) -> dict[int, str]:
    numbers = {row.loan_number for row in found}
    query = select(Loan).where(Loan.number.in_(numbers))
    return {loan.number: number_of(loan.number) for loan in session.scalars(query)}


def _sent(
    row: Notice, item: WorkItem | None, loans: dict[int, str], people: dict[str, str]
) -> SentView:
    waits = item is not None and item.state == "ready"
    return SentView(
        id=row.id,
        rule=row.rule,
        loan=loans.get(row.loan_number, ""),
        channel=row.channel,
        to=people.get(row.to_user or "", ""),
        state=row.state,
        error=row.error,
        made_at=row.made_at,
        sent_at=row.sent_at,
        tries=item.attempt if item else 0,
        next_at=item.run_at if item is not None and waits else None,
    )


def _unknown() -> NotFoundError:
    return NotFoundError("No such notice", detail_zh="没有此通知")
