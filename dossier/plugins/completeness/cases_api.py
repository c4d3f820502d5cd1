"""``POST /api/v1/events``: what the marketing system tells. ``GET /api/v1/cases/{case_no}``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from dossier.errors import InvalidInputError, NotFoundError, TooLargeError
from dossier.plugins.completeness import case_events, case_view, events, wording
from dossier.plugins.completeness.api import CompletenessItem, item_answer
from dossier.plugins.completeness.case_view import CaseView, NodeView
from dossier.plugins.completeness.events import Event
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.language import speaking
from searchapi.problems import may_answer

router = APIRouter(tags=["cases"])
_ONE = Event.model_json_schema()
_MANY = {"type": "array", "items": _ONE, "maxItems": events.MOST_EVENTS}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            events.SINGLE: {"schema": _ONE},
            events.BATCH: {"schema": _MANY},
            events.PLAIN: {"schema": {"anyOf": [_ONE, _MANY]}},
        },
    }
}


class ReceivedItem(BaseModel):
    """What became of an event."""

    source: str
    id: str
    type: str
    outcome: str = Field(
        description="applied; waiting for events before it; refused; kept (of a type that changes"
        " nothing here); repeated (it came before); conflict (another came before under its name)"
    )
    reason: str = Field(description="A code; empty where there is nothing to say")
    detail: str
    detail_zh: str
    case_no: str | None


class ReceivedList(BaseModel):
    """What became of the events of a request, in its order."""

    items: list[ReceivedItem]


class CaseNodeItem(BaseModel):
    """A node of a case, with the papers that it asks for."""

    node: str
    label: str
    completed_at: datetime | None
    handler: str
    unit: str
    required: int
    present: int
    items: list[CompletenessItem]


class HoldItem(BaseModel):
    """While it was held; no end while it is."""

    since: datetime
    until: datetime | None


class CaseAnswer(BaseModel):
    """A case."""

    case_no: str
    customer_no: str
    business: str
    label: str
    state: str = Field(description="open, held, done or cancelled")
    unit: str
    opened_at: datetime | None
    ended_at: datetime | None
    holds: list[HoldItem]
    nodes: list[CaseNodeItem]


async def _sent(request: Request) -> bytes:
    """The body, up to the most that a batch may weigh."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > events.LARGEST_BYTES:
            raise TooLargeError(
                f"At most {events.LARGEST_BYTES // 2**20} MB a request",
                detail_zh=f"每次请求不超过 {events.LARGEST_BYTES // 2**20} MB",
            )
    return bytes(body)


@router.post(
    "/events",
    responses=may_answer(InvalidInputError, TooLargeError),
    openapi_extra=_BODY,
    summary="Events of the marketing system (CloudEvents 1.0)",
)
def receive_events(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.SEND_EVENTS, whole_company=True)],
    body: Annotated[bytes, Depends(_sent)],
) -> ReceivedList:
    """One, a batch, or one in headers. Each is kept once by its source and id, in any order."""
    found = case_events.receive(
        context_of(request), viewer, events.read(body, dict(request.headers))
    )
    return ReceivedList(
        items=[
            ReceivedItem(
                source=one.source,
                id=one.id,
                type=one.type,
                outcome=one.outcome,
                reason=one.reason,
                detail=wording.event_told(one.outcome, one.reason, wording.ENGLISH),
                detail_zh=wording.event_told(one.outcome, one.reason, wording.CHINESE),
                case_no=one.case_no,
            )
            for one in found
        ]
    )


@router.get(
    "/cases/{case_no:path}",
    responses=may_answer(NotFoundError, InvalidInputError),
    summary="A case with its nodes and the papers that they ask for",
)
def read_case(
    request: Request,
    case_no: str,
    viewer: Annotated[Viewer, requires(Permission.READ_CUSTOMER)],
) -> CaseAnswer:
    """Seen by who sees its customer."""
    context = context_of(request)
    speaker = speaking(request, viewer, context.settings.locale)
    language = wording.language_of(speaker.language)
    view = case_view.get(context, speaker, case_no)
    return CaseAnswer(
        case_no=view.case.case_no,
        customer_no=view.case.customer_no,
        business=view.case.business,
        label=wording.named(view.business, language),
        state=view.case.state,
        unit=view.case.unit,
        opened_at=view.case.opened_at,
        ended_at=view.case.ended_at,
        holds=[HoldItem(since=since, until=until) for since, until in view.case.holds],
        nodes=[_node(view, one, language) for one in view.nodes],
    )


def _node(view: CaseView, one: NodeView, language: str) -> CaseNodeItem:
    return CaseNodeItem(
        node=one.node.code,
        label=wording.named(one.node, language),
        completed_at=one.completed_at,
        handler=one.handler,
        unit=one.unit,
        required=one.required,
        present=one.present,
        items=[item_answer(view.dossier, item, language) for item in one.items]
        if view.dossier
        else [],
    )
