"""Bank mandates of one customer: account, name and bank by a signed paper (S0-15).

An account in another name opens a correction; a mandate that is signed anew answers what is open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from dossier import access
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document
from dossier.db.verification_tables import BankMandate, Correction
from dossier.errors import InvalidInputError, NotFoundError, NotPossibleError
from dossier.plugins.verification import reached, rules
from dossier.rules import identifiers
from dossier.rules.same_names import Likeness, compare_names
from dossier.services import audit, personal
from dossier.services.account_names import account_names
from dossier.services.context import Context
from dossier.services.register_lookup import normal_id
from dossier.services.views import Shown
from dossier.viewer import Field, Permission, Viewer

MADE, ENDED = "mandate.made", "mandate.ended"
NAME_DIFFERS, FAILED_DEBIT = "name_differs", "failed_debit"
OPEN, RESIGNED, CLOSED = "open", "resigned", "closed"
LONGEST = 200
_ACCOUNT = re.compile(r"[0-9]{8,30}")


@dataclass(frozen=True, slots=True)
class MandateWish:
    """What a signed paper says."""

    account: str
    account_name: str
    bank: str
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class Mandate:
    """A mandate, masked for its viewer; ``likeness`` holds its name against the register's."""

    id: str
    account: Shown
    account_name: Shown
    likeness: str
    bank: str
    document_id: str | None
    made_at: datetime
    made_by: str
    ended_at: datetime | None
    ended_why: str


@dataclass(frozen=True, slots=True)
class MandatePaper:
    """A paper of the dossier that a mandate may rest on."""

    document_id: str
    type_code: str
    title: Shown


@dataclass(frozen=True, slots=True)
class Mandates:
    """All of a customer, the newest first, and the papers to choose from."""

    items: tuple[Mandate, ...]
    papers: tuple[MandatePaper, ...]
    open_corrections: int
    may_record: bool


def get(context: Context, viewer: Viewer, customer_no: str) -> Mandates:
    """How it stands, as this viewer may see it.

    Raises:
        ForbiddenError: the role may not read customers, or is held for a case of this one only.
        NotFoundError: no such customer, or not in the viewer's scope.
    """
    with reached.look(context, viewer, customer_no) as (session, customer, here):
        hidden = reached.known_of(context, session, here, customer_no)
        query = select(BankMandate).where(BankMandate.customer_no == customer_no)
        newest = query.order_by(BankMandate.made_at.desc(), BankMandate.id.desc())
        rows = session.scalars(newest).all()
        names = account_names(session, [row.made_by for row in rows])
        papers = session.execute(_papers(customer_no)).all()
        known = {row.id for row in papers}
        items = tuple(
            Mandate(
                id=row.id,
                account=account(context, here, row),
                account_name=personal.name(here, row.account_name),
                likeness=compare_names(row.account_name, customer.name),
                bank=row.bank,
                document_id=row.document_id if row.document_id in known else None,
                made_at=row.made_at,
                made_by=names[row.made_by],
                ended_at=row.ended_at,
                ended_why=reached.noted(here, row.ended_why, hidden),
            )
            for row in rows
        )
        waiting = select(Correction.id).where(
            Correction.customer_no == customer_no, Correction.state == OPEN
        )
        found = Mandates(
            items,
            tuple(
                MandatePaper(row.id, row.type_code, personal.line(here, row.title, hidden))
                for row in papers
            ),
            len(session.scalars(waiting).all()),
            here.may(Permission.VERIFY),
        )
    return found


def account(context: Context, viewer: Viewer, row: BankMandate) -> Shown:
    """The account's number; decrypted only for who sees it."""
    if viewer.sees(Field.PAGES):
        return Shown(context.keyring.decrypt(row.account))
    return Shown("*" * 12 + row.last4, masked=True)


def record(context: Context, viewer: Viewer, customer_no: str, wish: MandateWish) -> str:
    """Keep a mandate; the one before ends, and what was open of it is answered.

    Raises:
        ForbiddenError: the role may not.
        NotFoundError: no such customer in the viewer's scope.
        InvalidInputError: no account, name, bank or paper.
    """
    viewer = access.demand(viewer, Permission.VERIFY)
    now = context.clock.now()
    with context.writing(viewer) as session:
        customer = reached.customer_reached(session, viewer, customer_no, lock=True)
        number = identifiers.compact(wish.account)
        name, bank = " ".join(wish.account_name.split()), " ".join(wish.bank.split())
        _check(session, customer, number, name, bank, wish.document_id)
        _end_present(session, customer_no, viewer, now)
        row = BankMandate(
            customer_no=customer_no,
            account=context.keyring.encrypt(number),
            hmac=context.keyring.hash(normal_id(number)),
            last4=number[-4:],
            account_name=name,
            bank=bank,
            document_id=wish.document_id,
            made_at=now,
            made_by=viewer.id,
        )
        session.add(row)
        session.flush()
        _answer(session, row, viewer, now)
        if compare_names(name, customer.name) is not Likeness.SAME:
            open_correction(session, row, NAME_DIFFERS, now)
        _note(session, viewer, MADE, row, now)
        return row.id


