"""The ways to ask that stand beside a customer or document."""

from __future__ import annotations

from urllib.parse import urlencode

from dossier.hookspecs import Panel
from dossier.rules.approvals import Thing, load
from dossier.rules.role_words import load_words
from dossier.viewer import Viewer
from dossier.web.asking import FORM, NAMED


def of_customer(viewer: Viewer, customer_no: str) -> tuple[Panel, ...]:
    """For a customer in view."""
    return _panels(viewer, Thing.CUSTOMER, customer_no)


def of_document(viewer: Viewer, document_id: str) -> tuple[Panel, ...]:
    """For a paper in view."""
    return _panels(viewer, Thing.DOCUMENT, document_id)


def _panels(viewer: Viewer, kind: Thing, thing: str) -> tuple[Panel, ...]:
    return tuple(
        _panel(code, kind, thing)
        for code in dict.fromkeys(one.action for one in viewer.asks)
        if kind in load().actions[code].things and not _may(viewer, code)
    )


def _may(viewer: Viewer, code: str) -> bool:
    opened = (one.permissions for one in viewer.asks if one.action == code)
    return all(map(viewer.may, frozenset().union(*opened)))


def _panel(code: str, kind: Thing, thing: str) -> Panel:
    action = load_words().actions[code]
    href = f"{FORM}?{urlencode({'action': code, NAMED[kind]: thing})}"
    name, chinese, english = f"ask_{code}", f"申请审批：{action.zh}", f"Ask for: {action.en}"
    return Panel(name, chinese, english, href=href)
