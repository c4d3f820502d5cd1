"""Roles lent for some days: by their holder, or by who manages users (domain.md §5).

What is lent is the grant itself, so it is never wider than what its holder may at that moment, and
it ends when the holder loses it. What was lent cannot be lent on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from dossier import access
from dossier.clock import local_date
from dossier.db import grants
from dossier.db.role_tables import Delegation
from dossier.db.session import ScopedSession
from dossier.db.tables import RoleGrant, User
from dossier.errors import ForbiddenError, InvalidInputError, NotFoundError, NotPossibleError
from dossier.services import audit, disclosure, role_grants
from dossier.services.context import Context
from dossier.services.door import by_name
from dossier.services.posts import lock
from dossier.services.role_grants import Names, midnight
from dossier.viewer import Permission, Viewer

MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class DelegationView:
    """A delegation as it is listed.

    Attributes:
        state: ``coming``, ``in_force``, ``over``, or ``asleep`` while its holder has not the role.
    """

    id: int
    role: str
    kind: str
    part: str
    holder: str
    delegate: str
    valid_from: datetime
    valid_to: datetime
    state: str
    made_by: str
    reason: str


def delegate(
    context: Context,
    viewer: Viewer,
    *,
    role: str,
    to: str,
    first: date,
    last: date,
    reason: str,
    holder: str | None = None,
) -> tuple[int, ...]:
    """Lend a role to somebody for some days; returns an id for each grant that is lent.

    Args:
        context: the wired product.
        viewer: who decides it.
        role: code of the role; all grants of it that hold on the first day are lent.
        to: account of who gets it.
        first: first day in Shanghai.
        last: last day.
        reason: why, for the record.
        holder: account of whose role it is, by who manages users; None: one's own.

    Raises:
        ForbiddenError: it is somebody else's role and the viewer does not manage users, or it is
            lent to the viewer himself.
        NotFoundError: no such user.
        InvalidInputError: dates that are reversed or past, no reason, or a role that the holder
            does not have then.
        NotPossibleError: a separated role, or one that the other has already.
    """
    days = _checked_days(context, first, last)
    why = role_grants.checked_reason(reason)
    if not why:
        raise InvalidInputError("Say why it is lent", detail_zh="请填写委托理由")
    with context.writing(viewer) as session:
        owner, other = _people(session, viewer, holder, to)
        lent = _grants_to_lend(context, session, owner, role, days)
        _check(context, session, owner, other, role, days)
        made = [_add(context, session, viewer, grant, other, days, why) for grant in lent]
        return tuple(row.id for row in made)


def end(context: Context, viewer: Viewer, delegation_id: int) -> None:
    """End a delegation before its day: by its holder, who has it, or who manages users.

    Raises:
        NotFoundError: none of this id that is not over, or it is none of the viewer's business.
    """
    now = context.clock.now()
    with context.writing(viewer) as session:
        row = session.get(Delegation, delegation_id)
        over = row is None or row.ended_at is not None or row.valid_to <= now
        if row is None or over or not _concerns(session, viewer, row):
            raise NotFoundError("No such delegation", detail_zh="没有此项委托")
        row.ended_at, row.ended_by = now, viewer.id
        disclosure.end_of_user(context, session, viewer, row.delegate_id)
        grant = session.get_one(RoleGrant, row.grant_id)
        role_grants.note_role(context, session, viewer, "role.given_back", row.delegate_id, grant)


def list_delegations(
    context: Context, viewer: Viewer, user: str | None = None
) -> tuple[DelegationView, ...]:
    """Delegations from and to a user that are not over, the newest first; None: everybody's.

    Raises:
        ForbiddenError: others' rights, and the viewer may not see them.
        NotFoundError: no such user.
    """
    now = context.clock.now()
    query = (
        select(Delegation, RoleGrant)
        .join(RoleGrant, RoleGrant.id == Delegation.grant_id)
        .where(Delegation.valid_to > now, Delegation.ended_at.is_(None))
        .order_by(Delegation.id.desc())
        .limit(MOST_LISTED)
    )
    with context.reading(viewer) as session:
        if user is None:
            access.demand(viewer, Permission.SEE_RIGHTS)
        else:
            account = role_grants.person(session, viewer, user)
            mine = or_(Delegation.delegate_id == account.id, RoleGrant.user_id == account.id)
            query = query.where(mine)
        rows = [(row[0], row[1]) for row in session.execute(query)]
        return _views(session, rows, now)


# -- parts --------------------------------------------------------------------------------------

_Days = tuple[datetime, datetime]


def _checked_days(context: Context, first: date, last: date) -> _Days:
    for day in (first, last):
        role_grants.check_day(day)
    if last < first:
        raise InvalidInputError(
            "The last day lies before the first", detail_zh="结束日期早于开始日期"
        )
    now = context.clock.now()
    if first < local_date(now):
        raise InvalidInputError(
            "A delegation begins today or later, not in the past", detail_zh="委托不能从过去开始"
        )
    return max(midnight(first), now), midnight(last + timedelta(days=1))


def _people(
    session: ScopedSession, viewer: Viewer, holder: str | None, to: str
) -> tuple[User, User]:
    owner = by_name(session, viewer.name if holder is None else holder)
    other = by_name(session, to)
    if owner.id != viewer.id:
        access.demand(viewer, Permission.MANAGE_USERS)
        if other.id == viewer.id:
            raise ForbiddenError(
                "Nobody gives roles to himself", detail_zh="不能将他人的岗位委托给本人"
            )
    if owner.id == other.id:
        raise InvalidInputError("It is lent to somebody else", detail_zh="不能委托给本人")
    if other.disabled:
        raise InvalidInputError("The other account is disabled", detail_zh="受托账号已停用")
    return owner, other


def _grants_to_lend(
    context: Context, session: ScopedSession, owner: User, role: str, days: _Days
) -> list[RoleGrant]:
    """The holder's own grants of the role; what was lent to the holder is none of them."""
    role_grants.check_role(context.roles.words, role)
    query = select(RoleGrant).where(RoleGrant.user_id == owner.id, RoleGrant.role == role)
    found = [row for row in session.scalars(query) if grants.in_force(row, days[0])]
    if not found:
        raise InvalidInputError(
            "Only a role that one holds oneself on the first day can be lent",
            detail_zh="只能委托本人在开始之日持有的岗位；受托的岗位不能再委托",
        )
    return found


