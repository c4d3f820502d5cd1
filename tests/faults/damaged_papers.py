"""Papers of several pages of which one is damaged, and sound ones that look damaged at a glance."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageDraw

SIZE = (1240, 1754)
SHOW = b"q 595 0 0 842 0 0 cm /I0 Do Q"
RUBBISH = b"garbage" * 700


@cache
def scan(text: str = "Invented Power Company") -> Image.Image:
    """A page as a scanner gives it: grain everywhere, so that no piece of it packs to nothing."""
    picture = Image.effect_noise(SIZE, 8).point(lambda value: min(255, value + 110))
    drawing = ImageDraw.Draw(picture)
    for row in range(12):
        drawing.text((150, 100 + row * 130), text, font_size=60, fill=0)
    return picture


def encoded(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """The picture's bytes in a format of Pillow's."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def cut(data: bytes, share: float = 0.45) -> bytes:
    """The first part of the bytes."""
    return data[: int(len(data) * share)]


@cache
def fax() -> bytes:
    """A page in group 4, as one strip."""
    strip = Image.new("1", SIZE, 1)
    drawing = ImageDraw.Draw(strip)
    for row in range(30):
        drawing.text((100, 50 + row * 55), "Invented Power Company 0123", font_size=40, fill=0)
    tiff = encoded(strip, "TIFF", compression="group4", tiffinfo={278: SIZE[1]})
    with Image.open(io.BytesIO(tiff)) as opened:
        tags = opened.tag_v2  # type: ignore[attr-defined]
        (start,), (length,) = tags[273], tags[279]
    return tiff[start : start + length]


@dataclass(frozen=True)
class Drawn:
    """A picture within a PDF."""

    data: bytes
    filters: str | tuple[str, ...] = "DCTDecode"
    size: tuple[int, int] = SIZE
    bits: int = 8
    parameters: tuple[tuple[str, int], ...] = ()

    def stream(self, pdf: pikepdf.Pdf) -> pikepdf.Object:
        """As an object of the file."""
        made = Stream(pdf, self.data)
        made.Type, made.Subtype = Name.XObject, Name.Image
        made.Width, made.Height = self.size
        made.BitsPerComponent, made.ColorSpace = self.bits, Name.DeviceGray
        if isinstance(self.filters, tuple):
            made.Filter = Array([Name(f"/{one}") for one in self.filters])
        else:
            made.Filter = Name(f"/{self.filters}")
        if self.parameters:
            made.DecodeParms = Dictionary({f"/{name}": value for name, value in self.parameters})
        return pdf.make_indirect(made)


def add_page(
    pdf: pikepdf.Pdf, *pictures: Drawn, content: bytes = SHOW, in_form: bool = False
) -> None:
    """A page A4 that draws its pictures."""
    named = Dictionary({f"/I{n}": one.stream(pdf) for n, one in enumerate(pictures)})
    if in_form:
        form = Stream(pdf, content)
        form.Type, form.Subtype = Name.XObject, Name.Form
        form.BBox, form.Resources = Array([0, 0, 595, 842]), Dictionary(XObject=named)
        named, content = Dictionary({"/F": pdf.make_indirect(form)}), b"q /F Do Q"
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    page = Dictionary(
        Type=Name.Page,
        MediaBox=[0, 0, 595, 842],
        Contents=pdf.make_indirect(Stream(pdf, content)),
        Resources=Dictionary(XObject=named, Font=Dictionary(H=font)),
    )
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))


def paper(third: Callable[[pikepdf.Pdf], None], *, pages: int = 3, at: int = 2) -> bytes:
    """Scanned pages of which number ``at`` is made by ``third``."""
    pdf = pikepdf.new()
    for number in range(1, pages + 1):
        if number == at:
            third(pdf)
        else:
            add_page(pdf, Drawn(encoded(scan(f"Invented page {number}"))))
    buffer = io.BytesIO()
    pdf.save(buffer)
    return buffer.getvalue()


