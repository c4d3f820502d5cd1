"""Names of places that an archive adds to those of the built-in rules: its own region.

They stand in ``DOSSIER_HOME/rulebook/organisation_names.yaml`` and are read once, at the start of a
process, before any name is looked at: index, queries and masks then know the same places.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from functools import lru_cache

from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.rules.normal_form import HAN, fold

RULES = "organisation_names"
_KEYS = frozenset({*rulebook.REQUIRED, "confidence", "region"})
_PLACE = re.compile(f"[{HAN}]{{2,7}}")
_OTHER_LISTS = ("legal_forms", "loose_endings", "shop_trades")
_added: list[str] = []
DIGEST_HEX = 16


def added() -> tuple[str, ...]:
    """The places that this archive adds, folded."""
    return tuple(_added)


def digest() -> str:
    """Names the added places; empty without any, so that such an archive's index stays as it is."""
    return _digest(added()) if _added else ""


@lru_cache(maxsize=2)
def _digest(places: tuple[str, ...]) -> str:
    return hashlib.sha256(" ".join(places).encode()).hexdigest()[:DIGEST_HEX]


def use(places: tuple[str, ...]) -> None:
    """Let the whole process know these places; once, at its start."""
    _added[:] = places


def read(body: str, name: str, *, at: date) -> tuple[str, ...]:
    """The places of a file, folded, each once; none before the day on which it takes effect.

    Args:
        body: the file's text.
        name: what messages call it.
        at: today.

    Raises:
        ConfigurationError: not a rule file, a key that there is not, or a word that is no place's
            bare name; says which.
    """
    found = rulebook.parse(body, RULES, called=name)
    if found["name"] != RULES:
        raise ConfigurationError(f"{name}: name must be {RULES}")
    if unknown := sorted(set(map(str, found)) - _KEYS):
        raise ConfigurationError(f"{name}: {', '.join(unknown)} cannot be set here, only region")
    words = str(found.get("region") or "").split()
    if not words:
        raise ConfigurationError(f"{name}: region names no place; write bare names with spaces")
    for word in words:
        _check(word, name)
    return tuple(sorted(dict.fromkeys(map(fold, words)))) if found["effective_from"] <= at else ()


def _check(word: str, name: str) -> None:
    built_in = rulebook.load(RULES)
    taken = {fold(each) for other in _OTHER_LISTS for each in built_in[other].split()}
    if not _PLACE.fullmatch(word):
        raise ConfigurationError(f"{name}: {word!r} is no bare name of 2 to 7 Han characters")
    if fold(word) in taken:
        raise ConfigurationError(f"{name}: {word!r} is a legal form, an ending or a trade")
