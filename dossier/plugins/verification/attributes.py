"""Attributes of one customer, seen and written by hand or by a program (S0-17)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dossier import access
from dossier.db.verification_tables import CustomerAttribute
from dossier.errors import InvalidInputError, NotPossibleError
from dossier.hookspecs import IndexField
from dossier.plugins.verification import reached
from dossier.rules import attributes
from dossier.services import audit, customer_attributes
from dossier.services.account_names import account_names
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer

WRITTEN = "attribute.written"
MOST_HISTORY = 100
"""Entries that one look shows, the newest first."""
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")


@dataclass(frozen=True, slots=True)
class AttributeWish:
    """What somebody says; no codes: nobody knows any more."""

    name: str
    codes: tuple[str, ...]
    source: str = customer_attributes.PERSON


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of an attribute, from when to when; the end is None of what counts now."""

    name: str
    codes: tuple[str, ...]
    source: str
    noted_at: datetime
    noted_by: str
    ended_at: datetime | None
    ended_by: str


@dataclass(frozen=True, slots=True)
class Attributes:
    """Of a customer: what counts now by name, and all that was said, the newest first."""

    present: Mapping[str, tuple[str, ...]]
    said: Sequence[Said]
    may_write: bool


def get(context: Context, viewer: Viewer, customer_no: str) -> Attributes:
    """How it stands.

    Raises:
        ForbiddenError: the role may not read customers, or is held for a case of this one only.
        NotFoundError: no such customer, or not in the viewer's scope.
    """
    with reached.look(context, viewer, customer_no) as (session, _, here):
        mine = select(CustomerAttribute).where(CustomerAttribute.customer_no == customer_no)
        newest = mine.order_by(CustomerAttribute.id.desc()).limit(MOST_HISTORY)
        rows = session.scalars(newest).all()
        ids = [one for row in rows for one in (row.noted_by, row.ended_by) if one]
        names = account_names(session, ids)
        said = tuple(
            Said(
                row.name,
                tuple(row.codes),
                row.source,
                row.noted_at,
                names.get(row.noted_by, ""),
                row.ended_at,
                names.get(row.ended_by or "", ""),
            )
            for row in rows
        )
        present = customer_attributes.present(session, [customer_no]).get(customer_no, {})
        return Attributes(present, said, here.may(Permission.VERIFY))


def write(context: Context, viewer: Viewer, customer_no: str, wish: AttributeWish) -> None:
    """Keep what somebody says; what was said before ends.

    Raises:
        ForbiddenError: the role may not.
        NotFoundError: no such customer in the viewer's scope.
        InvalidInputError: no such attribute, value or source.
        NotPossibleError: it says so already.
    """
    viewer = access.demand(viewer, Permission.VERIFY)
    now = context.clock.now()
    with context.writing(viewer) as session:
        reached.customer_reached(session, viewer, customer_no, lock=True)
        codes = _checked(wish)
        changed = customer_attributes.changed(session, {customer_no: {wish.name: codes}})
        if not changed:
            raise NotPossibleError("It says so already", detail_zh="与现有内容相同，未作更改")
        customer_attributes.put(session, changed, by=viewer.id, source=wish.source, at=now)
        audit.note(
            session, viewer, WRITTEN, at=now, object_kind="customer", object_id=customer_no,
            facts={"attribute": wish.name, "values": list(codes), "source": wish.source},
        )  # fmt: skip


def _checked(wish: AttributeWish) -> tuple[str, ...]:
    known = attributes.catalogue().get(wish.name)
    if known is None:
        names = ", ".join(attributes.catalogue())
        raise InvalidInputError(f"No such attribute; there are {names}", detail_zh="没有此属性")
    if not _SOURCE.fullmatch(wish.source):
        raise InvalidInputError(
            "A source is a short code: a-z, 0-9, _ . -",
            detail_zh="来源为简短代码：小写字母、数字、下划线、点、连字符",
        )
    try:
        return known.checked(wish.codes)
    except attributes.UnknownValueError as err:
        one_of = ", ".join(known.values)
        raise InvalidInputError(
            f"{'Some' if known.many else 'One'} of {one_of}", detail_zh=f"应为：{known.choices_zh}"
        ) from err


def index_fields() -> list[IndexField]:
    """A facet for each attribute; in customers' own rows alone."""
    return [
        IndexField(
            name,
            "facet",
            one.zh,
            one.en,
            facet=True,
            values=lambda record, name=name: record["attributes"].get(name, ()),
            of_dossiers=True,
            labels=one.values,
        )
        for name, one in attributes.catalogue().items()
    ]
