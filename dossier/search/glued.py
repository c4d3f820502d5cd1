"""Words that people write together, or apart, otherwise than papers do.

``张三的合同`` is a name and a kind of papers, as ``合同张三`` is, ``户号4200000001`` a label and
a number, ``张三13812345678`` a name and a number, ``345 6789`` one number. What was typed is looked
for as it stands as well: each of these only adds a way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby

from dossier.rules import identifiers
from dossier.rules.normal_form import HAN, fold
from dossier.search.analysis import keyword
from dossier.search.periods import PERIOD_FACETS, named_period, parse_period
from dossier.search.query import And, FieldValue, Node, Not, Or, Word
from dossier.search.values import ends_type_name, is_type
from dossier.search.vocabulary import NUMBERED, field_of

FEWEST = 2
"""Characters of a name, and of a kind's name, that stand beside each other."""
_LONGEST_LABEL = 8
_OF = "的"
_LONGEST_TYPE = 16
_MOST_SYLLABLES = 6  # of a name typed with spaces; more Latin words are a text
_FEWEST_DIGITS, _MOST_DIGITS = 7, 22  # of a number typed in groups: a phone's, a meter's
_CODE = re.compile(r"(?=[^0-9]*[0-9])[0-9a-z]{4,}(?:[-/.][0-9a-z]+)*|[0-9]{2,4}(?:-[0-9]{3,8})+")
_LABELLED = re.compile(
    rf"([{HAN}]{{0,{_LONGEST_LABEL}}}[后末][0-9]位|[{HAN}]{{2,{_LONGEST_LABEL}}})([0-9A-Za-z０-９].*)"
)
# No.4200000001, as forms print it.
_NO = re.compile(r"no[.:]?([0-9].*)")
# 张三女士, 张三的户号: somebody, as a caller or a colleague says it.
_ADDRESSED = re.compile(rf"([{HAN}·]{{2,16}}?)(?:先生|女士|小姐|师傅|老师)")
_ASKED_OF = re.compile(rf"([{HAN}·]{{2,16}}?){_OF}([{HAN}]{{2,{_LONGEST_LABEL}}})")
_NAME = re.compile(rf"[{HAN}·a-z]{{{FEWEST},}}")
_LABELLED_NAME = re.compile(rf"[{HAN}·]{{{FEWEST},16}}")
# 张三13812345678, as a row of a form is copied.
_NAME_AND_NUMBER = re.compile(rf"([{HAN}·•]{{{FEWEST},16}})([0-9]{{7,22}}|[0-9]{{17}}[Xx])")
# What one asks of somebody and is no kind of papers, as 身份证 and 工单 are.
_OF_CUSTOMERS = frozenset({"customer_no", "meter_no", "phone", "address"})
_DATED = frozenset({"date", *PERIOD_FACETS})
_YEAR = re.compile("(?:19|20)[0-9]{2}")


def beside(parts: list[Node]) -> list[Node]:
    """The parts of an AND, those that may be one thing joined as a second way."""
    joined = _runs(_labelled(parts), _is_ascii, _one_code)
    joined = _runs(_runs(joined, _is_letters, _one_name), _is_digits, _one_number)
    years = sum(_is_year(part) for part in joined)
    return list(map(_with_year, joined)) if years == 1 < len(joined) else joined


def apart(node: Node) -> Node:
    """The tree, each word with what it means when it is two things written together."""
    match node:
        case Word(text):
            ways = (
                (node, *_no_and_value(text))
                if text.isascii()
                else (
                    node,
                    *_label_and_value(text),
                    *_somebody(text),
                    *_name_and_number(text),
                    *_name_and_type(text),
                    *_type_and_name(text),
                )
            )
            return Or(ways) if len(ways) > 1 else node
        case And(nodes):
            return And(tuple(map(apart, nodes)))
        case Or(nodes):
            return Or(tuple(map(apart, nodes)))
        case Not(inner):
            return Not(apart(inner))
        case _:
            return node


def _labelled(parts: list[Node]) -> list[Node]:
    """``户号 4200000001``: the label's field, for a value that fits it."""
    found: list[Node] = []
    for part in parts:
        before = found[-1] if found else None
        value = _value_of(before, part)
        if value is None:
            found.append(part)
        else:
            assert before is not None
            found[-1] = Or((And((before, part)), value))
    return found


def _with_year(part: Node) -> Node:
    """``合同 2026``: the year of papers too."""
    if isinstance(part, Word) and _is_year(part):
        return Or((part, FieldValue("year", part.text, "year")))
    return part


def _is_year(node: Node) -> bool:
    return isinstance(node, Word) and _YEAR.fullmatch(node.text) is not None


def _value_of(label: Node | None, part: Node) -> FieldValue | None:
    if not isinstance(label, Word) or not isinstance(part, Word):
        return None
    field = field_of(label.text)
    if field in NUMBERED and _CODE.fullmatch(fold(part.text)):
        return FieldValue(field, part.text, label.text)
    if field == "name" and _NAME.fullmatch(fold(part.text)):
        return FieldValue(field, part.text, label.text)
    if field in _DATED and parse_period(part.text):
        return FieldValue("date", part.text, label.text)
    return None


