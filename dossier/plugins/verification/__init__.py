"""Facts in step: real names and contacts are checked, told to other systems, counted and listed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dossier.hookspecs import Duty, IndexField, PageLink, Panel, RouteSet, hookimpl
from dossier.viewer import Permission, Viewer

if TYPE_CHECKING:
    from dossier.services.context import Context

NAME = "verification"
HOME = PageLink(
    "/verification", "check", "资料核验", "Verification", Permission.READ_CUSTOMER, in_menu=True
)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/verification``, its lists, and a customer's checks. Rules are checked here."""
    from dossier.plugins.verification import (
        campaign_pages,
        customer_pages,
        difference_pages,
        list_pages,
        mandate_pages,
        rules,
    )

    rules.load()
    return (
        RouteSet(list_pages.router, links=(HOME,)),
        RouteSet(customer_pages.router),
        RouteSet(difference_pages.router),
        RouteSet(mandate_pages.router),
        RouteSet(campaign_pages.router),
    )


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """Checks of a customer, lists with counts, changes for other systems. At start."""
    from dossier.plugins.verification import (
        api,
        attributes_api,
        campaigns_api,
        differences_api,
        mandates_api,
    )

    modules = (api, attributes_api, differences_api, mandates_api, campaigns_api)
    routers = (each.router for each in modules)
    return tuple(RouteSet(each) for each in routers)


@hookimpl
def duties(context: Context) -> Sequence[Duty]:
    """Holds mandates against names that changed. At start, in each worker."""

    def names(stop: threading.Event) -> None:
        from dossier.plugins.verification import renamed

        renamed.run(context, stop)

    return (Duty("mandate_names", names),)


@hookimpl
def index_fields() -> Sequence[IndexField]:
    """Attributes of customers as facets. At start, in every process."""
    from dossier.plugins.verification import attributes

    return attributes.index_fields()


@hookimpl
def customer_panels(viewer: Viewer, customer_no: str, context: Context) -> Sequence[Panel]:
    """What was checked, and the way to check it. In a request."""
    from dossier.plugins.verification import panel, reached

    if not reached.is_told(context, viewer, customer_no):
        return ()
    return panel.of_customer(context, viewer, customer_no)
