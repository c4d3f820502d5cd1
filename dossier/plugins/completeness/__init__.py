"""What papers a dossier needs, has and lacks, and since when; by rules that are data."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dossier.db.changes import is_any
from dossier.db.dossier_tables import DossierChange
from dossier.hookspecs import Duty, PageLink, Panel, RouteSet, hookimpl
from dossier.viewer import Permission, Viewer

if TYPE_CHECKING:
    from dossier.services.context import Context

NAME = "completeness"
INCOMPLETE = PageLink(
    "/incomplete", "warn", "缺件户档", "Incomplete dossiers", Permission.READ_CUSTOMER, in_menu=True
)
LATE = PageLink(
    "/late-papers", "warn", "补做补录文件", "Late papers", Permission.READ_CUSTOMER, in_menu=True
)
CATALOGUE = PageLink(
    "/catalogue", "paper", "资料目录", "Catalogue", Permission.SIGNED_IN, in_menu=True
)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/incomplete``, ``/catalogue``, completeness, cases, late papers. Rules are checked here."""
    from dossier.plugins.completeness import (
        case_pages,
        catalogue_pages,
        completeness_pages,
        late_pages,
        late_rules,
        requirements,
        waiver_pages,
        waiver_reasons,
    )

    requirements.load()
    late_rules.load()
    waiver_reasons.load()
    return (
        RouteSet(completeness_pages.router, links=(INCOMPLETE,)),
        RouteSet(catalogue_pages.router, links=(CATALOGUE,)),
        RouteSet(waiver_pages.router),
        RouteSet(late_pages.router, links=(LATE,)),
        RouteSet(case_pages.router),
    )


@hookimpl
def own_rules() -> Mapping[str, Callable[[str, str], object]]:
    """Rules of its own that an archive sets. At start, in every process."""
    return {"requirements": _read_own, "late_papers": _read_own_late}


def _read_own_late(text: str, called: str) -> object:
    from dossier.plugins.completeness import late_rules

    return late_rules.own(text, called)


def _read_own(text: str, called: str) -> object:
    from dossier.plugins.completeness import requirements

    return requirements.own(text, called)


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """Completeness, waivers, the catalogue, amendments, cases, days, late papers. At start."""
    from dossier.plugins.completeness import (
        api,
        cases_api,
        history_api,
        late_api,
        rules_api,
        waivers_api,
    )

    found = (api, waivers_api, cases_api, history_api, rules_api, late_api)
    return tuple(RouteSet(each.router) for each in found)


@hookimpl
def duties(context: Context) -> Sequence[Duty]:
    """Assesses what changed, and counts each day. At start, in each worker.

    Only the one that does it loads the rules: their engine works out its grammar for half a second.
    """

    def assess(stop: threading.Event) -> None:
        from dossier.plugins.completeness import recount

        recount.run(context, stop)

    def count(stop: threading.Event) -> None:
        from dossier.plugins.completeness import daily

        daily.run(context, stop)

    return (
        Duty("recount", assess, lambda session: is_any(session, DossierChange.id)),
        Duty("daily", count),
    )


@hookimpl
def customer_parts(viewer: Viewer, customer_no: str, context: Context) -> Mapping[str, Any]:
    """The same as the route's answer, in the customer's record, where it answers. In a request."""
    from dossier.plugins.completeness import api, customer

    if not customer.is_told(context, viewer, customer_no):
        return {}
    view = customer.get(context, viewer, customer_no)
    return {NAME: api.answer(view, viewer.language).model_dump(mode="json")}


@hookimpl
def customer_panels(viewer: Viewer, customer_no: str, context: Context) -> Sequence[Panel]:
    """How much is there, and what lacks. In a request."""
    from dossier.plugins.completeness import customer, panel

    if not customer.is_told(context, viewer, customer_no):
        return ()
    return panel.of_customer(context, viewer, customer_no)


@hookimpl
def document_panels(viewer: Viewer, document_id: str, context: Context) -> Sequence[Panel]:
    """That a paper came late, why, and by which times. In a request."""
    from dossier.plugins.completeness import late_panel

    return late_panel.of_document(context, viewer, document_id)
