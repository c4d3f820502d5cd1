"""Rows as the flat field values that an engine stores: folded, tokenized, hashed.

The same for every engine: a ``text`` field's value is its tokens joined by spaces, a ``keyword``
field's a list of strings, numbers are integers.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from dossier.rules import file_names, identifiers, masking
from dossier.rules.address_forms import address_form, shorter_forms
from dossier.rules.masking import KnownValues
from dossier.rules.normal_form import fold
from dossier.rules.pinyin import spellings
from dossier.search import analysis
from dossier.search.analysis import NumberHash, Span
from dossier.search.port import CustomerRow, DocumentRow, Row, RowKind

if TYPE_CHECKING:
    from dossier.search.long_text import FoldedPage

FieldValues = dict[str, int | str | list[str]]

PARTS = 64
"""Groups are split into so many parts: an engine gives at most 65,000 buckets a request."""

OPEN = "open"
"""Secrecy token of rows without a level."""

_ORDER_BITS = 60
_ACTIVE, _UNASSIGNED, _CLOSED = 2, 1, 0  # highest first (domain.md 4.5: active over closed)
UNASSIGNED_GROUPS = (_UNASSIGNED << _ORDER_BITS, (_UNASSIGNED + 1 << _ORDER_BITS) - 1)
"""The first and the last key that a paper of nobody may have as its group."""
_CUSTOMERS_KEPT = 4096  # a customer's documents come in one batch; bounded for a whole rebuild
_WORDS_KEPT = 4096  # titles and type names repeat: some hundred types, some thousand titles


@dataclass(frozen=True, slots=True)
class _Owner:
    """A customer, ready for its papers: its values, and what is masked on them."""

    row: CustomerRow
    values: FieldValues
    known: KnownValues


def row_key(kind: RowKind, key: str) -> str:
    """The row's one key over both kinds."""
    return f"{kind.value[0]}:{key}"


