"""What is wrong with a cell is told by the file's own heading, in both languages."""

from __future__ import annotations

import pytest

from dossier.cli.data import print_row_errors
from dossier.rules import customer_file
from dossier.services.customer_import import ImportReport


def test_an_error_names_the_file_s_own_heading(capsys: pytest.CaptureFixture[str]) -> None:
    header = customer_file.read_header(["户号", "户名", "类别"])
    record, errors = customer_file.read_row(4, header.columns, ["4200000137", "张三", "别的什么"])
    assert record is None
    named = tuple(map(header.named, errors))
    print_row_errors(ImportReport(errors=named, error_count=len(named)))
    told = capsys.readouterr().err
    assert told.startswith("第4行 类别：")
    assert " / row 4, 类别: " in told
    assert "category," not in told


def test_a_cell_beyond_the_header_is_named_by_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It was told without a column: ``row 18, : more cells``."""
    header = customer_file.read_header(["户号", "户名"])
    _, errors = customer_file.read_row(18, header.columns, ["4200000137", "张三", "", "多的"])
    named = tuple(map(header.named, errors))
    print_row_errors(ImportReport(errors=named, error_count=len(named)))
    told = capsys.readouterr().err
    assert told.startswith("第18行 #4：第 4 列没有表头")
    assert " / row 18, #4: column 4 has no heading" in told