def recursive(pdf: pikepdf.Pdf) -> None:
    """A page whose forms draw one another: 10 to the 13th rectangles from a few hundred bytes."""
    form = _form(pdf, b"0 0 500 800 re f " * 10, None)
    for _ in range(12):
        form = _form(pdf, b"/X Do 1 0 0 1 1 1 cm " * 10, form)
    add_page(pdf, content=b"/X Do")
    pdf.pages[-1].obj.Resources = Dictionary(XObject=Dictionary(X=pdf.make_indirect(form)))


def _form(pdf: pikepdf.Pdf, content: bytes, inner: Stream | None) -> Stream:
    form = Stream(pdf, content)
    form.Type, form.Subtype = Name.XObject, Name.Form
    form.BBox = Array([0, 0, 600, 850])
    if inner is not None:
        form.Resources = Dictionary(XObject=Dictionary(X=pdf.make_indirect(inner)))
    return form


def inline(data: bytes) -> bytes:
    """Content that draws a picture which stands within the content."""
    head = b"q 595 0 0 842 0 0 cm BI /W 1240 /H 1754 /BPC 8 /CS /G /F /DCT ID "
    return head + data + b"\nEI Q"


def tiff(compression: str, *, overwritten: int | None = None, big: bool = False) -> bytes:
    """Five frames, one of them (counted from 0) overwritten with ones; as BigTIFF on demand."""
    frames = [scan(f"Invented frame {number}") for number in range(5)]
    if compression == "group4":
        frames = [frame.point(lambda value: 255 if value > 60 else 0) for frame in frames]
        frames = [frame.convert("1", dither=Image.Dither.NONE) for frame in frames]
    made = bytearray(
        encoded(
            frames[0],
            "TIFF",
            save_all=True,
            append_images=frames[1:],
            compression=compression,
            big_tiff=big,
        )
    )
    if overwritten is not None:
        with Image.open(io.BytesIO(bytes(made))) as opened:
            opened.seek(overwritten)
            tags = opened.tag_v2  # type: ignore[attr-defined]
            places = list(zip(tags[273], tags[279], strict=True))
        for start, length in places:
            made[start : start + length] = b"\xff" * length
    return bytes(made)


def _page(*pictures: Drawn, content: bytes = SHOW, in_form: bool = False) -> bytes:
    return paper(lambda pdf: add_page(pdf, *pictures, content=content, in_form=in_form))


def _inline_page(data: bytes) -> bytes:
    return paper(lambda pdf: add_page(pdf, content=inline(data)))


def _fax(data: bytes) -> Drawn:
    return Drawn(data, "CCITTFaxDecode", bits=1, parameters=(("K", -1), ("Columns", SIZE[0])))


def _flat(data: bytes) -> Drawn:
    return Drawn(data, "FlateDecode")


@cache
def jpeg() -> bytes:
    """A sound scan."""
    return encoded(scan())


@cache
def jpeg2000() -> bytes:
    """A sound scan."""
    return encoded(scan(), "JPEG2000", irreversible=True, quality_layers=[20])


@cache
def packed() -> bytes:
    """A sound scan's grey values."""
    return zlib.compress(scan().tobytes(), 6)


