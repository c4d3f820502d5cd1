"""The type faces that invented papers are printed in, all from packages with a free licence.

Packages (no file of this project, no system font): ``pylopdf-fonts-zh-cn`` (Noto Sans SC, Noto
Serif SC; OFL 1.1), ``manimgx-fonts-cjk`` (Noto Sans CJK, variable weight; OFL 1.1) and
``paperang-p2-fonts-cjk`` (WenQuanYi Micro Hei; Apache 2.0 or GPL 3 with font exception). No
package with a free Kai or FangSong was found, so the narrow Song and the pen are made from these
by squeezing, slanting and shaking the glyphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path

from PIL import ImageFont

SUPPLEMENT = frozenset("𠮷䶮㛃")
"""Characters that a smaller face may lack; they are set in the widest one (Noto Sans CJK)."""


@dataclass(frozen=True, slots=True)
class Face:
    """One face as the painter uses it.

    Attributes:
        package: import name of the package that holds the file.
        file: file name inside the package.
        index: face number in a collection.
        weight: value of the ``wght`` axis for a variable font, None for a static one.
        squeeze: horizontal factor, 1.0 is as designed.
        embeddable: a static outline that a PDF can take as it is.
    """

    package: str
    file: str
    index: int = 0
    weight: int | None = None
    squeeze: float = 1.0
    embeddable: bool = True


_CJK = ("manimgx_fonts_cjk", "NotoSansCJK-VF.otf.ttc")
_SC = 2  # number of the Simplified Chinese face in Noto's collection

FACES: dict[str, Face] = {
    "hei": Face("pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"),
    "song": Face("pylopdf_fonts_zh_cn", "NotoSerifSC-Regular.otf"),
    "narrow-song": Face("pylopdf_fonts_zh_cn", "NotoSerifSC-Regular.otf", squeeze=0.86),
    "light-hei": Face(*_CJK, index=_SC, weight=300, embeddable=False),
    "bold-hei": Face(*_CJK, index=_SC, weight=700, embeddable=False),
    "micro-hei": Face("paperang_p2_fonts_cjk", "fonts/wqy-microhei.ttc"),
    "pen": Face(*_CJK, index=_SC, weight=260, squeeze=0.94, embeddable=False),
    "supplement": Face(*_CJK, index=_SC, weight=400, embeddable=False),
}


def hei_path() -> Path:
    """Path of a static CJK sans-serif font file (Noto Sans SC, CFF outlines, 31,000 glyphs)."""
    return face_path("hei")


@cache
def face_path(family: str) -> Path:
    """Path of the font file of a family in :data:`FACES`.

    Raises:
        ModuleNotFoundError: when the font's package is not installed.
    """
    face = FACES[family]
    return Path(str(resources.files(face.package).joinpath(face.file)))


@lru_cache(maxsize=512)
def font(family: str, size: int) -> ImageFont.FreeTypeFont:
    """The family's font at ``size`` pixels per em, shared within the process."""
    face = FACES[family]
    loaded = ImageFont.truetype(
        str(face_path(family)), size, index=face.index, layout_engine=ImageFont.Layout.BASIC
    )
    if face.weight is not None:
        loaded.set_variation_by_axes([face.weight])
    return loaded


@lru_cache(maxsize=200_000)
def advance(family: str, character: str) -> float:
    """Width of one character in ems of the family, after squeezing."""
    used = "supplement" if character in SUPPLEMENT else family
    return font(used, 200).getlength(character) / 200 * FACES[family].squeeze


@cache
def ascent(family: str) -> float:
    """Height of the face's ascender above the base line, in ems."""
    return font(family, 200).getmetrics()[0] / 200


def width(family: str, size: float, text: str) -> float:
    """Width of a line in the unit of ``size``; no kerning, as the painters set it."""
    return size * sum(advance(family, character) for character in text)


def wrap(family: str, size: float, text: str, limit: float) -> list[str]:
    """Breaks a paragraph into lines no wider than ``limit``.

    A run of ASCII letters and digits is kept whole when it fits a line, and closing punctuation
    hangs over the end rather than opening a line (Chinese line-breaking practice).
    """
    lines: list[str] = []
    line, used = "", 0.0
    for piece in _pieces(text):
        need = width(family, size, piece)
        if line and used + need > limit and piece not in "，。、；：）》”！？":
            lines.append(line)
            line, used = "", 0.0
        line += piece
        used += need
    return [*lines, line] if line else lines


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for character in text:
        joined = character.isascii() and not character.isspace()
        if joined and pieces and pieces[-1].isascii() and len(pieces[-1]) < 24:
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces
