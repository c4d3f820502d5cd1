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


def test_empty_values_are_left_out_and_the_documents_own_places_win():
    owner = CustomerRow("42", 1, 1, "张三", station="s1", line="l1")
    values = RowEncoder(str).encode(DocumentRow("d", 1, 0, customer=owner, station="s2"))
    assert (values["station"], values["line"], values["order"]) == (["s2"], ["l1"], 0)
    assert not {"district", "text", "title_words", "scope", "address_words"} & set(values)


def test_a_customer_that_changed_is_encoded_anew():
    encoder = RowEncoder(str)
    for name in ("张三", "李四"):
        owner = CustomerRow("42", 1, 1, name)
        assert encoder.encode(DocumentRow("d", 1, 1, customer=owner))["name"] == [name]


def test_a_process_that_only_searches_does_not_load_numpy():
    code = "import sys, dossier.adapters.tantivy; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
