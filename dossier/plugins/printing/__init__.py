"""Printing a paper: asks what for, is in the audit with it, and says both on each sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dossier.hookspecs import Panel, RouteSet, hookimpl
from dossier.viewer import Permission, Viewer

if TYPE_CHECKING:
    from dossier.services.context import Context


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/documents/{id}/print``. At start, in the web process."""
    from dossier.plugins.printing.print_pages import router

    return (RouteSet(router),)


@hookimpl
def document_panels(viewer: Viewer, document_id: str, context: Context) -> Sequence[Panel]:
    """The way to print a paper with pages, for those who may. In a request."""
    from sqlalchemy import select

    from dossier.db.tables import Document

    if not (viewer.may(Permission.PRINT) and viewer.may(Permission.READ_CONTENT)):
        return ()
    with context.reading(viewer) as session:
        if not session.scalar(select(Document.page_count).where(Document.id == document_id)):
            return ()
    return (Panel("printing", "打印", "Print", href=f"/documents/{document_id}/print"),)
