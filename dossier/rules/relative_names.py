"""Names of relatives, neighbours and others who stand on a page without a label of their own.

A name is believed by what stands beside it (a word of kinship, a signature, somebody acting for
another) and by a surname that is hardly the beginning of a word; all of that is data
(rulebook/masking.yaml).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from dossier.rules import rulebook
from dossier.rules.columns import FORM_LABELS
from dossier.rules.name_masks import (
    LABELS,
    LIKELY,
    PARTED,
    SIDES,
    before_identity,
    begins_as_name,
    begins_as_word,
    given_in_run,
    given_of,
    given_parted,
    is_person,
    listed,
    no_name,
    trusted,
)
from dossier.rules.names import SURNAMES
from dossier.rules.normal_form import HAN
from dossier.rules.word_patterns import any_of

Span = tuple[int, int]

_RULES = rulebook.load("masking")
_words = partial(rulebook.words, "masking")
_KIN = any_of(_words("kin_words"))
_LETTERS = "".join(_words("kin_letters"))
_CELLS = any_of([*_words("kin_cells"), *_words("kin_words")])
_STAND_IN = any_of(_words("stand_in_words"))
_SIGNED = any_of(_words("signature_words"))
_MARK = r"[ ]*(?:姓名|签字|签名)?(?:[ ]*[:_][ _]*|[ ]*\t[ \t]*|[ ]{0,6})"
# 父亲李建国; 妻子：王芳; 其子 李小明.
_BEHIND_KIN = re.compile(
    rf"{_KIN}(?P<mark>{_MARK})(?:(?P<run>[{HAN}]{{2,40}})|(?P<apart>{PARTED}))"
)
_NEXT = rf"(?={any_of(_words('after_name_words'))}|[^{HAN}]|\Z)"
# 村民王建国称, 户主为王小明: a whole name, and the sentence goes on behind it or ends.
_SAID = re.compile(
    rf"{any_of([*_words('person_words'), *LABELS, *SIDES])}(?:姓名)?[为是系叫]?[ ]?:?[ ]?"
    rf"{LIKELY}(?P<run>[{HAN}]{{2,4}}?){_NEXT}"
)
_DONE_BY = re.compile(rf"由{LIKELY}(?P<run>[{HAN}]{{2,4}}?)(?={any_of(_words('doing_words'))})")
# What stands behind a name and nothing else: a number of a person's, the sex, (户号…).
_NUMBER_BEHIND = re.compile(
    r"(?=[1-9,、 (])(?:(?<![0-9*])(?:1[3-9][0-9](?:[ -]?[0-9*]{4}){2}|[0-9]{15,19})(?![0-9])"
    rf"|[,、 ][男女][,、 ]|\((?:户号|客户编号|电话|手机|[男女])(?![{HAN}]))"
)
_NAME_BEFORE = re.compile(
    rf"(?<![{HAN}])(?P<run>[{HAN}]{{2,4}})[ ]?[:,(/\t]?[ ]?"
    r"(?:(?:联系)?电话|手机号?|tel)?[: ]{0,2}\Z"
)
_OWNER = re.compile(
    rf"户号[: ]{{0,3}}[0-9]{{8,16}}[ \t,]{{1,3}}{LIKELY}(?P<run>[{HAN}]{{2,4}})(?![{HAN}:])"
)
_LONGEST_BEFORE = 16
_FATE = re.compile(any_of(_words("fate_words")))
_BETWEEN_FATE = re.compile(r"(?:已?于[0-9年月日 ./-]{4,14}|因病|已|的)\Z")
_HAN_ONLY = re.compile(rf"[{HAN}]{{2,4}}")
# 王小明与李小红系夫妻关系; 王小明、李小红夫妇.
_COUPLE = re.compile(
    rf"(?<![{HAN}]){LIKELY}(?P<one>[{HAN}]{{2,4}})[ ]?[与和、及][ ]?(?P<two>[{HAN}]{{2,4}}?)"
    rf"(?=[系是为原之间]{{0,3}}{any_of(_words('couples'))})"
)
# ,妻王芳,子李小明; 妻:王芳.
_BEHIND_LETTER = re.compile(
    rf"(?:(?<=[,;、\s(])|\A)[{_LETTERS}](?P<mark>[ ]?:[ ]?)?(?P<run>[{HAN}]{{2,40}})"
)
_BEFORE_KIN = re.compile(
    rf"(?<![{HAN}])(?P<run>[{HAN}]{{2,4}})[ ]{{0,2}}[ \t][ \t]{{0,4}}(?:{_CELLS})(?![{HAN}])"
)
# 王芳(户主之妻); 李建军之女.
_WHOSE = re.compile(
    rf"[ ]?\((?:系|与)?(?:户主|业主|客户|用户|本人|其)?之?(?:{_CELLS}|代)(?=[ )签办领])"
    r"|之[妻夫父母子女](?!间|外|后|前|中|内|下|上)"
)
_STANDS_IN = re.compile(
    rf"(?<![{HAN}])由?(?P<run>[{HAN}]{{2,4}}?)[ ]?"
    rf"(?={_STAND_IN}|代[ ]*(?:[0-9\n]|\Z)|[系是为](?:户主|业主|其|本人)之?(?:{_CELLS}))"
)
_SIGNATURES = re.compile(
    rf"{_SIGNED}(?:\([^()\n]{{0,8}}\))?[:_ ]{{1,4}}"
    rf"(?P<first>[{HAN}]{{2,4}})(?P<rest>(?:[ ]{{1,4}}[{HAN}]{{2,3}}(?![{HAN}]))+)"
)
_COLUMN = re.compile(
    rf"{any_of(_words('heads_of_lines'))}[ ]*:?[ ]*"
    rf"(?P<rest>(?:\n[ ]*[{HAN}]{{2,3}}[ ]*(?=\n|\Z)){{2,}})"
)
_ONE = re.compile(rf"[{HAN}]{{2,3}}")
_BY_DATE = re.compile(
    rf"^[ \t]*(?P<run>[{HAN}]{{2,3}})[ \t]{{1,6}}(?=(?:19|20)[0-9]{{2}}[ ]?[年./-])", re.MULTILINE
)
# 核验人 | 冯立群: a form's cell that says who, and the cell beside it.
_STAFF_CELL = re.compile(
    rf"(?:^|(?<=\t))[ ]*[{HAN}]{{0,6}}(?:{'|'.join(_words('staff_cells'))})[ ]*\t[ \t]*"
    rf"(?P<run>[{HAN}]{{2,4}})(?=[ ]*(?:[\t\n]|\Z))",
    re.MULTILINE,
)
_LONGEST_NAME = 4


def find_relatives(folded: str) -> Iterator[Span]:
    """Spans of the parts of others' names that are masked: all but the surname."""
    for match in _BEHIND_KIN.finditer(folded):
        yield from _behind_kin(folded, match)
    for match in _BEHIND_LETTER.finditer(folded):
        if match["mark"] or _ends_soon(match["run"]):
            yield from _at_head(folded, match)
    for match in _WHOSE.finditer(folded):
        yield from before_identity(folded, match.start())
    for match in _STAFF_CELL.finditer(folded):
        if is_name(match["run"], is_marked=True):
            yield from given_of(match["run"], match.start("run"))
    yield from _whole_runs(folded)
    yield from _in_sentences(folded)


