"""Names of people that little beside them tells: believed by the characters that they are made of.

A surname that begins hardly a word, and one or two characters of which given names are made
(rulebook/names.yaml), are taken for a name where a weaker sign stands beside them than what
:mod:`dossier.rules.name_masks` and :mod:`dossier.rules.relative_names` need: a title behind, a
phone before, a word for somebody before, the beginning of a line that is about somebody, a cell or
a line of their own. With a surname that ends hardly a word they are a name inside a sentence too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from dossier.rules import rulebook
from dossier.rules.columns import FORM_LABELS, Heads, cells_below
from dossier.rules.name_masks import LIKELY, begins_as_name, given_of, is_person
from dossier.rules.names import COMPOUND_SURNAMES
from dossier.rules.normal_form import HAN
from dossier.rules.word_patterns import any_of

Span = tuple[int, int]

_RULES, _NAMES = rulebook.load("masking"), rulebook.load("names")
_STRICT = frozenset("".join(_NAMES["given_characters"].split()))
_GIVEN = _STRICT | frozenset("".join(_NAMES["given_wordlike"].split()))
_IN_SENTENCE = frozenset("".join(_NAMES["sentence_surnames"].split())) | COMPOUND_SURNAMES
_IN_SENTENCE_TOO = frozenset("".join(_NAMES["sentence_surnames_wordlike"].split()))
_PLACES = frozenset("".join(_NAMES["given_of_places"].split()))
_words = partial(rulebook.words, "masking")
_CHARACTERS = "".join(sorted(_GIVEN))
_COMPOUND = "|".join(sorted(COMPOUND_SURNAMES))
_CANDIDATE = re.compile(rf"{LIKELY}(?:(?:{_COMPOUND})|.)(?=[{_CHARACTERS}])")
_TITLE = re.compile(rf"[ ]?{any_of(_words('titles'))}")
_ABOUT = re.compile(any_of(_words("about_words")))
_NEXT = re.compile(rf"{any_of(_words('after_name_words'))}|[^{HAN}]|\Z")
_BEHIND = re.compile(
    rf"(?:[{''.join(_words('title_ends'))}](?:姓名)?(?:[为是叫])?|姓名)[ ]?[:(\t]?[ \t]?\Z"
)
_BEHIND_PHONE = re.compile(r"[0-9*]{4}[ ]?[,(/:\t]?[ ]?\Z")
_AT_HEAD = re.compile(r"(?:\A|[\n\t]|关于|[:：])[ ]?\Z")
_WORD_BEFORE, _WORD_BEHIND = re.compile(f"[{HAN}0-9a-z]"), re.compile(f"[{HAN}0-9a-z#]")
_SAID_BEFORE = re.compile(rf"(?:{'|'.join(_words('words_before_names'))})\Z")
_SAID_BEHIND = re.compile(any_of(_words("after_name_words")))
_NO_NAME_BEHIND = re.compile(any_of(_words("not_name_behind")))
_ORGANISATION_BEHIND = re.compile(rf"[{HAN}]{{0,6}}(?:公司|集团|厂|店|合作社|银行|医院|学校|超市)")
_LINE_OF_ITS_OWN = re.compile(r"[ \t]*(?:\n|\Z)")
_LETTER_ENDS = re.compile(rf"(?:{'|'.join(_words('letter_ends'))})[ !。.]*\n[ \t]*\Z")
_SIGNED_OFF = re.compile(
    r"[ \t]*\n[ \t]*(?:(?:19|20)[0-9]{2}[ ]?[年./-]|(?:电话|手机|tel)?[: ]?1[3-9])"
)
_LOOK = 14
# "王小明" <...@...>; 李小红 <...@...>
_MAILBOX = re.compile(rf"(?<![{HAN}])(?P<run>[{HAN}]{{2,4}})[\"'”]?[ ]?<(?=[^<>\n]{{0,80}}@)")
_WEAK_LABEL = re.compile(
    rf"(?:{any_of(_words('weak_labels'))})[ ]?[:\t][ ]?(?P<run>[{HAN}]{{2,4}})(?![{HAN}])"
)
_IN_BRACKETS = re.compile(rf"\((?P<run>[{HAN}]{{2,4}})\)")
_LABEL_BEFORE = re.compile(rf"{any_of([*_words('name_labels'), *_words('kin_words')])}[ ]?\Z")
# 姓:王 名:小明
_GIVEN_APART = re.compile(
    rf"姓(?:氏)?[ ]?[: \t][ ]?[{HAN}]{{1,2}}[\s,;]{{1,4}}名(?:字)?[ ]?[: \t][ ]?"
    rf"(?P<run>[{HAN}]{{1,3}})(?![{HAN}])"
)
# Name: Zhang Wei, Mr. Wang Xiaoming, WANG XIAOMING(签名)
_ENGLISH_LABELS = "|".join(_words("english_name_labels"))
_SYLLABLE = (
    "(?:(?:[zcs]h|[bpmfdtnlgkhjqxzcsryw])?(?:[iu]?an?g?|[iu]?en?g?|i?ong?|[iu]?ai|[ui]?ei|i?ao|i?ou?"
    "|ing?|iu|un|uo?|ui|v)|er)"
)
_PINYIN = f"{_SYLLABLE}{{1,3}}"
_LETTERS = rf"(?=[a-z]{{2}}){_PINYIN}(?:[ -]|,[ ]){_PINYIN}(?:[ -]{_PINYIN})?(?![a-z])"
_IN_LETTERS = re.compile(
    rf"(?=[a-z拼])(?:(?<![a-z])(?:(?<!file )(?<!user )(?:{_ENGLISH_LABELS})[ ]?[:\t][ ]?"
    r"|拼音[ :]{1,2}"
    rf"|(?:mr|mrs|ms|miss)[. ]{{1,2}})(?P<behind>{_LETTERS})"
    rf"|(?<![a-z -])(?P<before>{_LETTERS})(?=[ ]?\((?:签|sign|手印)|[ ]?<[^<>\n]{{0,80}}@"
    rf"|[ ,:]{{1,2}}1[3-9][0-9*]{{9}}(?![0-9])))"
)
_GIVEN_HEADS = Heads({"名", "名字"})
_SURNAME_HEAD = re.compile(r"(?<![^\t\n])姓氏?\t")


def find_likely(folded: str) -> Iterator[Span]:
    """Spans of the given names, which are masked."""
    for match in _CANDIDATE.finditer(folded):
        if end := _end_of_likely(folded, match.start()):
            yield from given_of(folded[match.start() : end], match.start())
    for match in _MAILBOX.finditer(folded):
        if begins_as_name(match["run"]):
            yield from given_of(match["run"], match.start("run"))
    for match in (*_WEAK_LABEL.finditer(folded), *_labelled_in_brackets(folded)):
        if is_person(match["run"], is_marked=True) and match["run"] not in FORM_LABELS:
            yield from given_of(match["run"], match.start("run"))
    for match in _IN_LETTERS.finditer(folded):
        start, end = match.span(match.lastgroup or 0)
        yield start + 1, end
    yield from _without_surname(folded)


def _labelled_in_brackets(folded: str) -> Iterator[re.Match[str]]:
    """户主(王小明)."""
    for match in _IN_BRACKETS.finditer(folded):
        if _LABEL_BEFORE.search(folded[max(0, match.start() - _LOOK) : match.start()]):
            yield match


def _without_surname(folded: str) -> Iterator[Span]:
    """Given names that stand apart from the surname: behind 名:, below a head 名."""
    for match in _GIVEN_APART.finditer(folded):
        yield match.span("run")
    if _SURNAME_HEAD.search(folded):
        for start, end in cells_below(folded, _GIVEN_HEADS):
            if re.fullmatch(rf"[ ]*[{HAN}]{{1,3}}[ ]*", folded[start:end]):
                yield start, end


def _end_of_likely(folded: str, start: int) -> int:
    """Where the name ends that begins here; 0 where none does."""
    surname = 2 if folded[start : start + 2] in COMPOUND_SURNAMES else 1
    before = folded[max(0, start - _LOOK) : start]
    for given in (2, 1):
        end = start + surname + given
        name = folded[start:end]
        if (
            len(name) == surname + given
            and _GIVEN.issuperset(name[surname:])
            and not _PLACES.issuperset(name[surname:])
            and is_person(name, is_marked=True)
            and name not in FORM_LABELS
            and not _NO_NAME_BEHIND.match(folded, end)
            and _is_told(folded, before, name, end)
        ):
            return end
    return 0


def _is_told(folded: str, before: str, name: str, end: int) -> bool:
    """Whether the name itself or something beside it says that it is one."""
    free_before = _WORD_BEFORE.match(before[-1:]) is None
    free_behind = _WORD_BEHIND.match(folded, end) is None
    if len(name) > _SHORT_NAME:
        stands = _stands(folded, name, end, is_free=free_before or free_behind)
        stands = stands or _TITLE.match(folded, end) is not None
    else:
        said_before = free_before or _SAID_BEFORE.search(before) is not None
        said_behind = free_behind or _SAID_BEHIND.match(folded, end) is not None
        is_strict = name[-1] in _STRICT
        in_sentence = name[0] in _IN_SENTENCE and not _ORGANISATION_BEHIND.match(folded, end)
        is_framed = said_before and said_behind
        stands = is_strict and (in_sentence or is_framed)
        # ... a looser character where a word, not only a gap, says of somebody what he did
        has_word = not (free_before and free_behind)
        stands = stands or (in_sentence and is_framed and has_word)
        stands = stands or (free_before and _TITLE.match(folded, end) is not None)
    return (
        stands
        or (free_before and free_behind and _ends_letter(folded, before, end))
        or (_BEHIND.search(before) is not None and _NEXT.match(folded, end) is not None)
        or (free_behind and _BEHIND_PHONE.search(before) is not None)
        or (_AT_HEAD.search(before) is not None and _ABOUT.match(folded, end) is not None)
    )


def _stands(folded: str, name: str, end: int, *, is_free: bool) -> bool:
    """Whether three characters and more are a name by themselves, as inside a sentence."""
    if _ORGANISATION_BEHIND.match(folded, end):
        return False
    surname = name[:2] if name[:2] in COMPOUND_SURNAMES else name[0]
    is_strict = not _STRICT.isdisjoint(name[len(surname) :])
    return surname in _IN_SENTENCE or (is_strict and (is_free or surname in _IN_SENTENCE_TOO))


_SHORT_NAME = 2


def _ends_letter(folded: str, before: str, end: int) -> bool:
    """Whether a line of its own is the signature of a letter: 敬礼 / 张伟 / 2024年."""
    begins_line = not before or before.rstrip(" \t").endswith("\n")
    if not begins_line:
        return False
    if _LETTER_ENDS.search(before) and _LINE_OF_ITS_OWN.match(folded, end):
        return True
    return _SIGNED_OFF.match(folded, end) is not None
