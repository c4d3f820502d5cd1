"""``/documents/{id}/corrections``: what was read, and the form to say what is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import ConflictError, DossierError, InvalidInputError
from dossier.rules.limits import LARGEST_INTEGER
from dossier.services import corrections, documents
from dossier.services.corrections import RightValue
from dossier.services.views import DocumentView, FieldView
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires

router = APIRouter(prefix="/documents/{document_id}/corrections")
Editor = Annotated[Viewer, requires(Permission.ASSIGN)]
Name = Annotated[str, Form(max_length=40)]
Revision = Annotated[int, Form(ge=1, le=LARGEST_INTEGER)]


@router.get("")
def show_corrections(
    request: Request,
    document_id: str,
    viewer: Editor,
    name: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Each field with what was read; one of them open to be corrected."""
    return _draw(request, viewer, document_id, name)


@router.post("")
def correct(  # noqa: PLR0913 - the fields of the form
    request: Request,
    document_id: str,
    viewer: Editor,
    revision: Revision,
    name: Name = "",
    values: Annotated[str, Form(max_length=8000)] = "",
    where: Annotated[str, Form(max_length=12)] = "",
    page: Annotated[str, Form(max_length=6)] = "",
    none: Annotated[str, Form(max_length=4)] = "",
) -> Response:
    """Say what it is, and back to the paper; what cannot be is told above the form."""
    context = context_of(request)
    try:
        doc = documents.get(context, viewer, document_id)
        right = [] if none else list(_right(doc, name, values, where, page))
        if not right and not none:
            raise InvalidInputError(
                "Type a value, or say that there is none",
                detail_zh="请填写内容，或勾选“资料上没有”",
            )
        corrections.correct(context, viewer, document_id, name, right, revision=revision)
    except (ConflictError, InvalidInputError) as error:
        return _draw(request, viewer, document_id, name, typed=values, error=error)
    return RedirectResponse(f"/documents/{quote(document_id)}", status_code=303)


@router.post("/take-back")
def take_back(
    request: Request, document_id: str, viewer: Editor, revision: Revision, name: Name = ""
) -> Response:
    """What is read counts again, and back."""
    try:
        corrections.take_back(context_of(request), viewer, document_id, name, revision=revision)
    except ConflictError as error:
        return _draw(request, viewer, document_id, name, error=error)
    return RedirectResponse(f"/documents/{quote(document_id)}/corrections", status_code=303)


def _right(
    doc: DocumentView, name: str, values: str, where: str, page: str
) -> Iterator[RightValue]:
    """One value a line; the first stands where somebody chose, the others on the same page."""
    own = _read(doc, name)
    at = own[int(where)] if where.isdigit() and int(where) < len(own) else None
    number = at.page if at else int(page) if page.isdigit() else 0
    for index, line in enumerate(filter(None, map(str.strip, values.splitlines()))):
        yield RightValue(line, number, at.box if at and index == 0 else None)


def _read(doc: DocumentView, name: str) -> list[FieldView]:
    return [one for one in doc.fields if one.name == name]


def _draw(
    request: Request,
    viewer: Viewer,
    document_id: str,
    name: str,
    *,
    typed: str = "",
    error: DossierError | None = None,
) -> Response:
    context = context_of(request)
    doc = documents.get(context, viewer, document_id)
    words = {one.name: one for one in corrections.of_document(context, viewer, document_id)}
    names = dict.fromkeys([*corrections.NAMES, *(one.name for one in doc.fields)])
    chosen = name if name in names else next((one.name for one in doc.fields), "doc_date")
    return render(
        request,
        "corrections/corrections.html",
        status=error.status if error else 200,
        doc=doc,
        names=list(names),
        chosen=chosen,
        read=_read(doc, chosen),
        words=words,
        typed=typed,
        error=error,
        seen_fields=corrections.SEEN,
        one_only=corrections.ONE_ONLY,
    )
