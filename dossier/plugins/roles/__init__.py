"""Who may do what, and why: the matrix in force, rights of a person, grants and delegations."""

from __future__ import annotations

from collections.abc import Sequence

from dossier.hookspecs import PageLink, RouteSet, hookimpl
from dossier.viewer import Permission

ROLES = PageLink("/roles", "keys", "岗位权限", "Roles", Permission.SIGNED_IN, in_menu=True)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/roles`` and ``/roles/rights``. At start, in the web process."""
    from dossier.plugins.roles import changes, role_pages

    return (RouteSet(role_pages.router, links=(ROLES,)), RouteSet(changes.router))


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """``/api/v1/roles``, ``/rights``, ``/grants`` and ``/delegations``. At start."""
    from dossier.plugins.roles import api

    return (RouteSet(api.router),)
