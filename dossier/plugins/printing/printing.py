"""A print is written down, with its purpose, before the first sheet is shown (domain.md S3-15)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from dossier.access import demand
from dossier.errors import InvalidInputError
from dossier.services import audit, documents
from dossier.services.audit import Receipt
from dossier.services.context import Context
from dossier.services.views import DocumentView
from dossier.viewer import Permission, Viewer

PRINTED = audit.PRINTED
LONGEST_PURPOSE = 200
"""Characters of a purpose in the record."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What may be printed now; exists only against the receipt of its audit row."""

    receipt: Receipt
    document: DocumentView
    purpose: str
    at: datetime


def print_paper(context: Context, viewer: Viewer, document_id: str, *, purpose: str) -> Printed:
    """Release a paper for printing.

    Raises:
        ForbiddenError: the role may not print, or not read contents.
        InvalidInputError: no purpose, or too long a one.
        NotFoundError: no such paper in the viewer's scope.
        UnavailableError: it cannot be noted now, so nothing is shown.
    """
    viewer = demand(viewer, Permission.PRINT)
    viewer = demand(viewer, Permission.READ_CONTENT)
    purpose = " ".join(purpose.split())
    if not purpose or len(purpose) > LONGEST_PURPOSE:
        raise InvalidInputError("Say what the print is for", detail_zh="请填写打印用途")
    document = documents.get(context, viewer, document_id)
    receipt = audit.record_read(
        context,
        replace(viewer, purpose=purpose),
        PRINTED,
        object_kind="document",
        object_id=document_id,
        facts={"pages": document.page_count},
    )
    return Printed(receipt, document, purpose, context.clock.now())
