"""The text in the box as a tree; anything that is no syntax is searched as it stands.

Words are ANDed. ``"…"`` is a phrase, ``-word`` excludes, ``a OR b`` (also ``|``) binds the two
words beside it, ``field:value`` searches one field, ``( )`` group when they stand alone. Nothing a
person types raises an error: an open quote is no quote, an open bracket is a separator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dossier.rules import identifiers
from dossier.rules.normal_form import fold_with_origins
from dossier.search.query import And, Everything, FieldValue, Node, Not, Or, Phrase, Query, Word
from dossier.search.vocabulary import field_of

# Bounds on the work of one query: a box takes a line, not a text (issue 4, bad input).
MAX_CHARACTERS = 1000
MAX_WORDS = 32
_MAX_NESTING = 8

_QUOTES = {'"': '"', "“": "”", "”": "”", "「": "」", "『": "』", "＂": "＂"}
_ITEM = re.compile(r"\s+|[(（]|[)）]|[^\s]+")
_LABEL = re.compile(r"([^\s:：\"“”]{1,16})[:：]")
# What may stand inside one word: dashes, dots, slashes and colons between letters or digits
# (0710-1234567, 3.5, 2026/11/22, 10:30), the interpunct of names.
_PIECES = re.compile(
    r"(?:\w|[·•．‧・･]|(?<=[0-9A-Za-z])[-./:](?=[0-9A-Za-z])|[\u200b-\u200f\ufeff])+"
)


@dataclass(frozen=True, slots=True)
class _Item:
    """A piece of the query: ``node`` for things to find, else an operator."""

    node: Node | None = None
    is_or: bool = False


def parse(text: str) -> Query:
    """The query that ``text`` means. Never raises; odd input is noted (:attr:`Query.notes`)."""
    notes: list[str] = []
    line = text
    if len(line) > MAX_CHARACTERS:
        notes.append("too_long")
        line = line[:MAX_CHARACTERS]
    items = list(_items(line, notes))
    if sum(item.node is not None for item in items) > MAX_WORDS:
        notes.append("too_many_words")
        items = items[:MAX_WORDS]
    node = _tree(items)
    if isinstance(node, Everything) and line.strip():
        notes.append("nothing_to_find")
    return Query(text, node, tuple(dict.fromkeys(notes)))


def _tree(items: list[_Item]) -> Node:
    """AND of the items, those with OR between them joined first."""
    parts: list[Node] = []
    alternative = False
    for item in items:
        if item.is_or:
            alternative = bool(parts)
        elif item.node is not None:
            if alternative:
                parts.append(_either(parts.pop(), item.node))
            else:
                parts.append(item.node)
            alternative = False
    if len(parts) > 1:
        return And(tuple(parts))
    return parts[0] if parts else Everything()


def _either(left: Node, right: Node) -> Node:
    return Or((*left.nodes, right)) if isinstance(left, Or) else Or((left, right))


def _items(line: str, notes: list[str]) -> Iterator[_Item]:
    position = 0
    while position < len(line):
        if line[position].isspace():
            position += 1
            continue
        number = _spaced_number(line, position)
        if number:
            yield _Item(Word(line[slice(*number)]))
            position = number[1]
            continue
        negative = line[position] == "-" and _begins_word(line, position)
        start = position + negative
        position, found = _next(line, start, notes)
        for item in found:
            yield _Item(Not(item.node)) if negative and item.node else item


def _next(line: str, start: int, notes: list[str]) -> tuple[int, list[_Item]]:
    """The items that begin at ``start`` and where they end: a group, a quote, a field, a word."""
    if line[start] in "(（":
        close = _closing(line, start)
        if close:
            inner = list(_items(line[start + 1 : close], notes))
            return close + 1, [_Item(_tree(inner))] if inner else []
        return start + 1, []
    if line[start] in _QUOTES:
        return _quoted(line, start, notes)
    label = _LABEL.match(line, start)
    field = field_of(label[1]) if label else None
    if label and field:
        return _field_value(line, label, field, notes)
    return _word(line, start)


def _quoted(line: str, start: int, notes: list[str]) -> tuple[int, list[_Item]]:
    close = line.find(_QUOTES[line[start]], start + 1)
    if close < 0:
        # An open quote: its words are searched as words.
        notes.append("unbalanced_quote")
        return start + 1, []
    phrase = line[start + 1 : close].strip()
    return close + 1, [_Item(Phrase(phrase))] if phrase else []


def _field_value(
    line: str, label: re.Match[str], field: str, notes: list[str]
) -> tuple[int, list[_Item]]:
    """``field:value``, the value a word or a quote; a label with nothing behind is a word."""
    start = label.end()
    while start < len(line) and line[start] == " ":
        start += 1
    if start >= len(line) or line[start] in "()（）":
        return label.end(), [_Item(Word(label[1]))]
    number = _spaced_number(line, start)
    if number:
        return number[1], [_Item(FieldValue(field, line[slice(*number)], label[1]))]
    end, values = _quoted(line, start, notes) if line[start] in _QUOTES else _word(line, start)
    nodes = [item.node for item in values]
    first = nodes[0] if nodes else Word(label[1])
    if not isinstance(first, Word | Phrase):
        return end, values
    rest = [_Item(node) for node in nodes[1:]]
    return end, [_Item(FieldValue(field, first.text, label[1])), *rest]


def _word(line: str, start: int) -> tuple[int, list[_Item]]:
    """The text up to the next space or quote, cut at punctuation into words."""
    end = start
    while end < len(line) and not line[end].isspace() and line[end] not in _QUOTES:
        end += 1
    chunk = line[start:end]
    if chunk in ("OR", "|", "||"):
        return end, [_Item(is_or=True)]
    return max(end, start + 1), [_Item(Word(piece)) for piece in _pieces(chunk)]


def _pieces(chunk: str) -> list[str]:
    pieces = (match[0].strip("·•．‧・･_") for match in _PIECES.finditer(chunk))
    return [piece for piece in pieces if piece]


def _begins_word(line: str, position: int) -> bool:
    """Whether a dash here excludes: at a word's beginning, with something to exclude behind it."""
    before = line[position - 1] if position else " "
    after = line[position + 1] if position + 1 < len(line) else " "
    return (before.isspace() or before in "(（") and not after.isspace() and after != "-"


def _spaced_number(line: str, start: int) -> tuple[int, int] | None:
    """Where a number typed in groups (``138 1234 5678``) stands, if one begins at ``start``.

    A country code before it is left out: papers hardly ever have it.
    """
    if not (line[start].isdecimal() or line[start] in "+(（"):
        return None
    form = fold_with_origins(line[start:])
    for number in identifiers.find_numbers(form.text):
        begin, end = form.span(number.start, number.end)
        lead = form.text[: number.start].strip(" +(-")
        if lead not in ("", "86", "0086") or begin > len("+0086 ("):
            return None
        return (start + begin if lead else start), start + end
    return None


def _closing(line: str, start: int) -> int | None:
    """The bracket that closes the group at ``start``; None when none does."""
    depth = 0
    for position in range(start, len(line)):
        depth += (line[position] in "(（") - (line[position] in ")）")
        if depth == 0:
            return position
        if depth > _MAX_NESTING:
            return None
    return None
