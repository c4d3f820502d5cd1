"""People as who manages users sees them: accounts with names, posts, roles, standing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.exc import IntegrityError

from dossier import access
from dossier.access import demand_whole
from dossier.db.grants import in_force, place_of
from dossier.db.leaving import PLANNED
from dossier.db.organisation_tables import Post, StaffChange
from dossier.db.session import ScopedSession
from dossier.db.tables import AuditEvent, OrgUnit, RoleGrant, User
from dossier.errors import InvalidInputError, NotFoundError, NotPossibleError
from dossier.rules.dates import parse_date
from dossier.services import (
    accounts,
    audit,
    cursors,
    grants,
    passwords,
    posts,
    second_factor,
    throttle,
)
from dossier.services.context import Context
from dossier.services.door import by_name
from dossier.services.role_grants import ALWAYS, Names
from dossier.services.views import Listing
from dossier.viewer import Permission, Viewer

LISTING = "people"
ACTIVE, DISABLED, LOCKED, LEAVING = "active", "disabled", "locked", "leaving"
STATES: Final = (ACTIVE, LOCKED, LEAVING, DISABLED)
DESCRIBED = "user.described"
LONGEST_NAME = 80
LONGEST_STAFF_NO = 40


@dataclass(frozen=True, slots=True)
class PostView:
    """A post; ``is_now`` when it is held today."""

    id: str
    unit: str
    unit_id: int
    title: str
    is_side: bool
    valid_from: date
    valid_to: date | None
    is_now: bool


@dataclass(frozen=True, slots=True)
class GrantView:
    """A role with its time; ``unit`` is the part that it is held for, empty: the whole company."""

    role: str
    unit: str
    valid_from: datetime | None
    valid_to: datetime | None
    is_now: bool


@dataclass(frozen=True, slots=True)
class Person:
    """One person in the list."""

    id: str
    name: str
    display_name: str
    staff_no: str
    state: str
    leaves_on: date | None
    posts: tuple[PostView, ...]
    roles: tuple[GrantView, ...]


@dataclass(frozen=True, slots=True)
class PersonDetail:
    """One person's page; ``is_self``: who looks, and may change nothing here."""

    person: Person
    sessions: int
    tokens: int
    last_login: datetime | None
    has_password: bool
    has_second_factor: bool
    created_at: datetime
    is_self: bool


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """What of the people is asked for; empty parts do not limit."""

    q: str = ""
    unit_id: int | None = None
    role: str = ""
    state: str = ""


def list_people(
    context: Context,
    viewer: Viewer,
    asked: PeopleFilter,
    *,
    cursor: str | None = None,
    size: int = 50,
) -> Listing[Person]:
    """People by account name.

    Raises:
        ForbiddenError: the role does not manage users.
        InvalidInputError: no such state.
        QueryError: a broken cursor.
    """
    demand_whole(viewer, Permission.MANAGE_USERS)
    if asked.state and asked.state not in STATES:
        raise InvalidInputError(f"A state is one of {', '.join(STATES)}", detail_zh="没有此状态")
    after = cursors.unpack(context.keyring, LISTING, cursor) if cursor else None
    with context.reading(viewer) as session:
        total = session.scalar(_asked(context, session, select(func.count(User.id)), asked)) or 0
        query = _asked(context, session, select(User), asked).order_by(User.name)
        if after is not None:
            query = query.where(User.name > after)
        rows = session.scalars(query.limit(size + 1)).all()
        people = _people(context, session, rows[:size])
    more = len(rows) > size
    following = cursors.pack(context.keyring, LISTING, people[-1].name) if more else None
    return Listing(tuple(people), following, total)


def _asked(
    context: Context, session: ScopedSession, query: Select[Any], asked: PeopleFilter
) -> Select[Any]:
    if asked.q.strip():
        words = asked.q.strip()
        columns = (User.name, User.display_name, User.staff_no)
        query = query.where(or_(*(one.icontains(words, autoescape=True) for one in columns)))
    now = context.clock.now()
    if asked.role:
        query = query.where(User.id.in_(_granted(now).where(RoleGrant.role == asked.role)))
    if asked.unit_id is not None:
        units = sorted(access.subtree(session, [asked.unit_id]))
        today = posts.today(context)
        posted = select(Post.user_id).where(
            Post.unit_id.in_(units),
            Post.valid_from <= today,
            or_(Post.valid_to.is_(None), Post.valid_to >= today),
        )
        granted = _granted(now).where(RoleGrant.unit_id.in_(units))
        query = query.where(or_(User.id.in_(posted), User.id.in_(granted)))
    if asked.state:
        query = query.where(_in_state(context, session, asked.state))
    return query


