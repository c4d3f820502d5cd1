"""Documents: sending them in, what is known of them, their text, pages and bytes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from dossier.errors import (
    InvalidInputError,
    NotFoundError,
    StaleRevisionError,
    UnreadableFileError,
)
from dossier.records import IntakeOutcome, QuarantineReason
from dossier.services import documents, pages, uploads
from dossier.services.views import DocumentChange, DocumentView, UploadedFile, UploadForm
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from dossier.web.files import send_file, send_picture
from dossier.web.uploading import UploadLimits, receive
from searchapi import answers, schemas
from searchapi.answers import JsonAnswer
from searchapi.language import speaking
from searchapi.problems import CHANGING, READING, SENDING, Responses, may_answer

router = APIRouter(prefix="/documents", tags=["documents"])
PATH = "/api/v1/documents"
WIDEST = 4000
"""Pixels of a page picture at most: more than an A4 page at 300 dpi."""
KNOWN_ALREADY: Responses = {
    200: {"model": schemas.Uploaded, "description": "A duplicate: the first copy's id"}
}
TEXT: Responses = {200: {"content": {"text/plain": {}, "application/json": {}}}}
PICTURE: Responses = {200: {"content": {"image/jpeg": {}, "image/png": {}}}}
Flag = Annotated[bool, Query()]
NOTHING_TAKEN = (
    "Empty (0 bytes): nothing was taken in, and the intake list says so. Scan or copy it once more "
    "and send it again"
)
NOTHING_TAKEN_ZH = "文件是空的（0 字节），未能收入，收件列表已记下。请重新扫描或复制后再次上传"
FORM_FEED = "\f"
"""Between pages of a text, as text tools have it."""


@router.post(
    "",
    status_code=202,
    response_model=schemas.Uploaded,
    responses=KNOWN_ALREADY | SENDING,
    summary="Send files in",
    openapi_extra={"requestBody": schemas.UPLOAD_BODY},
)
async def upload(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.UPLOAD, form_is_streamed=True)],
) -> JsonAnswer:
    """One or more files, streamed to disk; each is safe when the answer comes.

    Of several the empty ones are ``quarantined`` with the reason ``empty``; none but such: 422.
    """
    context = context_of(request)
    settings = context.settings
    limits = UploadLimits(settings.max_file_bytes, settings.upload_max_files)
    async with receive(request, settings.home / "uploads", limits) as form:
        files = [(each.file_name, each.path) for each in form.files if each.field == "file"]
        taken = await run_in_threadpool(
            uploads.accept, context, viewer, files, _upload_form(form.fields)
        )
    if all(each.document_id is None for each in taken):
        raise UnreadableFileError(QuarantineReason.EMPTY, NOTHING_TAKEN, detail_zh=NOTHING_TAKEN_ZH)
    are_new = any(each.outcome != IntakeOutcome.DUPLICATE for each in taken)
    return JsonAnswer(_uploaded(taken), status_code=202 if are_new else 200)


def _upload_form(fields: dict[str, str]) -> UploadForm:
    known = {name: fields[name].strip() or None for name in UploadForm.__slots__ if name in fields}
    return UploadForm(**known)


def _uploaded(taken: tuple[UploadedFile, ...]) -> dict[str, Any]:
    items = [
        {
            "id": each.document_id,
            "status_url": f"{PATH}/{each.document_id}" if each.document_id else None,
            "file_name": each.file_name.encode("utf-8", "replace").decode(),
            "outcome": each.outcome,
            "intake_id": each.intake_id,
            "reason": each.reason,
        }
        for each in taken
    ]
    return items[0] if len(items) == 1 else {"items": items}


@router.get(
    "/{document_id}",
    response_model=schemas.Document,
    responses=READING,
    summary="All that is known of a document",
)
def read(
    request: Request,
    document_id: str,
    viewer: Annotated[Viewer, requires(Permission.READ_CUSTOMER)],
) -> JsonAnswer:
    """State, customer, type, fields and pages; the ETag is the revision for a change."""
    context = context_of(request)
    speaker = speaking(request, viewer, context.settings.locale)
    return _document(documents.get(context, speaker, document_id))


def _document(view: DocumentView) -> JsonAnswer:
    answer = JsonAnswer(answers.document(view))
    answer.headers["ETag"] = f'"{view.revision}"'
    return answer


class Change(BaseModel):
    """What to change; a name that is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    customer_no: str | None = Field(None, max_length=16, description="null: back to nobody")
    type: str | None = Field(
        None,
        max_length=8,
        validation_alias=AliasChoices("type", "document_type"),
        description="A code of the catalogue; document_type, its name in an upload, is taken too",
    )
    title: str | None = Field(None, max_length=400)
    doc_date: date | None = None

    def as_change(self) -> DocumentChange:
        """The use case's value."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        to_nobody = "customer_no" in given and given["customer_no"] is None
        return DocumentChange(**given, to_nobody=to_nobody)


@router.patch(
    "/{document_id}",
    response_model=schemas.Document,
    responses=CHANGING | may_answer(StaleRevisionError),
    summary="Assign or correct",
)
def change(
    request: Request,
    document_id: str,
    body: Change,
    viewer: Annotated[Viewer, requires(Permission.ASSIGN)],
    if_match: Annotated[str | None, Header(description="The ETag that was read")] = None,
) -> JsonAnswer:
    """With ``If-Match`` a change is refused (412) when somebody else was faster."""
    context = context_of(request)
    speaker = speaking(request, viewer, context.settings.locale)
    view = documents.change(
        context, speaker, document_id, body.as_change(), revision=_revision(if_match)
    )
    return _document(view)


def _revision(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    number = if_match.strip().removeprefix("W/").strip('"')
    if not number.isdecimal():
        raise InvalidInputError("If-Match must be the ETag of the document as it was read")
    return int(number)


@router.get(
    "/{document_id}/original",
    response_class=Response,
    responses=READING,
    summary="The untouched original",
)
def read_original(
    request: Request,
    document_id: str,
    viewer: Annotated[Viewer, requires(Permission.READ_ORIGINAL)],
    *,
    inline: Flag = False,
) -> Response:
    """The bytes as they came in; byte ranges are answered."""
    file = documents.original(context_of(request), viewer, document_id)
    return send_file(request, file, inline=inline)


@router.get(
    "/{document_id}/pdf",
    response_class=Response,
    responses=READING,
    summary="The searchable PDF",
)
def read_pdf(
    request: Request,
    document_id: str,
    viewer: Annotated[Viewer, requires(Permission.READ_ORIGINAL)],
    *,
    inline: Flag = False,
) -> Response:
    """The searchable copy, the view of a file without pages, or the PDF that the original is."""
    file = documents.pdf(context_of(request), viewer, document_id)
    return send_file(request, file, inline=inline)


@router.get(
    "/{document_id}/text",
    response_class=PlainTextResponse,
    responses=TEXT | READING,
    summary="The text of its pages",
)
def read_text(
    request: Request,
    document_id: str,
    viewer: Annotated[Viewer, requires(Permission.READ_CONTENT)],
    q: str = "",
) -> Response:
    """Masked for the viewer; plain with a form feed between pages, or JSON with highlights."""
    found = documents.texts(context_of(request), viewer, document_id, q=q)
    if "application/json" in request.headers.get("accept", ""):
        return JsonAnswer({"items": [answers.page_text(page) for page in found]})
    return PlainTextResponse(FORM_FEED.join(page.text for page in found))


@router.get(
    "/{document_id}/pages/{number}/image",
    response_class=Response,
    responses=PICTURE | READING,
    summary="A page's picture",
)
def read_image(
    request: Request,
    document_id: str,
    number: int,
    viewer: Annotated[Viewer, requires(Permission.READ_CONTENT)],
    width: Annotated[int, Query(ge=16, le=WIDEST)] = 1000,
    q: str = "",
    *,
    strip: Flag = False,
) -> Response:
    """Upright, what is masked painted over; ``strip``: the part around the first hit, boxed."""
    picture = pages.image(
        context_of(request), viewer, document_id, number, width=width, q=q, strip=strip
    )
    return send_picture(request, picture)


@router.get(
    "/{document_id}/pages/{number}/boxes",
    response_model=schemas.Boxes,
    responses=READING,
    summary="Where the query stands on the page",
)
def read_boxes(
    request: Request,
    document_id: str,
    number: int,
    viewer: Annotated[Viewer, requires(Permission.READ_CONTENT)],
    q: str = "",
) -> JsonAnswer:
    """Boxes in pixels of a picture of the given width and height; scale them to yours."""
    if number < 1:
        raise NotFoundError("Pages are counted from 1")
    return JsonAnswer(pages.boxes(context_of(request), viewer, document_id, number, q=q))
