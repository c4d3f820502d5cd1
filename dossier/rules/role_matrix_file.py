"""Reads a role matrix and refuses what it does not know, by file, line and reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import yaml

from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.rules.role_matrix import Cell, Condition, Matrix, ScopeWord, Way
from dossier.rules.role_words import Words

_ENTRY_KEYS = frozenset({"may", "from", "to", "source", "note"})
_FILE_KEYS = frozenset(
    {"name", "effective_from", "effective_to", "source", "confidence", "matrix", "note"}
)


@dataclass(frozen=True, slots=True)
class _At:
    """A place in a file, for what is said of it."""

    file: str
    line: int

    def wrong(self, reason: str) -> ConfigurationError:
        return ConfigurationError(f"{self.file}, line {self.line}: {reason}")


def read_matrix(text: str, file: str, words: Words) -> Matrix:
    """The matrix of a rule file.

    Args:
        text: YAML.
        file: what it is called in messages.
        words: all that it may use.

    Raises:
        ConfigurationError: names file, line and reason.
    """
    root = _composed(text, file)
    head = _head(root, file)
    since, until = head["effective_from"], _after(head.get("effective_to"))
    if until is not None and until <= since:
        raise _At(file, 1).wrong("effective_to lies before effective_from")
    cells = tuple(_cells(_matrix_node(root, file), _Reader(file, words, since, head["source"])))
    _check_overlaps(cells, file)
    return Matrix(file, since, until, str(head["source"]), cells, words)


def _composed(text: str, file: str) -> yaml.MappingNode:
    root = rulebook.composed(text, file)
    if not isinstance(root, yaml.MappingNode):
        raise _At(file, 1).wrong("a rule file is a mapping")
    return root


def _head(root: yaml.MappingNode, file: str) -> dict[str, Any]:
    """What the file says of itself."""
    head: dict[str, Any] = {}
    for key, value in _pairs(root, file):
        if key.value not in _FILE_KEYS:
            raise _at(file, key).wrong(f"unknown entry '{key.value}'")
        if key.value != "matrix":
            head[key.value] = rulebook.plain(value, file)
    missing = [key for key in rulebook.REQUIRED if not head.get(key)]
    if missing:
        raise _At(file, 1).wrong(f"lacks {', '.join(missing)}")
    for name in ("effective_from", "effective_to"):
        if name in head and type(head[name]) is not date:
            raise _At(file, 1).wrong(f"{name} must be a date")
    return head


def _matrix_node(root: yaml.MappingNode, file: str) -> yaml.MappingNode:
    found = [value for key, value in root.value if key.value == "matrix"]
    if not found or not isinstance(found[0], yaml.MappingNode):
        raise _At(file, 1).wrong("lacks the matrix")
    if not found[0].value:
        raise _at(file, found[0]).wrong("the matrix is empty: from its day on nobody may anything")
    return found[0]


@dataclass(frozen=True, slots=True)
class _Reader:
    """What cells are read with."""

    file: str
    words: Words
    since: date
    source: str


def _cells(matrix: yaml.MappingNode, reader: _Reader) -> Iterator[Cell]:
    for action, row in _pairs(matrix, reader.file):
        if action.value not in reader.words.actions:
            raise _at(reader.file, action).wrong(_unknown("action", action.value))
        for role, entry in _pairs(row, reader.file):
            if role.value not in reader.words.roles:
                raise _at(reader.file, role).wrong(_unknown("role", role.value))
            for part in entry.value if isinstance(entry, yaml.SequenceNode) else [entry]:
                yield _cell(action.value, role.value, part, reader)


def _cell(action: str, role: str, node: yaml.Node, reader: _Reader) -> Cell:
    at = _at(reader.file, node)
    if isinstance(node, yaml.ScalarNode):
        entry: dict[str, Any] = {"may": node.value}
    else:
        entry = {
            key.value: rulebook.plain(value, reader.file)
            for key, value in _pairs(node, reader.file)
        }
    odd = sorted(set(entry) - _ENTRY_KEYS)
    if odd or "may" not in entry:
        raise at.wrong(f"unknown entry '{odd[0]}'" if odd else "lacks 'may'")
    since, until = entry.get("from", reader.since), _after(_day(entry, "to", at))
    _day(entry, "from", at)
    if until is not None and until <= since:
        raise at.wrong("'to' lies before 'from'")
    return Cell(
        action=action,
        role=role,
        ways=tuple(_ways(str(entry["may"]), at)),
        since=since,
        until=until,
        source=str(entry.get("source", reader.source)),
        note=str(entry.get("note", "")),
        line=at.line,
    )


def _ways(text: str, at: _At) -> Iterator[Way]:
    for part in text.split("|"):
        scope, *conditions = part.split() or [""]
        if scope not in frozenset(ScopeWord):
            raise at.wrong(_unknown("scope word", scope))
        for word in conditions:
            if word not in frozenset(Condition):
                raise at.wrong(_unknown("condition", word))
        yield Way(ScopeWord(scope), frozenset(map(Condition, conditions)))


def _check_overlaps(cells: Iterable[Cell], file: str) -> None:
    known: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        others = known.setdefault((cell.action, cell.role), [])
        for other in others:
            ends_before = other.until is not None and other.until <= cell.since
            begins_after = cell.until is not None and cell.until <= other.since
            if not (ends_before or begins_after):
                raise _At(file, cell.line).wrong(
                    f"{cell.role} has two entries for {cell.action} on the same days "
                    f"(the other stands in line {other.line})"
                )
        others.append(cell)


def _pairs(node: yaml.Node, file: str) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    """The entries of a mapping, each key once."""
    if not isinstance(node, yaml.MappingNode):
        raise _at(file, node).wrong("a mapping is expected here")
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value in seen:
            raise _at(file, key).wrong(f"'{getattr(key, 'value', '')}' stands here twice")
        seen.add(key.value)
    return list(node.value)


def _day(entry: Mapping[str, Any], name: str, at: _At) -> date | None:
    value = entry.get(name)
    if value is not None and type(value) is not date:
        raise at.wrong(f"'{name}' must be a date")
    return value


def _after(last: date | None) -> date | None:
    return None if last is None or last == date.max else last + timedelta(days=1)


def _at(file: str, node: yaml.Node) -> _At:
    return _At(file, node.start_mark.line + 1)


def _unknown(kind: str, word: str) -> str:
    return f"unknown {kind} '{word}'; the known ones are in rulebook/actions.yaml"
