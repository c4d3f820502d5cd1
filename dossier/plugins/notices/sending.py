"""Sending what leaves the house, by the queue of durable work: once, and only what is still true.

Claim | connect | still ours and still true? note that it leaves, hand it over | note what became
of it. Whoever is killed before the note is made up for by another; behind it an e-mail may have
arrived, so it is not sent again by itself: an administrator sees it, and decides.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy import select

from dossier.db.loan_tables import Loan
from dossier.db.notice_tables import Notice, NoticeAddress
from dossier.db.session import ScopedSession
from dossier.errors import LostLeaseError
from dossier.plugins.notices import carriers, letters
from dossier.plugins.notices import notice_rows as rows
from dossier.plugins.notices.carriers import NotSentError, UnsureError
from dossier.plugins.notices.notice_rows import SYSTEM
from dossier.rules.notices import Channel, load
from dossier.services.context import Context
from dossier.work import queue
from dossier.work.kinds import WorkKind
from dossier.work.queue import Lease

KINDS = (WorkKind.NOTICE,)
log = logging.getLogger(__name__)


class _NotTrueError(Exception):
    """Given back, decided, extended or replaced meanwhile: nobody is told."""


@dataclass(frozen=True, slots=True)
class _Sending:
    row: Notice
    loan: Loan
    address: str


def send_next(context: Context, owner: str) -> bool:
    """Send one notice that is due; False when there is none."""
    with context.reading(SYSTEM) as session:
        if not queue.has_due(session, now=context.clock.now(), kinds=KINDS):
            return False
    with context.writing(SYSTEM) as session:
        lease = queue.claim(
            session,
            owner=owner,
            now=context.clock.now(),
            lease_seconds=load().lease_seconds,
            kinds=KINDS,
        )
    if lease is None:
        return False
    try:
        _send(context, lease)
    except LostLeaseError:
        log.warning("a notice is with another sender", extra={"item": lease.item_id})
    return True


def _send(context: Context, lease: Lease) -> None:
    try:
        sending = _read(context, lease)
        _carry(context, lease, sending)
    except _NotTrueError:
        _over(context, lease, rows.DROPPED)
    except UnsureError:
        _over(context, lease, rows.UNSURE, "no_answer")
    except NotSentError as err:
        _failed(context, lease, err)
    else:
        _over(context, lease, rows.SENT)


def _carry(context: Context, lease: Lease, sending: _Sending) -> None:
    row, settings = sending.row, context.settings

    def ready() -> None:
        _leaves(context, lease)

    if row.channel == Channel.MAIL:
        message = letters.letter(settings, row, sending.loan, sending.address)
        carriers.mail(settings, message, ready)
    else:
        body = letters.event(settings, row, sending.loan)
        carriers.call(settings, body, row.key, int(context.clock.now().timestamp()), ready)


def _read(context: Context, lease: Lease) -> _Sending:
    with context.reading(SYSTEM) as session:
        row = session.get_one(Notice, lease.subject)
        if row.state == rows.SENDING and row.channel == Channel.MAIL:
            raise UnsureError  # whoever handed it over was killed then
        loan = _true(session, context, row)
        if row.channel not in rows.channels_of(context):
            raise NotSentError("off")
        address = session.get(NoticeAddress, row.to_user) if row.to_user else None
        if row.to_user and address is None:
            raise _NotTrueError  # the person wants no e-mail any more
        session.expunge_all()
        return _Sending(row, loan, address.email if address else "")


def _leaves(context: Context, lease: Lease) -> None:
    """The last look before the words leave: still ours, still true; noted for who comes after."""
    now = context.clock.now()
    with context.writing(SYSTEM) as session:
        queue.renew(session, lease, now=now, lease_seconds=load().lease_seconds)
        row = session.get_one(Notice, lease.subject)
        _true(session, context, row)
        row.state = rows.SENDING


def _true(session: ScopedSession, context: Context, row: Notice) -> Loan:
    still = rows.still_true(context.clock.now())
    query = select(Loan).join(Notice, Notice.loan_number == Loan.number)
    loan = session.scalar(query.where(Notice.id == row.id, still))
    if loan is None or row.state not in (rows.OPEN, rows.SENDING):
        raise _NotTrueError
    return loan


def _over(context: Context, lease: Lease, state: str, error: str = "") -> None:
    now = context.clock.now()
    with context.writing(SYSTEM) as session:
        queue.finish(session, lease, now=now)
        row = session.get_one(Notice, lease.subject)
        if row.state != rows.REPLACED:
            row.state, row.error = state, error
        if state == rows.SENT:
            row.sent_at = now


def _failed(context: Context, lease: Lease, err: NotSentError) -> None:
    now = context.clock.now()
    with context.writing(SYSTEM) as session:
        is_over = queue.fail(
            session,
            lease,
            error=err.code,
            now=now,
            final=err.is_final or lease.is_poison,
            pauses=load().retry_seconds,
        )
        row = session.get_one(Notice, lease.subject)
        if row.state != rows.REPLACED:  # a later reminder came while the server did not answer
            row.state, row.error = rows.FAILED if is_over else rows.OPEN, err.code
    log.warning("notice not sent", extra={"why": err.code, "final": is_over})
