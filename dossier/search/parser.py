"""The text in the box as a tree; anything that is no syntax is searched as it stands.

Words are ANDed. ``"…"`` is a phrase, ``-word`` (or ``NOT word``) excludes, ``a OR b`` (also ``|``)
binds the two words beside it, ``field:value`` searches one field, ``( )`` group when they stand
alone. Nothing a person types raises an error: an open quote is no quote, an open bracket is a
separator, and a note says so (:mod:`dossier.search.notes`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from dossier.rules import identifiers
from dossier.rules.names import is_organisation
from dossier.rules.normal_form import HAN, fold_with_origins
from dossier.search.analysis import keyword
from dossier.search.glued import apart, beside
from dossier.search.notes import Note, note
from dossier.search.periods import PERIOD_FACETS, days_of_any_year, parse_period
from dossier.search.query import (
    And,
    Everything,
    FieldValue,
    Node,
    Not,
    Nowhere,
    Or,
    Phrase,
    Query,
    Word,
    positive_leaves,
)
from dossier.search.values import codes_of, is_type, labels_of
from dossier.search.vocabulary import field_of

# Bounds on the work of one query: a box takes a line, not a text (issue 4, bad input).
MAX_CHARACTERS = 1000
MAX_WORDS = 32
_MAX_NESTING = 8
_MOST_REMARKS = 8  # of one query; a pasted text would get one for each of its signs

_QUOTES = {'"': '"', "“": "”", "”": "”", "「": "」", "『": "』", "＂": "＂"}
_OPENING, _CLOSING = "(（", ")）"
_LABEL = re.compile(r"([^\s:：\"“”]{1,16})[:：]")
_ASCII_FIELD = re.compile(r"([A-Za-z_]{2,16}):(?=[^\s/:])")
_HAN_FIELD = re.compile(rf"([{HAN}]{{2,8}})[:：](?=[^\s/:：])")
# What may stand inside one word: dashes, dots, slashes and colons between letters or digits
# (0710-1234567, 3.5, 2026/11/22, 10:30), dashes behind a building (7号-3), # behind its number, the
# interpunct of names.
_PIECES = re.compile(
    r"(?:\w|[·•．‧・･]|(?<=[0-9A-Za-z])[-－—–‐‑‒―−./:](?=[0-9A-Za-z])"
    r"|(?<=[号栋幢座楼院层元门弄])[-－—–‐‑](?=[0-9A-Za-z])"
    r"|(?<=[0-9A-Za-z一二三四五六七八九十])[#＃]|[\u200b-\u200f\ufeff])+"
)
# 12,345.67 is an amount; with the comma of Chinese text and nothing else to tell, two numbers too.
_THOUSANDS = re.compile(
    r"(?<![0-9.,，])[0-9]{1,3}(?:[,，][0-9]{3})+(?P<cents>\.[0-9]{1,2})?(?![0-9.,，])"
)
_MONEY = re.compile(r"[￥¥$元圆]")
_JOINT = "\u200b"  # in place of a comma, while the piece is cut at signs
_WILDCARD = re.compile(r"[*?＊？](?=[*?＊？]*$)|(?<=\w)[*＊](?=\w)")
_OR = frozenset({"OR", "|", "||", "｜"})
_AND = frozenset({"AND", "&&", "+"})
_NOT = frozenset({"NOT", "!"})
_BARS = "|｜"
# Words between two others that mean the same, unless they stand among Latin words.
_SAID = {"or": "OR", "或": "OR", "或者": "OR", "and": "AND", "not": "NOT"}
# Numbers in groups of four digits, and groups that are as likely years.
_GROUP_DIGITS, _FEWEST_GROUPS = 4, 2
_FOURS = re.compile(r"\d{4}(?:[ \t\u3000]\d{4})+(?:[ \t\u3000]\d{1,3})?(?!\S)")
_YEAR = re.compile("(?:19|20)..")
# (0710)3234567, (+86) 138 1234 5678: other brackets group.
_AREA_CODE = re.compile(r"[(（](?:(?:\+|00)?86|0[0-9]{2,3})[)）]")
_BEHIND_AREA_CODE = re.compile(r"[(（]0[0-9]{2,3}[)）][ -]?[0-9]{3,4}[ -]?[0-9]{4}(?![0-9])")
# A text whose characters stand apart, copied from other people's OCR: 供 电 合 同.
_APART = re.compile(rf"(?<!\S)[{HAN}](?:[ \t\u3000]+[{HAN}](?!\S)){{2,}}")
# A date copied from a form: 2026 年 3 月 1 日.
_SPACED_DATE = re.compile(
    r"(?<!\d)\d{4}#年#\d{1,2}#月(?:#\d{1,2}#[日号])?".replace("#", r"[ \t\u3000]*")
)
_UNTIL = re.compile(r"\s+(?:至|到|\.{2,}|[-－—~～])\s+[^\s,，;；、]+")
# A dash behind a space excludes the next word: 3-2-501 -2-1 is no number typed in groups.
_EXCLUDING = re.compile(r"\s[-－]")
_DATED = frozenset({"date", *PERIOD_FACETS})
_CODED = frozenset({"status", "state", "category", "completeness"})
_DATE_CHUNK = re.compile(r"[^\s,，;；、]+")


@dataclass(frozen=True, slots=True)
class _Item:
    """A piece of the query: ``node`` for things to find, else an operator."""

    node: Node | None = None
    is_or: bool = False
    is_not: bool = False


@dataclass(slots=True)
class _Reading:
    """What has been read so far: remarks, and how many words may still come."""

    remarks: dict[Note, None] = field(default_factory=dict)
    words_left: int = MAX_WORDS
    as_typed: bool = False

    def remark(self, code: str, *values: object) -> None:
        if len(self.remarks) < _MOST_REMARKS:
            self.remarks[note(code, *values)] = None

    def taken(self, items: list[_Item]) -> list[_Item]:
        """The items, those beyond the limit of words left out."""
        kept: list[_Item] = []
        for item in items:
            if isinstance(item.node, Word | Phrase | FieldValue | Or):
                words = sum(1 for _ in positive_leaves(item.node))
                if self.words_left < words:
                    self.remark("too_many_words", MAX_WORDS)
                    continue
                self.words_left -= words
            kept.append(item)
        return kept


def parse(text: str, *, as_typed: bool = False) -> Query:
    """The query that ``text`` means. Never raises; odd input is noted (:attr:`Query.remarks`).

    Args:
        text: what was typed.
        as_typed: without what its words may also mean together or apart (:mod:`..glued`).
    """
    reading = _Reading(as_typed=as_typed)
    line = text
    if len(line) > MAX_CHARACTERS:
        reading.remark("too_long", MAX_CHARACTERS)
        line = line[:MAX_CHARACTERS]
    for written_apart in (_APART, _SPACED_DATE):
        line = written_apart.sub(lambda apart: "".join(apart[0].split()), line)
    if _closes_nothing(line):
        reading.remark("unbalanced_bracket")
    node = _tree(list(_items(line, reading)), reading)
    if isinstance(node, Everything) and line.strip():
        reading.remark("nothing_to_find")
        node = Nowhere()
    return Query(text, node if as_typed else apart(node), tuple(reading.remarks))


def _tree(items: list[_Item], reading: _Reading) -> Node:
    """AND of the items, those with OR between them joined first."""
    parts: list[Node] = []
    alternative = negative = False
    for item in items:
        if item.is_or:
            if alternative or not parts:
                reading.remark("misplaced_or")
            alternative = bool(parts)
        elif item.is_not:
            negative = True
        elif item.node is not None:
            node = Not(item.node) if negative else item.node
            parts.append(_either(parts.pop(), node) if alternative else node)
            alternative = negative = False
    if alternative:
        reading.remark("misplaced_or")
    return _all(parts if reading.as_typed else beside(parts))


def _all(parts: list[Node]) -> Node:
    if len(parts) > 1:
        return And(tuple(parts))
    return parts[0] if parts else Everything()


def _either(left: Node, right: Node) -> Node:
    return Or((*left.nodes, right)) if isinstance(left, Or) else Or((left, right))


def _items(line: str, reading: _Reading) -> Iterator[_Item]:
    position = 0
    while position < len(line):
        if line[position].isspace():
            position += 1
            continue
        number = _spaced_number(line, position)
        if number:
            yield from reading.taken([_Item(Word(line[slice(*number)]))])
            position = number[1]
            continue
        negative = line[position] in "-－" and _begins_word(line, position)
        start = position + negative
        position, found = _next(line, start, reading)
        for item in found:
            yield _Item(Not(item.node)) if negative and item.node else item


def _next(line: str, start: int, reading: _Reading) -> tuple[int, list[_Item]]:
    """The items that begin at ``start`` and where they end: a group, a quote, a field, a word."""
    if line[start] in _OPENING:
        return _group(line, start, reading)
    if line[start] in _QUOTES:
        return _quoted(line, start, reading)
    label = _LABEL.match(line, start)
    name = field_of(label[1]) if label else None
    if label and name:
        return _field_value(line, label, name, reading)
    if unknown := _ASCII_FIELD.match(line, start) or _HAN_FIELD.match(line, start):
        reading.remark("unknown_field", unknown[1])
    return _word(line, start, reading)


def _group(line: str, start: int, reading: _Reading) -> tuple[int, list[_Item]]:
    close = _closing(line, start)
    if close is None:
        reading.remark("unbalanced_bracket")
        return start + 1, []
    inner = list(_items(line[start + 1 : close], reading))
    node = _tree(inner, reading) if inner else Everything()
    if isinstance(node, Word):
        node = And((node,))  # a word in brackets is one thing with nothing that stands beside them
    return close + 1, [] if isinstance(node, Everything) else [_Item(node)]


def _quoted(line: str, start: int, reading: _Reading) -> tuple[int, list[_Item]]:
    close = line.find(_QUOTES[line[start]], start + 1)
    if close < 0:
        # An open quote: its words are searched as words.
        reading.remark("unbalanced_quote")
        return start + 1, []
    phrase = line[start + 1 : close].strip()
    found = [_Item(Phrase(phrase))] if keyword(phrase) else []
    return close + 1, reading.taken(found)


def _field_value(
    line: str, label: re.Match[str], name: str, reading: _Reading
) -> tuple[int, list[_Item]]:
    """``field:value``, the value a word or a quote; a label with nothing behind is a word."""
    start = label.end()
    while start < len(line) and line[start] == " ":
        start += 1
    if start >= len(line) or line[start] in _OPENING + _CLOSING:
        reading.remark("empty_field", label[1])
        return label.end(), reading.taken([_Item(Word(label[1]))])
    if name in _DATED:
        return _dated(line, start, label, name, reading)
    number = _spaced_number(line, start)
    if number:
        value = FieldValue(name, line[slice(*number)], label[1])
        return number[1], reading.taken([_Item(value)])
    if name == "file" and line[start] not in _QUOTES:
        return _file_name(line, start, label, reading)
    read = _quoted if line[start] in _QUOTES else _word
    end, values = read(line, start, reading)
    nodes = [item.node for item in values]
    first = nodes[0] if nodes else Word(label[1])
    if not isinstance(first, Word | Phrase):
        return end, values
    rest = [_Item(node) for node in nodes[1:]]
    return end, [_Item(_known(FieldValue(name, first.text, label[1]), reading)), *rest]


def _file_name(
    line: str, start: int, label: re.Match[str], reading: _Reading
) -> tuple[int, list[_Item]]:
    """All up to the next space: dots, brackets and dashes are parts of a file's name."""
    end = _chunk_end(line, start)
    found = FieldValue("file", line[start:end], label[1])
    return end, reading.taken([_Item(found)] if keyword(found.value) else [])


