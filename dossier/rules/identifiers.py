"""Numbers that name people and things: form, check digits, and finding them in text.

Sources: domain.md 4.3 (GB 11643-1999, GB 32100-2015, Luhn) with its test vectors. All functions
that search take folded text (:func:`dossier.rules.normal_form.fold`): half-width digits, one dash,
lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from dossier.rules.normal_form import fold

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10x98765432"
_USCC_ALPHABET = "0123456789abcdefghjklmnpqrtuwxy"  # GB 32100: no I O S V Z
_FIRST_BIRTH_YEAR = 1850  # older than anyone alive or in a living file


class NumberKind(StrEnum):
    """What a number in a text may be."""

    ID_NO = "id_no"
    BANK_ACCOUNT = "bank_account"
    LONG_NUMBER = "long_number"
    MOBILE = "mobile"
    LANDLINE = "landline"
    USCC = "uscc"


SENSITIVE_KINDS = frozenset({NumberKind.ID_NO, NumberKind.BANK_ACCOUNT, NumberKind.LONG_NUMBER})
"""Kinds that never enter the index in clear (architecture.md, Records)."""


@dataclass(frozen=True, slots=True)
class FoundNumber:
    """A number found in folded text.

    Attributes:
        value: without spaces and dashes, lower case.
        checked: check digits (and the birth date) are right.
    """

    kind: NumberKind
    value: str
    start: int
    end: int
    checked: bool


def compact(number: str) -> str:
    """A number as typed or printed, without spaces, dashes, brackets and dots; folded."""
    return re.sub(r"[\s\-()·./_]", "", fold(number))


def is_id_no(number: str) -> bool:
    """Whether it is a resident ID number: 18 places (check digit, real date) or 15 (real date)."""
    value = compact(number)
    if re.fullmatch(r"\d{15}", value):
        return _is_birth_date("19" + value[6:12])
    if not re.fullmatch(r"\d{17}[\dx]", value):
        return False
    return id_check_character(value[:17]) == value[17] and _is_birth_date(value[6:14])


def is_impossible_id_no(number: str) -> bool:
    """Whether it passes an ID number's check digit and is of no day (30 February)."""
    value = compact(number)
    if not re.fullmatch(r"\d{17}[\dx]", value) or _is_birth_date(value[6:14]):
        return False
    return id_check_character(value[:17]) == value[17] and not is_uscc(value)


def id_check_character(first17: str) -> str:
    """The 18th place of an ID number (GB 11643-1999), ``x`` in lower case."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _ID_WEIGHTS, strict=True))
    return _ID_CHECKS[total % 11]


def id_no_18(number: str) -> str:
    """The 18-place form of an ID number of 15 or 18 places, lower case.

    Raises:
        ValueError: neither 15 nor 18 places.
    """
    value = compact(number)
    if re.fullmatch(r"\d{17}[\dx]", value):
        return value
    if not re.fullmatch(r"\d{15}", value):
        raise ValueError("an ID number has 15 or 18 places")
    first17 = value[:6] + "19" + value[6:]
    return first17 + id_check_character(first17)


def is_uscc(number: str) -> bool:
    """Whether it is a unified social credit code with a right check character (GB 32100-2015)."""
    value = compact(number)
    if len(value) != 18 or any(character not in _USCC_ALPHABET for character in value):
        return False
    total = sum(
        _USCC_ALPHABET.index(character) * pow(3, place, 31)
        for place, character in enumerate(value[:17])
    )
    return _USCC_ALPHABET[(31 - total % 31) % 31] == value[17]


def is_organisation_code(number: str) -> bool:
    """Whether it is a credit code and cannot be a person's ID number.

    One ID number in 31 passes the credit code's check as well; whatever has the form and the date
    of birth of one is taken for a person's, which is kept as a keyed hash only (domain.md 4.3).
    """
    value = compact(number)
    may_be_person = re.fullmatch(r"\d{17}[\dx]", value) and _is_birth_date(value[6:14])
    return not may_be_person and is_uscc(value)


def passes_luhn(number: str) -> bool:
    """Whether the last digit is the Luhn check digit (bank cards)."""
    digits = [int(digit) for digit in compact(number)]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return len(digits) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def mobile(number: str) -> str | None:
    """The 11 digits of a mobile number in any spelling (+86, spaces, dashes), else None."""
    match = re.fullmatch(r"(?:\+?(?:00)?86)?(1[3-9]\d{9})", compact(number))
    return match[1] if match else None


def landline(number: str) -> tuple[str, str] | None:
    """Area code (may be empty) and local number of a landline, else None."""
    value = re.sub(r"(?:转|ext|x)\d{1,6}$", "", compact(number))
    match = re.fullmatch(r"(010|02\d|0[3-9]\d{2})?([1-9]\d{6,7})", value)
    return (match[1] or "", match[2]) if match else None


def is_customer_no(number: str) -> bool:
    """Whether it has a customer number's form: 10 to 16 digits (leading zeros count)."""
    return re.fullmatch(r"\d{10,16}", compact(number)) is not None


