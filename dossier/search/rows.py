"""Rows as the flat field values that an engine stores: folded, tokenized, hashed.

The same for every engine: a ``text`` field's value is its tokens joined by spaces, a ``keyword``
field's a list of strings, numbers are integers.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from dossier.rules import identifiers
from dossier.search import analysis
from dossier.search.analysis import NumberHash
from dossier.search.port import CustomerRow, DocumentRow, Row, RowKind

FieldValues = dict[str, int | str | list[str]]

PARTS = 64
"""Groups are split into so many parts: an engine gives at most 65,000 buckets a request."""

OPEN = "open"
"""Secrecy token of rows without a level."""

_ORDER_BITS = 60
_ACTIVE, _UNASSIGNED, _CLOSED = 2, 1, 0  # highest first (domain.md 4.5: active over closed)
_CUSTOMERS_KEPT = 4096  # a customer's documents come in one batch; bounded for a whole rebuild


def row_key(kind: RowKind, key: str) -> str:
    """The row's one key over both kinds."""
    return f"{kind.value[0]}:{key}"


class RowEncoder:
    """Turns rows into field values; keeps the customers it has just encoded.

    Args:
        number_hash: keyed hash for ID numbers and accounts; the same key must be used by queries.
    """

    def __init__(self, number_hash: NumberHash) -> None:
        self._hash = number_hash
        self._customers: dict[str, tuple[CustomerRow, FieldValues]] = {}

    def encode(self, row: Row) -> FieldValues:
        """The field values of a row; empty values are left out."""
        values = self._customer(row) if isinstance(row, CustomerRow) else self._document(row)
        return {name: value for name, value in values.items() if value not in ("", [])}

    def _customer(self, row: CustomerRow) -> FieldValues:
        return {
            **self._shared(row),
            **_places(row),
            **_row_fields(RowKind.CUSTOMER, row.customer_no, row),
            **_group(_customer_group(row)),
            "secrecy": [OPEN],
        }

    def _document(self, row: DocumentRow) -> FieldValues:
        customer = row.customer
        group = _customer_group(customer) if customer else _grouped(_UNASSIGNED, row.order)
        return {
            **(self._shared(customer) if customer else {}),
            **_places(customer),
            **_places(row),
            **_row_fields(RowKind.DOCUMENT, row.document_id, row),
            **_group(group),
            "secrecy": [row.secrecy or OPEN],
            "order": row.order,
            "type": _some(row.type_code),
            "type_words": self._words([row.type_label]),
            "title_words": self._words([row.title]),
            "year": _some(row.year),
            "state": _some(row.state),
            "case_no": _some(analysis.keyword(row.case_no)),
            "reference_code": _some(analysis.keyword(row.reference_code)),
            **self._pages(row.page_texts),
        }

    def _shared(self, row: CustomerRow) -> FieldValues:
        """What a customer's own row and its documents' rows have in common."""
        kept = self._customers.get(row.customer_no)
        if kept and kept[0] == row:
            return kept[1]
        if len(self._customers) >= _CUSTOMERS_KEPT:
            self._customers.clear()
        values = self._encode_shared(row)
        self._customers[row.customer_no] = (row, values)
        return values

    def _encode_shared(self, row: CustomerRow) -> FieldValues:
        names = [name for name in (row.name, *row.former_names) if name]
        numbers = [identifiers.compact(number) for number in row.id_nos if number]
        return {
            "owner": [row.customer_no],
            **_number("customer_no", map(_code, (row.customer_no, *row.old_customer_nos))),
            **_number("meter_no", map(_code, row.meter_nos)),
            **_number("phone", _phone_forms(row.phones)),
            "id_hash": [analysis.hash_token(number, self._hash) for number in numbers],
            "id_last4": [number[-4:] for number in numbers],
            "name": [legal_name(name) for name in names],
            "name_folded": [analysis.keyword(name) for name in names],
            "name_words": self._words(names),
            "name_chars": sorted(
                {char for name in names for char in analysis.han_characters(name)}
            ),
            "address_words": self._words([row.address]),
            "address_chars": sorted(set(analysis.han_characters(row.address))),
            "category": _some(row.category),
            "status": _some(row.status),
        }

    def _words(self, texts: Iterable[str]) -> str:
        """Tokens of several values; no phrase reaches from one into the next."""
        each = (analysis.analyse_page(text, self._hash).words for text in texts if text)
        return f" {analysis.BREAK} ".join(words for words in each if words)

    def _pages(self, texts: Iterable[str]) -> FieldValues:
        pages = [analysis.analyse_page(text, self._hash) for text in texts if text]
        words = (page.words for page in pages)
        return {
            "text": f" {analysis.BREAK} ".join(words),
            **_number("text_number", {number for page in pages for number in page.numbers}),
            **_number("text_phone", {phone for page in pages for phone in page.phones}),
        }


def legal_name(name: str) -> str:
    """A name as it is written, with only width, case and spaces made equal (domain.md 4.1)."""
    return "".join(unicodedata.normalize("NFKC", name).lower().split())


def _code(number: str) -> str:
    return analysis.keyword(number)


def _some(value: str) -> list[str]:
    return [value] if value else []


def _number(name: str, values: Iterable[str]) -> FieldValues:
    """A number with its reverse: the last digits are the reverse's beginning."""
    distinct = sorted(set(values) - {""})
    return {name: distinct, name + "_reversed": [value[::-1] for value in distinct]}


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


def _places(row: Row | None) -> FieldValues:
    """Where a row belongs; a document's own places come over its customer's."""
    names = ("station", "line", "district")
    return {name: [getattr(row, name)] for name in names if getattr(row, name, "")}


def _row_fields(kind: RowKind, key: str, row: Row) -> FieldValues:
    return {
        "key": [row_key(kind, key)],
        "kind": [kind.value],
        "revision": row.revision,
        "scope": list(row.scope),
        **{name: list(values) for name, values in row.extra.items()},
    }


def _customer_group(row: CustomerRow) -> int:
    return _grouped(_CLOSED if row.closed else _ACTIVE, row.order)


def _grouped(rank: int, order: int) -> int:
    if not 0 <= order < 1 << _ORDER_BITS:
        raise ValueError("a row's order must be between 0 and 2**60")
    return rank << _ORDER_BITS | order


def _group(group: int) -> FieldValues:
    return {"group": group, "part": group % PARTS}
