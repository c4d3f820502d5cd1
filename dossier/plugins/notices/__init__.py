"""Notices of loans: in the product, by e-mail and to other systems; each once, while it is true."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from dossier.hookspecs import Duty, PageLink, RouteSet, hookimpl
from dossier.viewer import Permission, Viewer

if TYPE_CHECKING:
    from dossier.services.context import Context


def _unread(context: Context, viewer: Viewer) -> int:
    from dossier.plugins.notices import notice_views

    return notice_views.unread(context, viewer)


MINE = PageLink("/notices", "bell", "通知", "Notices", Permission.SIGNED_IN, count=_unread)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/notices``. At start, in the web process."""
    from dossier.plugins.notices import notice_pages

    return (RouteSet(notice_pages.router, links=(MINE,)),)


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """``/api/v1/notices``. At start, in the web process."""
    from dossier.plugins.notices import api

    return (RouteSet(api.router),)


@hookimpl
def own_rules() -> Mapping[str, Callable[[str, str], object]]:
    """Working days of years that were published later. At start, in every process."""
    from dossier.rules import working_days

    return {working_days.RULES: working_days.read}


@hookimpl
def duties(context: Context) -> Sequence[Duty]:
    """Works out who is told, and sends. At start, in each worker; a wrong rule is told here."""
    from dossier.plugins.notices import duty
    from dossier.rules import notices

    notices.load()
    return (
        Duty("plan", lambda stop: duty.plan(context, stop)),
        Duty("send", lambda stop: duty.send(context, stop)),
    )
