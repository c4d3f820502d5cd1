"""What is unusual: rules read from ``anomalies.yaml``, and their pure evaluation.

A rule counts something in one person's looks of one day; more than its limit is an anomaly
(domain.md S3-15).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from dossier.clock import SHANGHAI
from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.services.context import Context
from dossier.services.role_files import own_file

NAME = "anomalies"
LISTS = ("colleague", "celebrity")
NEEDED = ("code", "kind", "effective_from", "source", "limit", "title_zh", "title_en", "why_zh",
          "why_en")  # fmt: skip
_OWN_NEEDED = ("code", "effective_from", "source")
_OWN_KEYS = frozenset({*rulebook.REQUIRED, "confidence", "rules"})


@dataclass(frozen=True, slots=True)
class Look:
    """One look, as far as rules ask.

    Attributes:
        event_id: of the audit row.
        at: aware instant.
        role: the person's role then.
        customer_no: whose dossier; "" for a search.
        is_export: the customer left in a list.
        is_glimpse: a page's picture in a list of hits; counts for its own rule only.
        is_outside: the customer belongs to another unit than the person; False where the person
            belongs to none.
        watched: watch lists that the customer, or the words searched for, stand on.
    """

    event_id: int
    at: datetime
    role: str
    customer_no: str = ""
    is_export: bool = False
    is_glimpse: bool = False
    is_outside: bool = False
    watched: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the file, as it is from a day on."""

    code: str
    effective_from: date
    limit: int
    limits: dict[str, int]
    titles: tuple[str, str]
    whys: tuple[str, str]
    counts: Callable[[Look], bool]

    def allowed(self, role: str) -> int:
        """How many are usual for this role."""
        return self.limits.get(role, self.limit)


@dataclass(frozen=True, slots=True)
class Unusual:
    """More than a rule allows; ``looks`` are those it counted, oldest first."""

    rule: Rule
    count: int
    allowed: int
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True)
class RuleFile:
    """The whole file."""

    every_seconds: float
    rows_at_once: int
    most_named: int
    looks: frozenset[str]
    glimpses: frozenset[str]
    exports: frozenset[str]
    rules: tuple[Rule, ...]

    def on(self, day: date) -> list[Rule]:
        """The rules in force on a day, the newest of each code."""
        newest: dict[str, Rule] = {}
        for rule in sorted(self.rules, key=lambda one: one.effective_from):
            if rule.effective_from <= day:
                newest[rule.code] = rule
        return list(newest.values())

    def named(self, code: str) -> Rule | None:
        """The newest rule of a code, for its words; None for one that the file lost."""
        found = [rule for rule in self.rules if rule.code == code]
        return max(found, key=lambda one: one.effective_from, default=None)


def unusual(rules: Iterable[Rule], looks: Sequence[Look]) -> list[Unusual]:
    """What the rules find in one person's looks of one day, given oldest first."""
    if not looks:
        return []
    role, found = looks[-1].role, []
    for rule in rules:
        counted = tuple(look for look in looks if rule.counts(look))
        # A search has no customer; each is counted by itself.
        count = len({look.customer_no or look.event_id for look in counted})
        if count > rule.allowed(role):
            found.append(Unusual(rule, count, rule.allowed(role), counted))
    return found


def of(context: Context) -> RuleFile:
    """The rules of an archive: the built-in ones, and its own beside them.

    Raises:
        ConfigurationError: a file is broken; names the rule and what is wrong with it.
    """
    return _of(context.settings.home)


@lru_cache(maxsize=8)
def _of(home: Path) -> RuleFile:
    found = own_file(home, NAME)
    return own(*found) if found else built_in()


@cache
def built_in() -> RuleFile:
    """The rules of this plugin."""
    return parse(_text())


def own(text: str, called: str) -> RuleFile:
    """The built-in rules with those of an archive beside them, from their day on.

    What an entry does not say is as in the newest built-in entry of its code: a number of one's own
    needs ``code``, ``effective_from``, ``source`` and ``limit`` (or ``limits``, by role).

    Raises:
        ConfigurationError: names file, rule and what is wrong with it.
    """
    body, base = rulebook.parse(text, NAME, called=called), rulebook.parse(_text(), NAME)
    if body["name"] != NAME:
        raise ConfigurationError(f"{called}: name must be {NAME}")
    if unknown := sorted(set(map(str, body)) - _OWN_KEYS):
        raise ConfigurationError(f"{called}: {', '.join(unknown)} cannot be set here, only rules")
    entries = body.get("rules")
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise ConfigurationError(f"{called}: rules must be a list of entries with a code each")
    known = {entry["code"]: entry for entry in base["rules"]}
    for entry in entries:
        if lacking := [key for key in _OWN_NEEDED if key not in entry]:
            raise ConfigurationError(
                f"{called}, rule {entry.get('code', '?')} lacks {', '.join(lacking)}"
            )
    whole = [known.get(entry["code"], {}) | entry for entry in entries]
    return _file({**base, "rules": [*base["rules"], *whole]}, called)


