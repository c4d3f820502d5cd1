"""A cell of several lines is read whole, after the label at half of its height."""

from __future__ import annotations

import pytest

from dossier.rules.text_columns import Cell
from dossier.rules.wrapped_cells import wrapped_rows

HEIGHT = 30.0


def cell(text: str, x: float, y: float) -> Cell:
    return Cell(x, x + 22 * len(text), y, HEIGHT, text)


def read(cells: list[Cell]) -> list[str]:
    return ["|".join(cells[i].text for i in row) for row in wrapped_rows(cells)]


@pytest.mark.parametrize("leaning", (-4.0, 0.0, 4.0))
def test_a_name_in_two_lines_does_not_part_a_label_from_its_number(leaning: float) -> None:
    """户号 went with the name's first line, and its number with nothing."""
    cells = [
        cell("户号", 0, 118 - leaning),
        cell("4225197154", 200, 118 - leaning / 2),
        cell("户名", 500, 118 + leaning / 2),
        cell("襄阳市汉江农业科技股份有限", 620, 100 + leaning),
        cell("公司", 620, 136 + leaning),
        cell("证件号码", 0, 190),
        cell("91999900722355452P", 200, 190),
    ]
    assert read(cells) == ["户号|4225197154|户名|襄阳市汉江农业科技股份有限|公司"]


def test_three_lines_stand_after_their_label_and_two_wrapped_cells_side_by_side() -> None:
    three = [
        cell("住所", 0, 136),
        *(cell("襄阳市襄州区古驿镇东风", 120, 100 + 36 * n) for n in range(3)),
    ]
    assert read(three) == ["住所" + "|襄阳市襄州区古驿镇东风" * 3]
    both = [
        cell("户名", 0, 118),
        cell("襄阳市汉江农业科技股份有限", 120, 100),
        cell("公司", 120, 136),
        cell("地址", 500, 118),
        cell("襄阳市襄州区伙牌镇光明巷", 620, 100),
        cell("125号", 620, 136),
    ]
    assert read(both) == [
        "户名|襄阳市汉江农业科技股份有限|公司|地址|襄阳市襄州区伙牌镇光明巷|125号"
    ]


def test_rows_of_a_table_signatures_and_columns_stay_as_they_are() -> None:
    table = [
        cell(f"{name}{row}", x, 36.0 * row)
        for row in range(6)
        for name, x in (("项", 0), ("值", 200))
    ]
    two_rows = [
        cell("甲方", 0, 0),
        cell("张三", 200, 0),
        cell("乙方", 0, 36),
        cell("李四", 200, 36),
    ]
    paragraphs = [cell("第一条供电人应当按照国家规定的供电质量", 0, 40.0 * n) for n in range(9)] + [
        cell("第二条用电人应当按照约定的期限", 500, 40.0 * n + 20) for n in range(9)
    ]
    assert read(table) == read(two_rows) == read(paragraphs) == []
