"""What every text extractor promises: the text, its tables, its attachments, its cuts, its errors."""

from __future__ import annotations

import csv
import io
import re
import struct
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import docx
import pytest
import xlsxwriter

from dossier.adapters.archive.mails import MailExtractor
from dossier.adapters.archive.zips import ZipExtractor
from dossier.adapters.iscc_tika.extractor import TikaExtractor
from dossier.adapters.ofdkit.extractor import OfdExtractor
from dossier.adapters.pages.files import PageFiles
from dossier.adapters.plaintext.extractor import PlainTextExtractor
from dossier.errors import UnreadableFileError
from dossier.ports import TextExtractor
from dossier.records import Extraction
from dossier.rules.limits import ReadingLimits
from tests.contract.office_inside import (
    docx_with,
    msg_with,
    odt_with,
    picture,
    rtf_with,
    with_relation,
    xlsx_with,
)
from tests.contract.office_samples import (
    DOCX,
    ROW,
    SENTENCE,
    docx_bytes,
    html_bytes,
    mail_bytes,
    odt_bytes,
    ofd_bytes,
    old_office,
    pptx_bytes,
    rtf_bytes,
    write,
    xlsx_bytes,
    zip_of,
)

EXTRACTORS: tuple[Callable[[ReadingLimits], TextExtractor], ...] = (
    TikaExtractor,
    PlainTextExtractor,
    MailExtractor,
    ZipExtractor,
    OfdExtractor,
)
CSV = f"{','.join(ROW)}\n{SENTENCE},,\n"
SAMPLES: dict[str, bytes] = {
    "合同.docx": docx_bytes(),
    "客户.xlsx": xlsx_bytes(),
    "汇报.pptx": pptx_bytes(),
    "合同.doc": old_office("contract.doc"),
    "客户.xls": old_office("register.xls"),
    "汇报.ppt": old_office("report.ppt"),
    "合同.odt": odt_bytes(),
    "合同.rtf": rtf_bytes(),
    "gbk.html": html_bytes(charset="gbk"),
    "utf8.html": html_bytes(charset="utf-8"),
    "big5.html": "<html><body>客戶編號與電費繳納證明，供電營業廳</body></html>".encode("big5"),
    "信.eml": mail_bytes(),
    "发票.ofd": ofd_bytes(),
    "gbk.txt": SENTENCE.encode("gbk"),
    "gb18030.csv": CSV.encode("gb18030"),
    "utf8.csv": CSV.encode(),
    "bom.csv": CSV.encode("utf-8-sig"),
    "utf16.txt": SENTENCE.encode("utf-16"),
    "档案.zip": zip_of({f"{SENTENCE}.txt": b"x"}),
}
WITH_TABLES = [
    "合同.docx",
    "客户.xlsx",
    "合同.doc",
    "客户.xls",
    "合同.odt",
    "gbk.html",
    "utf8.html",
    "gb18030.csv",
    "utf8.csv",
    "bom.csv",
    "发票.ofd",
]


def rtf_units(text: str) -> bytes:
    """A text as RTF writes it: each unit of UTF-16 as a signed number."""
    units = struct.unpack(f"<{len(text.encode('utf-16-le')) // 2}h", text.encode("utf-16-le"))
    return "".join(f"\\u{unit}?" for unit in units).encode()


def rare_mail() -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "x"
    mail.set_content("text")
    mail.set_content(f"<p>甲方：{OUTSIDE + SMILE}</p>", subtype="html")
    return mail.as_bytes()


def extract(path: Path, limits: ReadingLimits | None = None) -> Extraction:
    """Through the inspector and the extractor that takes the type, as the product does it."""
    limits = limits or ReadingLimits()
    media_type = PageFiles(limits).probe(path, file_name=path.name).media_type
    (extractor,) = [
        extractor
        for extractor in (make(limits) for make in EXTRACTORS)
        if media_type in extractor.media_types
    ]
    return extractor.extract(path, media_type=media_type, file_name=path.name)


def text_of(extraction: Extraction) -> str:
    return "\n".join(page.text for page in extraction.pages)