def is_meter_no(number: str) -> bool:
    """Whether it has a meter asset number's form: 22 digits, or the 12 of its address."""
    return re.fullmatch(r"\d{22}|\d{12}", compact(number)) is not None


_SEP = "[ -]?"
_ACCOUNT_LABEL = (
    r"(?:账号|帐号|卡号|账户|帐户|银行卡|储蓄卡|存折号?)(?:号码?)?[\]）)】:;,. \t\n·_-]{0,6}"
)
_NUMBER = re.compile(
    r"(?<![0-9])(?:"
    rf"(?P<id>[0-9]{{6}}{_SEP}[0-9]{{4}}{_SEP}[0-9]{{4}}{_SEP}[0-9]{{3}}{_SEP}[0-9x](?![0-9a-z]))"
    r"|(?P<old_id>[0-9]{15}(?![0-9a-z]))"
    r"|(?P<long>[0-9]{16,19}(?![0-9]))"
    r"|(?P<card>[0-9]{4}(?:[ -][0-9]{4}){3}(?:[ -]?[0-9]{1,3}x?)?(?![0-9]))"
    r"|(?P<card_in_two>[0-9]{6}[ -][0-9]{9,13}(?![0-9]))"
    rf"|(?:\+?(?:00)?86{_SEP})?(?P<mobile>1[3-9][0-9]{_SEP}[0-9]{{4}}{_SEP}[0-9]{{4}}(?![0-9]))"
    r"|(?P<land>0[3-9][0-9]{2}[1-9][0-9]{6}(?![0-9])|(?:010|02[0-9])[1-9][0-9]{7}(?![0-9])"
    r"|\(?(?:010|02[0-9]|0[3-9][0-9]{2})[) -]{1,2}[1-9][0-9]{6,7}(?![0-9]))"
    r"|(?P<groups>[0-9]+(?:[ -][0-9]+){2,})"
    r")"
)
# Where a number of eight digits and more may be: looked at closely only there.
_CANDIDATE = re.compile(r"[0-9](?:[ ()-]{0,2}[0-9]){7,}")
_LABEL_BEFORE = re.compile(rf"{_ACCOUNT_LABEL}$")
_LONGEST_LABEL = 16
_ACCOUNT = re.compile(r"(?P<account>[0-9](?:[ -]?[0-9]){7,29}(?![0-9]))")
# An ID number with spaces anywhere, as OCR puts them; counts only when check digit and date hold.
_SPACED_ID = re.compile(r"[0-9](?:[ -]?[0-9]){16}[ -]?[0-9x](?![0-9a-z])")
# Four columns of years are printed like a bank card.
_YEARS = re.compile(r"(?:(?:19|20)[0-9]{2}[ -]?)+")
_USCC = re.compile(
    r"(?<![0-9a-z])[0-9a-hj-npqrtuwxy]{2}[0-9]{6}[0-9a-hj-npqrtuwxy]{10}(?![0-9a-z])"
)


