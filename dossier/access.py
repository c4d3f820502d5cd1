"""Authorisation: one place that says yes or no, and the only maker of scoped index queries.

Deny by default: what the matrix in force (rulebook/roles.yaml) does not say is not allowed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import select

from dossier.clock import local_date
from dossier.db import approvals, grants, loans
from dossier.db.approval_tables import ApprovalRequest
from dossier.db.grants import HeldRole
from dossier.db.loan_tables import Loan
from dossier.db.loans import Lent
from dossier.db.session import ScopedSession
from dossier.db.tables import Document, OrgUnit, User
from dossier.errors import ApprovalNeededError, ForbiddenError
from dossier.rules import lending
from dossier.rules.approvals import Thing
from dossier.rules.role_matrix import Held, Matrices, Matrix, ScopeWord
from dossier.search import port
from dossier.search.places import NamedPlace
from dossier.search.port import ScopedQuery, SearchRight
from dossier.search.query import Query
from dossier.viewer import (
    EVERYTHING,
    KNOWS_RECORDS,
    NOTHING,
    Ask,
    Permission,
    Place,
    Reach,
    Scope,
    Sight,
    Viewer,
    united,
)

OWNED = "owned"
"""Index token of every row that belongs to a customer."""
POOL = "pool"
"""Index token of documents that belong to nobody yet and to no unit either."""
VIEWERS_KEPT = 256
"""Sets of grants whose search rights are kept: each paper of an answer asks for them."""


def demand(viewer: Viewer, permission: Permission) -> Viewer:
    """Let pass or refuse; gives the viewer as far as this permission reaches.

    What a use case reads and writes from here on, it does as that viewer: of somebody who is an
    archivist of one station and an agent of another, exports reach the first station only.

    Raises:
        ApprovalNeededError: the role has it after somebody else approved (domain.md §5).
        ForbiddenError: the role does not have the permission.
    """
    if not viewer.may(permission):
        if action := viewer.asks_for(permission):
            raise ApprovalNeededError(action)
        needs, limited_zh = f"needs the permission {permission.value}", ""
        if viewer.is_limited:
            needs += "; this token is limited: make one whose scope has it, if the role allows it"
            limited_zh = "此令牌的允许操作不含此项；岗位允许时请另建令牌"
        raise ForbiddenError(needs, detail_zh=limited_zh, permission=permission.value)
    return viewer.under(permission)


def demand_whole(viewer: Viewer, permission: Permission) -> Viewer:
    """Let pass who holds the permission for the whole company: people and units are not shared out.

    Raises:
        ForbiddenError: the role lacks it, or is held for a part of the company only.
    """
    viewer = demand(viewer, permission)
    if not viewer.scope.everything:
        raise ForbiddenError(
            "This needs a role for the whole company", detail_zh="需要全公司范围的岗位权限"
        )
    return viewer


def demand_at(viewer: Viewer, permission: Permission, place: Place) -> Viewer:
    """The same for one object that the viewer knows of.

    Raises:
        ForbiddenError: no grant that reaches the object gives the permission.
    """
    return demand(viewer.at(place), permission)


def demand_unlimited(viewer: Viewer) -> None:
    """Let pass who comes with all of the own rights: logged in, or by a token without limits.

    Raises:
        ForbiddenError: by a limited token.
    """
    if viewer.is_limited:
        raise ForbiddenError(
            "A limited token cannot do this; log in",
            detail_zh="受限令牌不能进行此操作，请登录后操作",
        )


def deciders(
    viewer: Viewer,
    roles: Collection[str],
    *,
    parties: Collection[str],
    by: Permission = Permission.APPROVE,
) -> tuple[Reach, ...]:
    """The grants by which a viewer may decide on a request: none on one's own (domain.md §5).

    Args:
        viewer: who decides.
        roles: codes of the roles that approve it, by the rule file.
        parties: ids of who asks and of who gets it; what one of them lent does not count.
        by: the permission to decide.
    """
    if viewer.id in parties or not viewer.may(by):
        return ()
    return tuple(
        one
        for one in viewer.reaches
        if by in one.permissions and one.role in roles and one.delegated_by not in parties
    )


def approved_list(
    session: ScopedSession,
    viewer: Viewer,
    permission: Permission,
    *,
    action: str,
    thing: str,
    at: datetime,
) -> ApprovalRequest | None:
    """What somebody approved of a list that this viewer asked for; None: nothing that holds now.

    The same words find other rows at another station, so it holds while the viewer reaches no
    further than when it was asked for.

    Args:
        session: one that sees all.
        viewer: who wants it.
        permission: what the list is made by.
        action: its code.
        thing: the list's keyed hash.
        at: now.

    Returns:
        The approval; its ``facts`` say what was known of the list: its ``rows`` and ``scope``.
    """
    found = approved_now(session, viewer.id, at=at, kinds=(Thing.LIST,))
    fitting = (one for one in found if one.action == action and one.thing == thing)
    reach = viewer.extent(permission)
    return next((one for one in fitting if reach <= Scope.of_plain(one.facts["scope"])), None)


def approved_now(
    session: ScopedSession,
    user_id: str,
    *,
    at: datetime,
    kinds: Collection[Thing],
) -> list[ApprovalRequest]:
    """What others approved for a user and what opens something now.

    It rests while the role by which it was approved does not reach it: after the customer moved
    away, nobody is answerable for it who could end it.

    Args:
        session: one that sees all.
        user_id: for whom.
        at: now.
        kinds: of things.
    """
    return [row for row, _ in _opening_now(session, user_id, at, kinds)]


def _opening_now(
    session: ScopedSession, user_id: str, at: datetime, kinds: Collection[Thing]
) -> Iterator[tuple[ApprovalRequest, Place | None]]:
    """The approvals, each with where its thing lies; a list lies nowhere."""
    units = _Units(session)
    for row, by in approvals.in_force(session, user_id, at=at, kinds=kinds):
        within = _scope(session, by, units)
        if row.kind == Thing.LIST:
            if Scope.of_plain(row.facts["scope"]) <= within:
                yield row, None
            continue
        place = approvals.place_now(session, row)
        if place is not None and (within.everything or within.covers(place)):
            yield row, place


# -- who a user is now --------------------------------------------------------------------------


class Account(NamedTuple):
    """Of a user what a viewer is made from."""

    id: str
    name: str


def viewer_for(
    session: ScopedSession,
    user: User | Account,
    matrices: Matrices,
    *,
    at: datetime,
    remote: str = "",
) -> Viewer:
    """The viewer that a user is at this moment, by the matrix in force on the day.

    Grants and delegations in force, units with all below them. Read at each request, so that a
    role taken away counts from the next one.
    """
    held, day = grants.held_by(session, user.id, at=at), local_date(at)
    reaches: tuple[Reach, ...] = ()
    asks: tuple[Ask, ...] = ()
    if (matrix := matrices.on(day)) is not None:
        units = _Units(session)
        reaches = tuple(_reaches(session, held, matrix, day, units))
        asks = tuple(_asks(session, held, matrix, day, units))
    own = reaches
    if asks:
        reaches += tuple(_approved(session, user.id, asks, at))
    may_borrow = any(Permission.BORROW in one.permissions for one in own)
    if may_borrow and any(one.has_loans for one in held):
        reaches += tuple(_lent(session, user.id, own, at, units))
    return Viewer(
        id=user.id,
        name=user.name,
        role=held[0].role if held else "none",
        permissions=frozenset({Permission.SIGNED_IN}).union(*(one.permissions for one in reaches)),
        scope=united(
            one.scope for one in reaches if len(reaches) == 1 or one.permissions & KNOWS_RECORDS
        ),
        remote=remote,
        reaches=reaches or (Reach(frozenset({Permission.SIGNED_IN}), NOTHING),),
        asks=asks,
    )


def _reaches(
    session: ScopedSession, held: Sequence[HeldRole], matrix: Matrix, day: date, units: _Units
) -> Iterator[Reach]:
    for one in held:
        given = [way for way in matrix.given(one.role, day) if way[0].counts_for(one.kind)]
        if given:
            permissions = frozenset({Permission.SIGNED_IN}).union(*(gives for _, gives in given))
            scope = _scope(session, one, units)
            yield Reach(permissions, scope, one.role, one.delegated_by, one.grant_id)


def _asks(
    session: ScopedSession, held: Sequence[HeldRole], matrix: Matrix, day: date, units: _Units
) -> Iterator[Ask]:
    """What these roles may after an approval; ``everything`` goes beyond the grant."""
    for one in held:
        for way, code in matrix.on_request(one.role, day):
            opened = matrix.words.actions[code].by_approval
            if opened and way.counts_for(one.kind):
                beyond = way.scope is ScopeWord.EVERYTHING
                yield Ask(code, opened, EVERYTHING if beyond else _scope(session, one, units))


def _approved(
    session: ScopedSession, user_id: str, asks: Sequence[Ask], at: datetime
) -> Iterator[Reach]:
    """What others approved and what holds now: one thing each, and never more than a role asks."""
    for row, place in _opening_now(session, user_id, at, (Thing.CUSTOMER, Thing.DOCUMENT)):
        fitting = [ask for ask in asks if ask.action == row.action]
        if place and any(ask.within.covers(place) for ask in fitting):
            opened = frozenset({Permission.SIGNED_IN}).union(*(ask.permissions for ask in fitting))
            yield Reach(opened, approvals.scope_of(row.kind, row.thing), approval_id=row.id)


READING = frozenset({Permission.SIGNED_IN, Permission.READ_CUSTOMER, Permission.READ_CONTENT})


def opened_by(loan: Loan, *, approved: bool) -> frozenset[Permission]:
    """What an electronic loan opens of what it names; without an approval masked pages only."""
    if not approved:
        return READING
    granted = (
        (loan.clear, Permission.SEE_CLEAR),
        (loan.may_print, Permission.PRINT),
        (loan.may_download, Permission.READ_ORIGINAL),
    )
    return READING.union(permission for is_granted, permission in granted if is_granted)


def in_ones_area(own: Sequence[Reach], lent: Lent) -> bool:
    """Whether masked pages of a paper need no approval, by the roles of who borrows (§6.2)."""
    there = frozenset[Permission]().union(
        *(one.permissions for one in own if one.covers(lent.place))
    )
    if Permission.READ_CONTENT in there:
        return True
    known = {Permission.BORROW, Permission.READ_CUSTOMER} <= there
    return known and lent.category in lending.load().at_once


def _lent(
    session: ScopedSession, user_id: str, own: Sequence[Reach], at: datetime, units: _Units
) -> Iterator[Reach]:
    """What was lent and runs now: at its minute it is over, whatever was written down.

    A loan rests while the role by which it was approved does not reach the paper; one that nobody
    had to approve, while the borrower's own roles do not.
    """
    for loan, papers in loans.running(session, user_id, at=at):
        if loan.decided_by is None:
            open_now = [one for one in papers if in_ones_area(own, one)]
        else:
            within = _decider_scope(session, loan, at, units)
            open_now = [one for one in papers if within.covers(one.place)]
        if open_now:
            number = loans.number_of(loan.number)
            scope = loans.scope_of(open_now)
            yield Reach(
                opened_by(loan, approved=bool(loan.decided_by)),
                scope,
                loan=number,
                purpose=loan.purpose,
                until=loan.ends_at,
            )


def _decider_scope(session: ScopedSession, loan: Loan, at: datetime, units: _Units) -> Scope:
    held = grants.held_by(session, loan.decided_by or "", at=at)
    by = next((one for one in held if one.grant_id == loan.decided_as), None)
    return NOTHING if by is None else _scope(session, by, units)


class _Units:
    """The tree of units, read once for all grants of a request and only if one needs it."""

    def __init__(self, session: ScopedSession) -> None:
        self._session = session
        self._children: Mapping[int | None, list[int]] | None = None

    def below(self, root: int) -> frozenset[int]:
        if self._children is None:
            self._children = _children(self._session)
        return _walk(self._children, [root])


def _scope(session: ScopedSession, held: HeldRole, units: _Units) -> Scope:
    match held.kind:
        case Held.COMPANY:
            return EVERYTHING
        case Held.UNIT:
            return Scope(units=units.below(int(held.key)))
        case Held.LINE:
            return Scope(lines=frozenset({int(held.key)}))
        case Held.DISTRICT:
            return Scope(districts=frozenset({int(held.key)}))
        case Held.CASE:
            return Scope(cases=frozenset({held.key}), records=_of_case(session, held.key))
        case Held.CUSTOMER:
            return Scope(customers=frozenset({held.key}))


def _of_case(session: ScopedSession, case_no: str) -> frozenset[str]:
    """Whose papers a case has now; their lines in the register come with it."""
    owners = select(Document.customer_no).where(Document.case_no == case_no).distinct()
    return frozenset(number for number in session.scalars(owners) if number is not None)


def subtree(session: ScopedSession, roots: Iterable[int]) -> frozenset[int]:
    """The units below and including ``roots``; a cycle in the tree ends the walk, not us."""
    return _walk(_children(session), roots)


def _children(session: ScopedSession) -> Mapping[int | None, list[int]]:
    children: dict[int | None, list[int]] = {}
    for unit_id, parent_id in session.execute(select(OrgUnit.id, OrgUnit.parent_id)):
        children.setdefault(parent_id, []).append(unit_id)
    return children


def _walk(children: Mapping[int | None, list[int]], roots: Iterable[int]) -> frozenset[int]:
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        unit_id = waiting.pop()
        if unit_id not in found:
            found.add(unit_id)
            waiting += children.get(unit_id, [])
    return frozenset(found)


# -- the index ----------------------------------------------------------------------------------


def row_tokens(
    *,
    owned: bool,
    unit_id: int | None,
    line_id: int | None,
    district_id: int | None,
    case_no: str | None = None,
) -> tuple[str, ...]:
    """The scope tokens that an index row carries; the counterpart of :func:`restrict`.

    Leaves only, so that a reorganisation touches no row. A document of nobody has no line, district
    or case of its own yet; its tokens are apart, because many roles may not see the pool.

    Args:
        owned: the row is a customer, or a document that has one.
        unit_id: as in the record.
        line_id: as in the record.
        district_id: as in the record.
        case_no: of a document, as in the record.
    """
    if not owned:
        return (POOL,) if unit_id is None else (f"{POOL}:unit:{unit_id}",)
    leaves = (
        ("unit", unit_id),
        ("line", line_id),
        ("district", district_id),
        ("case", case_no or None),
    )
    return (OWNED, *(f"{name}:{value}" for name, value in leaves if value is not None))


def restrict(
    viewer: Viewer,
    query: Query,
    *,
    filters: Mapping[str, tuple[str, ...]] | None = None,
    places: Iterable[NamedPlace] = (),
    of_dossiers: frozenset[str] = port.DOSSIER_FACETS,
) -> ScopedQuery:
    """The query bound to what this viewer may see; nothing else can ask the index.

    Args:
        viewer: who asks.
        query: what was typed, parsed.
        filters: facet name → chosen values.
        places: what the query's words name, looked up for this viewer.
        of_dossiers: the facets that count dossiers.

    Raises:
        ForbiddenError: the role may not search.
    """
    viewer = demand(viewer, Permission.SEARCH)
    return port.scoped(
        query,
        scope=_index_scope(viewer),
        rights=search_rights(viewer),
        filters=filters,
        own=frozenset() if viewer.scope.everything else viewer.scope.tokens,
        places=places,
        of_dossiers=of_dossiers,
    )


def search_rights(viewer: Viewer) -> frozenset[SearchRight]:
    """What the viewer may search by.

    Who sees phones and credit codes masked may find one by its whole number, not feel for it digit
    by digit; nor for building and room of a masked address. Who opens no page does not learn what
    is on it: each word that finds a paper would tell.

    One query is compiled once for all its rows, so of several grants only what each allows may be
    searched by (never wider than one of them; ADR 8). A grant that another one contains does not
    count.
    """
    return _search_rights(viewer.reaches, viewer.permissions)


@lru_cache(maxsize=VIEWERS_KEPT)
def _search_rights(
    reaches: tuple[Reach, ...], permissions: frozenset[Permission]
) -> frozenset[SearchRight]:
    searching = [one for one in reaches if Permission.SEARCH in one.permissions]
    several = [(one.scope, _rights(one.permissions & permissions)) for one in searching or reaches]
    kept = (rights for scope, rights in several if not _is_inside(scope, rights, several))
    return frozenset(SearchRight).intersection(*kept)


def _is_inside(
    scope: Scope, rights: frozenset[SearchRight], several: Sequence[tuple[Scope, Any]]
) -> bool:
    """Whether another grant reaches at least as far and allows more."""
    return any(scope <= other and rights < more for other, more in several)


def _rights(permissions: frozenset[Permission]) -> frozenset[SearchRight]:
    hidden: set[SearchRight] = set()
    if Permission.SEE_CLEAR not in permissions:
        hidden |= {
            SearchRight.PHONE_PARTIAL,
            SearchRight.ADDRESS_DETAIL,
            SearchRight.USCC_PARTIAL,
        }
    if Permission.READ_CONTENT not in permissions:
        hidden.add(SearchRight.TEXT)
    return frozenset(SearchRight) - hidden


def _index_scope(viewer: Viewer) -> port.Scope:
    secrecy = None if viewer.sees_clear else frozenset[str]()
    first, *others = (_index_sight(sight, secrecy) for sight in viewer.sights)
    return replace(first, also=tuple(others))


def _index_sight(sight: Sight, secrecy: frozenset[str] | None) -> port.Scope:
    owned, pool = sight.owned, sight.pool
    if owned.everything and pool.everything:
        return port.Scope(unlimited=True, secrecy=secrecy)
    tokens = {OWNED} if owned.everything else set(owned.tokens)
    if pool.has_area:
        tokens |= {POOL, *(f"{POOL}:unit:{unit_id}" for unit_id in pool.units)}
    return port.Scope(
        tokens=frozenset(tokens),
        owners=owned.customers,
        records=owned.records,
        secrecy=secrecy,
    )