def test_no_two_extractors_take_the_same_type() -> None:
    types = [media_type for make in EXTRACTORS for media_type in make(ReadingLimits()).media_types]
    assert len(types) == len(set(types))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_text_is_found_in_every_kind_of_file(tmp_path: Path, name: str) -> None:
    extraction = extract(write(tmp_path, name, SAMPLES[name]))
    wanted = "供電營業廳" if name.startswith("big5") else SENTENCE
    assert wanted in text_of(extraction)
    assert "�" not in text_of(extraction)
    assert not extraction.truncated
    assert all(page.engine for page in extraction.pages)
    assert [page.number for page in extraction.pages] == list(range(1, len(extraction.pages) + 1))


OUTSIDE = "田\U00020bb7琪"  # 𠮷, and an emoji: two code units of UTF-16 each
SMILE = "\U0001f600"


def with_rare_characters(content: bytes) -> bytes:
    """A sample with another sentence; its parts too, where it is a ZIP."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as before,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            after.writestr(name, before.read(name).replace("黄超".encode(), RARE.encode()))
    return buffer.getvalue()


RARE = OUTSIDE + SMILE
RARE_SAMPLES = {
    name: with_rare_characters(SAMPLES[name])
    for name in ("合同.docx", "客户.xlsx", "汇报.pptx", "合同.odt", "发票.ofd")
} | {
    "rare.html": html_bytes(charset="utf-8").replace("黄超".encode(), RARE.encode()),
    "entity.html": f"<html><body>{RARE}</body></html>".encode("ascii", "xmlcharrefreplace"),
    "gb18030.html": f"<html><body>甲方：{RARE}（本人）</body></html>".encode("gb18030"),
    "rare.rtf": rtf_bytes().replace(rb"\par 1040106028", rb"\uc1 " + rtf_units(RARE) + rb"\par "),
    "rare.txt": SENTENCE.replace("黄超", RARE).encode(),
    "rare.csv": CSV.replace("黄超", RARE).encode("gb18030"),
    "rare16.txt": RARE.encode("utf-16"),
    "信.eml": rare_mail(),
}


@pytest.mark.parametrize("name", RARE_SAMPLES)
def test_characters_outside_the_basic_plane_are_whole(tmp_path: Path, name: str) -> None:
    text = text_of(extract(write(tmp_path, name, RARE_SAMPLES[name])))
    assert RARE in text
    assert "\N{REPLACEMENT CHARACTER}" not in text


def test_a_title_and_an_author_outside_the_basic_plane_are_whole(tmp_path: Path) -> None:
    document = docx.Document()
    document.core_properties.title = f"{OUTSIDE}的合同"
    document.core_properties.author = RARE
    document.save(str(tmp_path / "a.docx"))
    extraction = extract(tmp_path / "a.docx")
    assert extraction.title == f"{OUTSIDE}的合同"
    assert extraction.properties["author"] == RARE


def test_a_cut_text_of_rare_characters_is_said_to_be_cut(tmp_path: Path) -> None:
    path = write(tmp_path, "a.html", f"<html><body>{RARE * 40_000}</body></html>".encode())
    extraction = extract(path, ReadingLimits(text_characters=10))
    assert extraction.truncated
    assert text_of(extraction) == (RARE * 3)[:10]


DATES: dict[
    int | str, str
] = {  # formats that Excel and WPS in Chinese write, by number or in words
    14: "2026/3/6",
    22: "2026/3/6 14:05",
    31: "2026年3月6日",
    57: "2026年3月",
    58: "3月6日",
    32: "14:05",
    'yyyy"年"m"月"d"日";@': "2026年3月6日",
    '[DBNum1][$-804]yyyy"年"m"月"d"日";@': "2026年3月6日",
    'h"时"mm"分"': "14:05",
    "yyyy-mm-dd": "2026-03-06",
    '#,##0.00"元"': "46,087.59元",
}


def test_dates_of_a_chinese_workbook_are_read_as_excel_shows_them(tmp_path: Path) -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    for row, kind in enumerate(DATES):
        sheet.write(row, 0, 46087 + (14 * 60 + 5) / 1440, book.add_format({"num_format": kind}))
    book.close()
    path = write(tmp_path, "a.xlsx", out.getvalue())
    assert text_of(extract(path)).split("\n")[1:] == list(DATES.values())
    assert path.read_bytes() == out.getvalue()


def test_a_table_in_a_cell_costs_the_row_around_it_nothing(tmp_path: Path) -> None:
    document = docx.Document()
    outer = document.add_table(2, 3)
    for cell, text in zip(outer.rows[0].cells, ("户号", "1040106028", "黄超"), strict=True):
        cell.text = text
    inner = outer.cell(0, 1).add_table(2, 2)
    for cell, text in zip(inner._cells, ("里一", "里二", "里三", "里四"), strict=True):
        cell.text = text
    outer.cell(1, 0).text = "下一行"
    document.save(tmp_path / "a.docx")
    text = text_of(extract(tmp_path / "a.docx"))
    assert text.split("\n") == ["户号\t1040106028\t黄超", "里一\t里二", "里三\t里四", "下一行"]


@pytest.mark.parametrize("name", WITH_TABLES)
def test_cells_of_a_row_are_parted_by_tabs(tmp_path: Path, name: str) -> None:
    extraction = extract(write(tmp_path, name, SAMPLES[name]))
    assert "\t".join(ROW) in text_of(extraction).split("\n")


def test_headers_title_and_author_of_an_office_file_are_told(tmp_path: Path) -> None:
    extraction = extract(write(tmp_path, "a.docx", docx_bytes()))
    assert "页眉文字" in text_of(extraction)
    assert extraction.title == "供用电合同"
    assert extraction.properties["author"] == "李四"


def test_the_slides_and_notes_of_an_old_presentation_are_read(tmp_path: Path) -> None:
    extraction = extract(write(tmp_path, "a.ppt", old_office("report.ppt")))
    text = text_of(extraction)
    assert text.index(SENTENCE) < text.index("户号 1040106028 黄超")
    assert "备注文字" in text


@pytest.mark.parametrize("name", ["contract.doc", "register.xls", "report.ppt"])
def test_an_old_office_file_is_known_by_its_bytes_under_any_name(tmp_path: Path, name: str) -> None:
    assert SENTENCE in text_of(extract(write(tmp_path, "扫描件.jpg", old_office(name))))


def test_scripts_of_a_page_are_no_text(tmp_path: Path) -> None:
    assert "hidden" not in text_of(extract(write(tmp_path, "a.html", html_bytes(charset="gbk"))))


@pytest.mark.parametrize("name", ["合同.docx", "gbk.txt", "utf8.csv", "信.eml", "gbk.html"])
def test_a_cut_at_the_limit_is_said(tmp_path: Path, name: str) -> None:
    extraction = extract(write(tmp_path, name, SAMPLES[name]), ReadingLimits(text_characters=10))
    assert extraction.truncated
    assert extraction.pages[-1].truncated
    assert len(text_of(extraction)) <= 10


def test_a_very_long_cell_keeps_its_words(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", f"黄超,{'备注' * 100_000},末尾\n".encode())
    text = text_of(extract(path))
    assert text.startswith("黄超\t备注")
    assert text.replace("\n", "").rstrip().endswith("末尾")


def test_a_small_table_narrows_no_other_reader_of_the_process(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    extract(write(tmp_path, "a.csv", b"a,b\n"))
    assert csv.field_size_limit() == before


def test_a_text_that_just_fits_is_not_called_cut(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", ("字" * 50).encode())
    assert not extract(path, ReadingLimits(text_characters=50)).truncated
    assert extract(path, ReadingLimits(text_characters=49)).truncated


def test_long_texts_become_pages_at_line_ends(tmp_path: Path) -> None:
    lines = [f"第{number}行" for number in range(1000)]
    path = write(tmp_path, "a.txt", "\n".join(lines).encode())
    extraction = extract(path, ReadingLimits(text_page_characters=500))
    assert len(extraction.pages) > 5
    assert [line for page in extraction.pages for line in page.text.split("\n")] == lines


def test_a_line_broken_phrase_is_kept_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "供电\r\n营业厅".encode("gbk"))
    assert text_of(extract(path)) == "供电\n营业厅"


def test_attachments_of_a_mail_are_files_of_their_own(tmp_path: Path) -> None:
    inner = mail_bytes(("内.txt", b"inner"))
    mail = mail_bytes(("合同.docx", docx_bytes()), ("转发.eml", inner))
    extraction = extract(write(tmp_path, "a.eml", mail))
    assert [attachment.name for attachment in extraction.attachments] == ["合同.docx", "转发.eml"]
    assert extraction.attachments[0].content.startswith(b"PK")
    assert extraction.attachments[1].content == inner
    assert extraction.title == "关于黄超的供用电合同"
    assert "发件人 From: 李四 <li.si@example.com>" in text_of(extraction)


PICTURES = {
    "申请.docx": docx_with(picture(), sentence=SENTENCE),
    "资料.xlsx": xlsx_with(picture()),
    "申请.rtf": rtf_with(picture()),
    "申请.odt": odt_with(picture()),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_name_of_a_pasted_picture_is_no_text(tmp_path: Path, name: str) -> None:
    text = text_of(extract(write(tmp_path, name, PICTURES[name])))
    assert not re.search("image|file_|png|bin", text)
    assert "1040106028" in text or SENTENCE in text


def test_what_an_embedded_file_says_is_text_of_its_file_and_its_name_is_not(tmp_path: Path) -> None:
    inner = docx_bytes(sentence="内嵌的补充协议")
    outer = with_relation(docx_bytes(), "package", "Document1.docx", inner)
    text = text_of(extract(write(tmp_path, "a.docx", outer)))
    assert SENTENCE in text
    assert "内嵌的补充协议" in text
    assert "Document1" not in text


def test_an_outlook_mail_lists_its_attachments_and_leaves_their_text_to_them(
    tmp_path: Path,
) -> None:
    files = (("合同.docx", docx_bytes(sentence="附件里的话")), ("照片.jpg", picture(kind="JPEG")))
    text = text_of(extract(write(tmp_path, "信.msg", msg_with(*files))))
    assert "关于黄超的供用电合同" in text
    assert SENTENCE in text
    assert "附件 Attachments: 合同.docx; 照片.jpg" in text
    assert "附件里的话" not in text


def test_a_mail_in_gbk_without_any_declaration_is_read(tmp_path: Path) -> None:
    raw = "From: 黄超 <h@example.com>\nTo: b@example.com\nSubject: 供电营业厅\n\n甲方：黄超".encode(
        "gbk"
    )
    extraction = extract(write(tmp_path, "a.eml", raw))
    assert extraction.title == "供电营业厅"
    assert "甲方：黄超" in text_of(extraction)


def test_names_in_a_zip_made_on_chinese_windows_are_read(tmp_path: Path) -> None:
    content = zip_of({"aaaa.txt": b"1"})
    path = write(tmp_path, "a.zip", content.replace(b"aaaa", "合同".encode("gbk")))
    assert [attachment.name for attachment in extract(path).attachments] == ["合同.txt"]


def test_names_that_climb_out_of_a_zip_are_labels_only(tmp_path: Path) -> None:
    path = write(tmp_path, "a.zip", zip_of({"../../etc/passwd": b"1", "/abs/x": b"2"}))
    assert [attachment.name for attachment in extract(path).attachments] == ["etc/passwd", "abs/x"]


def test_an_ofd_tells_where_its_words_stand(tmp_path: Path) -> None:
    extraction = extract(write(tmp_path, "a.ofd", ofd_bytes(pages=2)))
    assert len(extraction.pages) == 2
    page = extraction.pages[0]
    assert (page.width, page.height) == (1654, 2339)
    word = page.words[0]
    assert page.text[word.start : word.end] == SENTENCE
    assert word.box[0] == pytest.approx(20 * 200 / 25.4, abs=1)
    assert word.box[1] < (30 + 4) * 200 / 25.4 < word.box[3]
    assert len(word.edges) == word.end - word.start + 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.ofd", zip_of({"OFD.xml": "<broken"}), "corrupt"),
        ("a.zip", zip_of({f"{n}": b"x" for n in range(20)}), "bomb"),
        ("a.zip", zip_of({"zeros": bytes(30_000_000)}), "bomb"),
        (
            "a.docx",
            zip_of({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w"}),
            "corrupt",
        ),
        ("a.docx", docx_bytes()[:-2000], "truncated"),
        ("a.rtf", rtf_bytes()[:-10], "truncated"),
        ("a.eml", mail_bytes(("a", b"x" * 5000))[:-3000], "truncated"),
    ],
)
def test_broken_files_are_refused_with_their_reason(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        extract(write(tmp_path, name, content), ReadingLimits(members=10))
    assert caught.value.reason == reason


def test_the_samples_are_what_they_say(tmp_path: Path) -> None:
    path = write(tmp_path, "a", docx_bytes())
    assert PageFiles().probe(path, file_name="a").media_type == DOCX