def find_numbers(folded: str) -> Iterator[FoundNumber]:
    """ID numbers, bank accounts, long numbers that may be either, and phones, in order.

    A run of 16 to 19 digits whose check digit is wrong still counts (OCR misreads digits).
    Spaces and dashes inside are tolerated, line ends are not.
    """
    done = 0
    for candidate in _CANDIDATE.finditer(folded):
        # A bracket or plus before, an x or the character that ends it behind, belong to it.
        start, end = max(done, candidate.start() - 2), candidate.end() + 2
        for found in _in_candidate(folded, start, candidate.start(), end):
            yield found
            done = found.end


def _in_candidate(folded: str, start: int, digits: int, end: int) -> Iterator[FoundNumber]:
    before = folded[max(0, digits - _LONGEST_LABEL) : digits]
    if _LABEL_BEFORE.search(before) and (match := _ACCOUNT.match(folded, digits, end)):
        value = compact(match[0])
        found = NumberKind.BANK_ACCOUNT
        yield FoundNumber(found, value, *match.span(), checked=passes_luhn(value))
        start = match.end()
    while match := _NUMBER.search(folded, start, end):
        number = _classified(match) or _spaced_id(folded, match.start())
        if number:
            yield number
            start = number.end
        else:
            # Groups that mean nothing as a whole may hold a number further on.
            start = _after_first_run(folded, match.start())


def find_sensitive(folded: str) -> Iterator[FoundNumber]:
    """Only the numbers that never enter an index in clear."""
    return (found for found in find_numbers(folded) if found.kind in SENSITIVE_KINDS)


def find_uscc(folded: str) -> Iterator[FoundNumber]:
    """Unified social credit codes with a right check character."""
    for match in _USCC.finditer(folded):
        if is_uscc(match[0]):
            yield FoundNumber(NumberKind.USCC, match[0], *match.span(), checked=True)


def _classified(match: re.Match[str]) -> FoundNumber | None:
    """What a candidate is; None for groups of digits that only look like a number (dates)."""
    kind = match.lastgroup or ""
    value = compact(match[kind])
    span = match.span(kind)
    if kind == "mobile":
        return FoundNumber(NumberKind.MOBILE, value, *span, checked=True)
    if kind == "land":
        return FoundNumber(NumberKind.LANDLINE, value, *span, checked=True)
    if is_id_no(value):
        return FoundNumber(NumberKind.ID_NO, value, *span, checked=True)
    return _bank_account(kind, value, match)


def _bank_account(kind: str, value: str, match: re.Match[str]) -> FoundNumber | None:
    """A bank account, or a run so long that it may be a misread ID number or account."""
    luhn = value.isdigit() and passes_luhn(value)
    if kind in ("groups", "old_id") or (kind == "card_in_two" and not luhn):
        return None
    if kind == "card" and not luhn and _YEARS.fullmatch(match[kind]):
        return None
    found = NumberKind.BANK_ACCOUNT if luhn else NumberKind.LONG_NUMBER
    return FoundNumber(found, value, *match.span(kind), checked=luhn)


def _spaced_id(folded: str, start: int) -> FoundNumber | None:
    match = _SPACED_ID.match(folded, start)
    if match and is_id_no(match[0]):
        return FoundNumber(NumberKind.ID_NO, compact(match[0]), *match.span(), checked=True)
    return None


def _after_first_run(folded: str, start: int) -> int:
    run = re.compile(r"[^0-9]*[0-9]+").match(folded, start)
    return run.end() if run else start + 1


def _is_birth_date(yyyymmdd: str) -> bool:
    try:
        born = date(int(yyyymmdd[:4]), int(yyyymmdd[4:6]), int(yyyymmdd[6:]))
    except ValueError:
        return False
    return born.year >= _FIRST_BIRTH_YEAR
