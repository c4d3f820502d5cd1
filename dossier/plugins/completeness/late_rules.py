"""When a paper is late: ``late_papers.yaml`` as values, and how three times compare (S3-03)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from dossier.clock import SHANGHAI, local_date
from dossier.errors import ConfigurationError
from dossier.plugins.completeness.requirements import Named
from dossier.rules import rulebook
from dossier.services.context import Context
from dossier.services.role_files import own_file

FILE = "late_papers"
DATED_AFTER, CAPTURED_AFTER = "dated_after", "captured_after"
_OWN_KEYS = frozenset({*rulebook.REQUIRED, "confidence", "rules"})
_RULE_KEYS = frozenset({"reason", "allowed_hours", "from", "source"})


@dataclass(frozen=True, slots=True)
class LateRule:
    """What is allowed after a node, from a day on."""

    reason: str
    allowed: timedelta
    first: date
    source: str


@dataclass(frozen=True, slots=True)
class LateRules:
    """The rule file.

    Attributes:
        least_confidence: of a day that was read; one that is less sure says nothing.
        near: how long after a case's end a paper that names none may be held against it.
        reasons: in words, by code.
    """

    least_confidence: float
    near: timedelta
    reasons: Mapping[str, Named]
    rules: tuple[LateRule, ...]

    def on(self, reason: str, day: date) -> LateRule | None:
        """The rule in force on a day; of several the one that began last."""
        own = [rule for rule in self.rules if rule.reason == reason and rule.first <= day]
        return max(own, key=lambda rule: rule.first, default=None)


@dataclass(frozen=True, slots=True)
class Times:
    """The three times of a paper.

    Attributes:
        dated: the day that stands on it; None where none was read, or where it says nothing.
        completed: when its node was.
        captured: when it was taken in.
    """

    dated: date | None
    completed: datetime
    captured: datetime

    @property
    def produced(self) -> datetime:
        """Its own day where that is later than the node's completion, else that (§1.7)."""
        if self.dated is None or self.dated <= local_date(self.completed):
            return self.completed
        return datetime.combine(self.dated, time(), SHANGHAI)


def judge(rules: LateRules, times: Times) -> Iterator[LateRule]:
    """The rules by which a paper is late, each of another reason."""
    day = local_date(times.completed)
    dated, captured = (rules.on(reason, day) for reason in (DATED_AFTER, CAPTURED_AFTER))
    if dated and times.dated and times.dated > local_date(times.completed + dated.allowed):
        yield dated
    if captured and times.captured > times.completed + captured.allowed:
        yield captured


def of(context: Context) -> LateRules:
    """The rules of an archive: the built-in ones and its own.

    Raises:
        ConfigurationError: names the file and what is wrong with it.
    """
    return _of(context.settings.home)


@lru_cache(maxsize=8)
def _of(home: Path) -> LateRules:
    found = own_file(home, FILE)
    return own(*found) if found else load()


@cache
def load() -> LateRules:
    """The built-in rules."""
    return _whole(_built_in(), f"{FILE}.yaml", ())


def own(text: str, called: str) -> LateRules:
    """The built-in rules with those of an archive, each from its own first day on.

    Raises:
        ConfigurationError: names the file and what is wrong with it.
    """
    body = rulebook.parse(text, FILE, called=called)
    if body["name"] != FILE:
        raise ConfigurationError(f"{called}: name must be {FILE}")
    if unknown := sorted(set(map(str, body)) - _OWN_KEYS):
        raise ConfigurationError(f"{called}: {', '.join(unknown)} cannot be set here, only rules")
    return _whole(_built_in(), called, body.get("rules") or ())


def _built_in() -> dict[str, Any]:
    file = resources.files("dossier.plugins.completeness") / f"{FILE}.yaml"
    return rulebook.parse(file.read_text(encoding="utf-8"), FILE, called=f"{FILE}.yaml")


def _whole(body: Mapping[str, Any], called: str, more: Sequence[Any]) -> LateRules:
    reasons = {code: Named(code, one["zh"], one["en"]) for code, one in body["reasons"].items()}
    if not isinstance(more, Sequence) or isinstance(more, str):
        raise ConfigurationError(f"{called}: rules must be a list")
    return LateRules(
        float(body["least_confidence"]),
        timedelta(days=float(body["near_days"])),
        reasons,
        tuple(_rule(row, reasons, called) for row in (*body["rules"], *more)),
    )


def _rule(row: Any, reasons: Mapping[str, Named], called: str) -> LateRule:
    if not isinstance(row, Mapping) or set(row) != _RULE_KEYS:
        raise ConfigurationError(f"{called}: a rule says {', '.join(sorted(_RULE_KEYS))}")
    if row["reason"] not in reasons:
        raise ConfigurationError(f"{called}: '{row['reason']}' is none of {', '.join(reasons)}")
    hours = row["allowed_hours"]
    if type(hours) not in {int, float} or not hours >= 0:
        raise ConfigurationError(f"{called}: allowed_hours '{hours}' is no number of hours")
    if type(row["from"]) is not date:
        raise ConfigurationError(f"{called}: '{row['from']}' is no day")
    return LateRule(row["reason"], timedelta(hours=hours), row["from"], str(row["source"]))
