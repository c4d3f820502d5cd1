"""Logging in at an OpenID provider: authorization code flow with PKCE, state and nonce."""

from __future__ import annotations

from collections.abc import Sequence

from dossier.hookspecs import RouteSet, hookimpl


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/login/oidc`` and its way back. At start, in the web process."""
    from dossier.plugins.oidc.routes import router

    return (RouteSet(router),)
