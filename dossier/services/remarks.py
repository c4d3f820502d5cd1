"""What people wrote about customers and papers, as one viewer may read it.

Whoever writes a note may name somebody in it, so it is masked as a page's text is (domain.md §4.7):
what the register knows of the customer, and what looks like a name or a number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import select

from dossier.db.session import ScopedSession
from dossier.db.tables import Document
from dossier.services import personal
from dossier.services.context import Context
from dossier.services.heads import known_values, register_rows
from dossier.viewer import Place, Viewer

Told = Callable[[str, str], str]
"""From the key of a customer or paper and a note on it, what may be read of the note."""


def line(viewer: Viewer, note: str) -> str:
    """A note on no customer or paper in particular, such as what something is wanted for."""
    return personal.line(viewer, note, None).text


def of_customers(
    context: Context, session: ScopedSession, viewer: Viewer, numbers: Collection[str]
) -> Told:
    """For notes on these customers, which are in the viewer's scope."""
    rows = register_rows(session, numbers)
    known = known_values(context, session, viewer, numbers, rows=rows)

    def told(customer_no: str, note: str) -> str:
        row = rows.get(customer_no)
        here = viewer.at(Place()) if row is None else viewer.at_customer(row)
        return personal.line(here, note, known.get(customer_no)).text

    return told


def of_papers(
    context: Context, session: ScopedSession, viewer: Viewer, ids: Collection[str]
) -> Told:
    """For notes on these papers; on one that was withdrawn as on what lies nowhere."""
    rows = {row.id: row for row in session.execute(_PLACED.where(Document.id.in_(ids)))}
    owners = {row.customer_no for row in rows.values() if row.customer_no}
    known = known_values(context, session, viewer, owners)

    def told(document_id: str, note: str) -> str:
        row = rows.get(document_id)
        if row is None:
            return personal.line(viewer.at(Place()), note, None).text
        return personal.line(viewer.at_document(row), note, known.get(row.customer_no)).text

    return told


_PLACED = select(
    Document.id,
    Document.customer_no,
    Document.unit_id,
    Document.line_id,
    Document.district_id,
    Document.case_no,
)