def _behind_kin(folded: str, match: re.Match[str]) -> Iterator[Span]:
    """The name behind a word of kinship, and those that are listed behind it."""
    if match["apart"]:
        if ":" in match["mark"] and begins_as_name(match["apart"]):
            yield from given_parted(match["apart"], match.start("apart"))
        return
    found = list(_at_head(folded, match))
    yield from found
    if found:
        yield from listed(folded, found[-1][1])


def _whole_runs(folded: str) -> Iterator[Span]:
    """Names that stand by themselves: a cell, a line with a day, one of several signatures."""
    for pattern in (_BEFORE_KIN, _STANDS_IN, _BY_DATE):
        for match in pattern.finditer(folded):
            if is_name(match["run"]):
                yield from given_of(match["run"], match.start("run"))
    for pattern in (_SIGNATURES, _COLUMN):
        for match in pattern.finditer(folded):
            for one in _ONE.finditer(folded, *match.span("rest")):
                if is_name(one[0]):
                    yield from given_of(one[0], one.start())


def _in_sentences(folded: str) -> Iterator[Span]:
    """Names that a word before them or a pair of them tells: 村民王建国称, 王芳、李建国夫妇."""
    for pattern in (_SAID, _DONE_BY, _OWNER):
        for match in pattern.finditer(folded):
            if is_person(match["run"]):
                yield from given_of(match["run"], match.start("run"))
    for match in _NUMBER_BEHIND.finditer(folded):
        begin = max(0, match.start() - _LONGEST_BEFORE)
        name = _NAME_BEFORE.search(folded[begin : match.start()])
        if name and is_person(name["run"], is_marked=True):
            yield from given_of(name["run"], begin + name.start("run"))
    for match in _FATE.finditer(folded):
        yield from _before_fate(folded, match.start())
    for match in _COUPLE.finditer(folded):
        if is_person(match["one"]) and is_person(match["two"]):
            yield from given_of(match["one"], match.start("one"))
            yield from given_of(match["two"], match.start("two"))


def _before_fate(folded: str, position: int) -> Iterator[Span]:
    """The name that ends here, whatever Han stand before it: 登记在王小明名下."""
    begin = max(0, position - _LONGEST_BEFORE)
    before = folded[begin:position]
    between = _BETWEEN_FATE.search(before)
    end = between.start() if between else len(before)
    for length in range(_LONGEST_NAME, 1, -1):
        name = before[end - length : end] if length <= end else ""
        if _HAN_ONLY.fullmatch(name) and is_person(name):
            yield from given_of(name, begin + end - length)
            return


def is_name(run: str, *, is_marked: bool = False) -> bool:
    """Whether a run of Han that stands by itself is a person's name rather than a word.

    Args:
        run: two to four Han.
        is_marked: a label says so; then surnames count too that begin many words.
    """
    return _may_begin(run, is_marked=is_marked) and run not in FORM_LABELS and run not in LABELS


def _at_head(folded: str, match: re.Match[str]) -> Iterator[Span]:
    """The name at the head of a run that may go on with other words."""
    run, start = match["run"], match.start("run")
    is_marked = ":" in (match["mark"] or "") or "\t" in (match["mark"] or "")
    if _may_begin(run, is_marked=is_marked):
        yield from given_in_run(run, start, after=folded[match.end() : match.end() + 20])


def _may_begin(run: str, *, is_marked: bool) -> bool:
    """Whether a name may begin here: behind a mark with any surname, else with no word's first."""
    surname = trusted(run) or (is_marked and run[0] in SURNAMES)
    return surname and not no_name(run) and not begins_as_word(run)


def _ends_soon(run: str) -> bool:
    """Behind a single letter of kinship a whole name stands, and nothing more."""
    return len(run) < _LONGEST_NAME
