"""A new secret key, and everything brought under it, while the archive goes on working (ADR 9).

In the order in which it can be interrupted anywhere and gone on with by the same command: the new
key is put into the file behind the one in use, so that every process can read with it; then before
it, so that all write with it; then each store is re-encrypted and hashed anew in batches; then the
index's rows are called out of date through the outbox. Until the old key is dropped, what is kept
under either is read and found.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update

from dossier.db import outbox
from dossier.db.key_tables import ArchiveKey
from dossier.db.login_tables import LoginStep, LoginThrottle, RecoveryCode
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document, User
from dossier.errors import ConfigurationError, NotPossibleError
from dossier.services import audit, key_check
from dossier.services.context import Context
from dossier.services.key_stores import STORES, Store
from dossier.services.keys import LOOK_SECONDS, KeyFile, new_master
from dossier.services.throttle import account_text
from dossier.viewer import Viewer

TOGETHER = 200
"""Rows of one transaction: some milliseconds in which other writers wait."""
SEEN_SECONDS = 2 * LOOK_SECONDS
"""After so long every running process has the file's new content."""
ROTATED, DROPPED = "keys.rotated", "keys.dropped"
THROTTLE, CUSTOMERS, DOCUMENTS = "login_throttle", "index_customers", "index_documents"
STAGES = (*(store.name for store in STORES), THROTTLE, CUSTOMERS, DOCUMENTS)


@dataclass(frozen=True, slots=True)
class KeyState:
    """The key in use, older ones that are still read with, and how far a rotation is."""

    current: str
    older: tuple[str, ...]
    done: bool
    stage: str
    counts: dict[str, int]


def state(context: Context, viewer: Viewer) -> KeyState:
    """How the keys stand."""
    with context.reading(viewer) as session:
        present = _present(session)
        progress = present.progress
    others = tuple(key.id for key in context.keyring.keys if key.id != present.id)
    return KeyState(
        present.id,
        others,
        not others or bool(progress.get("done")),
        progress.get("stage", ""),
        dict(progress.get("counts", {})),
    )


def rotate(
    context: Context,
    viewer: Viewer,
    *,
    report: Callable[[str, int], None] = lambda _stage, _count: None,
    wait: Callable[[float], None] = time.sleep,
) -> KeyState:
    """Bring the archive under a new key, or go on with one that was interrupted.

    Args:
        context: the wired product.
        viewer: on whose behalf; it is in the audit.
        report: called behind each batch with the stage and how many rows it has done.
        wait: sleeps, until all processes have seen the key file.

    Raises:
        ConfigurationError: the key comes from the settings and no new one is set there.
        NotPossibleError: the key before is still in the file and this one is complete: drop it
            first.
    """
    _take_new_key(context, wait)
    with context.reading(viewer) as session:
        progress = _present(session).progress
    begun = progress.get("stage", "") or STAGES[0]
    for stage in STAGES[STAGES.index(begun) :]:
        for count in _done_in_stage(context, viewer, stage):
            report(stage, count)
    with context.writing(viewer) as session:
        present = _present(session)
        present.progress = {**present.progress, "done": True}
        facts = {"key": present.id, **present.progress.get("counts", {})}
        audit.note(session, viewer, ROTATED, at=context.clock.now(), facts=facts)
    return state(context, viewer)


# -- the key ------------------------------------------------------------------------------------


def _take_new_key(context: Context, wait: Callable[[float], None]) -> None:
    """See to it that the keyring's first key is the new one, and the records say so."""
    with context.reading(key_check.SETUP) as session:
        present = _present(session)
        known = set(session.scalars(select(ArchiveKey.id)))
    keys = [key.id for key in context.keyring.keys]
    is_begun = bool(present.progress.get("stage")) and not present.progress.get("done")
    is_fresh = not known.issuperset(keys)  # an interrupted rotation put it there, or the settings
    if keys[0] == present.id:
        if is_begun and not is_fresh:
            return
        if len(keys) > 1 and not is_fresh:
            raise NotPossibleError(
                "The key before is still kept; first: dossier keys drop",
                detail_zh="旧密钥尚未清除，请先执行：dossier keys drop",
            )
        _put_new_key(context, known, wait)
    elif keys[0] in known:
        raise ConfigurationError(
            "The first key is an older one of this archive; put the newest one first",
            detail_zh="首个密钥是本档案库的旧密钥，请将最新密钥放在首位",
        )
    _note_new_key(context, present)


