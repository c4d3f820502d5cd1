"""Personal values on their way to a viewer: the only place that decides between clear and mask.

What masks look like is :mod:`dossier.rules.masking` (domain.md 4.7). From here on a value is a
:class:`~dossier.services.views.Shown` that holds only what its viewer may see.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from dossier.rules import masking
from dossier.rules.masking import KnownValues, MaskedText
from dossier.rules.normal_form import HAN, fold
from dossier.services.views import Shown
from dossier.viewer import Field, Viewer

NOTHING_KNOWN = KnownValues()
KEPT_TEXTS = 2048
"""Masked texts that are kept: the pages that everybody finds again and again."""
_HAN_ALONE = re.compile(f"[{HAN}]+")
_NUMERALS = frozenset("〇零一二两三四五六七八九十百千廿卅壹贰叁肆伍陆柒捌玖拾佰仟年月日")
"""What a number or a day of birth is written with, besides digits."""
PERSON_FIELDS: dict[str, Callable[[str], str]] = {
    "name": masking.mask_name,
    "id_no": masking.mask_id,
    "uscc": masking.mask_id,
    "phone": masking.mask_phone,
    "bank_account": masking.mask_account,
    "address": masking.mask_address,
}
"""Fields read on pages whose whole value is of one kind; others are masked as text."""
OPEN_FIELDS = frozenset(
    {
        "customer_no",
        "meter_no",
        "date",
        "doc_date",
        "case_no",
        "title",
        "type",
        "signature",
        "seal",
        "handwriting",
    }
)


def name(viewer: Viewer, clear: str) -> Shown:
    """A customer's name; organisations stay open."""
    return _shown(clear, masking.mask_name, is_open=viewer.sees(Field.NAME))


def address(viewer: Viewer, clear: str) -> Shown:
    """An address of the register; masked beyond street or estate."""
    return _shown(clear, masking.mask_address, is_open=viewer.sees(Field.ADDRESS))


def phone(viewer: Viewer, clear: str) -> Shown:
    """A phone number of the register."""
    return _shown(clear, masking.mask_phone, is_open=viewer.sees(Field.PHONE))


def last_four(last4: str) -> Shown:
    """An identity number of which only the last four are at hand."""
    return Shown("*" * 14 + last4, masked=True)


def field(viewer: Viewer, field_name: str, clear: str, known: KnownValues | None) -> Shown:
    """A value that was read on a page under a field's name."""
    if field_name in OPEN_FIELDS:
        return Shown(clear)
    mask = PERSON_FIELDS.get(field_name)
    if mask is None:
        return line(viewer, clear, known)
    return _shown(clear, mask, is_open=viewer.sees(Field.PAGES))


def line(viewer: Viewer, clear: str, known: KnownValues | None) -> Shown:
    """A line of free text, such as a title."""
    found = text(viewer, clear, None if known and _tells_nothing_of(clear, known) else known)
    return Shown(found.text, masked=bool(found.spans))


def _tells_nothing_of(clear: str, known: KnownValues) -> bool:
    """Whether what is known surely masks nothing in a line: titles say the same of many customers.

    A line of Han without a number or a day holds no number, and no end of an address or name with
    which it shares no character.
    """
    folded = fold(clear)
    if not _HAN_ALONE.fullmatch(folded) or not _NUMERALS.isdisjoint(folded):
        return False
    ends = (next(filter(str.isalnum, reversed(fold(each))), "") for each in known.addresses)
    return not any(end and end in folded for end in ends) and all(
        set(folded).isdisjoint(fold(name)) for name in known.names
    )


def text(viewer: Viewer, clear: str, known: KnownValues | None) -> MaskedText:
    """A page's text with what this viewer may not see under stars of equal length."""
    if viewer.sees(Field.PAGES):
        return MaskedText(clear, ())
    return _masked_text(clear, known or NOTHING_KNOWN)


@lru_cache(maxsize=KEPT_TEXTS)
def _masked_text(clear: str, known: KnownValues) -> MaskedText:
    return masking.mask_text(clear, known)


def _shown(clear: str, mask: Callable[[str], str], *, is_open: bool) -> Shown:
    if is_open:
        return Shown(clear)
    hidden = mask(clear)
    return Shown(hidden, masked=hidden != clear)
