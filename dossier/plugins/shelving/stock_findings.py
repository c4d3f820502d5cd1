"""What a stock-take found: missing, misplaced, unknown, there though out; each worked off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select

from dossier.access import demand
from dossier.db import outbox
from dossier.db import shelving as shelved
from dossier.db.loan_tables import PaperOriginal
from dossier.db.session import ScopedSession
from dossier.db.shelving_tables import PaperVolume
from dossier.db.stock_tables import StockFinding, StockScan, StockTake
from dossier.db.tables import Document
from dossier.errors import ConflictError, InvalidInputError, NotFoundError
from dossier.plugins.shelving import boxes, volumes
from dossier.plugins.shelving import stock_scans as scans
from dossier.plugins.shelving import stock_takes as takes
from dossier.plugins.shelving.stock_takes import BOX, PAPER, VOLUME
from dossier.rules import lending, shelf_codes
from dossier.services import audit, custody
from dossier.services.account_names import account_names
from dossier.services.approval_rows import checked_text
from dossier.services.context import Context
from dossier.services.custody import Holder
from dossier.viewer import Permission, Viewer

SETTLED = "stock.settled"
MISSING = "missing"
VERDICTS: Final = (MISSING, scans.MISPLACED, scans.UNKNOWN, scans.OUT)
FOUND, BACK, CORRECTED, LOST, REPLACED, EXPLAINED = (
    "found", "moved_back", "corrected", "lost", "replaced", "explained",
)  # fmt: skip
OUTCOMES: Mapping[tuple[str, str], tuple[str, ...]] = {
    (MISSING, BOX): (FOUND, CORRECTED, EXPLAINED),
    (MISSING, VOLUME): (FOUND, CORRECTED, EXPLAINED),
    (MISSING, PAPER): (FOUND, LOST, EXPLAINED),
    (scans.MISPLACED, BOX): (BACK, CORRECTED, EXPLAINED),
    (scans.MISPLACED, VOLUME): (BACK, CORRECTED, EXPLAINED),
    (scans.MISPLACED, PAPER): (BACK, CORRECTED, EXPLAINED),
    (scans.OUT, PAPER): (CORRECTED, EXPLAINED),
    (scans.UNKNOWN, scans.NOTHING): (EXPLAINED,),
}
"""What may be done with a finding of a verdict on a kind of thing."""
AFTER_LOSS: Final = (FOUND, REPLACED)
NEEDS_NOTE: Final = frozenset({EXPLAINED, LOST, REPLACED})
SHOWN = 50
MOST_LISTED = 10_000


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding.

    Attributes:
        belongs: where the books have it.
        seen_in: where it was seen; of what is missing: where it should have been.
        outcomes: what may be done now.
    """

    id: int
    verdict: str
    kind: str
    code: str
    document_id: str | None
    belongs: str
    seen_in: str
    outcome: str
    note: str
    settled_at: datetime | None
    settled_by: str
    outcomes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settling:
    """How a finding is worked off.

    Attributes:
        outcome: one that :data:`OUTCOMES` offers; for what was reported lost, what became of it.
        note: why; asked for where nothing else says it.
        code: the place that was scanned: where it was put back to, or where it was found.
    """

    outcome: str
    note: str = ""
    code: str = ""


def finish(context: Context, viewer: Viewer, number: int) -> int:
    """End the counting and compare it with the books; how many findings there are.

    Raises:
        ForbiddenError: the role takes no stock.
        NotFoundError: no such stock-take.
        ConflictError: it is over already.
    """
    viewer, now = demand(viewer, Permission.TAKE_STOCK), context.clock.now()
    # all that was counted is compared, whoever sees what of it
    with context.writing(takes.SYSTEM) as session:
        row = takes.in_state(takes.take_of(session, number, lock=True), takes.COUNTING)
        row.expected, row.seen = takes.progress(session, row)
        row.state, row.counted_at, row.counted_by = takes.WORKED_OFF, now, viewer.id
        found = [*_seen_elsewhere(session, row), *_missing(session, row)]
        session.add_all(found)
        session.flush()
        takes.note_counted(session, viewer, row, now)
        return len(found)


def listed(
    context: Context,
    viewer: Viewer,
    number: int,
    *,
    verdict: str = "",
    after: int = 0,
    most: int = SHOWN,
) -> tuple[tuple[FindingView, ...], int | None]:
    """Findings within the viewer's area, and where the next page begins; the look is noted.

    Raises:
        ForbiddenError: the role takes no stock.
        NotFoundError: no such stock-take.
    """
    viewer = demand(viewer, Permission.TAKE_STOCK)
    with context.reading(viewer) as session:
        takes.take_of(session, number)
        noted = audit.begin_read(
            context, viewer, "stock.read", object_kind=takes.STOCK, object_id=str(number)
        )
        query = select(StockFinding).where(
            StockFinding.take_number == number, StockFinding.id > after, _in_area()
        )
        if verdict:
            query = query.where(StockFinding.verdict == verdict)
        rows = session.scalars(query.order_by(StockFinding.id).limit(most + 1)).all()
        names = account_names(session, {one.settled_by for one in rows if one.settled_by})
        views = tuple(_view(one, names) for one in rows[:most])
    noted.wait()
    return views, views[-1].id if len(rows) > most else None


