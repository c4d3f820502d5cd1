"""The duty: checks each paper in which something changed, and asks for new scans of what fails.

What is kept of a page is a view of its measures and the rules; a request is more: somebody may
have accepted the page as it is, and that stays. A request is settled by a scan that passes.
"""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, insert, or_, select

from dossier.db import outbox
from dossier.db.changes import follow
from dossier.db.quality_tables import PageFinding, Rescan, ScanChange, ScanState
from dossier.db.session import ScopedSession
from dossier.db.tables import Document
from dossier.plugins.image_quality import checking
from dossier.plugins.image_quality.checking import Checked
from dossier.services import audit, paper_flags
from dossier.services.context import Context
from dossier.viewer import system_viewer

LOOKING = system_viewer("image_quality")
EVERY_SECONDS = 0.5
"""Between two looks: what changed shows within 2 s."""
AT_ONCE = 40
"""Papers of one transaction."""
OPEN, RESCANNED, ACCEPTED, VOID = "open", "rescanned", "accepted", "void"
ASKED, SETTLED = "rescan.asked", "rescan.settled"
OTHER_CUSTOMER, OTHER_PAGES, FAILS_AGAIN, NOT_READ = (
    "other_customer", "other_pages", "fails_again", "not_read",
)  # fmt: skip
"""Why a scan that was handed in did not settle a request."""
CODE = re.compile(r"RS-?([0-9A-HJKMNP-TV-Z]{8})", re.IGNORECASE)
"""In a file's name or a bar code: which request it is the new scan for."""
_CROCKFORD = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)


def run(context: Context, stop: threading.Event) -> None:
    """Check what changed, until ``stop``."""
    follow(
        context.database,
        stop,
        lambda: check_some(context),
        every=EVERY_SECONDS,
        later="pages are checked",
    )


def check_some(context: Context) -> bool:
    """Check the next papers that are due; False when there are none."""
    with context.reading(LOOKING) as session:
        noted = select(ScanChange.id, ScanChange.document_id).order_by(ScanChange.id)
        changes = session.execute(noted.limit(AT_ONCE)).all()
        if not changes:
            return False
        ids = {change.document_id for change in changes}
        ids |= _said_of(session, ids)
        checked = checking.check(session, ids)
    with context.writing(LOOKING, durable=False) as session:
        _keep(session, ids, checked, context.clock.now())
        seen = [change.id for change in changes]
        session.execute(delete(ScanChange).where(ScanChange.id.in_(seen)))
    return True


def _said_of(session: ScopedSession, ids: Collection[str]) -> set[str]:
    """Papers that say of one of these that it has a page of theirs."""
    query = select(PageFinding.document_id).where(PageFinding.other_document_id.in_(ids))
    return set(session.scalars(query))


def _keep(
    session: ScopedSession, ids: Collection[str], checked: Mapping[str, Checked], now: datetime
) -> None:
    before = paper_flags.scanned(session, ids)
    for table in (PageFinding, ScanState):
        session.execute(delete(table).where(table.document_id.in_(ids)))
    states = [
        {
            "document_id": key,
            "pages": one.inspected,
            "failing": len(one.failing),
            "checked_at": now,
        }
        for key, one in checked.items()
        if one.inspected
    ]
    findings = [
        {
            "document_id": key,
            "page": each.page,
            "code": each.check.code,
            "severity": each.check.severity,
            "measured": each.measured,
            "required": each.check.limit,
            "rule_from": each.check.first,
            "other_document_id": each.other[0] if each.other else None,
            "other_page": each.other[1] if each.other else None,
        }
        for key, one in checked.items()
        for each in one.found
    ]
    if states:
        session.execute(insert(ScanState), states)
    if findings:
        session.execute(insert(PageFinding), findings)
    for key in sorted(ids):
        one = checked.get(key)
        is_answer = _settle(session, key, one, now)
        _ask(session, key, {} if one is None or is_answer else one.failing, now)
    after = paper_flags.scanned(session, ids)
    changed = [key for key in sorted(ids) if before.get(key) != after.get(key)]
    outbox.mark_changed(session, outbox.DOCUMENTS, changed, at=now)