def _label_and_value(text: str) -> Iterator[Node]:
    """户号4200000001, 户名张三: a label in front of what it is of."""
    split = _LABELLED.fullmatch(text)
    field = field_of(split[1]) if split else None
    if split and field in NUMBERED and _CODE.fullmatch(fold(split[2])):
        yield FieldValue(field, split[2], split[1])
    for at in range(FEWEST, min(_LONGEST_LABEL, len(text) - FEWEST) + 1):
        label, value = text[:at], text[at:]
        if field_of(label) == "name" and _LABELLED_NAME.fullmatch(value):
            yield FieldValue("name", value, label)


def _no_and_value(text: str) -> Iterator[Node]:
    """No.4200000001: the number of something."""
    found = _NO.fullmatch(fold(text))
    if found and _CODE.fullmatch(found[1]):
        yield FieldValue("number", found[1], "number")


def _somebody(text: str) -> Iterator[Node]:
    """张三女士, 张三的电话: whose name it is."""
    asked_of = _ASKED_OF.fullmatch(text)
    label = field_of(asked_of[2]) if asked_of else None
    found = _ADDRESSED.fullmatch(text) or (asked_of if label in _OF_CUSTOMERS else None)
    if found:
        yield FieldValue("name", found[1], "name")


def _name_and_number(text: str) -> Iterator[Node]:
    """Somebody's number behind the name: both are to be found."""
    split = _NAME_AND_NUMBER.fullmatch(text)
    if split and field_of(split[1]) is None:
        yield And((FieldValue("name", split[1], "name"), Word(split[2])))


def _name_and_type(text: str) -> Iterator[Node]:
    """Papers of a kind, of whoever is called so: 张三的合同, 宏泰机械营业执照."""
    for at in range(max(FEWEST, len(text) - _LONGEST_TYPE), len(text) - FEWEST + 1):
        owner, kind = text[:at].removesuffix(_OF), text[at:]
        if len(owner) >= FEWEST and _is_kind(kind):
            # 供用电合同 is no contract of somebody called 供用电.
            if not is_type(text):
                yield from _papers_of(owner, kind)
            return


def _type_and_name(text: str) -> Iterator[Node]:
    """The same, the kind in front: 合同张三, 身份证4200000001, 催费通知2026."""
    for at in range(min(_LONGEST_TYPE, len(text) - FEWEST), FEWEST - 1, -1):
        kind, owner = text[:at], text[at:]
        if _is_kind(kind):
            if not is_type(text) and keyword(owner):
                yield from _papers_of(owner, kind)
            return


def _is_kind(text: str) -> bool:
    """Whether a kind of papers is called so; digits are an end of its code only."""
    return text[0].isalpha() and ends_type_name(text)


def _papers_of(owner: str, kind: str) -> Iterator[Node]:
    for field in _owner_fields(owner):
        yield And((FieldValue(field, owner, field), FieldValue("type", kind, "type")))


def _owner_fields(owner: str) -> tuple[str, ...]:
    if named_period(owner):
        return ("date",)  # 2026年的合同
    if _YEAR.fullmatch(owner):
        return ("year", "number")
    return ("number",) if _CODE.fullmatch(fold(owner)) else ("name",)


def _runs(
    parts: list[Node], fits: Callable[[Node], bool], join: Callable[[list[Word]], list[Node]]
) -> list[Node]:
    """The parts, each run of words that fit joined."""
    found: list[Node] = []
    for fitting, run in groupby(parts, key=fits):
        nodes = list(run)
        words = [node for node in nodes if isinstance(node, Word)]
        found += join(words) if fitting and len(words) > 1 else nodes
    return found


def _is_letters(node: Node) -> bool:
    return isinstance(node, Word) and node.text.isascii() and node.text.replace("-", "").isalpha()


def _is_digits(node: Node) -> bool:
    """Digits, also those that stand in groups themselves (``027 8765 4321``)."""
    return isinstance(node, Word) and _solid(node).isdecimal()


def _is_ascii(node: Node) -> bool:
    return isinstance(node, Word) and node.text.isascii() and _solid(node).isalnum()


def _solid(word: Word) -> str:
    return "".join(word.text.split())


def _one_code(words: list[Word]) -> list[Node]:
    """A credit code as licences print it, in groups: 91999900 MA0A 1B2C 25."""
    code = "".join(map(_solid, words))
    return [Word(code)] if identifiers.is_organisation_code(code.upper()) else list(words)


def _one_name(words: list[Word]) -> list[Node]:
    """Syllables that were typed apart (``zhang san``) may also be one name."""
    return _or_joined(words) if len(words) <= _MOST_SYLLABLES else list(words)


def _one_number(words: list[Word]) -> list[Node]:
    """Groups of digits (``345 6789``) may also be one number."""
    digits = sum(len(_solid(word)) for word in words)
    if all(map(_is_year, words)):
        return list(words)
    return _or_joined(words) if _FEWEST_DIGITS <= digits <= _MOST_DIGITS else list(words)


def _or_joined(words: list[Word]) -> list[Node]:
    return [Or((And(tuple(words)), Word("".join(map(_solid, words)))))]
