"""Who looked at a customer's dossier or at a paper: one line for each person and day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from dossier.clock import SHANGHAI, local_date
from dossier.db.tables import AuditEvent
from dossier.hookspecs import Panel
from dossier.rules import rulebook
from dossier.services import audit_log, labels
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer

NAME = "audit_trail"
TITLES = ("谁看过", "Who looked")
NOBODY = {"zh": ("–", "近期无人查阅"), "en": ("–", "nobody lately")}
TIMES = {"zh": "{what} {count} 次", "en": "{what} × {count}"}


@cache
def rules() -> dict[str, Any]:
    """This plugin's rule file.

    Raises:
        ConfigurationError: it is broken.
    """
    file = resources.files("dossier.plugins.audit_trail") / "audit_trail.yaml"
    return rulebook.parse(file.read_text(encoding="utf-8"), NAME)


def of_customer(context: Context, viewer: Viewer, customer_no: str) -> tuple[Panel, ...]:
    """The panel of a customer's page, papers included; none for who is not entitled."""
    return _panel(context, viewer, audit_log.on_customer(customer_no))


def of_document(context: Context, viewer: Viewer, document_id: str) -> tuple[Panel, ...]:
    """The panel of a paper's page; none for who is not entitled."""
    on_it = and_(AuditEvent.object_kind == "document", AuditEvent.object_id == document_id)
    return _panel(context, viewer, on_it)


def _panel(context: Context, viewer: Viewer, on_it: ColumnElement[bool]) -> tuple[Panel, ...]:
    if not viewer.may(Permission.SEE_LOOKERS):  # the page's own object: the viewer is placed there
        return ()
    language = "zh" if viewer.language.startswith(labels.CHINESE) else "en"
    lines = _lines(context, viewer, on_it)[: int(rules()["lines"])]
    rows = tuple(line.told(language) for line in lines) or (NOBODY[language],)
    return (Panel(NAME, *TITLES, rows=rows),)


@dataclass(slots=True)
class _Line:
    """What one person did on one day; ``last`` is the newest look."""

    name: str
    remote: str
    last: datetime
    looks: Counter[str] = field(default_factory=Counter)

    def told(self, language: str) -> tuple[str, str]:
        """When, and who did what from where."""
        words = {action: text[language] for action, text in rules()["looks"].items()}
        done = [
            TIMES[language].format(what=what, count=self.looks[action])
            for action, what in words.items()
            if self.looks[action]
        ]
        when = self.last.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        return when, " · ".join(filter(None, (self.name, *done, self.remote)))


def _lines(context: Context, viewer: Viewer, on_it: ColumnElement[bool]) -> Sequence[_Line]:
    since = context.clock.now() - timedelta(days=int(rules()["days"]))
    query = (
        select(AuditEvent)
        .where(on_it, AuditEvent.action.in_(list(rules()["looks"])), AuditEvent.at >= since)
        .order_by(AuditEvent.id.desc())
        .limit(int(rules()["rows"]))
    )
    found: dict[tuple[str, Any], _Line] = {}
    with context.reading(viewer) as session:
        rows = session.scalars(query).all()
        names = audit_log.names_of(session, rows)
    for row in rows:
        key = (row.actor, local_date(row.at))
        line = found.setdefault(key, _Line(names.get(row.actor, row.actor), row.remote, row.at))
        line.looks[row.action] += 1
    return list(found.values())
