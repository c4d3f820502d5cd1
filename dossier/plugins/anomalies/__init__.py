"""Anomalies: what is unusual in who looks at what, by rules that are data; checked by a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from dossier.hookspecs import Duty, Holding, PageLink, RouteSet, hookimpl
from dossier.viewer import Permission

if TYPE_CHECKING:
    from dossier.services.context import Context

FOUND = PageLink("/anomalies", "warn", "异常查阅", "Unusual looks", Permission.READ_AUDIT)
NAMES = PageLink("/watched-names", "eye", "关注名单", "Watch list", Permission.MANAGE_WATCHED)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/anomalies`` and ``/watched-names``. At start, in the web process."""
    from dossier.plugins.anomalies import anomaly_pages, watched_pages

    return (
        RouteSet(anomaly_pages.router, links=(FOUND,)),
        RouteSet(watched_pages.router, links=(NAMES,)),
    )


@hookimpl
def own_rules() -> Mapping[str, Callable[[str, str], object]]:
    """Numbers and rules that an archive sets itself. At start, in every process."""
    return {"anomalies": _read_own}


def _read_own(text: str, called: str) -> object:
    from dossier.plugins.anomalies import rules

    return rules.own(text, called)


@hookimpl
def duties(context: Context) -> Sequence[Duty]:
    """Looks through what was sealed. At start, in each worker; a broken rule is told here."""
    from dossier.plugins.anomalies import duty, rules

    rules.of(context)
    return (Duty("look", lambda stop: duty.run(context, stop)),)


@hookimpl
def holdings(context: Context) -> Sequence[Holding]:  # noqa: ARG001 - the hook's argument
    """Unusual looks to settle and the watch list belong to posts. When a staff change is made."""
    from dossier.plugins.anomalies import review, watched

    return (
        Holding(
            "anomalies",
            "待核查的异常查阅",
            "Unusual looks to be settled",
            review.count_open_for,
            permission=Permission.READ_AUDIT,
        ),
        Holding(
            "watched_names",
            "关注名单的维护",
            "Watch list to be kept",
            watched.count_names,
            permission=Permission.MANAGE_WATCHED,
        ),
    )