class RowEncoder:
    """Turns rows into field values; keeps the customers and titles that it has just encoded.

    Args:
        number_hash: keyed hash for ID numbers and accounts; the same key must be used by queries.
    """

    def __init__(self, number_hash: NumberHash) -> None:
        # Here, so that processes that only search do not load numpy.
        from dossier.search import long_text

        self._long_text = long_text
        self._hash = number_hash
        self._owners: dict[str, _Owner] = {}
        self._words_of: dict[str, str] = {}
        self._titles: dict[str, tuple[str, bool]] = {}

    def encode(self, row: Row) -> FieldValues:
        """The field values of a row; empty values are left out."""
        return self._customer(row) if isinstance(row, CustomerRow) else self._document(row)

    def _customer(self, row: CustomerRow) -> FieldValues:
        return {
            **self._owner(row).values,
            **_row_fields(RowKind.CUSTOMER, row.customer_no, row),
            **_group(_customer_group(row)),
            "secrecy": [OPEN],
            **_filled({"completeness": _some(row.completeness), "missing": list(row.missing)}),
        }

    def _document(self, row: DocumentRow) -> FieldValues:
        owner = self._owner(row.customer) if row.customer else None
        known = owner.known if owner else masking.NOTHING_KNOWN
        group = _customer_group(owner.row) if owner else _grouped(_UNASSIGNED, row.order)
        return {
            **(owner.values if owner else {}),
            **_places(row),
            **_row_fields(RowKind.DOCUMENT, row.document_id, row),
            **_group(group),
            "secrecy": [row.secrecy or OPEN],
            "order": row.order,
            **_filled(self._descriptions(row)),
            **_filled(self._title(row.title, known)),
            **_filled(self._file_name(row.file_name)),
            **_filled(self._pages(row, known)),
        }

    def _descriptions(self, row: DocumentRow) -> FieldValues:
        return {
            "type": _some(row.type_code),
            "type_words": self._short_words(row.type_label),
            "year": _some(row.year),
            "month": _some(row.month),
            "state": _some(row.state),
            "case_no": _some(row.case_no and analysis.keyword(row.case_no)),
            "reference_code": _some(row.reference_code and analysis.keyword(row.reference_code)),
            "quality": _some(row.quality),
            "finding": list(row.findings),
            "late": list(row.late),
            "pairing": _some(row.pairing),
        }

    def _owner(self, row: CustomerRow) -> _Owner:
        """What a customer's own row and its documents' rows have in common."""
        kept = self._owners.get(row.customer_no)
        if kept and (kept.row is row or kept.row == row):
            return kept
        if len(self._owners) >= _CUSTOMERS_KEPT:
            self._owners.clear()
        owner = _Owner(row, _filled(self._encode_shared(row)), known_of(row))
        self._owners[row.customer_no] = owner
        return owner

    def _encode_shared(self, row: CustomerRow) -> FieldValues:
        names = [name for name in (row.name, *row.former_names) if name]
        numbers = [identifiers.compact(number) for number in row.id_nos if number]
        open_part = masking.open_address(row.address)
        spelled = [spellings(name) for name in names]
        return {
            "owner": [row.customer_no],
            **_places(row),
            **_number("customer_no", map(_code, (row.customer_no, *row.old_customer_nos))),
            **_number("meter_no", _meter_forms(row.meter_nos)),
            **_number("phone", _phone_forms(row.phones)),
            "id_hash": [analysis.hash_token(number, self._hash) for number in numbers],
            "id_last4": [number[-4:] for number in numbers],
            **_number("uscc", filter(identifiers.is_organisation_code, numbers)),
            "name": [legal_name(name) for name in names],
            "name_folded": [analysis.keyword(name) for name in names],
            "name_words": self._words(names),
            "name_chars": sorted(
                {char for name in names for char in analysis.han_characters(name)}
            ),
            "name_pinyin": _distinct((*each.shapes, *each.short) for each in spelled),
            "name_alike": _distinct(each.alike for each in spelled),
            "name_core": _distinct((each.core,) for each in spelled if each.core),
            "address_words": self._words([row.address]),
            "address_chars": sorted(set(analysis.han_characters(row.address))),
            "address_form_words": _form_words(row.address),
            "address_open_words": self._words([open_part, address_form(open_part)]),
            "address_open_chars": sorted(set(analysis.han_characters(open_part))),
            "category": _some(row.category),
            "status": _some(row.status),
        }

    def _words(self, texts: Iterable[str]) -> str:
        """Tokens of several values; no phrase reaches from one into the next."""
        each = (analysis.analyse_page(text, self._hash).words for text in texts if text)
        return f" {analysis.BREAK} ".join(words for words in each if words)

    def _short_words(self, text: str) -> str:
        """Tokens of a text that many rows have."""
        words = self._words_of.get(text)
        if words is None:
            if len(self._words_of) >= _WORDS_KEPT:
                self._words_of.clear()
            words = self._words_of[text] = self._words([text])
        return words

    def _title(self, title: str, known: KnownValues) -> FieldValues:
        """A title as everybody may find it, and once more in clear where that is not all."""
        folded, is_open = self._folded_title(title)
        closed = (
            masking.closed_spans(folded, known)
            if not is_open or masking.holds_known(folded, known)
            else ()
        )
        if not closed:
            return {"title_words": self._short_words(title)}
        shown = analysis.analyse_page(title, self._hash, closed=closed)
        return {"title_words": shown.words, "title_closed_words": self._short_words(title)}

    def _folded_title(self, title: str) -> tuple[str, bool]:
        """A title's normal form, and whether everybody may find all of it, whosever it is."""
        kept = self._titles.get(title)
        if kept is None:
            if len(self._titles) >= _WORDS_KEPT:
                self._titles.clear()
            folded = fold(title)
            kept = self._titles[title] = (folded, not masking.closed_spans(folded))
        return kept

    def _file_name(self, name: str) -> FieldValues:
        """A file's name in clear, and what everybody may find of it: its kind, numbers whole."""
        if not name:
            return {}
        stem = len(fold(name)) - len(file_names.kind_ending(name))
        shown = analysis.analyse_page(name, self._hash, closed=((0, stem),))
        clear = analysis.analyse_page(name, self._hash)
        return {
            "file_words": shown.words,
            "file_closed_words": clear.words,
            **_number("file_closed_number", clear.numbers | clear.phones),
        }

    def _pages(self, row: DocumentRow, known: KnownValues) -> FieldValues:
        """The pages as one text: a page's end is a cut, as a cell's end is.

        Buildings, rooms and labelled numbers are cut out, for those who see them masked; pages that
        have some stand once more in a field of their own, for those who see them in clear.
        """
        if not any(row.page_texts):
            return {}
        folded = self._long_text.fold_pages(row.page_texts)
        made_ahead = row.page_closed or (None,) * len(folded)
        pages = [
            self._page(page, known, closed)
            for text, page, closed in zip(row.page_texts, folded, made_ahead, strict=True)
            if text
        ]
        shown, clear = self._long_text.analyse_pages(pages, self._hash)
        return {
            "text": shown.words,
            **_number("text_number", shown.numbers),
            **_number("text_phone", shown.phones),
            "text_closed": clear.words,
            **_number("text_closed_number", clear.numbers - shown.numbers),
        }

    def _page(self, folded: str, known: KnownValues, closed: Sequence[Span] | None) -> FoldedPage:
        numbers = list(identifiers.find_numbers(folded))
        if closed is None:
            closed = masking.closed_spans(folded, known, numbers)
        return self._long_text.FoldedPage(folded, numbers, closed)


