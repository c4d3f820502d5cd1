"""The file of a list: a workbook or a CSV under a password, until it expires (domain.md §4.7).

Nobody keeps the password: it is said once, to who made the file.
"""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

import pyzipper
from msoffcrypto.format.ooxml import OOXMLFile
from sqlalchemy import select
from sqlalchemy.orm import undefer

from dossier import access
from dossier.clock import SHANGHAI
from dossier.db.list_tables import ListFile
from dossier.db.tables import new_id
from dossier.errors import NotFoundError
from dossier.plugins.list_export import rules
from dossier.plugins.list_export.export import SYSTEM, ExportWish, Listed, listed
from dossier.rules.approvals import Thing
from dossier.services import audit, audit_bulk
from dossier.services.audit import Receipt
from dossier.services.context import Context
from dossier.services.table_export import MEDIA_TYPES, as_csv, as_xlsx
from dossier.viewer import Permission, Scope, Viewer
from ui.formatting import moment

ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without look-alikes: the password is read off a screen and typed."""
WIDTHS = (16, 16, 10, 12, 40, 18, 18, 18, 30, 10)
"""Of the workbook's columns, in characters."""
TOGETHER = 100
ZIP = "application/zip"


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that was made; exists only against the receipt of its audit rows."""

    receipt: Receipt
    id: str
    rows: int
    password: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a file, still under its password."""

    receipt: Receipt
    body: bytes
    name: str
    media_type: str


def make(context: Context, viewer: Viewer, wish: ExportWish) -> MadeFile:
    """Save a list as a file: one audit row for it, and one for each customer in it.

    Raises:
        ApprovalNeededError: it is long or in clear, and nobody approved it.
        ForbiddenError: the role may not export, or not see in clear.
        InvalidInputError: no purpose, or the list is longer than a file may be.
        UnavailableError: the index does not answer, or the audit cannot be written.
    """
    viewer = access.demand(viewer, Permission.EXPORT)
    found, now = listed(context, viewer, wish), context.clock.now()
    made = _row(viewer, wish, found, now)
    password = "".join(secrets.choice(ALPHABET) for _ in range(rules.load().password_characters))
    made.body = _PROTECTED[wish.form](viewer, found, made, password)
    receipt = _recorded(context, viewer, wish, found, made)
    with context.writing(viewer) as session:
        session.add(made)
    return MadeFile(receipt, made.id, made.rows, password, made.expires_at)


def fetch(context: Context, viewer: Viewer, file_id: str) -> Fetched:
    """The bytes, to who made the file, while it has not expired and may still be exported.

    Raises:
        ForbiddenError: the role may not export (any more).
        NotFoundError: no such file of the viewer's, it has expired, was made at another post, or
            by an approval that holds no more.
        UnavailableError: it cannot be noted now.
    """
    viewer = access.demand(viewer, Permission.EXPORT)
    now = context.clock.now()
    mine = select(ListFile).where(
        ListFile.id == file_id, ListFile.user_id == viewer.id, ListFile.expires_at > now
    )
    with context.reading(viewer) as session:
        found = session.scalar(mine.options(undefer(ListFile.body)))
    reach = viewer.extent(Permission.EXPORT)
    if found is None or found.body is None or not Scope.of_plain(found.scope) <= reach:
        raise _gone()
    if not _is_still_approved(context, viewer, found, now):
        raise _gone()
    receipt = audit.record_read(
        context, viewer, "list.fetched", object_kind="query", object_id=file_id
    )
    ending, media_type = _KINDS[found.form]
    return Fetched(receipt, found.body, f"{_stem(found.made_at)}.{ending}", media_type)


def _is_still_approved(context: Context, viewer: Viewer, file: ListFile, now: datetime) -> bool:
    """Whether the approval holds by which a file was made; true for one that needed none."""
    if file.approval_id is None and not file.is_clear:
        return True
    with context.reading(SYSTEM) as session:
        live = access.approved_now(session, viewer.id, at=now, kinds=(Thing.LIST,))
        return any(one.id == file.approval_id for one in live)


