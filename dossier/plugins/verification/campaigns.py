"""Re-sign campaigns (户档修签) over a station, line or district, with progress (S0-16).

A campaign is known to who sees a customer of its place; counts are of customers in scope.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from dossier import access
from dossier.clock import local_date
from dossier.db.session import ScopedSession, whole_dossiers
from dossier.db.tables import Customer, District, Line, OrgUnit
from dossier.db.verification_tables import Campaign, CampaignTick
from dossier.errors import ForbiddenError, InvalidInputError, NotFoundError, NotPossibleError
from dossier.plugins.verification import reached, rules, ticking
from dossier.plugins.verification.standing import PLACES
from dossier.services import audit, audit_bulk, cursors, exports
from dossier.services.context import Context
from dossier.services.heads import heads
from dossier.services.views import CustomerHead
from dossier.viewer import Permission, Viewer

LISTING = "campaign"
MADE, ENDED, TICKED = "campaign.made", "campaign.ended", "campaign.ticked"
LISTED, EXPORTED = "campaign.listed", "campaign.exported"
OPEN, DONE = "open", "done"
LONGEST_TITLE = 120
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class CampaignWish:
    """What somebody wants to have gone through, where and up to which day."""

    title: str
    place: str
    place_id: int
    until: date
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Customers of a place: all, those with nothing left, and by item."""

    label: str
    total: int
    done: int
    by_item: Mapping[str, int]

    @property
    def percent(self) -> float:
        """Of the customers those with nothing left."""
        return round(100 * self.done / self.total, 1) if self.total else 0.0


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A campaign with how far it is, of the customers in scope."""

    campaign: Campaign
    place_name: str
    is_running: bool
    progress: Progress


@dataclass(frozen=True, slots=True)
class Checked:
    """A customer with what is done."""

    head: CustomerHead
    done: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A campaign, its progress by unit, and a page of its customers."""

    line: CampaignLine
    by: str
    groups: tuple[Progress, ...]
    items: tuple[Checked, ...]
    total: int
    next_cursor: str | None


def listed(context: Context, viewer: Viewer) -> tuple[CampaignLine, ...]:
    """Those with a customer in scope, the newest first.

    Raises:
        ForbiddenError: the role may not read customers.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        rows = session.scalars(select(Campaign).order_by(Campaign.made_at.desc())).all()
        lines = (_line(context, session, viewer, row) for row in rows)
        return tuple(one for one in lines if one.progress.total)


def get(
    context: Context,
    viewer: Viewer,
    campaign_id: str,
    *,
    state: str = "",
    cursor: str | None = None,
    size: int = 50,
) -> CampaignView:
    """One of them; ``state`` ``open`` or ``done`` leaves the other customers out of the list.

    Raises:
        ForbiddenError: the role may not read customers.
        NotFoundError: no such campaign with a customer in scope.
        QueryError: the cursor is broken.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    after = cursors.unpack(context.keyring, LISTING, cursor) if cursor else ""
    with context.reading(viewer) as session:
        row = _known(session, viewer, campaign_id)
        line = _line(context, session, viewer, row)
        done = ticking.all_done(row)
        chosen = {OPEN: (~done,), DONE: (done,)}.get(state, ())
        rows = _page(session, viewer, row, chosen, after, size + 1)
        shown = rows[:size]
        noted = audit.begin_read(
            context, viewer, LISTED, object_kind="", object_id="", facts={"rows": len(shown)}
        )
        named = heads(session, viewer, [number for number, _ in shown])
        by, groups = _by_place(session, viewer, row)
        counts = {OPEN: line.progress.total - line.progress.done, DONE: line.progress.done}
        more = len(rows) > size
        found = CampaignView(
            line,
            by,
            groups,
            tuple(Checked(named[number], ticks) for number, ticks in shown),
            counts.get(state, line.progress.total),
            cursors.pack(context.keyring, LISTING, shown[-1][0]) if more else None,
        )
    noted.wait()
    return found


