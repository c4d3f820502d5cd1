"""Import of the customer register: formats, row-by-row errors, idempotent, streamed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import func, select

from dossier.db.tables import (
    AuditEvent,
    Customer,
    CustomerNumber,
    CustomerPast,
    District,
    Document,
    Identifier,
    IndexChange,
    Line,
    OrgUnit,
    Table,
)
from dossier.errors import ExitCode, ForbiddenError, InvalidInputError
from dossier.records import DocumentState
from dossier.services.context import Context
from dossier.services.customer_import import ImportReport, import_customers
from dossier.services.register_lookup import normal_id
from dossier.viewer import Permission, Scope, Viewer, system_viewer
from tests.support_archive import add_content, make_archive

CLERK = system_viewer("test")
ID_NO = "999999199001010016"
HEADER = (
    "customer_no,name,category,id_type,id_no,phone,address,meter_no,unit,line,district,"
    "status,voltage,capacity_kva,opened_on,fee_control,old_customer_no"
)
ROW = (
    f"4200000012,欧阳娜娜,LR,居民身份证,{ID_NO},14200001234;0710-1234567,"
    "襄州区航空路12号,4120001000000000012345,古驿供电所,10kV古东线,古驿东1组1#公变,"
    "在用,220V,8,2020-03-01,是,70000012"
)


@pytest.fixture
def archive(tmp_path: Path, database_url: str) -> Iterator[Context]:
    context = make_archive(tmp_path / "home", database_url=database_url)
    yield context
    context.database.dispose()


def load(context: Context, file: Path, *, dry_run: bool = False) -> ImportReport:
    return import_customers(context, CLERK, file, dry_run=dry_run)


def everything(archive: Context) -> str:
    """Every value of every table as text."""
    with archive.database.reader.connect() as connection:
        return "".join(
            str(row)
            for table in Table.metadata.sorted_tables
            for row in connection.execute(select(table))
        )


def text_file(tmp_path: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    file = tmp_path / "customers.csv"
    file.write_bytes("\r\n".join((header, *rows)).encode(encoding))
    return file


def workbook(tmp_path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    file = tmp_path / "customers.xlsx"
    with xlsxwriter.Workbook(file) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
        for at, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, datetime):
                    sheet.write_datetime(at, column, cell, day)
                else:
                    sheet.write(at, column, cell)
    return file


def rows_of(context: Context, table: Any) -> list[Any]:
    with context.reading(CLERK) as session:
        return list(session.scalars(select(table)))


def count(context: Context, table: Any) -> int:
    with context.reading(CLERK) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_row_fills_the_register_with_places_numbers_and_a_hidden_id(archive, tmp_path) -> None:
    report = load(archive, text_file(tmp_path, ROW))
    assert (report.created, report.errors, report.exit_code) == (1, (), ExitCode.OK)
    assert report.units_created == ("古驿供电所",)
    assert report.lines_created == ("10kV古东线",)
    assert report.districts_created == ("古驿东1组1#公变",)
    (customer,) = rows_of(archive, Customer)
    assert (customer.name, customer.name_key, customer.category) == ("欧阳娜娜", "欧阳娜娜", "LR")
    assert (customer.status, customer.id_type) == ("active", "resident_id")
    assert (customer.capacity_kva, customer.fee_control) == (8.0, True)
    assert customer.opened_on == date(2020, 3, 1)
    assert [len(rows_of(archive, table)) for table in (OrgUnit, Line, District)] == [1, 1, 1]
    numbers = {(n.kind, n.key) for n in rows_of(archive, CustomerNumber)}
    assert numbers == {
        ("phone", "14200001234"),
        ("phone", "07101234567"),
        ("meter", "4120001000000000012345"),
        ("old_no", "70000012"),
    }
    (identity,) = rows_of(archive, Identifier)
    assert identity.hmac == archive.keyring.hash(normal_id(ID_NO))
    assert archive.keyring.decrypt(identity.encrypted) == ID_NO
    assert identity.last4 == "0016"
    assert ID_NO not in everything(archive)
    assert [(c.index, c.key) for c in rows_of(archive, IndexChange)] == [
        ("customers", "4200000012")
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_every_usual_encoding_and_separator_is_read(archive, tmp_path, encoding, separator) -> None:
    fields = next(csv.reader(io.StringIO(ROW)))
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerow(fields)
    header = HEADER.replace(",", separator)
    file = text_file(tmp_path, out.getvalue().strip(), header=header, encoding=encoding)
    assert load(archive, file).created == 1
    assert rows_of(archive, Customer)[0].name == "欧阳娜娜"
    assert count(archive, CustomerNumber) == 4


def test_chinese_headings_and_only_the_required_columns_do(archive, tmp_path) -> None:
    report = load(archive, text_file(tmp_path, "0000000012,張三", header="户号,户名"))
    assert report.created == 1
    (customer,) = rows_of(archive, Customer)
    assert (customer.customer_no, customer.name, customer.name_key) == (
        "0000000012",
        "張三",
        "张三",
    )


def test_a_workbook_keeps_numbers_leading_zeros_and_dates(archive, tmp_path) -> None:
    file = workbook(
        tmp_path,
        [
            ["户号", "户名", "联系电话", "容量", "立户日期"],
            [4200000012, "张三", 14200001234, 8.5, datetime(2020, 3, 1)],
            ["0000000012", "李四", "14200001235", 100, "2021年8月4日"],
        ],
    )
    report = load(archive, file)
    assert (report.created, report.errors) == (2, ())
    found = {c.customer_no: c for c in rows_of(archive, Customer)}
    assert found["4200000012"].capacity_kva == 8.5
    assert found["4200000012"].opened_on == date(2020, 3, 1)
    assert found["0000000012"].opened_on == date(2021, 8, 4)
    assert {n.key for n in rows_of(archive, CustomerNumber)} == {"14200001234", "14200001235"}


def test_a_long_number_that_the_spreadsheet_has_cut_is_refused(archive, tmp_path) -> None:
    file = workbook(
        tmp_path, [["户号", "户名", "证件号码"], ["4200000012", "张三", 999999199001010016]]
    )
    (error,) = load(archive, file).errors
    assert (error.row, error.column) == (2, "id_no")
    assert "文本" in error.message_zh


def test_good_rows_are_taken_and_each_fault_is_named_by_row_and_column(archive, tmp_path) -> None:
    header = "customer_no,name,category,id_no,phone,opened_on"
    file = text_file(
        tmp_path,
        "4200000012,张三,LR,,14200001234,2020-03-01",
        "12,李四,LR,,,",
        "4200000013,,XX,,123,2020-02-30",
        "",
        "4200000014,王五,HV,999999198502301239,,",
        "4200000015,赵六,HV,999999199001010017,,",
        "4200000016,孙七,HV,91999900MA0A1B2C26,,",
        "4200000012,张三,LR,,,",
        header=header,
    )
    report = load(archive, file)
    assert (report.created, report.rejected) == (1, 6)
    assert report.exit_code == ExitCode.PARTLY
    assert [(e.row, e.column) for e in report.errors] == [
        (3, "customer_no"),
        (4, "name"),
        (4, "category"),
        (4, "phone"),
        (4, "opened_on"),
        (6, "id_no"),
        (7, "id_no"),
        (8, "id_no"),
        (9, "customer_no"),
    ]
    assert report.errors[5].message_zh == "身份证号中的出生日期不存在"
    assert report.errors[6].message_zh == "身份证号校验位不对"
    assert "第 2 行" in report.errors[8].message_zh


def test_no_message_repeats_a_personal_number(archive, tmp_path) -> None:
    wrong = "999999198502301239"
    file = text_file(
        tmp_path,
        f"4200000012,张三丰,{wrong},abc14200001234x",
        header="customer_no,name,id_no,phone",
    )
    report = load(archive, file)
    said = str(report)
    assert report.rejected == 1
    assert all(secret not in said for secret in (wrong, wrong[-4:], "1420000", "张三丰"))
    facts = [str(event.facts) for event in rows_of(archive, AuditEvent)]
    assert all(wrong not in text for text in facts)


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ("customer_no,nmae", "name"),
        ("户号,户明", "户名"),
        ("customer_no,phone", "户名"),
        ("customer_no,name,户名", "name"),
        ("户号,户名,电话,联系电话", "电话”“联系电话"),
    ],
)
def test_a_wrong_header_is_refused_with_the_nearest_name(archive, tmp_path, header, word) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        load(archive, text_file(tmp_path, "4200000012,张三,x", header=header))
    assert word in refusal.value.detail_zh
    assert count(archive, Customer) == 0


def test_columns_of_another_system_are_named_with_the_nearest_and_left_out(
    archive, tmp_path
) -> None:
    header = "序号,户号,户名,抄表段,手机号马,,用电地址"
    row = "1,4200000012,欧阳娜娜,D-07,12345,x,襄州区航空路12号"
    file = text_file(tmp_path, row, header=header)
    report = load(archive, file)
    assert (report.created, report.rejected, report.exit_code) == (1, 0, ExitCode.OK)
    assert [(one.place, one.heading) for one in report.left_out] == [
        (1, "序号"),
        (4, "抄表段"),
        (5, "手机号马"),
        (6, ""),
    ]
    assert report.left_out[2].near.startswith("手机号")
    assert "手机号" in report.left_out[2].message_zh
    assert report.left_out[3].message_zh == "第 6 列没有列名"
    (customer,) = rows_of(archive, Customer)
    assert (customer.name, customer.address) == ("欧阳娜娜", "襄州区航空路12号")
    assert count(archive, CustomerNumber) == 0
    assert load(archive, file).unchanged == 1


def test_left_out_columns_take_no_value_away(archive, tmp_path) -> None:
    load(archive, text_file(tmp_path, ROW))
    file = text_file(tmp_path, "4200000012,欧阳娜娜,", header="户号,户名,手机号马")
    assert load(archive, file).unchanged == 1
    assert count(archive, CustomerNumber) == 4


def test_strict_refuses_columns_that_are_not_known(archive, tmp_path) -> None:
    file = text_file(tmp_path, "4200000012,张三,x,y", header="户号,户名,手机号马,抄表段")
    with pytest.raises(InvalidInputError) as refusal:
        import_customers(archive, CLERK, file, dry_run=False, strict=True)
    assert "手机号马" in refusal.value.detail_zh
    assert "抄表段" in refusal.value.detail_zh
    assert count(archive, Customer) == 0


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_titles_above_the_header_are_passed_over(archive, tmp_path, separator) -> None:
    lines = ["低压用户清单", "", "户号,户名,用电地址", "4200000012,张三,航空路", "1,李四,x"]
    file = text_file(tmp_path, *lines[1:], header=lines[0])
    file.write_text(file.read_text(encoding="utf-8").replace(",", separator), encoding="utf-8")
    report = load(archive, file)
    assert (report.created, report.rejected, report.left_out) == (1, 1, ())
    assert report.errors[0].row == 5


def test_a_file_without_a_header_is_refused_without_repeating_its_row(archive, tmp_path) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        load(archive, text_file(tmp_path, header="4200000012,欧阳娜娜,14200001234"))
    said = refusal.value.detail + refusal.value.detail_zh
    assert "户号" in said
    assert all(secret not in said for secret in ("4200000012", "欧阳", "14200001234"))


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01\x02", b"PK\x03\x04broken", b"\xff\xff\xfe,\x81"]
)
def test_what_is_no_table_is_refused(archive, tmp_path, content) -> None:
    file = tmp_path / "customers.csv"
    file.write_bytes(content)
    with pytest.raises(InvalidInputError):
        load(archive, file)


def test_the_same_file_again_changes_nothing(archive, tmp_path) -> None:
    file = text_file(tmp_path, ROW)
    load(archive, file)
    before = count(archive, IndexChange)
    report = load(archive, file)
    assert (report.created, report.updated, report.unchanged) == (0, 0, 1)
    assert rows_of(archive, Customer)[0].revision == 1
    assert count(archive, IndexChange) == before


def test_a_change_keeps_the_past_and_takes_the_papers_along(archive, tmp_path) -> None:
    load(archive, text_file(tmp_path, ROW))
    with archive.writing(CLERK) as session:
        add_content(session, "a" * 64)
        session.add(
            Document(
                id="paper",
                rowid=1,
                customer_no="4200000012",
                state=DocumentState.FILED,
                captured_at=archive.clock.now(),
                sha256="a" * 64,
            )
        )
    archive.clock.advance(timedelta(days=1))  # type: ignore[attr-defined] # a fixed clock
    changed = ROW.replace("欧阳娜娜", "欧阳娜").replace("古驿供电所", "张湾供电所")
    report = load(archive, text_file(tmp_path, changed))
    assert (report.updated, report.units_created) == (1, ("张湾供电所",))
    (customer,) = rows_of(archive, Customer)
    assert (customer.name, customer.revision) == ("欧阳娜", 2)
    (past,) = rows_of(archive, CustomerPast)
    assert past.record["name"] == "欧阳娜娜"
    assert past.valid_to - past.valid_from == timedelta(days=1)
    assert ID_NO not in str(past.record)
    (paper,) = rows_of(archive, Document)
    assert (paper.unit_id, paper.revision) == (customer.unit_id, 2)
    assert ("documents", "paper") in [(c.index, c.key) for c in rows_of(archive, IndexChange)]


def test_columns_that_the_file_lacks_stay_as_they_are(archive, tmp_path) -> None:
    load(archive, text_file(tmp_path, ROW))
    report = load(archive, text_file(tmp_path, "4200000012,欧阳娜", header="customer_no,name"))
    assert report.updated == 1
    (customer,) = rows_of(archive, Customer)
    assert (customer.address, customer.unit_id is None) == ("襄州区航空路12号", False)
    assert (count(archive, CustomerNumber), count(archive, Identifier)) == (4, 1)


def test_an_emptied_cell_takes_the_value_away(archive, tmp_path) -> None:
    load(archive, text_file(tmp_path, ROW))
    report = load(
        archive, text_file(tmp_path, "4200000012,欧阳娜娜,,", header="customer_no,name,id_no,phone")
    )
    assert report.updated == 1
    assert count(archive, Identifier) == 0
    assert {n.kind for n in rows_of(archive, CustomerNumber)} == {"meter", "old_no"}


def test_a_dry_run_tells_what_would_be_and_writes_nothing(archive, tmp_path) -> None:
    report = load(archive, text_file(tmp_path, ROW, "1,x" + "," * 15), dry_run=True)
    assert (report.created, report.rejected, report.dry_run) == (1, 1, True)
    assert report.units_created == ("古驿供电所",)
    for table in (Customer, OrgUnit, IndexChange, AuditEvent):
        assert count(archive, table) == 0


def test_batches_are_committed_on_the_way_and_progress_is_told(
    archive, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("dossier.services.customer_import.BATCH_ROWS", 3)
    rows = [f"42000000{at:02d},客户{at}" for at in range(8)]
    told: list[int] = []
    file = text_file(tmp_path, *rows, header="customer_no,name")
    report = import_customers(archive, CLERK, file, dry_run=False, progress=told.append)
    assert (report.created, told) == (8, [3, 6, 8])
    assert sorted(c.rowid for c in rows_of(archive, Customer)) == list(range(1, 9))


@pytest.mark.parametrize(
    "viewer",
    [
        Viewer("u", "agent", "agent", frozenset({Permission.SEARCH}), Scope(everything=True)),
        Viewer(
            "u", "clerk", "archivist", frozenset({Permission.IMPORT}), Scope(units=frozenset({1}))
        ),
    ],
)
def test_only_a_company_wide_importer_may_import(archive, tmp_path, viewer) -> None:
    with pytest.raises(ForbiddenError):
        import_customers(archive, viewer, text_file(tmp_path, ROW), dry_run=False)
    assert count(archive, Customer) == 0
