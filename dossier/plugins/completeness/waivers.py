"""Making, listing and withdrawing waivers: somebody decides that a paper need not be there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select

from dossier import access
from dossier.clock import local_date
from dossier.db.dossier_tables import WaiverRow
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer
from dossier.errors import InvalidInputError, NotFoundError, NotPossibleError
from dossier.plugins.completeness import dossiers, requirements, waiver_reasons, wording
from dossier.plugins.completeness.items import LACKING, ItemState
from dossier.services import audit, labels, remarks
from dossier.services.account_names import account_names
from dossier.services.context import Context
from dossier.services.heads import customer_in_scope
from dossier.viewer import Permission, Viewer

MADE, WITHDRAWN = "waiver.made", "waiver.withdrawn"
WAIVABLE = LACKING | {ItemState.PROMISED, ItemState.NOT_DUE}
"""What is asked for, or will be, and is not there."""


@dataclass(frozen=True, slots=True)
class WaiverWish:
    """What is to be waived, and why.

    Attributes:
        rule: id of the requirement.
        reason: a code of ``waivers.yaml``.
        case_no: None for the connection that only the register tells of.
        first_day: from when it counts; None for today.
        last_day: None for good.
    """

    rule: str
    reason: str
    note: str = ""
    case_no: str | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class MadeWaiver:
    """A waiver as those see it who see the customer; people by their account names."""

    id: str
    rule: str
    case_no: str | None
    reason: str
    note: str
    first_day: date
    last_day: date | None
    made_at: datetime
    made_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str
    withdrawn_why: str


def make(context: Context, viewer: Viewer, customer_no: str, wish: WaiverWish) -> str:
    """Waive a paper; gives the waiver's id.

    Raises:
        ForbiddenError: the role may not.
        NotFoundError: no such customer in the viewer's scope.
        InvalidInputError: no such rule, none that asks something of this customer, or a reason or
            days that cannot be.
        NotPossibleError: the paper is there, need not be, or was waived already.
    """
    viewer = access.demand(viewer, Permission.WAIVE)
    now = context.clock.now()
    today = local_date(now)
    with context.reading(viewer) as session:
        dossiers.demand_reached(viewer, customer_in_scope(session, customer_no))
    note = _reason_and_note(wish, today)
    first, last = _days(wish, today)
    _check_asked(context, customer_no, wish, today)
    with context.writing(viewer) as session:
        customer_in_scope(session, customer_no)
        _one_at_a_time(session, customer_no)
        _check_once(session, customer_no, wish, first, last)
        row = WaiverRow(
            customer_no=customer_no,
            case_no=wish.case_no,
            rule=wish.rule,
            reason=wish.reason,
            note=note,
            first_day=first,
            last_day=last,
            made_at=now,
            made_by=viewer.id,
        )
        session.add(row)
        session.flush()
        why = wording.waived_why(row.reason, row.note, labels.CHINESE)
        _note(session, viewer, MADE, row, now, why)
        return row.id


def withdraw(
    context: Context, viewer: Viewer, customer_no: str, waiver_id: str, *, why: str
) -> None:
    """End a waiver from today on.

    Raises:
        ForbiddenError: the role may not.
        NotFoundError: no such customer in the viewer's scope, or no such waiver of it.
        InvalidInputError: nobody says why.
        NotPossibleError: it was withdrawn already.
    """
    viewer = access.demand(viewer, Permission.WAIVE)
    now = context.clock.now()
    with context.writing(viewer) as session:
        dossiers.demand_reached(viewer, customer_in_scope(session, customer_no))
        _one_at_a_time(session, customer_no)
        own = select(WaiverRow).where(
            WaiverRow.customer_no == customer_no, WaiverRow.id == waiver_id
        )
        row = session.scalars(own).first()
        if row is None:
            raise NotFoundError("No such waiver", detail_zh="没有此免交记录")
        if row.withdrawn_at is not None:
            raise NotPossibleError("It was withdrawn already", detail_zh="此免交已撤销")
        row.withdrawn_at, row.withdrawn_by = now, viewer.id
        row.withdrawn_why = _text(why)
        if not row.withdrawn_why:
            raise InvalidInputError("Say why it is withdrawn", detail_zh="请填写撤销原因")
        _note(session, viewer, WITHDRAWN, row, now, row.withdrawn_why)


def of_customer(context: Context, viewer: Viewer, customer_no: str) -> tuple[MadeWaiver, ...]:
    """All that were ever made for a customer, the newest first.

    Raises:
        ForbiddenError: the role may not read customers.
        NotFoundError: no such customer in the viewer's scope.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        customer_in_scope(session, customer_no)
        query = select(WaiverRow).where(WaiverRow.customer_no == customer_no)
        rows = session.scalars(query.order_by(WaiverRow.made_at.desc(), WaiverRow.id.desc())).all()
        people = [one for row in rows for one in (row.made_by, row.withdrawn_by) if one]
        names = account_names(session, people)
        told = remarks.of_customers(context, session, viewer, [customer_no])
        return tuple(_shown(row, names, told) for row in rows)


