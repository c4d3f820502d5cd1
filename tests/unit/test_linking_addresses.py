"""Addresses agree as people mean them (domain.md §4.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.rules.addresses import Agreement, address_key, compare


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("襄州区航空路12号3栋2单元501", "襄州航空路十二号3-2-501"),
        ("襄阳市襄州区建设街53号", "建设街53号"),
        ("湖北省襄阳市襄州区和谐家园3-2-1502", "襄州区和谐家园3号楼2单元1502室"),
        ("电力小区17-3-1102", "襄阳市襄州区电力小区17-3-1102"),
        ("張灣鎮李家灣村3組12號", "张湾镇李家湾村三组12号"),
    ],
)
def test_spellings_of_one_place_agree_fully(one, other) -> None:
    assert compare(address_key(one), address_key(other)) == Agreement.FULL


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("建设街53号20栋1单元103室", "建设街53号20栋1单元104室"),
        ("航空路12号", "人民路12号"),
        ("", "航空路12号"),
    ],
)
def test_neighbours_and_other_streets_do_not_agree_fully(one, other) -> None:
    assert compare(address_key(one), address_key(other)) < Agreement.FULL


def test_the_house_without_the_room_is_near() -> None:
    assert compare(address_key("航空路12号"), address_key("航空路12号3栋501室")) == Agreement.NEAR


@given(st.text(max_size=40))
def test_any_text_has_a_key_and_agrees_with_itself_or_not_at_all(text) -> None:
    key = address_key(text)
    assert compare(key, key) in set(Agreement)
