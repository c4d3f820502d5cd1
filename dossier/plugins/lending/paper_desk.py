"""The lending desk: a paper is picked, handed out, taken back, checked, put back (§6.2, S3-05).

Each act is a step of the loan and, where the paper changes hands, a change of its custodian in the
same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from dossier import access
from dossier.db import shelving
from dossier.db.loan_tables import Loan, LoanStep
from dossier.db.loans import number_of
from dossier.db.session import ScopedSession
from dossier.db.tables import Document, User
from dossier.errors import ConflictError, InvalidInputError, NotFoundError
from dossier.plugins.lending import loan_rows as rows
from dossier.plugins.lending import paper_queue as queue
from dossier.plugins.lending.paper_acts import Act, at_desk
from dossier.plugins.lending.paper_asking import due_at
from dossier.rules import lending
from dossier.rules.loan_states import HOLDS_ORIGINAL, LoanEvent, LoanState
from dossier.services import custody
from dossier.services.approval_rows import checked_text
from dossier.services.context import Context
from dossier.services.custody import Holder, HolderKind
from dossier.services.working_calendar import calendar_of
from dossier.viewer import Permission, Viewer

MOST_PAGES = 100_000


@dataclass(frozen=True, slots=True)
class Handed:
    """What is said when a paper changes hands.

    Attributes:
        code: what was scanned: its box, its reference code or its loan; empty: not scanned.
        borrower: the card or account that was scanned; empty: not scanned.
        pages: how many were counted; None: not counted.
        condition: a code of the rule file; empty: not looked at.
        matches: whether the page that was compared is the one in the picture; None: not compared.
        note: anything else.
    """

    code: str = ""
    borrower: str = ""
    pages: int | None = None
    condition: str = ""
    matches: bool | None = None
    note: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """What is written down of it."""
        said = {
            "code": self.code, "card": self.borrower, "pages": self.pages,
            "condition": self.condition, "matches": self.matches, "note": self.note,
        }  # fmt: skip
        return {name: value for name, value in said.items() if value not in ("", None)}


def pick(context: Context, viewer: Viewer, loan_id: str) -> None:
    """Take the paper from its place to the lending desk; it lies ready for some days.

    Raises:
        ForbiddenError: the role hands out no originals.
        NotFoundError: none of this id in the viewer's area.
        ConflictError: it is not to be picked, or somebody has the paper.
    """
    with at_desk(context, viewer, loan_id) as act:
        _pick(act)


def hand_out(context: Context, viewer: Viewer, loan_id: str, said: Handed) -> None:
    """Give the paper to its borrower; the term begins.

    Raises:
        ForbiddenError: the role hands out no originals.
        NotFoundError: none of this id in the viewer's area.
        InvalidInputError: what was scanned is another paper or person, or an unknown condition.
        ConflictError: it is not ready, its term is over, or the borrower has something overdue.
    """
    _check_said(said)
    calendar = calendar_of(context)
    with at_desk(context, viewer, loan_id) as act:
        row, now = act.row, act.now
        _check_code(act, said.code)
        _check_card(act, said.borrower)
        if rows.state_of(row, now) is LoanState.TO_PICK:
            _pick(act)
        if queue.is_blocked(act.session, row.borrower_id, now):
            raise ConflictError(
                "The borrower has something overdue or lost; that comes back first",
                detail_zh="借阅人有超期未还或遗失未结的借阅，须先办结",
            )
        if row.until is not None and row.until <= now:
            raise ConflictError(
                "The term that was asked for is over; withdraw the request",
                detail_zh="申请的期限已过，请取消该申请",
            )
        row.begins_at, row.ends_at = now, row.until or due_at(now, row.minutes, calendar)
        act.take(LoanEvent.HAND_OUT, said.facts)
        act.hand(Holder.person(row.borrower_id))


def recall(context: Context, viewer: Viewer, loan_id: str, *, reason: str) -> None:
    """Ask for the paper before its day.

    Raises:
        ForbiddenError: the role hands out no originals.
        NotFoundError: none of this id in the viewer's area.
        ConflictError: it is not out.
    """
    with at_desk(context, viewer, loan_id) as act:
        act.row.reason = " ".join(reason.split())[:200]
        act.take(LoanEvent.RECALL, why=act.row.reason)


def take_back(context: Context, viewer: Viewer, loan_id: str, said: Handed) -> None:
    """Take the paper back and, as soon as it was counted, looked at and compared, check it.

    A difference is a case of its own (S1-26): the loan is disputed until somebody settles it.

    Raises:
        ForbiddenError: the role takes back no originals.
        NotFoundError: none of this id in the viewer's area.
        InvalidInputError: what was scanned is another paper, or an unknown condition.
        ConflictError: it is not out.
    """
    _check_said(said)
    with at_desk(context, viewer, loan_id) as act:
        _check_code(act, said.code)
        if rows.state_of(act.row, act.now) is not LoanState.TO_CHECK:
            act.take(LoanEvent.TAKE_BACK, said.facts)
            act.hand(Holder.place(lending.load().desk))
        if None not in (said.pages, said.matches) and said.condition:
            _check(act, said)


def settle(context: Context, viewer: Viewer, loan_id: str, *, note: str) -> None:
    """End the case of a paper that came back with a fault: what was found, who answers for it.

    Raises:
        ForbiddenError: the role takes back no originals.
        NotFoundError: none of this id in the viewer's area.
        InvalidInputError: no word on it.
        ConflictError: it is not disputed.
    """
    said = checked_text(note, missing_en="Say how it was settled", missing_zh="请填写处理结果")
    with at_desk(context, viewer, loan_id) as act:
        act.take(LoanEvent.SETTLE, why=said)
        act.end()


def put_back(context: Context, viewer: Viewer, document_id: str, *, code: str = "") -> str:
    """Put a paper into its box, or into the one that was scanned; returns where it lies now.

    Raises:
        ForbiddenError: the role hands out no originals.
        NotFoundError: no such paper in the viewer's area.
        InvalidInputError: no such place, or it is another paper's box.
        ConflictError: a loan has it.
    """
    access.demand_unlimited(viewer)
    viewer, now = access.demand(viewer, Permission.HAND_OUT), context.clock.now()
    with context.writing(viewer) as session:
        found = custody.of_document(session, document_id)
        if found is None:
            raise NotFoundError("There is no paper of this id", detail_zh="没有此纸质原件")
        original = custody.locked(session, found.id)
        if _is_held(session, original.id):
            raise ConflictError(
                "A loan has the paper; take it back first", detail_zh="该原件在借，请先办理归还"
            )
        to = _place_of(session, original.id, code.strip())
        custody.hand(session, original, Holder.place(to), by=viewer.id, why="归位", at=now)
        return to


# -- parts ----------------------------------------------------------------------------------------


def _pick(act: Act) -> None:
    original = act.original
    if original.custodian_kind == HolderKind.PERSON:
        raise ConflictError(
            "Somebody has the paper; it is not in the room",
            detail_zh="该原件在个人手中，不在库房，请先收回",
        )
    act.row.lapses_at = act.now + timedelta(days=lending.load().paper.collect_within_days)
    act.take(LoanEvent.PICK, {"from": original.custodian})
    act.hand(Holder.place(lending.load().desk))


def _check(act: Act, said: Handed) -> None:
    """Compare what came back with what went out and with the picture."""
    rules, faults = lending.load().paper, []
    document = act.session.get_one(Document, act.original.document_id)
    out = act.session.scalars(
        select(LoanStep.facts)
        .where(LoanStep.loan_number == act.row.number, LoanStep.event == LoanEvent.HAND_OUT)
        .order_by(LoanStep.id.desc())
    ).first()
    expected = (out or {}).get("pages", document.page_count)
    if expected and said.pages != expected:
        faults.append("pages")
    condition = rules.condition(said.condition)
    if condition is not None and condition.fault:
        faults.append("condition")
    if not said.matches:
        faults.append("exchanged")
    if faults:
        act.take(LoanEvent.FIND_FAULT, said.facts | {"faults": faults, "expected": expected})
        return
    act.take(LoanEvent.FIND_WHOLE, said.facts)
    act.end()


def _check_said(said: Handed) -> None:
    conditions = lending.load().paper
    if said.condition and conditions.condition(said.condition) is None:
        known = ", ".join(one.code for one in conditions.conditions)
        raise InvalidInputError(
            f"Unknown condition; say one of {known}", detail_zh=f"品相请选择：{known}"
        )
    if said.pages is not None and not 1 <= said.pages <= MOST_PAGES:
        raise InvalidInputError("Count the pages; at least 1", detail_zh="请清点页数，至少 1 页")


def _check_code(act: Act, scanned: str) -> None:
    """Refuse a foreign bar code: it must be the paper's box, its reference code or its loan."""
    if not scanned.strip():
        return
    home = shelving.home_of(act.session, [act.original.id]).get(act.original.id)
    own = {number_of(act.row.number), act.original.id, act.original.document_id}
    if home is not None:
        own |= {one for one in (home.box_bar_code, home.reference_code, home.volume) if one}
    if scanned.strip() not in own:
        raise InvalidInputError(
            "That bar code is another paper's; scan the box or paper of this loan",
            detail_zh="条码不符，不是本单的原件，请扫描本单原件的盒号或档号",
        )


