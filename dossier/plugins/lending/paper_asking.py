"""Asking for a paper original: with a reason, one loan for each paper, in line (§6.1, §6.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import select

from dossier import access
from dossier.clock import SHANGHAI, local_date
from dossier.db.loan_tables import Loan, LoanThing, PaperOriginal
from dossier.db.loans import number_of
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document, User
from dossier.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from dossier.plugins.lending import loan_rows as rows
from dossier.plugins.lending import paper_queue as queue
from dossier.plugins.lending.asking import Made, Wish
from dossier.plugins.lending.loan_rows import Paper
from dossier.rules import lending
from dossier.rules.loan_states import LoanKind, LoanState
from dossier.rules.working_days import WorkingDays
from dossier.services import custody
from dossier.services.approval_rows import checked_text
from dossier.services.context import Context
from dossier.services.custody import OriginalState
from dossier.services.posts import lock
from dossier.viewer import Permission, Viewer

DAY_MINUTES = 24 * 60
LAST_MINUTE = time(23, 59)


@dataclass(frozen=True, slots=True)
class _Asked:
    document: Document
    category: str
    original: PaperOriginal


def ask(context: Context, viewer: Viewer, wish: Wish) -> tuple[Made, ...]:
    """Ask for the paper of one or more documents; each is a loan of its own and waits in line.

    Raises:
        ForbiddenError: the role may not borrow originals, or by a limited token.
        InvalidInputError: no reason, a term that is not offered, or something that is not lent.
        NotFoundError: none that the viewer knows of.
        ConflictError: it is asked for already, or something of the borrower's is overdue.
    """
    access.demand_unlimited(viewer)
    access.demand(viewer, Permission.BORROW)
    rules, now = lending.load().paper, context.clock.now()
    purpose = checked_text(
        wish.purpose,
        missing_en="Say why the paper itself is needed; the electronic copy is open at once",
        missing_zh="请填写借阅原件的理由；如只需查看，可直接借阅电子件",
    )
    own = rows.own_reaches(viewer)
    if not any(
        Permission.BORROW in one.permissions and one.role not in rules.not_for for one in own
    ):
        raise ForbiddenError(
            "Your role borrows electronic copies only",
            detail_zh="您的岗位只能借阅电子件，不能借阅纸质原件",
        )
    with context.writing(access.demand(viewer, Permission.READ_CUSTOMER)) as session:
        lock(session, session.get_one(User, viewer.id))
        asked = _papers(session, wish)
        _check_borrower(session, viewer, asked, now)
        made = [_loan(session, viewer, wish, one, purpose, now) for one in asked]
        places = queue.positions(session, made, at=now)
        return tuple(
            Made(row.id, number_of(row.number), LoanState(row.state), LoanKind.PAPER,
                 None, places.get(row.number, 0))
            for row in made
        )  # fmt: skip


def due_at(begins: datetime, minutes: int, calendar: WorkingDays) -> datetime:
    """When a paper that goes out now is due: in the last minute of a working day."""
    last = local_date(begins) + timedelta(minutes=minutes)
    day = calendar.not_before(last)
    return datetime.combine(day, LAST_MINUTE, SHANGHAI)


# -- parts ----------------------------------------------------------------------------------------


def _papers(session: ScopedSession, wish: Wish) -> list[_Asked]:
    if bool(wish.customer_no) == bool(wish.documents):
        raise InvalidInputError(
            "Name a customer, or papers of one", detail_zh="请填写户号，或选择要借阅的文件"
        )
    if wish.pages:
        raise InvalidInputError(
            "A paper is lent whole; borrow single pages electronically",
            detail_zh="纸质原件按份借阅；如只需部分页，请借阅电子件",
        )
    named = dict.fromkeys(wish.documents)
    query = (
        select(Document, Customer.category)
        .join(Customer, Customer.customer_no == Document.customer_no)
        .where(Document.id.in_(named) if named else Document.customer_no == wish.customer_no)
        .order_by(Document.rowid)
    )
    found = {row.Document.id: row for row in session.execute(query)}
    if not found or named.keys() - found.keys():
        raise NotFoundError(
            "No such paper that you know of", detail_zh="没有此文件，或不在您的权限范围内"
        )
    listed = [
        _checked(session, row.Document, row.category, strict=bool(named)) for row in found.values()
    ]
    asked = [one for one in listed if one is not None]
    most = lending.load().paper.most_things
    if not asked or len(asked) > most:
        raise InvalidInputError(
            f"There is no paper to lend, or more than {most}; choose single papers",
            detail_zh=f"没有可借的纸质原件，或超过 {most} 份，请选择具体文件",
        )
    return asked


def _checked(
    session: ScopedSession, document: Document, category: str, *, strict: bool
) -> _Asked | None:
    """The paper behind a document; of a whole dossier what cannot be lent is left out."""
    original = custody.of_document(session, document.id)
    left = original is not None and original.custodian == lending.load().outside
    if left and strict:
        raise InvalidInputError(
            "The paper was handed over to an archive outside; borrow it electronically",
            detail_zh="该原件已移交外单位，请借阅电子件",
        )
    is_whole = original is not None and original.state == OriginalState.WHOLE
    if original is not None and is_whole and not left and not document.hold:
        custody.locked(session, original.id)
        return _Asked(document, category, original)
    if not strict:
        return None
    if document.hold:
        raise InvalidInputError(
            "The paper is held; ask who set the hold to release it",
            detail_zh="该文件已被冻结，不能借阅；请联系设置冻结的部门",
        )
    if original is None:
        raise InvalidInputError(
            "There is no paper behind it; borrow it electronically",
            detail_zh="该文件没有纸质原件，请借阅电子件",
        )
    raise InvalidInputError(
        "The paper is lost or destroyed; borrow it electronically",
        detail_zh="该原件已遗失或销毁，请借阅电子件",
    )


def _check_borrower(
    session: ScopedSession, viewer: Viewer, asked: list[_Asked], now: datetime
) -> None:
    if queue.is_blocked(session, viewer.id, now):
        raise ConflictError(
            "Something that you borrowed is overdue or lost; settle that first",
            detail_zh="您有超期未还或遗失未结的借阅，请先办结",
        )
    mine = queue.open_loans(session, viewer.id, now)
    if len(mine) + len(asked) > lending.load().paper.most_open:
        raise ConflictError(
            "Too many papers are asked for or out; give some back",
            detail_zh="在借与待审批的原件过多，请先归还",
        )
    if {one.original_id for one in mine} & {one.original.id for one in asked}:
        raise ConflictError(
            "It is lent to you or asked for already; see your loans",
            detail_zh="已借阅或已提出申请，请查看我的借阅",
        )


def _loan(
    session: ScopedSession,
    viewer: Viewer,
    wish: Wish,
    asked: _Asked,
    purpose: str,
    now: datetime,
) -> Loan:
    lapses = now + timedelta(days=lending.load().lapses_after_days)
    row = Loan(
        kind=LoanKind.PAPER,
        state=LoanState.REQUESTED,
        original_id=asked.original.id,
        borrower_id=viewer.id,
        purpose=purpose,
        minutes=_minutes(wish, asked.category, now),
        until=wish.until,
        asked_at=now,
        lapses_at=min(lapses, wish.until) if wish.until else lapses,
    )
    session.add(row)
    session.flush()
    thing = LoanThing(
        loan_number=row.number,
        document_id=asked.document.id,
        customer_no=asked.document.customer_no,
    )
    session.add(thing)
    rows.note(session, viewer, row, "ask", now)
    session.flush()
    return row


def _minutes(wish: Wish, category: str, now: datetime) -> int:
    rules = lending.load().paper
    longest = rules.longest(category)
    if wish.until is not None:
        if wish.until <= now:
            raise InvalidInputError(
                "The end lies in the past; give a later one",
                detail_zh="到期时间已过，请填写以后的时间",
            )
        if wish.until > now + timedelta(days=longest):
            raise InvalidInputError(
                f"At most {longest} days from now", detail_zh=f"该类原件最长借 {longest} 天"
            )
        return max(int((wish.until - now).total_seconds() // 60), 1)
    days = wish.days or min(rules.terms_days[0], longest)
    if days not in rules.terms_days or days > longest:
        offered = ", ".join(str(one) for one in sorted(rules.terms_days) if one <= longest)
        raise InvalidInputError(
            f"Choose a term of {offered} days", detail_zh=f"请选择期限（天）：{offered}"
        )
    return days * DAY_MINUTES


__all__ = ["Paper", "ask", "due_at"]
