"""What names a person by a number, a date or a sign, told by its form or the label before it.

ID papers, phones, accounts, days of birth, e-mail, dwellings' and deeds' numbers, licence plates,
names in messengers (domain.md 4.7). All on folded text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from dossier.rules import identifiers, rulebook
from dossier.rules.identifiers import FoundNumber, NumberKind
from dossier.rules.normal_form import HAN
from dossier.rules.scattered_numbers import (
    KEPT_END,
    KEPT_OF_MOBILE,
    SHORTEST_WHOLE,
    find_scattered,
)
from dossier.rules.word_patterns import any_of

Span = tuple[int, int]

_RULES = rulebook.load("masking")
KEPT_START = {NumberKind.MOBILE: KEPT_OF_MOBILE}


def _spaced(*names: str) -> str:
    return any_of((word for name in names for word in _RULES[name].split()), r"\s*")


_NUMBER_LABEL, _IDENTITY_LABEL = _spaced("number_labels"), _spaced("identity_labels")
_ANY_NUMBER_LABEL = _spaced("number_labels", "identity_labels")
_IS_IDENTITY = re.compile(_IDENTITY_LABEL)
_LABELLED_NUMBER = re.compile(
    rf"{_ANY_NUMBER_LABEL}(?:件)?(?:号码?|码)?"
    r"(?:[^0-9a-z\n*]{0,12}?|[ :]{0,3}\n[ ]*(?!(?:19|20)[0-9]{2}[-./]))"
    r"(?P<value>[0-9a-z](?:[ -]?[0-9a-z]){5,29})"
)
_SHORT_NUMBER = re.compile(
    rf"(?:{_IDENTITY_LABEL})\s*号\s*码?[: ]{{0,4}}\n?"
    r"(?P<value>[0-9](?:[ ]?[0-9x]){2,4})(?![0-9a-z年月日]|[ -][0-9a-z])"
)
"""Too short for any number; directly behind the label of one it is a part of it."""
_NUMERAL = f"[{_RULES['numerals']}]"
_NUMERALS = re.compile(rf"{_NUMERAL}(?:[ -]?{_NUMERAL}){{6,}}")
_MOBILE_IN_HAN = re.compile(r"[一幺壹][三四五六七八九叁肆伍陆柒捌玖].{9}")
_LABEL_BEFORE = re.compile(rf"(?:{_NUMBER_LABEL})(?:号码?|码)?[^0-9a-z\n]{{0,4}}$")
_LONGEST_LABEL = 20
_DOTTED_MOBILE = re.compile(
    r"1(?<![0-9.]1)[3-9][0-9](?P<dot>[./·])[0-9]{4}(?P=dot)[0-9]{4}(?![0-9.])"
)
_BIRTH_LABEL = _spaced("birth_labels")
_BORN_BEHIND = re.compile(rf"[\s,]{{0,2}}(?:出生|生(?![{_RULES['not_born']}]))")
_HAN_DIGIT = "[〇零○一二三四五六七八九十]"
_HAN_DAY = (
    rf"{_HAN_DIGIT}{{4}}\s?年"
    rf"(?:\s?{_HAN_DIGIT}{{1,3}}\s?月(?:\s?{_HAN_DIGIT}{{1,3}}\s?[日号])?)?"
)
_DAY = (
    r"(?:[12](?:\s?[0-9]){3}\s*[年./-]?\s*[0-9]{1,2}\s*(?:[月./-]?\s*[0-9]{1,2}\s*[日号]?|月)?"
    rf"|{_HAN_DAY})"
)
_BIRTH = re.compile(
    rf"(?:{_BIRTH_LABEL}|生(?<![{_RULES['not_born_before']}]生)于)[\s:于在]{{0,6}}(?:[农阴公阳]历)?"
    rf"(?P<value>{_DAY}|[12][0-9]{{3}}\s?年|[0-9]{{2}}年[0-9]{{1,2}}月(?:[0-9]{{1,2}}日?)?)"
)
_BORN = re.compile(
    rf"(?P<value>{_DAY})(?={_BORN_BEHIND.pattern})|(?P<year>(?<![0-9])[12][0-9]{{3}}年)"
    rf"(?=出生|生人|生(?![{_RULES['not_born']}{HAN}]))"
)
_BIRTH_SHORT = re.compile(
    rf"(?:{_BIRTH_LABEL})[ :\t]{{0,4}}"
    r"(?P<value>[0-9]{2}[./-][0-9]{1,2}(?:[./-][0-9]{1,2})?(?![0-9])|[0-9]{1,2}月[0-9]{1,2}[日号])"
)
_MONTH_NAME = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}[.]?"
_BORN_ENGLISH = re.compile(
    r"(?<![a-z])(?:date of birth|birth ?da(?:te|y)|d[.]?o[.]?b[.]?|born(?: on| in)?)[ :\t]{0,4}"
    rf"(?P<value>{_DAY}|[0-9]{{1,2}}[./ -](?:[0-9]{{1,2}}|{_MONTH_NAME})[./, -]{{1,2}}[0-9]{{2,4}}"
    rf"|{_MONTH_NAME}[ ]?[0-9]{{1,2}},?[ ]?[0-9]{{4}}|[12][0-9]{{3}})"
)
_ENGLISH_NUMBER = re.compile(
    rf"(?<![a-z])(?:{'|'.join(_RULES['english_number_labels'].split())})"
    r"(?:[ .]{0,2}(?:no|nos|number|num|card)(?![a-z])){0,2}[. :#\t(+]{0,5}"
    r"(?P<value>[a-z]{0,2}[0-9](?:[ ()./-]{0,2}[0-9x]){4,24})(?![0-9a-z])"
)
_EMAIL = re.compile(r"(?<![a-z0-9._+-])(?P<value>[a-z0-9._+-]{2,64})(?=[ ]?@[ ]?[a-z0-9-]+[ ]?\.)")
_PLATE = re.compile(
    rf"[{_RULES['plate_places']}][ ]?[a-z][ ]?[·.-]?[ ]?"
    r"(?P<value>[0-9a-z](?:[ ]?[0-9a-z]){4,5})(?![ ]?[0-9a-z])"
)
_MESSENGER_FIRST = "vw" + "".join(sorted({word[0] for word in _RULES["messengers"].split()}))
_MESSENGER = re.compile(
    rf"(?=[{_MESSENGER_FIRST}])(?:{_spaced('messengers')}|(?<![a-z0-9])[vw]x(?=[ ]?:))"
    r"(?P<mark>号码?|id|账号|帐号)?[ ]?(?P<colon>:)?[ ]?"
    rf"(?!{_spaced('not_messenger_names')})(?P<value>[a-z][a-z0-9_-]{{4,19}})(?![a-z0-9_-])"
)
_PROPERTY_LABEL, _DEED = _spaced("property_labels"), _spaced("property_deeds")
_OF_PROPERTY = f"{_RULES['property_labels']} {_RULES['property_deeds']}".split()
_FIRST = "".join(sorted({word[0] for word in _OF_PROPERTY}))
_PROPERTY = re.compile(
    # GB/T 37346: place and parcel of 12 digits (often read with more), kind of land, building, unit
    rf"(?=[0-9{_FIRST}])(?:"
    r"(?<![0-9a-z])(?P<unit>[0-9](?:[ ]?[0-9oil]){11,16}[ ]?[gjz6][ ]?[a-z8](?:[ ]?[0-9oil]){4,6}"
    r"(?:[ ]?[fw](?:[ ]?[0-9oil]){3,8})?)(?![0-9a-z])"
    rf"|(?:{_PROPERTY_LABEL})[\s:,.]{{0,6}}(?:[{HAN}()0-9]{{0,12}}第[ ]?)?"
    r"(?P<labelled>[0-9a-z](?:[ -]?[0-9a-z]){3,39})"
    rf"|(?:{_DEED})[ ]?(?:证|证书|[{HAN}]{{0,6}}字|[(][0-9]{{4}}[)])?[ ]?第[ ]?"
    r"(?P<deed>[0-9a-z](?:[ -]?[0-9a-z]){2,19}))"
)
"""Numbers of a dwelling and of its deed."""
_WHOLE = _SHORT_NUMBER, _BIRTH, _BIRTH_SHORT, _BORN_ENGLISH, _BORN, _EMAIL, _PROPERTY
"""Masked whole."""


def find_by_form(
    folded: str, opened: frozenset[str], numbers: Callable[[], Sequence[FoundNumber]]
) -> Iterator[Span]:
    """Spans to mask, besides those of the numbers that are recognised as such.

    Args:
        folded: a text in the normal form.
        opened: numbers, compact, that stay open.
        numbers: gives what :func:`dossier.rules.identifiers.find_numbers` finds in it.
    """
    yield from _labelled(folded, opened, numbers)
    for one in find_scattered(folded, opened, numbers):
        yield all_but_ends(folded, (one.start, one.end), one.first, one.last)
    for pattern in _WHOLE:
        for match in pattern.finditer(folded):
            yield match.span(match.lastgroup or 0)
    yield from _in_han(folded)
    for match in _DOTTED_MOBILE.finditer(folded):
        yield all_but_last(folded, match.span(), KEPT_START[NumberKind.MOBILE])
    for match in _PLATE.finditer(folded):
        if _is_plate(match["value"]):
            yield match.span("value")
    yield from _messengers(folded)


def _labelled(
    folded: str, opened: frozenset[str], numbers: Callable[[], Sequence[FoundNumber]]
) -> Iterator[Span]:
    for match in (*_LABELLED_NUMBER.finditer(folded), *_ENGLISH_NUMBER.finditer(folded)):
        value = identifiers.compact(match["value"])
        span = match.span("value")
        if (
            value not in opened
            and any(map(str.isdecimal, value))
            and not any(number.start < span[1] and span[0] < number.end for number in numbers())
        ):
            least = SHORTEST_WHOLE["identity" if _IS_IDENTITY.match(match[0]) else "other"]
            yield all_but_last(folded, span) if len(value) >= least else span


def _in_han(folded: str) -> Iterator[Span]:
    """Phones in Chinese numerals, and other numbers of persons in them."""
    for match in _NUMERALS.finditer(folded):
        value = re.sub("[ -]", "", match[0])
        start = match.start()
        if _MOBILE_IN_HAN.fullmatch(value):
            yield all_but_last(folded, match.span(), KEPT_START[NumberKind.MOBILE])
        elif len(value) >= SHORTEST_WHOLE["identity"] or _LABEL_BEFORE.search(
            folded[max(0, start - _LONGEST_LABEL) : start]
        ):
            yield all_but_last(folded, match.span())


def _is_plate(value: str) -> bool:
    """Whether it has the digits of a plate, and is no voltage (鄂F110kV线)."""
    return sum(map(str.isdecimal, value)) >= int(_RULES["plate_digits"]) and "kv" not in value


def _messengers(folded: str) -> Iterator[Span]:
    for match in _MESSENGER.finditer(folded):
        value = match["value"]
        has_digits = any(map(str.isdecimal, value))
        if not (match["mark"] or match["colon"] or has_digits or "_" in value):
            continue  # a word of the sentence: 微信 app
        whole = sum(map(str.isalnum, value)) < SHORTEST_WHOLE["other"] or not has_digits
        yield match.span("value") if whole else all_but_last(folded, match.span("value"))


def number_stars(folded: str, number: FoundNumber) -> Span:
    """What of a recognised number is masked: all but the places that the rules keep."""
    return all_but_last(folded, (number.start, number.end), KEPT_START.get(number.kind, 0))


def all_but_last(folded: str, span: Span, first: int = 0) -> Span:
    """The part of a number between its first and its last kept places."""
    return all_but_ends(folded, span, first, KEPT_END)


def all_but_ends(folded: str, span: Span, first: int, last: int) -> Span:
    """The part of a number between so many of its first and so many of its last places."""
    places = [at for at in range(*span) if folded[at].isalnum()]
    if len(places) <= first + last:
        return (places[0], places[-1] + 1) if places else span
    return places[first], places[-last - 1] + 1


def is_day_of_birth(folded: str, end: int) -> bool:
    """Whether the date that ends here is said to be somebody's birth: 2015年6月1日出生."""
    return _BORN_BEHIND.match(folded, end) is not None
