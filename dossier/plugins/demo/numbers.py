"""Invented numbers that are formally right and belong to nobody (domain.md §4.3).

Identity numbers use the area 999999 and credit codes the area 999900, which are not assigned;
mobile numbers use prefixes that no operator holds; a landline never starts with 1.
"""

from __future__ import annotations

from datetime import date, timedelta

from stdnum.cn import ric, uscc

AREA = "999999"
CREDIT_AREA = "999900"
FREE_PREFIXES = ("142", "143", "154", "160", "161", "163", "164", "168", "169", "179")
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714
_ORG_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_FIRST_BIRTH = date(1945, 1, 1)
_BIRTH_DAYS = 21_900  # sixty years: youngest is born in 2004, an adult in 2026
_SPREAD = 6_007  # coprime with _BIRTH_DAYS, so that neighbours differ in many digits
_CUSTOMER_SPAN = 100_000_000
_CUSTOMER_STEP = 7_654_321  # coprime with the span: numbers differ in many digits, never repeat


def customer_no(seed: int, index: int) -> str:
    """Ten digits starting with 42, unique for ``index`` below 100 million."""
    return f"42{(seed * 1_299_709 + index * _CUSTOMER_STEP) % _CUSTOMER_SPAN:08d}"


def old_customer_no(seed: int, index: int) -> str:
    """An eight-digit number as given out before the unified numbering."""
    return f"7{(seed * 15_485_863 + index * 654_323) % 10_000_000:07d}"


def meter_no(seed: int, index: int, turn: int = 0) -> str:
    """A 22-digit asset number: unit 3, reserved 2, type 2, serial 14, check 1 (weight 3-1)."""
    serial = (seed * 32_452_843 + (index * 4 + turn) * 9_973_331) % 10**11
    body = f"4120001{serial:014d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return body + str(-total % 10)


def identity_no(index: int) -> str:
    """An 18-digit identity number with date of birth and check digit, unique up to 20 million."""
    day = index * _SPREAD % _BIRTH_DAYS
    order = (index // _BIRTH_DAYS + day * 13) % 999 + 1
    body = f"{AREA}{_FIRST_BIRTH + timedelta(days=day):%Y%m%d}{order:03d}"
    return body + str(ric.calc_check_digit(body + "0"))  # it takes the whole number


def birth_of(identity: str) -> date:
    """The date of birth inside an 18-digit identity number."""
    return date(int(identity[6:10]), int(identity[10:12]), int(identity[12:14]))


def credit_code(index: int, *, is_old: bool = False) -> str:
    """An 18-character unified social credit code whose two check characters are right.

    Args:
        index: decides it; each gives another one.
        is_old: of an organisation that had an organisation code before: digits, and no ``MA``.
    """
    body = f"7{index * 7_919 % 10**7:07d}" if is_old else _letters(index)
    code = f"91{CREDIT_AREA}{body}{_organisation_check(body)}"
    return code + str(uscc.calc_check_digit(code))


def _letters(index: int) -> str:
    serial, body = index * 7_919 % 31**5, "MA0"
    for _ in range(5):
        serial, digit = divmod(serial, 31)
        body += _ORG_ALPHABET[digit]
    return body


def organisation_code(credit: str) -> str:
    """The nine characters of GB 11714 that a credit code holds, as certificates print them."""
    return f"{credit[8:16]}-{credit[16]}"


def registration_no(index: int) -> str:
    """A fifteen-digit number of a business licence of before the credit code."""
    return f"{CREDIT_AREA}{index * 86_243 % 10**9:09d}"


def mobile(index: int) -> str:
    """Eleven digits with a prefix that is not in use."""
    prefix = FREE_PREFIXES[index % len(FREE_PREFIXES)]
    return prefix + f"{index * 6_151_157 % 100_000_000:08d}"


def landline(index: int) -> str:
    """A number in Xiangyang that cannot exist: subscriber numbers never start with 1."""
    return f"0710-1{index * 48_611 % 1_000_000:06d}"


def bank_card(index: int) -> str:
    """Nineteen digits with Luhn check digit."""
    body = f"622200{index * 7_368_787 % 10**12:012d}"
    doubled = [int(d) * 2 if place % 2 == 0 else int(d) for place, d in enumerate(reversed(body))]
    return body + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


def case_no(on: date, seed: int, index: int) -> str:
    """A twelve-digit number of a business case; it begins with the year."""
    return f"{on:%y}{(seed * 11 + index * 86_243) % 10**10:010d}"


def _organisation_check(body: str) -> str:
    values = (int(c, 36) for c in body)
    rest = 11 - sum(v * w for v, w in zip(values, _ORG_WEIGHTS, strict=True)) % 11
    return "X" if rest == 10 else "0" if rest == 11 else str(rest)