def make(context: Context, viewer: Viewer, wish: CampaignWish) -> str:
    """Begin a campaign today; gives its id.

    Raises:
        ForbiddenError: the role may not.
        InvalidInputError: no title, no such place in scope, an item that there is not, or a day
            that is over.
    """
    viewer = access.demand(viewer, Permission.RUN_CAMPAIGNS)
    now = context.clock.now()
    today = local_date(now)
    title, known = " ".join(wish.title.split()), rules.load().campaign_items
    items = wish.items or tuple(known)
    if not title or len(title) > LONGEST_TITLE:
        raise InvalidInputError("Give it a title", detail_zh="请填写活动名称")
    if any(one not in known for one in items):
        raise InvalidInputError(f"Items: {', '.join(known)}", detail_zh="请选择核对项目")
    if wish.until < today:
        raise InvalidInputError("Its last day is over", detail_zh="截止日期已过")
    with context.writing(viewer) as session:
        if not _reaches(session, viewer, wish.place, wish.place_id):
            raise InvalidInputError("No such place", detail_zh="请选择您管辖的供电所、线路或台区")
        row = Campaign(
            title=title,
            place=wish.place,
            place_id=wish.place_id,
            items=[one for one in known if one in items],
            since=today,
            until=wish.until,
            made_at=now,
            made_by=viewer.id,
        )
        session.add(row)
        session.flush()
        audit.note(session, viewer, MADE, at=now, object_kind="campaign", object_id=row.id)
        return row.id


def end(context: Context, viewer: Viewer, campaign_id: str) -> None:
    """End it now; what is done stays done, what comes later does not count.

    Raises:
        ForbiddenError: the role may not, or does not reach the whole place.
        NotFoundError: no such campaign with a customer in scope.
        NotPossibleError: it is over.
    """
    viewer = access.demand(viewer, Permission.RUN_CAMPAIGNS)
    now = context.clock.now()
    with context.writing(viewer) as session:
        row = _known(session, viewer, campaign_id)
        if not _reaches(session, viewer, row.place, row.place_id):
            raise ForbiddenError("Its place is not yours", detail_zh="该活动的范围超出您的权限")
        if not _is_running(row, local_date(now)):
            raise NotPossibleError("It is over", detail_zh="该活动已结束")
        row.ended_at, row.ended_by = now, viewer.id
        audit.note(session, viewer, ENDED, at=now, object_kind="campaign", object_id=row.id)


def tick(
    context: Context, viewer: Viewer, campaign_id: str, customer_no: str, item: str, reason: str
) -> None:
    """Tick an item by a person's word.

    Raises:
        ForbiddenError: the role may not.
        NotFoundError: no such campaign, or the customer is not of its place, or out of scope.
        InvalidInputError: no such item, or nobody says why.
        NotPossibleError: the campaign is over, or the item is done.
    """
    viewer = access.demand(viewer, Permission.VERIFY)
    now = context.clock.now()
    with context.writing(viewer) as session:
        row = _known(session, viewer, campaign_id)
        reached.customer_reached(session, viewer, customer_no, lock=True)
        found = _page(session, viewer, row, (Customer.customer_no == customer_no,), "", 1)
        if not found:
            raise NotFoundError("Not of this campaign", detail_zh="该户不在此活动范围内")
        said = reached.short_text(reason)
        if item not in row.items:
            raise InvalidInputError(f"Items: {', '.join(row.items)}", detail_zh="请选择核对项目")
        if not said:
            raise InvalidInputError("Say why", detail_zh="请填写原因")
        if not _is_running(row, local_date(now)) or found[0][1][item]:
            raise NotPossibleError(
                "It is done already, or the campaign is over",
                detail_zh="该项已完成，或活动已结束",
            )
        session.add(
            CampaignTick(
                campaign_id=row.id,
                customer_no=customer_no,
                item=item,
                reason=said,
                at=now,
                by=viewer.id,
            )
        )
        audit.note(
            session,
            viewer,
            TICKED,
            at=now,
            object_kind="customer",
            object_id=customer_no,
            facts={"result": item},
        )


def exported(
    context: Context, viewer: Viewer, campaign_id: str, *, purpose: str
) -> tuple[Campaign, Iterator[tuple[CustomerHead, Mapping[str, bool]]]]:
    """All customers in scope with what is done: in the record, each of them, before it leaves.

    Raises:
        ForbiddenError: the role may not export.
        NotFoundError: no such campaign with a customer in scope.
        InvalidInputError: nobody says what for.
    """
    viewer = access.demand(access.demand(viewer, Permission.READ_CUSTOMER), Permission.EXPORT)
    found: list[tuple[CustomerHead, Mapping[str, bool]]] = []
    with context.reading(viewer) as session:
        row = _known(session, viewer, campaign_id)
        viewer = exports.for_purpose(viewer, purpose)
        last = ""
        while page := _page(session, viewer, row, (), last, AT_ONCE):
            named = heads(session, viewer, [number for number, _ in page])
            found += [(named[number], ticks) for number, ticks in page]
            last = page[-1][0]
        session.expunge(row)
    audit_bulk.record_each(
        context,
        viewer,
        {
            "action": EXPORTED,
            "object_kind": "campaign",
            "object_id": campaign_id,
            "facts": {"rows": len(found)},
        },
        action="customer.exported",
        object_kind="customer",
        object_ids=[head.customer_no for head, _ in found],
    )
    return row, iter(found)


