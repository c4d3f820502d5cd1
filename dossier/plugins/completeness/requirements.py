"""What papers a dossier must have: ``requirements.yaml`` as values (domain.md §2.2, §2.3).

Rules have days: a node keeps the rule of the day on which it was completed, whatever the rules
became later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from graphlib import CycleError, TopologicalSorter
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dossier.errors import ConfigurationError
from dossier.plugins.completeness import amendments, conditions
from dossier.plugins.completeness.amendments import Amendment
from dossier.plugins.completeness.conditions import Condition, FactKind
from dossier.rules import document_types, rulebook, sources
from dossier.services.role_files import own_file

if TYPE_CHECKING:
    from dossier.services.context import Context

FILE = "requirements"
NEW = "new"
"""The business by which everybody became a customer."""


class Level(StrEnum):
    """Whether a paper is asked for."""

    REQUIRED = "R"
    CONDITIONAL = "C"
    OPTIONAL = "O"


@dataclass(frozen=True, slots=True)
class Named:
    """A code of the rule file with what people call it."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Business(Named):
    """What is done for a customer, step by step."""

    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact(Named):
    """Something that a condition may ask; the register does not know one that is ``by_case``."""

    kind: FactKind = FactKind.FLAG
    by_case: bool = False


@dataclass(frozen=True, slots=True)
class Requirement:
    """A paper that is asked for.

    Attributes:
        id: stable; waivers name it.
        any_of: types; any one of them will do.
        levels: by category; one that is not named is not asked.
        when: decides where the level is conditional.
        count: least number of papers.
        dated: a paper counts up to its own last day.
        promised_by: type of the paper that lets this one come later.
        first: first day on which the rule is in force.
        last: its last day, None while it goes on.
        source: as the file says, ids of ``sources.yaml``.
    """

    id: str
    business: str
    node: str
    any_of: tuple[str, ...]
    levels: Mapping[str, Level]
    first: date
    last: date | None
    source: str
    when: Condition | None = None
    count: int = 1
    signed: bool = False
    sealed: bool = False
    dated: bool = False
    promised_by: str | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on this day."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Requirements:
    """The rule file.

    Attributes:
        promise: how long a promised paper may take.
        standing: types whose own date says nothing of when they were handed in.
        fingerprint: differs when anything in the file does.
    """

    effective_from: date
    source: str
    promise: timedelta
    standing: frozenset[str]
    nodes: Mapping[str, Named]
    businesses: Mapping[str, Business]
    facts: Mapping[str, Fact]
    rules: tuple[Requirement, ...]
    fingerprint: str
    _by_business: Mapping[str, tuple[Requirement, ...]]

    def of(self, business: str, category: str, node: str | None = None) -> Iterable[Requirement]:
        """Rules of a business that say something of this category, whatever their days."""
        for rule in self._by_business.get(business, ()):
            if category in rule.levels and node in (None, rule.node):
                yield rule

    def in_force(self, business: str, day: date) -> list[Requirement]:
        """The rules of a business on a day, in the order of its nodes."""
        order = self.businesses[business].nodes
        own = [rule for rule in self._by_business[business] if rule.holds_on(day)]
        return sorted(own, key=lambda rule: order.index(rule.node))


def of(context: Context) -> Requirements:
    """The rules of an archive: the built-in ones, its own file's, and what was amended since.

    Each process asks the records for amendments anew: one counts from the moment that it is saved.

    Raises:
        ConfigurationError: names file, rule and what is wrong with it.
    """
    return amended(context.settings.home, amendments.standing(context))


@lru_cache(maxsize=8)
def amended(home: Path, made: tuple[Amendment, ...]) -> Requirements:
    """The rules of an archive with these amendments, those saved later above the earlier ones.

    Raises:
        ConfigurationError: names file, rule and what is wrong with it.
    """
    found = own_file(home, FILE)
    if found is None and not made:
        return load()
    text, called = found or ("", AMENDED)
    return _layered(text, called, made)


