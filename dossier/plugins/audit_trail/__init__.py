"""Who looked at what: a page and an export for auditors, and "who looked" beside each dossier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dossier.hookspecs import PageLink, Panel, RouteSet, hookimpl
from dossier.viewer import Permission, Viewer

if TYPE_CHECKING:
    from dossier.services.context import Context

LINK = PageLink("/audit", "eye", "查阅记录", "Audit record", Permission.READ_AUDIT)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/audit``. At start, in the web process."""
    from dossier.plugins.audit_trail.trail_pages import router

    return (RouteSet(router, links=(LINK,)),)


@hookimpl
def customer_panels(viewer: Viewer, customer_no: str, context: Context) -> Sequence[Panel]:
    """Who looked at the dossier, for those entitled to know. In a request."""
    from dossier.plugins.audit_trail import lookers

    return lookers.of_customer(context, viewer, customer_no)


@hookimpl
def document_panels(viewer: Viewer, document_id: str, context: Context) -> Sequence[Panel]:
    """Who looked at the paper, for those entitled to know. In a request."""
    from dossier.plugins.audit_trail import lookers

    return lookers.of_document(context, viewer, document_id)
