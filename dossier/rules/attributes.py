"""What is known of a customer besides the register's columns: ``rulebook/attributes.yaml`` (S0-17).

Pure. A further attribute is a row of that file: the customer file, the API, the pages, and the
search's facets and filters follow it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.rules.normal_form import fold

FILE = "attributes"
LONGEST_NAME = LONGEST_CODE = 30
"""Characters of a name and of a code that the records hold."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SPLIT = re.compile(r"[;；、\n]")


class UnknownValueError(ValueError):
    """A value that the attribute does not have, or several where it has one."""


@dataclass(frozen=True)
class Attribute:
    """A row of the rule file.

    Attributes:
        name: a stable code.
        headings: what files call its column, besides the name.
        many: a customer may have several of its values.
        values: code → what it is called in Chinese and English.
        words: what files say → code.
    """

    name: str
    zh: str
    en: str
    headings: tuple[str, ...]
    many: bool
    values: Mapping[str, tuple[str, str]]
    words: Mapping[str, str]

    def read(self, text: str) -> tuple[str, ...]:
        """The codes of what a cell says, in the order of the rule file; none for an empty one.

        Raises:
            UnknownValueError: a word that is none, or several where there may be one.
        """
        parts = _SPLIT.split(text) if self.many else [text]
        return self.checked([self._code(part) for part in parts if part.strip()])

    def checked(self, codes: Iterable[str]) -> tuple[str, ...]:
        """These codes in the order of the rule file, each once.

        Raises:
            UnknownValueError: one that there is not, or several where there may be one.
        """
        given = set(codes)
        found = tuple(code for code in self.values if code in given)
        if len(found) < len(given) or (len(found) > 1 and not self.many):
            raise UnknownValueError(self.name)
        return found

    def label(self, code: str, *, chinese: bool) -> str:
        """What a code is called; one that the file lost is shown as it is."""
        return self.values.get(code, (code, code))[not chinese]

    @cached_property
    def choices_zh(self) -> str:
        """The values that there are, for a clerk."""
        return "、".join(zh for zh, _ in self.values.values())

    def _code(self, word: str) -> str:
        return self.words.get(_plain(word), "")


@cache
def catalogue() -> Mapping[str, Attribute]:
    """All attributes by name.

    Raises:
        ConfigurationError: a name or code that cannot be one, or a word of two values.
    """
    rows = rulebook.load(FILE)["attributes"]
    return {name: _attribute(name, row) for name, row in rows.items()}


def _attribute(name: str, row: Mapping[str, Any]) -> Attribute:
    words: dict[str, str] = {}
    for code, value in row["values"].items():
        if not isinstance(code, str) or len(code) > LONGEST_CODE:
            raise ConfigurationError(f"rulebook/{FILE}.yaml: {name}: {code!r} is no code")
        for word in (code, value["label_zh"], value["label_en"], *value["words"]):
            if words.setdefault(_plain(word), code) != code:
                raise ConfigurationError(f"rulebook/{FILE}.yaml: {name}: {word} says two values")
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ConfigurationError(f"rulebook/{FILE}.yaml: {name!r} is no name")
    return Attribute(
        name=name,
        zh=row["label_zh"],
        en=row["label_en"],
        headings=tuple(row["headings"]),
        many=row["many"],
        values={code: (each["label_zh"], each["label_en"]) for code, each in row["values"].items()},
        words=words,
    )


def _plain(word: str) -> str:
    return "".join(fold(word).split())
