"""Shelves: where paper lies, from the room to the item; labels, lists, moves and readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dossier.hookspecs import PageLink, Panel, RouteSet, hookimpl
from dossier.viewer import Permission, Viewer

if TYPE_CHECKING:
    from dossier.services.context import Context

BATCHES = PageLink(
    "/batches", "handover", "纸质移交", "Paper handed over", Permission.UPLOAD, in_menu=True
)
SHELVES = PageLink("/shelves", "inbox", "库房", "Shelves", Permission.SHELVE, in_menu=True)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """Shelves, stock-taking, batches, a customer's volumes, a paper's place. Rules are checked."""
    from dossier.plugins.shelving import batch_pages, shelf_pages, stock_pages, volume_pages
    from dossier.rules import shelving

    shelving.load()
    return (
        RouteSet(shelf_pages.router, links=(SHELVES,)),
        RouteSet(stock_pages.router),
        RouteSet(volume_pages.router),
        RouteSet(batch_pages.router, links=(BATCHES,)),
    )


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """Shelves, stock-taking, batches, ``/api/v1/documents/{id}/place``. At start."""
    from dossier.plugins.shelving import api, batch_api, stock_api

    return (RouteSet(api.router), RouteSet(stock_api.router), RouteSet(batch_api.router))


@hookimpl
def document_panels(viewer: Viewer, document_id: str, context: Context) -> Sequence[Panel]:
    """Where the paper belongs. In a request."""
    from dossier.plugins.shelving import panel

    return panel.of_document(context, viewer, document_id)


@hookimpl
def customer_panels(viewer: Viewer, customer_no: str, context: Context) -> Sequence[Panel]:
    """The customer's volumes. In a request."""
    from dossier.plugins.shelving import panel

    return panel.of_customer(context, viewer, customer_no)