def _known(value: FieldValue, reading: _Reading) -> FieldValue:
    """The value in the field that knows it; what no field knows is remarked on."""
    shown = value.value[:_LONGEST_SHOWN]
    if value.field == "type" and not is_type(value.value):
        reading.remark("unknown_type", shown)
    if value.field == "missing" and not codes_of(value.field, value.value):
        reading.remark("unknown_type", shown)
    if value.field in _CODED and not codes_of(value.field, value.value):
        if value.field == "status" and codes_of("state", value.value):
            return replace(value, field="state")  # 状态 is said of papers too
        reading.remark("unknown_value", value.label, shown, labels_of(value.field))
    return value


def _dated(
    line: str, start: int, label: re.Match[str], name: str, reading: _Reading
) -> tuple[int, list[_Item]]:
    """``date:2026-03..2026-05``; what is no date finds nothing, and the note says how to write."""
    quote = _QUOTES.get(line[start])
    close = line.find(quote, start + 1) if quote else -1
    unquoted = _DATE_CHUNK.match(line, start)
    end = close + 1 if close > 0 else unquoted.end() if unquoted else start + 1
    until = _UNTIL.match(line, end)
    if until and parse_period("".join(line[start : until.end()].split())):
        end = until.end()
    value = line[start:end].strip('"“”「」『』＂')
    if parse_period(value) is None and (name == "year" or not days_of_any_year(value)):
        reading.remark("bad_date", value[:_LONGEST_SHOWN])
    elif name != "date" and not PERIOD_FACETS[name](value):
        name = "date"  # a span of years, or a day: no value of the month's or the year's facet
    return end, reading.taken([_Item(FieldValue(name, value, label[1]))])


