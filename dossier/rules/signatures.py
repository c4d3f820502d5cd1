"""Where people sign on a page: what was read there may be less than was written, under a seal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dossier.rules import rulebook
from dossier.rules.columns import FORM_LABELS
from dossier.rules.name_masks import LABELS, PARTED, given_of, given_parted, is_person, no_name
from dossier.rules.names import COMPOUND_SURNAMES, SURNAMES, is_organisation
from dossier.rules.normal_form import HAN

Span = tuple[int, int]

_RULES = rulebook.load("masking")
WIDTH_EMS = float(_RULES["signature_ems"])
"""A written name's width, in heights of its line."""


def _words(name: str) -> str:
    return "|".join("[ ]*".join(word) for word in sorted(_RULES[name].split(), key=len)[::-1])


_LABEL = re.compile(
    rf"(?:(?:{_words('signed_labels')})[人]?(?:[ \t]*\([^()\n]{{0,12}}\))?"
    rf"|(?:{_words('signing_sides')})[ \t]*"
    rf"\([^()\n]{{0,8}}(?:{_words('signing_words')})[^()\n]{{0,4}}\))"
    r"(?P<mark>[ ]*:[ _]*|[ ]*(?=\t)|(?<=\))[ ]*(?=\n|\Z))"
)
_SIGN = f"[{HAN}*·]"
# 石 群, as people and OCR part a name; else up to a space, behind which a label may follow.
_VALUE = re.compile(
    rf"[ \t]*(?P<value>{_SIGN}(?:[ ]{_SIGN}(?!{_SIGN}))+|{_SIGN}+)(?!{_SIGN}|[ ]?[(:]|[0-9a-z])"
)
_NOT_SIGNED = frozenset(_RULES["not_signed"].split())
_LONGEST_NAME = 4


@dataclass(frozen=True, slots=True)
class Signature:
    """A place for a signature in a folded text.

    Attributes:
        label: the label with its colon.
        value: what was read behind it on that line; empty (at the label's end): nothing.
        is_open: an organisation signed; its name is no person's.
    """

    label: Span
    value: Span
    is_open: bool = False


def find_signatures(folded: str) -> Iterator[Signature]:
    """The places on a page where people sign, with what was read there."""
    for match in _LABEL.finditer(folded):
        label = match.start(), match.end()
        found = _VALUE.match(folded, match.end())
        word = "".join(found["value"].split()) if found else ""
        if not found or _NOT_SIGNED.issuperset(word) or word in FORM_LABELS or word in LABELS:
            yield Signature(label, (label[1], label[1]))
        else:
            is_open = len(word) > _LONGEST_NAME and "*" not in word and "·" not in word
            yield Signature(label, found.span("value"), is_open or is_organisation(word))


def find_rests(folded: str) -> Iterator[Span]:
    """What is left of a signature where it does not begin as a name does: the surname is lost."""
    for signature in find_signatures(folded):
        word = "".join(folded[slice(*signature.value)].split())
        if not word or "*" in word or "·" in word or signature.is_open or no_name(word):
            continue
        if len(word) == 1 or (word[0] not in SURNAMES and word[:2] not in COMPOUND_SURNAMES):
            yield signature.value


# Behind a name, with a space or without: (签字), (按手印).
_SIGNED_NOTE = re.compile(
    rf"[ ]?\((?:以上|均|已|代|按|摁|捺)?(?:{_words('signed_notes')})[^()\n]{{0,3}}\)"
)
_SIGNERS_BEFORE = re.compile(rf"(?<![{HAN}])(?:[{HAN}]{{2,4}}|{PARTED})\Z")
_AND = re.compile(r"[ ]?[,、和及][ ]?\Z")
_LONGEST_SIGNER = 14


def find_signers(folded: str) -> Iterator[Span]:
    """Given names before a note that somebody signed: 张三、李四（签字）."""
    for note in _SIGNED_NOTE.finditer(folded):
        end: int | None = note.start()
        while end is not None:
            begin = max(0, end - _LONGEST_SIGNER)
            found = _SIGNERS_BEFORE.search(folded[begin:end])
            end = None
            if found and is_person("".join(found[0].split()), is_marked=True):
                start = begin + found.start()
                given = given_parted if " " in found[0] else given_of
                yield from given(found[0], start)
                further = _AND.search(folded[max(0, start - 3) : start])
                end = start - len(further[0]) if further else None
