"""Lending: pages of papers for a term, at once within one's rights or after an approval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dossier.hookspecs import Duty, Holding, PageLink, Panel, RouteSet, hookimpl
from dossier.viewer import Permission, Viewer

if TYPE_CHECKING:
    from dossier.services.context import Context

MINE = PageLink("/loans", "paper", "我的借阅", "My loans", Permission.BORROW, in_menu=True)
DESK = PageLink("/loans/desk", "handover", "借阅台", "Lending desk", Permission.HAND_OUT)
WAITING = PageLink("/loans/waiting", "check", "借阅审批", "Loans to approve", Permission.LEND)


@hookimpl
def pages() -> Sequence[RouteSet]:
    """``/loans``. At start, in the web process."""
    from dossier.plugins.lending import loan_pages, paper_pages

    return (
        RouteSet(loan_pages.router, links=(WAITING, MINE)),
        RouteSet(paper_pages.router, links=(DESK,)),
    )


@hookimpl
def api_routes() -> Sequence[RouteSet]:
    """``/api/v1/loans``. At start, in the web process."""
    from dossier.plugins.lending import api

    return (RouteSet(api.router),)


@hookimpl
def duties(context: Context) -> Sequence[Duty]:
    """Writes down what has ended by itself. At start, in each worker."""
    from dossier.plugins.lending import duty

    return (Duty("lending", lambda stop: duty.run(context, stop)),)


@hookimpl
def document_panels(viewer: Viewer, document_id: str, context: Context) -> Sequence[Panel]:
    """What runs of a paper, and the way to borrow it. In a request."""
    from dossier.plugins.lending import panel

    return panel.of_document(context, viewer, document_id)


@hookimpl
def customer_panels(viewer: Viewer, customer_no: str) -> Sequence[Panel]:
    """The way to borrow a dossier. In a request."""
    from dossier.plugins.lending import panel

    return panel.of_customer(viewer, customer_no)


@hookimpl
def holdings(context: Context) -> Sequence[Holding]:  # noqa: ARG001 - the hook's argument
    """One's own loans end with the post, unless a paper is out. When a staff change is made."""
    from dossier.plugins.lending import leaving

    return (
        Holding(
            "loans",
            "本人的借阅及借阅申请",
            "Own loans and requests for them",
            leaving.count_own,
            hand_over=leaving.end_own,
            needs_successor=False,
        ),
    )
