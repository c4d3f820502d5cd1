"""What papers a dossier needs, has and lacks, and since when; by rules that are data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dossier.hookspecs import PageLink, Panel, RouteSet, hookimpl
from dossier.viewer import Permission, Viewer

if TYPE_CHECKING:
    from dossier.services.context import Context

NAME = "completeness"
CATALOGUE = PageLink(
    "/catalogue", "paper", "资料目录", "Catalogue", Permission.SIGNED_IN, in_menu=True
)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/catalogue`` and a customer's completeness. At start; a broken rule is told here."""
    from dossier.plugins.completeness import completeness_pages, requirements

    requirements.load()
    return (RouteSet(completeness_pages.router, links=(CATALOGUE,)),)


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """``/api/v1/customers/{customer_no}/completeness`` and ``/api/v1/catalogue``. At start."""
    from dossier.plugins.completeness import api

    return (RouteSet(api.router),)


@hookimpl
def customer_parts(viewer: Viewer, customer_no: str, context: Context) -> Mapping[str, Any]:
    """The same as the route's answer, in the customer's record. In a request."""
    from dossier.plugins.completeness import api

    return {NAME: api.answer(context, viewer, customer_no).model_dump(mode="json")}


@hookimpl
def customer_panels(viewer: Viewer, customer_no: str, context: Context) -> Sequence[Panel]:
    """How much is there, and what lacks. In a request."""
    from dossier.plugins.completeness import panel

    return panel.of_customer(context, viewer, customer_no)
