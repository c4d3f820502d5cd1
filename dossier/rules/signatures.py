"""Where people sign on a page: what was read there may be less than was written, under a seal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dossier.rules import rulebook
from dossier.rules.columns import FORM_LABELS
from dossier.rules.name_masks import LABELS, no_name
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