_LONGEST_SHOWN = 40  # characters of a wrong value that a note repeats


def _word(line: str, start: int, reading: _Reading) -> tuple[int, list[_Item]]:
    """The text up to the next space or quote, cut at punctuation into words."""
    end = _chunk_end(line, start)
    chunk = line[start:end]
    chunk = _operator(chunk, line[:start], line[end:])
    if chunk in _OR:
        return end, [_Item(is_or=True)]
    if chunk in _AND:
        return end, []
    if chunk in _NOT:
        return end, [_Item(is_not=True)]
    if _WILDCARD.search(chunk):
        reading.remark("wildcard")
    # The brackets of 宏泰机械（集团）有限公司 belong to the name; those of 黄超（本人） do not.
    whole = any(sign in _OPENING for sign in chunk[1:]) and is_organisation(chunk)
    whole = whole or parse_period(chunk) is not None
    nodes = [Word(chunk)] if whole else _nodes(chunk)
    return max(end, start + 1), reading.taken([_Item(node) for node in nodes])


def _chunk_end(line: str, start: int) -> int:
    """Where the next space, quote or bar stands, or the line ends; bars are a word of their own."""
    end, bars = start, line[start] in _BARS
    while end < len(line) and not line[end].isspace() and line[end] not in _QUOTES:
        if (line[end] in _BARS) is not bars:
            break
        end += 1
    return end


