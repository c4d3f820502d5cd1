"""Sealing: rows of the audit are chained and signed, in order, by a duty of the worker.

Writers know nothing of it. A row is sealed once no smaller id can appear any more; a seal is one
row, written in one short transaction, so that a kill leaves it whole or not there (ADR 7).
"""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from dossier.db.settled import settled_to
from dossier.db.tables import AuditEvent, AuditSeal
from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.services import audit_keys, audit_seals
from dossier.services.audit_checkpoints import keep_head
from dossier.services.audit_keys import SigningKey
from dossier.services.audit_seals import COLUMNS, Statement
from dossier.services.context import Context
from dossier.viewer import Viewer

RULES = "audit"


def seal(context: Context, viewer: Viewer) -> int:
    """Seal everything that was committed when this began; returns how many rows this call sealed.

    May be called by several processes at once: one of them seals, the others find it done.

    Raises:
        ConfigurationError: the key of the chain is missing, or this machine has another.
    """
    rules = rulebook.load(RULES)
    last = newest(context, viewer)
    reached = last.last_event if last else 0
    if not _has_rows_after(context, viewer, reached):
        return 0
    until = settled_to(context.database, patience_seconds=float(rules["patience_seconds"]))
    if until is None:
        return 0
    key = _key_for(context, last)
    sealed = 0
    while (
        made := _next(context, viewer, key, last, until, int(rules["rows_of_a_seal"]))
    ) is not None:
        if _commit(context, viewer, made):
            last, sealed = made, sealed + made.count
        else:  # another sealer was quicker; go on behind what it sealed
            last = newest(context, viewer)
    return sealed


def newest(context: Context, viewer: Viewer) -> AuditSeal | None:
    """The last seal."""
    with context.reading(viewer) as session:
        return session.scalar(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1))


def _has_rows_after(context: Context, viewer: Viewer, reached: int) -> bool:
    with context.reading(viewer) as session:
        query = select(AuditEvent.id).where(AuditEvent.id > reached).limit(1)
        return session.scalar(query) is not None


def _key_for(context: Context, last: AuditSeal | None) -> SigningKey:
    home = context.settings.home
    key = audit_keys.load_signing_key(home, may_create=last is None)
    if last is not None and last.key_id not in audit_keys.trusted_keys(home):
        raise ConfigurationError(
            "The audit's chain was signed with another key than this machine's audit.key; copy "
            "audit.key and audit.pub from the machine that sealed it"
        )
    return key


def _next(
    context: Context,
    viewer: Viewer,
    key: SigningKey,
    last: AuditSeal | None,
    until: int,
    most: int,
) -> AuditSeal | None:
    """The seal after ``last``, not written yet; None when all rows up to ``until`` are sealed."""
    with context.reading(viewer) as session:
        following = AuditEvent.id > (last.last_event if last else 0)
        query = select(*COLUMNS).where(following, AuditEvent.id <= until)
        rows = session.execute(query.order_by(AuditEvent.id).limit(most)).all()
    entries = [(row.id, audit_seals.digest(row)) for row in rows]
    return _sealed(context, key, last, entries) if entries else None


def _commit(context: Context, viewer: Viewer, made: AuditSeal) -> bool:
    """Write a seal; False when its number is taken.

    Rows never change, so only this one insert needs the writer's turn, not the hashing.
    """
    try:
        with context.writing(viewer) as session:
            session.add(made)
    except IntegrityError:
        return False
    keep_head(context, viewer, made)
    return True


def _sealed(
    context: Context, key: SigningKey, last: AuditSeal | None, entries: list[tuple[int, bytes]]
) -> AuditSeal:
    packed, now = audit_seals.pack(entries), context.clock.now()
    said = Statement(
        number=last.id + 1 if last else 1,
        previous=last.hash if last else audit_seals.NOTHING_BEFORE,
        first_event=entries[0][0],
        last_event=entries[-1][0],
        count=len(entries),
        total=(last.total if last else 0) + len(entries),
        rows_sha256=hashlib.sha256(packed).hexdigest(),
        sealed_at=now.isoformat(),
        key_id=key.id,
    )
    return AuditSeal(
        id=said.number,
        first_event=said.first_event,
        last_event=said.last_event,
        count=said.count,
        total=said.total,
        rows=packed,
        previous=said.previous,
        hash=said.hash,
        sealed_at=now,
        key_id=said.key_id,
        signature=key.sign(said.to_sign),
    )
