"""Codes of slots and boxes, and the reference code, are read and written one way (§3.4, §6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.errors import InvalidInputError
from dossier.rules import reference_codes, shelf_codes
from dossier.rules.reference_codes import NATURES, RETENTIONS, ReferenceCode
from dossier.rules.shelf_codes import BoxCode, SlotCode

SLOTS = st.builds(
    SlotCode,
    st.integers(0, 99).map(lambda one: f"K{one:02}"),
    st.integers(1, 99),
    st.sampled_from("AB"),
    st.integers(1, 99),
    st.integers(1, 9),
    st.integers(1, 99),
)
BOXES = st.builds(BoxCode, st.from_regex(r"[A-Z0-9]{4}", fullmatch=True), st.integers(1, 10**8 - 1))
CODES = st.builds(
    ReferenceCode,
    st.from_regex(r"[A-Z0-9]{4}", fullmatch=True),
    st.sampled_from(NATURES),
    st.integers(1900, 2199),
    st.sampled_from(RETENTIONS),
    st.integers(1, 10**6 - 1),
    st.integers(0, 999),
)


@given(SLOTS)
def test_a_slots_code_is_read_as_it_is_written(slot: SlotCode) -> None:
    assert shelf_codes.parse_slot(str(slot)) == slot
    assert shelf_codes.parse_slot(str(slot).lower().replace("-", "－") + "\r") == slot


@given(BOXES)
def test_a_boxs_bar_code_is_read_as_it_is_written(box: BoxCode) -> None:
    assert shelf_codes.parse_box(str(box).lower()) == box


@given(BOXES, st.integers(2, 14), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_one_misread_character_of_a_box_is_noticed(box: BoxCode, at: int, other: str) -> None:
    code = str(box)
    if code[at] == other:
        return
    with pytest.raises(InvalidInputError):
        shelf_codes.parse_box(code[:at] + other + code[at + 1 :])


def test_the_check_character_is_that_of_iso_7064_mod_37_36() -> None:
    assert str(shelf_codes.box_code("Q018", 123)) == "KHQ01800000123S"


@pytest.mark.parametrize(
    "code",
    [
        "",
        "K1-03-A-05-2-07",
        "K01-3-A-05-2-07",
        "K01-03-C-05-2-07",
        "K01-00-A-05-2-07",
        "K01-03-A-05-0-07",
        "K01-03-A-05-2",
        "K01-03-A-05-2-07-1",
        "KHQ01800000123S",
        "6901234567892",
        "x" * 500,
    ],
)
def test_what_is_no_slot_is_refused_with_how_one_is_written(code: str) -> None:
    with pytest.raises(InvalidInputError) as told:
        shelf_codes.parse_slot(code)
    assert told.value.detail_zh


@pytest.mark.parametrize(
    "code", ["", "6901234567892", "KHQ01800000123", "KHQ01800000000A", "K01-03-A-05-2-07"]
)
def test_a_foreign_bar_code_is_refused(code: str) -> None:
    with pytest.raises(InvalidInputError):
        shelf_codes.parse_box(code)


def test_one_walks_aisle_by_aisle_and_sees_both_hands() -> None:
    """Column 1's back and column 2's front face one aisle, which is opened once."""
    codes = [
        "K01-01-A-01-1-01",
        "K01-01-B-01-5-01",
        "K01-01-B-01-1-01",
        "K01-02-A-01-3-01",
        "K01-01-B-02-1-01",
        "K01-02-A-02-1-01",
        "K01-02-B-01-1-01",
        "K02-01-A-01-1-01",
    ]
    assert [str(one) for one in sorted(map(shelf_codes.parse_slot, reversed(codes)))] == codes


@given(CODES)
def test_a_reference_code_is_read_as_it_is_written(code: ReferenceCode) -> None:
    assert reference_codes.parse(str(code)) == code
    assert reference_codes.parse(str(code).lower().replace("·", "・")) == code
    assert reference_codes.parse(code.plain) == code
    assert code.plain.isascii()


def test_a_reference_code_is_written_as_the_rule_book_does() -> None:
    code = reference_codes.parse("Q018-KH·DY·2025-D30-000123").of_item(4)
    assert str(code) == "Q018-KH·DY·2025-D30-000123-004"


@pytest.mark.parametrize(
    "code",
    [
        "",
        "Q018-KH·DY·2025-D30-123-004",
        "Q018-KH·XX·2025-D30-000123-004",
        "Q018-KH·DY·2025-D20-000123-004",
        "Q018-KH·DY·2025-D30-000000-004",
        "Q018-KH·DY·2025-D30-000123-000",
        "Q018-KH·DY·0025-D30-000123-004",
        "Q018-KH·DY·2025-D30-000123-004-1",
    ],
)
def test_what_is_no_reference_code_is_refused(code: str) -> None:
    with pytest.raises(InvalidInputError):
        reference_codes.parse(code)


def test_an_item_beyond_three_digits_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        reference_codes.parse("Q018-KH·DY·2025-D30-000123").of_item(1_000)
