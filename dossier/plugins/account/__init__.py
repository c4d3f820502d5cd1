"""One's account: password, second factor, open sessions, tokens; everybody's for administrators."""

from __future__ import annotations

from collections.abc import Sequence

from dossier.hookspecs import PageLink, RouteSet, hookimpl
from dossier.viewer import Permission

OWN = Permission.SIGNED_IN
ACCOUNT = PageLink("/account", "lock", "我的账号", "My account", OWN, in_menu=True)
LOGINS = PageLink("/sessions", "person", "登录会话", "Logins", OWN, in_menu=True)
TOKENS = PageLink("/tokens", "keys", "访问令牌", "Access tokens", OWN, in_menu=True)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/account``, ``/sessions`` and ``/tokens``. At start, in the web process."""
    from dossier.plugins.account import factor_pages, key_pages

    return (
        RouteSet(factor_pages.router, links=(ACCOUNT,)),
        RouteSet(key_pages.router, links=(LOGINS, TOKENS)),
    )


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """``/api/v1/sessions`` and ``/api/v1/tokens``. At start, in the web process."""
    from dossier.plugins.account import api

    return (RouteSet(api.router),)
