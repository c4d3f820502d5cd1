"""Identifiers: check digits of the standards and finding numbers in text (domain.md 4.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.rules import identifiers
from dossier.rules.identifiers import NumberKind, find_numbers
from dossier.rules.normal_form import fold


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("11010519491231002X", True),
        ("11010519491231002x", True),
        ("110105 19491231 002X", True),
        ("１１０１０５１９４９１２３１００２Ｘ", True),
        ("999999199001010016", True),
        ("999999198808152483", True),
        ("999999198502301239", False),  # right check digit, 30 February
        ("11010519491231002", False),
        ("110105194912310021", False),
        ("999999900101001", True),
        ("999999901301001", False),
        ("", False),
    ],
)
def test_an_id_number_needs_its_check_digit_and_a_real_date(number, valid):
    assert identifiers.is_id_no(number) is valid


def test_fifteen_places_become_eighteen():
    assert identifiers.id_no_18("999999900101001") == "999999199001010016"
    with pytest.raises(ValueError, match="15 or 18"):
        identifiers.id_no_18("123")


@pytest.mark.parametrize(
    "number", ["91999900MA0A1B2C25", "91999900123456788A", "91999900MA0000007U"]
)
def test_a_credit_code_is_valid_and_any_other_character_breaks_it(number):
    assert identifiers.is_uscc(number)
    for place in range(18):
        other = "B" if number[place] != "B" else "C"
        assert not identifiers.is_uscc(number[:place] + other + number[place + 1 :])
    assert not identifiers.is_uscc("O" + number[1:])


def test_a_card_number_passes_luhn_and_a_slip_does_not():
    assert identifiers.passes_luhn("6222 0000 0000 0000 012")
    assert not identifiers.passes_luhn("6222000000000000013")
    assert not identifiers.passes_luhn("")


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("13812345678", "13812345678"),
        ("+86 138-1234-5678", "13812345678"),
        ("0086 138 1234 5678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("12812345678", None),
        ("1381234567", None),
    ],
)
def test_a_mobile_number_in_any_spelling(typed, digits):
    assert identifiers.mobile(typed) == digits


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("0710-3234567", ("0710", "3234567")),
        ("(027)83234567", ("027", "83234567")),
        ("3234567转801", ("", "3234567")),
        ("13812345678", None),
    ],
)
def test_a_landline_has_an_area_code_or_none(typed, parts):
    assert identifiers.landline(typed) == parts


def test_forms_of_customer_and_meter_numbers():
    assert identifiers.is_customer_no("0040106028")
    assert not identifiers.is_customer_no("104010")
    assert identifiers.is_meter_no("4230001000000000123456")
    assert identifiers.is_meter_no("000012345678")
    assert not identifiers.is_meter_no("1040106028")


ID, BANK, LONG = NumberKind.ID_NO, NumberKind.BANK_ACCOUNT, NumberKind.LONG_NUMBER
MOBILE, LAND = NumberKind.MOBILE, NumberKind.LANDLINE


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("身份证11010519491231002X。", [(ID, "11010519491231002x")]),
        ("1101 0519 4912 3100 2X", [(ID, "11010519491231002x")]),
        ("110105 194912310 02X", [(ID, "11010519491231002x")]),
        ("1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", [(ID, "11010519491231002x")]),
        ("110105194912310021", [(LONG, "110105194912310021")]),
        ("卡号：6222 0000 0000 0000 012", [(BANK, "6222000000000000012")]),
        ("6222000000000000012", [(BANK, "6222000000000000012")]),
        ("6222000000000000013", [(LONG, "6222000000000000013")]),
        ("账号: 12345678901", [(BANK, "12345678901")]),
        ("银行账号\t1234 5678 9012", [(BANK, "123456789012")]),
        ("电话138 1234 5678", [(MOBILE, "13812345678")]),
        ("8613812345678", [(MOBILE, "13812345678")]),
        ("0710-3234567，(027) 83234567", [(LAND, "07103234567"), (LAND, "02783234567")]),
        ("2021-03-01 2022-05-06 3-2-501", []),
        ("2021 2022 2023 2024", []),
        ("1040106028", []),
        ("441000 1040106028", []),
        ("4230001000000000123456", []),
        ("138\t1234\t5678", []),
        ("138123456789", []),
    ],
)
def test_personal_numbers_are_found_in_text(text, found):
    assert [(number.kind, number.value) for number in find_numbers(fold(text))] == found


@given(st.text(max_size=60) | st.text("0123456789 -xX()账号:", max_size=60))
def test_found_numbers_are_ascending_and_inside_the_text(text):
    folded = fold(text)
    position = 0
    for number in find_numbers(folded):
        assert position <= number.start < number.end <= len(folded)
        assert identifiers.compact(folded[number.start : number.end]) == number.value
        position = number.end


@given(st.from_regex(r"[0-9]{17}", fullmatch=True))
def test_a_run_of_eighteen_places_is_sensitive_whatever_its_check_digit(first):
    for last in ("0", "x"):
        kinds = {number.kind for number in find_numbers(f"号码{first}{last}。")}
        assert kinds & identifiers.SENSITIVE_KINDS


def test_credit_codes_are_found_by_their_check_character():
    found = list(identifiers.find_uscc(fold("代码 91999900MA0A1B2C25 与 91999900MA0A1B2C26")))
    assert [number.value for number in found] == ["91999900ma0a1b2c25"]


def test_a_person_s_number_is_never_taken_for_a_credit_code():
    assert identifiers.is_organisation_code("91999900MA0A1B2C25")
    taken = []
    for day in range(1, 29):
        for serial in range(100, 200):
            first17 = f"999999198808{day:02}{serial}"
            number = first17 + identifiers.id_check_character(first17)
            taken += [number] if identifiers.is_uscc(number) else []
            assert not identifiers.is_organisation_code(number)
    assert taken  # such numbers exist
