"""What came in and where it stands: one row a file, its steps, its trouble and the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from dossier.records import IntakeState
from dossier.services import intake, unfinished, work_status
from dossier.services.work_status import IntakeItem
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from ui import labels
from ui.pages import reading
from ui.pages.login import inside
from ui.rendering import is_partial, render

router = APIRouter()
PAGE_SIZE: Final = 50
STEPS: Final = ("received", "read", "pages", "recognise", "searchable")
SETTLED: Final = (
    IntakeState.FILED,
    IntakeState.NO_COPY,
    IntakeState.TO_ASSIGN,
    IntakeState.DUPLICATE,
)


@dataclass(frozen=True, slots=True)
class StepDot:
    """A step of a file: ``state`` is ``done``, ``now``, ``failed`` or empty for still to come."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class StateLink:
    """A filter above the list with its count; an empty state is all of them."""

    state: str
    count: int
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row of the list; ``trouble`` is the code of what went wrong, empty when nothing did."""

    item: IntakeItem
    name: str
    folder: str
    steps: tuple[StepDot, ...]
    age_seconds: float
    trouble: str


@router.get("/intake")
def show_intake(
    request: Request,
    state: str = "",
    cursor: str = "",
    viewer: Viewer = requires(Permission.SEE_INTAKE),
) -> Response:
    """The list; htmx asks for its body every two seconds while somebody looks."""
    context = context_of(request)
    chosen = (state,) if state else ()
    page = work_status.list_intake(
        context, viewer, states=chosen, cursor=cursor or None, size=PAGE_SIZE
    )
    now = context.clock.now()
    return render(
        request,
        "parts/intake_body.html" if is_partial(request) else "intake.html",
        rows=[_row(item, now) for item in page.items],
        states=_state_links(page.counts, state),
        state=state,
        pace=reading.pace(context, viewer),
        remaining=unfinished.list_remaining(context, viewer),
        next=_address(state, page.next_cursor) if page.next_cursor else "",
    )


@router.get("/intake/progress")
def show_progress(request: Request, viewer: Viewer = requires(Permission.SEE_INTAKE)) -> Response:
    """The bar of the start page."""
    pace = reading.pace(context_of(request), viewer)
    return render(request, "parts/reading.html", progress=pace)


@router.post("/intake/{intake_id}/retry")
def retry(
    request: Request,
    intake_id: str,
    back: Annotated[str, Form()] = "/intake",
    viewer: Viewer = requires(Permission.MANAGE_INTAKE),
) -> Response:
    """Try a file again, and show the list."""
    intake.retry(context_of(request), viewer, intake_id)
    return RedirectResponse(inside(back), status_code=303)


def _state_links(counts: Mapping[str, int], chosen: str) -> list[StateLink]:
    everything = StateLink("", sum(counts.values()), "/intake", not chosen)
    return [everything] + [
        StateLink(state, counts.get(state, 0), _address(state), chosen == state)
        for state in IntakeState
    ]


def _address(state: str, cursor: str | None = None) -> str:
    pairs = {key: value for key, value in (("state", state), ("cursor", cursor)) if value}
    return f"/intake?{urlencode(pairs)}" if pairs else "/intake"


def _row(item: IntakeItem, now: datetime) -> FileRow:
    folder, _, name = item.source_path.rpartition("/")
    age = max((now - item.since).total_seconds(), 0.0)
    return FileRow(item, name or item.source_path, folder, _dots(item), age, trouble_of(item))


def trouble_of(item: IntakeItem) -> str:
    """A code that has words: exceptions of programs are told as such, their names are not."""
    if item.reason or not item.error:
        return item.reason
    if item.step == STEPS[-1]:
        return "no_searchable_copy"
    return item.error if item.error in labels.REASON else "internal"


def _dots(item: IntakeItem) -> tuple[StepDot, ...]:
    """Where the file stands on its way; what is not known to be done is still to come."""
    if item.first_reason:
        dots = ("done", "failed", "", "", "")
        return tuple(StepDot(name, dot) for name, dot in zip(STEPS, dots, strict=True))
    if item.step in STEPS:
        at = STEPS.index(item.step)
    else:
        at = len(STEPS) if item.state in SETTLED else 1
    here = {IntakeState.RUNNING: "now", IntakeState.FAILED: "failed", IntakeState.WAITING: "failed"}
    afterwards = ("failed" if item.error else "now") if item.step else ""
    current = here.get(IntakeState(item.state), afterwards if item.state in SETTLED else "")
    return tuple(
        StepDot(name, "done" if place < at else current if place == at else "")
        for place, name in enumerate(STEPS)
    )