def _check_card(act: Act, scanned: str) -> None:
    card = scanned.strip()
    if not card:
        return
    borrower = act.session.get_one(User, act.row.borrower_id)
    if card not in (borrower.name, borrower.staff_no, borrower.id):
        raise InvalidInputError(
            f"That is not the borrower's card; the loan is {borrower.name}'s",
            detail_zh=f"证件不符，借阅人是 {borrower.name}",
        )


def _place_of(session: ScopedSession, original_id: str, scanned: str) -> str:
    home = shelving.home_of(session, [original_id]).get(original_id)
    box = home.box_bar_code if home else None
    if scanned and box and scanned not in (box, home.slot_code if home else None):
        raise InvalidInputError(
            f"That is not its box; it belongs to {box}", detail_zh=f"盒号不符，应放入 {box}"
        )
    if scanned and not box and not shelving.is_place(session, scanned):
        raise InvalidInputError(
            "No such box or room; scan the code on the box",
            detail_zh="没有此盒或库房，请扫描盒上条码",
        )
    if not (box or scanned):
        raise InvalidInputError(
            "It is in no box yet; scan the box that it goes to",
            detail_zh="该原件尚未装盒，请扫描要放入的档案盒",
        )
    return box or scanned


def _is_held(session: ScopedSession, original_id: str) -> bool:
    held = select(Loan.number).where(
        Loan.original_id == original_id,
        Loan.state.in_(HOLDS_ORIGINAL - {LoanState.TO_PICK}),
    )
    return session.scalar(held.limit(1)) is not None
