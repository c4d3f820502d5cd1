"""Contact checks of one customer: which number is right, who found that out, when and how (S0-13).

A new number goes into the register in the same transaction, and is told to other systems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from dossier import access
from dossier.clock import local_date
from dossier.db import outgoing
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, CustomerNumber
from dossier.db.verification_tables import ContactCheck
from dossier.errors import InvalidInputError
from dossier.plugins.verification import reached, rules
from dossier.plugins.verification.real_name import facts_of
from dossier.rules import customer_file
from dossier.rules.customer_file import CustomerRecord
from dossier.services import audit, personal
from dossier.services.account_names import account_names
from dossier.services.context import Context
from dossier.services.customer_upsert import Upsert
from dossier.services.places import Places
from dossier.services.register_lookup import PHONE
from dossier.services.views import Shown
from dossier.viewer import Permission, Viewer

CHECKED = "contact.checked"
CHANGED_EVENT = "dossier.contact.changed"
"""The type of the event that other systems read."""
COLUMNS = ("customer_no", "name", "phone")
Numbers = Mapping[int, tuple[str, str]]
"""Phones of the register: id → as it is written, and its key for comparison."""


class Outcome(StrEnum):
    """What a check found."""

    CONFIRMED = "confirmed"
    CHANGED = "changed"
    ADDED = "added"
    UNREACHED = "unreached"


@dataclass(frozen=True, slots=True)
class Phone:
    """A number of the register, and whether it is the one that was found to be right last."""

    id: int
    number: Shown
    is_checked: bool


@dataclass(frozen=True, slots=True)
class MadeContactCheck:
    """A check that was made."""

    id: str
    outcome: str
    channel: str
    old_number: Shown
    new_number: Shown
    note: str
    checked_at: datetime
    checked_by: str


@dataclass(frozen=True, slots=True)
class Contacts:
    """How a customer is reached, and every check, the newest first."""

    phones: tuple[Phone, ...]
    checks: tuple[MadeContactCheck, ...]
    may_check: bool


@dataclass(frozen=True, slots=True)
class ContactWish:
    """What somebody found.

    Attributes:
        phone: id of the register's number that it is about; none for one that is added.
        number: the new one, where it was changed or added.
    """

    outcome: str
    channel: str
    phone: int | None = None
    number: str = ""
    note: str = ""


def get(context: Context, viewer: Viewer, customer_no: str) -> Contacts:
    """How it stands, as this viewer may see it.

    Raises:
        ForbiddenError: the role may not read customers, or is held for a case of this one only.
        NotFoundError: no such customer, or not in the viewer's scope.
    """
    with reached.look(context, viewer, customer_no) as (session, _, here):
        query = select(ContactCheck).where(ContactCheck.customer_no == customer_no)
        newest = query.order_by(ContactCheck.checked_at.desc(), ContactCheck.id.desc())
        rows = session.scalars(newest).all()
        right = next((row for row in rows if row.outcome != Outcome.UNREACHED), None)
        found = right and (right.new_number or right.old_number)
        phones = tuple(
            Phone(at, personal.phone(here, value), value == found)
            for at, (value, _) in _phones(session, customer_no).items()
        )
        view = Contacts(
            phones,
            _checks(context, session, here, customer_no, rows),
            here.may(Permission.VERIFY),
        )
    return view


def record(context: Context, viewer: Viewer, customer_no: str, wish: ContactWish) -> str:
    """Keep what somebody found, and put a new number into the register; gives the check's id.

    Raises:
        ForbiddenError: the role may not.
        NotFoundError: no such customer in the viewer's scope.
        InvalidInputError: an outcome, channel or number that there is not, or a new one that is no
            phone number or is there already.
    """
    viewer = access.demand(viewer, Permission.VERIFY)
    now = context.clock.now()
    with context.writing(viewer) as session:
        customer = reached.customer_reached(session, viewer, customer_no, lock=True)
        _check_codes(wish, now)
        phones = _phones(session, customer_no)
        old = _old(wish, phones)
        new = _new(customer, wish, phones)
        row = ContactCheck(
            customer_no=customer_no,
            outcome=wish.outcome,
            channel=wish.channel,
            old_number=old[0],
            new_number=new[0],
            note=reached.short_text(wish.note),
            checked_at=now,
            checked_by=viewer.id,
        )
        session.add(row)
        facts = facts_of(session, customer_no)
        facts.contact, facts.tried_at = wish.outcome, now
        if wish.outcome != Outcome.UNREACHED:
            facts.contact_at, facts.contact_key = now, (new[1] or old[1])
        session.flush()
        audit.note(
            session,
            viewer,
            CHECKED,
            at=now,
            object_kind="customer",
            object_id=customer_no,
            facts={"result": wish.outcome, "means": wish.channel},
        )
        if new[0]:
            _put_in_register(context, session, customer, _after(phones, wish.phone, new), now)
            outgoing.append(
                session, CHANGED_EVENT, customer_no=customer_no, subject_id=row.id, at=now
            )
        return row.id


def _phones(session: ScopedSession, customer_no: str) -> Numbers:
    query = select(CustomerNumber.id, CustomerNumber.value, CustomerNumber.key).where(
        CustomerNumber.customer_no == customer_no, CustomerNumber.kind == PHONE
    )
    rows = session.execute(query.order_by(CustomerNumber.id))
    return {row.id: (row.value, row.key) for row in rows}


def _check_codes(wish: ContactWish, now: datetime) -> None:
    if wish.outcome not in tuple(Outcome):
        raise InvalidInputError(
            f"Choose an outcome: {', '.join(Outcome)}", detail_zh="请选择核对结果"
        )
    known = [one.code for one in rules.load().channels_on(local_date(now))]
    if wish.channel not in known:
        raise InvalidInputError(f"Choose a channel: {', '.join(known)}", detail_zh="请选择核对渠道")


def _old(wish: ContactWish, phones: Numbers) -> tuple[str, str]:
    """The number that it is about; none for one that is added, and where there is none to try."""
    if wish.phone in phones:
        return phones[wish.phone]
    is_about_one = wish.outcome != Outcome.ADDED and (phones or wish.outcome != Outcome.UNREACHED)
    if wish.phone is not None or is_about_one:
        raise InvalidInputError(
            "Choose one of the customer's numbers", detail_zh="请选择该户登记的联系电话"
        )
    return "", ""


def _new(customer: Customer, wish: ContactWish, phones: Numbers) -> tuple[str, str]:
    if wish.outcome not in (Outcome.CHANGED, Outcome.ADDED):
        if wish.number.strip():
            raise InvalidInputError(
                "A new number goes with 'changed' or 'added' only",
                detail_zh="仅在变更或新增时填写新号码",
            )
        return "", ""
    cells = [customer.customer_no, customer.name, wish.number]
    read, errors = customer_file.read_row(0, COLUMNS, cells)
    pairs = read.phones if read else ()
    if errors or not pairs or len(pairs) != 1:
        raise InvalidInputError("Write one phone number", detail_zh="请填写一个正确的电话号码")
    value, key = pairs[0]
    if key in {one for _, one in phones.values()}:
        raise InvalidInputError(
            "This number is in the register already; confirm it instead",
            detail_zh="该号码已登记，请选择“号码正确”",
        )
    return value, key


def _after(phones: Numbers, old: int | None, new: tuple[str, str]) -> list[tuple[str, str]]:
    """The register's numbers: the new one in the old one's place, or behind all."""
    found = [new if at == old else pair for at, pair in phones.items()]
    return found if new in found else [*found, new]


def _put_in_register(
    context: Context,
    session: ScopedSession,
    customer: Customer,
    phones: Sequence[tuple[str, str]],
    now: datetime,
) -> None:
    """As an import of this one row would: the former record is kept, the index follows."""
    record = CustomerRecord(
        row=0,
        customer_no=customer.customer_no,
        name=customer.name,
        phones=tuple(phones),
        columns=frozenset(COLUMNS),
    )
    upsert = Upsert(context.keyring, Places(may_create=False))
    upsert.write(session, [record], at=now, dry=False)


def _checks(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    customer_no: str,
    rows: Sequence[ContactCheck],
) -> tuple[MadeContactCheck, ...]:
    names = account_names(session, [row.checked_by for row in rows])
    hidden = reached.known_of(context, session, viewer, customer_no)
    return tuple(
        MadeContactCheck(
            id=row.id,
            outcome=row.outcome,
            channel=row.channel,
            old_number=personal.phone(viewer, row.old_number),
            new_number=personal.phone(viewer, row.new_number),
            note=reached.noted(viewer, row.note, hidden),
            checked_at=row.checked_at,
            checked_by=names[row.checked_by],
        )
        for row in rows
    )
