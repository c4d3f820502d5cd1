"""How long something is lent, and who approves it: ``rulebook/lending.yaml`` (domain.md §6.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.rules.loan_states import LoanKind
from dossier.rules.role_words import Words, load_words

FILE = "lending"
CATEGORIES = frozenset({"LR", "LN", "HV", "IM", "PV"})
"""Of customers, as the register has them."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How a paper looks when it changes hands."""

    code: str
    zh: str
    en: str
    fault: bool = False


@dataclass(frozen=True, slots=True)
class PassedPlace:
    """A place that papers pass, which is no box and no slot."""

    code: str
    zh: str
    en: str
    in_room: bool = True


@dataclass(frozen=True, slots=True)
class PaperRules:
    """Of paper originals.

    Attributes:
        terms_days: terms from the hand-out; the first is the usual one.
        shorter: categories that are out for ``shorter_days`` at most.
        shorter_days: see there.
        renewals: how often a borrower extends one.
        collect_within_days: how long a paper lies ready.
        most_things: papers in one request.
        most_open: requests and loans of one person at a time.
        not_for: roles that borrow electronic copies only.
        approvers: codes of the roles that approve, by category.
        conditions: how a paper may look.
    """

    terms_days: tuple[int, ...]
    shorter: frozenset[str]
    shorter_days: int
    renewals: int
    collect_within_days: int
    most_things: int
    most_open: int
    not_for: frozenset[str]
    approvers: Mapping[str, frozenset[str]]
    conditions: tuple[Condition, ...]

    def longest(self, category: str) -> int:
        """Days that a paper of this category is out at most."""
        longest = max(self.terms_days)
        return min(longest, self.shorter_days) if category in self.shorter else longest

    def condition(self, code: str) -> Condition | None:
        """The condition of this code."""
        return next((one for one in self.conditions if one.code == code), None)


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
        paper: of paper originals.
        receiving: code of the place where papers lie that nobody brought.
        desk: where papers are handed out and taken back.
        reading_room: where they are read on the site.
        outside: where papers are that were handed over to an archive of another house.
        places: these, by their codes.
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
    paper: PaperRules
    receiving: str
    desk: str
    reading_room: str
    outside: str
    places: Mapping[str, PassedPlace]

    def by(self, categories: Iterable[str], kind: LoanKind) -> frozenset[str]:
        """Who approves a loan of papers of these categories: roles that may for each of them."""
        of_kind = self.paper.approvers if kind is LoanKind.PAPER else self.approvers
        found = [of_kind.get(one, frozenset()) for one in categories]
        return frozenset.intersection(*found) if found else frozenset()

    @property
    def outside_places(self) -> frozenset[str]:
        """Places where a paper is not in the archive room yet."""
        return frozenset(code for code, one in self.places.items() if not one.in_room)

    def place_name(self, code: str, language: str) -> str:
        """What a place is called; a box or slot by its code."""
        if (known := self.places.get(code)) is None:
            return code
        return known.en if language == "en" else known.zh


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
            paper=_paper(body["paper"]),
            receiving=str(body["custody"]["receiving"]),
            desk=str(body["custody"]["desk"]),
            reading_room=str(body["custody"]["reading_room"]),
            outside=str(body["custody"]["outside"]),
            places={one["code"]: PassedPlace(**one) for one in body["custody"]["places"]},
        )
    except (KeyError, TypeError, ValueError) as err:
        raise _wrong(f"{type(err).__name__}: {err}") from err
    _check(rules, words)
    return rules


def _paper(body: Mapping[str, Any]) -> PaperRules:
    return PaperRules(
        terms_days=tuple(map(int, body["terms_days"])),
        shorter=frozenset(body["shorter"]["categories"]),
        shorter_days=int(body["shorter"]["days"]),
        renewals=int(body["renewals"]),
        collect_within_days=int(body["collect_within_days"]),
        most_things=int(body["most_things"]),
        most_open=int(body["most_open"]),
        not_for=frozenset(body["not_for"]["roles"]),
        approvers=_approvers(body["approvers"]),
        conditions=tuple(Condition(**one) for one in body["conditions"]),
    )


def _approvers(lines: Iterable[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in lines:
        for category in line["categories"]:
            found.setdefault(str(category), frozenset(line["by"]))
    return found


def _check(rules: LendingRules, words: Words) -> None:
    paper = rules.paper
    numbers = (
        rules.lapses_after_days, rules.most_open, rules.most_things, *rules.terms_hours,
        *paper.terms_days, paper.shorter_days, paper.collect_within_days, paper.most_things,
        paper.most_open,
    )  # fmt: skip
    if not rules.terms_hours or not paper.terms_days or min(numbers) <= 0:
        raise _wrong("terms and what is counted are above zero")
    if min(rules.renewals, paper.renewals) < 0:
        raise _wrong("renewals are not below zero")
    for code in (rules.receiving, rules.desk, rules.reading_room, rules.outside):
        if code not in rules.places:
            raise _wrong(f"unknown place '{code}'; it stands under custody.places")
    if unknown := sorted(paper.not_for - words.roles.keys()):
        raise _wrong(f"unknown role '{unknown[0]}'; the known ones are in rulebook/actions.yaml")
    _check_categories(rules.at_once | paper.shorter)
    for approvers in (rules.approvers, paper.approvers):
        _check_approvers(approvers, words)


def _check_categories(named: Iterable[str]) -> None:
    if unknown := sorted(frozenset(named) - CATEGORIES):
        raise _wrong(f"unknown category '{unknown[0]}'; the known ones are in categories.yaml")


def _check_approvers(approvers: Mapping[str, frozenset[str]], words: Words) -> None:
    _check_categories(approvers)
    if missing := sorted(CATEGORIES - approvers.keys()):
        raise _wrong(f"nobody approves loans of category '{missing[0]}'")
    for role in sorted(frozenset().union(*approvers.values())):
        if role not in words.roles:
            raise _wrong(f"unknown role '{role}'; the known ones are in rulebook/actions.yaml")
        if words.roles[role].is_separated:
            raise _wrong(f"{role} is separated and cannot approve loans")


def _wrong(reason: str) -> ConfigurationError:
    return ConfigurationError(f"rulebook/{FILE}.yaml: {reason}")
