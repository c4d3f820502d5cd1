"""The duty: assesses each dossier in which something changed, and keeps what lacks in it.

What came late in it is flagged with it, for good (``late_papers.py``).

What is kept is a view of the records: it is made anew after a change, on the day on which time
alone changes it, and whenever the rules differ from those it was made by. A recount of all goes on
in parts beside the rest of the work; :func:`progress` says how far it is. Where it changes what the
search says of a dossier, the customer's own row of the index is written again, and none of the
papers' rows.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, or_, select

from dossier.clock import local_date
from dossier.db import outbox
from dossier.db.changes import follow
from dossier.db.dossier_tables import DossierChange, DossierGap, DossierState
from dossier.db.session import ScopedSession, viewer_of, whole_dossiers
from dossier.db.tables import Customer
from dossier.plugins.completeness import dossiers, late_papers, requirements
from dossier.plugins.completeness.items import LACKING, Completeness
from dossier.plugins.completeness.requirements import Requirements
from dossier.services.context import Context

EVERY_SECONDS = 0.5
"""Between two looks: what somebody changed shows within 2 s."""
AT_ONCE = 200
"""Dossiers of one transaction."""
MOST_WAITING = 1000
"""Changes that the index does not show yet, above which a recount of all waits: it would have new
papers wait behind its own changes. The index writes so many customers' rows in less than a second
(docs/performance-completeness.md)."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many dossiers are assessed by today's rules, of how many."""

    done: int
    total: int


def run(context: Context, stop: threading.Event) -> None:
    """Assess what changed, until ``stop``."""
    follow(
        context.database,
        stop,
        lambda: assess_some(context),
        every=EVERY_SECONDS,
        later="dossiers are assessed",
    )


def assess_some(context: Context) -> bool:
    """Assess the next dossiers that are due; False when there are none."""
    rules = requirements.of(context)
    with context.reading(dossiers.LOOKING) as session:
        changes = session.execute(
            select(DossierChange.id, DossierChange.customer_no)
            .order_by(DossierChange.id)
            .limit(AT_ONCE)
        ).all()
        numbers = {change.customer_no for change in changes} or _due(context, session, rules)
        if not numbers:
            return False
        found = _assessed(context, session, rules, numbers)
        judged = late_papers.judge(context, session, numbers)
    with context.writing(dossiers.LOOKING, durable=False) as session:
        # What changed since it was read is noted anew, and one worker alone does this.
        _keep(context, session, rules, numbers, found)
        late_papers.flag(context, session, dossiers.LOOKING, judged.values())
        seen = [change.id for change in changes]
        session.execute(delete(DossierChange).where(DossierChange.id.in_(seen)))
    return True


def progress(context: Context, session: ScopedSession) -> Progress:
    """How far a recount of all is, of the dossiers in the session's scope."""
    today = local_date(context.clock.now())
    done = select(func.count(DossierState.customer_no)).where(
        DossierState.rules == requirements.of(context).fingerprint,
        or_(DossierState.changes_on.is_(None), DossierState.changes_on > today),
    )
    total = select(func.count(Customer.customer_no)).where(whole_dossiers(viewer_of(session)))
    return Progress(session.scalar(done) or 0, session.scalar(total) or 0)


def is_behind(context: Context, session: ScopedSession) -> bool:
    """Whether any dossier is still to be assessed."""
    noted = session.scalar(select(DossierChange.id).limit(1)) is not None
    return noted or bool(_waiting(context, session, requirements.of(context), 1))


def _due(context: Context, session: ScopedSession, rules: Requirements) -> Collection[str]:
    """Dossiers that time or other rules may have changed; none while the index is behind."""
    if outbox.backlog(session).pending > MOST_WAITING:
        return ()
    return _waiting(context, session, rules, AT_ONCE)


def _waiting(
    context: Context, session: ScopedSession, rules: Requirements, most: int
) -> Collection[str]:
    today = local_date(context.clock.now())
    current = rules.fingerprint
    query = select(DossierState.customer_no).where(
        or_(
            DossierState.changes_on <= today,
            DossierState.rules < current,
            DossierState.rules > current,
        )
    )
    return list(session.scalars(query.limit(most)))


def _assessed(
    context: Context, session: ScopedSession, rules: Requirements, numbers: Collection[str]
) -> dict[str, Completeness]:
    today = local_date(context.clock.now())
    found = dossiers.read(session, rules, numbers)
    return {number: one.on(today) for number, one in found.items()}


def _keep(
    context: Context,
    session: ScopedSession,
    rules: Requirements,
    numbers: Collection[str],
    found: Mapping[str, Completeness],
) -> None:
    """Noted with the rules that it was assessed by: others may have come meanwhile."""
    now, current = context.clock.now(), rules.fingerprint
    before = _kept(session, numbers)
    for table in (DossierGap, DossierState):
        session.execute(delete(table).where(table.customer_no.in_(numbers)))
    states = [
        {
            "customer_no": number,
            "required": one.required,
            "present": one.present,
            "changes_on": one.changes_on,
            "rules": current,
            "assessed_at": now,
        }
        for number, one in found.items()
    ]
    gaps = [gap for number, one in found.items() for gap in _gaps(number, one)]
    if states:
        session.execute(insert(DossierState), states)
    if gaps:
        session.execute(insert(DossierGap), gaps)
    changed = [
        number
        for number, one in found.items()
        if before.get(number) != (one.is_complete, one.missing_types)
    ]
    outbox.mark_changed(session, outbox.CUSTOMERS, changed, at=now)


def _kept(
    session: ScopedSession, numbers: Collection[str]
) -> dict[str, tuple[bool, tuple[str, ...]]]:
    """What the search says of these dossiers so far: whether one is complete, and what lacks."""
    lacking: dict[str, set[str]] = defaultdict(set)
    gaps = select(DossierGap.customer_no, DossierGap.type_code)
    for number, code in session.execute(gaps.where(DossierGap.customer_no.in_(numbers))):
        lacking[number].add(code)
    states = select(DossierState.customer_no, DossierState.required, DossierState.present)
    rows = session.execute(states.where(DossierState.customer_no.in_(numbers)))
    return {
        number: (present == required, tuple(sorted(lacking[number])))
        for number, required, present in rows
    }


def _gaps(number: str, found: Completeness) -> Sequence[dict[str, object]]:
    return [
        {
            "customer_no": number,
            "rule": item.rule.id,
            "type_code": item.rule.any_of[0],
            "state": item.state,
            "since": item.since,
        }
        for item in found.items
        if item.state in LACKING
    ]
