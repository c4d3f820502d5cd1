"""People and the organisation: pages, API, and the duty that does what was planned for a day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dossier.hookspecs import Duty, PageLink, Panel, RouteSet, hookimpl
from dossier.viewer import Permission, Viewer

if TYPE_CHECKING:
    from dossier.services.context import Context

PEOPLE = PageLink("/people", "person", "人员", "People", Permission.MANAGE_USERS)
UNITS = PageLink(
    "/organisation", "tree", "组织机构", "Organisation", Permission.MANAGE_ORGANISATION
)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/people`` and ``/organisation``. At start, in the web process."""
    from dossier.plugins.people import organisation_pages, people_pages, staff_pages

    return (
        RouteSet(people_pages.router, links=(PEOPLE,)),
        RouteSet(staff_pages.router),
        RouteSet(organisation_pages.router, links=(UNITS,)),
    )


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """``/api/v1/people`` and ``/api/v1/organisation``. At start, in the web process."""
    from dossier.plugins.people import api, organisation_api

    return (RouteSet(api.router), RouteSet(organisation_api.router))


@hookimpl
def duties(context: Context) -> Sequence[Duty]:
    """Does what is due. At start, in each worker."""
    from dossier.plugins.people import duty

    return (Duty("changes", lambda stop: duty.run(context, stop)),)


@hookimpl
def document_panels(viewer: Viewer, document_id: str, context: Context) -> Sequence[Panel]:
    """Where the paper was captured, since it belongs elsewhere. In a request."""
    from dossier.plugins.people import origin

    return origin.of_document(context, viewer, document_id)
