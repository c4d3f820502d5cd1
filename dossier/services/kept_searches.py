"""Searches that people keep: those that they saved under a name, and their last ones.

They are a person's own and nobody else's. What was typed may be somebody's name or number, so it is
encrypted at rest, and the audit says only that a search was saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import delete, select

from dossier import access
from dossier.db.session import ScopedSession
from dossier.db.tables import KeptSearch
from dossier.errors import InvalidInputError, NotFoundError, NotPossibleError
from dossier.rules import identifiers
from dossier.rules.normal_form import fold
from dossier.services import audit
from dossier.services.context import Context
from dossier.services.key_stores import search_key
from dossier.services.views import SuggestionView
from dossier.viewer import Permission, Viewer

SAVED, RECENT = "saved", "recent"
MOST_SAVED, MOST_RECENT = 50, 20
"""Of one person: what is still read at a glance, and about an hour's work at a counter."""
LONGEST_NAME, LONGEST_QUERY = 60, 400


@dataclass(frozen=True, slots=True)
class SearchKept:
    """A kept search, in clear for its owner; ``name`` is empty for a recent one."""

    id: str
    name: str
    q: str
    filters: Mapping[str, tuple[str, ...]]
    at: datetime = field(compare=False)


def listed(context: Context, viewer: Viewer, kind: str = SAVED) -> tuple[SearchKept, ...]:
    """The viewer's own, the newest first.

    Raises:
        ForbiddenError: the role may not search.
    """
    viewer = access.demand(viewer, Permission.SEARCH)
    with context.reading(viewer) as session:
        return tuple(_shown(context, row) for row in _own(session, viewer, kind))


def save(
    context: Context, viewer: Viewer, *, name: str, q: str, filters: Mapping[str, tuple[str, ...]]
) -> SearchKept:
    """Keep a search under a name; saved again, it gets the new name.

    Raises:
        ForbiddenError: the role may not search.
        InvalidInputError: no name, nothing to search for, or one of them too long.
        NotPossibleError: as many as one person may keep are kept already.
    """
    viewer = access.demand(viewer, Permission.SEARCH)
    name, q = " ".join(name.split()), " ".join(q.split())
    _check(name, q, filters)
    with context.writing(viewer) as session:
        row = _put(context, session, viewer, SAVED, name=name, q=q, filters=filters)
        if len(_own(session, viewer, SAVED)) > MOST_SAVED:
            raise NotPossibleError(
                f"At most {MOST_SAVED} searches can be saved; delete one first",
                detail_zh=f"最多保存 {MOST_SAVED} 个检索，请先删除不用的",
            )
        audit.note(
            session, viewer, "search.saved", at=row.at, object_kind="search", object_id=row.id
        )
        return _shown(context, row)


def remember(
    context: Context, viewer: Viewer, *, q: str, filters: Mapping[str, tuple[str, ...]]
) -> None:
    """Note one of the last searches; the oldest beyond the limit go.

    Not for who sees masked: the names that callers give would come back in clear all day. And not
    with a whole identity number, account or phone in it: whoever passes the screen would read it.
    """
    q = " ".join(q.split())
    if not q or len(q) > LONGEST_QUERY or not viewer.sees_clear:
        return
    if any(identifiers.find_numbers(fold(q))):
        return
    with context.writing(viewer) as session:
        _put(context, session, viewer, RECENT, name="", q=q, filters=filters)
        for old in _own(session, viewer, RECENT)[MOST_RECENT:]:
            session.delete(old)


def forget(context: Context, viewer: Viewer, kept_id: str) -> None:
    """Delete one of the viewer's own.

    Raises:
        ForbiddenError: the role may not search.
        NotFoundError: the viewer has none of this id.
    """
    viewer = access.demand(viewer, Permission.SEARCH)
    with context.writing(viewer) as session:
        row = session.get(KeptSearch, kept_id)
        if row is None or row.user_id != viewer.id:
            raise NotFoundError("No such saved search", detail_zh="没有此检索")
        session.delete(row)


def forget_recent(context: Context, viewer: Viewer) -> None:
    """Delete all of the viewer's last searches: a counter's machine is shared."""
    viewer = access.demand(viewer, Permission.SEARCH)
    with context.writing(viewer) as session:
        session.execute(
            delete(KeptSearch)
            .where(KeptSearch.user_id == viewer.id, KeptSearch.kind == RECENT)
            .execution_options(synchronize_session=False)
        )


def beginning_with(
    context: Context, session: ScopedSession, viewer: Viewer, typed: str, *, size: int
) -> tuple[SuggestionView, ...]:
    """Own searches to offer while one types: saved by name or words, then recent by words.

    Each with its filters: its words alone are another search.
    """
    wanted = fold(typed)
    offered: dict[str, SuggestionView] = {}
    for row in _own(session, viewer, SAVED, RECENT):
        each = _shown(context, row)
        fits = any(text and fold(text).startswith(wanted) for text in (each.name, each.q))
        if fits and (each.q != typed or each.filters):
            offer = SuggestionView(row.kind, each.q, each.name or each.q, "", each.filters)
            offered.setdefault(row.key, offer)
    return tuple(offered.values())[:size]


def _check(name: str, q: str, filters: Mapping[str, tuple[str, ...]]) -> None:
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInputError(
            f"Give the search a name of 1 to {LONGEST_NAME} characters",
            detail_zh=f"请填写检索名称（1 到 {LONGEST_NAME} 个字）",
        )
    if len(q) > LONGEST_QUERY or not (q or any(filters.values())):
        raise InvalidInputError(
            f"There is nothing to save: type up to {LONGEST_QUERY} characters or choose a filter",
            detail_zh=f"没有可保存的内容：请输入关键词（至多 {LONGEST_QUERY} 字）或选择筛选条件",
        )


def _put(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    kind: str,
    *,
    name: str,
    q: str,
    filters: Mapping[str, tuple[str, ...]],
) -> KeptSearch:
    chosen = {facet: sorted(values) for facet, values in sorted(filters.items()) if values}
    key = search_key(context.keyring, q, chosen)
    row = session.scalar(
        select(KeptSearch).where(
            KeptSearch.user_id == viewer.id, KeptSearch.kind == kind, KeptSearch.key == key
        )
    )
    if row is None:
        row = KeptSearch(user_id=viewer.id, kind=kind, key=key)
        session.add(row)
    row.body = context.keyring.encrypt(orjson.dumps([name, q, chosen]).decode())
    row.at = context.clock.now()
    session.flush()
    return row


def _own(session: ScopedSession, viewer: Viewer, *kinds: str) -> list[KeptSearch]:
    """The viewer's own of these kinds: saved ones first, of each kind the newest first."""
    query = select(KeptSearch).where(KeptSearch.user_id == viewer.id, KeptSearch.kind.in_(kinds))
    order = (KeptSearch.kind.desc(), KeptSearch.at.desc(), KeptSearch.id.desc())
    return list(session.scalars(query.order_by(*order)))


def _shown(context: Context, row: KeptSearch) -> SearchKept:
    name, q, filters = orjson.loads(context.keyring.decrypt(row.body))
    return SearchKept(row.id, name, q, {k: tuple(v) for k, v in filters.items()}, row.at)