def _ask(
    session: ScopedSession, document_id: str, failing: Mapping[int, list[str]], now: datetime
) -> None:
    """A request for each page that fails; one whose page does not any more is void."""
    query = select(Rescan).where(Rescan.document_id == document_id)
    known = {row.page: row for row in session.scalars(query)}
    asked = []
    for page, codes in sorted(failing.items()):
        row = known.get(page)
        if row is None:
            code = code_of(document_id, page)
            row = Rescan(document_id=document_id, page=page, code=code, opened_at=now)
            session.add(row)
        elif row.state in (RESCANNED, ACCEPTED):
            continue
        if row.state != OPEN:
            row.opened_at, row.settled_at, row.settled_by = now, None, ""
            asked.append(page)
        row.state, row.reasons = OPEN, codes
    for page, row in known.items():
        if row.state == OPEN and page not in failing:
            row.state, row.settled_at, row.settled_by = VOID, now, LOOKING.id
    session.flush()
    if asked:
        facts = {"pages": asked[:20], "count": len(asked)}
        audit.note(
            session, LOOKING, ASKED, at=now, object_kind="document", object_id=document_id,
            facts=facts,
        )  # fmt: skip


def _settle(session: ScopedSession, document_id: str, new: Checked | None, now: datetime) -> bool:
    """Settle the requests that a paper answers; whether it answers any."""
    told = {f"RS-{code}" for code in _codes(new)} if new else set()
    query = select(Rescan).where(or_(Rescan.new_document_id == document_id, Rescan.code.in_(told)))
    answered = [row for row in session.scalars(query) if row.document_id != document_id]
    for row in answered:
        if row.state != OPEN:
            continue
        row.new_document_id = document_id
        trouble, page = _match(session, row, new)
        row.trouble, row.new_page = trouble, page
        if not trouble and page is not None:
            row.state, row.settled_at, row.settled_by = RESCANNED, now, LOOKING.id
            outbox.mark_changed(session, outbox.DOCUMENTS, [row.document_id], at=now)
            audit.note(
                session, LOOKING, SETTLED, at=now, object_kind="document",
                object_id=row.document_id, facts={"page": row.page, "new": document_id},
            )  # fmt: skip
    session.flush()
    return bool(answered)


def _match(session: ScopedSession, row: Rescan, new: Checked | None) -> tuple[str, int | None]:
    """Which page of the new paper it is, or why it does not settle the request."""
    old = session.get(Document, row.document_id)
    if new is None or old is None:
        return NOT_READ, None
    if old.customer_no and new.document.customer_no != old.customer_no:
        return OTHER_CUSTOMER, None
    page = _page_of(row, new, old.page_count)
    if page is None:
        return OTHER_PAGES, None
    if page in new.failing:
        return FAILS_AGAIN, page
    return "", page


def _page_of(row: Rescan, new: Checked, pages_before: int) -> int | None:
    for number, page in new.pages.items():
        if any(row.code == f"RS-{code}" for code in _in_barcodes(page)):
            return number
    if new.document.page_count == 1:
        return 1
    return row.page if new.document.page_count == pages_before else None


def _codes(new: Checked) -> set[str]:
    found = {one.upper() for one in CODE.findall(new.document.file_name)}
    return found.union(*(_in_barcodes(page) for page in new.pages.values()))


def _in_barcodes(page: object) -> set[str]:
    codes = getattr(page, "barcodes", ())
    return {one.upper() for code in codes for one in CODE.findall(code.text)}


def code_of(document_id: str, page: int) -> str:
    """What a new scan's file name or bar code says; letters that are read for figures left out."""
    digest = hashlib.sha256(f"{document_id}:{page}".encode()).digest()
    letters = base64.b32encode(digest[:5]).translate(_CROCKFORD).decode()
    return f"RS-{letters}"
