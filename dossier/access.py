"""Authorisation: one place that says yes or no, and the only maker of scoped index queries.

Deny by default: a role that rulebook/roles.yaml does not name has no permission at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from dossier.db.session import ScopedSession
from dossier.db.tables import OrgUnit, RoleGrant, User
from dossier.errors import ConfigurationError, ForbiddenError
from dossier.search import port
from dossier.search.places import NamedPlace
from dossier.search.port import ScopedQuery, SearchRight
from dossier.search.query import Query
from dossier.viewer import EVERYTHING, Permission, Scope, Viewer

OWNED = "owned"
"""Index token of every row that belongs to a customer."""
POOL = "pool"
"""Index token of documents that belong to nobody yet and to no unit either."""


def demand(viewer: Viewer, permission: Permission) -> None:
    """Let pass or refuse.

    Raises:
        ForbiddenError: the role does not have the permission.
    """
    if not viewer.may(permission):
        raise ForbiddenError(f"needs the permission {permission.value}")


def permissions_of(roles: Mapping[str, Any], role: str) -> frozenset[Permission]:
    """The permissions of a role; none for an unknown one."""
    return frozenset(roles.get(role, ()))


def parse_roles(body: Mapping[str, Any]) -> dict[str, frozenset[Permission]]:
    """Roles from the rule file's body.

    Raises:
        ConfigurationError: a role names a permission that does not exist.
    """
    roles: dict[str, frozenset[Permission]] = {}
    for code, entry in body["roles"].items():
        try:
            roles[code] = frozenset(Permission(name) for name in entry["permissions"])
        except ValueError as err:
            raise ConfigurationError(f"roles.yaml, role {code}: {err}") from err
    return roles


def viewer_for(
    session: ScopedSession,
    user: User,
    roles: Mapping[str, frozenset[Permission]],
    *,
    at: datetime,
    remote: str = "",
) -> Viewer:
    """The viewer that a user is at this moment: grants in force, subtree of units expanded.

    Read at each request, so that a role taken away counts from the next one.
    """
    grants = [grant for grant in _grants(session, user.id) if _in_force(grant, at)]
    permissions: set[Permission] = {Permission.SIGNED_IN}
    for grant in grants:
        permissions |= permissions_of(roles, grant.role)
    return Viewer(
        id=user.id,
        name=user.name,
        role=grants[0].role if grants else "none",
        permissions=frozenset(permissions),
        scope=_scope(session, grants),
        remote=remote,
    )


def _grants(session: ScopedSession, user_id: str) -> list[RoleGrant]:
    query = select(RoleGrant).where(RoleGrant.user_id == user_id).order_by(RoleGrant.id)
    return list(session.scalars(query))


def _in_force(grant: RoleGrant, at: datetime) -> bool:
    return (grant.valid_from is None or grant.valid_from <= at) and (
        grant.valid_to is None or at < grant.valid_to
    )


def _scope(session: ScopedSession, grants: Iterable[RoleGrant]) -> Scope:
    roots = [grant.unit_id for grant in grants]
    if not roots:
        return Scope()
    if None in roots:
        return EVERYTHING
    return Scope(units=subtree(session, [root for root in roots if root is not None]))


def subtree(session: ScopedSession, roots: Iterable[int]) -> frozenset[int]:
    """The units below and including ``roots``; a cycle in the tree ends the walk, not us."""
    children: dict[int | None, list[int]] = {}
    for unit_id, parent_id in session.execute(select(OrgUnit.id, OrgUnit.parent_id)):
        children.setdefault(parent_id, []).append(unit_id)
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
    *, owned: bool, unit_id: int | None, line_id: int | None, district_id: int | None
) -> tuple[str, ...]:
    """The scope tokens that an index row carries; the counterpart of :func:`restrict`.

    Leaves only, so that a reorganisation touches no row. A document of nobody has no line or
    district of its own yet; its tokens are apart, because many roles may not see the pool.

    Args:
        owned: the row is a customer, or a document that has one.
        unit_id: as in the record.
        line_id: as in the record.
        district_id: as in the record.
    """
    if not owned:
        return (POOL,) if unit_id is None else (f"{POOL}:unit:{unit_id}",)
    leaves = (("unit", unit_id), ("line", line_id), ("district", district_id))
    return (OWNED, *(f"{name}:{value}" for name, value in leaves if value is not None))


def restrict(
    viewer: Viewer,
    query: Query,
    *,
    filters: Mapping[str, tuple[str, ...]] | None = None,
    places: Iterable[NamedPlace] = (),
) -> ScopedQuery:
    """The query bound to what this viewer may see; nothing else can ask the index.

    Args:
        viewer: who asks.
        query: what was typed, parsed.
        filters: facet name → chosen values.
        places: what the query's words name, looked up for this viewer.

    Raises:
        ForbiddenError: the role may not search.
    """
    demand(viewer, Permission.SEARCH)
    return port.scoped(
        query,
        scope=_index_scope(viewer),
        rights=search_rights(viewer),
        filters=filters,
        own=frozenset() if viewer.scope.everything else viewer.scope.tokens,
        places=places,
    )


def search_rights(viewer: Viewer) -> frozenset[SearchRight]:
    """What the viewer may search by.

    Who sees phones and credit codes masked may find one by its whole number, not feel for it digit
    by digit; nor for building and room of a masked address. Who opens no page does not learn what
    is on it: each word that finds a paper would tell.
    """
    hidden: set[SearchRight] = set()
    if not viewer.sees_clear:
        hidden |= {
            SearchRight.PHONE_PARTIAL,
            SearchRight.ADDRESS_DETAIL,
            SearchRight.USCC_PARTIAL,
        }
    if not viewer.may(Permission.READ_CONTENT):
        hidden.add(SearchRight.TEXT)
    return frozenset(SearchRight) - hidden


def _index_scope(viewer: Viewer) -> port.Scope:
    secrecy = None if viewer.sees_clear else frozenset[str]()
    sees_pool = viewer.may(Permission.SEE_POOL)
    if viewer.scope.everything:
        if sees_pool:
            return port.Scope(unlimited=True, secrecy=secrecy)
        return port.Scope(tokens=frozenset({OWNED}), secrecy=secrecy)
    tokens = viewer.scope.tokens
    if sees_pool and tokens:
        pools = {f"{POOL}:unit:{unit_id}" for unit_id in viewer.scope.units}
        tokens = tokens | pools | {POOL}
    return port.Scope(tokens=tokens, secrecy=secrecy)
