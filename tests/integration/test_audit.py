"""The audit chain notices every change of a sealed row."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from dossier.services import audit
from dossier.services.context import Context
from dossier.viewer import system_viewer

VIEWER = system_viewer("test")


def record(context: Context, number: int) -> None:
    for index in range(number):
        audit.record_read(
            context, VIEWER, "page.opened", object_kind="document", object_id=f"d{index}"
        )


def test_an_untouched_chain_verifies_and_counts_the_unsealed_tail(context: Context) -> None:
    record(context, 3)
    assert audit.seal(context, VIEWER) == 3
    record(context, 2)
    found = audit.verify(context, VIEWER)
    assert (found.sealed, found.unsealed, found.broken) == (3, 2, ())


@pytest.mark.parametrize(
    "damage",
    [
        "update audit_event set actor='somebody' where id=2",
        "delete from audit_event where id=2",
        "update audit_event set id=99 where id=3",
        "update audit_seal set hash='0' where id=1",
    ],
)
def test_a_changed_or_removed_row_is_named(context: Context, damage: str) -> None:
    record(context, 3)
    audit.seal(context, VIEWER)
    record(context, 1)
    audit.seal(context, VIEWER)
    with context.database.writer.begin() as connection:
        connection.execute(text(damage))
    assert audit.verify(context, VIEWER).broken


def test_sealing_nothing_makes_no_seal(context: Context) -> None:
    assert audit.seal(context, VIEWER) == 0
