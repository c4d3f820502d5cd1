"""Persons' names in a page's text: behind a label, below a head, before a form of address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from dossier.rules import rulebook
from dossier.rules.columns import FORM_LABELS, Heads, cells_below
from dossier.rules.names import (
    COMPOUND_SURNAMES,
    SURNAMES,
    WORDLIKE_SURNAMES,
    looks_like_person,
    names_organisation_inside,
    split_surname,
)
from dossier.rules.normal_form import HAN
from dossier.rules.organisations import shop_owner
from dossier.rules.word_patterns import any_of

Span = tuple[int, int]

_RULES = rulebook.load("masking")
WORDS_KEPT = 1 << 14
"""Words that were asked for are kept: forms print the same ones again and again."""
LABELS = frozenset(_RULES["name_labels"].split())
_HEADS = Heads(LABELS)

SIDES = frozenset(_RULES["sides"].split())
_NOT_SIGNED = frozenset(_RULES["not_signed"].split())

_LABEL = any_of(LABELS, r"[ \t]*")
_SIDE = any_of(SIDES, "[ ]*")
_UNMARKED_LABEL = any_of(LABELS | SIDES, "[ ]*")
_MARKS = (
    r"(?:[ \t]*\([^()\n]{0,12}\))?[ \t\n]*[:_.,\])|/]{1,4}[ \t\n_]*"
    r"|[ \t]*\([^()\n]{0,12}[章字名]\)[ ]*\t[ \t]*|[ ]*\t[ \t]*|[ ]{1,6}|\n[ ]*"
)
_SURNAME, _COMPOUND = f"[{''.join(sorted(SURNAMES))}]", "|".join(sorted(COMPOUND_SURNAMES))
_LIKELY = SURNAMES - WORDLIKE_SURNAMES | {surname[0] for surname in COMPOUND_SURNAMES}
LIKELY = f"(?=[{''.join(sorted(_LIKELY))}])"
"""What :func:`is_person` can agree to begins so; to ask for that first spares most of a page."""
# 张 三, 张   三, 张 | 三; 王 小明, 欧阳 娜娜, 王小 明.
_ENDS = rf"(?![{HAN}])"
PARTED = (
    rf"[{HAN}](?:(?:[ ]{{1,4}}|\t)[{HAN}]){{1,3}}{_ENDS}|{_SURNAME}[ ]{{1,4}}[{HAN}]{{2}}{_ENDS}"
    rf"|(?:{_COMPOUND})[ ]{{1,4}}[{HAN}]{{1,2}}{_ENDS}|{_SURNAME}[{HAN}][ ]{{1,2}}[{HAN}]{_ENDS}"
)
_NAME = (
    rf"(?P<apart>{PARTED})"
    rf"|(?P<dotted>[{HAN}]{{1,8}}(?:·[{HAN}]{{1,8}})+)"
    rf"|(?P<run>[{HAN}]{{2,40}})"
    r"|(?P<letters>(?!(?:from|to|cc|bcc|names?)(?![a-z]))"
    r"[a-z]{2,20}(?:[ .][a-z]{1,20}){0,3}(?![a-z0-9]))"
)
_WITH_COLON = "|".join(_RULES["name_labels_with_colon"].split())
_BRACKET = r"(?:[ \t]*\([^()\n]{0,12}\))?"
_SEALED = "|".join(_RULES["sealed_labels"].split())
_SEALING = r"[ \t]*\((?:[^()\n]{0,5}[盖签][章字名])\)"
_LABELLED = re.compile(
    rf"(?:{_LABEL}|(?:{_WITH_COLON})(?={_BRACKET}[ ]*:)|{_SIDE}(?={_BRACKET}[ ]*[:\t])"
    rf"|(?:{_SEALED})(?={_SEALING}))"
    rf"(?:[ ]?/?[ ]?names?(?![a-z]))?(?P<mark>{_MARKS})"
    rf"(?!(?:[{HAN}]{{2}}(?:人员?|员)|{_LABEL})[ ]*:)(?:{_NAME})"
)
_WEAK_MARK = re.compile(r"[ \n]*[,.]?[ \n]*")
"""A comma or a line's end behind a label may as well be those of a sentence."""
_BRACKET_ENDS = re.compile(r"[)\]][ ]*")
"""Behind (签字) the next thing on the form may follow, or the name."""
_UNMARKED = re.compile(rf"{_UNMARKED_LABEL}(?P<run>[{HAN}]{{2,40}})")
_ADDRESSED = re.compile(rf"(?P<run>[{HAN}]{{2,4}})[ ]?(?:先生|女士|小姐|同志|师傅|阿姨)")
# Behind a name: what it is to the others, or its number; then the next name.
_NEXT_NAME = re.compile(
    rf"[*]*(?:[ ]?\([^()\n]{{0,16}}\))?(?:[: ]?[0-9](?:[ -]?[0-9*]){{6,18}})?"
    rf"(?:[ ]?[,、/;和及][ \n]?|(?P<spaces>[ ]{{1,3}}))(?P<run>[{HAN}]{{2,4}}(?![{HAN}])|{PARTED})"
    r"(?P<label>[ ]?[:(])?"
)
_IDENTITY = "|".join(_RULES["identity_words"].split())
# Before an opening bracket a surname is enough; elsewhere the number must follow.
_IDENTIFIED = re.compile(
    rf"(?:[(\[][ \n]?(?:男|女)?[ ,、]?(?:{_IDENTITY})"
    rf"|[,;:、\t ](?:[ ]?(?:男|女|[{HAN}]{{1,3}}族)[ ,、]){{0,2}}[ ]?(?:{_IDENTITY})"
    rf"[{HAN}]{{0,3}}[: ]{{0,3}}[0-9*])"
)
_LOOK_BACK = 32  # a name, what leads to it, and the spaces of OCR
_RUN_BEFORE = re.compile(rf"(?P<run>[{HAN}](?:[ ]?[{HAN}]){{1,15}})[ \n]?$")
_BEFORE_NAME = re.compile("|".join(_RULES["before_name_words"].split()))
_NOT_NAME_END = re.compile(rf"(?:{'|'.join(_RULES['not_name_endings'].split())})$")
_ACTING = re.compile(
    rf"(?:委托|授权)(?P<run>[{HAN}]{{2,4}}?)(?=(?:{'|'.join(_RULES['acting_words'].split())}))"
)
_WORD_OF_FORM = re.compile("|".join(f"{_RULES['words_of_forms']} {_RULES['kin_words']}".split()))
# What follows a name without a mark between: the next label, or the sentence.
_STOP = re.compile(
    r"性别|身份|证件|电话|手机|联系|地址|住址|户号|编号|日期|民族|出生|签|盖|先生|女士|同志|小姐|师傅|"
    r"自愿|申请|办理|同意|承诺|本人|因|与|和|向|系|为|于|在|年|月|日|男|女|已|的|是|委托|代表|账|开户|用电|"
    r"身分|单位|反映|负责|经办|意见|户主|以下|授权|到|将|对|及|等|有|代|居住|住"
)
_MASKED_REST = re.compile(rf"[*]+[{HAN}]*")  # 襄州区蔡**理发店 is masked already
_LABEL_INSIDE = re.compile(any_of(LABELS | SIDES | FORM_LABELS))
_NOT_PERSON = re.compile(rf".(?:{'|'.join(_RULES['not_person_endings'].split())})$")
_NO_NAMES = re.compile(any_of(_RULES["name_like_words"].split()))
_USUAL_NAME = 3
_LONGEST_NAME = 4  # of names without an interpunct
_NOT_NAMES = re.compile(
    r"^(?:性别|身份|证件|电话|手机|联系|地址|住址|户号|编号|日期|民族|出生|签[字名章收]|盖章|姓名|户名|名称|单位|"
    r"用电|供电|客户|用户|申请|办理|同意|承诺|自愿|应|须|不得|可以|需要|负责|提供|如|若|以下|以上|按照|根据|"
    r"关系|与户主|营业|类别|类型|信息|资料|签约|甲方|乙方|双方|法定|委托|代理|意见|情况|说明|备注|年|月|日|是否|有无|无|同上)"
)


