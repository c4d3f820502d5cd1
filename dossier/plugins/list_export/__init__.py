"""The list of hits as a file: with a reason, masked, under a password, for a time; in the audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dossier.hookspecs import Duty, ListLink, RouteSet, hookimpl
from dossier.viewer import Permission, Viewer

if TYPE_CHECKING:
    from dossier.services.context import Context

ADDRESS = "/search/export"


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """``/api/v1/search/export``. At start, in the web process."""
    from dossier.plugins.list_export.routes import router

    return (RouteSet(router),)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/search/export``. At start, in the web process; a broken rule is told here."""
    from dossier.plugins.list_export import list_pages, rules

    rules.load()
    return (RouteSet(list_pages.router),)


@hookimpl
def duties(context: Context) -> Sequence[Duty]:
    """Erases files that have expired. At start, in each worker."""
    from dossier.plugins.list_export import duty

    return (Duty("list_files", lambda stop: duty.run(context, stop)),)


@hookimpl
def list_links(viewer: Viewer, asked: str) -> Sequence[ListLink]:
    """The way to the form, for who may export. In a request."""
    if not viewer.may(Permission.EXPORT):
        return ()
    return (ListLink("导出清单", "Save the list", f"{ADDRESS}?{asked}"),)
