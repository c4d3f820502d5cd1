"""The duty: looks through what was sealed since, and keeps what the rules find unusual.

Only sealed rows are looked at: up to a seal no row can appear any more, so that none is missed, and
what a finding rests on cannot be changed unseen.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError

from dossier.clock import local_date
from dossier.db.anomaly_tables import Anomaly, AnomalyMark
from dossier.db.changes import CommitWatch
from dossier.db.session import ScopedSession
from dossier.db.tables import AuditEvent
from dossier.plugins.anomalies import looks, rules
from dossier.plugins.anomalies.looks import PersonDay
from dossier.plugins.anomalies.rules import RuleFile, Unusual
from dossier.services import audit, audit_chain
from dossier.services.context import Context
from dossier.viewer import system_viewer

SYSTEM = system_viewer("anomalies")
FOUND = "anomaly.found"
OPEN, ACKNOWLEDGED = "open", "acknowledged"
JOBS = "system:"
"""How the ids of jobs begin; they are no people."""
MARK = 1
"""Id of the one row that says how far the record was looked through."""
log = logging.getLogger(__name__)


def run(context: Context, stop: threading.Event) -> None:
    """Look through the record now and then, until ``stop``."""
    commits = CommitWatch(context.database)
    while not stop.wait(rules.of(context).every_seconds):
        if not commits.may_have_changed():
            continue
        try:
            while not stop.is_set() and look_through(context):
                commits.forget()
        except (OperationalError, IntegrityError):
            log.warning("database busy, or another worker looks; anomalies wait")


def look_through(context: Context) -> bool:
    """Evaluate the next part of the sealed record; False when all of it was looked through."""
    file = rules.of(context)
    last = audit_chain.newest(context, SYSTEM)
    with context.reading(SYSTEM) as session:
        mark = session.get(AnomalyMark, MARK)
        begin = mark.last_event if mark else 0
        if last is None or last.last_event <= begin:
            return False
        until, touched = _touched(session, file, begin, last.last_event)
        found = {
            who: rules.unusual(file.on(who.day), looks.of(context, session, file, who, until=until))
            for who in touched
        }
    with context.writing(SYSTEM) as session:
        for who, each in found.items():
            for one in each:
                _keep(context, session, file, who, one)
        now = context.clock.now()
        session.merge(AnomalyMark(id=MARK, last_event=until, at=now))
    return True


def _touched(
    session: ScopedSession, file: RuleFile, begin: int, end: int
) -> tuple[int, list[PersonDay]]:
    """How far this part goes, and whose days it touches."""
    query = (
        select(AuditEvent.id, AuditEvent.actor, AuditEvent.at, AuditEvent.action)
        .where(AuditEvent.id > begin, AuditEvent.id <= end)
        .order_by(AuditEvent.id)
        .limit(file.rows_at_once)
    )
    rows = session.execute(query).all()
    counted = file.looks | file.glimpses | file.exports | {looks.SEARCH}
    days = {
        PersonDay(row.actor, local_date(row.at))
        for row in rows
        if row.action in counted and not row.actor.startswith(JOBS)
    }
    reached = rows[-1].id if len(rows) == file.rows_at_once else end
    return reached, sorted(days, key=lambda one: (one.day, one.actor))


def _keep(
    context: Context, session: ScopedSession, file: RuleFile, who: PersonDay, found: Unusual
) -> None:
    same = select(Anomaly).where(
        Anomaly.rule == found.rule.code, Anomaly.actor == who.actor, Anomaly.day == who.day
    )
    row, is_new = session.scalar(same), False
    if row is None:
        is_new = True
        row = Anomaly(rule=found.rule.code, actor=who.actor, day=who.day, state=OPEN)
        row.found_at, row.acknowledged_count = context.clock.now(), 0
        session.add(row)
    row.count, row.allowed, row.rule_from = found.count, found.allowed, found.rule.effective_from
    row.objects = _named(file, found)
    row.first_event, row.last_event = found.looks[0].event_id, found.looks[-1].event_id
    if row.state == ACKNOWLEDGED and row.count - row.acknowledged_count > found.allowed:
        row.state, row.found_at, is_new = OPEN, context.clock.now(), True
    if is_new:
        session.flush()
        facts = {"rule": row.rule, "rows": row.count}
        now = context.clock.now()
        audit.note(
            session, SYSTEM, FOUND, at=now, object_kind="anomaly", object_id=row.id, facts=facts
        )


def _named(file: RuleFile, found: Unusual) -> list[str]:
    numbers: Iterable[str] = dict.fromkeys(look.customer_no for look in found.looks)
    return [number for number in numbers if number][: file.most_named]