@cache
def load() -> Requirements:
    """The built-in rules.

    Raises:
        ConfigurationError: names the rule and what is wrong with it.
    """
    return read(_text(), f"{FILE}.yaml")


@cache
def head() -> Mapping[str, Any]:
    """What the built-in file says of itself: since when, by what, how sure."""
    body = rulebook.parse(_text(), FILE)
    return {key: body[key] for key in ("effective_from", "source", "confidence")}


def _text() -> str:
    file = resources.files("dossier.plugins.completeness") / f"{FILE}.yaml"
    return file.read_text(encoding="utf-8")


def read(text: str, called: str) -> Requirements:
    """A rule file's content, checked.

    Args:
        text: YAML.
        called: what messages call the file.

    Raises:
        ConfigurationError: names file, rule and what is wrong with it.
    """
    return _whole(rulebook.parse(text, FILE, called=called), called, text)


def own(text: str, called: str) -> Requirements:
    """The built-in rules with those of an archive, each from its own first day on.

    Under the id of a built-in rule an entry takes its place from ``from`` on, and what it does not
    say is as there; ``ends`` says the last day of a built-in rule. What was completed before keeps
    the rule of its day.

    Raises:
        ConfigurationError: names file, rule and what is wrong with it.
    """
    return _layered(text, called, ())


def _layered(text: str, called: str, made: tuple[Amendment, ...]) -> Requirements:
    """The built-in rules, then an archive's file (where there is one), then what was amended."""
    base = rulebook.parse(_text(), FILE)
    rows = _with_own(base["rules"], text, called) if text else base["rules"]
    rows = amendments.applied(rows, made)
    try:
        return _whole({**base, "rules": rows}, called, f"{_text()}{text}{made or ''}")
    except (TypeError, ValueError, AttributeError) as err:
        raise ConfigurationError(f"{called}: {type(err).__name__}: {err}") from err


def _with_own(built_in: list[dict[str, Any]], text: str, called: str) -> list[dict[str, Any]]:
    body = rulebook.parse(text, FILE, called=called)
    if body["name"] != FILE:
        raise ConfigurationError(f"{called}: name must be {FILE}")
    if unknown := sorted(set(map(str, body)) - _OWN_KEYS):
        raise ConfigurationError(
            f"{called}: {', '.join(unknown)} cannot be set here, only rules and ends"
        )
    entries = _entries(body, called, _lines(text, called))
    return _merged(built_in, entries, _ends(body, built_in, called))


def _lines(text: str, called: str) -> list[int]:
    """On which line of a file each entry of ``rules`` begins."""
    root = rulebook.composed(text, called)
    for key, value in getattr(root, "value", ()):
        if key.value == "rules" and isinstance(value.value, list):
            return [one.start_mark.line + 1 for one in value.value]
    return []


def _entries(body: Mapping[str, Any], called: str, lines: Sequence[int]) -> list[dict[str, Any]]:
    entries = body.get("rules") or []
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise ConfigurationError(f"{called}: rules must be a list of entries with an id each")
    for one, line in zip(entries, lines, strict=True):
        where = f"{called}, line {line}, rule {one.get('id', '?')}"
        for key in ("id", "from", "source"):
            if not one.get(key):
                raise ConfigurationError(f"{where}: lacks {key}")
        if type(one["from"]) is not date:
            raise ConfigurationError(f"{where}: '{one['from']}' is no day")
    return [{**one, OWN: line} for one, line in zip(entries, lines, strict=True)]


def _ends(
    body: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], called: str
) -> Mapping[str, date]:
    ends = body.get("ends") or {}
    if not isinstance(ends, dict):
        raise ConfigurationError(f"{called}: ends must say a last day for each rule's id")
    known = {row["id"] for row in rows}
    for key, day in ends.items():
        if key not in known:
            raise ConfigurationError(f"{called}, ends: '{key}' is no built-in rule")
        if type(day) is not date:
            raise ConfigurationError(f"{called}, ends: '{day}' of {key} is no day")
    return ends


