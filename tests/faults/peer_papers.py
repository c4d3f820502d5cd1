"""The papers on which other archive systems fail (measured with two of them), made by code.

Each word that a test looks for stands on one paper only. All people are invented.
"""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory

from fpdf import FPDF, TextMode
from PIL import Image, ImageDraw

from dossier.plugins.demo import fonts
from tests.contract.office_samples import ofd_bytes
from tests.faults.hostile_files import HOSTILE_FILES

SCAN = (1240, 1754)
"""A4 at 150 dpi: small, and still easy to read."""
DPI = 150
FILLING = (
    "一、用电人自愿签订本合同并按期交纳电费",
    "二、供电人按照国家标准供给合格的电能",
    "三、双方应当遵守安全用电的各项规定",
    "四、本合同一式两份双方各执一份",
)


def scan(*lines: str, size: tuple[int, int] = SCAN) -> Image.Image:
    """A clean scanned page with these lines and some more below."""
    page = Image.new("L", size, 250)
    pen = ImageDraw.Draw(page)
    for row, line in enumerate((*lines, *FILLING)):
        pen.text((120, 140 + row * 110), line, fill=20, font=fonts.font("hei", 44))
    return page


def saved(page: Image.Image, file_format: str, **options: object) -> bytes:
    """The picture's file."""
    out = io.BytesIO()
    page.save(out, file_format, dpi=(DPI, DPI), **options)
    return out.getvalue()


def stack(pages: int, word: str) -> bytes:
    """A TIFF of scanned pages; ``word`` and the page's number stand on each."""
    frames = [scan(f"{word}第{number}页", size=(800, 900)) for number in range(1, pages + 1)]
    return saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])


def digital(*pages: tuple[str, ...], pictures: tuple[Image.Image, ...] = ()) -> bytes:
    """A born-digital PDF, one tuple of lines a page; then pages that are only a picture."""
    made = _new_pdf()
    for lines in pages:
        made.add_page()
        _set_lines(made, lines)
    for picture in pictures:
        made.add_page()
        made.image(picture, 0, 0, 210, 297)
    return bytes(made.output())


def with_ocr_layer(picture: Image.Image, *lines: str) -> bytes:
    """A scan that came with somebody's invisible OCR text."""
    made = _new_pdf()
    made.add_page()
    made.image(picture, 0, 0, 210, 297)
    made.text_mode = TextMode.INVISIBLE
    _set_lines(made, lines)
    return bytes(made.output())


def _new_pdf() -> FPDF:
    made = FPDF()
    made.add_font("hei", fname=fonts.hei_path())
    made.set_font("hei", size=12)
    return made


def _set_lines(made: FPDF, lines: tuple[str, ...]) -> None:
    for row, line in enumerate(lines):
        made.text(20, 30 + row * 12, line)


def large_picture() -> bytes:
    """139 million pixels, small on disk: what an eager scanner makes of an A0 plan."""
    page = Image.new("L", (11_800, 11_800), 255)
    pen = ImageDraw.Draw(page)
    for row, line in enumerate(("总平面布置图", *FILLING)):
        pen.text((900, 900 + row * 900), line, fill=0, font=fonts.font("hei", 420))
    return saved(page, "PNG", compress_level=1)


def hostile(name: str) -> bytes:
    """A file of the list of hostile ones, by its kind."""
    (found,) = [one for one in HOSTILE_FILES if one.name == name]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        found.build(path)
        return path.read_bytes()


def text(content: str, encoding: str = "utf-8") -> bytes:
    """A text file."""
    return content.encode(encoding)


def papers() -> dict[str, bytes]:
    """Everything that the tests look for, by file name."""
    webp, cmyk = scan("光明电器商店"), scan("红星机械厂")
    turned = {angle: scan(f"{word}粮油公司") for angle, word in TURNED.items()}
    made = {
        # 3
        "locked.pdf": hostile("PDF with a user password"),
        "cut.jpg": hostile("JPEG cut off"),
        "empty.pdf": b"",
        "locked.docx": hostile("Office file with a password"),
        "locked.doc": hostile("Word 97 file with a password"),
        "locked.xls": hostile("Excel 97 file with a password"),
        "locked.odt": hostile("OpenDocument with a password"),
        "locked.zip": hostile("ZIP with a password"),
        "sound.webp": saved(webp, "WEBP", quality=90),
        # 4
        "mixed.pdf": digital(("东风粮店用电登记表", *FILLING), pictures=(scan("西山茶厂附图"),)),
        # 5
        "form.txt": text("户号：1040106028\n姓名:黄超\n黄超（本人）办理“低压新装”\n"),
        # 6
        "dated.pdf": digital(
            (
                "兹受某某供电公司委托办理高压增容业务合同专用章管理事项并予以备案登记",
                "签订日期：2026年8月11日",
                *FILLING,
            )
        ),
        # 7
        "broken-line.txt": text("请到就近的供电\n营业厅办理手续\n"),
        "road-197.txt": text("用电地址：滨河路197号院内\n"),
        "road-832.txt": text("用电地址：江汉街832号院内\n"),
        # 9
        "cmyk.jpg": saved(cmyk.convert("CMYK"), "JPEG", quality=90),
        "invoice.ofd": ofd_bytes(),
        "gbk.txt": text("张湾变电站检修记录\n", "gbk"),
        # 10
        "spaced.txt": text("用 电 人 ： 周 敏 捷\n供 用 电 合 同\n"),
        "somebodys-ocr.pdf": with_ocr_layer(
            scan("用电人：陆文昭", "地址：云台路六号"),
            "用 电 人 ： 陆 文 昭",
            "地 址 ： 云 台 路 六 号",
        ),
        # 11
        "phone.txt": text("联系电话：13987650021\n"),
        "dashed-phone.txt": text("联系电话：137-1234-0099\n"),
        "traditional.txt": text("襄陽供電營業廳，用電人：龔麗華\n"),
        "simplified.txt": text("随州供电营业厅，用电人：邓丽云\n"),
    }
    for angle, page in turned.items():
        made[f"turned-{angle}.png"] = saved(page.rotate(angle, expand=True), "PNG")
    return made


TURNED = {0: "长江", 90: "汉水", 180: "黄山", 270: "泰岳"}
"""Degrees by which a page lies turned on the scanner, and the word on it."""