def settle(context: Context, viewer: Viewer, number: int, finding_id: int, said: Settling) -> None:
    """Work a finding off.

    Raises:
        ForbiddenError: the role takes no stock, or may not do what this asks for.
        NotFoundError: no such finding in the viewer's area.
        InvalidInputError: no such outcome, no word, or another place than where it belongs.
        ConflictError: it is worked off already, or the books do not allow it.
    """
    viewer, now = demand(viewer, Permission.TAKE_STOCK), context.clock.now()
    said = _checked(said)
    with context.reading(viewer) as session:
        seen = _finding(session, number, finding_id)
        allowed, kind, thing = _offered(seen), seen.kind, seen.code
        target = said.code or (seen.slot_code if kind == BOX else seen.box_code)
    if said.outcome not in allowed:
        raise InvalidInputError(
            f"Choose one of {', '.join(allowed) or 'none: it is settled'}",
            detail_zh="请选择处理方式；已处理的差异不能重复处理",
        )
    if said.outcome == CORRECTED and kind in (BOX, VOLUME):
        # a step of its own: what stands there already is moved no second time
        (boxes.move if kind == BOX else volumes.put)(context, viewer, thing, _named(target))
    with context.writing(viewer) as session:
        takes.take_of(session, number, lock=True)
        row = _finding(session, number, finding_id)
        if said.outcome not in _offered(row):
            raise ConflictError("It was settled meanwhile", detail_zh="该差异已由他人处理")
        _act(session, viewer, row, said, now)
        row.outcome, row.note = said.outcome, said.note[:200]
        row.settled_at, row.settled_by = now, viewer.id
        audit.note(
            session,
            viewer,
            SETTLED,
            at=now,
            object_kind=takes.STOCK,
            object_id=str(number),
            facts={"finding": row.id, "code": row.code, "outcome": said.outcome},
        )


# -- comparing ------------------------------------------------------------------------------------


def _seen_elsewhere(session: ScopedSession, take: StockTake) -> Iterable[StockFinding]:
    """The last scan of each thing counts: what was put right meanwhile is right."""
    query = select(StockScan).where(
        StockScan.take_number == take.number, StockScan.kind != scans.SLOT, takes.is_live()
    )
    last: dict[tuple[str, str], StockScan] = {}
    for row in session.scalars(query.order_by(StockScan.id)):
        last[row.kind, row.code] = row
    found: dict[tuple[str, str], StockFinding] = {}
    for row in last.values():
        said = scans.Judged(row.kind, row.code, row.verdict, row.belongs, row.document_id)
        if said.verdict == scans.UNKNOWN:  # who scanned it may not see what it is
            said = scans.judge(session, row.code, row.slot_code, row.box_code)
        if said.verdict != scans.RIGHT:
            found[said.kind, said.code] = StockFinding(
                take_number=take.number,
                verdict=said.verdict,
                kind=said.kind,
                code=said.code,
                document_id=said.document_id,
                belongs=said.belongs,
                slot_code=row.slot_code,
                box_code=row.box_code if said.kind != BOX else "",
                scan_id=row.id,
            )
    return found.values()


def _missing(session: ScopedSession, take: StockTake) -> Iterable[StockFinding]:
    """What nobody scanned; of a box that is missing as a whole not each thing in it."""
    kinds, gone = takes.kinds_of(take), set()
    hidden = _hidden(session, take)
    for kind in kinds:
        query = takes.unseen(take, kind, takes.expected(take, kind)())
        for row in session.execute(query):
            if kind == BOX:
                gone.add(row.code)
            elif row.box in gone or row.code in hidden:
                continue
            yield StockFinding(
                take_number=take.number,
                verdict=MISSING,
                kind=kind,
                code=row.code,
                document_id=row.document_id,
                belongs=row.slot or "" if kind == BOX else row.box,
                slot_code=row.slot or "",
                box_code="" if kind == BOX else row.box,
            )


def _hidden(session: ScopedSession, take: StockTake) -> set[str]:
    """What was scanned by somebody to whom it was unknown."""
    query = select(StockScan.code).where(
        StockScan.take_number == take.number, StockScan.kind == scans.NOTHING, takes.is_live()
    )
    return set(session.scalars(query))


# -- working off ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Deed:
    """What is done with a paper, in the transaction that writes it down."""

    session: ScopedSession
    paper: PaperOriginal
    row: StockFinding
    by: str
    why: str
    at: datetime