def _merged(
    built_in: Iterable[dict[str, Any]],
    entries: Sequence[dict[str, Any]],
    ends: Mapping[str, date],
) -> list[dict[str, Any]]:
    """The built-in rows up to the day before an own one begins, then that."""
    begins: dict[str, date] = {}
    for one in entries:
        begins[one["id"]] = min(one["from"], begins.get(one["id"], one["from"]))
    rows, newest = [], dict[str, dict[str, Any]]()
    for row in built_in:
        newest[row["id"]] = row
        lasts = [row.get("to"), ends.get(row["id"])]
        if row["id"] in begins:
            lasts.append(begins[row["id"]] - timedelta(days=1))
        last = min(filter(None, lasts), default=None)
        if last is None:
            rows.append(row)
        elif last >= row["from"]:
            rows.append({**row, "to": last})
    for one in entries:
        whole = {**newest.get(one["id"], {}), "to": None, **one}
        rows.append({key: value for key, value in whole.items() if value is not None})
    return rows


def _whole(body: Mapping[str, Any], called: str, text: str) -> Requirements:
    nodes = {code: Named(code, one["zh"], one["en"]) for code, one in body["nodes"].items()}
    businesses = {code: _business(code, one) for code, one in body["businesses"].items()}
    facts = {code: _fact(code, one) for code, one in body["facts"].items()}
    reader = _Reader(called, nodes, businesses, {one.code: one.kind for one in facts.values()})
    rules = tuple(reader.rule(row) for row in body["rules"])
    reader.check(rules)
    standing = frozenset(body.get("standing", ()))
    for code in sorted(standing):
        reader.known(code, document_types.catalogue().types, "standing")
    own = {code: tuple(r for r in rules if r.business == code) for code in businesses}
    alike = {code: one.get("like", code) for code, one in body["businesses"].items()}
    for code, other in alike.items():
        reader.known(other, businesses, f"businesses.{code}.like")
        if alike[other] != other:
            raise ConfigurationError(
                f"{called}: businesses.{code} is like {other}, which is like another"
            )
    return Requirements(
        body["effective_from"],
        str(body["source"]),
        timedelta(days=float(body["promise_days"])),
        standing,
        nodes,
        businesses,
        facts,
        rules,
        hashlib.sha256(text.encode()).hexdigest(),
        {code: own[other] for code, other in alike.items()},
    )


def _business(code: str, entry: Mapping[str, Any]) -> Business:
    return Business(code, entry["zh"], entry["en"], tuple(entry["nodes"]))


def _fact(code: str, entry: Mapping[str, Any]) -> Fact:
    kind = FactKind(entry["kind"])
    return Fact(code, entry["zh"], entry["en"], kind, bool(entry.get("unknown", False)))


_FIRST = ("id", "business", "node", "any_of", "from", "source")
"""What every rule says."""
OWN = amendments.OWN
"""Marks an entry of the archive's own, with its line in the file or 0: it may name a source of its
own."""
AMENDED = "rules amended on the page"
"""What messages call the rules where there is no file of an archive's own."""
_KEYS = frozenset([*_FIRST, "when", "count", "signed", "sealed", "dated", "promised_by", "to", OWN])
_OWN_KEYS = frozenset({*rulebook.REQUIRED, "confidence", "rules", "ends"})