def _check(
    context: Context,
    session: ScopedSession,
    owner: User,
    other: User,
    role: str,
    days: _Days,
) -> None:
    words = context.roles.words
    if words.roles[role].is_separated:
        raise NotPossibleError(
            "The separated roles are given to a person and not lent",
            detail_zh="系统管理员、安全保密员、审计员须专人担任，不能委托",
        )
    now = context.clock.now()
    lock(session, other)
    role_grants.check_separated(words, session, other.id, role, *days, at=now)
    same = (
        select(Delegation.id)
        .join(RoleGrant, RoleGrant.id == Delegation.grant_id)
        .where(RoleGrant.user_id == owner.id, RoleGrant.role == role)
        .where(Delegation.delegate_id == other.id, Delegation.ended_at.is_(None))
        .where(Delegation.valid_from < days[1], Delegation.valid_to > days[0])
    )
    if session.scalar(same.limit(1)) is not None:
        raise NotPossibleError(
            "It is lent for these days already", detail_zh="这些日期已有此项委托"
        )


def _add(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    grant: RoleGrant,
    other: User,
    days: _Days,
    reason: str,
) -> Delegation:
    row = Delegation(
        grant_id=grant.id,
        delegate_id=other.id,
        valid_from=days[0],
        valid_to=days[1],
        reason=reason,
        made_by=viewer.id,
        made_at=context.clock.now(),
    )
    session.add(row)
    session.flush()
    facts = {"role": grant.role, "grant": grant.id, "delegation": row.id, "holder": grant.user_id}
    audit.note(
        session,
        replace(viewer, purpose=reason),
        "role.lent",
        at=row.made_at,
        object_kind="user",
        object_id=other.id,
        facts=facts,
    )
    return row


def _concerns(session: ScopedSession, viewer: Viewer, row: Delegation) -> bool:
    holder = session.get_one(RoleGrant, row.grant_id).user_id
    return viewer.id in (holder, row.delegate_id) or viewer.may(Permission.MANAGE_USERS)


def _views(
    session: ScopedSession, rows: Sequence[tuple[Delegation, RoleGrant]], now: datetime
) -> tuple[DelegationView, ...]:
    names = Names(session, [grants.place_of(grant) for _, grant in rows])
    ids = {one for row, grant in rows for one in (row.delegate_id, row.made_by, grant.user_id)}
    people = role_grants.account_names(session, ids)
    disabled = set(session.scalars(select(User.id).where(User.disabled, User.id.in_(ids))))
    return tuple(
        _view(row, grant, names, people, _state(row, grant, disabled, now)) for row, grant in rows
    )


def _state(row: Delegation, grant: RoleGrant, disabled: set[str], now: datetime) -> str:
    if grant.user_id in disabled or not grants.in_force(grant, max(now, row.valid_from)):
        return "asleep"
    return "in_force" if row.valid_from <= now else "coming"


def _view(
    row: Delegation, grant: RoleGrant, names: Names, people: dict[str, str], state: str
) -> DelegationView:
    kind, key = grants.place_of(grant)
    return DelegationView(
        id=row.id,
        role=grant.role,
        kind=kind.value,
        part=names.of(kind, key),
        holder=people[grant.user_id],
        delegate=people[row.delegate_id],
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        state=state,
        made_by=people.get(row.made_by, row.made_by),
        reason=row.reason,
    )
