"""Findings and requests for new scans as one viewer may see them; settling a request by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from dossier import access
from dossier.clock import local_date
from dossier.db import outbox
from dossier.db.quality_tables import PageFinding, Rescan, ScanChange, ScanState
from dossier.db.session import ScopedSession
from dossier.db.tables import Document, OrgUnit
from dossier.errors import InvalidInputError, NotFoundError, NotPossibleError
from dossier.plugins.image_quality.duty import ACCEPTED, OPEN
from dossier.records import IntakeOutcome
from dossier.rules import image_quality, rulebook
from dossier.services import audit, cursors, papers, remarks, uploads
from dossier.services.account_names import account_names
from dossier.services.context import Context
from dossier.services.views import UploadForm
from dossier.viewer import Permission, Viewer

LISTING, TAKEN_AS_IT_IS, HANDED_IN = "rescans", "rescan.accepted", "rescan.handed_in"
LARGEST_PAGE = 100
NO_UNIT = 0
STATES = ("open", "rescanned", "accepted", "void")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a page may be accepted as it is."""

    code: str
    zh: str
    en: str
    needs_note: bool


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a new scan with what is wrong with the page.

    Attributes:
        settled_by: account name, or the duty's own.
        new_is_visible: the new scan's paper is in the viewer's scope.
        note: why it was accepted as it is, as the viewer may read it.
    """

    row: Rescan
    type_code: str | None
    unit: str
    findings: tuple[PageFinding, ...]
    settled_by: str
    new_is_visible: bool
    note: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; ``unit`` 0: papers of no unit; empty: all."""

    state: str = OPEN
    unit: int | None = None
    check: str = ""


@dataclass(frozen=True, slots=True)
class UnitRate:
    """Pages of a unit that were checked, and how many of them pass (扫描合格率)."""

    unit_id: int
    name: str
    pages: int
    passed: int
    open: int

    @property
    def percent(self) -> float | None:
        """Of a hundred; None where none was checked."""
        return round(100 * self.passed / self.pages, 2) if self.pages else None


@dataclass(frozen=True, slots=True)
class Requests:
    """A page of the list, the oldest first.

    Attributes:
        by_state: how many there are of each state, within the chosen unit and check.
        by_check: how many of the chosen state and unit fail each check.
    """

    items: tuple[Request, ...]
    total: int
    by_state: Mapping[str, int]
    by_check: Mapping[str, int]
    units: tuple[UnitRate, ...]
    whole: UnitRate
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Quality:
    """Of one paper.

    Attributes:
        pages: how many were checked; None where none was.
        answers: requests of other papers that this one is the new scan for.
        notes: why pages were accepted as they are, by paper and page, as the viewer may read it.
        visible: ids of the other papers named here that are in the viewer's scope.
    """

    pages: int | None
    failing: int
    findings: tuple[PageFinding, ...]
    requests: tuple[Rescan, ...]
    answers: tuple[Rescan, ...]
    notes: Mapping[tuple[str, int], str]
    visible: frozenset[str]


def reasons(day: date) -> tuple[Reason, ...]:
    """Those that may be chosen on a day."""
    return tuple(
        Reason(code, one["zh"], one["en"], bool(one.get("note", False)))
        for code, one in rulebook.load(image_quality.FILE)["reasons"].items()
        if one["from"] <= day and (one.get("to") is None or day <= one["to"])
    )


def of_document(context: Context, viewer: Viewer, document_id: str) -> Quality:
    """What is wrong with a paper's pages.

    Raises:
        ForbiddenError: the role may not read records.
        NotFoundError: no such paper in the viewer's scope.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        papers.in_scope(session, document_id)
        state = session.get(ScanState, document_id)
        is_own, is_answer = Rescan.document_id == document_id, Rescan.new_document_id == document_id
        by_page = select(Rescan).order_by(Rescan.document_id, Rescan.page)
        requests = tuple(session.scalars(by_page.where(is_own)))
        answers = tuple(session.scalars(by_page.where(is_answer)))
        findings = tuple(_findings(session, PageFinding.document_id == document_id))
        others = {one.other_document_id for one in findings}
        others |= {one.new_document_id for one in (*requests, *answers)}
        return Quality(
            state.pages if state else None,
            state.failing if state else 0,
            findings,
            requests,
            answers,
            _notes(context, session, viewer, (*requests, *answers)),
            _visible(session, others),
        )


def get(
    context: Context, viewer: Viewer, wish: Wish, *, cursor: str | None = None, size: int = 50
) -> Requests:
    """A page of the list with counts.

    Raises:
        ForbiddenError: the role may not read records.
        QueryError: the cursor is broken.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    after = cursors.unpack(context.keyring, LISTING, cursor) if cursor else None
    facts = {"filtered_by": [name for name in ("state", "unit", "check") if getattr(wish, name)]}
    noted = audit.begin_read(
        context, viewer, "rescans.listed", object_kind="", object_id="", facts=facts
    )
    with context.reading(viewer) as session:
        query = _fitting(wish, Rescan, Document.type_code, Document.unit_id)
        if after:
            query = query.where(_behind(*after))
        order = (Rescan.opened_at, Rescan.document_id, Rescan.page)
        rows = session.execute(query.order_by(*order).limit(size + 1)).all()
        shown, more = rows[:size], len(rows) > size
        units = _units(session)
        found = Requests(
            items=_whole(context, session, viewer, shown),
            total=_count(session, wish),
            by_state=_by_state(session, wish),
            by_check=_by_check(session, wish),
            units=units,
            whole=_sum(units),
            next_cursor=cursors.pack(context.keyring, LISTING, _position(shown[-1][0]))
            if more
            else None,
        )
    noted.wait()
    return found