LOST: dict[str, tuple[Callable[[], bytes], str]] = {
    "JPEG cut": (lambda: _page(Drawn(cut(jpeg()))), "truncated"),
    "JPEG cut to its head": (lambda: _page(Drawn(jpeg()[:3000])), "truncated"),
    "JPEG cut at its last row": (lambda: _page(Drawn(jpeg()[:-400])), "truncated"),
    "progressive JPEG cut": (
        lambda: _page(Drawn(cut(encoded(scan(), progressive=True)))),
        "truncated",
    ),
    "rubbish instead of a JPEG": (lambda: _page(Drawn(RUBBISH)), "corrupt"),
    "Flate cut": (lambda: _page(_flat(cut(packed()))), "truncated"),
    "rubbish instead of Flate": (lambda: _page(_flat(RUBBISH)), "corrupt"),
    "JPEG 2000 cut": (lambda: _page(Drawn(cut(jpeg2000()), "JPXDecode")), "truncated"),
    "rubbish instead of JPEG 2000": (lambda: _page(Drawn(RUBBISH, "JPXDecode")), "corrupt"),
    "group 4 cut": (lambda: _page(_fax(cut(fax()))), "truncated"),
    "group 4 overwritten": (lambda: _page(_fax(b"\xff" * len(fax()))), "corrupt"),
    "JPEG within Flate cut": (
        lambda: _page(Drawn(zlib.compress(cut(jpeg())), ("FlateDecode", "DCTDecode"))),
        "truncated",
    ),
    "JPEG within a form cut": (lambda: _page(Drawn(cut(jpeg())), in_form=True), "truncated"),
    "rubbish instead of content": (lambda: _page(content=b"q q q ( Tj BT [[[ <<"), "corrupt"),
    "words instead of content": (lambda: _page(content=b"hello 1 2 there"), "corrupt"),
    "the picture's object is gone": (lambda: _page(content=b"/I9 Do"), "corrupt"),
}
"""Page 2 of 3 is lost, with the reason."""

PIECES = b"q 595 0 0 600 0 0 cm /I0 Do Q q 200 0 0 100 20 700 cm /I1 Do Q"
LOGO = (200, 100)


def _logo(*, whole: bool) -> Drawn:
    data = encoded(scan().resize(LOGO))
    return Drawn(data if whole else cut(data), size=LOGO)


TEXT = b" BT /H 12 Tf 60 300 Td (Supply contract of an invented customer) Tj ET"

PARTLY: dict[str, Callable[[], bytes]] = {
    "a scan beside a cut logo": lambda: _page(Drawn(jpeg()), _logo(whole=False), content=PIECES),
    "own text beside a cut logo": lambda: _page(
        _logo(whole=False), content=b"q 200 0 0 100 20 700 cm /I0 Do Q" + TEXT
    ),
    "own text beside a cut Flate picture": lambda: _page(
        _flat(cut(packed())), content=b"q 200 0 0 100 20 700 cm /I0 Do Q" + TEXT
    ),
}
"""Page 2 of 3 is there but for one picture of several things on it."""

WHOLE: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: _page(Drawn(jpeg())),
    "JPEG without end mark": lambda: _page(Drawn(jpeg()[:-2])),
    "JPEG with bytes behind it": lambda: _page(Drawn(jpeg() + b"phone" * 99)),
    "progressive JPEG": lambda: _page(Drawn(encoded(scan(), progressive=True))),
    "JPEG 2000": lambda: _page(Drawn(jpeg2000(), "JPXDecode")),
    "Flate": lambda: _page(_flat(packed())),
    "Flate without its checksum": lambda: _page(_flat(packed()[:-4])),
    "group 4": lambda: _page(_fax(fax())),
    "group 4 without its end mark": lambda: _page(_fax(fax()[:-3])),
    "group 4 with padding": lambda: _page(_fax(fax() + bytes(300))),
    "JPEG within Flate": lambda: _page(Drawn(zlib.compress(jpeg()), ("FlateDecode", "DCTDecode"))),
    "JPEG within a form": lambda: _page(Drawn(jpeg()), in_form=True),
    "JPEG within the content": lambda: _inline_page(encoded(scan(), quality=30)),
    "a cut picture that is not drawn": lambda: _page(
        Drawn(jpeg()), Drawn(cut(jpeg())), content=SHOW
    ),
    "nothing": lambda: _page(content=b""),
    "commands that draw nothing": lambda: _page(content=b"q 1 0 0 1 0 0 cm BT ET Q"),
}
"""Page 2 of 3 is sound."""


def write(folder: Path, name: str, content: bytes) -> Path:
    """A file of that name."""
    path = folder / name
    path.write_bytes(content)
    return path
