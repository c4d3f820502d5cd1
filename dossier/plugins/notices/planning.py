"""Who is to be told now: reminders by the due day, and steps that loans took (domain.md §6.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from dossier.clock import local_date
from dossier.db.loan_tables import Loan, LoanStep
from dossier.db.loans import number_of
from dossier.db.notice_tables import Notice, NoticedStep
from dossier.db.session import ScopedSession
from dossier.plugins.notices import notice_rows as rows
from dossier.plugins.notices import recipients
from dossier.plugins.notices.notice_rows import SYSTEM, Occasion
from dossier.rules import notices
from dossier.rules.loan_states import LoanKind
from dossier.rules.notices import Holds, Told
from dossier.rules.working_days import WorkingDays
from dossier.services.context import Context
from dossier.services.working_calendar import calendar_of

TOGETHER = 100
"""Loans or steps in one transaction."""
REACH_BACK = 1000
"""Numbers of steps before the last one that are looked at again: PostgreSQL gives numbers in
another order than it commits."""


def plan(context: Context) -> int:
    """Make the notices that are due now; returns how many rows. May be called at any time."""
    return plan_steps(context) + plan_reminders(context)


# -- reminders ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Due:
    number: int
    ends_at: datetime
    occasion: Occasion


def plan_reminders(context: Context) -> int:
    """Tell of loans whose day nears or is over."""
    now, rules = context.clock.now(), notices.load()
    calendar = calendar_of(context)
    lent = select(Loan).where(rows.still_lent(now), Loan.ends_at <= now + rules.ahead)
    with context.reading(SYSTEM) as session:
        due = [one for row in session.scalars(lent) for one in _due(row, now, calendar)]
        new = _unknown(session, due)
    made = 0
    for at in range(0, len(new), TOGETHER):
        made += _remind(context, new[at : at + TOGETHER], now)
    return made


def _due(row: Loan, now: datetime, calendar: WorkingDays) -> Iterable[_Due]:
    rules = notices.load()
    if row.ends_at is None or row.begins_at is None:
        return
    for rule in rules.clocks:
        if row.kind not in rule.told.kinds:
            continue
        if row.begins_at >= rule.begins(row.ends_at, rules.send_at, calendar):
            continue  # whoever borrowed it since then was told the day
        day = rule.day_of(row.ends_at, now, rules.send_at, calendar)
        if day is not None:
            until = f"{row.ends_at:%Y%m%dT%H%M%S}"
            key = f"{rule.told.code}:{number_of(row.number)}:{until}:{day:%Y%m%d}"
            yield _Due(row.number, row.ends_at, Occasion(rule.told, key, day))


def _unknown(session: ScopedSession, due: Sequence[_Due]) -> list[_Due]:
    found: list[_Due] = []
    for at in range(0, len(due), TOGETHER):
        part = due[at : at + TOGETHER]
        keys = [one.occasion.key for one in part]
        known = set(session.scalars(select(Notice.occasion).where(Notice.occasion.in_(keys))))
        found += [one for one in part if one.occasion.key not in known]
    return found


def _remind(context: Context, due: Sequence[_Due], now: datetime) -> int:
    made = 0
    with context.writing(SYSTEM) as session:
        for one in due:
            lent = (Loan.number == one.number, Loan.ends_at == one.ends_at, rows.still_lent(now))
            row = session.scalar(select(Loan).where(*lent).with_for_update())
            if row is not None:
                people = recipients.of(context, session, one.occasion.told, row, at=now)
                made += rows.make(context, session, row, one.occasion, people, at=now)
    return made


# -- steps --------------------------------------------------------------------------------------


def plan_steps(context: Context) -> int:
    """Tell of what happened to loans since the last look; each step is worked out once."""
    now = context.clock.now()
    with context.reading(SYSTEM) as session:
        if not _new_steps(session):
            return 0
    made = 0
    with context.writing(SYSTEM) as session:
        for step in _new_steps(session):
            session.add(NoticedStep(step_id=step.id))
            if step.at >= now - notices.load().late:
                made += _tell(context, session, step, now)
    return made


def _new_steps(session: ScopedSession) -> Sequence[LoanStep]:
    last = session.scalar(select(func.max(NoticedStep.step_id))) or 0
    noticed = select(NoticedStep.step_id).where(NoticedStep.step_id == LoanStep.id).exists()
    query = (
        select(LoanStep)
        .where(LoanStep.id > last - REACH_BACK, ~noticed)
        .order_by(LoanStep.id)
        .limit(TOGETHER)
    )
    return session.scalars(query).all()


def _tell(context: Context, session: ScopedSession, step: LoanStep, now: datetime) -> int:
    loan = session.scalars(select(Loan).where(Loan.number == step.loan_number)).one()
    made = 0
    for told in notices.told_at(notices.load().steps, step.event):
        if LoanKind(loan.kind) not in told.kinds or not _holds(session, told, loan, now):
            continue
        people = recipients.of(context, session, told, loan, at=now)
        others = [user for user in people if user != step.by]  # nobody is told of the own doing
        key = f"{told.code}:{number_of(loan.number)}:{step.id}"
        occasion = Occasion(told, key, local_date(step.at))
        made += rows.make(context, session, loan, occasion, others, at=now)
    return made


def _holds(session: ScopedSession, told: Told, loan: Loan, now: datetime) -> bool:
    if told.holds is Holds.ALWAYS:
        return True
    condition = rows.still_asked(now) if told.holds is Holds.ASKED else rows.still_lent(now)
    query = select(Loan.number).where(Loan.number == loan.number, condition)
    return session.scalar(query) is not None
