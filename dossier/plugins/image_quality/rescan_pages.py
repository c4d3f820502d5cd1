"""``/rescans``: pages to be scanned anew, as a list to work off; and each with its forms."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from dossier.clock import local_date
from dossier.errors import ConflictError, DossierError, InvalidInputError, TooLargeError
from dossier.plugins.image_quality import views, wording
from dossier.plugins.image_quality.api import wished
from dossier.plugins.image_quality.views import Wish
from dossier.rules import image_quality
from dossier.rules.limits import LARGEST_INTEGER
from dossier.services import labels
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from dossier.web.uploading import UploadLimits, receive

router = APIRouter()
Reading = Annotated[Viewer, requires(Permission.READ_CUSTOMER)]
PageNumber = Annotated[int, Path(ge=1, le=LARGEST_INTEGER)]
HERE = "/rescans/{document_id}/{page}"


@router.get("/rescans")
def show_rescans(
    request: Request,
    viewer: Reading,
    wish: Annotated[Wish, Depends(wished)],
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """The list, with the share of pages that pass in each unit."""
    found = views.get(context_of(request), viewer, wish, cursor=cursor)
    chosen = {
        "state": wish.state,
        "unit": "" if wish.unit is None else str(wish.unit),
        "check": wish.check,
    }
    return render(
        request,
        "image_quality/rescans.html",
        found=found,
        chosen=chosen,
        address=lambda **other: _address({**chosen, **other}),
        **_words(),
    )


@router.get(HERE)
def show_rescan(request: Request, document_id: str, page: PageNumber, viewer: Reading) -> Response:
    """A page with what is wrong with it, and the forms."""
    return _draw(request, viewer, document_id, page)


@router.post(HERE + "/accept")
def accept_page(
    request: Request,
    document_id: str,
    page: PageNumber,
    viewer: Annotated[Viewer, requires(Permission.ASSIGN)],
    why: Annotated[str, Form(max_length=40)] = "",
    note: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Take it as it is, and on to the list; where that cannot be, the page with what was typed."""
    context = context_of(request)
    try:
        views.accept(context, viewer, document_id, page, why=why, note=note)
    except (ConflictError, InvalidInputError) as error:
        return _draw(request, viewer, document_id, page, typed=(why, note), error=error)
    return RedirectResponse("/rescans", status_code=303)


@router.post(HERE + "/scan")
async def take_scan(
    request: Request,
    document_id: str,
    page: PageNumber,
    viewer: Annotated[Viewer, requires(Permission.UPLOAD, form_is_streamed=True)],
) -> Response:
    """Take the new scan in, and back; it is read meanwhile."""
    context = context_of(request)
    settings = context.settings
    limits = UploadLimits(settings.max_file_bytes, 2)
    try:
        async with receive(request, settings.home / "uploads", limits) as form:
            files = [(one.file_name, one.path) for one in form.files]
            await run_in_threadpool(views.hand_in, context, viewer, document_id, page, files)
    except (ConflictError, InvalidInputError, TooLargeError) as error:
        return await run_in_threadpool(_draw, request, viewer, document_id, page, error=error)
    return RedirectResponse(f"/rescans/{quote(document_id)}/{page}", status_code=303)


def _draw(
    request: Request,
    viewer: Viewer,
    document_id: str,
    page: int,
    *,
    typed: tuple[str, str] = ("", ""),
    error: DossierError | None = None,
) -> Response:
    context = context_of(request)
    return render(
        request,
        "image_quality/rescan.html",
        status=error.status if error else 200,
        one=views.one(context, viewer, document_id, page),
        reasons=views.reasons(local_date(context.clock.now())),
        longest=image_quality.numbers()["note_characters"],
        typed=typed,
        error=error,
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {"wording": wording, "type_label": labels.type_label}


def _address(values: dict[str, str]) -> str:
    kept = {name: value for name, value in values.items() if value or name == "state"}
    return f"/rescans?{urlencode(kept)}"
