"""At the start: is this the archive's key? A wrong one is told in one sentence, nothing changes."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from dossier.clock import Clock
from dossier.db import Database, session_for
from dossier.db.key_tables import ArchiveKey
from dossier.db.session import ScopedSession
from dossier.db.tables import DocumentField, Identifier
from dossier.errors import ConfigurationError
from dossier.services import sealed_fields
from dossier.services.keys import Key, Keyring
from dossier.viewer import system_viewer

SETUP = system_viewer("keys")
CHECK = "dossier"
MARK = "elasticsearch index of this archive"
CURRENT, OLD, DROPPED = "current", "old", "dropped"
SEAL_TOGETHER = 200
"""Fields encrypted in one transaction."""


def settle(database: Database, keyring: Keyring, clock: Clock) -> str:
    """Check the key, note that of a new archive, encrypt what an older version left in clear.

    Returns:
        The archive's mark at a search server; the same whatever the key is later.

    Raises:
        ConfigurationError: another key than this archive's.
    """
    with session_for(database, SETUP) as session:
        present = current_key(session)
    if present is None:
        present = _note_first(database, keyring, clock)
    _demand_ours(keyring, present)
    if not present.progress.get("fields_sealed"):
        _seal_fields(database, keyring, present.id)
    return present.mark


def current_key(session: ScopedSession) -> ArchiveKey | None:
    """The key that the archive is kept under."""
    return session.scalar(select(ArchiveKey).where(ArchiveKey.state == CURRENT))


def new_row(key: Key, clock: Clock, *, mark: str = "") -> ArchiveKey:
    """The row of a key that is now in use."""
    return ArchiveKey(
        id=key.id,
        state=CURRENT,
        check=key.encrypt(CHECK),
        mark=mark or key.hash(MARK),
        made_at=clock.now(),
        progress={},
    )


def _note_first(database: Database, keyring: Keyring, clock: Clock) -> ArchiveKey:
    """Of two processes at once, the second takes the first's row."""
    try:
        with session_for(database, SETUP, write=True) as session:
            known = session.scalar(select(Identifier.encrypted).limit(1))
            if known is not None:
                keyring.decrypt(known)  # an archive of before: only its own key is noted
            session.add(row := new_row(keyring.keys[0], clock))
            return row
    except IntegrityError:
        with session_for(database, SETUP) as session:
            found = current_key(session)
            if found is None:
                raise
            return found


def _demand_ours(keyring: Keyring, present: ArchiveKey) -> None:
    key = next((key for key in keyring.keys if key.id == present.id), None)
    try:
        is_ours = key is not None and key.decrypt(present.check) == CHECK
    except InvalidTag:
        is_ours = False
    if not is_ours:
        given = keyring.keys[0].id
        raise ConfigurationError(
            f"The secret key is not this archive's (given {given}, wanted {present.id}); put the "
            "right secret.key back from its backup, or set DOSSIER_SECRET_KEY; nothing was changed",
            detail_zh=f"密钥不属于本档案库（现有 {given}，需要 {present.id}）；请从备份恢复正确的 "
            "secret.key，或设置 DOSSIER_SECRET_KEY；未作任何更改",
        )


def _seal_fields(database: Database, keyring: Keyring, key_id: str) -> None:
    last = 0
    while True:
        with session_for(database, SETUP, write=True) as session:
            query = select(DocumentField).where(
                DocumentField.id > last, DocumentField.encrypted.is_(None)
            )
            rows = session.scalars(query.order_by(DocumentField.id).limit(SEAL_TOGETHER)).all()
            for row in rows:
                for column, value in sealed_fields.columns(keyring, row.name, row.value).items():
                    setattr(row, column, value)
            if not rows:
                present = session.get_one(ArchiveKey, key_id)
                present.progress = {**present.progress, "fields_sealed": True}
                return
            last = rows[-1].id
