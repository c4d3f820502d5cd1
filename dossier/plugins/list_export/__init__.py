"""The list of hits as a file (CSV, XLSX), for who may export; each file is in the audit."""

from __future__ import annotations

from collections.abc import Sequence

from dossier.hookspecs import ListLink, RouteSet, hookimpl
from dossier.plugins.list_export.routes import router
from dossier.viewer import Permission, Viewer

ADDRESS = "/api/v1/search/export"
TITLES = {"xlsx": ("另存为 Excel", "Save as Excel"), "csv": ("CSV", "CSV")}


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """``GET /api/v1/search/export``. At start, in the web process."""
    return (RouteSet(router),)


@hookimpl
def list_links(viewer: Viewer, asked: str) -> Sequence[ListLink]:
    """The list as a file, for who may export. In a request."""
    if not viewer.may(Permission.EXPORT):
        return ()
    return tuple(
        ListLink(chinese, english, f"{ADDRESS}?format={file_format}&{asked}", download=True)
        for file_format, (chinese, english) in TITLES.items()
    )
