"""Files of units, lines and districts: row by row, twice the same, never a circle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dossier.db.organisation_tables import PlaceState
from dossier.db.tables import District, Line, OrgUnit
from dossier.errors import InvalidInputError
from dossier.services import organisation_import
from dossier.services.context import Context
from dossier.services.named_rows import RowReport
from dossier.viewer import system_viewer
from tests.support_archive import make_archive

SYSTEM = system_viewer("test")
ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing in it that the two databases could do differently."""
HEADER = "类型,编号,名称,上级单位,所属线路,生效日期,撤销日期,并入单位,原因\n"
FILE = """台区,T01,东01,,10kV东线,2020-01-01,,,
线路,L1,10kV东线,东供电所,,2020-01-01,,,
班组,B1,装表班,东供电所,,2020-01-01,,,
供电所,D,东供电所,市公司,,2020-01-01,,,
供电所,N,北供电所,市公司,,2020-01-01,,,
公司,C,市公司,,,2020-01-01,,,
"""


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[Context]:
    made = make_archive(tmp_path / "home", database_url=database_url)
    yield made
    made.database.dispose()


def take(house: Context, tmp_path: Path, rows: str, *, dry_run: bool = False) -> RowReport:
    file = tmp_path / "organisation.csv"
    file.write_text(HEADER + rows, encoding="utf-8")
    return organisation_import.import_organisation(house, SYSTEM, file, dry_run=dry_run)


def count(house: Context, table: type) -> int:
    with house.reading(SYSTEM) as session:
        return session.scalar(select(func.count(table.id))) or 0


def test_a_file_is_taken_in_any_order_of_rows_and_changes_nothing_the_second_time(
    house: Context, tmp_path: Path
) -> None:
    dry = take(house, tmp_path, FILE, dry_run=True)
    assert (dry.changed, dry.rejected, count(house, OrgUnit)) == (6, 0, 0)
    first = take(house, tmp_path, FILE)
    assert (first.changed, first.unchanged, first.errors) == (6, 0, ())
    again = take(house, tmp_path, FILE)
    assert (again.changed, again.unchanged) == (0, 6)
    with house.reading(SYSTEM) as session:
        units = {one.name: one for one in session.scalars(select(OrgUnit))}
        line, district = (
            session.scalars(select(Line)).one(),
            session.scalars(select(District)).one(),
        )
    assert units["装表班"].parent_id == units["东供电所"].id
    assert (district.line_id, district.unit_id) == (line.id, units["东供电所"].id)


def test_a_later_file_renames_moves_and_merges_by_code_and_keeps_the_history(
    house: Context, tmp_path: Path
) -> None:
    take(house, tmp_path, FILE)
    later = """班组,B1,计量班,北供电所,,2023-01-01,,,改制
台区,T01,东一,,10kV东线,2023-02-01,,,
供电所,D,东供电所,市公司,,,2024-01-01,北供电所,三集五大
"""
    report = take(house, tmp_path, later)
    assert (report.changed, report.errors) == (3, ())
    assert take(house, tmp_path, later).changed == 0
    assert take(house, tmp_path, FILE).changed == 0, "the old file tells of old days"
    with house.reading(SYSTEM) as session:
        names = {one.name: one for one in session.scalars(select(OrgUnit))}
        district = session.scalars(select(District)).one()
    assert names["计量班"].parent_id == names["北供电所"].id
    assert names["东供电所"].valid_to == date(2023, 12, 31)
    assert (district.name, district.unit_id) == ("东一", names["北供电所"].id)


