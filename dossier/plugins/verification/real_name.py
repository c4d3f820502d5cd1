"""The real-name check of one customer: what is proposed, who checked what, and recording a check.

A person decides; the program compares, and says what it sees (domain.md S0-01).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from dossier import access
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document, DocumentField
from dossier.db.verification_tables import RealNameCheck, VerifiedFacts
from dossier.errors import InvalidInputError
from dossier.plugins.verification import reached, rules
from dossier.rules.masking import KnownValues
from dossier.rules.same_names import Likeness, compare_names, name_key
from dossier.services import audit, personal
from dossier.services.account_names import account_names
from dossier.services.context import Context
from dossier.services.heads import heads
from dossier.services.views import CustomerHead, Shown
from dossier.viewer import Permission, Viewer

CHECKED = "realname.checked"
NAME = "name"
"""The field of a paper that says whose it is."""
LONGEST_NAME = 200


class Result(StrEnum):
    """What a check found."""

    VERIFIED = "verified"
    MISMATCH = "mismatch"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class IdentityPaper:
    """A paper of the dossier that says who the customer is.

    Attributes:
        read_name: the name that was read on it, None where none was.
        likeness: how that name stands to the register's.
    """

    document_id: str
    type_code: str
    title: Shown
    read_name: Shown | None
    likeness: Likeness | None


@dataclass(frozen=True, slots=True)
class MadeCheck:
    """A check that was made."""

    id: str
    document_id: str | None
    legal_name: Shown
    register_name: Shown
    result: str
    note: str
    checked_at: datetime
    checked_by: str


@dataclass(frozen=True, slots=True)
class RealName:
    """How the real name of a customer stands.

    Attributes:
        state: as the counts take it; a name that was changed since is not checked.
        papers: the newest first; a proposal, nothing more.
        checks: all that were made, the newest first.
    """

    head: CustomerHead
    state: str
    name: Shown
    papers: tuple[IdentityPaper, ...]
    checks: tuple[MadeCheck, ...]
    may_check: bool


@dataclass(frozen=True, slots=True)
class CheckWish:
    """What somebody found: ``legal_name`` empty takes the name that was read on the paper."""

    result: str
    document_id: str | None = None
    legal_name: str = ""
    note: str = ""


def get(context: Context, viewer: Viewer, customer_no: str) -> RealName:
    """How it stands, as this viewer may see it.

    Raises:
        ForbiddenError: the role may not read customers, or is held for a case of this one only.
        NotFoundError: no such customer, or not in the viewer's scope.
    """
    with reached.look(context, viewer, customer_no) as (session, customer, here):
        facts = session.get(VerifiedFacts, customer_no)
        hidden = reached.known_of(context, session, here, customer_no)
        found = RealName(
            head=heads(session, here, [customer_no])[customer_no],
            state=state_of(facts, customer),
            name=personal.name(here, customer.name),
            papers=_papers(session, here, customer, hidden),
            checks=_checks(session, here, customer_no, hidden),
            may_check=here.may(Permission.VERIFY),
        )
    return found


def state_of(facts: VerifiedFacts | None, customer: Customer) -> str:
    """What counts: the last check, if it was of the name that the register has now."""
    if facts is None or facts.real_name_of != customer.name_key:
        return Result.NOT_CHECKED
    return facts.real_name


def record(context: Context, viewer: Viewer, customer_no: str, wish: CheckWish) -> str:
    """Keep what somebody found; gives the check's id.

    Raises:
        ForbiddenError: the role may not.
        NotFoundError: no such customer in the viewer's scope.
        InvalidInputError: no such result or paper, no name, or nobody says why a name that differs
            is right.
    """
    viewer = access.demand(viewer, Permission.VERIFY)
    now = context.clock.now()
    with context.writing(viewer) as session:
        customer = reached.customer_reached(session, viewer, customer_no, lock=True)
        row = _row(session, customer, wish, viewer.id, now)
        session.add(row)
        facts = facts_of(session, customer_no)
        facts.real_name, facts.real_name_of = row.result, customer.name_key
        facts.real_name_at = now
        session.flush()
        audit.note(
            session,
            viewer,
            CHECKED,
            at=now,
            object_kind="customer",
            object_id=customer_no,
            facts={"result": row.result, "document": row.document_id},
        )
        return row.id


def facts_of(session: ScopedSession, customer_no: str) -> VerifiedFacts:
    """The row of what was checked last; a new one where there is none. The customer is locked."""
    found = session.get(VerifiedFacts, customer_no)
    if found is None:
        found = VerifiedFacts(customer_no=customer_no)
        session.add(found)
    return found


def _row(
    session: ScopedSession, customer: Customer, wish: CheckWish, by: str, now: datetime
) -> RealNameCheck:
    if wish.result not in tuple(Result):
        raise InvalidInputError(
            f"Choose a result: {', '.join(Result)}",
            detail_zh="请选择核验结果：一致、不一致或重新核验",
        )
    note = reached.short_text(wish.note)
    read_name = _read_name_of(session, customer, wish.document_id)
    legal_name = " ".join((wish.legal_name or read_name or "").split())
    if len(legal_name) > LONGEST_NAME:
        raise InvalidInputError(
            f"A name has {LONGEST_NAME} characters at most",
            detail_zh=f"姓名或名称不超过 {LONGEST_NAME} 个字",
        )
    if wish.result == Result.NOT_CHECKED:
        _demand_note(note, "Say why it is to be checked anew", "请填写重新核验的原因")
    elif wish.document_id is None:
        raise InvalidInputError(
            "Name the identity paper that was supplied", detail_zh="请选择所提供的身份证件"
        )
    elif not legal_name:
        raise InvalidInputError(
            "No name was read on this paper; write it as the paper says it",
            detail_zh="该证件未识别出姓名，请按证件填写",
        )
    elif wish.result == Result.VERIFIED and not _is_same(legal_name, customer.name):
        _demand_note(
            note,
            "The paper's name is not the register's; say why it is right all the same",
            "证件姓名与登记户名不同，请说明为何核验一致",
        )
    return RealNameCheck(
        customer_no=customer.customer_no,
        document_id=wish.document_id,
        legal_name=legal_name,
        register_name=customer.name,
        result=wish.result,
        note=note,
        checked_at=now,
        checked_by=by,
    )


def _is_same(one: str, other: str) -> bool:
    return compare_names(one, other) is Likeness.SAME


def _demand_note(note: str, en: str, zh: str) -> None:
    if not note:
        raise InvalidInputError(en, detail_zh=zh)


def _read_name_of(session: ScopedSession, customer: Customer, document_id: str | None) -> str:
    """The name on the paper that best fits; empty where none was read.

    Raises:
        InvalidInputError: no such identity paper of this customer, in the viewer's scope.
    """
    if document_id is None:
        return ""
    found = session.execute(_identity_papers(customer).where(Document.id == document_id)).first()
    if found is None:
        raise InvalidInputError(
            "No such identity paper in this dossier", detail_zh="该户没有此身份证件"
        )
    return _best(_names_read(session, [document_id]).get(document_id, ()), customer.name)


def _identity_papers(customer: Customer) -> Any:
    """The columns of the identity papers in a dossier and in scope, the newest first."""
    return (
        select(Document.id, Document.type_code, Document.title)
        .where(
            Document.customer_no == customer.customer_no,
            Document.type_code.in_(rules.load().identity_types),
        )
        .order_by(Document.rowid.desc())
    )


def _papers(
    session: ScopedSession, viewer: Viewer, customer: Customer, hidden: KnownValues | None
) -> tuple[IdentityPaper, ...]:
    rows = list(session.execute(_identity_papers(customer)))
    names = _names_read(session, [row.id for row in rows])
    return tuple(_paper(viewer, customer, row, names.get(row.id, ()), hidden) for row in rows)


def _paper(
    viewer: Viewer,
    customer: Customer,
    row: Any,
    names: Sequence[str],
    hidden: KnownValues | None,
) -> IdentityPaper:
    best = _best(names, customer.name) if viewer.may(Permission.READ_CONTENT) else ""
    return IdentityPaper(
        document_id=row.id,
        type_code=row.type_code,
        title=personal.line(viewer, row.title, hidden),
        read_name=personal.name(viewer, best) if best else None,
        likeness=compare_names(best, customer.name) if best else None,
    )


def _names_read(session: ScopedSession, papers: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if papers:
        query = select(DocumentField.document_id, DocumentField.value).where(
            DocumentField.document_id.in_(papers), DocumentField.name == NAME
        )
        for document_id, value in session.execute(query.order_by(DocumentField.id)):
            found.setdefault(document_id, []).append(value)
    return found


def _best(names: Sequence[str], register_name: str) -> str:
    """Of several names on one paper the one that is most like the register's."""
    order = list(Likeness)
    likest = sorted(names, key=lambda one: order.index(compare_names(one, register_name)))
    return next((one for one in likest if name_key(one)), "")


def _checks(
    session: ScopedSession, viewer: Viewer, customer_no: str, hidden: KnownValues | None
) -> tuple[MadeCheck, ...]:
    query = select(RealNameCheck).where(RealNameCheck.customer_no == customer_no)
    newest = query.order_by(RealNameCheck.checked_at.desc(), RealNameCheck.id.desc())
    rows = session.scalars(newest).all()
    names = account_names(session, [row.checked_by for row in rows])
    supplied = [row.document_id for row in rows if row.document_id]
    known = set(session.scalars(select(Document.id).where(Document.id.in_(supplied))))
    return tuple(
        MadeCheck(
            id=row.id,
            document_id=row.document_id if row.document_id in known else None,
            legal_name=personal.name(viewer, row.legal_name),
            register_name=personal.name(viewer, row.register_name),
            result=row.result,
            note=reached.noted(viewer, row.note, hidden),
            checked_at=row.checked_at,
            checked_by=names[row.checked_by],
        )
        for row in rows
    )
