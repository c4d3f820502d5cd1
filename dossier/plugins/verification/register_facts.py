"""What the register says of customers, in the form in which it is compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, CustomerNumber, Identifier
from dossier.plugins.verification.facts import Fact
from dossier.services.context import Context
from dossier.services.customer_upsert import chunks
from dossier.services.register_lookup import METER

Known = Mapping[str, Mapping[Fact, Any]]


def read(context: Context, session: ScopedSession, numbers: Sequence[str]) -> Known:
    """By customer number, of those that there are; three queries for each piece."""
    found: dict[str, dict[Fact, Any]] = {}
    for piece in chunks(numbers):
        for row in session.scalars(select(Customer).where(Customer.customer_no.in_(piece))):
            found[row.customer_no] = {
                Fact.NAME: row.name,
                Fact.ID_NO: ["", ""],
                Fact.ADDRESS: row.address,
                Fact.CAPACITY: row.capacity_kva,
                Fact.CATEGORY: row.category,
                Fact.METER: [],
            }
        _take_ids(context, session, piece, found)
        _take_meters(session, piece, found)
    return found


def _take_ids(
    context: Context,
    session: ScopedSession,
    piece: Sequence[str],
    found: Mapping[str, dict[Fact, Any]],
) -> None:
    query = select(Identifier).where(Identifier.customer_no.in_(piece)).order_by(Identifier.id)
    for row in session.scalars(query):
        found[row.customer_no][Fact.ID_NO] = [context.keyring.decrypt(row.encrypted), row.kind]


def _take_meters(
    session: ScopedSession, piece: Sequence[str], found: Mapping[str, dict[Fact, Any]]
) -> None:
    query = select(CustomerNumber).where(
        CustomerNumber.customer_no.in_(piece), CustomerNumber.kind == METER
    )
    for row in session.scalars(query.order_by(CustomerNumber.key)):
        found[row.customer_no][Fact.METER].append([row.value, row.key])
