"""How long something is lent, and who approves it: ``rulebook/lending.yaml`` (domain.md §6.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.rules.role_words import Words, load_words

FILE = "lending"
CATEGORIES = frozenset({"LR", "LN", "HV", "IM", "PV"})
"""Of customers, as the register has them."""


@dataclass(frozen=True, slots=True)
class LendingRules:
    """The rule file.

    Attributes:
        lapses_after_days: when a request that nobody decided is over.
        most_open: requests and running loans of one person at a time.
        most_things: papers and pages in one request.
        terms_hours: of electronic loans, what one click takes first.
        renewals: how often a borrower extends one.
        purpose_zh: what one click says it is for.
        purpose_en: the same in English.
        at_once: categories of which masked pages need no approval, within one's area.
        approvers: codes of the roles that approve, by category.
    """

    lapses_after_days: int
    most_open: int
    most_things: int
    terms_hours: tuple[int, ...]
    renewals: int
    purpose_zh: str
    purpose_en: str
    at_once: frozenset[str]
    approvers: Mapping[str, frozenset[str]]

    def by(self, categories: Iterable[str]) -> frozenset[str]:
        """Who approves a loan of papers of these categories: roles that may for each of them."""
        found = [self.approvers.get(one, frozenset()) for one in categories]
        return frozenset.intersection(*found) if found else frozenset()


@cache
def load() -> LendingRules:
    """The rules.

    Raises:
        ConfigurationError: something is missing, or a word is unknown.
    """
    return read(rulebook.load(FILE), load_words())


def read(body: Mapping[str, Any], words: Words) -> LendingRules:
    """The rules of a file's content.

    Raises:
        ConfigurationError: something is missing, or a word is unknown.
    """
    try:
        electronic = body["electronic"]
        rules = LendingRules(
            lapses_after_days=int(body["lapses_after_days"]),
            most_open=int(body["most_open"]),
            most_things=int(body["most_things"]),
            terms_hours=tuple(map(int, electronic["terms_hours"])),
            renewals=int(electronic["renewals"]),
            purpose_zh=str(electronic["purpose"]["zh"]),
            purpose_en=str(electronic["purpose"]["en"]),
            at_once=frozenset(electronic["at_once"]["categories"]),
            approvers=_approvers(electronic["approvers"]),
        )
    except (KeyError, TypeError, ValueError) as err:
        raise _wrong(f"{type(err).__name__}: {err}") from err
    _check(rules, words)
    return rules


def _approvers(lines: Iterable[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in lines:
        for category in line["categories"]:
            found.setdefault(str(category), frozenset(line["by"]))
    return found


def _check(rules: LendingRules, words: Words) -> None:
    numbers = (rules.lapses_after_days, rules.most_open, rules.most_things, *rules.terms_hours)
    if not rules.terms_hours or min(numbers) <= 0 or rules.renewals < 0:
        raise _wrong("terms_hours and what is counted are above zero")
    unknown = sorted((rules.at_once | rules.approvers.keys()) - CATEGORIES)
    if unknown:
        raise _wrong(f"unknown category '{unknown[0]}'; the known ones are in categories.yaml")
    if missing := sorted(CATEGORIES - rules.approvers.keys()):
        raise _wrong(f"nobody approves loans of category '{missing[0]}'")
    for role in sorted(frozenset().union(*rules.approvers.values())):
        if role not in words.roles:
            raise _wrong(f"unknown role '{role}'; the known ones are in rulebook/actions.yaml")
        if words.roles[role].is_separated:
            raise _wrong(f"{role} is separated and cannot approve loans")


def _wrong(reason: str) -> ConfigurationError:
    return ConfigurationError(f"rulebook/{FILE}.yaml: {reason}")
