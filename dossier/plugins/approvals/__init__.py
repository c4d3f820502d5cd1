"""Approvals: ask for what one's role may only after somebody else approved; decide for others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dossier.hookspecs import Duty, Holding, PageLink, Panel, RouteSet, hookimpl
from dossier.viewer import Permission, Viewer

if TYPE_CHECKING:
    from dossier.services.context import Context


def _may_ask(viewer: Viewer) -> bool:
    """Whether anything that this viewer does may wait for an approval."""
    return bool(viewer.asks) or any(map(viewer.may, (Permission.EXPORT, Permission.MANAGE_USERS)))


MINE = PageLink(
    "/approvals",
    "check",
    "我的申请",
    "My requests",
    Permission.SIGNED_IN,
    in_menu=True,
    only=_may_ask,
)
WAITING = PageLink("/approvals/waiting", "check", "待审批", "To approve", Permission.APPROVE)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/approvals``. At start, in the web process."""
    from dossier.plugins.approvals import approval_pages

    return (RouteSet(approval_pages.router, links=(WAITING, MINE)),)


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """``/api/v1/approvals``. At start, in the web process."""
    from dossier.plugins.approvals import api

    return (RouteSet(api.router),)


@hookimpl
def duties(context: Context) -> Sequence[Duty]:
    """Writes down what has ended by itself. At start, in each worker."""
    from dossier.plugins.approvals import duty

    return (Duty("approvals", lambda stop: duty.run(context, stop)),)


@hookimpl
def customer_panels(viewer: Viewer, customer_no: str) -> Sequence[Panel]:
    """What may be asked for on a customer's page. In a request."""
    from dossier.plugins.approvals import panels

    return panels.of_customer(viewer, customer_no)


@hookimpl
def document_panels(viewer: Viewer, document_id: str) -> Sequence[Panel]:
    """What may be asked for on a document's page. In a request."""
    from dossier.plugins.approvals import panels

    return panels.of_document(viewer, document_id)


@hookimpl
def holdings(context: Context) -> Sequence[Holding]:  # noqa: ARG001 - the hook's argument
    """One's own requests end with the post. When a staff change is made."""
    from dossier.services import approval_rows

    return (
        Holding(
            "approvals",
            "本人待审批及已获批准的申请",
            "Own requests that wait or were approved",
            approval_rows.count_own,
            hand_over=approval_rows.end_own,
            needs_successor=False,
        ),
    )
