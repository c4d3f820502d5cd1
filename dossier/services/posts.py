"""Posts (岗位): which work somebody does in which unit, by days (domain.md S3-13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import or_, select

from dossier.access import demand_whole
from dossier.clock import local_date
from dossier.db.organisation_tables import Post
from dossier.db.session import ScopedSession
from dossier.db.tables import OrgUnit, User
from dossier.errors import ForbiddenError, InvalidInputError, NotFoundError, NotPossibleError
from dossier.services import audit
from dossier.services.context import Context
from dossier.services.door import by_name
from dossier.viewer import Permission, Viewer

ADDED, ENDED = "post.added", "post.ended"
LONGEST_TITLE = 60


@dataclass(frozen=True, slots=True)
class PostWish:
    """A post to be given; ``valid_to`` is its last day, none: open.

    ``is_side``: held beside a main post (兼岗); main posts of one person do not overlap.
    """

    unit_id: int
    title: str
    valid_from: date
    valid_to: date | None = None
    is_side: bool = False


def add_post(context: Context, viewer: Viewer, name: str, wish: PostWish) -> None:
    """Give somebody a post.

    Raises:
        ForbiddenError: the role does not manage users, or it is oneself.
        NotFoundError: no such user.
        InvalidInputError: no such unit then, or the days are wrong.
        NotPossibleError: it overlaps another post.
    """
    demand_whole(viewer, Permission.MANAGE_USERS)
    with context.writing(viewer) as session:
        user = by_name(session, name)
        refuse_self(viewer, user)
        lock(session, user)
        put(context, session, viewer, user, wish)


def refuse_self(viewer: Viewer, user: User) -> None:
    """Nobody changes the own posts, roles or standing.

    Raises:
        ForbiddenError: it is oneself.
    """
    if user.id == viewer.id:
        raise ForbiddenError(
            "Nobody does this for oneself; another administrator does it",
            detail_zh="不能为本人办理，请由其他管理员办理",
        )


def lock(session: ScopedSession, user: User) -> None:
    """Let changes of one person wait for each other, so that two posts cannot overlap together."""
    # not FOR UPDATE: others' new rows may name the person meanwhile, which is no change of him
    session.execute(select(User.id).where(User.id == user.id).with_for_update(key_share=True))


def put(
    context: Context, session: ScopedSession, viewer: Viewer, user: User, wish: PostWish
) -> bool:
    """Give a post in the caller's transaction, or set the end of one that began on the same day.

    Returns:
        False when it is so already.

    Raises:
        InvalidInputError: no such unit then, no title, or the days are wrong.
        NotPossibleError: it overlaps another post.
    """
    title = " ".join(wish.title.split())
    _check(session, wish, title)
    mine = list(session.scalars(select(Post).where(Post.user_id == user.id)))
    row = next((one for one in mine if _is_same(one, wish, title)), None)
    if row is not None and (row.valid_to, row.is_side) == (wish.valid_to, wish.is_side):
        return False
    for other in mine:
        if other is not row and _overlaps(other, wish):
            _refuse_overlap(session, other, wish, title)
    if row is None:
        row = Post(user_id=user.id, unit_id=wish.unit_id, title=title, valid_from=wish.valid_from)
        session.add(row)
    row.valid_to, row.is_side = wish.valid_to, wish.is_side
    session.flush()
    facts = {"unit": wish.unit_id, "from": wish.valid_from.isoformat()}
    _note(context, session, viewer, ADDED, user.id, facts)
    return True


def _is_same(row: Post, wish: PostWish, title: str) -> bool:
    return (row.unit_id, row.title, row.valid_from) == (wish.unit_id, title, wish.valid_from)


def _check(session: ScopedSession, wish: PostWish, title: str) -> None:
    if not title or len(title) > LONGEST_TITLE:
        raise InvalidInputError(
            f"Name the post, at most {LONGEST_TITLE} characters",
            detail_zh=f"请填写岗位名称（最多 {LONGEST_TITLE} 字）",
        )
    if wish.valid_to is not None and wish.valid_to < wish.valid_from:
        raise InvalidInputError(
            "The post would end before it begins", detail_zh="岗位的截止日期早于起始日期"
        )
    unit = session.get(OrgUnit, wish.unit_id)
    if unit is None:
        raise InvalidInputError("No such unit", detail_zh="没有此单位")
    too_early = unit.valid_from is not None and wish.valid_from < unit.valid_from
    closed = unit.valid_to is not None and (wish.valid_to is None or wish.valid_to > unit.valid_to)
    if too_early or closed:
        raise InvalidInputError(
            f"{unit.name} does not exist all that time; choose another unit or other days",
            detail_zh=f"{unit.name} 在此期间未设立或已撤销，请另选单位或日期",
        )


def _overlaps(row: Post, wish: PostWish) -> bool:
    begins_before = wish.valid_to is None or row.valid_from <= wish.valid_to
    ends_after = row.valid_to is None or wish.valid_from <= row.valid_to
    return begins_before and ends_after


def _refuse_overlap(session: ScopedSession, other: Post, wish: PostWish, title: str) -> None:
    both_main = not other.is_side and not wish.is_side
    if not both_main and (other.unit_id, other.title) != (wish.unit_id, title):
        return
    unit = session.get_one(OrgUnit, other.unit_id)
    days = f"{other.valid_from} – {other.valid_to or '…'}"
    raise NotPossibleError(
        f"It overlaps the post {other.title} at {unit.name} ({days}); end that one first, "
        "or make one of them a side post",
        detail_zh=f"与{unit.name}“{other.title}”岗位（{days}）重叠，请先结束该岗位，或设为兼岗",
    )


def end_post(context: Context, viewer: Viewer, name: str, post_id: str, *, last_day: date) -> None:
    """Let a post end with a day.

    Raises:
        ForbiddenError: the role does not manage users, or it is oneself.
        NotFoundError: no such user or post.
        InvalidInputError: the day is before its first one.
    """
    demand_whole(viewer, Permission.MANAGE_USERS)
    with context.writing(viewer) as session:
        user = by_name(session, name)
        refuse_self(viewer, user)
        row = session.get(Post, post_id)
        if row is None or row.user_id != user.id:
            raise NotFoundError("No such post", detail_zh="没有此岗位")
        if last_day < row.valid_from:
            raise InvalidInputError(
                "The post would end before it begins", detail_zh="岗位的截止日期早于起始日期"
            )
        row.valid_to = last_day
        _note(context, session, viewer, ENDED, user.id, {"posts": 1})


def end_all(
    context: Context, session: ScopedSession, viewer: Viewer, *, user_id: str, on: date
) -> int:
    """End all posts with the day before ``on``; those that would begin later never do."""
    rows = list(held(session, user_id, on=on))
    for row in rows:
        if row.valid_from >= on:
            session.delete(row)
        else:
            row.valid_to = on - timedelta(days=1)
    session.flush()
    if rows:
        _note(context, session, viewer, ENDED, user_id, {"posts": len(rows)})
    return len(rows)


def held(session: ScopedSession, user_id: str, *, on: date) -> Iterable[Post]:
    """Posts that somebody holds on a day or is to hold later."""
    lasting = or_(Post.valid_to.is_(None), Post.valid_to >= on)
    query = select(Post).where(Post.user_id == user_id, lasting)
    return session.scalars(query.order_by(Post.valid_from, Post.id))


def unit_of(session: ScopedSession, user_id: str, *, on: date) -> int | None:
    """The unit of the main post that somebody holds on a day."""
    lasting = or_(Post.valid_to.is_(None), Post.valid_to >= on)
    query = select(Post.unit_id).where(
        Post.user_id == user_id, Post.is_side.is_(False), Post.valid_from <= on, lasting
    )
    return session.scalar(query.limit(1))


def _note(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    action: str,
    user_id: str,
    facts: Mapping[str, object],
) -> None:
    now = context.clock.now()
    audit.note(session, viewer, action, at=now, object_kind="user", object_id=user_id, facts=facts)


def today(context: Context) -> date:
    """The calendar day in Shanghai."""
    return local_date(context.clock.now())
