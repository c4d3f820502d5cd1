"""How well pages were scanned (DA/T 31), and new scans of those that fail (S1-26)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dossier.db.changes import is_any
from dossier.db.quality_tables import ScanChange
from dossier.hookspecs import Duty, PageLink, Panel, RouteSet, hookimpl
from dossier.viewer import Permission, Viewer

if TYPE_CHECKING:
    from dossier.services.context import Context

RESCANS = PageLink(
    "/rescans", "warn", "待重新扫描", "Pages to scan anew", Permission.READ_CUSTOMER, in_menu=True
)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/rescans``. At start, in the web process."""
    from dossier.plugins.image_quality.rescan_pages import router

    return (RouteSet(router, links=(RESCANS,)),)


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """``/api/v1/rescans`` and a paper's findings. At start."""
    from dossier.plugins.image_quality.api import router

    return (RouteSet(router),)


@hookimpl
def duties(context: Context) -> Sequence[Duty]:
    """Checks what changed. At start, in each worker."""

    def check(stop: threading.Event) -> None:
        from dossier.plugins.image_quality import duty

        duty.run(context, stop)

    return (Duty("check", check, lambda session: is_any(session, ScanChange.id)),)


@hookimpl
def document_panels(viewer: Viewer, document_id: str, context: Context) -> Sequence[Panel]:
    """What is wrong with the pages, and where new scans are. In a request."""
    from dossier.plugins.image_quality import panel

    return panel.of_document(context, viewer, document_id)
