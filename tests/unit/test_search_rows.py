"""Rows as field values: pages are one text with cuts, and searching needs no numpy."""

from __future__ import annotations

import subprocess
import sys

from dossier.search.port import CustomerRow, DocumentRow
from dossier.search.rows import RowEncoder


def test_pages_end_with_a_cut_and_empty_pages_leave_no_trace():
    row = DocumentRow("d", 1, 1, page_texts=("供电", "", "合同12345"))
    values = RowEncoder(str).encode(row)
    assert values["text"].split() == ["供", "供电", "电", "_", "合", "合同", "同", "12345"]
    assert values["text_number_reversed"] == ["54321"]


def test_what_is_masked_is_a_cut_in_the_text_for_all_and_its_page_stands_apart():
    owner = CustomerRow("42", 1, 1, "张三", address="旧街东风838", id_nos=("91999900MA08EEBA05",))
    pages = ("光明巷225号旁", "供电12345", "旧街东风838", "91999900 MA08 EEBA05 电话3234567")
    row = DocumentRow("d", 1, 1, customer=owner, title="光明巷225号合同", page_texts=pages)
    values = RowEncoder(str).encode(row)
    shown, clear = str(values["text"]), str(values["text_closed"])
    assert shown.split()[:7] == ["光", "光明", "明巷", "巷", "_", "旁", "旁"]
    assert not {"225", "838", "91999900", "ma", "3234567", "号旁"} & set(shown.split())
    assert {"225", "838", "91999900", "ma", "3234567", "号旁"} <= set(clear.split())
    assert "供电" not in clear
    assert values["text_number"] == ["12345"]
    assert values["text_closed_number"] == ["3234567", "91999900"]
    assert "225" not in str(values["title_words"])
    assert "225" in str(values["title_closed_words"])


def test_numbers_that_are_found_whole_stay_whole_inside_what_is_masked():
    page = "地址：光明巷225号 身份证号11010519491231002X 电话13812345678"
    values = RowEncoder(str).encode(DocumentRow("d", 1, 1, page_texts=(page,)))
    assert {"#11010519491231002x", "13812345678"} <= set(str(values["text"]).split())
    assert values["text_phone"] == ["13812345678"]


def test_of_a_files_name_all_may_find_its_kind_and_whole_numbers_and_no_more():
    row = DocumentRow("d", 1, 1, file_name="张三 13812345678 20260301_合同.PDF")
    values = RowEncoder(str).encode(row)
    assert str(values["file_words"]).split() == ["_", "13812345678", "pdf"]
    assert {"张三", "20260301", "合同", "13812345678"} <= set(
        str(values["file_closed_words"]).split()
    )
    assert values["file_closed_number"] == ["13812345678", "20260301"]
    other = RowEncoder(str).encode(DocumentRow("d", 1, 1, file_name="合同.张三"))
    assert str(other["file_words"]).split() == ["_"]


def test_empty_values_are_left_out_and_the_documents_own_places_win():
    owner = CustomerRow("42", 1, 1, "张三", station="s1", line="l1")
    values = RowEncoder(str).encode(DocumentRow("d", 1, 0, customer=owner, station="s2"))
    assert (values["station"], values["line"], values["order"]) == (["s2"], ["l1"], 0)
    assert not {"district", "text", "title_words", "file_words", "scope", "address_words"} & set(
        values
    )


def test_a_customer_that_changed_is_encoded_anew():
    encoder = RowEncoder(str)
    for name in ("张三", "李四"):
        owner = CustomerRow("42", 1, 1, name)
        assert encoder.encode(DocumentRow("d", 1, 1, customer=owner))["name"] == [name]


def test_a_process_that_only_searches_does_not_load_numpy():
    code = "import sys, dossier.adapters.tantivy; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