def _operator(chunk: str, before: str, after: str) -> str:
    """The operator that a word is between two others (张三 或 李四); else the word itself."""
    said = _SAID.get(chunk.lower())
    sides = (before.split()[-1:], after.split()[:1])
    if said is None or not all(sides) or any(each[0].isascii() for each in sides):
        return chunk
    return said


def _nodes(chunk: str) -> list[Node]:
    """The words of a piece of the query; an amount with thousands (12,345.67) is one of them."""
    apart: list[Node] = [Word(piece) for piece in _pieces(chunk)]
    amounts = list(_THOUSANDS.finditer(chunk))
    if not amounts:
        return apart
    joined = _THOUSANDS.sub(lambda amount: re.sub("[,，]", _JOINT, amount[0]), chunk)
    together: list[Node] = [Word(piece.replace(_JOINT, ",")) for piece in _pieces(joined)]
    sure = _MONEY.search(chunk) or all(each["cents"] or "," in each[0] for each in amounts)
    return together if sure else [Or((_all(apart), _all(together)))]


def _pieces(chunk: str) -> list[str]:
    pieces = (match[0].strip("·•．‧・･_") for match in _PIECES.finditer(chunk))
    return [piece for piece in pieces if keyword(piece)]


def _begins_word(line: str, position: int) -> bool:
    """Whether a dash here excludes: at a word's beginning, with something to exclude behind it."""
    before = line[position - 1] if position else " "
    after = line[position + 1] if position + 1 < len(line) else " "
    return (before.isspace() or before in _OPENING) and not after.isspace() and after not in "-－"


def _in_fours(line: str, start: int) -> tuple[int, int] | None:
    """Where a number stands that is grouped as our own pages show it (``5200 0000 17``).

    Two groups must be whole, and years (``2019 2020``) are words of their own.
    """
    found = _FOURS.match(line, start)
    if not found:
        return None
    groups = found[0].split()
    whole = [group for group in groups if len(group) == _GROUP_DIGITS]
    if len(whole) < _FEWEST_GROUPS or all(_YEAR.fullmatch(group) for group in whole):
        return None
    return found.span()


def _spaced_number(line: str, start: int) -> tuple[int, int] | None:
    """Where a number typed in groups (``138 1234 5678``) stands, if one begins at ``start``.

    A country code before it is left out: papers hardly ever have it.
    """
    if fours := _in_fours(line, start):
        return fours
    if landline := _BEHIND_AREA_CODE.match(line, start):
        return landline.span()
    if not (line[start].isdecimal() or line[start] == "+" or _AREA_CODE.match(line, start)):
        return None
    form = fold_with_origins(line[start:])
    for number in identifiers.find_numbers(form.text):
        begin, end = form.span(number.start, number.end)
        lead = form.text[: number.start].strip(" +()-")
        if lead not in ("", "86", "0086") or begin > len("+0086 ("):
            return None
        if _EXCLUDING.search(line, start + begin, start + end):
            return None
        return (start + begin if lead else start), start + end
    return None


def _closes_nothing(line: str) -> bool:
    """Whether a closing bracket has no partner before it; those in quotes are text."""
    depth, quote = 0, ""
    for position, sign in enumerate(line):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in _QUOTES and line.find(_QUOTES[sign], position + 1) > 0:
            quote = _QUOTES[sign]
        elif sign in _CLOSING and depth == 0:
            return True
        else:
            depth += (sign in _OPENING) - (sign in _CLOSING)
    return False


def _closing(line: str, start: int) -> int | None:
    """The bracket that closes the group at ``start``; None when none does."""
    depth = 0
    for position in range(start, len(line)):
        depth += (line[position] in _OPENING) - (line[position] in _CLOSING)
        if depth == 0:
            return position
        if depth > _MAX_NESTING:
            return None
    return None
