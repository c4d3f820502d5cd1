"""Personal values on their way to a viewer: the only place that decides between clear and mask.

What masks look like is :mod:`dossier.rules.masking` (domain.md 4.7). From here on a value is a
:class:`~dossier.services.views.Shown` that holds only what its viewer may see.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from dossier.rules import masking
from dossier.rules.masking import KnownValues, MaskedText
from dossier.services.views import Shown
from dossier.viewer import Field, Viewer

NOTHING_KNOWN = KnownValues()
KEPT_TEXTS = 2048
"""Masked texts that are kept: the pages that everybody finds again and again."""
PERSON_FIELDS: dict[str, Callable[[str], str]] = {
    "name": masking.mask_name,
    "id_no": masking.mask_id,
    "uscc": masking.mask_id,
    "phone": masking.mask_phone,
    "bank_account": masking.mask_account,
    "address": masking.mask_address,
}
"""Fields read on pages whose whole value is of one kind; others are masked as text."""
OPEN_FIELDS = frozenset({"customer_no", "meter_no", "date", "doc_date", "case_no", "title", "type"})


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
    found = text(viewer, clear, known)
    return Shown(found.text, masked=bool(found.spans))


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
