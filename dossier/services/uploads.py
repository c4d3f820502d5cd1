"""Files that a person or program sends: checked form, then intake as for any other file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select

from dossier import access
from dossier.db.tables import Customer, Document, new_id
from dossier.errors import InvalidInputError
from dossier.records import DocumentState, IntakeOutcome, QuarantineReason
from dossier.rules import document_types
from dossier.services import coming_back, intake, work_status
from dossier.services.context import Context
from dossier.services.reading import UPLOAD
from dossier.services.views import UploadedFile, UploadForm
from dossier.viewer import Permission, Viewer


def accept(
    context: Context,
    viewer: Viewer,
    files: Iterable[tuple[str, Path | BinaryIO]],
    form: UploadForm,
) -> tuple[UploadedFile, ...]:
    """Take the files in; each is safe in the store and on record when its entry comes back.

    Of an empty one nothing can be kept: it is set aside in the intake list with its reason, as one
    from the inbox or from ``ingest`` is, until it is sent again with something in it.

    Args:
        context: the wired product.
        viewer: who sends.
        files: file name and bytes of each.
        form: what was said about all of them.

    Raises:
        ForbiddenError: the role may not upload.
        InvalidInputError: no file, a customer that is not in the viewer's scope, an unknown type.
        TooLargeError: above ``max_file_bytes``.
        DiskFullError: no room; files before this one are in.
    """
    viewer = access.demand(viewer, Permission.UPLOAD)
    check_form(context, viewer, form)
    sent = list(files)
    if not sent:
        raise InvalidInputError("No file was sent; field name: file", detail_zh="没有选择文件")
    batch = new_id()
    return tuple(_accept(context, viewer, name, source, form, batch) for name, source in sent)


def look(context: Context, viewer: Viewer, intake_id: str) -> UploadedFile:
    """Where a file that this viewer sent stands by now.

    Raises:
        ForbiddenError: the role may not upload.
        NotFoundError: no such file, or somebody else's.
    """
    item = work_status.get_own(context, viewer, intake_id)
    return UploadedFile(
        item.source_path,
        item.outcome,
        item.id,
        item.document_id,
        item.reason or item.first_reason,
        item.state,
    )


def is_empty(source: Path | BinaryIO) -> bool:
    """Whether there is nothing in it."""
    if isinstance(source, Path):
        return source.stat().st_size == 0
    at = source.tell()
    end = source.seek(0, os.SEEK_END)
    source.seek(at)
    return end == at


def check_form(context: Context, viewer: Viewer, form: UploadForm) -> None:
    """Refuse what a person mistyped before the files are taken.

    Raises:
        InvalidInputError: a customer that is not in the viewer's scope, an unknown type.
    """
    if form.document_type and not document_types.exists(form.document_type):
        raise InvalidInputError(
            "Unknown document_type; use a code of the catalogue such as C01",
            detail_zh="未知的文件类型代码",
        )
    if form.customer_no:
        with context.reading(viewer) as session:
            query = select(Customer.customer_no).where(Customer.customer_no == form.customer_no)
            if session.scalar(query) is None:
                raise InvalidInputError(
                    "No customer of this number; check it, or leave it empty to have it found",
                    detail_zh="没有此户号；请核对，或留空由系统识别",
                )


def _accept(
    context: Context,
    viewer: Viewer,
    name: str,
    source: Path | BinaryIO,
    form: UploadForm,
    batch: str,
) -> UploadedFile:
    arrival = intake.Arrival(
        file_name=name,
        origin=UPLOAD,
        given_customer_no=form.customer_no or None,
        batch=batch,
        document_type=form.document_type,
        case_no=form.case_no,
        trouble_key=coming_back.trouble_key(f"{UPLOAD}|{viewer.id}|{name}"),
    )
    if is_empty(source):
        reason = QuarantineReason.EMPTY
        intake_id = intake.refuse(context, viewer, arrival.in_trouble(), reason=reason)
        return UploadedFile(name, IntakeOutcome.QUARANTINED, intake_id, None, reason)
    result = intake.take(context, viewer, source, arrival)
    return UploadedFile(
        name,
        result.outcome,
        result.intake_id,
        result.document_id,
        _why_set_aside(context, viewer, result.document_id)
        if result.outcome == IntakeOutcome.DUPLICATE
        else "",
    )


def _why_set_aside(context: Context, viewer: Viewer, document_id: str) -> str:
    """The quarantine reason of a first copy; empty when it is not set aside."""
    query = select(Document.problem).where(
        Document.id == document_id, Document.state == DocumentState.QUARANTINED
    )
    with context.reading(viewer) as session:
        return session.scalar(query) or ""