def _put_new_key(context: Context, known: set[str], wait: Callable[[float], None]) -> None:
    if context.settings.secret_key is not None:
        raise ConfigurationError(
            "The key comes from DOSSIER_SECRET_KEY: set a new one there, the present one as "
            "DOSSIER_SECRET_KEY_OLD, restart, and run this again",
            detail_zh="密钥来自 DOSSIER_SECRET_KEY：请在其中设置新密钥，将现用密钥设为 "
            "DOSSIER_SECRET_KEY_OLD，重启后再执行",
        )
    file = KeyFile(context.settings.home / "secret.key")
    masters = list(file.read())
    fresh = next((key.master for key in context.keyring.keys if key.id not in known), None)
    if fresh is None:
        fresh = new_master()
        file.write([*masters, fresh])
        wait(SEEN_SECONDS)  # all can read with it before anybody writes with it
    file.write([fresh, *(master for master in masters if master != fresh)])
    wait(SEEN_SECONDS)
    context.keyring.refresh()


def _note_new_key(context: Context, before: ArchiveKey) -> None:
    with context.writing(key_check.SETUP) as session:
        session.execute(
            update(ArchiveKey).where(ArchiveKey.id == before.id).values(state=key_check.OLD)
        )
        row = key_check.new_row(context.keyring.keys[0], context.clock, mark=before.mark)
        row.progress = {"fields_sealed": True, "stage": STAGES[0], "counts": {}}
        session.add(row)


def _present(session: ScopedSession) -> ArchiveKey:
    found = key_check.current_key(session)
    if found is None:
        raise ConfigurationError("No key is noted; start the archive once")
    return found


# -- the stores ---------------------------------------------------------------------------------


def _done_in_stage(context: Context, viewer: Viewer, stage: str) -> Iterator[int]:
    """Do a stage batch by batch; what is done is noted in the same transaction."""
    work = _WORK[stage]
    while True:
        with context.writing(viewer) as session:
            present = _present(session)
            progress = dict(present.progress)
            last = progress.get("last") if progress.get("stage") == stage else None
            reached, count = work(context, session, last)
            counts = dict(progress.get("counts", {}))
            counts[stage] = counts.get(stage, 0) + count
            following = STAGES[min(STAGES.index(stage) + 1, len(STAGES) - 1)]
            now_at = {"stage": stage, "last": reached} if count else {"stage": following}
            progress.pop("last", None)
            present.progress = {**progress, **now_at, "counts": counts}
        if not count:
            return
        yield counts[stage]


Work = Callable[[Context, ScopedSession, Any], tuple[Any, int]]
"""Does some rows behind the given one; gives the last one's key and how many they were."""


def _store_work(store: Store) -> Work:
    def work(context: Context, session: ScopedSession, last: Any) -> tuple[Any, int]:
        rows = _rows(session, store, last)
        for row in rows:
            clear = context.keyring.decrypt(getattr(row, store.body))
            setattr(row, store.body, context.keyring.encrypt(clear))
            for column, value in store.hashes(context.keyring, clear).items():
                setattr(row, column, value)
        return (getattr(rows[-1], store.key) if rows else last), len(rows)

    return work


def _rows(session: ScopedSession, store: Store, last: Any) -> list[Any]:
    key = getattr(store.table, store.key)
    query = select(store.table).where(getattr(store.table, store.body).is_not(None))
    if last is not None:
        query = query.where(key > last)
    return list(session.scalars(query.order_by(key).limit(TOGETHER).with_for_update()))


def _throttle_work(context: Context, session: ScopedSession, last: Any) -> tuple[Any, int]:
    """A lock or pause of an account stays; counts of addresses and unknown names begin anew."""
    query = select(User.id, User.name).order_by(User.id).limit(TOGETHER)
    users = session.execute(query.where(User.id > last) if last else query).all()
    for user in users:
        new, *older = context.keyring.hashes(account_text(user.name))
        mine = select(LoginThrottle.key).where(LoginThrottle.key.in_([new, *older]))
        found = list(session.scalars(mine))
        if found and new not in found:
            session.execute(
                update(LoginThrottle).where(LoginThrottle.key == found[0]).values(key=new)
            )
    return (users[-1].id if users else last), len(users)


def _customers_work(context: Context, session: ScopedSession, last: Any) -> tuple[Any, int]:
    query = select(Customer.customer_no).order_by(Customer.customer_no).limit(TOGETHER)
    keys = list(session.scalars(query.where(Customer.customer_no > last) if last else query))
    outbox.mark_changed(session, outbox.CUSTOMERS, keys, at=context.clock.now())
    return (keys[-1] if keys else last), len(keys)


