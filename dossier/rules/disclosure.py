"""Numbers and reasons of showing masked values: rulebook/disclosure.yaml as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from dossier.rules.rulebook import load_rulebook


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody may ask to see a masked value; ``needs_note``: free text is demanded."""

    code: str
    zh: str
    en: str
    needs_note: bool


@dataclass(frozen=True, slots=True)
class DisclosureRules:
    """What rulebook/disclosure.yaml says.

    Attributes:
        minutes: how long values stay open, unless a setting says otherwise.
        note_characters: most characters of the free text.
        reasons: by code, in the order of the list.
        check_digits: how many last places a caller says.
        check_tries: tries of one user for one customer in ``check_window``.
        check_window: see there.
    """

    minutes: float
    note_characters: int
    reasons: Mapping[str, Reason]
    check_digits: int
    check_tries: int
    check_window: timedelta


@cache
def disclosure_rules() -> DisclosureRules:
    """The rules in force."""
    body = load_rulebook("disclosure")
    noted = frozenset(body["reasons_with_note"])
    return DisclosureRules(
        minutes=body["open"]["minutes"],
        note_characters=body["open"]["note_characters"],
        reasons={
            code: Reason(code, words["zh"], words["en"], code in noted)
            for code, words in body["reasons"].items()
        },
        check_digits=body["check"]["digits"],
        check_tries=body["check"]["tries"],
        check_window=timedelta(minutes=body["check"]["minutes"]),
    )
