"""Is the caller who they say? Compares the last digits that they say, and shows no number."""

from __future__ import annotations

import hmac
import math
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from dossier import access
from dossier.db.disclosure_tables import CallerCheck
from dossier.db.session import ScopedSession
from dossier.db.tables import CustomerNumber, Document, DocumentField, Identifier
from dossier.errors import InvalidInputError, TooManyRequestsError
from dossier.rules import identifiers
from dossier.rules.disclosure import disclosure_rules
from dossier.services import audit, sealed_fields
from dossier.services.context import Context
from dossier.services.heads import customer_in_scope
from dossier.services.keys import Keyring
from dossier.viewer import Permission, Viewer

CHECKED = "caller.checked"
RACE_ATTEMPTS = 5
"""Two first tries at once collide at the key; the second finds the first's row then."""


class Known(StrEnum):
    """What a caller may be asked for."""

    ID_NO = "id_no"
    PHONE = "phone"
    BANK_ACCOUNT = "bank_account"


def check(context: Context, viewer: Viewer, customer_no: str, *, kind: str, last: str) -> bool:
    """Whether one of the customer's numbers of this kind ends so.

    A try is counted before it is looked at, and a right one too. Where no number is kept, the
    answer is no, after the same work.

    Raises:
        ForbiddenError: the role may not.
        NotFoundError: no such customer in the viewer's scope.
        InvalidInputError: an unknown kind, or not that many digits.
        TooManyRequestsError: too many tries of this user for this customer.
    """
    viewer = access.demand(viewer, Permission.CHECK_CALLER)
    wanted, said = _kind(kind), _said(kind, last)
    _count(context, viewer, customer_no)
    with context.writing(viewer) as session:
        customer_in_scope(session, customer_no)
        matches = _any_same(_endings(context.keyring, session, customer_no, wanted), said)
        audit.note(
            session,
            viewer,
            CHECKED,
            at=context.clock.now(),
            object_kind="customer",
            object_id=customer_no,
            facts={"kind": wanted.value, "matches": matches},
        )
    return matches


def _kind(given: str) -> Known:
    try:
        return Known(given)
    except ValueError:
        raise InvalidInputError(
            f"kind is one of {', '.join(Known)}", detail_zh="请选择核对哪一项"
        ) from None


def _said(kind: str, given: str) -> str:
    digits = disclosure_rules().check_digits
    said = unicodedata.normalize("NFKC", given).strip().upper()
    body = said[:-1] + "0" if kind == Known.ID_NO and said.endswith("X") else said
    if len(said) != digits or not (body.isascii() and body.isdecimal()):
        raise InvalidInputError(
            f"Type exactly the last {digits} digits (an ID number may end in X)",
            detail_zh=f"请正好输入末 {digits} 位数字（身份证号末位可为 X）",
        )
    return said


def _any_same(endings: Iterable[str], said: str) -> bool:
    """Compares with each of them, also behind a match, and each in constant time."""
    found = False
    for ending in [*endings, ""]:
        found |= hmac.compare_digest(ending.encode(), said.encode())
    return found


def _endings(
    keyring: Keyring, session: ScopedSession, customer_no: str, kind: Known
) -> Iterable[str]:
    digits = disclosure_rules().check_digits
    if kind is Known.ID_NO:
        query = select(Identifier.last4).where(Identifier.customer_no == customer_no)
        return [each.upper() for each in session.scalars(query)]
    return [
        identifiers.compact(number)[-digits:].upper()
        for number in _numbers(keyring, session, customer_no, kind)
    ]


def _numbers(
    keyring: Keyring, session: ScopedSession, customer_no: str, kind: Known
) -> Iterable[str]:
    """Phones of the register; bank accounts, which stand on its papers only."""
    if kind is Known.PHONE:
        query = select(CustomerNumber.value).where(
            CustomerNumber.customer_no == customer_no, CustomerNumber.kind == kind.value
        )
        return list(session.scalars(query))
    papers = (
        select(DocumentField)
        .join(Document, Document.id == DocumentField.document_id)
        .where(Document.customer_no == customer_no, DocumentField.name == kind.value)
    )
    return [sealed_fields.clear(keyring, row) for row in session.scalars(papers)]


def _count(context: Context, viewer: Viewer, customer_no: str) -> None:
    for attempt in range(RACE_ATTEMPTS):
        try:
            with context.writing(viewer) as session:
                customer_in_scope(session, customer_no)
                _count_in(session, viewer.id, customer_no, context.clock.now())
            return
        except IntegrityError:
            if attempt == RACE_ATTEMPTS - 1:
                raise


def _count_in(session: ScopedSession, user_id: str, customer_no: str, now: datetime) -> None:
    rules = disclosure_rules()
    row = session.get(CallerCheck, (user_id, customer_no), with_for_update=True)
    if row is None:
        row = CallerCheck(user_id=user_id, customer_no=customer_no, tries=0, since=now)
        session.add(row)
    if row.since + rules.check_window <= now:
        row.tries, row.since = 0, now
    if row.tries >= rules.check_tries:
        left = row.since + rules.check_window - now
        minutes = max(1, math.ceil(left.total_seconds() / 60))
        raise TooManyRequestsError(
            f"This customer was checked {rules.check_tries} times; wait {minutes} min",
            detail_zh=f"该客户已核对 {rules.check_tries} 次，请 {minutes} 分钟后再试",
        )
    row.tries += 1
    session.flush()