def _act(
    session: ScopedSession, viewer: Viewer, row: StockFinding, said: Settling, at: datetime
) -> None:
    """What an outcome does besides being written down."""
    if said.outcome == BACK:
        _check_back(row, said.code)
    if row.kind != PAPER or said.outcome in (BACK, EXPLAINED):
        return
    if said.outcome == FOUND and row.outcome != LOST:
        return  # it lay where the books have it
    if said.outcome != CORRECTED:
        demand(viewer, Permission.HAND_OUT)
    found = custody.of_document(session, row.document_id or "")
    if found is None:
        raise ConflictError("There is no paper any more", detail_zh="该原件已不存在")
    why = said.note or f"盘点 PD{row.take_number:06}"
    paper = custody.locked(session, found.id)
    _DEEDS[said.outcome](_Deed(session, paper, row, viewer.id, why, at))
    # the search counts papers by what became of them
    outbox.mark_changed(session, outbox.DOCUMENTS, [paper.document_id], at=at)


def _lose(deed: _Deed) -> None:
    custody.lose(deed.session, deed.paper)


def _find(deed: _Deed) -> None:
    here = Holder.place(deed.row.belongs)
    custody.find_again(deed.session, deed.paper, here, by=deed.by, why=deed.why, at=deed.at)


def _replace(deed: _Deed) -> None:
    to = Holder.place(lending.load().desk)
    custody.replace_unlent(deed.session, deed.paper, to, by=deed.by, why=deed.why, at=deed.at)


def _correct(deed: _Deed) -> None:
    """The books follow the paper: it lies in the box in which it was scanned."""
    session, paper, box = deed.session, deed.paper, deed.row.box_code
    home = shelved.home_of(session, [paper.id]).get(paper.id)
    if home is not None and home.box_bar_code not in (None, box):
        raise ConflictError(
            f"It belongs to box {home.box_bar_code}: put it back there",
            detail_zh=f"该件应在档案盒 {home.box_bar_code}，请放回原盒",
        )
    here = Holder.place(box)
    if paper.state == custody.OriginalState.LOST:
        custody.find_again(session, paper, here, by=deed.by, why=deed.why, at=deed.at)
        return
    if custody.is_held(session, paper):
        raise ConflictError(
            "Its loan is open; take it back at the lending desk, then explain it here",
            detail_zh="该件的借阅单未结，请先在借阅台办理归还，再在此说明",
        )
    custody.hand(session, paper, here, by=deed.by, why=deed.why, at=deed.at)


_DEEDS: Mapping[str, Callable[[_Deed], None]] = {
    FOUND: _find, LOST: _lose, REPLACED: _replace, CORRECTED: _correct,
}  # fmt: skip


def _check_back(row: StockFinding, code: str) -> None:
    if not code.strip():
        raise InvalidInputError(
            "Scan the place that it was put back to", detail_zh="请扫描放回处的格位或盒码"
        )
    if _named(code) != row.belongs:
        raise InvalidInputError(
            f"That is not its place; it belongs to {row.belongs or 'the desk'}",
            detail_zh=f"位置不符，应放回 {row.belongs or '工作台'}",
        )


def _named(code: str) -> str:
    """A place's code as it is kept."""
    if shelf_codes.is_box(code):
        return str(shelf_codes.parse_box(code))
    return shelf_codes.clean(code)


def _checked(said: Settling) -> Settling:
    if said.outcome not in NEEDS_NOTE:
        return replace(said, note=" ".join(said.note.split()))
    note = checked_text(said.note, missing_en="Say how it was settled", missing_zh="请填写处理说明")
    return replace(said, note=note)


# -- parts ----------------------------------------------------------------------------------------


def _offered(row: StockFinding) -> tuple[str, ...]:
    if row.outcome == LOST:
        return AFTER_LOSS
    if row.outcome:
        return ()
    known = OUTCOMES.get((row.verdict, row.kind), (EXPLAINED,))
    is_nowhere = row.verdict == scans.MISPLACED and not row.belongs
    return tuple(one for one in known if not (is_nowhere and one == BACK))


def _finding(session: ScopedSession, number: int, finding_id: int) -> StockFinding:
    query = select(StockFinding).where(
        StockFinding.take_number == number, StockFinding.id == finding_id, _in_area()
    )
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFoundError("No such finding", detail_zh="没有此项差异")
    return found


def _in_area() -> ColumnElement[bool]:
    """Whether the session sees the paper or volume that a finding is about."""
    paper = select(Document.id).where(Document.id == StockFinding.document_id)
    volume = select(PaperVolume.id).where(PaperVolume.code == StockFinding.code)
    return or_(
        StockFinding.kind.in_((BOX, scans.NOTHING)),
        and_(StockFinding.kind == VOLUME, volume.exists()),
        and_(StockFinding.kind == PAPER, paper.exists()),
    )


def _view(row: StockFinding, names: Mapping[str, str]) -> FindingView:
    places = [one for one in (row.slot_code, row.box_code) if one]
    return FindingView(
        row.id,
        row.verdict,
        row.kind,
        row.code,
        row.document_id,
        row.belongs,
        " · ".join(places),
        row.outcome,
        row.note,
        row.settled_at,
        names.get(row.settled_by, row.settled_by),
        _offered(row),
    )
