"""Notices as rows: what is still true of one, and how one is made, once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, or_, select, update

from dossier.db.loan_tables import Loan
from dossier.db.notice_tables import Notice, NoticeAddress
from dossier.db.session import ScopedSession
from dossier.db.tables import new_id
from dossier.rules.loan_states import LoanKind, LoanState
from dossier.rules.notices import Channel, Holds, Told, load
from dossier.services.context import Context
from dossier.viewer import system_viewer
from dossier.work import queue
from dossier.work.kinds import WorkKind
from dossier.work.queue import Task

SYSTEM = system_viewer("notices")
LENT = (LoanState.RUNNING, LoanState.OUT, LoanState.RECALLED, LoanState.OVERDUE)
"""States in which something is to be given back, or ends."""
OPEN, SENDING, SENT, FAILED = "open", "sending", "sent", "failed"
UNSURE, DROPPED, REPLACED = "unsure", "dropped", "replaced"


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why somebody is told now."""

    told: Told
    key: str
    day: date


def still_lent(at: datetime) -> ColumnElement[bool]:
    """Whether a loan is still with its borrower."""
    running = or_(Loan.kind == LoanKind.PAPER, Loan.ends_at > at)
    return and_(Loan.state.in_(LENT), running)


def still_asked(at: datetime) -> ColumnElement[bool]:
    """Whether a loan still waits for an approval."""
    return and_(Loan.state == LoanState.REQUESTED, Loan.lapses_at > at)


def still_true(at: datetime) -> ColumnElement[bool]:
    """Whether what a notice says is still so: not given back, decided or extended meanwhile."""
    return or_(
        Notice.holds == Holds.ALWAYS,
        and_(Notice.holds == Holds.ASKED, still_asked(at)),
        and_(Notice.holds == Holds.LENT, still_lent(at), Loan.ends_at == Notice.due_at),
    )


def channels_of(context: Context) -> frozenset[Channel]:
    """The ways that are set up."""
    settings = context.settings
    ways = {
        Channel.PRODUCT: True,
        Channel.MAIL: bool(settings.smtp_host),
        Channel.WEBHOOK: bool(settings.webhook_url),
    }
    return frozenset(way for way, is_on in ways.items() if is_on)


def make(
    context: Context,
    session: ScopedSession,
    loan: Loan,
    occasion: Occasion,
    people: Iterable[str],
    *,
    at: datetime,
) -> int:
    """Tell people of a loan by the ways of the rule, in the caller's transaction; how many rows.

    What was made before is left as it is: the key is unique.
    """
    ways = channels_of(context).intersection(occasion.told.channels)
    wanted: list[tuple[Channel, str | None]] = []
    people = list(people)
    if Channel.PRODUCT in ways:
        wanted += [(Channel.PRODUCT, user) for user in people]
    if Channel.MAIL in ways:
        wanted += [(Channel.MAIL, user) for user in _with_address(session, people)]
    if Channel.WEBHOOK in ways:
        wanted.append((Channel.WEBHOOK, None))
    keys = {_key(occasion, way, user): (way, user) for way, user in wanted}
    there = set(session.scalars(select(Notice.key).where(Notice.key.in_(keys))))
    rows = [
        _row(loan, occasion, key, way, user, at)
        for key, (way, user) in keys.items()
        if key not in there
    ]
    if occasion.told.holds is Holds.LENT:
        _replace(session, loan, occasion, {row.to_user for row in rows if row.to_user})
    session.add_all(rows)
    session.flush()
    tasks = [task_of(row) for row in rows if row.channel != Channel.PRODUCT]
    queue.enqueue(session, tasks, now=at)
    return len(rows)


def task_of(row: Notice) -> Task:
    """The work of sending a notice; its key is the notice's, so that it is queued once."""
    return Task(
        kind=WorkKind.NOTICE,
        subject=row.id,
        dedupe_key=f"notice:{row.key}",
        max_attempts=len(load().retry_seconds) + 1,
    )


def _with_address(session: ScopedSession, people: list[str]) -> list[str]:
    query = select(NoticeAddress.user_id).where(NoticeAddress.user_id.in_(people))
    known = set(session.scalars(query))
    return [user for user in people if user in known]


def _key(occasion: Occasion, way: Channel, user: str | None) -> str:
    return f"{occasion.key}:{way}" + (f":{user}" if user else "")


def _row(
    loan: Loan, occasion: Occasion, key: str, way: Channel, user: str | None, at: datetime
) -> Notice:
    return Notice(
        id=new_id(),
        key=key,
        occasion=occasion.key,
        rule=occasion.told.code,
        loan_number=loan.number,
        channel=way,
        to_user=user,
        holds=occasion.told.holds,
        due_at=loan.ends_at,
        day=occasion.day,
        made_at=at,
        state=OPEN,
    )


def _replace(session: ScopedSession, loan: Loan, occasion: Occasion, people: set[str]) -> None:
    """A later reminder takes the place of those that nobody read and that did not leave yet."""
    session.execute(
        update(Notice)
        .where(
            Notice.loan_number == loan.number,
            Notice.to_user.in_(people),
            Notice.holds == Holds.LENT,
            Notice.state == OPEN,
            Notice.read_at.is_(None),
            Notice.occasion != occasion.key,
        )
        .values(state=REPLACED)
        .execution_options(synchronize_session=False)
    )
