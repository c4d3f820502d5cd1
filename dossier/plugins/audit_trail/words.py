"""What an audit row says beside its columns, in words: lines of a name and a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from dossier.clock import SHANGHAI
from dossier.rules.disclosure import disclosure_rules
from dossier.services import audit_facts
from dossier.services.labels import type_label
from ui import labels
from ui.formatting import localiser
from ui.labels import N_

Translate = Callable[[str], str]
Line = tuple[str, str]
YES, NO = N_("yes"), N_("no")


class Worded(Protocol):
    """Something of a rule file that has words."""

    @property
    def zh(self) -> str:
        """In Chinese."""

    @property
    def en(self) -> str:
        """In English."""


IN_COLUMNS: Final = frozenset({"hits", "page", "pages", "remote", "rows"})
"""Facts that the page and the file show in places of their own."""
OUTSIDE: Final = N_("outside your scope")
NAMES: Final = {
    "action": N_("Action"),
    "along": N_("Places that come along"),
    "approval": N_("Approval"),
    "approvals": N_("Opened by approval"),
    "assigned_by": N_("Assigned by"),
    "before": N_("Before"),
    "bulk": N_("Part of entry"),
    "by": N_("Ended by"),
    "case_no": N_("Case number"),
    "change": N_("Change"),
    "changed": N_("Changed"),
    "clear": N_("In clear"),
    "confidence": N_("Certainty"),
    "created": N_("New"),
    "customer_no": N_("Customer number"),
    "delegation": N_("Lending"),
    "disclosure": N_("Opening of masked values"),
    "document": N_("Document"),
    "dropped": N_("Keys let go"),
    "event": N_("Event"),
    "fields": N_("Values"),
    "file": N_("File"),
    "filtered_by": N_("Filtered by"),
    "form": N_("Kind of file"),
    "format": N_("Kind of file"),
    "from": N_("From"),
    "grant": N_("Grant"),
    "holder": N_("Lent by"),
    "key": N_("Which"),
    "kind": N_("Value"),
    "list": N_("List"),
    "matches": N_("Matches"),
    "means": N_("Means"),
    "on": N_("Effective on"),
    "part": N_("Given for"),
    "parts": N_("Papers, by pages"),
    "parts_before": N_("Papers before"),
    "posts": N_("Posts"),
    "reason": N_("Reason"),
    "reasons": N_("Reasons"),
    "recovery_codes": N_("Recovery codes ended"),
    "rejected": N_("Left out"),
    "result": N_("Outcome"),
    "report": N_("Handed over or ended"),
    "role": N_("Role"),
    "rule": N_("Rule"),
    "scope": N_("Permissions"),
    "seal": N_("Seal"),
    "sessions": N_("Logins ended"),
    "source": N_("Sent by"),
    "to": N_("To"),
    "type": N_("Paper type"),
    "unchanged": N_("Unchanged"),
    "unit": N_("Unit"),
    "until": N_("Until"),
    "updated": N_("Updated"),
    "user": N_("Person"),
    "waiver": N_("Waiver"),
}
"""Names of facts; one that a plugin made is shown as it is."""
PARTS: Final = {
    "company": N_("whole company"),
    "unit": N_("Unit"),
    "line": N_("Line"),
    "district": N_("District"),
    "case": N_("Case"),
    "customer": N_("Customer"),
}
ENDS: Final = {
    "click": N_("the user"),
    "right_taken": N_("a right taken away"),
    "time": N_("the end of its time"),
}
FILTERS: Final = {
    "actor": N_("User account"),
    "action": N_("What was done"),
    "object_id": N_("Number of the paper, customer or file"),
    "since": N_("From day"),
    "until": N_("To day"),
}
CODES: Final[Mapping[str, Sequence[Mapping[str, str]]]] = {
    "by": (ENDS,),
    "fields": (labels.OPENED, labels.FIELD),
    "filtered_by": (FILTERS, labels.FIELD, labels.FACET),
    "kind": (labels.OPENED,),
    "means": (labels.MEANS,),
    "part": (PARTS,),
    "reason": (labels.REASON,),
    "reasons": (labels.LINK_REASON,),
    "role": (labels.ROLE,),
    "scope": (labels.PERMISSION,),
}
"""Facts whose values are codes, with where these stand in words; the first that knows one."""


class FactWords:
    """Facts in the words of one language."""

    def __init__(self, locale: str, translate: Translate, actions: Mapping[str, Worded]) -> None:
        """Keep the language.

        Args:
            locale: ``zh_CN``, ``zh_TW`` or ``en``.
            translate: message id → words.
            actions: the role matrix's actions, by code.
        """
        self._translate, self._actions = translate, actions
        self._is_english = locale == "en"
        self._local = localiser(locale)

    def lines(self, facts: Mapping[str, Any]) -> list[Line]:
        """Name and value of each fact that says something, in the order of the row."""
        return [
            (self._name(name), self._value(name, value))
            for name, value in facts.items()
            if name not in IN_COLUMNS and value not in (None, "", [], {})
        ]

    def one(self, facts: Mapping[str, Any]) -> str:
        """All of them in one cell."""
        return "; ".join(": ".join(line) for line in self.lines(facts))

    def _name(self, name: str) -> str:
        found = NAMES.get(name, "")
        return self._translate(found) if found else name

    def _value(self, name: str, value: Any) -> str:
        if isinstance(value, Mapping):
            return self._joined([" ".join(line) for line in self.lines(value)])
        if isinstance(value, list | tuple):
            return self._joined([self._value(name, each) for each in value if each is not None])
        if isinstance(value, bool):
            return self._translate(YES if value else NO)
        return self._text(name, str(value))

    def _text(self, name: str, value: str) -> str:
        if value == audit_facts.OUTSIDE:
            return self._translate(OUTSIDE)
        if name in ("type", "before"):
            return self._local(type_label(value, "en" if self._is_english else "zh")) or value
        of_rules = {"action": self._actions, "reason": disclosure_rules().reasons}.get(name, {})
        if value in of_rules:
            found = of_rules[value]
            return found.en if self._is_english else self._local(found.zh)
        for known in CODES.get(name, ()):
            if value in known:
                return self._translate(known[value])
        return _moment(value) if name == "until" else value

    def _joined(self, texts: Sequence[str]) -> str:
        return (", " if self._is_english else "、").join(texts)


def _moment(value: str) -> str:
    """An instant of the record in Shanghai's time, to the minute; anything else as it is."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if at.tzinfo else value