def _granted(now: datetime) -> Select[Any]:
    return select(RoleGrant.user_id).where(
        or_(RoleGrant.valid_from.is_(None), RoleGrant.valid_from <= now),
        or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > now),
    )


def _in_state(context: Context, session: ScopedSession, state: str) -> ColumnElement[bool]:
    if state == LOCKED:
        names = session.scalars(select(User.name)).all()
        return User.name.in_(sorted(throttle.locked(context, session, names)))
    if state == LEAVING:
        leaving = select(StaffChange.user_id).where(
            StaffChange.state == PLANNED, StaffChange.kind == "leave"
        )
        return User.id.in_(leaving)
    return User.disabled.is_(state == DISABLED)


def _people(context: Context, session: ScopedSession, rows: Iterable[User]) -> list[Person]:
    rows = list(rows)
    ids = [row.id for row in rows]
    posts_of, roles_of = _posts(context, session, ids), _roles(context, session, ids)
    locked = throttle.locked(context, session, [row.name for row in rows])
    leaving = dict(
        session.execute(
            select(StaffChange.user_id, StaffChange.on).where(
                StaffChange.user_id.in_(ids),
                StaffChange.state == PLANNED,
                StaffChange.kind == "leave",
            )
        ).all()
    )
    return [
        Person(
            row.id,
            row.name,
            row.display_name,
            row.staff_no or "",
            _state(row, locked, leaving),
            leaving.get(row.id),
            tuple(posts_of.get(row.id, ())),
            tuple(roles_of.get(row.id, ())),
        )
        for row in rows
    ]


def _state(row: User, locked: set[str], leaving: Mapping[str, date]) -> str:
    if row.disabled:
        return DISABLED
    if row.name in locked:
        return LOCKED
    return LEAVING if row.id in leaving else ACTIVE


def _posts(
    context: Context, session: ScopedSession, ids: Iterable[str]
) -> dict[str, list[PostView]]:
    today = posts.today(context)
    query = (
        select(Post, OrgUnit.name)
        .join(OrgUnit, OrgUnit.id == Post.unit_id)
        .where(Post.user_id.in_(ids))
        .order_by(Post.valid_from.desc(), Post.id)
    )
    found: dict[str, list[PostView]] = {}
    for row, unit in session.execute(query):
        is_now = row.valid_from <= today and (row.valid_to is None or row.valid_to >= today)
        view = PostView(
            row.id,
            unit,
            row.unit_id,
            row.title,
            row.is_side,
            row.valid_from,
            row.valid_to,
            is_now,
        )
        found.setdefault(row.user_id, []).append(view)
    return found


def _roles(
    context: Context, session: ScopedSession, ids: Iterable[str]
) -> dict[str, list[GrantView]]:
    now = context.clock.now()
    query = select(RoleGrant).where(RoleGrant.user_id.in_(ids)).order_by(RoleGrant.id)
    rows = session.scalars(query).all()
    names = Names(session, [place_of(row) for row in rows])
    found: dict[str, list[GrantView]] = {}
    for row in rows:
        part = names.of(*place_of(row))
        view = GrantView(row.role, part, row.valid_from, row.valid_to, in_force(row, now))
        found.setdefault(row.user_id, []).append(view)
    return found


def person(context: Context, viewer: Viewer, name: str) -> PersonDetail:
    """One person by account name.

    Raises:
        ForbiddenError: the role does not manage users.
        NotFoundError: no such user.
    """
    demand_whole(viewer, Permission.MANAGE_USERS)
    with context.reading(viewer) as session:
        user = by_name(session, name)
        logins, keys = accounts.count_keys(context, session, user.id)
        last = session.scalar(
            select(func.max(AuditEvent.at)).where(
                AuditEvent.object_id == user.id, AuditEvent.action == "login"
            )
        )
        return PersonDetail(
            _people(context, session, [user])[0],
            logins,
            keys,
            last,
            bool(user.password_hash),
            second_factor.is_on(session, user.id),
            user.created_at,
            user.id == viewer.id,
        )


