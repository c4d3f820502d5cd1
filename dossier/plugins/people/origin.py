"""Where a paper was captured, beside a paper that belongs elsewhere since a reorganisation."""

from __future__ import annotations

from sqlalchemy import select

from dossier.db.tables import Document, OrgUnit
from dossier.hookspecs import Panel
from dossier.services.context import Context
from dossier.services.labels import CHINESE
from dossier.viewer import Viewer


def of_document(context: Context, viewer: Viewer, document_id: str) -> tuple[Panel, ...]:
    """The unit that captured the paper, where it is another one than its customer's (S3-18).

    Nothing for who may not know of that unit.
    """
    query = (
        select(OrgUnit.id, OrgUnit.name)
        .join(Document, Document.captured_unit_id == OrgUnit.id)
        .where(Document.id == document_id, Document.unit_id != Document.captured_unit_id)
    )
    with context.reading(viewer) as session:
        found = session.execute(query).one_or_none()
    if found is None or not (viewer.scope.everything or found.id in viewer.scope.units):
        return ()
    label = "采集单位" if viewer.language.startswith(CHINESE) else "Captured at"
    return (Panel("origin", "来源", "Origin", rows=((label, found.name),)),)
