"""Stacks of several customers' papers: the page and the routes on which a person moves the cuts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dossier.hookspecs import Panel, RouteSet, hookimpl
from dossier.viewer import Permission, Viewer

if TYPE_CHECKING:
    from dossier.services.context import Context


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/stacks/{id}``. At start, in the web process."""
    from dossier.plugins.stacks.stack_pages import router

    return (RouteSet(router),)


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """``/api/v1/documents/{id}/cuts``. At start."""
    from dossier.plugins.stacks.api import router

    return (RouteSet(router),)


@hookimpl
def document_panels(viewer: Viewer, document_id: str, context: Context) -> Sequence[Panel]:
    """The way to the stack, for who may assign. In a request."""
    if not viewer.may(Permission.ASSIGN):
        return ()
    from dossier.plugins.stacks.panel import panels

    return panels(context, viewer, document_id)