def known_of(row: CustomerRow) -> KnownValues:
    """What is masked on the papers of a customer besides what has the form of it.

    The same values in the same order as who shows them knows (a test holds them together): masks
    that were made ahead are kept under their key.
    """
    return KnownValues(
        names=_ordered(row.name, *row.former_names),
        numbers=_ordered(*row.id_nos, *row.phones),
        addresses=_ordered(row.address, *row.former_addresses),
        open_numbers=_ordered(row.customer_no, *row.old_customer_nos, *row.meter_nos),
    )


def _ordered(*values: str) -> tuple[str, ...]:
    return tuple(sorted({*values} - {""}))


def _filled(values: FieldValues) -> FieldValues:
    """Without empty texts and lists (none of these values is a number)."""
    return {name: value for name, value in values.items() if value}


def legal_name(name: str) -> str:
    """A name as it is written, with only width, case and spaces made equal (domain.md 4.1)."""
    return "".join(unicodedata.normalize("NFKC", name).lower().split())


def _code(number: str) -> str:
    return analysis.keyword(number)


def _distinct(several: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(chain.from_iterable(several)))


def _some(value: str) -> list[str]:
    return [value] if value else []


def _number(name: str, values: Iterable[str]) -> FieldValues:
    """A number with its reverse: the last digits are the reverse's beginning."""
    distinct = sorted(set(values) - {""})
    return {name: distinct, name + "_reversed": [value[::-1] for value in distinct]}


_ASSET_NO = 22
_SERIAL = slice(7, 21)
"""Owner 3, reserved 2, type 2, then the serial number of 14, then a check digit (domain.md 4.3)."""


def _meter_forms(numbers: Iterable[str]) -> list[str]:
    """A meter is also known by the serial number on its face, which ends before the check digit."""
    codes = [_code(number) for number in numbers]
    serials = (code[_SERIAL] for code in codes if len(code) == _ASSET_NO and code.isdecimal())
    return [*codes, *serials]


def _phone_forms(phones: Iterable[str]) -> list[str]:
    """A landline is searched with and without its area code."""
    forms: list[str] = []
    for phone in phones:
        local = identifiers.landline(phone)
        if local and not identifiers.mobile(phone):
            forms += [local[0] + local[1], local[1]]
        else:
            forms.append(identifiers.mobile(phone) or identifiers.compact(phone))
    return forms


def _places(row: Row) -> FieldValues:
    """Where a row belongs; a document's own places come over its customer's."""
    return _filled(
        {
            "station": _some(row.station),
            "line": _some(row.line),
            "district": _some(row.district),
        }
    )


def _row_fields(kind: RowKind, key: str, row: Row) -> FieldValues:
    lists = {"scope": row.scope, **row.extra}
    return {
        "key": [row_key(kind, key)],
        "kind": [kind.value],
        "revision": row.revision,
        **{name: list(values) for name, values in lists.items() if values},
    }


def _form_words(address: str) -> str:
    """Tokens of the forms of an address; no phrase reaches from one into the next."""
    forms = filter(None, (address_form(address), *shorter_forms(address)))
    return f" {analysis.BREAK} ".join(map(analysis.plain_tokens, forms))


def _customer_group(row: CustomerRow) -> int:
    return _grouped(_CLOSED if row.closed else _ACTIVE, row.order)


def _grouped(rank: int, order: int) -> int:
    if not 0 <= order < 1 << _ORDER_BITS:
        raise ValueError("a row's order must be between 0 and 2**60")
    return rank << _ORDER_BITS | order


def _group(group: int) -> FieldValues:
    return {"group": group, "part": group % PARTS}
