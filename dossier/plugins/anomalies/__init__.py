"""Anomalies: what is unusual in who looks at what, by rules that are data; checked by a person."""

from __future__ import annotations

from collections.abc import Sequence

from dossier.hookspecs import Duty, PageLink, RouteSet, hookimpl
from dossier.plugins.anomalies import duty, rules, watched_pages
from dossier.plugins.anomalies import pages as _pages
from dossier.services.context import Context
from dossier.viewer import Permission

FOUND = PageLink("/anomalies", "warn", "异常查阅", "Unusual looks", Permission.READ_AUDIT)
NAMES = PageLink("/watched-names", "person", "关注名单", "Watch list", Permission.MANAGE_WATCHED)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/anomalies`` and ``/watched-names``. At start, in the web process."""
    return (
        RouteSet(_pages.router, links=(FOUND,)),
        RouteSet(watched_pages.router, links=(NAMES,)),
    )


@hookimpl
def duties(context: Context) -> Sequence[Duty]:
    """Looks through what was sealed. At start, in each worker; a broken rule is told here."""
    rules.load()
    return (Duty("look", lambda stop: duty.run(context, stop)),)
