"""The audit record as a table for a file, in the words of the pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from dossier.clock import SHANGHAI
from dossier.plugins.audit_trail.words import NO, OUTSIDE, YES, FactWords, Translate
from dossier.services.audit_log import AuditEntry
from ui import labels
from ui.labels import N_

HEAD: Final = (
    N_("No."),
    N_("When"),
    N_("User account"),
    N_("Role"),
    N_("What was done"),
    N_("Code"),
    N_("On what"),
    N_("Number of the paper, customer or file"),
    N_("Page number"),
    N_("Count"),
    N_("Outcome"),
    N_("Purpose"),
    N_("Details"),
    N_("Network address"),
    N_("Sealed"),
)
WIDTHS: Final = (10, 20, 16, 16, 24, 22, 14, 40, 8, 8, 10, 30, 50, 18, 10)
"""Of the workbook's columns, in characters."""


def of(
    items: Iterable[AuditEntry], translate: Translate, facts: FactWords
) -> tuple[tuple[str, ...], Iterator[tuple[str, ...]]]:
    """Head and rows; times are of Shanghai, to the second."""
    head = tuple(translate(text) for text in HEAD)
    return head, (_row(each, translate, facts) for each in items)


def _row(entry: AuditEntry, translate: Translate, facts: FactWords) -> tuple[str, ...]:
    def word(kind: str, code: str) -> str:
        text = labels.message_of(kind, code)
        return translate(text) if text else ""

    return (
        str(entry.id),
        entry.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
        entry.actor,
        word("role", entry.role),
        word("action", entry.action),
        entry.action,
        word("object_kind", entry.object_kind),
        translate(OUTSIDE) if entry.outside else entry.object_name or entry.object_id,
        str(entry.page or ""),
        "" if entry.count is None else str(entry.count),
        word("audit_outcome", entry.outcome),
        entry.purpose,
        facts.one(entry.facts),
        entry.remote,
        translate(YES if entry.sealed else NO),
    )