def one(context: Context, viewer: Viewer, document_id: str, page: int) -> Request:
    """A request.

    Raises:
        ForbiddenError: the role may not read records.
        NotFoundError: none for this page, or its paper is not in the viewer's scope.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        papers.in_scope(session, document_id)
        query = _joined(Rescan, Document.type_code, Document.unit_id).where(
            Rescan.document_id == document_id, Rescan.page == page
        )
        row = _demand(session.execute(query).first())
        return _whole(context, session, viewer, [row])[0]


def accept(
    context: Context, viewer: Viewer, document_id: str, page: int, *, why: str, note: str = ""
) -> None:
    """Take a page as it is: the paper itself is no better.

    Raises:
        ForbiddenError: the role may not.
        NotFoundError: no request for this page, or not in the viewer's scope.
        InvalidInputError: no such reason, or one that needs a note.
        NotPossibleError: it is settled already.
    """
    viewer = access.demand(viewer, Permission.ASSIGN)
    now = context.clock.now()
    with context.writing(viewer) as session:
        papers.in_scope(session, document_id)
        row = _demand(session.get(Rescan, (document_id, page), with_for_update=True))
        _demand_open(row)
        row.why, row.note = _said(why, note, local_date(now))
        row.state, row.settled_at, row.settled_by = ACCEPTED, now, viewer.id
        outbox.mark_changed(session, outbox.DOCUMENTS, [document_id], at=now)
        audit.note(
            session, viewer, TAKEN_AS_IT_IS, at=now, object_kind="document",
            object_id=document_id, facts={"page": page, "why": row.why},
        )  # fmt: skip


def hand_in(
    context: Context, viewer: Viewer, document_id: str, page: int, files: Sequence[tuple[str, Path]]
) -> None:
    """Take a new scan in for a page; the request is settled when that was read and passes.

    Raises:
        ForbiddenError: the role may not upload.
        NotFoundError: no request for this page, or not in the viewer's scope.
        InvalidInputError: not one file, or one that the archive has already.
        NotPossibleError: it is settled already.
    """
    viewer = access.demand(viewer, Permission.UPLOAD)
    with context.reading(viewer) as session:
        document = papers.in_scope(session, document_id)
        _demand_open(_demand(session.get(Rescan, (document_id, page))))
    if len(files) != 1:
        raise InvalidInputError("Send one file: the new scan", detail_zh="请选择一个文件")
    form = UploadForm(document.customer_no, document.type_code)
    (taken,) = uploads.accept(context, viewer, files, form)
    if taken.document_id is None or taken.outcome == IntakeOutcome.DUPLICATE:
        raise InvalidInputError(
            "The archive has this very file already, or nothing is in it; scan the page anew",
            detail_zh="此文件已在档案中或为空文件，请重新扫描",
        )
    now = context.clock.now()
    with context.writing(viewer) as session:
        row = _demand(session.get(Rescan, (document_id, page), with_for_update=True))
        _demand_open(row)
        row.new_document_id, row.new_page, row.trouble = taken.document_id, None, ""
        session.add(ScanChange(document_id=taken.document_id))
        audit.note(
            session, viewer, HANDED_IN, at=now, object_kind="document", object_id=document_id,
            facts={"page": page, "new": taken.document_id},
        )  # fmt: skip


def _said(why: str, note: str, day: date) -> tuple[str, str]:
    known = {each.code: each for each in reasons(day)}
    if why not in known:
        raise InvalidInputError(f"Choose a reason: {', '.join(known)}", detail_zh="请选择原因")
    text, most = " ".join(note.split()), int(image_quality.numbers()["note_characters"])
    if known[why].needs_note and not text:
        raise InvalidInputError("This reason needs a note", detail_zh="此原因须填写说明")
    if len(text) > most:
        raise InvalidInputError(
            f"The note has {most} characters at most", detail_zh=f"说明不超过 {most} 个字"
        )
    return why, text


def _demand(row: Any) -> Any:
    if row is None:
        raise NotFoundError("No new scan is asked for here", detail_zh="此页没有重新扫描任务")
    return row


def _demand_open(row: Rescan) -> None:
    if row.state != OPEN:
        raise NotPossibleError("It is settled already", detail_zh="此任务已办结")


def _joined(*columns: Any) -> Any:
    return select(*columns).join(Document, Document.id == Rescan.document_id)


def _fitting(wish: Wish, *columns: Any) -> Any:
    query = _joined(*columns).select_from(Rescan)
    if wish.state:
        query = query.where(Rescan.state == wish.state)
    if wish.unit is not None:
        none = Document.unit_id.is_(None)
        query = query.where(none if wish.unit == NO_UNIT else Document.unit_id == wish.unit)
    if wish.check:
        failing = select(PageFinding.id).where(
            PageFinding.document_id == Rescan.document_id,
            PageFinding.page == Rescan.page,
            PageFinding.code == wish.check,
            PageFinding.severity == image_quality.FAILS,
        )
        query = query.where(failing.exists())
    return query


def _position(row: Rescan) -> list[Any]:
    return [row.opened_at.isoformat(), row.document_id, row.page]


def _behind(at: str, document_id: str, page: int) -> ColumnElement[bool]:
    opened = datetime.fromisoformat(at)
    same = Rescan.opened_at == opened
    return or_(
        Rescan.opened_at > opened,
        and_(same, Rescan.document_id > document_id),
        and_(same, Rescan.document_id == document_id, Rescan.page > page),
    )


def _count(session: ScopedSession, wish: Wish) -> int:
    return session.scalar(_fitting(wish, func.count())) or 0


def _by_state(session: ScopedSession, wish: Wish) -> dict[str, int]:
    every = Wish("", wish.unit, wish.check)
    query = _fitting(every, Rescan.state, func.count()).group_by(Rescan.state)
    found = dict(session.execute(query).all())
    return {state: found.get(state, 0) for state in STATES}


def _by_check(session: ScopedSession, wish: Wish) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for codes in session.scalars(_fitting(Wish(wish.state, wish.unit), Rescan.reasons)):
        counts.update(codes)
    return dict(counts.most_common())


def _units(session: ScopedSession) -> tuple[UnitRate, ...]:
    query = (
        select(Document.unit_id, func.sum(ScanState.pages), func.sum(ScanState.failing))
        .join(ScanState, ScanState.document_id == Document.id)
        .group_by(Document.unit_id)
    )
    rows = session.execute(query).all()
    open_here = _joined(Document.unit_id, func.count()).select_from(Rescan)
    waiting = dict(
        session.execute(open_here.where(Rescan.state == OPEN).group_by(Document.unit_id)).all()
    )
    named = select(OrgUnit.id, OrgUnit.name).where(OrgUnit.id.in_([row[0] for row in rows]))
    names = dict(session.execute(named).all())
    found = [
        UnitRate(key or NO_UNIT, names.get(key, ""), pages, pages - failing, waiting.get(key, 0))
        for key, pages, failing in rows
    ]
    return tuple(sorted(found, key=lambda each: (-each.open, each.name)))


def _sum(units: Iterable[UnitRate]) -> UnitRate:
    parts = [(each.pages, each.passed, each.open) for each in units]
    pages, passed, waiting = (
        (sum(column) for column in zip(*parts, strict=True)) if parts else (0,) * 3
    )
    return UnitRate(NO_UNIT, "", pages, passed, waiting)


def _findings(session: ScopedSession, condition: ColumnElement[bool]) -> list[PageFinding]:
    """The severe ones of a page first."""
    order = (PageFinding.document_id, PageFinding.page, PageFinding.severity, PageFinding.id)
    return list(session.scalars(select(PageFinding).where(condition).order_by(*order)))


def _visible(session: ScopedSession, ids: Iterable[str | None]) -> frozenset[str]:
    named = {one for one in ids if one}
    return frozenset(session.scalars(select(Document.id).where(Document.id.in_(named))))


def _notes(
    context: Context, session: ScopedSession, viewer: Viewer, rows: Iterable[Rescan]
) -> dict[tuple[str, int], str]:
    noted = [row for row in rows if row.note]
    if not noted:
        return {}
    told = remarks.of_papers(context, session, viewer, {row.document_id for row in noted})
    return {(row.document_id, row.page): told(row.document_id, row.note) for row in noted}


def _whole(
    context: Context, session: ScopedSession, viewer: Viewer, rows: Sequence[Any]
) -> tuple[Request, ...]:
    requests = [row[0] for row in rows]
    ids = {each.document_id for each in requests}
    by_page: dict[tuple[str, int], list[PageFinding]] = {}
    for found in _findings(session, PageFinding.document_id.in_(ids)):
        by_page.setdefault((found.document_id, found.page), []).append(found)
    units = select(OrgUnit.id, OrgUnit.name).where(
        OrgUnit.id.in_({row[2] for row in rows if row[2]})
    )
    unit_names = dict(session.execute(units).all())
    names = account_names(session, {each.settled_by for each in requests})
    visible = _visible(session, (each.new_document_id for each in requests))
    notes = _notes(context, session, viewer, requests)
    return tuple(
        Request(
            each,
            type_code,
            unit_names.get(unit_id, ""),
            tuple(by_page.get((each.document_id, each.page), ())),
            names[each.settled_by],
            each.new_document_id in visible,
            notes.get((each.document_id, each.page), ""),
        )
        for each, type_code, unit_id in rows
    )
