"""The lines that name customers, and what must be hidden on their papers: few queries for many."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import BindParameter, bindparam, select

from dossier.db.prepared import Prepared
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
from dossier.errors import NotFoundError
from dossier.rules.masking import KnownValues
from dossier.services import personal
from dossier.services.context import Context
from dossier.services.views import CustomerHead
from dossier.viewer import Viewer, system_viewer

PHONE = "phone"
MASKING = system_viewer("masking")
"""Knows what to hide, whatever the viewer may see; the values go into masks only."""


def customer_in_scope(session: ScopedSession, customer_no: str) -> Customer:
    """The customer's row.

    Raises:
        NotFoundError: no such customer, or not in the viewer's scope.
    """
    found = session.scalar(select(Customer).where(Customer.customer_no == customer_no))
    if found is None:
        raise NotFoundError("No such customer", detail_zh="没有此户号的客户")
    return found


def heads(
    session: ScopedSession, viewer: Viewer, numbers: Collection[str]
) -> dict[str, CustomerHead]:
    """The heads of those customers that exist in the viewer's scope; one query."""
    return {number: head_of(viewer, row) for number, row in register_rows(session, numbers).items()}


def register_rows(session: ScopedSession, numbers: Collection[str]) -> dict[str, Any]:
    """What the register says of these customers, in clear, for heads and for masks; one query."""
    if not numbers:
        return {}
    rows = _HEADS.rows(session, numbers=list(numbers))
    return {row.customer_no: row for row in rows}


def head_of(viewer: Viewer, row: Any) -> CustomerHead:
    """The head from a row of :func:`register_rows`."""
    viewer = viewer.at_customer(row)
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
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    numbers: Collection[str],
    *,
    rows: Mapping[str, Any] | None = None,
) -> Mapping[str, KnownValues]:
    """What the register knows of these customers and the viewer may not read on their papers.

    Nothing is fetched for who sees all in clear. Four queries, whatever the number; four more when
    a paper in scope belongs to a customer that is not: what must be hidden is known all the same.

    Args:
        context: the wired product.
        session: the viewer's own.
        viewer: for whom it is masked.
        numbers: of the customers.
        rows: of :func:`register_rows`, when they are at hand; of these customers or more.
    """
    if viewer.sees_clear or not numbers:
        return {}
    if rows is None:
        rows = register_rows(session, numbers)
    known = _values(
        context, session, {number: rows[number] for number in numbers if number in rows}
    )
    missing = set(numbers) - known.keys()
    if missing:
        with context.reading(MASKING) as whole_register:
            known |= known_of_all(context, whole_register, missing)
    return known


def names_of(session: ScopedSession, customer_no: str | None) -> tuple[str, ...]:
    """The name of a paper's customer, if there is one in scope; for marking it, never for showing.

    A query in letters (``zs``) finds the customer; only with the name it finds the place.
    """
    if customer_no is None:
        return ()
    query = select(Customer.name).where(Customer.customer_no == customer_no)
    return tuple(session.scalars(query))


def known_of_all(
    context: Context, session: ScopedSession, numbers: Collection[str]
) -> dict[str, KnownValues]:
    """The same for whoever may look: ``session`` is one of the product's own jobs."""
    return _values(context, session, register_rows(session, numbers))


def _values(
    context: Context, session: ScopedSession, rows: Mapping[str, Any]
) -> dict[str, KnownValues]:
    values = {number: _Found(row) for number, row in rows.items()}
    if values:
        _take_past(session, values)
        _take_numbers(context, session, values)
    return {number: found.frozen() for number, found in values.items()}


class _Found:
    """Collects one customer's values."""

    def __init__(self, row: Any) -> None:
        self.names: set[str] = {row.name}
        self.addresses: set[str] = {row.address}
        self.numbers: set[str] = set()
        self.open_numbers: set[str] = {row.customer_no}

    def frozen(self) -> KnownValues:
        """The values, in an order that does not change from request to request."""
        return KnownValues(
            names=tuple(sorted(self.names - {""})),
            numbers=tuple(sorted(self.numbers - {""})),
            addresses=tuple(sorted(self.addresses - {""})),
            open_numbers=tuple(sorted(self.open_numbers)),
        )


def _take_past(session: ScopedSession, values: dict[str, _Found]) -> None:
    for number, record in _PAST.rows(session, numbers=list(values)):
        values[number].names.add(str(record.get("name") or ""))
        values[number].addresses.add(str(record.get("address") or ""))


def _take_numbers(context: Context, session: ScopedSession, values: dict[str, _Found]) -> None:
    for number, kind, value in _NUMBERS.rows(session, numbers=list(values)):
        found = values[number]
        (found.numbers if kind == PHONE else found.open_numbers).add(value)
    for number, encrypted in _IDS.rows(session, numbers=list(values)):
        values[number].numbers.add(context.keyring.decrypt(encrypted))


_WANTED: BindParameter[list[str]] = bindparam("numbers", expanding=True)
_HEADS = Prepared(
    select(
        Customer.customer_no,
        Customer.name,
        Customer.status,
        Customer.category,
        Customer.address,
        Customer.unit_id,
        Customer.line_id,
        Customer.district_id,
        OrgUnit.name.label("station"),
        Line.name.label("line"),
        District.name.label("district"),
    )
    .outerjoin(OrgUnit, OrgUnit.id == Customer.unit_id)
    .outerjoin(Line, Line.id == Customer.line_id)
    .outerjoin(District, District.id == Customer.district_id)
    .where(Customer.customer_no.in_(_WANTED))
)
_PAST = Prepared(
    select(CustomerPast.customer_no, CustomerPast.record).where(
        CustomerPast.customer_no.in_(_WANTED)
    )
)
_NUMBERS = Prepared(
    select(CustomerNumber.customer_no, CustomerNumber.kind, CustomerNumber.value).where(
        CustomerNumber.customer_no.in_(_WANTED)
    )
)
_IDS = Prepared(
    select(Identifier.customer_no, Identifier.encrypted).where(Identifier.customer_no.in_(_WANTED))
)
