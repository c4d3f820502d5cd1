"""The words that role matrices are written in: ``rulebook/actions.yaml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.viewer import Permission


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a role may do; ``gives`` is empty while its feature is not built."""

    code: str
    zh: str
    en: str
    gives: frozenset[Permission] = frozenset()
    by_click: frozenset[Permission] = frozenset()
    by_approval: frozenset[Permission] = frozenset()
    """What an approval opens for one thing; less than ``gives`` where that is about many."""

    @property
    def is_built(self) -> bool:
        """Whether the program has the feature."""
        return bool(self.gives)


@dataclass(frozen=True, slots=True)
class Role:
    """A post of the company; nobody holds two of those that are separated."""

    code: str
    zh: str
    en: str
    is_separated: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """What a scope word or a condition is called, and means."""

    zh: str
    en: str
    about_zh: str
    about_en: str


@dataclass(frozen=True, slots=True)
class Words:
    """Every word that a matrix may use."""

    actions: Mapping[str, Action]
    roles: Mapping[str, Role]
    of_cells: Mapping[str, Word]
    """Scope words and conditions."""


@cache
def load_words() -> Words:
    """The words of ``rulebook/actions.yaml``.

    Raises:
        ConfigurationError: an action names a permission that does not exist.
    """
    body = rulebook.load("actions")
    try:
        actions = {code: _action(code, entry) for code, entry in body["actions"].items()}
    except ValueError as err:
        raise ConfigurationError(f"rulebook/actions.yaml: {err}") from err
    roles = {
        code: Role(code, entry["zh"], entry["en"], bool(entry.get("separated")))
        for code, entry in body["roles"].items()
    }
    labelled = {**body["scopes"], **body["conditions"]}
    return Words(actions, roles, {code: Word(**entry) for code, entry in labelled.items()})


def _action(code: str, entry: Mapping[str, Any]) -> Action:
    return Action(
        code,
        entry["zh"],
        entry["en"],
        frozenset(map(Permission, entry.get("gives", ()))),
        frozenset(map(Permission, entry.get("by_click", ()))),
        frozenset(map(Permission, entry.get("by_approval", entry.get("gives", ())))),
    )


def separated(words: Words, held: Iterable[str]) -> frozenset[str]:
    """Roles of which nobody may hold two, where somebody holds more than one (domain.md §5)."""
    found = frozenset(
        code for code in held if code in words.roles and words.roles[code].is_separated
    )
    return found if len(found) > 1 else frozenset()
