"""How sure the machine must be to decide alone: the rule file's numbers, or learned ones.

Each paper asks anew, so that a learned threshold counts at once in every process.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from dossier.db.learning_tables import LearnedThreshold
from dossier.db.session import ScopedSession
from dossier.rules.document_types import catalogue
from dossier.rules.paper import LinkingRules, linking_rules

FILING, TYPES = "filing", "types"


def in_force(session: ScopedSession) -> dict[str, float]:
    """By name; of several that stand, the one set last."""
    built_in = {FILING: linking_rules().confidence, TYPES: catalogue().threshold}
    query = select(LearnedThreshold.name, LearnedThreshold.value).where(
        LearnedThreshold.undone_at.is_(None)
    )
    rows = session.execute(query.order_by(LearnedThreshold.id))
    return built_in | {row.name: row.value for row in rows}


def linking(session: ScopedSession) -> LinkingRules:
    """The rules by which papers are filed now."""
    return replace(linking_rules(), confidence=in_force(session)[FILING])