def end(context: Context, viewer: Viewer, customer_no: str, mandate_id: str, *, why: str) -> None:
    """End a mandate; what is open of it is closed with the same reason.

    Raises:
        ForbiddenError: the role may not.
        NotFoundError: no such customer in the viewer's scope, or no such mandate of it.
        InvalidInputError: nobody says why.
        NotPossibleError: it ended already.
    """
    viewer = access.demand(viewer, Permission.VERIFY)
    now = context.clock.now()
    with context.writing(viewer) as session:
        reached.customer_reached(session, viewer, customer_no, lock=True)
        mine = select(BankMandate).where(
            BankMandate.customer_no == customer_no, BankMandate.id == mandate_id
        )
        row = session.scalars(mine).first()
        if row is None:
            raise NotFoundError("No such mandate", detail_zh="没有此代扣授权")
        said = reached.short_text(why)
        if not said:
            raise InvalidInputError("Say why", detail_zh="请填写终止原因")
        if row.ended_at is not None:
            raise NotPossibleError("It ended already", detail_zh="该授权已终止")
        row.ended_at, row.ended_by, row.ended_why = now, viewer.id, said
        for one in _open_of(session, customer_no):
            one.state, one.reason = CLOSED, said
            one.closed_by, one.closed_at = viewer.id, now
        _note(session, viewer, ENDED, row, now)


def open_correction(session: ScopedSession, row: BankMandate, kind: str, now: datetime) -> bool:
    """See to it that one is open; whether it is new. The customer is locked."""
    mine = select(Correction.id).where(
        Correction.mandate_id == row.id, Correction.kind == kind, Correction.state == OPEN
    )
    if session.scalar(mine) is not None:
        return False
    session.add(
        Correction(
            customer_no=row.customer_no, mandate_id=row.id, kind=kind, opened_at=now, state=OPEN
        )
    )
    session.flush()
    return True


def _papers(customer_no: str) -> Any:
    """The columns of the papers in a dossier and in scope, the newest first."""
    return (
        select(Document.id, Document.type_code, Document.title)
        .where(
            Document.customer_no == customer_no,
            Document.type_code.in_(rules.load().mandate_types),
        )
        .order_by(Document.rowid.desc())
    )


def _check(
    session: ScopedSession,
    customer: Customer,
    number: str,
    name: str,
    bank: str,
    document_id: str | None,
) -> None:
    if not _ACCOUNT.fullmatch(number):
        raise InvalidInputError(
            "An account has 8 to 30 digits", detail_zh="账号应为 8 至 30 位数字"
        )
    if not name or not bank or max(len(name), len(bank)) > LONGEST:
        raise InvalidInputError(
            "Write the account's name and bank", detail_zh="请填写账户户名和开户行"
        )
    papers = {row.id for row in session.execute(_papers(customer.customer_no))}
    if document_id not in papers:
        raise InvalidInputError(
            "Name the signed mandate in this dossier", detail_zh="请选择该户已签署的代扣授权书"
        )


def _end_present(session: ScopedSession, customer_no: str, viewer: Viewer, now: datetime) -> None:
    mine = select(BankMandate).where(
        BankMandate.customer_no == customer_no, BankMandate.ended_at.is_(None)
    )
    for row in session.scalars(mine):
        row.ended_at, row.ended_by = now, viewer.id
    session.flush()


def _answer(session: ScopedSession, row: BankMandate, viewer: Viewer, now: datetime) -> None:
    """What was open of an earlier mandate is answered by the paper that was signed anew."""
    for one in _open_of(session, row.customer_no):
        one.state, one.document_id = RESIGNED, row.document_id
        one.closed_by, one.closed_at = viewer.id, now
    session.flush()


def _open_of(session: ScopedSession, customer_no: str) -> list[Correction]:
    query = select(Correction).where(
        Correction.customer_no == customer_no, Correction.state == OPEN
    )
    return list(session.scalars(query))


def _note(
    session: ScopedSession, viewer: Viewer, action: str, row: BankMandate, now: datetime
) -> None:
    audit.note(
        session,
        viewer,
        action,
        at=now,
        object_kind="customer",
        object_id=row.customer_no,
        facts={"document": row.document_id},
    )
