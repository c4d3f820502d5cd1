"""Giving and taking roles: by unit, line, district, case or customer, and by dates.

Only who manages users gives roles, nobody to himself, and nobody holds two of the separated ones
(domain.md §5). A grant that is taken away ends and stays to be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from dossier import access
from dossier.clock import SHANGHAI, local_date
from dossier.db import grants
from dossier.db.role_tables import Delegation
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, District, Line, OrgUnit, RoleGrant, User
from dossier.errors import ForbiddenError, InvalidInputError, NotFoundError, NotPossibleError
from dossier.rules import approvals
from dossier.rules.role_matrix import Held
from dossier.rules.role_words import Words, separated
from dossier.services import approval_rows, audit, disclosure
from dossier.services.context import Context
from dossier.services.door import by_name
from dossier.services.posts import lock
from dossier.viewer import Permission, Viewer

GIVE_ROLE = "users"
"""The action that a request for a sensitive role is about."""
SYSTEM = "system:"
"""Who sits at the machine itself gives the first officers; that is in the audit like anything."""
LONGEST_REASON = 200
"""Characters."""
FIRST_DAY, LAST_DAY = date(1949, 10, 1), date(2199, 12, 31)
"""Days that a grant may begin or end on: what lies beyond is a slip of the finger."""
LONGEST_CASE_NO = 40
"""Characters, as in the records."""


@dataclass(frozen=True, slots=True)
class Part:
    """The part of the archive that a role is given for, by names as people write them.

    At most one of line, district, case and customer; a unit beside a line or district says which
    one of that name. Nothing at all: the whole company.
    """

    unit: str | None = None
    line: str | None = None
    district: str | None = None
    case_no: str | None = None
    customer_no: str | None = None


WHOLE_COMPANY = Part()


@dataclass(frozen=True, slots=True)
class Days:
    """First and last day in Shanghai; None for open ends."""

    first: date | None = None
    last: date | None = None


ALWAYS = Days()


@dataclass(frozen=True, slots=True)
class GrantView:
    """A grant as it is listed.

    Attributes:
        kind: what it names (:class:`dossier.rules.role_matrix.Held`).
        part: the name of that; empty for the whole company.
        state: ``pending``, ``coming``, ``in_force`` or ``over``.
    """

    id: int
    user: str
    role: str
    kind: str
    part: str
    valid_from: datetime | None
    valid_to: datetime | None
    state: str
    granted_by: str
    reason: str


def grant(
    context: Context,
    viewer: Viewer,
    *,
    user: str,
    role: str,
    part: Part = WHOLE_COMPANY,
    days: Days = ALWAYS,
    reason: str = "",
) -> int:
    """Give a user a role; returns the grant's id.

    Raises:
        ForbiddenError: the viewer does not manage users, or it is the own account.
        NotFoundError: no such user.
        InvalidInputError: an unknown role, unit, line, district or customer; dates that are
            reversed or over; two parts at once.
        NotPossibleError: the user has it already, or holds a role that it is separated from.
    """
    access.demand(viewer, Permission.MANAGE_USERS)
    with context.writing(viewer) as session:
        account = by_name(session, user)
        if account.id == viewer.id:
            raise ForbiddenError(
                "Nobody gives roles to himself; another administrator does",
                detail_zh="不能给本人授予岗位，须由其他管理员办理",
            )
        return add_grant(
            context, session, viewer, account, role=role, part=part, days=days, reason=reason
        ).id


def add_grant(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    account: User,
    *,
    role: str,
    part: Part = WHOLE_COMPANY,
    days: Days = ALWAYS,
    reason: str = "",
) -> RoleGrant:
    """The same in the caller's transaction, for who has checked the permission.

    Raises:
        InvalidInputError: as for :func:`grant`.
        NotPossibleError: as for :func:`grant`.
    """
    now = context.clock.now()
    check_role(context.roles.words, role)
    lock(session, account)  # else two at once would each not see the other
    begins, ends = _instants(days, now)
    row = RoleGrant(
        user_id=account.id,
        role=role,
        valid_from=begins,
        valid_to=ends,
        granted_by=viewer.id,
        granted_at=now,
        reason=checked_reason(reason),
        **_columns(session, part),
    )
    _check_not_held(session, row, now)
    check_separated(context.roles.words, session, account.id, role, begins, ends, at=now)
    row.pending = role in approvals.load().sensitive and not viewer.id.startswith(SYSTEM)
    session.add(row)
    session.flush()
    note_role(context, session, viewer, "role.granted", account.id, row)
    if row.pending:
        _ask_for(context, session, viewer, row)
    return row


def _ask_for(context: Context, session: ScopedSession, viewer: Viewer, row: RoleGrant) -> None:
    """A sensitive role gives nothing until somebody else approved it (rulebook/approvals.yaml)."""
    new = approval_rows.NewRequest(
        kind=approvals.Thing.ROLE,
        action=GIVE_ROLE,
        thing=str(row.id),
        user_id=row.user_id,
        purpose=row.reason,
        facts={"role": row.role},
    )
    approval_rows.add(context, session, viewer, new)


def check_role(words: Words, role: str) -> None:
    """Refuse a role that there is not.

    Raises:
        InvalidInputError: it is unknown.
    """
    if role not in words.roles:
        known = ", ".join(sorted(words.roles))
        raise InvalidInputError(f"Unknown role; choose one of {known}", detail_zh="没有此岗位")


def checked_reason(reason: str) -> str:
    """A reason without needless space.

    Raises:
        InvalidInputError: it is too long.
    """
    said = " ".join(reason.split())
    if len(said) > LONGEST_REASON:
        raise InvalidInputError(
            f"The reason has more than {LONGEST_REASON} characters", detail_zh="理由过长"
        )
    return said


def revoke(context: Context, viewer: Viewer, grant_id: int, *, reason: str = "") -> None:
    """Take a role away; it counts from the next request, for those it was lent to as well.

    Raises:
        ForbiddenError: the viewer does not manage users.
        NotFoundError: no such grant, or it is over.
    """
    access.demand(viewer, Permission.MANAGE_USERS)
    now = context.clock.now()
    with context.writing(viewer) as session:
        # before the request about it: who approves it at the same time locks in this order too
        row = session.get(RoleGrant, grant_id, with_for_update={"key_share": True})
        if row is None or (row.valid_to is not None and row.valid_to <= now):
            raise NotFoundError("No such grant in force", detail_zh="没有此项有效授权")
        approval_rows.end_grant(row, by=viewer.id, at=now)
        disclosure.end_of_user(context, session, viewer, row.user_id)
        approval_rows.withdraw_role(session, viewer, row.id, at=now)
        note_role(context, session, viewer, "role.revoked", row.user_id, row, reason=reason)


def revoke_role(context: Context, viewer: Viewer, user: str, role: str, *, reason: str = "") -> int:
    """Take all grants of a role from a user; returns how many there were.

    Raises:
        ForbiddenError: the viewer does not manage users.
        NotFoundError: no such user, or the user does not have the role.
    """
    found = [one.id for one in list_grants(context, viewer, user) if one.role == role]
    if not found:
        raise NotFoundError("The user does not have this role", detail_zh="该用户没有此岗位")
    for grant_id in found:
        revoke(context, viewer, grant_id, reason=reason)
    return len(found)


def list_grants(
    context: Context, viewer: Viewer, user: str, *, all_of_them: bool = False
) -> tuple[GrantView, ...]:
    """A user's grants in force and to come, the oldest first; with ``all_of_them`` those over too.

    Raises:
        ForbiddenError: it is somebody else, and the viewer may not see others' rights.
        NotFoundError: no such user.
    """
    with context.reading(viewer) as session:
        account = person(session, viewer, user)
        rows = session.scalars(
            select(RoleGrant).where(RoleGrant.user_id == account.id).order_by(RoleGrant.id)
        ).all()
        now = context.clock.now()
        listed = [row for row in rows if all_of_them or state_of(row, now) != "over"]
        names = Names(session, [grants.place_of(row) for row in listed])
        by = account_names(session, {row.granted_by for row in listed})
        return tuple(_view(row, account.name, names, by, now) for row in listed)


def person(session: ScopedSession, viewer: Viewer, user: str) -> User:
    """The account whose rights are asked for: one's own, or anybody's for who may see them.

    Raises:
        ForbiddenError: it is somebody else, and the viewer may not see others' rights.
        NotFoundError: no such user.
    """
    if user != viewer.name and not viewer.may(Permission.MANAGE_USERS):
        access.demand(viewer, Permission.SEE_RIGHTS)
    return by_name(session, user)


def state_of(row: RoleGrant, at: datetime) -> str:
    """Whether a grant waits for an approval, is yet to come, in force, or over."""
    if row.valid_to is not None and row.valid_to <= at:
        return "over"
    if row.pending:
        return "pending"
    return "in_force" if grants.in_force(row, at) else "coming"


def account_names(session: ScopedSession, ids: Iterable[str]) -> dict[str, str]:
    """Account names by id."""
    rows = session.execute(select(User.id, User.name).where(User.id.in_(set(ids))))
    return {row.id: row.name for row in rows}


def note_role(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    action: str,
    user_id: str,
    row: RoleGrant,
    *,
    reason: str = "",
) -> None:
    """Write it down, with the role and what the grant names."""
    kind, key = grants.place_of(row)
    facts = {"role": row.role, "grant": row.id, "part": kind.value, "key": key}
    why = replace(viewer, purpose=checked_reason(reason) or row.reason)
    now = context.clock.now()
    audit.note(session, why, action, at=now, object_kind="user", object_id=user_id, facts=facts)


# -- checks -------------------------------------------------------------------------------------


def check_separated(
    words: Words,
    session: ScopedSession,
    user_id: str,
    role: str,
    begins: datetime | None,
    ends: datetime | None,
    *,
    at: datetime,
) -> None:
    """Refuse a second separated role at the same time, held or lent.

    Raises:
        NotPossibleError: names both roles.
    """
    held = {row.role for row in _of_user(session, user_id, at) if _meets(row, begins, ends)}
    both = separated(words, {*held, role})
    if role in both:
        named = sorted(both)
        chinese = "、".join(words.roles[code].zh for code in named)
        raise NotPossibleError(
            f"Nobody holds two of these roles at once: {', '.join(named)}; take the other one away "
            "first, or give it to somebody else",
            detail_zh=f"三员分立：同一人不能同时担任{chinese}，请先取消其一，或另派他人",
        )


def _of_user(session: ScopedSession, user_id: str, at: datetime) -> list[RoleGrant]:
    own = select(RoleGrant).where(RoleGrant.user_id == user_id)
    lent = (
        select(RoleGrant)
        .join(Delegation, Delegation.grant_id == RoleGrant.id)
        .where(Delegation.delegate_id == user_id, Delegation.ended_at.is_(None))
        .where(Delegation.valid_to > at)
    )
    rows = [*session.scalars(own), *session.scalars(lent)]
    return [row for row in rows if row.valid_to is None or row.valid_to > at]


def _meets(row: RoleGrant, begins: datetime | None, ends: datetime | None) -> bool:
    before = begins is not None and row.valid_to is not None and row.valid_to <= begins
    after = ends is not None and row.valid_from is not None and row.valid_from >= ends
    return not (before or after)


def _check_not_held(session: ScopedSession, row: RoleGrant, now: datetime) -> None:
    same = (
        other
        for other in _of_user(session, row.user_id, now)
        if other.user_id == row.user_id
        and other.role == row.role
        and grants.place_of(other) == grants.place_of(row)
    )
    if any(_meets(other, row.valid_from, row.valid_to) for other in same):
        raise NotPossibleError(
            "The user has this role there already; take that one away first to give other days",
            detail_zh="该用户在此范围内已有该岗位；如需改期，请先取消原有授权",
        )


def _instants(days: Days, now: datetime) -> tuple[datetime | None, datetime | None]:
    """From the first day's beginning to the last day's end."""
    for day in (days.first, days.last):
        check_day(day)
    if days.first and days.last and days.last < days.first:
        raise InvalidInputError(
            "The last day lies before the first", detail_zh="结束日期早于开始日期"
        )
    if days.last and days.last < local_date(now):
        raise InvalidInputError("The last day is over", detail_zh="结束日期已过")
    ends = midnight(days.last + timedelta(days=1)) if days.last else None
    return midnight(days.first) if days.first else None, ends


def check_day(day: date | None) -> None:
    """Refuse a day that no calendar of an office has.

    Raises:
        InvalidInputError: it lies centuries away.
    """
    if day is not None and not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidInputError(
            f"A day lies between {FIRST_DAY} and {LAST_DAY}", detail_zh="日期超出范围"
        )


def midnight(day: date) -> datetime:
    """The beginning of a day in Shanghai."""
    return datetime.combine(day, time(), SHANGHAI)


# -- parts of the archive -----------------------------------------------------------------------


def _columns(session: ScopedSession, part: Part) -> dict[str, Any]:
    named = [part.line, part.district, part.case_no, part.customer_no]
    if sum(one is not None for one in named) > 1 or (
        part.unit is not None and (part.case_no or part.customer_no)
    ):
        raise InvalidInputError(
            "A role is given for one unit, line, district, case or customer; give it twice for two",
            detail_zh="一次授权只能指定一个单位、线路、台区、事项或客户",
        )
    unit_id = _unit(session, part.unit) if part.unit is not None else None
    if part.line is not None:
        return {"line_id": _one(session, Line, part.line, unit_id)}
    if part.district is not None:
        return {"district_id": _one(session, District, part.district, unit_id)}
    if part.customer_no is not None:
        return {"customer_no": _customer(session, part.customer_no)}
    if part.case_no is not None:
        return {"case_no": _case(part.case_no)}
    return {"unit_id": unit_id}


def _unit(session: ScopedSession, name: str) -> int:
    found = session.scalar(select(OrgUnit.id).where(OrgUnit.name == name))
    if found is None:
        raise InvalidInputError(
            "No unit of this name; the page /organisation lists them, and dossier import "
            "organisation brings in new ones",
            detail_zh="没有此单位：可在“组织机构”页面核对名称，"
            "或先用 dossier import organisation 导入",
        )
    return found


def _one(session: ScopedSession, table: Any, name: str, unit_id: int | None) -> int:
    query = select(table.id).where(table.name == name)
    if unit_id is not None:
        query = query.where(table.unit_id == unit_id)
    found = list(session.scalars(query.limit(2)))
    if not found:
        raise InvalidInputError(
            "No line or district of this name there; the page /organisation lists them by unit, "
            "and dossier import organisation brings in new ones",
            detail_zh="该单位没有此线路或台区：可在“组织机构”页面核对名称，"
            "或先用 dossier import organisation 导入",
        )
    if len(found) > 1:
        raise InvalidInputError(
            "Several lines or districts have this name; name the unit as well",
            detail_zh="有多个同名线路或台区，请同时指定单位",
        )
    return int(found[0])


def _customer(session: ScopedSession, number: str) -> str:
    found = session.scalar(select(Customer.customer_no).where(Customer.customer_no == number))
    if found is None:
        raise InvalidInputError(
            "No customer of this number; search for the customer by name or address, or import the "
            "register first (dossier import customers)",
            detail_zh="没有此户号：请按户名或地址检索核对，"
            "或先用 dossier import customers 导入客户台账",
        )
    return found


def _case(number: str) -> str:
    """A case may be granted before its first paper comes in."""
    case_no = number.strip()
    if not case_no or len(case_no) > LONGEST_CASE_NO:
        raise InvalidInputError(
            f"A case number has 1 to {LONGEST_CASE_NO} characters", detail_zh="事项编号不正确"
        )
    return case_no


class Names:
    """What units, lines and districts are called; one query for each kind."""

    _TABLES = {Held.UNIT: OrgUnit, Held.LINE: Line, Held.DISTRICT: District}

    def __init__(self, session: ScopedSession, parts: Sequence[tuple[Held, str]]) -> None:
        """Look them all up."""
        self._known: dict[tuple[Held, str], str] = {}
        for kind, table in self._TABLES.items():
            ids = {int(key) for named, key in parts if named is kind}
            if ids:
                rows = session.execute(select(table.id, table.name).where(table.id.in_(ids)))
                self._known |= {(kind, str(row.id)): row.name for row in rows}

    def of(self, kind: Held, key: str) -> str:
        """The name; numbers of cases and customers are their own."""
        return self._known.get((kind, key), key)


def _view(row: RoleGrant, user: str, names: Names, by: dict[str, str], now: datetime) -> GrantView:
    kind, key = grants.place_of(row)
    return GrantView(
        id=row.id,
        user=user,
        role=row.role,
        kind=kind.value,
        part=names.of(kind, key),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        state=state_of(row, now),
        granted_by=by.get(row.granted_by, row.granted_by),
        reason=row.reason,
    )
