"""Where the searchable copy of a paper stands while there is none: in the making, or failed."""

from __future__ import annotations

from sqlalchemy import select

from dossier.db.session import ScopedSession
from dossier.db.tables import Document, Intake, WorkItem
from dossier.records import IntakeOutcome
from dossier.services.views import CopyState
from dossier.viewer import Permission, Viewer
from dossier.work.kinds import WorkKind

BEING_MADE = "being_made"
FAILED = "failed"
_STATES = {"ready": BEING_MADE, "leased": BEING_MADE, "failed": FAILED}


def state_of(session: ScopedSession, viewer: Viewer, document: Document) -> CopyState | None:
    """How the work on the copy stands; None when it is done, or none is to be made.

    It is told to who may take copies away. ``intake_id`` is for who may try again.
    """
    if not viewer.may(Permission.READ_ORIGINAL):
        return None
    query = select(WorkItem.state, WorkItem.error).where(
        WorkItem.subject == document.id, WorkItem.kind == WorkKind.SEARCHABLE
    )
    work = session.execute(query.limit(1)).first()
    if work is None or work.state not in _STATES:
        return None
    state = _STATES[work.state]
    may_retry = state == FAILED and viewer.may(Permission.MANAGE_INTAKE)
    return CopyState(state, work.error, _intake_id(session, document) if may_retry else "")


def _intake_id(session: ScopedSession, document: Document) -> str:
    own = (Intake.document_id == document.id, Intake.outcome != IntakeOutcome.DUPLICATE)
    return session.scalar(select(Intake.id).where(*own).order_by(Intake.id).limit(1)) or ""
