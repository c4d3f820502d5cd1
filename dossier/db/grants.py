"""Roles that a user holds at a moment: own grants, and grants that others lent for a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    exists,
    func,
    not_,
    or_,
    select,
)

from dossier.clock import local_date
from dossier.db.leaving import shut_out
from dossier.db.loan_tables import Loan
from dossier.db.prepared import Prepared
from dossier.db.role_tables import Delegation
from dossier.db.session import ScopedSession
from dossier.db.tables import RoleGrant, User
from dossier.rules.loan_states import LoanKind, LoanState
from dossier.rules.role_matrix import Held


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role with the part of the archive that it is held for.

    Attributes:
        kind: what the grant names.
        key: id of the unit, line or district, or number of the case or customer; empty for all.
        until: when it ends, as far as that is known.
        delegated_by: id of the user whose grant it is, where it was lent.
        delegation_id: which delegation lends it.
        has_loans: whether an electronic loan of the user's may run; told here, so that a request of
            somebody without any asks nothing more.
    """

    role: str
    kind: Held
    key: str
    grant_id: int
    since: datetime | None = None
    until: datetime | None = None
    delegated_by: str = ""
    delegation_id: int | None = None
    has_loans: bool = False


def held_by(session: ScopedSession, user_id: str, *, at: datetime) -> list[HeldRole]:
    """What a user holds at this moment; own grants first.

    A lent grant ends with the grant itself, while its owner is disabled, and on the day for which
    the owner's leave is planned.
    """
    return [
        _held(row)
        for row in _HELD.rows(session, user_id=user_id, day=local_date(at))
        if in_force(row, at) and (row.delegation_id is None or _is_lent(row, at))
    ]


def in_force(grant: Any, at: datetime) -> bool:
    """Whether a grant, or a row with a grant's columns, holds at this moment."""
    begun = grant.valid_from is None or grant.valid_from <= at
    return begun and (grant.valid_to is None or at < grant.valid_to) and not grant.pending


def _is_lent(row: Any, at: datetime) -> bool:
    ended = row.lent_ended_at is not None and row.lent_ended_at <= at
    return row.lent_from <= at < row.lent_to and not ended


def place_of(grant: Any) -> tuple[Held, str]:
    """What a grant, or a row with a grant's columns, names, and which one."""
    named = (
        (Held.UNIT, grant.unit_id),
        (Held.LINE, grant.line_id),
        (Held.DISTRICT, grant.district_id),
        (Held.CASE, grant.case_no),
        (Held.CUSTOMER, grant.customer_no),
    )
    return next(((kind, str(key)) for kind, key in named if key is not None), (Held.COMPANY, ""))


def in_units_at(actor: Any, at: Any, units: Collection[int]) -> ColumnElement[bool]:
    """Whether who did something belonged to one of these units when it was done; columns in."""
    began = or_(RoleGrant.valid_from.is_(None), RoleGrant.valid_from <= at)
    lasted = or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > at)
    mine = and_(RoleGrant.user_id == actor, RoleGrant.unit_id.in_(sorted(units)))
    return exists().where(mine, began, lasted)


def units_between(
    session: ScopedSession, user_id: str, begins: datetime, ends: datetime
) -> set[int]:
    """The units of a user's grants, own and lent, that held at some time between."""
    begun = or_(RoleGrant.valid_from.is_(None), RoleGrant.valid_from < ends)
    lasted = or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > begins)
    units = select(RoleGrant.unit_id).where(RoleGrant.unit_id.is_not(None), begun, lasted)
    lent = units.join(Delegation, Delegation.grant_id == RoleGrant.id).where(
        Delegation.delegate_id == user_id,
        Delegation.valid_from < ends,
        func.coalesce(Delegation.ended_at, Delegation.valid_to) > begins,
    )
    own = session.scalars(units.where(RoleGrant.user_id == user_id))
    return {unit_id for unit_id in (*own, *session.scalars(lent)) if unit_id is not None}


def _held(row: Any) -> HeldRole:
    kind, key = place_of(row)
    if row.delegation_id is None:
        return HeldRole(
            row.role,
            kind,
            key,
            row.grant_id,
            row.valid_from,
            row.valid_to,
            has_loans=bool(row.has_loans),
        )
    until = min(filter(None, (row.lent_to, row.valid_to)))
    return HeldRole(
        role=row.role,
        kind=kind,
        key=key,
        grant_id=row.grant_id,
        since=row.lent_from,
        until=until,
        delegated_by=row.user_id,
        delegation_id=row.delegation_id,
        has_loans=bool(row.has_loans),
    )


_USER: BindParameter[str] = bindparam("user_id")
_LENT = select(Delegation.grant_id).where(Delegation.delegate_id == _USER)
_LOANS = exists().where(
    Loan.borrower_id == _USER,
    Loan.kind == LoanKind.ELECTRONIC,
    Loan.state == LoanState.RUNNING,
)
_HELD = Prepared(
    select(
        RoleGrant.id.label("grant_id"),
        RoleGrant.user_id,
        RoleGrant.role,
        RoleGrant.unit_id,
        RoleGrant.line_id,
        RoleGrant.district_id,
        RoleGrant.case_no,
        RoleGrant.customer_no,
        RoleGrant.valid_from,
        RoleGrant.valid_to,
        RoleGrant.pending,
        Delegation.id.label("delegation_id"),
        Delegation.valid_from.label("lent_from"),
        Delegation.valid_to.label("lent_to"),
        Delegation.ended_at.label("lent_ended_at"),
        _LOANS.label("has_loans"),
    )
    .join(User, User.id == RoleGrant.user_id)
    .outerjoin(
        Delegation, and_(Delegation.grant_id == RoleGrant.id, Delegation.delegate_id == _USER)
    )
    .where(
        or_(
            RoleGrant.user_id == _USER,
            and_(RoleGrant.id.in_(_LENT), not_(shut_out())),
        )
    )
    .order_by(Delegation.id.is_not(None), RoleGrant.id, Delegation.id)
)
