"""The last day that a paper states for itself (domain.md §2.2: valid until)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.rules.terms import find_term


@pytest.mark.parametrize(
    ("text", "last_day"),
    [
        ("签发机关\t襄州公安局\n有效期限\t2010.05.01-2030.05.01", date(2030, 5, 1)),
        ("有效期限 2010.05.01 - 2030.05.01", date(2030, 5, 1)),
        ("有效期至：2030年5月1日", date(2030, 5, 1)),
        ("有 效 期 至 2030年5月1日", date(2030, 5, 1)),
        ("营业期限 自2008年3月1日至2028年2月29日", date(2028, 2, 29)),
        ("营业期限：2008年03月01日 至 2028年02月29日", date(2028, 2, 29)),
        ("委托期限自2026年1月1日起至2026年12月31日止", date(2026, 12, 31)),
        ("授权有效期：2026-01-01 到 2026-06-30", date(2026, 6, 30)),
        ("合同期限\n2020年1月1日—2025年12月31日", date(2025, 12, 31)),
        ("截止日期\t二〇二八年十二月三十一日", date(2028, 12, 31)),
        ("有效期限 2010.05.01-长期", None),
        ("有效期限 长期", None),
        ("营业期限 2008年3月1日至永久", None),
        ("有效期自2026年1月1日起", None),
        ("有效期：2026年1月1日起三年", None),
        ("在合同有效期内，遇电价调整时，按调价文件规定执行。2026年1月1日", None),
        ("有效期为三年。签订日期：2026年1月1日", None),
        ("有效期限 2030.05.01-2010.05.01", None),
        ("申请日期 2026年1月1日", None),
        ("", None),
    ],
)
def test_a_term_is_read_up_to_its_last_day(text: str, last_day: date | None) -> None:
    found = find_term(text)
    assert (found.last_day if found else None) == last_day


@given(st.text("有效期限至自起长-—. 年月日0123456789\n\t", max_size=60))
def test_no_text_upsets_the_search(text: str) -> None:
    found = find_term(text)
    if found is not None:
        assert 0 <= found.start < found.end <= len(text)
