"""The list of hits as a file (CSV, XLSX), for who may export; each file is in the audit."""

from __future__ import annotations

from collections.abc import Sequence

from dossier.hookspecs import RouteSet, hookimpl
from dossier.plugins.list_export.routes import router


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """``GET /api/v1/search/export``. At start, in the web process."""
    return (RouteSet(router),)
