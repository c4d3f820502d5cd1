"""A word as a number of something or somebody, whole or in part (domain.md 4.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dossier.rules import identifiers
from dossier.search import analysis
from dossier.search.expression import Expression, Nothing, Prefix, Term, any_of
from dossier.search.phrases import MIN_ACCOUNT
from dossier.search.port import MatchReason, SearchRight
from dossier.search.ranking import MatchClass
from dossier.search.ways.clause import Asker, Clause

_FROM_ABROAD = re.compile(r"86[1-9][0-9]{8,10}")
# 12,345.67 and 12345.67 are money, and no meter that ends 1234567.
_AMOUNT = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?|[0-9]+\.[0-9]{1,2}")

MIN_PARTIAL = 4
"""Digits of a number that one must know to search by its beginning or end (domain.md 4.3)."""


def as_number(asker: Asker, text: str) -> Iterator[Clause]:
    """Exact and partial numbers of things and people (domain.md 4.3, search behaviour)."""
    code = analysis.keyword(text)
    if not _is_code(code) or _AMOUNT.fullmatch(text):
        return
    yield from as_thing(asker, MatchReason.CUSTOMER_NO, code)
    yield from as_thing(asker, MatchReason.METER_NO, code)
    for reason in (MatchReason.CASE_NO, MatchReason.REFERENCE_CODE):
        yield Clause(reason, MatchClass.EXACT_NUMBER, Term(reason.value, (code,)))
    yield from as_phone(asker, text)
    yield from as_id_no(asker, code)
    yield from as_uscc_part(asker, code)
    yield Clause(MatchReason.TEXT, MatchClass.TEXT, _on_page(asker, code))


def as_thing(asker: Asker, reason: MatchReason, code: str) -> Iterator[Clause]:
    """A customer or meter number, whole, by its beginning or by its last digits."""
    if not asker.may(SearchRight(reason.value)):
        return
    yield Clause(reason, MatchClass.EXACT_NUMBER, Term(reason.value, (code,)))
    yield Clause(reason, MatchClass.PREFIX, partial_number(reason.value, code))


def as_phone(asker: Asker, text: str) -> Iterator[Clause]:
    """A phone number, whole; in part where that may be searched."""
    digits = identifiers.mobile(text) or identifiers.compact(text)
    if not digits.isdecimal():
        return
    if asker.may(SearchRight.PHONE):
        whole = (digits, *_without_country(digits))
        yield Clause(MatchReason.PHONE, MatchClass.EXACT_PHONE, Term("phone", whole))
    if asker.may(SearchRight.PHONE_PARTIAL):
        yield Clause(MatchReason.PHONE, MatchClass.PREFIX, partial_number("phone", digits))


def _without_country(digits: str) -> tuple[str, ...]:
    """A landline with the country's code before it, as one dials it here."""
    return (f"0{digits[2:]}",) if _FROM_ABROAD.fullmatch(digits) else ()


def as_id_no(asker: Asker, code: str) -> Iterator[Clause]:
    """An ID number or USCC by its keyed hash, or its last four where that may be searched."""
    if asker.may(SearchRight.ID_NO) and len(code) >= MIN_ACCOUNT:
        tokens = hash_tokens(asker, code)
        reason = MatchReason.USCC if identifiers.is_organisation_code(code) else MatchReason.ID_NO
        yield Clause(reason, MatchClass.EXACT_PHONE, Term("id_hash", tokens))
    if asker.may(SearchRight.ID_LAST4) and len(code) == MIN_PARTIAL:
        yield Clause(MatchReason.ID_NO, MatchClass.PREFIX, Term("id_last4", (code,)))


def as_uscc_part(asker: Asker, code: str) -> Iterator[Clause]:
    """The beginning or end of an organisation's credit code, where that may be searched."""
    if asker.may(SearchRight.USCC_PARTIAL) and not identifiers.is_organisation_code(code):
        yield Clause(MatchReason.USCC, MatchClass.PREFIX, partial_number("uscc", code))


def as_account(asker: Asker, code: str) -> Iterator[Clause]:
    """A bank account, which stands on papers only: whole, by its keyed hash (domain.md 4.3)."""
    may = asker.may(SearchRight.ID_NO) and asker.may(SearchRight.TEXT)
    if may and len(code) >= MIN_ACCOUNT:
        tokens = hash_tokens(asker, code)
        yield Clause(MatchReason.ACCOUNT, MatchClass.EXACT_PHONE, Term("text", tokens))


def hash_tokens(asker: Asker, code: str) -> tuple[str, ...]:
    """The number's token under every key that rows may be made with."""
    hashes = analysis.number_hashes(asker.number_hash)
    return tuple(analysis.hash_token(code, each) for each in hashes)


def _on_page(asker: Asker, code: str) -> Expression:
    """A number on a page that begins or ends so; sensitive ones are not in these fields."""
    if not asker.may(SearchRight.TEXT) or not code.isdecimal():
        return Nothing()
    parts = [partial_number("text_number", code)]
    if asker.may(SearchRight.ADDRESS_DETAIL):
        parts.append(partial_number("text_closed_number", code))
    if asker.may(SearchRight.PHONE_PARTIAL):
        parts.append(partial_number("text_phone", code))
    return any_of(*parts)


def partial_number(field: str, code: str) -> Expression:
    """A number that begins or ends with ``code``; nothing where that is too short."""
    if len(code) < MIN_PARTIAL:
        return Nothing()
    return any_of(Prefix(field, code), Prefix(f"{field}_reversed", code[::-1]))


def _is_code(code: str) -> bool:
    """Whether a folded word may be a number of something: ASCII with at least one digit."""
    return code.isascii() and code.isalnum() and any(char.isdecimal() for char in code)
