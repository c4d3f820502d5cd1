"""Read records of many objects at once: an entry for each, so that each tells who took it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError

from dossier.db.tables import AuditEvent
from dossier.errors import UnavailableError
from dossier.services import audit
from dossier.services.audit import Receipt
from dossier.services.context import Context
from dossier.viewer import Viewer

KEYS = ("at", "actor", "role", "purpose", "remote")
"""What the entries have in common with the row of the whole."""


def record_each(
    context: Context,
    viewer: Viewer,
    whole: Mapping[str, Any],
    *,
    action: str,
    object_kind: str,
    object_ids: Sequence[str],
) -> Receipt:
    """Commit one row for the bulk and one for each object in it, all or nothing.

    Args:
        context: the archive.
        viewer: who takes them.
        whole: arguments of :func:`dossier.services.audit.note` for the bulk, ``action`` among them.
        action: of the entries, e.g. ``customer.exported``.
        object_kind: of the entries.
        object_ids: what leaves; the entries' ``facts`` name the bulk's row as ``bulk``.

    Returns:
        The receipt that lets the bulk leave.

    Raises:
        UnavailableError: it cannot be written now, so nothing may leave.
    """
    try:
        with context.writing(viewer) as session:
            head = audit.note(session, viewer, at=context.clock.now(), **whole)
            common = {key: getattr(head, key) for key in KEYS}
            common |= {"action": action, "object_kind": object_kind, "outcome": head.outcome}
            rows = [common | {"object_id": one, "facts": {"bulk": head.id}} for one in object_ids]
            if rows:
                session.execute(insert(AuditEvent), rows)
    except SQLAlchemyError as err:
        raise UnavailableError("The audit cannot be written now") from err
    return Receipt(head.id, head.action, head.object_id)
