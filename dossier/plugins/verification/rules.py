"""``verification.yaml`` as values: what is checked, how, and how long a check holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from dossier.errors import ConfigurationError
from dossier.rules import document_types, rulebook
from dossier.rules.normal_form import fold

FILE = "verification"
CHECKS = ("real_name", "contact", "mandate")
"""What ticks an item besides a paper."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A way by which a customer is reached, from one day up to another."""

    code: str
    zh: str
    en: str
    first: date
    last: date | None

    def holds_on(self, day: date) -> bool:
        """Whether it may be chosen on this day."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class ContactTerm:
    """After how many months the numbers of some categories are stale, from a day on."""

    categories: frozenset[str]
    months: int
    first: date


@dataclass(frozen=True, slots=True)
class DebitFailure:
    """Why a bank refused, and the words of their lists for it."""

    zh: str
    en: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CampaignItem:
    """What a campaign goes through: papers that tick it, and the check that does."""

    code: str
    zh: str
    en: str
    types: tuple[str, ...]
    check: str


@dataclass(frozen=True, slots=True)
class VerificationRules:
    """The file; channels by code, also those that may not be chosen any more."""

    identity_types: tuple[str, ...]
    note_characters: int
    statuses: tuple[str, ...]
    channels: Mapping[str, Channel]
    contact_terms: tuple[ContactTerm, ...]
    mandate_types: tuple[str, ...]
    debit_failures: Mapping[str, DebitFailure]
    campaign_items: Mapping[str, CampaignItem]

    def failure(self, said: str) -> str:
        """The code of what a bank's list says; empty where no word fits."""
        folded = fold(said)
        for code, one in self.debit_failures.items():
            if folded == code or any(fold(word) in folded for word in one.words):
                return code
        return ""

    def channels_on(self, day: date) -> tuple[Channel, ...]:
        """Those that may be chosen on a day, in the order of the file."""
        return tuple(one for one in self.channels.values() if one.holds_on(day))

    def months_on(self, day: date) -> Mapping[str, int]:
        """Category → months after which a number is stale; one that no rule names never is."""
        found: dict[str, int] = {}
        for term in sorted(self.contact_terms, key=lambda one: one.first):
            if term.first <= day:
                found |= dict.fromkeys(sorted(term.categories), term.months)
        return found


@cache
def load() -> VerificationRules:
    """The built-in rules.

    Raises:
        ConfigurationError: the file lacks something, or names a code that there is not.
    """
    file = resources.files("dossier.plugins.verification") / f"{FILE}.yaml"
    return read(file.read_text(encoding="utf-8"), f"{FILE}.yaml")


def read(text: str, called: str) -> VerificationRules:
    """Rules from a file's text.

    Raises:
        ConfigurationError: it lacks something, or names a code that there is not.
    """
    body = rulebook.parse(text, FILE, called=called)
    try:
        found = _rules(body)
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise ConfigurationError(f"{called}: {err!r} is missing or wrong") from err
    codes = rulebook.load("categories")
    _check(called, "type", found.identity_types, document_types.catalogue().types)
    _check(called, "type", found.mandate_types, document_types.catalogue().types)
    for item in found.campaign_items.values():
        _check(called, "type", item.types, document_types.catalogue().types)
        _check(called, "check", [item.check] if item.check else [], CHECKS)
    _check(called, "status", found.statuses, codes["statuses"])
    for term in found.contact_terms:
        _check(called, "category", term.categories, codes["categories"])
        if term.months < 1:
            raise ConfigurationError(f"{called}: months must be 1 or more")
    return found


def _rules(body: Mapping[str, Any]) -> VerificationRules:
    return VerificationRules(
        identity_types=tuple(body["identity_types"]),
        note_characters=int(body["note_characters"]),
        statuses=tuple(body["statuses"]),
        channels={
            code: Channel(code, one["zh"], one["en"], one["from"], one.get("to"))
            for code, one in body["channels"].items()
        },
        contact_terms=tuple(
            ContactTerm(frozenset(one["categories"]), int(one["months"]), one["from"])
            for one in body["contact_terms"]
        ),
        mandate_types=tuple(body["mandate_types"]),
        debit_failures={
            code: DebitFailure(one["zh"], one["en"], tuple(map(str, one["words"])))
            for code, one in body["debit_failures"].items()
        },
        campaign_items={
            code: CampaignItem(
                code, one["zh"], one["en"], tuple(one["types"]), one.get("check", "")
            )
            for code, one in body["campaign_items"].items()
        },
    )


def _check(called: str, what: str, used: Any, known: Any) -> None:
    if unknown := [one for one in sorted(used) if one not in known]:
        raise ConfigurationError(f"{called}: there is no {what} {', '.join(unknown)}")
