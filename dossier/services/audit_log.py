"""The audit record as those read it who may: newest first, and how far it is sealed.

Who reads it is noted in it like anybody who reads a paper. A row holds codes and ids, never what
stands in a paper. Who may read it of a part of the company only sees rows on customers of that
part, and what its people did; where they did it to what lies outside, the row stays and does not
say to what, and no filter finds it by that; nor by what they searched for
(:mod:`dossier.services.audit_scope`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from dossier.access import demand
from dossier.clock import SHANGHAI
from dossier.db import grants
from dossier.db.session import ScopedSession
from dossier.db.tables import AuditEvent, AuditSeal, Document, User
from dossier.errors import InvalidInputError
from dossier.rules import rulebook
from dossier.services import audit, audit_facts, audit_scope, cursors, remarks
from dossier.services.context import Context
from dossier.services.views import Listing
from dossier.viewer import Permission, Viewer

LISTING = "audit"
READ = "audit.read"
EXPORTED = "audit.exported"
RULES = "audit"
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9000, 1, 1)
"""Beyond these every row fits, and midnight in another zone may not be a date any more."""
MOST_ITEMS = 200
"""Rows of one page of the list, at most."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row: ``actor`` is the account's name, or the job's (``system:ocr``).

    Attributes:
        object_id: empty where the reader may not know it, as of a search that another made.
        object_name: the account's name where the object is one (a login), else empty.
        remote: address that it came from; empty for a job.
        page: number of the page that was shown, 0 where it was no page.
        count: hits, rows or papers, None where nothing was counted or it is not told.
        sealed: whether the chain covers it.
        outside: it was on something outside the reader's part of the company: which, which page and
            what for is not told.
        facts: what else the row says, as its reader may know it
            (:mod:`dossier.services.audit_facts`); nothing where ``outside`` or ``object_id`` is
            withheld.
    """

    id: int
    at: datetime
    actor: str
    role: str
    action: str
    object_kind: str
    object_id: str
    object_name: str
    outcome: str
    purpose: str
    remote: str
    page: int
    count: int | None
    sealed: bool
    outside: bool
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows; an empty value asks for all.

    Attributes:
        actor: an account's name, or the id that stands in the row; finds what was done to the
            account too: who logs in is no actor yet.
        customer_no: of a customer; finds rows on the customer's papers as well.
        object_id: of a document, a customer, an account, …
        action: a code such as ``document.read``.
        since: first day, in Shanghai.
        until: last day, that one included.
    """

    actor: str = ""
    customer_no: str = ""
    object_id: str = ""
    action: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def used(self) -> list[str]:
        """Names of the filters that are set; their values may be anything that was typed."""
        names = ("actor", "customer_no", "object_id", "action", "since", "until")
        return [name for name in names if getattr(self, name)]


EVERYTHING = AuditFilter()


@dataclass(frozen=True, slots=True)
class SealState:
    """How far the record is sealed.

    Attributes:
        sealed_to: id of the last sealed row.
        unsealed: rows after it.
        last_at: instant of the last seal; None when it never was.
        late: the oldest unsealed row is older than a running worker leaves one.
    """

    sealed_to: int
    unsealed: int
    last_at: datetime | None
    late: bool


def list_audit(
    context: Context,
    viewer: Viewer,
    *,
    wanted: AuditFilter = EVERYTHING,
    cursor: str | None = None,
    size: int = 50,
) -> tuple[Listing[AuditEntry], SealState]:
    """A page of the record, newest first, and how far it is sealed; the reading is noted.

    Raises:
        ForbiddenError: the role may not read the record.
        QueryError: a broken cursor.
        UnavailableError: the reading cannot be noted now, so nothing is shown.
    """
    viewer = demand(viewer, Permission.READ_AUDIT)
    size = max(1, min(size, MOST_ITEMS))
    before = int(cursors.unpack(context.keyring, LISTING, cursor)) if cursor else None
    with context.reading(viewer) as session:
        seals = _seal_state(session, context.clock.now())
        query = matching(select(AuditEvent), viewer, wanted)
        total = session.scalar(matching(select(func.count(AuditEvent.id)), viewer, wanted)) or 0
        if before is not None:
            query = query.where(AuditEvent.id < before)
        rows = session.scalars(query.order_by(AuditEvent.id.desc()).limit(size + 1)).all()
        items = _entries(session, viewer, rows[:size], seals.sealed_to)
    more = len(rows) > size
    following = cursors.pack(context.keyring, LISTING, items[-1].id) if more else None
    facts = {"filtered_by": wanted.used, "rows": len(items)}
    audit.record_read(context, viewer, READ, object_kind="audit", object_id="", facts=facts)
    return Listing(items, following, total), seals


def export_audit(
    context: Context, viewer: Viewer, *, wanted: AuditFilter, file_format: str
) -> tuple[AuditEntry, ...]:
    """All rows that fit, oldest first, for a file; that somebody took them is noted first.

    Raises:
        ForbiddenError: the role may not read the record.
        InvalidInputError: more rows than a file may have.
        UnavailableError: it cannot be noted now, so nothing leaves.
    """
    viewer = demand(viewer, Permission.READ_AUDIT)
    most = int(rulebook.load(RULES)["most_exported_rows"])
    with context.reading(viewer) as session:
        total = session.scalar(matching(select(func.count(AuditEvent.id)), viewer, wanted)) or 0
        if total > most:
            raise InvalidInputError(
                f"The record has {total} such rows, a file takes {most}; narrow it down",
                detail_zh=f"符合条件的记录共 {total} 条，单个文件最多 {most} 条，请缩小范围",
            )
        rows = session.scalars(matching(select(AuditEvent), viewer, wanted).order_by(AuditEvent.id))
        seals = _seal_state(session, context.clock.now())
        items = _entries(session, viewer, rows.all(), seals.sealed_to)
    facts = {"filtered_by": wanted.used, "rows": len(items), "format": file_format}
    audit.record_read(context, viewer, EXPORTED, object_kind="audit", object_id="", facts=facts)
    return items


