"""Unusual looks: a list for those who check them, each settled with a note."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from dossier.plugins.anomalies import review
from dossier.plugins.anomalies.duty import OPEN
from dossier.plugins.anomalies.rules import load
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from ui.locales import speaking

router = APIRouter()
ALL = "all"
LONGEST = 80
"""Characters of an account's name."""


@router.get("/anomalies")
def show_anomalies(
    request: Request,
    state: Annotated[str, Query(max_length=LONGEST)] = OPEN,
    person: Annotated[str, Query(max_length=LONGEST)] = "",
    cursor: str = "",
    viewer: Viewer = requires(Permission.READ_AUDIT),
) -> Response:
    """What waits to be looked into, newest first; ``state`` shows what was settled too."""
    viewer, person = speaking(request, viewer), person.strip()
    found = review.list_anomalies(
        context_of(request),
        viewer,
        state="" if state == ALL else state,
        person=person,
        cursor=cursor or None,
    )
    return render(
        request,
        "anomalies/anomalies.html",
        found=found,
        state=state,
        person=person,
        states=(*review.STATES, ALL),
        rules=_rules(viewer),
        address=lambda **other: _address({"state": state, "person": person} | other),
        next=found.next_cursor,
        longest_note=review.LONGEST_NOTE,
    )


@router.post("/anomalies/{anomaly_id}")
def acknowledge(
    request: Request,
    anomaly_id: str,
    note: Annotated[str, Form()] = "",
    viewer: Viewer = requires(Permission.READ_AUDIT),
) -> Response:
    """Settle one, with what was found out."""
    review.acknowledge(context_of(request), viewer, anomaly_id, note=note)
    return RedirectResponse("/anomalies", status_code=303)


def _rules(viewer: Viewer) -> list[tuple[str, str, int, str]]:
    """Title, reason, limit and date of effect of each rule in force, for who reads the list."""
    at = 0 if viewer.language.startswith("zh") else 1
    file = load()
    newest = {rule.code: rule for rule in sorted(file.rules, key=lambda one: one.effective_from)}
    return [
        (rule.titles[at], rule.whys[at], rule.limit, rule.effective_from.isoformat())
        for rule in newest.values()
    ]


def _address(values: dict[str, str]) -> str:
    return f"/anomalies?{urlencode({key: value for key, value in values.items() if value})}"