def find_names(folded: str) -> Iterator[Span]:
    """Spans of the parts of persons' names that are masked: all but the surname."""
    yield from _labelled(folded)
    for match in _UNMARKED.finditer(folded):
        run = match["run"]
        if trusted(run) and not no_name(run) and not begins_as_word(run):
            yield from given_in_run(run, match.start("run"))
            if len(run) <= _LONGEST_NAME:
                yield from listed(folded, match.end())
    for match in _ADDRESSED.finditer(folded):
        yield from _before_address(match)
    for match in _IDENTIFIED.finditer(folded):
        yield from before_identity(folded, match.start())
    for match in _ACTING.finditer(folded):
        run = match["run"]
        if trusted(run) and not no_name(run):
            yield from given_of(run, match.start("run"))
    for start, end in cells_below(folded, _HEADS):
        cell = folded[start:end]
        if looks_like_person(cell) and not no_name(cell):
            yield from given_of(cell, start)


def _labelled(folded: str) -> Iterator[Span]:
    """Names behind their labels, and those that are listed behind a name."""
    for match in _LABELLED.finditer(folded):
        found = list(_given_part(folded, match))
        yield from found
        if found or folded.startswith("*", match.end()):
            yield from listed(folded, match.end())


def _given_part(folded: str, match: re.Match[str]) -> Iterator[Span]:
    kind = match.lastgroup or ""
    value = match[kind]
    start = match.start(kind)
    if kind == "run":
        if not no_name(value) and not _goes_on(match["mark"], value):
            yield from given_in_run(value, start, after=folded[match.end() : match.end() + 20])
    elif kind == "letters":
        yield start + 1, match.end(kind)
    elif kind == "apart":
        yield from given_parted(value, start)
    else:
        yield from given_of(value, start)