def _gone() -> NotFoundError:
    return NotFoundError("No such file, or it has expired", detail_zh="没有此文件，或已过期")


def erase_expired(context: Context) -> int:
    """Erase the bytes of files whose time is over; how many. A duty of a worker calls it."""
    now = context.clock.now()
    query = select(ListFile).where(ListFile.erased_at.is_(None), ListFile.expires_at <= now)
    with context.reading(SYSTEM) as session:
        if session.scalar(query.limit(1)) is None:
            return 0
    with context.writing(SYSTEM) as session:
        found = session.scalars(query.limit(TOGETHER)).all()
        for row in found:
            row.body, row.erased_at = None, now
            facts = {"file": row.id, "user": row.user_id}
            audit.note(
                session, SYSTEM, "list.expired", at=now, object_kind="query", object_id=row.id,
                facts=facts,
            )  # fmt: skip
        return len(found)


def _row(viewer: Viewer, wish: ExportWish, found: Listed, now: datetime) -> ListFile:
    ends = [found.approval.ends_at] if found.approval and found.approval.ends_at else []
    return ListFile(
        id=new_id(),
        user_id=viewer.id,
        form=wish.form,
        rows=len(found.rows),
        scope=viewer.extent(Permission.EXPORT).plain(),
        is_clear=wish.clear,
        approval_id=found.approval.id if found.approval else None,
        purpose=found.purpose,
        made_at=now,
        expires_at=min([now + rules.load().expires_after, *ends]),
    )


def _mark(viewer: Viewer, made: ListFile) -> str:
    """Who, when, what for and until when: goes with the rows wherever they go."""
    made_at, until = (moment(one) for one in (made.made_at, made.expires_at))
    return f"{viewer.name} · {made_at} · {made.purpose} · ≤ {until}"


def _workbook(viewer: Viewer, found: Listed, made: ListFile, password: str) -> bytes:
    """Encrypted as Excel and WPS do it themselves (ECMA-376 agile, AES); the mark on each sheet."""
    clear = as_xlsx(found.head, found.rows, widths=WIDTHS, mark=_mark(viewer, made))
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(clear)).encrypt(password, out)
    return out.getvalue()


def _csv(viewer: Viewer, found: Listed, made: ListFile, password: str) -> bytes:
    """A ZIP under AES, which 7-Zip and WinZip open; the mark is a file of its own in it."""
    out = io.BytesIO()
    with pyzipper.AESZipFile(
        out, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
    ) as archive:
        archive.setpassword(password.encode())
        archive.writestr(f"{_stem(made.made_at)}.csv", as_csv(found.head, found.rows))
        archive.writestr("mark.txt", _mark(viewer, made))
    return out.getvalue()


def _stem(made_at: datetime) -> str:
    return f"dossier-{made_at.astimezone(SHANGHAI):%Y%m%d-%H%M%S}"


_PROTECTED = {"xlsx": _workbook, "csv": _csv}
_KINDS = {"xlsx": ("xlsx", MEDIA_TYPES["xlsx"]), "csv": ("zip", ZIP)}


def _recorded(
    context: Context, viewer: Viewer, wish: ExportWish, found: Listed, made: ListFile
) -> Receipt:
    facts = {
        "rows": made.rows,
        "clear": made.is_clear,
        "form": made.form,
        "file": made.id,
        "until": made.expires_at.isoformat(),
    }
    whole = {
        "action": "list.exported",
        "object_kind": "query",
        "object_id": context.keyring.hash(wish.asked.q),
        "facts": facts,
    }
    return audit_bulk.record_each(
        context,
        replace(viewer, purpose=made.purpose),
        whole,
        action="customer.exported",
        object_kind="customer",
        object_ids=[row[0] for row in found.rows if row[0]],
    )
