"""For those who run it: alive, ready, measured. Nothing about anybody."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from dossier.services import measures
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi import metrics, schemas
from searchapi.answers import JsonAnswer, plain

router = APIRouter(tags=["operation"])
Anybody = Annotated[Viewer, requires(Permission.PUBLIC)]


@router.get("/healthz", response_model=schemas.Health, summary="The process answers")
def healthz(_viewer: Anybody) -> JsonAnswer:
    """Always 200 while the process lives."""
    return JsonAnswer({"status": "ok"})


@router.get(
    "/readyz",
    response_model=schemas.Readiness,
    responses={503: {"model": schemas.Readiness, "description": "A part does not answer"}},
    summary="Database and index answer",
)
def readyz(request: Request, _viewer: Anybody) -> JsonAnswer:
    """200 when both answer, else 503; with what the index does not show yet."""
    state = measures.readiness(context_of(request))
    return JsonAnswer(plain(state), status_code=200 if state.status == "ready" else 503)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
    summary="Gauges for Prometheus, read from the records at scrape",
)
def read_metrics(request: Request, _viewer: Anybody) -> Response:
    """Counts by state; no personal data."""
    body, media_type = metrics.render(measures.read(context_of(request)))
    return Response(body, media_type=media_type)