def add(
    context: Context,
    viewer: Viewer,
    *,
    name: str,
    role: str,
    unit_id: int | None = None,
    display_name: str = "",
    staff_no: str = "",
    password: str | None = None,
) -> None:
    """Make an account with a first role, its owner's name and number, in one transaction.

    Raises:
        ForbiddenError: the role does not manage users.
        InvalidInputError: no name, no such role or unit, or a password that is too short.
        NotPossibleError: the account's name or the staff number is taken.
    """
    demand_whole(viewer, Permission.MANAGE_USERS)
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInputError("Give the account a name", detail_zh="请填写账号")
    if password is not None:
        passwords.check(context, password, name=name)
    with context.writing(viewer) as session:
        if session.scalar(select(User.id).where(User.name == name)) is not None:
            raise NotPossibleError(
                "A user of this name exists; choose another name",
                detail_zh="用户名已存在，请换一个",
            )
        if unit_id is not None and session.get(OrgUnit, unit_id) is None:
            raise InvalidInputError("No such unit", detail_zh="没有此单位")
        made = passwords.hashed(password) if password else ""
        user = accounts.put_account(context, session, viewer, name, password_hash=made, role=role)
        put_words(context, session, viewer, user, display_name=display_name, staff_no=staff_no)
        grants.give(context, session, viewer, user, role=role, unit_id=unit_id, days=ALWAYS)


def day_of(text: str) -> date:
    """A day as people type it.

    Raises:
        InvalidInputError: it is none.
    """
    day = parse_date(text.strip())
    if day is None:
        raise InvalidInputError(
            "Give a day, like 2026-08-11", detail_zh="请填写日期，例如 2026-08-11"
        )
    return day


def no_deed() -> NotFoundError:
    """The refusal of something that cannot be done to an account."""
    return NotFoundError("There is nothing of this name to do", detail_zh="没有此操作")


def describe(
    context: Context,
    viewer: Viewer,
    name: str,
    *,
    display_name: str | None = None,
    staff_no: str | None = None,
) -> None:
    """Set the person's own name and staff number; None leaves as it is.

    Raises:
        ForbiddenError: the role does not manage users.
        NotFoundError: no such user.
        InvalidInputError: too long.
        NotPossibleError: somebody else has the staff number.
    """
    demand_whole(viewer, Permission.MANAGE_USERS)
    with context.writing(viewer) as session:
        user = by_name(session, name)
        put_words(context, session, viewer, user, display_name=display_name, staff_no=staff_no)


def put_words(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    user: User,
    *,
    display_name: str | None,
    staff_no: str | None,
) -> bool:
    """The same in the caller's transaction; False when it is so already."""
    wanted_name = user.display_name if display_name is None else " ".join(display_name.split())
    wanted_no = user.staff_no if staff_no is None else (staff_no.strip() or None)
    if (wanted_name, wanted_no) == (user.display_name, user.staff_no):
        return False
    if len(wanted_name) > LONGEST_NAME or len(wanted_no or "") > LONGEST_STAFF_NO:
        raise InvalidInputError("The name or number is too long", detail_zh="姓名或工号过长")
    holder = select(User.name).where(User.staff_no == wanted_no, User.id != user.id)
    taken = session.scalar(holder) if wanted_no else None
    if taken is not None:
        raise _taken(taken)
    user.display_name, user.staff_no = wanted_name, wanted_no
    try:
        session.flush()
    except IntegrityError as err:  # somebody took it this moment
        raise _taken("?") from err
    now = context.clock.now()
    audit.note(session, viewer, DESCRIBED, at=now, object_kind="user", object_id=user.id)
    return True


def _taken(name: str) -> NotPossibleError:
    return NotPossibleError(
        f"The account {name} has this staff number; look up which one is right",
        detail_zh=f"该工号已属于账号 {name}，请核对",
    )


__all__ = [
    "ACTIVE",
    "DISABLED",
    "LEAVING",
    "LOCKED",
    "STATES",
    "GrantView",
    "PeopleFilter",
    "Person",
    "PersonDetail",
    "PostView",
    "add",
    "day_of",
    "describe",
    "list_people",
    "no_deed",
    "person",
    "put_words",
]
