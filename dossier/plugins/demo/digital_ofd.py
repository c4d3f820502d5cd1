"""OFD files (GB/T 33190-2016) of laid-out sheets: a ZIP of XML with placed text and paths."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from xml.sax.saxutils import escape

from dossier.plugins.demo import fonts
from dossier.plugins.demo.digital_office import zip_member
from dossier.plugins.demo.digital_pdf import printed, sheet_truth
from dossier.plugins.demo.sheet import Rule, Sheet, Text
from dossier.plugins.demo.truth import TruthPage

_NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_MM = 25.4 / 72
_FONT_NAMES = {"hei": "黑体", "light-hei": "黑体", "micro-hei": "微软雅黑"}


def ofd(
    sheets: Sequence[Sheet], family: str, on: date, title: str
) -> tuple[bytes, tuple[TruthPage, ...]]:
    """An OFD document and its pages' truth at 200 dpi; fonts are named, not embedded."""
    family = family if fonts.FACES[family].embeddable else "hei"
    sheets = [printed(sheet) for sheet in sheets]
    members = {
        "OFD.xml": _root(on, title),
        "Doc_0/Document.xml": _document(sheets),
        "Doc_0/PublicRes.xml": _resources(_FONT_NAMES.get(family, "宋体")),
    }
    for at, sheet in enumerate(sheets):
        members[f"Doc_0/Pages/Page_{at}/Content.xml"] = _page(sheet, family, 100 + at * 10_000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, text in members.items():
            target.writestr(zip_member(name), text.encode())
    return buffer.getvalue(), tuple(sheet_truth(s, family, n) for n, s in enumerate(sheets, 1))


def _root(on: date, title: str) -> str:
    return (
        f'{_HEAD}<ofd:OFD {_NS} Version="1.1" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
        f"<ofd:DocID>{on:%Y%m%d}{'0' * 24}</ofd:DocID><ofd:Title>{escape(title)}</ofd:Title>"
        f"<ofd:CreationDate>{on.isoformat()}</ofd:CreationDate></ofd:DocInfo>"
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    )


def _document(sheets: Sequence[Sheet]) -> str:
    first = sheets[0]
    box = f"0 0 {first.width * _MM:.3f} {first.height * _MM:.3f}"
    pages = "".join(
        f'<ofd:Page ID="{at + 10}" BaseLoc="Pages/Page_{at}/Content.xml"/>'
        for at in range(len(sheets))
    )
    return (
        f"{_HEAD}<ofd:Document {_NS}><ofd:CommonData><ofd:MaxUnitID>{len(sheets) * 10_000 + 100}"
        f"</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>{box}</ofd:PhysicalBox></ofd:PageArea>"
        "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData>"
        f"<ofd:Pages>{pages}</ofd:Pages></ofd:Document>"
    )


def _resources(font_name: str) -> str:
    return (
        f'{_HEAD}<ofd:Res {_NS} BaseLoc="Res"><ofd:Fonts>'
        f'<ofd:Font ID="2" FontName="{font_name}" FamilyName="{font_name}"/></ofd:Fonts></ofd:Res>'
    )


def _page(sheet: Sheet, family: str, first_id: int) -> str:
    box = f"0 0 {sheet.width * _MM:.3f} {sheet.height * _MM:.3f}"
    objects = []
    for at, mark in enumerate(sheet.marks):
        if isinstance(mark, Text):
            objects.append(_text(mark, family, first_id + at))
        elif isinstance(mark, Rule):
            objects.append(_rule(mark, first_id + at))
    return (
        f"{_HEAD}<ofd:Page {_NS}><ofd:Area><ofd:PhysicalBox>{box}</ofd:PhysicalBox></ofd:Area>"
        f'<ofd:Content><ofd:Layer ID="{first_id - 1}">{"".join(objects)}</ofd:Layer>'
        "</ofd:Content></ofd:Page>"
    )


def _text(mark: Text, family: str, number: int) -> str:
    size = mark.size * _MM
    steps = [fonts.advance(family, character) * size for character in mark.text]
    deltas = " ".join(f"{step:.3f}" for step in steps[:-1])
    boundary = f"{mark.x * _MM:.3f} {mark.y * _MM:.3f} {sum(steps) + size:.3f} {size * 1.5:.3f}"
    base = fonts.ascent(family) * size
    delta = f' DeltaX="{deltas}"' if deltas else ""
    return (
        f'<ofd:TextObject ID="{number}" Boundary="{boundary}" Font="2" Size="{size:.3f}">'
        f'<ofd:TextCode X="0" Y="{base:.3f}"{delta}>{escape(mark.text)}</ofd:TextCode>'
        "</ofd:TextObject>"
    )


def _rule(mark: Rule, number: int) -> str:
    x, y = min(mark.x0, mark.x1) * _MM, min(mark.y0, mark.y1) * _MM
    width, height = abs(mark.x1 - mark.x0) * _MM, abs(mark.y1 - mark.y0) * _MM
    return (
        f'<ofd:PathObject ID="{number}" Boundary="{x:.3f} {y:.3f} {width + 0.5:.3f} '
        f'{height + 0.5:.3f}" LineWidth="{mark.weight * _MM:.3f}"><ofd:AbbreviatedData>'
        f"M 0 0 L {width:.3f} {height:.3f}</ofd:AbbreviatedData></ofd:PathObject>"
    )