def _documents_work(context: Context, session: ScopedSession, last: Any) -> tuple[Any, int]:
    """Their rows hold hashes of accounts, and their masks are kept under a keyed name."""
    query = select(Document.id).order_by(Document.id).limit(TOGETHER)
    keys = list(session.scalars(query.where(Document.id > last) if last else query))
    outbox.mark_changed(session, outbox.DOCUMENTS, keys, at=context.clock.now())
    session.execute(
        update(Document)
        .where(Document.id.in_(keys))
        .values(masks_due=Document.masks_due + 1)
        .execution_options(synchronize_session=False)
    )
    return (keys[-1] if keys else last), len(keys)


_WORK: dict[str, Work] = {
    **{store.name: _store_work(store) for store in STORES},
    THROTTLE: _throttle_work,
    CUSTOMERS: _customers_work,
    DOCUMENTS: _documents_work,
}


# -- letting the old key go ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dropped:
    """Keys that were let go, and recovery codes that went with them."""

    keys: tuple[str, ...]
    recovery_codes: int


def drop(
    context: Context, viewer: Viewer, *, wait: Callable[[float], None] = time.sleep
) -> Dropped:
    """Let the older keys go, when nothing is left under them.

    Recovery codes are kept as hashes alone, so those under an older key go with it.

    Raises:
        NotPossibleError: a rotation is not complete, the index is not up to date, or a value is
            still under an older key; which, and what to do.
        ConfigurationError: the key comes from the settings.
    """
    present = state(context, viewer)
    older = tuple(key for key in present.older)
    _demand_droppable(context, viewer, present)
    with context.writing(viewer) as session:
        codes = session.execute(
            delete(RecoveryCode).where(RecoveryCode.key_id != present.current)
        ).rowcount  # type: ignore[attr-defined]
        session.execute(delete(LoginStep))
        session.execute(
            update(ArchiveKey)
            .where(ArchiveKey.state == key_check.OLD)
            .values(state=key_check.DROPPED)
        )
        facts = {"dropped": older, "key": present.current, "recovery_codes": codes}
        audit.note(session, viewer, DROPPED, at=context.clock.now(), facts=facts)
    file = KeyFile(context.settings.home / "secret.key")
    file.write([context.keyring.keys[0].master])
    wait(SEEN_SECONDS)
    context.keyring.refresh()
    return Dropped(older, codes)


def _demand_droppable(context: Context, viewer: Viewer, present: KeyState) -> None:
    if not present.older:
        raise NotPossibleError("There is no old key to drop", detail_zh="没有可清除的旧密钥")
    if not present.done:
        raise NotPossibleError(
            "First: dossier keys rotate", detail_zh="请先执行：dossier keys rotate"
        )
    if context.settings.secret_key is not None:
        raise ConfigurationError(
            "The key comes from the settings: take DOSSIER_SECRET_KEY_OLD out and restart",
            detail_zh="密钥来自设置：请删除 DOSSIER_SECRET_KEY_OLD 并重启",
        )
    with context.reading(viewer) as session:
        waiting = outbox.backlog(session).pending
        left = {store.name: _left(context, session, store) for store in STORES}
    if waiting:
        raise NotPossibleError(
            f"{waiting} rows of the index wait for the new key; let dossier serve or work run",
            detail_zh=f"检索索引尚有 {waiting} 项待更新，请保持 dossier serve 或 work 运行",
        )
    if any(left.values()):
        named = ", ".join(f"{name} {count}" for name, count in left.items() if count)
        raise NotPossibleError(
            f"Still under an old key: {named}; run dossier keys rotate --again",
            detail_zh=f"仍有数据使用旧密钥：{named}；请执行 dossier keys rotate --again",
        )


def again(context: Context, viewer: Viewer) -> None:
    """Have the next :func:`rotate` go through all stores once more, without another key."""
    with context.writing(viewer) as session:
        present = _present(session)
        present.progress = {"fields_sealed": True, "stage": STAGES[0], "counts": {}}


def _left(context: Context, session: ScopedSession, store: Store) -> int:
    """Rows that the key in use does not open."""
    body, key = getattr(store.table, store.body), getattr(store.table, store.key)
    count, last = 0, None
    while True:
        query = select(key, body).where(body.is_not(None)).order_by(key).limit(TOGETHER)
        rows = session.execute(query if last is None else query.where(key > last)).all()
        count += sum(not context.keyring.is_current(stored) for _, stored in rows)
        if not rows:
            return count
        last = rows[-1][0]


def recovery_codes(context: Context, viewer: Viewer) -> int:
    """Recovery codes that would go with the older keys."""
    with context.reading(viewer) as session:
        present = _present(session)
        query = select(func.count()).select_from(RecoveryCode)
        return session.scalar(query.where(RecoveryCode.key_id != present.id)) or 0