def places(context: Context, viewer: Viewer) -> tuple[tuple[str, int, str], ...]:
    """Stations, lines and districts over which this viewer may begin one."""
    viewer = access.demand(viewer, Permission.RUN_CAMPAIGNS)
    with context.reading(viewer) as session:
        return tuple(
            (kind, row.id, row.name)
            for kind, (table, _) in PLACES.items()
            for row in session.scalars(select(table).order_by(table.name))
            if _covers(viewer, kind, row)
        )


# -- of the records -----------------------------------------------------------------------------


def _known(session: ScopedSession, viewer: Viewer, campaign_id: str) -> Campaign:
    row = session.get(Campaign, campaign_id)
    if row is None or not _page(session, viewer, row, (), "", 1):
        raise NotFoundError("No such campaign", detail_zh="没有此修签活动")
    return row


def _is_running(row: Campaign, today: date) -> bool:
    return row.ended_at is None and today <= row.until


def _reaches(session: ScopedSession, viewer: Viewer, place: str, place_id: int) -> bool:
    if place not in PLACES:
        return False
    row = session.get(PLACES[place][0], place_id)
    return row is not None and _covers(viewer, place, row)


def _covers(viewer: Viewer, place: str, row: OrgUnit | Line | District) -> bool:
    """Whether all customers of a place are in scope, as far as its own place tells."""
    scope = viewer.scope
    if scope.everything:
        return True
    if isinstance(row, OrgUnit):
        return row.id in scope.units
    mine = row.id in (scope.lines if place == "line" else scope.districts)
    return mine or row.unit_id in scope.units


def _conditions(viewer: Viewer, row: Campaign) -> list[ColumnElement[bool]]:
    column = PLACES[row.place][1]
    return [
        whole_dossiers(viewer),
        Customer.status.in_(rules.load().statuses),
        column == row.place_id,
    ]


def _page(
    session: ScopedSession,
    viewer: Viewer,
    row: Campaign,
    more: Sequence[ColumnElement[bool]],
    after: str,
    size: int,
) -> list[tuple[str, Mapping[str, bool]]]:
    ticks = [ticking.is_done(row, code).label(f"item_{code}") for code in row.items]
    query = (
        select(Customer.customer_no, *ticks)
        .where(*_conditions(viewer, row), *more, Customer.customer_no > after)
        .order_by(Customer.customer_no)
        .limit(size)
    )
    return [
        (number, dict(zip(row.items, map(bool, done), strict=True)))
        for number, *done in session.execute(query)
    ]


def _line(context: Context, session: ScopedSession, viewer: Viewer, row: Campaign) -> CampaignLine:
    name = session.scalar(select(PLACES[row.place][0].name).filter_by(id=row.place_id))
    (found,) = _counted(session, viewer, row, None)
    today = local_date(context.clock.now())
    return CampaignLine(row, name or "", _is_running(row, today), found)


def _by_place(
    session: ScopedSession, viewer: Viewer, row: Campaign
) -> tuple[str, tuple[Progress, ...]]:
    """By the places below the campaign's own; of a district by itself."""
    names = list(PLACES)
    by = names[min(names.index(row.place) + 1, len(names) - 1)]
    return by, tuple(_counted(session, viewer, row, by))


def _counted(
    session: ScopedSession, viewer: Viewer, row: Campaign, by: str | None
) -> list[Progress]:
    def count(condition: ColumnElement[bool]) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    figures = [
        func.count(Customer.customer_no),
        count(ticking.all_done(row)),
        *(count(ticking.is_done(row, code)) for code in row.items),
    ]
    query = select(*figures).select_from(Customer).where(*_conditions(viewer, row))
    if by is None:
        return [_progress("", row, found) for found in session.execute(query)]
    table, column = PLACES[by]
    grouped = query.add_columns(column.label("place")).group_by(column)
    rows = session.execute(grouped).all()
    ids = [found.place for found in rows if found.place is not None]
    names = dict(session.execute(select(table.id, table.name).where(table.id.in_(ids))).all())
    found = [_progress(names.get(each.place, ""), row, each[:-1]) for each in rows]
    return sorted(found, key=lambda one: (not one.label, one.label))


def _progress(label: str, row: Campaign, figures: Sequence[int]) -> Progress:
    total, done, *by_item = figures
    return Progress(label, total, done, dict(zip(row.items, by_item, strict=True)))