def given_parted(value: str, start: int) -> Iterator[Span]:
    """The given name of a name with spaces or cells between its characters, up to a next label."""
    places = [at for at, char in enumerate(value) if not char.isspace()]
    squeezed = "".join(value[at] for at in places)
    is_cells = "\t" in value
    if is_cells and not begins_as_name(squeezed):
        return
    label = _LABEL_INSIDE.search(squeezed)
    end = label.start() if label else len(squeezed)
    while end and squeezed[end - 1] in _NOT_SIGNED:
        end -= 1
    if end > 1 and not no_name(squeezed):
        yield from given_of(value[: places[end - 1] + 1], start)


def _goes_on(mark: str, run: str) -> bool:
    """Whether the label is a word of a sentence that goes on: 与用电人 / 结算电费."""
    if len(run) >= _LONGEST_NAME and begins_as_word(run):
        return True
    if _BRACKET_ENDS.fullmatch(mark):
        return not begins_as_name(run) or begins_as_word(run)
    is_weak = _WEAK_MARK.fullmatch(mark) is not None and mark.strip(" ") != ""
    return is_weak and len(run) >= _LONGEST_NAME and not begins_as_name(run)


def listed(folded: str, position: int) -> Iterator[Span]:
    """Further names behind the first one: 王伟、李强; behind spaces alone what is surely one."""
    while match := _NEXT_NAME.match(folded, position):
        name, start = match["run"], match.start("run")
        squeezed = "".join(name.split())
        if not begins_as_name(squeezed):
            return
        if match["spaces"] and (match["label"] or not is_person(squeezed)):
            return
        if not no_name(squeezed) and not begins_as_word(squeezed):
            yield from given_of(name, start) if squeezed == name else given_parted(name, start)
        position = match.end("run")


def given_in_run(run: str, start: int, after: str = "") -> Iterator[Span]:
    """The given name at the head of a run of Han that may go on with other words."""
    rest = _MASKED_REST.match(after)
    whole = run + (rest[0] if rest else "")
    if shop := shop_owner(whole):
        yield from given_of(whole[slice(*shop)], start + shop[0])
        return
    if names_organisation_inside(run) or (len(run) > 4 and after.startswith("(")):
        return
    name = run[: _name_length(run)]
    if len(name) > 1:
        yield from given_of(name, start)


def _name_length(run: str) -> int:
    """How many characters of a run are the name: up to the next label or word, else four."""
    surname = 2 if run[:2] in COMPOUND_SURNAMES else 1
    stop = _STOP.search(run, surname + 1)
    longest = surname + 2
    if stop and stop.start() <= longest:
        return stop.start()
    # A short run is a name as a whole; of a long one as much as a name can have.
    return len(run) if len(run) <= 4 else longest