def parse(text: str) -> RuleFile:
    """A rule file.

    Raises:
        ConfigurationError: names the rule and what is wrong with it.
    """
    return _file(rulebook.parse(text, NAME), f"{NAME}.yaml")


def _text() -> str:
    file = resources.files("dossier.plugins.anomalies") / f"{NAME}.yaml"
    return file.read_text(encoding="utf-8")


def _file(body: Mapping[str, Any], called: str) -> RuleFile:
    try:
        return RuleFile(
            every_seconds=float(body["every_seconds"]),
            rows_at_once=int(body["rows_at_once"]),
            most_named=int(body["most_named"]),
            looks=frozenset(body["looks"]),
            glimpses=frozenset(body["glimpses"]),
            exports=frozenset(body["exports"]),
            rules=tuple(_rule(entry, called) for entry in body["rules"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise ConfigurationError(f"{called}: {type(err).__name__}: {err}") from err


def _rule(entry: dict[str, Any], called: str) -> Rule:
    code = entry.get("code", "?")
    missing = [key for key in NEEDED if key not in entry]
    if missing:
        raise ConfigurationError(f"{called}, rule {code} lacks {', '.join(missing)}")
    limits = {
        role: _limit(f"{called}, rule {code}", value)
        for role, value in entry.get("limits", {}).items()
    }
    if type(entry["effective_from"]) is not date:
        raise ConfigurationError(f"{called}, rule {code}: effective_from must be a date")
    if entry["kind"] not in KINDS:
        raise ConfigurationError(
            f"{called}, rule {code}: the kind '{entry['kind']}' is none of {', '.join(KINDS)}"
        )
    return Rule(
        code=code,
        effective_from=entry["effective_from"],
        limit=_limit(f"{called}, rule {code}", entry["limit"]),
        limits=limits,
        titles=(entry["title_zh"], entry["title_en"]),
        whys=(entry["why_zh"], entry["why_en"]),
        counts=KINDS[entry["kind"]](entry),
    )


def _limit(rule: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ConfigurationError(f"{rule}: a limit is a whole number from 0")
    return value


# -- kinds --------------------------------------------------------------------------------------


def _dossiers(_entry: dict[str, Any]) -> Callable[[Look], bool]:
    return lambda look: bool(look.customer_no) and not (look.is_export or look.is_glimpse)


def _glimpsed(_entry: dict[str, Any]) -> Callable[[Look], bool]:
    return lambda look: look.is_glimpse


def _exported(_entry: dict[str, Any]) -> Callable[[Look], bool]:
    return lambda look: look.is_export


def _outside_area(_entry: dict[str, Any]) -> Callable[[Look], bool]:
    return lambda look: look.is_outside


def _hours(entry: dict[str, Any]) -> Callable[[Look], bool]:
    begins, ends = time.fromisoformat(entry["begins"]), time.fromisoformat(entry["ends"])
    others = frozenset(entry.get("except_roles", ()))

    def counts(look: Look) -> bool:
        now = look.at.astimezone(SHANGHAI).time()
        inside = begins <= now < ends if begins < ends else now >= begins or now < ends
        is_look = bool(look.customer_no) and not look.is_glimpse
        return is_look and inside and look.role not in others

    return counts


def _watched(entry: dict[str, Any]) -> Callable[[Look], bool]:
    which = entry["list"]
    if which not in LISTS:
        raise ConfigurationError(
            f"{NAME}.yaml, rule {entry['code']}: the list '{which}' is none of {', '.join(LISTS)}"
        )
    return lambda look: which in look.watched


KINDS: dict[str, Callable[[dict[str, Any]], Callable[[Look], bool]]] = {
    "dossiers": _dossiers,
    "exported": _exported,
    "glimpsed": _glimpsed,
    "outside_area": _outside_area,
    "hours": _hours,
    "watched": _watched,
}
