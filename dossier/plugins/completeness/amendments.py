"""What was amended in the requirement rules on the page, each from a day on.

The records hold it and no file: a change, its audit row and its history are one transaction, and
every process sees it at once. An amendment is a whole rule, as the rule file would say it, or the
end of one; it takes its rule's place from its day on and leaves the days before as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from dossier.db.dossier_tables import RuleAmendment
from dossier.viewer import system_viewer

if TYPE_CHECKING:
    from dossier.services.context import Context

OWN = "own"
LOOKING = system_viewer("requirements")
_DAYS = ("from", "to")


@dataclass(frozen=True, slots=True)
class Amendment:
    """One that stands.

    Attributes:
        rule: id of the requirement.
        first: the first day on which it is so.
        entry: the rule as JSON; empty where it ends.
    """

    rule: str
    first: date
    entry: str = ""


def standing(context: Context) -> tuple[Amendment, ...]:
    """Those that were not withdrawn, in the order in which they were saved."""
    query = select(RuleAmendment).where(RuleAmendment.withdrawn_at.is_(None))
    with context.reading(LOOKING) as session:
        return tuple(map(of_row, session.scalars(query.order_by(RuleAmendment.id))))


def of_row(row: RuleAmendment) -> Amendment:
    """As the rules use it."""
    return Amendment(row.rule, row.first_day, packed(row.entry) if row.entry else "")


def packed(entry: Mapping[str, Any]) -> str:
    """A rule as JSON, days in ISO format."""
    return json.dumps(entry, ensure_ascii=False, sort_keys=True, default=date.isoformat)


def applied(rows: Iterable[Mapping[str, Any]], made: Iterable[Amendment]) -> list[dict[str, Any]]:
    """The rules' rows with these amendments, one above the other."""
    found = [dict(row) for row in rows]
    for one in made:
        found = [row for row in (_up_to(row, one) for row in found) if row is not None]
        if one.entry:
            found.append({**_unpacked(one.entry), "id": one.rule, "from": one.first, OWN: 0})
    return found


def _up_to(row: dict[str, Any], one: Amendment) -> dict[str, Any] | None:
    """A row up to the day before an amendment of it; None where nothing is left."""
    if row.get("id") != one.rule or ("to" in row and row["to"] < one.first):
        return row
    if row["from"] >= one.first:
        return None
    return {**row, "to": one.first - timedelta(days=1)}


def _unpacked(entry: str) -> dict[str, Any]:
    found = json.loads(entry)
    return {
        key: date.fromisoformat(value) if key in _DAYS else value for key, value in found.items()
    }