def matching(query: Select[Any], viewer: Viewer, wanted: AuditFilter) -> Select[Any]:
    """``query`` on audit rows, cut down to what was asked for and to what the viewer may know."""
    if wanted.actor:
        named = select(User.id).where(User.name == wanted.actor)
        to_it = and_(AuditEvent.object_kind == "user", AuditEvent.object_id.in_(named))
        by_it = or_(AuditEvent.actor == wanted.actor, AuditEvent.actor.in_(named))
        query = query.where(or_(by_it, to_it))
    if wanted.customer_no:
        query = query.where(on_customer(wanted.customer_no))
    if wanted.object_id:
        query = query.where(AuditEvent.object_id == wanted.object_id)
    if wanted.action:
        query = query.where(AuditEvent.action == wanted.action)
    if wanted.since and wanted.since > FIRST_DAY:
        query = query.where(AuditEvent.at >= _midnight(wanted.since))
    if wanted.until and wanted.until < LAST_DAY:
        query = query.where(AuditEvent.at < _midnight(wanted.until + timedelta(days=1)))
    if viewer.scope.everything:
        return query
    if wanted.customer_no or wanted.object_id:
        query = query.where(audit_scope.on_known(viewer))
    return query.where(or_(audit_scope.on_own(), _by_own(viewer)))


def on_customer(customer_no: str) -> ColumnElement[bool]:
    """Rows on the customer and on what are the customer's papers now."""
    papers = select(Document.id).where(Document.customer_no == customer_no)
    return or_(
        and_(AuditEvent.object_kind == "customer", AuditEvent.object_id == customer_no),
        and_(AuditEvent.object_kind == "document", AuditEvent.object_id.in_(papers)),
    )


def _by_own(viewer: Viewer) -> ColumnElement[bool]:
    """What people of a part of the company did."""
    return grants.in_units_at(AuditEvent.actor, AuditEvent.at, viewer.scope.units)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def _seal_state(session: ScopedSession, now: datetime) -> SealState:
    last = session.scalar(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1))
    sealed_to = last.last_event if last else 0
    tail = select(func.count(AuditEvent.id), func.min(AuditEvent.at))
    unsealed, oldest = session.execute(tail.where(AuditEvent.id > sealed_to)).one()
    late_after = timedelta(seconds=float(rulebook.load(RULES)["late_after_seconds"]))
    late = oldest is not None and now - oldest > late_after
    return SealState(sealed_to, unsealed, last.sealed_at if last else None, late)


def _entries(
    session: ScopedSession, viewer: Viewer, rows: Sequence[AuditEvent], sealed_to: int
) -> tuple[AuditEntry, ...]:
    names = names_of(session, rows)
    foreign = audit_scope.outside(session, viewer, rows)
    facts = audit_facts.of_rows(session, viewer, rows)
    return tuple(
        _cut(
            _entry(viewer, row, names, facts[row.id], sealed_to),
            viewer,
            row,
            is_outside=row.id in foreign,
        )
        for row in rows
    )


def names_of(session: ScopedSession, rows: Sequence[AuditEvent]) -> dict[str, str]:
    """Account names by id, of who did it and of accounts that it was done to."""
    ids = {row.actor for row in rows} | {row.object_id for row in rows if row.object_kind == "user"}
    found = session.execute(select(User.id, User.name).where(User.id.in_(ids))).all()
    return {row.id: row.name for row in found}


def _cut(entry: AuditEntry, viewer: Viewer, row: AuditEvent, *, is_outside: bool) -> AuditEntry:
    """The entry without what its reader may not know."""
    if is_outside:
        bare = replace(entry, object_id="", object_name="", purpose="", page=0, count=None)
        return replace(bare, outside=True, facts={})
    if audit_scope.hides_words(viewer, row):
        return replace(entry, object_id="", count=None, facts={})
    return entry


def _purpose(viewer: Viewer, row: AuditEvent) -> str:
    """What it was for, as the reader may read it: who typed it may have named somebody."""
    if row.object_kind not in audit_scope.ABOUT_CUSTOMERS:
        return row.purpose
    return remarks.line(viewer, row.purpose)


def _entry(
    viewer: Viewer,
    row: AuditEvent,
    names: dict[str, str],
    facts: Mapping[str, Any],
    sealed_to: int,
) -> AuditEntry:
    counted = next((row.facts[key] for key in ("hits", "rows", "pages") if key in row.facts), None)
    return AuditEntry(
        id=row.id,
        at=row.at,
        actor=names.get(row.actor, row.actor),
        role=row.role,
        action=row.action,
        object_kind=row.object_kind,
        object_id=row.object_id,
        object_name=names.get(row.object_id, ""),
        outcome=row.outcome,
        purpose=_purpose(viewer, row),
        remote=row.remote or str(row.facts.get("remote", "")),
        page=int(row.facts.get("page", 0)),
        count=counted,
        sealed=0 < row.id <= sealed_to,  # our own begin at 1: who put one below sealed nothing
        outside=False,
        facts=facts,
    )
