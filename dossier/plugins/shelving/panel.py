"""What stands beside a paper or a customer: box, slot, and the way to the shelf's picture."""

from __future__ import annotations

from sqlalchemy import select

from dossier.db.shelving_tables import PaperBox, PaperVolume
from dossier.hookspecs import Panel
from dossier.plugins.shelving import where
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer

NAME = "shelving"
HEADS = {"zh": ("盒", "格位", "件号"), "en": ("Box", "Slot", "Item")}


def of_document(context: Context, viewer: Viewer, document_id: str) -> tuple[Panel, ...]:
    """Where a paper belongs; nothing while it is in no volume."""
    if not viewer.may(Permission.READ_CUSTOMER):
        return ()
    with context.reading(viewer) as session:
        place = where.of_document(session, document_id)
    if place is None:
        return ()
    box, slot, item = HEADS["en" if viewer.language.startswith("en") else "zh"]
    rows = ((box, place.box), (slot, place.slot), (item, str(place.item)))
    told = tuple(row for row in rows if row[1])
    href = f"/documents/{document_id}/place"
    return (Panel(NAME, "在哪里", "Where is it?", rows=told, href=href),)


def of_customer(context: Context, viewer: Viewer, customer_no: str) -> tuple[Panel, ...]:
    """A customer's volumes with their boxes; for who files, the way to the first one as well."""
    if not viewer.may(Permission.READ_CUSTOMER):
        return ()
    with context.reading(viewer) as session:
        query = (
            select(PaperVolume.code, PaperVolume.box_code, PaperBox.slot_code)
            .join(PaperBox, PaperBox.bar_code == PaperVolume.box_code, isouter=True)
            .where(PaperVolume.customer_no == customer_no)
            .order_by(PaperVolume.code)
        )
        rows = tuple(
            (one.code, one.slot_code or one.box_code or "—") for one in session.execute(query)
        )
    if not rows and not viewer.may(Permission.SHELVE):
        return ()
    return (Panel(NAME, "案卷", "Volumes", rows=rows, href=f"/customers/{customer_no}/volumes"),)