def test_a_circle_in_the_file_or_with_what_is_there_is_refused_by_row_and_column(
    house: Context, tmp_path: Path
) -> None:
    take(house, tmp_path, FILE)
    rows = """单位,,甲,乙,,,,,
单位,,乙,丙,,,,,
单位,,丙,甲,,,,,
公司,C,市公司,装表班,,2024-01-01,,,
单位,,丁,市公司,,,,,
"""
    report = take(house, tmp_path, rows)
    assert {(one.row, one.column) for one in report.errors} == {
        (2, "parent"),
        (3, "parent"),
        (4, "parent"),
        (5, "parent"),
    }
    assert (report.changed, int(report.exit_code)) == (1, 6)
    said = {one.row: one for one in report.errors}
    for row in (2, 3, 4):
        assert "甲（第2行） → 乙（第3行） → 丙（第4行） → 甲" in said[row].message_zh
        assert "甲 (row 2) → 乙 (row 3) → 丙 (row 4) → 甲" in said[row].message_en
    assert "市公司 → 装表班 → 东供电所 → 市公司" in said[5].message_zh


@ON_ONE
def test_what_stands_below_a_refused_row_is_told_which_and_not_that_it_has_none(
    house: Context, tmp_path: Path
) -> None:
    rows = """单位,,甲,乙,,,,,
单位,,乙,甲,,,,,
单位,,戊,甲,,,,,
班组,,己,戊,,,,,
"""
    said = {one.row: one for one in take(house, tmp_path, rows).errors}
    assert "第 2 行未被接受" in said[4].message_zh
    assert "第 4 行未被接受" in said[5].message_zh
    assert "row 2, which names 甲, was refused" in said[4].message_en


@ON_ONE
def test_a_circle_of_some_days_only_is_named_with_the_rows_of_those_days(
    house: Context, tmp_path: Path
) -> None:
    rows = """单位,A,甲,乙,,2020-01-01,,,
单位,A,甲,,,2022-01-01,,,
单位,B,乙,A,,2020-01-01,,,
"""
    report = take(house, tmp_path, rows)
    assert {one.row for one in report.errors} == {2, 4}
    assert all("2020-01-01" in one.message_zh for one in report.errors)


@ON_ONE
def test_two_units_that_change_places_on_a_day_make_no_circle(
    house: Context, tmp_path: Path
) -> None:
    rows = """单位,A,甲,乙,,2020-01-01,,,
单位,B,乙,,,2020-01-01,,,
单位,A,甲,,,2022-01-01,,,
单位,B,乙,甲,,2022-01-01,,,
"""
    report = take(house, tmp_path, rows)
    assert (report.changed, report.errors) == (4, ())


WRONG = [
    ("仓库,,一号库,,,,,,", "kind"),
    ("单位,,己,没有的单位,,,,,", "parent"),
    ("单位,,己,,,昨天,,,", "from"),
    ("单位,,己,,,2024-05-01,2024-04-01,,", "closed_on"),
    ("单位,,己,,,,,北供电所,", "closed_on"),
    ("单位,,己,,,2024-05-01,2025-05-01,无此所,", "merged_into"),
    ("单位,,,,,,,,", "name"),
    ("台区,,己,,没有的线,,,,", "line"),
    ("供电所,D,东供电所,市公司,,,2024-01-01,,", "closed_on"),
    ("供电所,D,东供电所,市公司,,2018-01-01,2019-01-01,,", "closed_on"),
    (f"单位,,{'长' * 201},,,,,,", "name"),
]


@ON_ONE
def test_every_wrong_row_is_named_and_taken_in_no_part(house: Context, tmp_path: Path) -> None:
    take(house, tmp_path, FILE)
    before = count(house, PlaceState)
    report = take(house, tmp_path, "\n".join(row for row, _ in WRONG))
    found = [(one.row, one.column) for one in sorted(report.errors, key=lambda one: one.row)]
    assert found == [(number, column) for number, (_, column) in enumerate(WRONG, 2)]
    assert all(one.message_zh and one.message_en for one in report.errors)
    assert (report.changed, count(house, PlaceState), int(report.exit_code)) == (0, before, 1)


@ON_ONE
def test_a_file_without_its_columns_is_refused_as_a_whole(house: Context, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("名字,地址\n甲,乙\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="kind"):
        organisation_import.import_organisation(house, SYSTEM, file, dry_run=False)
