"""Upload: several files, drag and drop, the phone's camera; a plain form without script."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from dossier.errors import InvalidInputError, TooLargeError
from dossier.rules import document_types
from dossier.services import uploads
from dossier.services.views import UploadedFile, UploadForm
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from dossier.web.uploading import IncomingForm, UploadLimits, receive
from ui.locales import locale_of
from ui.rendering import is_partial, render

router = APIRouter()


@router.get("/upload", dependencies=[requires(Permission.UPLOAD)])
def show_upload(request: Request, customer: str = "") -> Response:
    """The form, for a customer when one is named."""
    return _page(request, UploadForm(customer_no=customer))


@router.post("/upload")
async def take_files(
    request: Request, viewer: Viewer = requires(Permission.UPLOAD, form_is_streamed=True)
) -> Response:
    """Take the files in; script sends one a time and puts the row into its list."""
    context = context_of(request)
    settings = context.settings
    limits = UploadLimits(settings.max_file_bytes, settings.upload_max_files)
    said = UploadForm()
    try:
        async with receive(request, settings.home / "uploads", limits) as form:
            said = _said(form)
            files = [(one.file_name, one.path) for one in form.files]
            results = await run_in_threadpool(uploads.accept, context, viewer, files, said)
    except (InvalidInputError, TooLargeError) as error:
        if is_partial(request):
            raise
        chinese = locale_of(request, settings.locale).startswith("zh")
        problem = (error.detail_zh or error.title_zh) if chinese else (error.detail or error.title)
        return _page(request, said, problem=problem, status=error.status)
    if is_partial(request):
        return render(request, "parts/upload_rows.html", results=results)
    return _page(request, UploadForm(said.customer_no), results=results)


@router.get("/upload/{intake_id}")
def show_file(
    request: Request,
    intake_id: str,
    seen: Annotated[str, Query(max_length=20)] = "",
    viewer: Viewer = requires(Permission.UPLOAD),
) -> Response:
    """The row of a file that one has sent, where it differs from what is ``seen``; else 204."""
    file = uploads.look(context_of(request), viewer, intake_id)
    if file.state == seen:
        return Response(status_code=204)
    return render(request, "parts/upload_rows.html", results=(file,))


def _said(form: IncomingForm) -> UploadForm:
    fields = form.fields
    number = "".join(fields.get("customer_no", "").split())
    return UploadForm(number or None, fields.get("document_type") or None)


def _page(
    request: Request,
    form: UploadForm,
    *,
    problem: str = "",
    results: tuple[UploadedFile, ...] = (),
    status: int = 200,
) -> Response:
    context = context_of(request)
    language = locale_of(request, context.settings.locale)
    return render(
        request,
        "upload.html",
        status=status,
        customer_no=form.customer_no or "",
        document_type=form.document_type or "",
        types=[
            (code, document_types.label(code, language))
            for code in document_types.catalogue().types
        ],
        problem=problem,
        results=results,
        max_files=context.settings.upload_max_files,
        max_size=context.settings.max_file_bytes,
    )
