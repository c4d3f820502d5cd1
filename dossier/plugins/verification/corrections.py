"""What is to be put right about mandates: failed debits come in, corrections are closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import func, select

from dossier import access
from dossier.db.session import ScopedSession, whole_dossiers
from dossier.db.tables import Customer, Document
from dossier.db.verification_tables import BankMandate, Correction, FailedDebit
from dossier.errors import InvalidInputError, NotFoundError, NotPossibleError
from dossier.plugins.verification import mandates, reached, rules
from dossier.plugins.verification.mandates import CLOSED, FAILED_DEBIT, OPEN
from dossier.plugins.verification.standing import Wish, conditions
from dossier.rules import identifiers
from dossier.rules.customer_file import RowError
from dossier.rules.dates import parse_date
from dossier.services import audit, cursors, personal
from dossier.services.account_names import account_names
from dossier.services.context import Context
from dossier.services.heads import head_of, known_values, register_rows
from dossier.services.named_rows import NamedRow, RowReport, RowTally, named_rows
from dossier.services.register_lookup import normal_id
from dossier.services.table_files import open_table
from dossier.services.views import CustomerHead, Shown
from dossier.viewer import Permission, Viewer, system_viewer

IMPORTING = system_viewer("failed-debits")
LISTING = "corrections"
LISTED, CLOSED_ACTION, IMPORTED = "corrections.listed", "correction.closed", "debits.imported"
COLUMNS = {
    "customer_no": ("户号", "客户编号", "用户编号", "用电户号"),
    "day": ("扣款日期", "日期", "交易日期"),
    "reason": ("失败原因", "原因"),
    "account": ("账号", "银行账号", "扣款账号", "卡号"),
}
REQUIRED = ("customer_no", "day", "reason")
BATCH_ROWS = 500


@dataclass(frozen=True, slots=True)
class FoundCorrection:
    """Something to be put right, masked for its viewer.

    ``arrived_id``: a paper of a mandate's type that came in since; what it says a person records.
    """

    id: str
    head: CustomerHead
    kind: str
    account: Shown
    account_name: Shown
    bank: str
    failures: int
    last_failure: date | None
    last_reason: str
    state: str
    reason: str
    document_id: str | None
    arrived_id: str | None
    opened_at: datetime
    closed_by: str
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Corrections:
    """A page of the list."""

    items: tuple[FoundCorrection, ...]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Debit:
    """A row that is right."""

    row: int
    customer_no: str
    day: date
    reason: str
    account: str


def get(
    context: Context, viewer: Viewer, wish: Wish, *, cursor: str | None = None, size: int = 50
) -> Corrections:
    """A page, the oldest first; ``wish.state`` empty: the open ones.

    Raises:
        ForbiddenError: the role may not read customers.
        QueryError: the cursor is broken.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    after = cursors.unpack(context.keyring, LISTING, cursor) if cursor else ""
    places = Wish(category=wish.category, places=wish.places)
    asked = [
        whole_dossiers(viewer),
        *conditions(viewer, places),
        Correction.state == (wish.state or OPEN),
    ]
    joined = Customer.customer_no == Correction.customer_no
    with context.reading(viewer) as session:
        query = select(Correction).join(Customer, joined).where(*asked)
        page = query.where(Correction.id > after).order_by(Correction.id)
        rows = session.scalars(page.limit(size + 1)).all()
        shown = rows[:size]
        facts = {"filtered_by": wish.used, "rows": len(shown)}
        noted = audit.begin_read(context, viewer, LISTED, object_kind="", object_id="", facts=facts)
        counted = select(func.count(Correction.id)).join(Customer, joined).where(*asked)
        more = len(rows) > size
        found = Corrections(
            _found(context, session, viewer, shown),
            session.scalar(counted) or 0,
            cursors.pack(context.keyring, LISTING, shown[-1].id) if more else None,
        )
    noted.wait()
    return found


def close(context: Context, viewer: Viewer, correction_id: str, *, reason: str) -> None:
    """Close one by a person's word; a mandate that is signed anew closes it by itself.

    Raises:
        ForbiddenError: the role may not.
        NotFoundError: no such correction in the viewer's scope.
        InvalidInputError: nobody says why.
        NotPossibleError: it is closed already.
    """
    viewer = access.demand(viewer, Permission.VERIFY)
    now = context.clock.now()
    with context.writing(viewer) as session:
        one = session.scalars(select(Correction).where(Correction.id == correction_id)).first()
        if one is None:
            raise NotFoundError("No such correction", detail_zh="没有此修签事项")
        reached.customer_reached(session, viewer, one.customer_no, lock=True)
        session.refresh(one)
        said = reached.short_text(reason)
        if not said:
            raise InvalidInputError("Say why", detail_zh="请填写办结原因")
        if one.state != OPEN:
            raise NotPossibleError("It is closed already", detail_zh="该事项已办结")
        one.state, one.reason = CLOSED, said
        one.closed_by, one.closed_at = viewer.id, now
        audit.note(
            session,
            viewer,
            CLOSED_ACTION,
            at=now,
            object_kind="customer",
            object_id=one.customer_no,
            facts={"result": one.kind},
        )


