"""Unusual looks: a list for those who check them, each settled with a note."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from dossier.clock import local_date
from dossier.plugins.anomalies import review
from dossier.plugins.anomalies.duty import OPEN
from dossier.plugins.anomalies.rules import of
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from ui.locales import speaking

router = APIRouter()
ALL = "all"
LONGEST = 80
"""Characters of an account's name."""


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule in the words of one language; ``limits`` are those of some roles."""

    title: str
    why: str
    limit: int
    limits: Mapping[str, int]
    since: str


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
        rules=_rules(context_of(request), viewer),
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


def _rules(context: Context, viewer: Viewer) -> list[ShownRule]:
    """The rules in force today, for who reads the list."""
    at = 0 if viewer.language.startswith("zh") else 1
    today = local_date(context.clock.now())
    return [
        ShownRule(
            rule.titles[at], rule.whys[at], rule.limit, rule.limits, rule.effective_from.isoformat()
        )
        for rule in of(context).on(today)
    ]


def _address(values: dict[str, str]) -> str:
    return f"/anomalies?{urlencode({key: value for key, value in values.items() if value})}"