def _shown(row: WaiverRow, names: Mapping[str, str], told: remarks.Told) -> MadeWaiver:
    return MadeWaiver(
        id=row.id,
        rule=row.rule,
        case_no=row.case_no,
        reason=row.reason,
        note=told(row.customer_no, row.note),
        first_day=row.first_day,
        last_day=row.last_day,
        made_at=row.made_at,
        made_by=names[row.made_by],
        withdrawn_at=row.withdrawn_at,
        withdrawn_by=names[row.withdrawn_by] if row.withdrawn_by else "",
        withdrawn_why=told(row.customer_no, row.withdrawn_why),
    )


def _one_at_a_time(session: ScopedSession, customer_no: str) -> None:
    """Two that waive the same paper at once: the second waits, and finds the first's row."""
    own = select(Customer.revision).where(Customer.customer_no == customer_no)
    session.execute(own.with_for_update())


def _reason_and_note(wish: WaiverWish, today: date) -> str:
    known = {one.code: one for one in waiver_reasons.load().on(today)}
    if wish.reason not in known:
        raise InvalidInputError(f"Choose a reason: {', '.join(known)}", detail_zh="请选择免交原因")
    note = _text(wish.note)
    if known[wish.reason].needs_note and not note:
        raise InvalidInputError("This reason needs a note", detail_zh="此原因须填写说明")
    return note


def _text(said: str) -> str:
    text, most = " ".join(said.split()), waiver_reasons.load().note_characters
    if len(text) > most:
        raise InvalidInputError(
            f"The note has {most} characters at most", detail_zh=f"说明不超过 {most} 个字"
        )
    return text


def _days(wish: WaiverWish, today: date) -> tuple[date, date | None]:
    """From when up to when; a decision counts for no day before it was made."""
    first = wish.first_day or today
    if first < today:
        raise InvalidInputError(
            f"A waiver counts from today at the earliest, not from {first}",
            detail_zh=f"免交最早自今日起生效，不能自 {first} 起",
        )
    if wish.last_day is not None and wish.last_day < first:
        raise InvalidInputError(
            f"{wish.last_day} is over before it begins; leave the day empty or name a later one",
            detail_zh=f"截止日期 {wish.last_day} 早于生效日期，请留空或改为以后的日期",
        )
    return first, wish.last_day


def _check_asked(context: Context, customer_no: str, wish: WaiverWish, today: date) -> None:
    """Refuse what no rule in force asks for, and what is there, whoever may see which papers."""
    rules = requirements.of(context)
    if all(rule.id != wish.rule for rule in rules.rules):
        raise InvalidInputError(
            "No such rule; GET /api/v1/catalogue lists them", detail_zh="没有此规则"
        )
    with context.reading(dossiers.LOOKING) as session:
        found = dossiers.read(session, rules, [customer_no])[customer_no].on(today)
    fitting = (
        one for one in found.items if one.rule.id == wish.rule and one.case_no == wish.case_no
    )
    item = next(fitting, None)
    if item is None:
        raise InvalidInputError(
            "This rule asks for nothing here: it is of another business, category or case, or was"
            " not in force then",
            detail_zh="此规则不适用：不属于此户的业务、类别或工单，或当时未施行",
        )
    if item.state is ItemState.WAIVED:
        raise _twice()
    if item.state not in WAIVABLE:
        raise NotPossibleError(
            "There is nothing to waive: the paper is there, or need not be",
            detail_zh="此资料已有或并非必需，无须免交",
        )


def _check_once(
    session: ScopedSession, customer_no: str, wish: WaiverWish, first: date, last: date | None
) -> None:
    """Refuse a second one for days that another covers, also for days to come."""
    same_case = (
        WaiverRow.case_no.is_(None) if wish.case_no is None else WaiverRow.case_no == wish.case_no
    )
    query = select(WaiverRow).where(
        WaiverRow.customer_no == customer_no,
        WaiverRow.rule == wish.rule,
        same_case,
        WaiverRow.withdrawn_at.is_(None),
    )
    for row in session.scalars(query):
        begins_later = last is not None and row.first_day > last
        if not begins_later and (row.last_day is None or row.last_day >= first):
            raise _twice()


def _twice() -> NotPossibleError:
    return NotPossibleError(
        "It is waived already for these days; withdraw that first",
        detail_zh="该期间已免交，如需更改请先撤销原免交",
    )


def _note(
    session: ScopedSession,
    viewer: Viewer,
    action: str,
    row: WaiverRow,
    now: datetime,
    why: str,
) -> None:
    audit.note(
        session,
        replace(viewer, purpose=why),
        action,
        at=now,
        object_kind="customer",
        object_id=row.customer_no,
        facts={
            "waiver": row.id,
            "rule": row.rule,
            "case_no": row.case_no,
            "until": row.last_day.isoformat() if row.last_day else None,
        },
    )
