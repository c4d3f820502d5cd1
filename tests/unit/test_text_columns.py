"""Running text in columns is read column by column; forms and tables are read by rows."""

from __future__ import annotations

import pytest

from dossier.rules.text_columns import Cell, in_reading_order

HEIGHT = 30.0
TEXT = (
    "第一条供电人应当按照国家规定的供电质量标准和本合同约定安全供电，因自身原因未能保证质量造成用电人损失的"
    "应承担赔偿责任。第二条用电人应当按照约定的期限和方式及时交付电费，逾期不交的应当按照约定支付违约金，经催"
    "告在合理期限内仍不交付的，供电人可以按照国家规定的程序中止供电。第三条供电设施的产权分界点为计量装置出线"
    "侧接线端子，分界点电源侧由供电人负责维护，负荷侧由用电人负责维护。"
)


def cell(text: str, column: float, row: float) -> Cell:
    return Cell(column, column + HEIGHT * len(text), row * 45.0, HEIGHT, text)


def read(rows: list[list[Cell]]) -> list[str]:
    return ["|".join(rows[r][c].text for r, c in row) for row in in_reading_order(rows)]


def set_in(columns: int, characters: int) -> tuple[list[list[Cell]], list[str]]:
    """The text in columns of so many characters: its rows, and its lines as one reads them."""
    lines = [TEXT[at : at + characters] for at in range(0, len(TEXT), characters)]
    deep = -(-len(lines) // columns)
    apart = HEIGHT * (characters + 2)
    rows = [
        [
            cell(lines[at], apart * (at // deep), at % deep + 2)
            for at in range(row, len(lines), deep)
        ]
        for row in range(deep)
    ]
    return rows, lines


@pytest.mark.parametrize(("columns", "characters"), ((2, 18), (2, 25), (3, 13)))
def test_peers_8_7_a_sentence_in_columns_is_not_cut_at_the_end_of_its_line(
    columns: int, characters: int
) -> None:
    rows, lines = set_in(columns, characters)
    heading = cell("供用电合同通用条款", 200, 0)
    assert read([[heading], *rows]) == [heading.text, *lines]


def test_what_is_signed_under_columns_stays_in_rows() -> None:
    rows, lines = set_in(2, 18)
    below = len(rows) + 4
    signed = [
        [cell(text, 0, below + at), cell(text, 620, below + at)]
        for at, text in enumerate(
            (
                "供电人：国网襄阳供电公司盖章处",
                "法定代表人：张三",
                "开户银行：工商银行襄阳分行",
                "签订日期：2024年5月6日",
            )
        )
    ]
    assert read([*rows, *signed]) == [*lines, *("|".join(c.text for c in row) for row in signed)]


def test_labels_and_values_stay_beside_each_other() -> None:
    rows = [
        [cell("客户名称", 0, at), cell("襄阳市万和食品股份有限公司", 300, at)] for at in range(6)
    ]
    assert read(rows) == ["客户名称|襄阳市万和食品股份有限公司"] * 6


def test_a_table_of_checks_stays_in_rows() -> None:
    asked = ("电能表封印", "接线及互感器", "漏电保护器", "自备电源闭锁", "安全工器具", "消防器材")
    rows = [
        [
            cell(str(at), 0, at),
            cell(what, 120, at),
            cell("正常", 500, at),
            cell("限期整改", 700, at),
        ]
        for at, what in enumerate(asked)
    ]
    assert read(rows) == ["|".join(c.text for c in row) for row in rows]


def test_two_lines_of_text_beside_two_others_stay_in_rows() -> None:
    rows = [[cell(TEXT[:18], 0, at), cell(TEXT[18:36], 600, at)] for at in range(2)]
    assert read(rows) == [f"{TEXT[:18]}|{TEXT[18:36]}"] * 2
