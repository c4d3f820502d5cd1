"""How many dossiers were complete on each day, and how many lacked what, for one viewer.

A figure counts for the place at which the customer was on that day; who may see a place now sees
its figures of all days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, or_, select

from dossier import access
from dossier.clock import local_date
from dossier.db.dossier_tables import DossierCount, DossierCountDay
from dossier.db.session import ScopedSession
from dossier.errors import InvalidInputError
from dossier.plugins.completeness.daily import ALL_TYPES
from dossier.plugins.completeness.worklist import Wish
from dossier.services import audit
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer

SHOWN_DAYS = 90
"""How far back it goes where no day is named."""
MOST_DAYS = 1100
"""Of one answer: three years."""
SIZE = (600, 100)
"""Of the picture, in its own measure."""
FEWEST_DRAWN = 2
"""Days that make a line."""
PLACES = {
    "station": DossierCount.unit_id,
    "line": DossierCount.line_id,
    "district": DossierCount.district_id,
}


@dataclass(frozen=True, slots=True)
class DayCount:
    """The dossiers of a day.

    Attributes:
        lacking: of those, how many lacked the type that was asked for; any where none was.
    """

    day: date
    dossiers: int
    complete: int
    lacking: int

    @property
    def percent(self) -> int:
        """How many of a hundred were complete, rounded down: 100 means that all were."""
        return self.complete * 100 // self.dossiers if self.dossiers else 100


def look(
    context: Context,
    viewer: Viewer,
    wish: Wish,
    *,
    first: date | None = None,
    last: date | None = None,
) -> tuple[DayCount, ...]:
    """The same as :func:`get`, as a look of its own: with a read record."""
    found = get(context, viewer, wish, first=first, last=last)
    audit.begin_read(context, viewer, "incomplete.counted", object_kind="", object_id="").wait()
    return found


def get(
    context: Context,
    viewer: Viewer,
    wish: Wish,
    *,
    first: date | None = None,
    last: date | None = None,
) -> tuple[DayCount, ...]:
    """The days that were counted from ``first`` to ``last``, the last three months if not named.

    Raises:
        ForbiddenError: the role may not read customers.
        InvalidInputError: the days are in the wrong order, or too many.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    last = last or local_date(context.clock.now())
    first = first or date.fromordinal(max(1, last.toordinal() - SHOWN_DAYS))
    if first > last or (last - first).days >= MOST_DAYS:
        raise InvalidInputError(
            f"from {first} to {last}: name at most {MOST_DAYS} days, the earlier first",
            detail_zh=f"{first} 至 {last}：请按先后填写日期，最多 {MOST_DAYS} 天",
        )
    with context.reading(viewer) as session:
        query = select(DossierCountDay.day).where(DossierCountDay.day.between(first, last))
        days = list(session.scalars(query.order_by(DossierCountDay.day)))
        all_of_them = _by_day(session, wish, ALL_TYPES, days)
        lacking = _by_day(session, wish, wish.missing, days) if wish.missing else None
    found = []
    for day in days:
        dossiers, complete = all_of_them[day]
        lack = lacking[day][0] if lacking is not None else dossiers - complete
        found.append(DayCount(day, dossiers, complete, lack))
    return tuple(found)


def drawn(days: Sequence[DayCount]) -> str:
    """Points of a line through the numbers that lacked, for an SVG of :data:`SIZE`; none: empty."""
    if len(days) < FEWEST_DRAWN:
        return ""
    width, height = SIZE
    first, span = days[0].day, (days[-1].day - days[0].day).days
    most = max(one.lacking for one in days) or 1
    points = (
        (width * (one.day - first).days / span, height * (1 - one.lacking / most)) for one in days
    )
    return " ".join(f"{across:.1f},{down:.1f}" for across, down in points)


def _by_day(
    session: ScopedSession, wish: Wish, type_code: str, days: list[date]
) -> dict[date, tuple[int, int]]:
    """The sums of each day, by what began and ended on which day."""
    if not days:
        return {}
    own = DossierCount
    query = (
        select(own.since, own.until, func.sum(own.dossiers), func.sum(own.complete))
        .where(
            own.type_code == type_code,
            own.since <= days[-1],
            or_(own.until.is_(None), own.until > days[0]),
            *_places(wish),
        )
        .group_by(own.since, own.until)
    )
    dossiers: Counter[date] = Counter()
    complete: Counter[date] = Counter()
    for since, until, many, whole in session.execute(query):
        for day, sign in ((since, 1), (until, -1)):
            if day is not None:
                dossiers[day] += sign * many
                complete[day] += sign * whole
    turns = sorted(dossiers)
    found, at, sums = {}, 0, (0, 0)
    for day in days:
        while at < len(turns) and turns[at] <= day:
            sums = (sums[0] + dossiers[turns[at]], sums[1] + complete[turns[at]])
            at += 1
        found[day] = sums
    return found


def _places(wish: Wish) -> list[ColumnElement[bool]]:
    found = [PLACES[name] == place for name, place in wish.places.items()]
    if wish.category:
        found.append(DossierCount.category == wish.category)
    return found
