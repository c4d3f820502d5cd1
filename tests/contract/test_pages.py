"""Inspector and renderer: which pages have text of their own, and that pictures are as they look."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from fpdf import FPDF
from PIL import ExifTags, Image, ImageCms, ImageDraw, PngImagePlugin

from dossier.adapters.pages import PageFiles
from dossier.adapters.pages.pdf_notes import MOST_CHARACTERS, MOST_NOTES
from dossier.errors import UnreadableFileError
from dossier.records import WordBox
from dossier.rules.limits import ReadingLimits

FONT = resources.files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf"
LINES = [f"户号：104010602{number} 客户名称：黄超（本人）供电营业厅" for number in range(9)]


@pytest.fixture(scope="module")
def pages() -> PageFiles:
    return PageFiles()


def new_pdf() -> FPDF:
    pdf = FPDF(unit="pt", format="A4")
    with resources.as_file(FONT) as path:
        pdf.add_font("sc", fname=path)
    pdf.set_font("sc", size=12)
    return pdf


def print_lines(pdf: FPDF) -> None:
    for number, line in enumerate(LINES):
        pdf.text(60, 80 + number * 24, line)


def scan() -> Image.Image:
    picture = Image.new("L", (1240, 1754), 245)
    ImageDraw.Draw(picture).text((200, 200), "a scan of a page", font_size=60)
    return picture


def save(pdf: FPDF, tmp_path: Path) -> Path:
    path = tmp_path / "a.pdf"
    pdf.output(str(path))
    return path


def assert_all_ink_is_boxed(picture: Image.Image, words: Sequence[WordBox]) -> None:
    ink = np.asarray(picture.convert("L")) < 128
    marked = ink.copy()
    for word in words:
        x0, y0, x1, y1 = (round(value) for value in word.box)
        assert ink[y0:y1, x0:x1].any()
        marked[y0 - 2 : y1 + 2, x0 - 2 : x1 + 2] = False
    assert not marked.any()


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def test_a_mixed_pdf_is_decided_page_by_page(pages: PageFiles, tmp_path: Path) -> None:
    pdf = new_pdf()
    pdf.add_page()
    print_lines(pdf)
    pdf.add_page()
    pdf.image(scan(), 0, 0, 595, 842)
    pdf.add_page()
    pdf.image(scan(), 0, 0, 595, 842)
    pdf.text(280, 820, "第 3 页")  # a page number printed on a scan is not its text
    pdf.add_page()  # empty
    pdf.add_page()
    pdf.line(50, 50, 500, 700)  # drawings may be letters
    probe = pages.probe(save(pdf, tmp_path), file_name="a.pdf")
    assert probe.media_type == "application/pdf"
    assert probe.digital == (True, False, False, True, False)


def test_an_invisible_text_layer_of_others_is_not_trusted(pages: PageFiles, tmp_path: Path) -> None:
    pdf = new_pdf()
    pdf.add_page()
    pdf.image(scan(), 0, 0, 595, 842)
    with pdf.local_context(text_mode="INVISIBLE"):
        print_lines(pdf)
    assert pages.probe(save(pdf, tmp_path), file_name="a.pdf").digital == (False,)


def test_text_under_the_picture_of_a_page_is_not_trusted(pages: PageFiles, tmp_path: Path) -> None:
    pdf = new_pdf()
    pdf.add_page()
    print_lines(pdf)
    pdf.image(scan(), 0, 0, 595, 842)
    assert pages.probe(save(pdf, tmp_path), file_name="a.pdf").digital == (False,)


def test_many_lines_on_a_background_picture_are_the_text(pages: PageFiles, tmp_path: Path) -> None:
    pdf = new_pdf()
    pdf.add_page()
    pdf.image(scan(), 0, 0, 595, 842)
    print_lines(pdf)
    assert pages.probe(save(pdf, tmp_path), file_name="a.pdf").digital == (True,)


def test_text_without_a_table_to_unicode_is_read_by_ocr(pages: PageFiles, tmp_path: Path) -> None:
    pdf = new_pdf()
    pdf.add_page()
    print_lines(pdf)
    path = save(pdf, tmp_path)
    with pikepdf.open(path, allow_overwriting_input=True) as opened_pdf:
        for item in opened_pdf.objects:
            if isinstance(item, pikepdf.Dictionary) and "/ToUnicode" in item:
                del item["/ToUnicode"]
        opened_pdf.save(path)
    assert pages.probe(path, file_name="a.pdf").digital == (False,)


def test_own_text_comes_line_by_line_with_the_place_of_each_letter(
    pages: PageFiles, tmp_path: Path
) -> None:
    pdf = new_pdf()
    pdf.add_page()
    pdf.text(500, 80, "右")  # drawn first, stands right
    print_lines(pdf)
    path = save(pdf, tmp_path)
    reading = pages.read_digital(path, page_number=1)
    assert reading.text.split("\n")[1] == LINES[1]
    assert (reading.width, reading.height) == (1654, 2339)
    picture = opened(pages.render(path, page_number=1))
    assert picture.size == (1654, 2339)
    assert_all_ink_is_boxed(picture, reading.words)
    assert all(len(word.edges) == word.end - word.start + 1 for word in reading.words)


def test_cells_of_a_row_are_parted_by_tabs_and_rows_by_lines(
    pages: PageFiles, tmp_path: Path
) -> None:
    pdf = new_pdf()
    pdf.add_page()
    for column, x in enumerate((60, 200, 400)):  # drawn column by column
        for row in range(3):
            pdf.text(x, 100 + row * 20, f"格{row}{column}")
    reading = pages.read_digital(save(pdf, tmp_path), page_number=1)
    assert reading.text == "格00\t格01\t格02\n格10\t格11\t格12\n格20\t格21\t格22"


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_text_that_lies_on_its_side_is_read_and_its_page_stood_upright(
    pages: PageFiles, tmp_path: Path, turned: int
) -> None:
    """A wide table printed on an upright sheet: one character a line is found by no word."""
    pdf = new_pdf()
    pdf.add_page()
    print_lines(pdf)
    path = save(pdf, tmp_path)
    with pikepdf.open(path, allow_overwriting_input=True) as opened_pdf:
        opened_pdf.pages[0].Rotate = turned
        opened_pdf.save(path)
    reading = pages.read_digital(path, page_number=1)
    assert reading.text == "\n".join(LINES)
    assert reading.rotation == -turned % 360
    upright = opened(pages.render(path, page_number=1)).rotate(-reading.rotation, expand=True)
    assert upright.size == (reading.width, reading.height) == (1654, 2339)
    assert_all_ink_is_boxed(upright, reading.words)


@pytest.mark.parametrize("angle", [90, 270])
def test_a_note_up_the_margin_is_one_line_after_the_text(
    pages: PageFiles, tmp_path: Path, angle: int
) -> None:
    pdf = new_pdf()
    pdf.add_page()
    note = "装订线 GD20260311"
    with pdf.rotation(angle, x=30, y=400):
        pdf.text(30, 400, note)
    print_lines(pdf)
    path = save(pdf, tmp_path)
    reading = pages.read_digital(path, page_number=1)
    assert reading.text == "\n".join([*LINES, note])
    assert reading.rotation == 0
    assert_all_ink_is_boxed(opened(pages.render(path, page_number=1)), reading.words)


@pytest.mark.parametrize("share", [0.4, 0.9])
def test_a_linearised_pdf_that_was_cut_off_is_told_as_that(
    pages: PageFiles, tmp_path: Path, share: float
) -> None:
    """It has an end mark behind its first page: "damaged, save it anew" sent people astray."""
    pdf = new_pdf()
    for _ in range(3):
        pdf.add_page()
        print_lines(pdf)
    path = save(pdf, tmp_path)
    with pikepdf.open(path, allow_overwriting_input=True) as opened_pdf:
        opened_pdf.save(path, linearize=True)
    path.write_bytes(path.read_bytes()[: round(path.stat().st_size * share)])
    with pytest.raises(UnreadableFileError) as refused:
        pages.probe(path, file_name="a.pdf")
    assert refused.value.reason == "truncated"


def test_a_whole_pdf_whose_pointer_is_damaged_is_not_told_as_cut_off(
    pages: PageFiles, tmp_path: Path
) -> None:
    pdf = new_pdf()
    pdf.add_page()
    print_lines(pdf)
    path = save(pdf, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"startxref", b"st@rtxr\xff\x00"))
    pages.probe(path, file_name="a.pdf")
    assert pages.read_digital(path, page_number=1).text == "\n".join(LINES)


@pytest.mark.parametrize("flags", (4, 0), ids=("printed too", "on the screen only"))
def test_filled_in_fields_are_part_of_the_page(
    pages: PageFiles, tmp_path: Path, flags: int
) -> None:
    path = tmp_path / "form.pdf"
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    look = pikepdf.Stream(pdf, b"BT /F1 12 Tf 2 4 Td (Invented 4711) Tj ET")
    look.Type, look.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
    look.BBox = pikepdf.Array([0, 0, 200, 20])
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    look.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    field = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Widget,
            FT=pikepdf.Name.Tx,
            T="number",
            V="Invented 4711",
            Rect=pikepdf.Array([100, 700, 300, 720]),
            F=flags,
            AP=pikepdf.Dictionary(N=pdf.make_indirect(look)),
        )
    )
    pdf.pages[0].Annots = pikepdf.Array([field])
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]))
    pdf.save(path)
    assert pages.probe(path, file_name="form.pdf").digital == (True,)
    assert pages.read_digital(path, page_number=1).text == "Invented 4711"
    assert (np.asarray(opened(pages.render(path, page_number=1)).convert("L")) < 128).any()


def typed_on(pdf: pikepdf.Pdf, subtype: str, text: str, **more: object) -> None:
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name(f"/{subtype}"),
        Contents=pikepdf.String(text),
        Rect=pikepdf.Array([100, 600, 120, 620]),
        **more,
    )
    page = pdf.pages[0]
    page.Annots = pikepdf.Array([*page.get("/Annots", []), pdf.make_indirect(note)])


def test_what_people_typed_on_a_pdf_is_text_of_its_page(pages: PageFiles, tmp_path: Path) -> None:
    """Notes are drawn nowhere, and typewriter text only where its program left a picture of it."""
    own = new_pdf()
    own.add_page()
    print_lines(own)
    printed = save(own, tmp_path)
    before = pages.read_digital(printed, page_number=1)
    path = tmp_path / "typed.pdf"
    with pikepdf.open(printed) as pdf:
        typed_on(pdf, "Text", "请客户补交\r\n房产证复印件")
        typed_on(pdf, "FreeText", "已电话核实")
        typed_on(pdf, "Highlight", "电价有误", F=4)
        typed_on(pdf, "Text", "已改", F=30, IRT=pdf.pages[0].Annots[0])
        typed_on(pdf, "Text", before.text.split()[0])  # says what is printed
        typed_on(pdf, "Text", "藏起来的", F=2)
        typed_on(pdf, "Popup", "请客户补交")
        typed_on(pdf, "Text", "Accepted set by wang", StateModel=pikepdf.String("Review"))
        pdf.pages[0].Rotate = 90
        width, height = pdf.pages[0].mediabox[2:]
        pdf.save(path)
    reading = pages.read_digital(path, page_number=1)
    typed = "请客户补交\n房产证复印件\n已电话核实\n电价有误\n已改"
    assert reading.text == f"{before.text}\n{typed}"
    *_, word = reading.words
    assert reading.text[word.start : word.end] == "已改"
    # The paper lies turned by 90 degrees and its text with it: stood up, the note is where it was.
    share = [word.box[0] / reading.width, word.box[1] / reading.height]
    assert share == pytest.approx([100 / float(width), 1 - 620 / float(height)], abs=0.01)
    assert pages.notes(path, page_number=1)[0].text == "请客户补交\n房产证复印件"


def test_a_page_with_nothing_but_a_note_is_not_blank(pages: PageFiles, tmp_path: Path) -> None:
    path = tmp_path / "note.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        typed_on(pdf, "Text", "见附件" * 10_000)
        pdf.save(path)
    reading = pages.read_digital(path, page_number=1)
    assert not reading.blank
    assert reading.truncated
    assert len(reading.text) == MOST_CHARACTERS


@pytest.mark.parametrize(
    "typed",
    [["见附件"] * (MOST_NOTES + 1), ["见" * MOST_CHARACTERS, "附件"]],
    ids=["too many notes", "too many words in several notes"],
)
def test_notes_that_are_left_out_are_told(
    pages: PageFiles, tmp_path: Path, typed: list[str]
) -> None:
    path = tmp_path / "notes.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        for text in typed:
            typed_on(pdf, "Text", text)
        pdf.save(path)
    assert pages.read_digital(path, page_number=1).truncated
    assert [note.is_cut for note in pages.notes(path, page_number=1)][-1]


def test_notes_that_are_all_kept_cut_nothing(pages: PageFiles, tmp_path: Path) -> None:
    path = tmp_path / "notes.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        typed_on(pdf, "Text", "见" * (MOST_CHARACTERS - 2))
        typed_on(pdf, "Text", "附件")
        pdf.save(path)
    assert not pages.read_digital(path, page_number=1).truncated


def test_a_page_by_width_is_a_jpeg_of_that_width(pages: PageFiles, tmp_path: Path) -> None:
    pdf = new_pdf()
    pdf.add_page()
    print_lines(pdf)
    picture = opened(pages.render(save(pdf, tmp_path), page_number=1, width=800))
    assert picture.format == "JPEG"
    assert picture.width == 800


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_drawn_upright_by_its_exif_flag(
    pages: PageFiles, tmp_path: Path, orientation: int
) -> None:
    upright = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(upright).rectangle((0, 0, 100, 50), fill="red")
    turns = {
        1: (),
        2: (Image.Transpose.FLIP_LEFT_RIGHT,),
        3: (Image.Transpose.ROTATE_180,),
        4: (Image.Transpose.FLIP_TOP_BOTTOM,),
        5: (Image.Transpose.TRANSPOSE,),
        6: (Image.Transpose.ROTATE_90,),
        7: (Image.Transpose.TRANSVERSE,),
        8: (Image.Transpose.ROTATE_270,),
    }
    stored = upright
    for turn in turns[orientation]:
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "photo.jpg"
    stored.save(path, exif=exif, quality=95)
    for options in ({}, {"width": 200}):
        drawn = opened(pages.render(path, page_number=1, **options)).convert("RGB")
        assert drawn.width / drawn.height == pytest.approx(4 / 3, abs=0.01)
        red, green, _ = drawn.getpixel((10, 10))
        assert red > 200
        assert green < 80
        assert min(drawn.getpixel((drawn.width - 10, drawn.height - 10))) > 220


@pytest.mark.parametrize("compression", ["group4", "jpeg", "raw"])
@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_tiff_that_says_how_it_lies_is_drawn_upright_and_not_squashed(
    pages: PageFiles, tmp_path: Path, orientation: int, compression: str
) -> None:
    """Scanners that turn pages by themselves only say so in the file; Pillow turns it on loading."""
    upright = Image.new("L", (800, 1100), "white")
    ImageDraw.Draw(upright).rectangle((0, 0, 200, 100), fill="black")
    for row in range(200, 1000, 60):
        ImageDraw.Draw(upright).text((60, row), "lines of a page", fill="black", font_size=30)
    upright = upright.convert("1") if compression == "group4" else upright
    turn = {
        3: Image.Transpose.ROTATE_180,
        6: Image.Transpose.ROTATE_90,
        8: Image.Transpose.ROTATE_270,
    }
    path = tmp_path / "scan.tif"
    stored = upright.transpose(turn[orientation])
    stored.save(
        path,
        compression=compression,
        dpi=(100, 100),
        tiffinfo={ExifTags.Base.Orientation: orientation},
    )
    for options, size in (({}, (800, 1100)), ({"width": 400}, (400, 550))):
        drawn = opened(pages.render(path, page_number=1, **options)).convert("L")
        assert drawn.size == size
        ink = np.argwhere(np.asarray(drawn)[: size[1] // 7] < 128).max(0)
        assert ink == pytest.approx((size[1] / 11, size[0] / 4), abs=3)


def test_a_fax_strip_with_little_but_a_corner_is_whole(pages: PageFiles, tmp_path: Path) -> None:
    """Of so short a strip less than a row is left when its end is taken off to see whether it counts."""
    picture = Image.new("1", (800, 1100), 1)
    ImageDraw.Draw(picture).rectangle((599, 999, 799, 1099), fill=0)
    path = tmp_path / "fax.tif"
    picture.save(path, compression="group4", dpi=(200, 200))
    assert pages.probe(path, file_name="fax.tif").digital == (False,)


def test_transparent_paper_is_white(pages: PageFiles, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    picture = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((0, 0, 20, 20), fill=(0, 0, 0, 255))
    picture.save(path)
    drawn = opened(pages.render(path, page_number=1))
    assert drawn.convert("L").getpixel((90, 90)) == 255
    assert drawn.convert("L").getpixel((10, 10)) == 0


def test_sixteen_bits_keep_their_greys(pages: PageFiles, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    values = np.array([[0, 32_768, 65_535]], dtype=np.uint16).repeat(30, axis=0).repeat(10, axis=1)
    Image.fromarray(values).save(path)
    drawn = np.asarray(opened(pages.render(path, page_number=1)).convert("L"))
    assert [int(drawn[5, x]) for x in (5, 15, 25)] == pytest.approx([0, 128, 255], abs=1)


@pytest.mark.parametrize("with_profile", [False, True])
def test_cmyk_red_stays_red(pages: PageFiles, tmp_path: Path, with_profile: bool) -> None:
    path = tmp_path / "a.jpg"
    # No CMYK profile is at hand; a profile that does not fit must do no harm either.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"icc_profile": profile} if with_profile else {}
    Image.new("CMYK", (64, 64), (0, 255, 255, 0)).save(path, "JPEG", quality=95, **options)
    red, green, blue = opened(pages.render(path, page_number=1)).convert("RGB").getpixel((30, 30))
    assert red > 180
    assert max(green, blue) < 90


def test_fax_pixels_become_square(pages: PageFiles, tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    Image.new("1", (1728, 1100), 1).save(path, dpi=(204, 98), compression="group4")
    drawn = opened(pages.render(path, page_number=1))
    assert drawn.size == pytest.approx((1694, 2245), abs=3)


@pytest.mark.parametrize(
    ("orientation", "shown"), [(1, (600, 795)), (6, (600, 453))], ids=["as it lies", "turned"]
)
def test_the_viewer_shows_fax_pixels_square_too(
    pages: PageFiles, tmp_path: Path, orientation: int, shown: tuple[int, int]
) -> None:
    path = tmp_path / "fax.tif"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("1", (1728, 1100), 1).save(path, dpi=(204, 98), compression="group4", exif=exif)
    drawn = opened(pages.render(path, page_number=1, width=600))
    assert drawn.size == pytest.approx(shown, abs=2)


def test_scans_of_many_dots_come_at_the_resolution_asked(pages: PageFiles, tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    Image.new("L", (2480, 3508), 255).save(path, dpi=(300, 300))
    assert opened(pages.render(path, page_number=1, dpi=200)).size == (1653, 2339)


def test_a_photo_without_credible_resolution_keeps_its_pixels(
    pages: PageFiles, tmp_path: Path
) -> None:
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (3000, 2000), "white").save(path, dpi=(72, 72))
    assert opened(pages.render(path, page_number=1, dpi=200)).size == (3000, 2000)
    assert pages.render(path, page_number=1) == path.read_bytes()


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_a_bare_png_is_read_as_it_came(pages: PageFiles, tmp_path: Path, mode: str) -> None:
    path = tmp_path / "scan.png"
    scan().convert(mode).save(path, dpi=(200, 200))
    assert pages.render(path, page_number=1) == path.read_bytes()


def test_a_png_that_tells_more_of_itself_is_drawn_anew(pages: PageFiles, tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    texts = PngImagePlugin.PngInfo()
    texts.add_text("comment", "a text may unpack to anything", zip=True)
    scan().save(path, dpi=(200, 200), pnginfo=texts)
    drawn = opened(pages.render(path, page_number=1))
    assert (drawn.format, drawn.mode) == ("BMP", "L")
    assert np.array_equal(np.asarray(drawn), np.asarray(scan()))
    assert not drawn.info.get("comment")


@pytest.mark.parametrize(("mode", "side", "kind"), [("L", 1500, "BMP"), ("RGB", 3000, "PNG")])
def test_what_is_drawn_for_reading_loses_nothing_and_is_packed_where_it_is_large(
    pages: PageFiles, tmp_path: Path, mode: str, side: int, kind: str
) -> None:
    path = tmp_path / "scan.tif"
    picture = scan().convert(mode).resize((side, side))
    picture.save(path)
    drawn = opened(pages.render(path, page_number=1))
    assert (drawn.format, drawn.mode) == (kind, mode)
    assert np.array_equal(np.asarray(drawn), np.asarray(picture))


def test_a_jpeg_that_breaks_off_far_down_is_refused_at_the_first_look(
    pages: PageFiles, tmp_path: Path
) -> None:
    whole = io.BytesIO()
    scan().save(whole, "JPEG", quality=95)
    path = tmp_path / "scan.jpg"
    path.write_bytes(whole.getvalue()[: -len(whole.getvalue()) // 50])
    with pytest.raises(UnreadableFileError) as caught:
        pages.probe(path, file_name="scan.jpg")
    assert caught.value.reason == "truncated"


def test_a_large_page_is_drawn_within_the_limit_of_pixels(tmp_path: Path) -> None:
    pages = PageFiles(ReadingLimits(render_pixels=1_000_000))
    path = tmp_path / "scan.png"
    Image.new("L", (4000, 1000), 255).save(path)
    width, height = opened(pages.render(path, page_number=1)).size
    assert width * height <= 1_000_000
    assert width / height == pytest.approx(4, rel=0.01)


def test_each_frame_of_a_tiff_is_a_page(pages: PageFiles, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    first, *others = [Image.new("L", (100, 50 + number), 255) for number in range(3)]
    first.save(path, save_all=True, append_images=others)
    assert pages.probe(path, file_name="a.tif").page_count == 3
    assert opened(pages.render(path, page_number=3)).height == 52


@pytest.mark.parametrize("page_number", [0, 2, 99])
def test_a_page_that_is_not_there_is_refused(
    pages: PageFiles, tmp_path: Path, page_number: int
) -> None:
    pdf = new_pdf()
    pdf.add_page()
    path = save(pdf, tmp_path)
    with pytest.raises(UnreadableFileError):
        pages.render(path, page_number=page_number)
    picture = tmp_path / "a.png"
    Image.new("L", (10, 10)).save(picture)
    with pytest.raises(UnreadableFileError):
        pages.render(picture, page_number=page_number)


def test_heic_is_refused_with_a_remedy(pages: PageFiles, tmp_path: Path) -> None:
    path = tmp_path / "IMG.HEIC"
    path.write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(100))
    with pytest.raises(UnreadableFileError) as caught:
        pages.probe(path, file_name=path.name)
    assert caught.value.reason == "unsupported"
    assert "JPEG" in caught.value.detail_zh


@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("GIF", {}),
        ("BMP", {}),
        ("WEBP", {}),
        ("JPEG2000", {}),
    ],
)
def test_a_picture_that_ends_early_is_refused_wherever_it_ends(
    pages: PageFiles, tmp_path: Path, file_format: str, options: dict[str, object]
) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((300, 400), 30).convert("RGB").save(buffer, file_format, **options)
    content = buffer.getvalue()
    path = tmp_path / "a"
    for share in (0.1, 0.25, 0.5, 0.75, 0.9, 0.99):
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(UnreadableFileError) as caught:
            pages.probe(path, file_name="a")
        assert caught.value.reason in ("truncated", "corrupt")
