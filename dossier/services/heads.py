"""The lines that name customers, and what must be hidden on their papers: few queries for many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Select, select

from dossier.db.session import ScopedSession
from dossier.db.tables import (
    Customer,
    CustomerNumber,
    CustomerPast,
    District,
    Identifier,
    Line,
    OrgUnit,
)
from dossier.rules.masking import KnownValues
from dossier.services import personal
from dossier.services.context import Context
from dossier.services.views import CustomerHead
from dossier.viewer import Viewer, system_viewer

PHONE = "phone"
MASKING = system_viewer("masking")
"""Knows what to hide, whatever the viewer may see; the values go into masks only."""


def heads(
    session: ScopedSession, viewer: Viewer, numbers: Collection[str]
) -> dict[str, CustomerHead]:
    """The heads of those customers that exist in the viewer's scope; one query."""
    if not numbers:
        return {}
    query = _head_query().where(Customer.customer_no.in_(numbers))
    return {row.customer_no: _head(viewer, row) for row in session.execute(query)}


def _head_query() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Customer.customer_no,
            Customer.name,
            Customer.status,
            Customer.category,
            Customer.address,
            Customer.id_type,
            OrgUnit.name.label("station"),
            Line.name.label("line"),
            District.name.label("district"),
        )
        .outerjoin(OrgUnit, OrgUnit.id == Customer.unit_id)
        .outerjoin(Line, Line.id == Customer.line_id)
        .outerjoin(District, District.id == Customer.district_id)
    )


def _head(viewer: Viewer, row: Any) -> CustomerHead:
    return CustomerHead(
        customer_no=row.customer_no,
        name=personal.name(viewer, row.name),
        status=row.status,
        category=row.category,
        address=personal.address(viewer, row.address),
        station=row.station or "",
        line=row.line or "",
        district=row.district or "",
    )


def known_values(
    context: Context, session: ScopedSession, viewer: Viewer, numbers: Collection[str]
) -> Mapping[str, KnownValues]:
    """What the register knows of these customers and the viewer may not read on their papers.

    Nothing is fetched for who sees all in clear. Four queries, whatever the number; four more when
    a paper in scope belongs to a customer that is not: what must be hidden is known all the same.
    """
    if viewer.sees_clear or not numbers:
        return {}
    values = _values(context, session, numbers)
    missing = set(numbers) - values.keys()
    if missing:
        with context.reading(MASKING) as whole_register:
            values |= _values(context, whole_register, missing)
    return {number: found.frozen() for number, found in values.items()}


def _values(
    context: Context, session: ScopedSession, numbers: Collection[str]
) -> dict[str, _Found]:
    values: dict[str, _Found] = defaultdict(_Found)
    _take_records(session, numbers, values)
    _take_numbers(context, session, numbers, values)
    return dict(values)


class _Found:
    """Collects one customer's values."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.addresses: set[str] = set()
        self.numbers: set[str] = set()
        self.open_numbers: set[str] = set()

    def frozen(self) -> KnownValues:
        """The values, in an order that does not change from request to request."""
        return KnownValues(
            names=tuple(sorted(self.names - {""})),
            numbers=tuple(sorted(self.numbers - {""})),
            addresses=tuple(sorted(self.addresses - {""})),
            open_numbers=tuple(sorted(self.open_numbers)),
        )


def _take_records(
    session: ScopedSession, numbers: Collection[str], values: dict[str, _Found]
) -> None:
    present = select(Customer.customer_no, Customer.name, Customer.address)
    for number, name, address in session.execute(present.where(Customer.customer_no.in_(numbers))):
        values[number].open_numbers.add(number)
        values[number].names.add(name)
        values[number].addresses.add(address)
    past = select(CustomerPast.customer_no, CustomerPast.record)
    for number, record in session.execute(past.where(CustomerPast.customer_no.in_(numbers))):
        values[number].names.add(str(record.get("name") or ""))
        values[number].addresses.add(str(record.get("address") or ""))


def _take_numbers(
    context: Context,
    session: ScopedSession,
    numbers: Collection[str],
    values: dict[str, _Found],
) -> None:
    own = select(CustomerNumber.customer_no, CustomerNumber.kind, CustomerNumber.value).where(
        CustomerNumber.customer_no.in_(numbers)
    )
    for number, kind, value in session.execute(own):
        found = values[number]
        (found.numbers if kind == PHONE else found.open_numbers).add(value)
    ids = select(Identifier.customer_no, Identifier.encrypted)
    for number, encrypted in session.execute(ids.where(Identifier.customer_no.in_(numbers))):
        values[number].numbers.add(context.keyring.decrypt(encrypted))