def given_of(name: str, start: int) -> Iterator[Span]:
    """All of a name but its surname; ``name`` may have spaces between its characters."""
    places = [at for at, char in enumerate(name) if not char.isspace()]
    squeezed = "".join(name[at] for at in places)
    if squeezed in COMPOUND_SURNAMES:
        return  # what a mask has left of a name
    kept = len(split_surname(squeezed)[0])
    if "·" in name:
        yield from _dotted_parts(name, start)
    elif len(places) > kept:
        yield start + places[kept], start + places[-1] + 1


def _dotted_parts(name: str, start: int) -> Iterator[Span]:
    """A name with interpuncts keeps its first character and its interpuncts."""
    for at, char in enumerate(name):
        if at and char != "·":
            yield start + at, start + at + 1


def _before_address(match: re.Match[str]) -> Iterator[Span]:
    """A name before 先生, 女士: the last characters of the run that begin with a surname."""
    run, start = match["run"], match.start("run")
    for length in (4, 3, 2):
        name = run[-length:]
        compound = name[:2] in COMPOUND_SURNAMES
        if len(name) == length and (compound or (length < 4 and name[0] in SURNAMES)):
            yield from given_of(name, start + len(run) - length)
            return


def before_identity(folded: str, position: int) -> Iterator[Span]:
    """A name before an identity card's number: 现委托石群(身份证号码…."""
    begin = max(0, position - _LOOK_BACK)
    match = _RUN_BEFORE.search(folded[begin:position])
    if not match:
        return
    run, start = match["run"].removesuffix("本人"), begin + match.start("run")
    places = [at for at, char in enumerate(run) if char != " "]
    squeezed = "".join(run[at] for at in places)
    if _NOT_NAME_END.search(squeezed) or names_organisation_inside(squeezed):
        return
    length = _length_at_end(squeezed)
    if length:
        first = places[-length]
        yield from given_of(run[first:], start + first)


def _length_at_end(run: str) -> int:
    """Characters of the name at a run's end; 0 when there is none.

    Behind 委托, 由 and the like up to the end, best with a surname; else from a surname on; at
    last whatever stands behind such a word, for surnames that no table has.
    """
    rests = [len(run) - cut.end() for cut in _BEFORE_NAME.finditer(run)]
    likely = [rest for rest in rests if 2 <= rest <= _LONGEST_NAME]
    for length in (*likely, 4, 3, 2):
        name = run[-length:]
        if len(name) < length:
            continue
        if length > 2 and name[:2] in COMPOUND_SURNAMES:
            return length
        if name[0] in SURNAMES and (length < _LONGEST_NAME or length in likely):
            return length
    return likely[0] if likely else 0


def no_name(value: str) -> bool:
    """Whether a value that stands where a name should begins with a word of the form."""
    return bool(_NOT_NAMES.match(value) or _WORD_OF_FORM.match(value))


def trusted(run: str) -> bool:
    """Whether a run directly behind a label begins with a surname that is hardly a word."""
    return run[:2] in COMPOUND_SURNAMES or (run[0] in SURNAMES and run[0] not in WORDLIKE_SURNAMES)


def begins_as_name(run: str) -> bool:
    """Whether it begins with a surname."""
    return run[0] in SURNAMES or run[:2] in COMPOUND_SURNAMES


def begins_as_word(run: str) -> bool:
    """Whether it begins with a word that looks like a name."""
    return _NO_NAMES.match(run) is not None


@lru_cache(maxsize=WORDS_KEPT)
def is_person(run: str, *, is_marked: bool = False) -> bool:
    """Whether two to four Han are a person's name by themselves: no label, word, place or unit.

    Args:
        run: the Han.
        is_marked: what stands behind says so; then of three also surnames count that begin words.
    """
    return (
        (trusted(run) or (is_marked and len(run) == _USUAL_NAME and begins_as_name(run)))
        and (len(run) < _LONGEST_NAME or run[:2] in COMPOUND_SURNAMES)
        and not (no_name(run) or begins_as_word(run) or _NOT_PERSON.search(run))
        and not _LABEL_INSIDE.fullmatch(run)
        and not names_organisation_inside(run)
    )
