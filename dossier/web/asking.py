"""Where somebody may ask for what was refused: the form that knows action and thing already."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Request

from dossier.errors import ApprovalNeededError, DossierError, NotFoundError
from dossier.rules.approvals import Thing, load
from dossier.viewer import Permission, Viewer

FORM = "/approvals/ask"
NAMED = {Thing.CUSTOMER: "customer_no", Thing.DOCUMENT: "document_id"}
"""What addresses call the thing that they are about."""
LOOKING = (Permission.READ_CUSTOMER, Permission.READ_CONTENT)


def way_to_ask(request: Request, error: DossierError) -> str:
    """The address of the form; empty where nothing can be asked for.

    What is not found is offered alike whether it lies outside one's own area or nowhere.
    """
    viewer = getattr(request.state, "viewer", None)
    if viewer is None:
        return ""
    if isinstance(error, ApprovalNeededError):
        return _address(request, error.action) or f"{FORM}?{urlencode({'action': error.action})}"
    if isinstance(error, NotFoundError):
        return next(filter(None, (_address(request, code) for code in _looks(viewer))), "")
    return ""


def _looks(viewer: Viewer) -> list[str]:
    found = (viewer.asks_for(permission) for permission in LOOKING)
    return [code for code in dict.fromkeys(found) if code]


def _address(request: Request, action: str) -> str:
    rule = load().actions.get(action)
    for kind, name in NAMED.items():
        thing = request.path_params.get(name)
        if rule is not None and kind in rule.things and thing:
            return f"{FORM}?{urlencode({'action': action, name: thing})}"
    return ""
