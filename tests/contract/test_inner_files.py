"""What lies inside office files and PDFs besides their text: papers are taken out, looks are not."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from fpdf import FPDF
from PIL import Image

from dossier.adapters.archive.collecting import Collection
from dossier.adapters.archive.inner_files import OfficeFiles
from dossier.adapters.pages.files import PageFiles
from dossier.records import InnerFiles
from dossier.rules.limits import MIB, ReadingLimits
from tests.contract.office_inside import (
    doc_with,
    docx_with,
    docx_with_header,
    msg_with,
    odt_with,
    ole_package,
    pdf_with,
    pdf_with_note,
    picture,
    ppt_with,
    rtf_with,
    with_relation,
    xls_with,
    xlsx_with,
)
from tests.contract.office_samples import (
    docx_bytes,
    ofd_bytes,
    pptx_bytes,
    write,
    xlsx_bytes,
    zip_of,
)

SCAN = picture("SCAN 1")
OTHER = picture("SCAN 2", kind="JPEG")
LOGO = picture(size=(220, 60))
SIGNATURE = picture(size=(600, 200))
SEAL = picture(size=(364, 364))
BANNER = picture(size=(2400, 120))
IDENTITY_CARD = picture(size=(505, 319))  # 85.6 x 54 mm at 150 dpi

PICTURES: dict[str, Callable[[bytes], bytes]] = {
    "申请.docx": docx_with,
    "资料.xlsx": xlsx_with,
    "申请.odt": odt_with,
    "申请.rtf": rtf_with,
    "合同.doc": doc_with,
    "客户.xls": xls_with,
    "汇报.ppt": ppt_with,
}


def look(
    folder: Path, name: str, content: bytes, limits: ReadingLimits | None = None
) -> InnerFiles:
    """Through the inspector and whoever takes the type, as the product does it."""
    limits = limits or ReadingLimits()
    path = write(folder, name, content)
    pages = PageFiles(limits)
    probe = pages.probe(path, file_name=name)
    if probe.page_count:
        return pages.inner_files(path, file_name=name, digital=probe.digital)
    return OfficeFiles(limits).find(path, media_type=probe.media_type, file_name=name)


def inner_files(path: Path, limits: ReadingLimits) -> InnerFiles:
    return PageFiles(limits).inner_files(path, file_name=path.name, digital=(True,))


@pytest.mark.parametrize("name", PICTURES)
def test_a_pasted_scan_is_taken_out_as_it_is_and_named_after_its_file(
    tmp_path: Path, name: str
) -> None:
    found = look(tmp_path, name, PICTURES[name](SCAN))
    assert [(one.name, one.content) for one in found.attachments] == [
        (f"{Path(name).stem}-图1.png", SCAN)
    ]
    assert not found.truncated


@pytest.mark.parametrize(
    "small", [LOGO, SIGNATURE, SEAL, BANNER], ids=["logo", "sign", "seal", "b"]
)
def test_logos_signatures_seals_and_banners_are_no_papers(tmp_path: Path, small: bytes) -> None:
    found = look(tmp_path, "申请.docx", docx_with(small, SCAN))
    assert [one.content for one in found.attachments] == [SCAN]


def test_the_photo_of_an_identity_card_is_a_paper_and_the_bound_is_a_setting(
    tmp_path: Path,
) -> None:
    content = docx_with(IDENTITY_CARD)
    assert len(look(tmp_path, "a.docx", content).attachments) == 1
    assert not look(tmp_path, "b.docx", content, ReadingLimits(picture_pixels=170_000)).attachments


def test_pictures_come_in_the_order_of_the_text_and_each_once(tmp_path: Path) -> None:
    content = docx_with(OTHER, SCAN, OTHER)
    found = look(tmp_path, "申请.docx", content)
    assert [one.name for one in found.attachments] == ["申请-图1.jpg", "申请-图2.png"]
    assert [one.content for one in found.attachments] == [OTHER, SCAN]


def test_the_body_comes_before_the_header(tmp_path: Path) -> None:
    found = look(tmp_path, "申请.docx", docx_with_header(OTHER, in_body=SCAN))
    assert [one.content for one in found.attachments] == [SCAN, OTHER]


def test_the_scans_that_an_ofd_is_made_of_are_papers_in_the_order_of_its_pages(
    tmp_path: Path,
) -> None:
    with zipfile.ZipFile(io.BytesIO(ofd_bytes())) as old:
        files: dict[str, bytes | str] = {one.filename: old.read(one) for one in old.infolist()}
    files |= {"Doc_0/Res/image_10.png": SCAN, "Doc_0/Res/image_2.jpg": OTHER}
    files["Doc_0/Res/image_1.png"] = LOGO
    found = look(tmp_path, "档案.ofd", zip_of(files))
    assert [one.content for one in found.attachments] == [OTHER, SCAN]


def test_pictures_that_wps_keeps_in_cells_are_taken(tmp_path: Path) -> None:
    relation = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/image" Target="media/image1.png"/></Relationships>'
    )
    with zipfile.ZipFile(io.BytesIO(xlsx_bytes())) as old:
        files: dict[str, bytes | str] = {one.filename: old.read(one) for one in old.infolist()}
    files |= {"xl/_rels/cellimages.xml.rels": relation, "xl/media/image1.png": SCAN}
    files["xl/cellimages.xml"] = '<c><a embed="rId1"/></c>'
    found = look(tmp_path, "台账.xlsx", zip_of(files))
    assert [one.content for one in found.attachments] == [SCAN]


def test_pictures_of_themes_and_masters_are_looks(tmp_path: Path) -> None:
    master = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/image" Target="../media/back.png"/></Relationships>'
    )
    slide = master.replace("back", "scan")
    with zipfile.ZipFile(io.BytesIO(pptx_bytes())) as old:
        files: dict[str, bytes | str] = {one.filename: old.read(one) for one in old.infolist()}
    files["ppt/slideMasters/_rels/slideMaster1.xml.rels"] = master
    files["ppt/slides/_rels/slide1.xml.rels"] = slide
    files |= {"ppt/media/back.png": OTHER, "ppt/media/scan.png": SCAN}
    found = look(tmp_path, "汇报.pptx", zip_of(files))
    assert [one.content for one in found.attachments] == [SCAN]


def test_a_packaged_file_comes_out_under_its_own_name(tmp_path: Path) -> None:
    content = with_relation(
        docx_bytes(), "oleObject", "oleObject1.bin", ole_package("身份证.jpg", OTHER)
    )
    found = look(tmp_path, "申请.docx", content)
    assert [(one.name, one.content) for one in found.attachments] == [("身份证.jpg", OTHER)]


@pytest.mark.parametrize(
    ("label", "source", "name"),
    [
        ("身份证", "身份证正面.jpg", "身份证.jpg"),
        ("身份证", "", "身份证.jpg"),
        ("证件v1.2", "x.jpeg", "证件v1.2.jpeg"),
    ],
)
def test_a_packaged_file_whose_icon_was_named_by_hand_has_its_ending(
    tmp_path: Path, label: str, source: str, name: str
) -> None:
    package = ole_package(label, OTHER, source=source)
    content = with_relation(docx_bytes(), "oleObject", "oleObject1.bin", package)
    found = look(tmp_path, "申请.docx", content)
    assert [one.name for one in found.attachments] == [name]


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (b"%PDF-1.4 and so on", ".pdf"),
        (docx_bytes(), ".docx"),
        (xlsx_bytes(), ".xlsx"),
        (pptx_bytes(), ".pptx"),
        (odt_with(SCAN), ".odt"),
        (zip_of({"a.txt": "a"}), ".zip"),
        (b"PK\x03\x04 broken off", ".zip"),
        (OTHER, ".jpg"),
        (b"of no kind that is known", ""),
    ],
)
def test_an_embedded_file_without_a_name_ends_by_what_it_is(content: bytes, ending: str) -> None:
    collection = Collection(ReadingLimits(), "申请.docx")
    collection.add_file("", content)
    (found,) = collection.result().attachments
    assert found.name == f"申请-附件1{ending}"


def test_attachments_of_an_outlook_mail_are_files_of_their_own(tmp_path: Path) -> None:
    files = (("供用电合同.docx", docx_bytes()), ("照片.jpg", OTHER))
    found = look(tmp_path, "信.msg", msg_with(*files))
    assert [(one.name, one.content) for one in found.attachments] == list(files)


def test_files_attached_to_a_pdf_or_pinned_to_its_page_are_taken(tmp_path: Path) -> None:
    found = look(tmp_path, "包.pdf", pdf_with(("一.docx", b"first"), ("二.jpg", OTHER)))
    assert {one.name: one.content for one in found.attachments} == {
        "一.docx": b"first",
        "二.jpg": OTHER,
    }
    found = look(tmp_path, "注.pdf", pdf_with_note("三.jpg", OTHER))
    assert [(one.name, one.content) for one in found.attachments] == [("三.jpg", OTHER)]


def test_the_data_of_an_electronic_invoice_is_no_paper(tmp_path: Path) -> None:
    found = look(tmp_path, "发票.pdf", pdf_with(("invoice.xml", b"<x/>"), ("清单.pdf", b"%PDF")))
    assert [one.name for one in found.attachments] == ["清单.pdf"]
    assert not found.truncated


def page_with(
    *pictures: tuple[bytes, float], text: str = "Application of an invented customer"
) -> bytes:
    """A born-digital page with pictures so many millimetres wide."""
    document = FPDF()
    document.add_page()
    document.set_font("Helvetica", size=12)
    document.multi_cell(0, 8, text)
    for content, width in pictures:
        document.image(io.BytesIO(content), w=width)
    return bytes(document.output())


def test_a_scan_on_a_pdf_page_with_text_of_its_own_is_a_paper(tmp_path: Path) -> None:
    photo = picture("SCAN 2", kind="JPEG")
    content = page_with((SCAN, 85.6), (photo, 85.6), (SCAN, 85.6), (LOGO, 85.6), (SCAN, 20))
    found = look(tmp_path, "申请.pdf", content)
    assert [one.name for one in found.attachments] == ["申请-图1.png", "申请-图2.jpg"]
    assert found.attachments[1].content == photo
    with Image.open(io.BytesIO(found.attachments[0].content)) as taken:
        assert (taken.size, taken.convert("L").getextrema()) == ((900, 600), (0, 255))


def test_pictures_of_a_pdf_end_at_the_limit_and_that_is_said(tmp_path: Path) -> None:
    content = page_with(*((picture(str(number)), 60) for number in range(4)))
    found = look(tmp_path, "a.pdf", content, ReadingLimits(members=2))
    assert (len(found.attachments), found.truncated) == (2, True)


def test_a_page_that_is_read_by_ocr_gives_no_picture_away(tmp_path: Path) -> None:
    assert not look(
        tmp_path, "扫描.pdf", page_with((picture(size=(800, 1100)), 185), text="1")
    ).attachments


# -- limits and damage --------------------------------------------------------------------------


def test_too_many_and_too_large_parts_are_left_out_and_that_is_said(tmp_path: Path) -> None:
    many = docx_with(*(picture(str(number)) for number in range(4)))
    found = look(tmp_path, "a.docx", many, ReadingLimits(members=3))
    assert (len(found.attachments), found.truncated) == (3, True)
    found = look(tmp_path, "b.docx", docx_with(SCAN), ReadingLimits(member_bytes=100))
    assert (len(found.attachments), found.truncated) == (0, True)
    found = look(tmp_path, "c.docx", many, ReadingLimits(inner_bytes=2 * len(SCAN)))
    assert 0 < len(found.attachments) < 4
    assert found.truncated


def test_ten_thousand_attachments_of_a_pdf_end_at_the_limit(tmp_path: Path) -> None:
    with pikepdf.new() as document:
        document.add_blank_page()
        names = pikepdf.Array()
        for number in range(10_000):
            stream = document.make_stream(b"%d" % number)
            spec = pikepdf.Dictionary(
                Type=pikepdf.Name.Filespec, UF=f"{number}.txt", EF=pikepdf.Dictionary(F=stream)
            )
            names.extend([pikepdf.String(f"{number:05}"), document.make_indirect(spec)])
        tree = pikepdf.Dictionary(EmbeddedFiles=pikepdf.Dictionary(Names=names))
        document.Root.Names = tree
        document.save(tmp_path / "many.pdf")
    found = inner_files(tmp_path / "many.pdf", ReadingLimits(members=50))
    assert (len(found.attachments), found.truncated) == (50, True)


def test_a_bomb_in_a_pdf_is_left_out_and_the_others_live(tmp_path: Path) -> None:
    with pikepdf.new() as document:
        document.add_blank_page()
        document.attachments["a.txt"] = pikepdf.AttachedFileSpec(document, b"fine")
        spec = pikepdf.AttachedFileSpec(document, b"x", filename="bomb.bin")
        document.attachments["bomb.bin"] = spec
        bomb = zlib.compress(bytes(64 * MIB), 9)
        stream = document.attachments["bomb.bin"].get_file().obj
        stream.write(bomb, filter=pikepdf.Name.FlateDecode)
        document.save(tmp_path / "bomb.pdf")
    found = inner_files(tmp_path / "bomb.pdf", ReadingLimits(member_bytes=MIB))
    assert [one.content for one in found.attachments] == [b"fine"]
    assert found.truncated


def test_a_name_tree_that_bites_its_own_tail_ends(tmp_path: Path) -> None:
    with pikepdf.new() as document:
        document.add_blank_page()
        node = document.make_indirect(pikepdf.Dictionary())
        node.Kids = pikepdf.Array([node, node])
        document.Root.Names = pikepdf.Dictionary(EmbeddedFiles=node)
        document.save(tmp_path / "loop.pdf")
    assert inner_files(tmp_path / "loop.pdf", ReadingLimits()) == InnerFiles()


def test_a_damaged_part_costs_the_others_nothing(tmp_path: Path) -> None:
    content = bytearray(docx_with(SCAN, OTHER))
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        (member,) = [one for one in archive.infolist() if one.filename.endswith(".png")]
    start = member.header_offset + 60
    content[start : start + 40] = bytes(40)
    found = look(tmp_path, "a.docx", bytes(content))
    assert [one.content for one in found.attachments] == [OTHER]
    assert found.truncated


def test_a_part_packed_in_a_rare_way_and_damaged_costs_the_others_nothing(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(docx_with(SCAN, OTHER))) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as new,
    ):
        for member in old.namelist():
            new.writestr(member, old.read(member))
        first = next(one for one in new.infolist() if one.filename.endswith("image1.png"))
    content = bytearray(packed.getvalue())
    start = first.header_offset + 30 + len(first.filename)
    content[start + 4 : start + 60] = b"\xff" * 56
    found = look(tmp_path, "a.docx", bytes(content))
    assert [one.content for one in found.attachments] == [OTHER]
    assert found.truncated


def test_a_picture_beyond_all_measure_comes_out_for_its_reason_to_be_told(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(out, "PNG")
    assert len(look(tmp_path, "a.docx", docx_with(SCAN)).attachments) == 1
    huge = with_relation(docx_bytes(), "image", "huge.png", out.getvalue())
    assert [one.name for one in look(tmp_path, "b.docx", huge).attachments] == ["b-图1.png"]


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("name", ["合同.doc", "信.msg", "申请.rtf"])
def test_half_a_file_raises_nothing(tmp_path: Path, name: str, cut: float) -> None:
    content = msg_with(("a.jpg", OTHER)) if name == "信.msg" else PICTURES[name](SCAN)
    types = {"合同.doc": "application/msword", "信.msg": "application/vnd.ms-outlook"}
    path = write(tmp_path, name, content[: int(len(content) * cut)])
    media_type = types.get(name, "application/rtf")
    found = OfficeFiles().find(path, media_type=media_type, file_name=name)
    assert all(one.content != SCAN for one in found.attachments) or not found.truncated
