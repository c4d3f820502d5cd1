"""The duty: keeps for each day how many dossiers were complete, and how many lacked what.

By place, category and type, and a row only where a figure changed: an archive of 100,000 dossiers
adds a few hundred rows a day. A day's figure is that of its last count. Days on which no worker ran
have none: what a dossier had can be worked out for any day, but not at which station it was.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import case, delete, distinct, func, insert, select, update
from sqlalchemy.exc import OperationalError

from dossier.clock import local_date
from dossier.db.dossier_tables import DossierCount, DossierCountDay, DossierGap, DossierState
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer
from dossier.plugins.completeness import recount
from dossier.plugins.completeness.dossiers import LOOKING
from dossier.services.context import Context

LOOK_SECONDS = 5.0
"""Between two looks whether there is something to count."""
COUNT_EVERY_SECONDS = 3600.0
"""Between two counts of a day."""
AT_ONCE = 500
"""Rows of one DELETE, below SQLite's limit of bound values."""
ALL_TYPES = ""
"""Stands for the dossiers themselves, where a type stands for those that lack it."""
log = logging.getLogger(__name__)


class Kind(NamedTuple):
    """What is counted apart; 0 is no place."""

    unit: int
    line: int
    district: int
    category: str
    type_code: str


class Figure(NamedTuple):
    """How many dossiers there are, or lack the type; and how many of them are complete."""

    dossiers: int
    complete: int


NONE = Figure(0, 0)


def run(context: Context, stop: threading.Event) -> None:
    """Count each day, until ``stop``."""
    counted: date | None = None
    waited = 0.0
    while not stop.wait(LOOK_SECONDS):
        waited += LOOK_SECONDS
        today = local_date(context.clock.now())
        if counted == today and waited < COUNT_EVERY_SECONDS:
            continue
        try:
            if not count_today(context):
                continue
        except OperationalError:
            log.warning("database busy, dossiers are counted later")
            continue
        counted, waited = today, 0.0


def count_today(context: Context) -> bool:
    """Keep the figures as they are now as today's; False while dossiers are still assessed."""
    today = local_date(context.clock.now())
    with context.reading(LOOKING) as session:
        if recount.is_behind(context, session):
            return False
        found = _counted(session)
        if not found:
            return False
    with context.writing(LOOKING, durable=False) as session:
        _keep(session, found, today)
        session.execute(delete(DossierCountDay).where(DossierCountDay.day == today))
        session.add(DossierCountDay(day=today, counted_at=context.clock.now()))
    return True


def _counted(session: ScopedSession) -> Mapping[Kind, Figure]:
    """The figures of now; two queries."""
    places = (Customer.unit_id, Customer.line_id, Customer.district_id, Customer.category)
    whole = func.sum(case((DossierState.present == DossierState.required, 1), else_=0))
    states = (
        select(*places, func.count(), whole)
        .join(DossierState, DossierState.customer_no == Customer.customer_no)
        .group_by(*places)
    )
    gaps = (
        select(*places, DossierGap.type_code, func.count(distinct(DossierGap.customer_no)))
        .join(DossierGap, DossierGap.customer_no == Customer.customer_no)
        .group_by(*places, DossierGap.type_code)
    )
    found = {
        _kind(unit, line, district, category, ALL_TYPES): Figure(dossiers, complete)
        for unit, line, district, category, dossiers, complete in session.execute(states)
    }
    for unit, line, district, category, code, lacking in session.execute(gaps):
        found[_kind(unit, line, district, category, code)] = Figure(lacking, 0)
    return found


def _kind(
    unit: int | None, line: int | None, district: int | None, category: str, code: str
) -> Kind:
    return Kind(unit or 0, line or 0, district or 0, category, code)


def _keep(session: ScopedSession, found: Mapping[Kind, Figure], today: date) -> None:
    """Close the rows whose figure is another one now, and open those that hold from today on."""
    ended: list[dict[str, object]] = []
    gone: list[int] = []
    new = dict(found)
    for row, kind, since, figure in _open_rows(session):
        now = found.get(kind, NONE)
        if now == figure:
            new.pop(kind, None)
        elif since == today:
            gone.append(row)
        else:
            ended.append({"id": row, "until": today})
    for start in range(0, len(gone), AT_ONCE):
        some = gone[start : start + AT_ONCE]
        session.execute(delete(DossierCount).where(DossierCount.id.in_(some)))
    if ended:
        session.execute(update(DossierCount), ended)
    if new:
        session.execute(insert(DossierCount), [_row(*each, today) for each in new.items()])


def _open_rows(session: ScopedSession) -> Iterator[tuple[int, Kind, date, Figure]]:
    """The figures that hold so far."""
    own = DossierCount
    kind = (own.unit_id, own.line_id, own.district_id, own.category, own.type_code)
    query = select(own.id, own.since, own.dossiers, own.complete, *kind).where(own.until.is_(None))
    for row, since, dossiers, complete, *of in session.execute(query):
        yield row, Kind(*of), since, Figure(dossiers, complete)


def _row(kind: Kind, figure: Figure, today: date) -> dict[str, object]:
    return {
        "unit_id": kind.unit,
        "line_id": kind.line,
        "district_id": kind.district,
        "category": kind.category,
        "type_code": kind.type_code,
        "since": today,
        "until": None,
        "dossiers": figure.dossiers,
        "complete": figure.complete,
    }