@dataclass(frozen=True, slots=True)
class _Reader:
    called: str
    nodes: Mapping[str, Named]
    businesses: Mapping[str, Business]
    kinds: Mapping[str, FactKind]

    def rule(self, row: Mapping[str, Any]) -> Requirement:
        """One row."""
        line = f"line {row[OWN]}, " if row.get(OWN) else ""
        where = f"{line}rule {row.get('id', '?')}"
        for key in _FIRST:
            if not row.get(key):
                raise self.wrong(where, f"lacks {key}")
        categories = rulebook.load("categories")["categories"]
        self._only(where, row, _KEYS | set(categories))
        self.known(row["business"], self.businesses, where)
        business = self.businesses[row["business"]]
        if row["node"] not in self.nodes or row["node"] not in business.nodes:
            raise self.wrong(where, f"{business.code} has no node '{row['node']}'")
        if not isinstance(row["any_of"], list):
            raise self.wrong(where, "any_of is a list of types")
        for code in (*row["any_of"], *filter(None, [row.get("promised_by")])):
            self.known(code, document_types.catalogue().types, where)
        if OWN not in row and not sources.cited(row["source"]):
            raise self.wrong(where, f"'{row['source']}' names no source of sources.yaml")
        levels = {code: self._level(where, row[code]) for code in categories if code in row}
        return Requirement(
            id=row["id"],
            business=business.code,
            node=row["node"],
            any_of=tuple(row["any_of"]),
            levels=levels,
            first=self._day(where, row["from"]),
            last=self._day(where, row["to"]) if "to" in row else None,
            source=str(row["source"]),
            when=self._condition(where, row, levels),
            count=int(row.get("count", 1)),
            signed=bool(row.get("signed", False)),
            sealed=bool(row.get("sealed", False)),
            dated=bool(row.get("dated", False)),
            promised_by=row.get("promised_by"),
        )

    def check(self, rules: Sequence[Requirement]) -> None:
        """No id twice at one time, no rule that ends before it begins, no promise in a circle."""
        for rule in rules:
            where = f"rule {rule.id}"
            if rule.last is not None and rule.last < rule.first:
                raise self.wrong(where, "ends before it begins")
            if rule.promised_by in rule.any_of:
                raise self.wrong(where, "is promised by itself")
            for other in rules:
                if other is not rule and other.id == rule.id and _overlap(rule, other):
                    raise self.wrong(where, f"stands twice for {max(rule.first, other.first)}")
        self._no_circle(rules)

    def _no_circle(self, rules: Sequence[Requirement]) -> None:
        """No paper may come later by one that may come later by the first."""
        asks = TopologicalSorter[str]()
        for rule in rules:
            if rule.promised_by is not None:
                for code in rule.any_of:
                    asks.add(code, rule.promised_by)
        try:
            asks.prepare()
        except CycleError as err:
            circle = " → ".join(reversed(err.args[1]))
            raise ConfigurationError(f"{self.called}: promised in a circle: {circle}") from err

    def known(self, code: str, codes: Iterable[str], where: str) -> None:
        """Refuse a code that does not exist."""
        if code not in codes:
            raise self.wrong(where, f"'{code}' is unknown")

    def wrong(self, where: str, reason: str) -> ConfigurationError:
        """What stops the start."""
        return ConfigurationError(f"{self.called}, {where}: {reason}")

    def _only(self, where: str, row: Mapping[str, Any], keys: Iterable[str]) -> None:
        for key in row:
            self.known(key, keys, where)

    def _level(self, where: str, value: Any) -> Level:
        try:
            return Level(value)
        except ValueError as err:
            raise self.wrong(where, f"level '{value}' is none of R, C, O") from err

    def _day(self, where: str, value: Any) -> date:
        if type(value) is not date:
            raise self.wrong(where, f"'{value}' is no day")
        return value

    def _condition(
        self, where: str, row: Mapping[str, Any], levels: Mapping[str, Level]
    ) -> Condition | None:
        conditional = Level.CONDITIONAL in levels.values()
        if conditional != ("when" in row):
            raise self.wrong(where, "`when` goes with level C, and only with it")
        if not conditional:
            return None
        try:
            return conditions.parse(str(row["when"]), self.kinds)
        except ValueError as err:
            raise self.wrong(where, str(err)) from err


def _overlap(one: Requirement, other: Requirement) -> bool:
    return one.holds_on(max(one.first, other.first)) and other.holds_on(max(one.first, other.first))