def import_failures(context: Context, viewer: Viewer, path: Path) -> RowReport:
    """Take a bank's list of failed debits; each row opens a correction, or adds to the open one.

    The same list again changes nothing.

    Raises:
        ForbiddenError: the role may not, or is held for a part of the company only.
        InvalidInputError: the file or its header cannot be used; nothing was written.
    """
    viewer = access.demand_whole(viewer, Permission.VERIFY)
    tally, debits = RowTally(), list[_Debit]()
    with open_table(path) as table:
        for row in named_rows(table, COLUMNS, REQUIRED, tally):
            read = _read(row)
            if isinstance(read, RowError):
                tally.reject(read)
            else:
                debits.append(read)
    for start in range(0, len(debits), BATCH_ROWS):
        with context.writing(IMPORTING) as session:
            for debit in debits[start : start + BATCH_ROWS]:
                _take(context, session, debit, tally)
    report = tally.report(dry_run=False)
    facts = {"created": report.changed, "rejected": report.rejected}
    with context.writing(viewer) as session:
        audit.note(session, viewer, IMPORTED, at=context.clock.now(), facts=facts)
    return report


def _read(row: NamedRow) -> _Debit | RowError:
    number = identifiers.compact(row.get("customer_no"))
    if not identifiers.is_customer_no(number):
        return _wrong(row.number, "customer_no", "户号应为 10 至 16 位数字", "10 to 16 digits")
    day = parse_date(row.get("day"))
    if day is None:
        return _wrong(row.number, "day", "日期无法识别，例如 2026-08-11", "not a date")
    reason = rules.load().failure(row.get("reason"))
    if not reason:
        return _wrong(row.number, "reason", "未知的失败原因", "unknown reason")
    return _Debit(row.number, number, day, reason, identifiers.compact(row.get("account")))


def _wrong(row: int, column: str, zh: str, en: str) -> RowError:
    return RowError(row, column, zh, en)


def _take(context: Context, session: ScopedSession, debit: _Debit, tally: RowTally) -> None:
    own = select(Customer.revision).where(Customer.customer_no == debit.customer_no)
    if session.scalar(own.with_for_update()) is None:
        tally.reject(_wrong(debit.row, "customer_no", "台账中没有此户号", "not in the register"))
        return
    mine = select(BankMandate).where(
        BankMandate.customer_no == debit.customer_no, BankMandate.ended_at.is_(None)
    )
    mandate = session.scalars(mine).first()
    if mandate is None:
        zh, en = "该户没有有效的代扣授权", "no mandate of this customer"
        tally.reject(_wrong(debit.row, "customer_no", zh, en))
        return
    if debit.account and mandate.hmac not in context.keyring.hashes(normal_id(debit.account)):
        zh, en = "账号与登记的代扣账号不同", "another account than the mandate's"
        tally.reject(_wrong(debit.row, "account", zh, en))
        return
    known = select(FailedDebit.id).where(
        FailedDebit.mandate_id == mandate.id, FailedDebit.day == debit.day
    )
    is_new = session.scalar(known) is None
    if is_new:
        now = context.clock.now()
        session.add(
            FailedDebit(
                customer_no=debit.customer_no,
                mandate_id=mandate.id,
                day=debit.day,
                reason=debit.reason,
                noted_at=now,
            )
        )
        session.flush()
        mandates.open_correction(session, mandate, FAILED_DEBIT, now)
    tally.take(debit.row, changed=is_new)


def _found(
    context: Context, session: ScopedSession, viewer: Viewer, rows: Sequence[Correction]
) -> tuple[FoundCorrection, ...]:
    register = register_rows(session, [row.customer_no for row in rows])
    hidden = known_values(context, session, viewer, list(register), rows=register)
    names = account_names(session, [row.closed_by for row in rows if row.closed_by])
    ids = [row.mandate_id for row in rows]
    own = {
        one.id: one for one in session.scalars(select(BankMandate).where(BankMandate.id.in_(ids)))
    }
    failures = _failures(session, ids)
    arrived = _arrived(session, rows)
    found = []
    for row in rows:
        here, mandate = viewer.at_customer(register[row.customer_no]), own[row.mandate_id]
        failed = failures.get(row.mandate_id, [])
        found.append(
            FoundCorrection(
                id=row.id,
                head=head_of(viewer, register[row.customer_no]),
                kind=row.kind,
                account=mandates.account(context, here, mandate),
                account_name=personal.name(here, mandate.account_name),
                bank=mandate.bank,
                failures=len(failed),
                last_failure=failed[-1].day if failed else None,
                last_reason=failed[-1].reason if failed else "",
                state=row.state,
                reason=reached.noted(here, row.reason, hidden.get(row.customer_no)),
                document_id=row.document_id,
                arrived_id=arrived.get(row.id),
                opened_at=row.opened_at,
                closed_by=names.get(row.closed_by or "", ""),
                closed_at=row.closed_at,
            )
        )
    return tuple(found)


def _arrived(session: ScopedSession, rows: Sequence[Correction]) -> Mapping[str, str]:
    """The newest paper that may answer what is open, among those in scope."""
    waiting = [row for row in rows if row.state == OPEN]
    papers = select(Document.id, Document.customer_no, Document.captured_at).where(
        Document.customer_no.in_({row.customer_no for row in waiting}),
        Document.type_code.in_(rules.load().mandate_types),
    )
    found: dict[str, str] = {}
    for paper in session.execute(papers.order_by(Document.rowid)):
        for row in waiting:
            if row.customer_no == paper.customer_no and paper.captured_at > row.opened_at:
                found[row.id] = paper.id
    return found


def _failures(session: ScopedSession, ids: Sequence[str]) -> Mapping[str, list[FailedDebit]]:
    found: dict[str, list[FailedDebit]] = {}
    query = select(FailedDebit).where(FailedDebit.mandate_id.in_(ids))
    for row in session.scalars(query.order_by(FailedDebit.day)):
        found.setdefault(row.mandate_id, []).append(row)
    return found
