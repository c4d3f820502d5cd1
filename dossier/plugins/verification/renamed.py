"""The duty: holds a mandate's account name against the register's new name (S0-15).

A trigger marks the mandates of a customer whose name changed (``dossier/db/mandate_names.py``). One
whose names differ now is to be put right; what was open for that reason alone is closed where they
agree again.
"""

from __future__ import annotations

import threading

from sqlalchemy import select

from dossier.db.changes import follow
from dossier.db.tables import Customer
from dossier.db.verification_tables import BankMandate, Correction
from dossier.plugins.verification import mandates
from dossier.plugins.verification.mandates import CLOSED, NAME_DIFFERS, OPEN
from dossier.rules.same_names import Likeness, compare_names
from dossier.services import audit
from dossier.services.context import Context
from dossier.viewer import system_viewer

LOOKING = system_viewer("mandate_names")
EVERY_SECONDS = 1.0
AT_ONCE = 200
"""Mandates of one transaction."""
AGREES = "登记户名已与账户户名一致"
FOUND = "correction.found"


def run(context: Context, stop: threading.Event) -> None:
    """Look at what was marked, until ``stop``."""
    follow(
        context.database,
        stop,
        lambda: look_at_some(context),
        every=EVERY_SECONDS,
        later="names of mandates are compared",
    )


def look_at_some(context: Context) -> bool:
    """Look at the next mandates that are marked; False when there are none."""
    marked = select(BankMandate.id).where(BankMandate.name_checked.is_(False)).limit(AT_ONCE)
    with context.reading(LOOKING) as session:
        ids = list(session.scalars(marked))
    if not ids:
        return False
    now = context.clock.now()
    with context.writing(LOOKING, durable=False) as session:
        # The customers first, as everywhere: who changes a name meanwhile marks it anew behind us.
        rows = session.scalars(select(BankMandate).where(BankMandate.id.in_(ids))).all()
        numbers = {row.customer_no for row in rows}
        own = select(Customer.customer_no, Customer.name).where(Customer.customer_no.in_(numbers))
        names = {one.customer_no: one.name for one in session.execute(own.with_for_update())}
        for row in rows:
            row.name_checked = True
            if row.ended_at is not None:
                continue
            if compare_names(row.account_name, names[row.customer_no]) is Likeness.SAME:
                query = select(Correction).where(
                    Correction.mandate_id == row.id,
                    Correction.kind == NAME_DIFFERS,
                    Correction.state == OPEN,
                )
                for one in session.scalars(query):
                    one.state, one.reason = CLOSED, AGREES
                    one.closed_by, one.closed_at = LOOKING.id, now
            elif mandates.open_correction(session, row, NAME_DIFFERS, now):
                audit.note(
                    session, LOOKING, FOUND, at=now, object_kind="customer",
                    object_id=row.customer_no, facts={"result": NAME_DIFFERS},
                )  # fmt: skip
    return True
