"""What somebody else approved for a viewer, of the one customer or paper in view."""

from __future__ import annotations

from sqlalchemy import select

from dossier.db.approval_tables import ApprovalRequest
from dossier.db.session import ScopedSession
from dossier.db.tables import User
from dossier.rules.role_words import load_words
from dossier.services.views import Approved
from dossier.viewer import Viewer


def approved_here(session: ScopedSession, viewer: Viewer) -> tuple[Approved, ...]:
    """The approvals by which a viewer cut down with :meth:`Viewer.at` sees more, shortest first.

    Whether they still hold was decided when the viewer was made, for this very request.
    """
    ids = [one.approval_id for one in viewer.reaches if one.approval_id]
    if not ids:
        return ()
    row = ApprovalRequest
    query = (
        select(row, User.name)
        .join(User, User.id == row.decided_by)
        .where(row.id.in_(ids))
        .order_by(row.ends_at, row.id)
    )
    return tuple(_approved(found, name) for found, name in session.execute(query))


def _approved(row: ApprovalRequest, decided_by: str) -> Approved:
    action = load_words().actions[row.action]
    if row.ends_at is None:
        raise ValueError("an approval of a customer or paper has an end")
    return Approved(row.id, action.zh, action.en, row.ends_at, row.purpose, decided_by)
