"""Correcting what was read on a paper: a person's word wins, and is a labelled example."""

from __future__ import annotations

from collections.abc import Sequence

from dossier.hookspecs import Panel, RouteSet, hookimpl
from dossier.viewer import Permission, Viewer


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/documents/{id}/corrections``. At start, in the web process."""
    from dossier.plugins.corrections.correction_pages import router

    return (RouteSet(router),)


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """``/api/v1/documents/{id}/fields/{name}``. At start."""
    from dossier.plugins.corrections.api import router

    return (RouteSet(router),)


@hookimpl
def document_panels(viewer: Viewer, document_id: str) -> Sequence[Panel]:
    """The way to the page, for who may correct. In a request."""
    if not (viewer.may(Permission.ASSIGN) and viewer.may(Permission.READ_CONTENT)):
        return ()
    page = f"/documents/{document_id}/corrections"
    return (Panel("corrections", "更正读取的内容", "Correct what was read", (), href=page),)
