"""Lines of text that nobody wrote, on paper that was treated badly: what the reading network practises on.

    python -m benchmarks.practice_lines --seed 301 --pages 40 --out FOLDER

Words of pypinyin's dictionary, random common characters, numbers and made-up addresses are set in
the demo's own faces on sheets of no form at all, damaged by ranges of this module's own, brought to
grey as the engine does it, and cut out line by line. No sentence, layout, name list or damage
profile of the invented archive is used, so that nothing measured on it was learnt by heart.
"""

from __future__ import annotations

import argparse
import pickle
import random
import string
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from opencc import OpenCC
from pypinyin.phrases_dict import phrases_dict

from dossier.adapters.rapidocr.models import Floats, Pixels
from dossier.adapters.rapidocr.picture import load_picture
from dossier.adapters.rapidocr.recognition import crop_line
from dossier.plugins.demo.damage import Damage
from dossier.plugins.demo.families import choices
from dossier.plugins.demo.render import render
from dossier.plugins.demo.sheet import Ink, Rule, Sheet, Text, Tint
from dossier.plugins.demo.truth import Quad

_SHEET = (595.0, 470.0)
_MARGIN = 40.0
_END = "。。。；：，"
_BREAK = "，，，、；：。"
_UNITS = ("元", "kW", "kVA", "kWh", "V", "A", "%", "m", "号", "户", "份", "页", "日", "台", "相")
_PLACE = ("省", "市", "区", "县", "镇", "乡", "路", "街", "巷", "村", "里", "大道", "小区", "花园")


@dataclass(frozen=True, slots=True)
class PracticeLine:
    """A line's crop, 48 pixels high, and what it says."""

    crop: Pixels
    text: str


def practice_lines(seed: int, pages: int) -> Iterator[PracticeLine]:
    """Yields the lines of so many sheets; the same seed gives the same lines."""
    for number in range(pages):
        yield from _lines_of(random.Random(seed * 100_003 + number))


def _lines_of(rng: random.Random) -> Iterator[PracticeLine]:
    sheet, damage = _sheet(rng), _damage(rng)
    page = render(sheet, rng.choice(choices(None, "font")), damage, rng.randrange(2**31), 1)
    black = page.picture.mode == "1"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("page.png" if black else "page.jpg")
        page.picture.save(path, **({} if black else {"quality": damage.quality}))
        gray = load_picture(path).gray
    for line in page.truth.lines:
        corners = _detected(line.quad, rng) if line.quad else None
        if corners is not None:
            squeeze = rng.choice((0.85, 0.85, 0.85, 1.0, 1.0))
            soften = rng.choice((0.0, 0.0, 0.0, 0.8))
            yield PracticeLine(crop_line(gray, corners, squeeze=squeeze, soften=soften), line.text)


def _detected(quad: Quad, rng: random.Random) -> Floats | None:
    """The line's corners as detection would have found them: with more or less room around."""
    corners = np.array(quad, np.float32)
    run, down = corners[1] - corners[0], corners[3] - corners[0]
    length, height = float(np.linalg.norm(run)), float(np.linalg.norm(down))
    if length < 4 or height < 6:
        return None
    across, along = down / height, run / length
    before, after = (rng.gauss(0.17, 0.09) * height for _ in range(2))
    above, below = rng.gauss(0.2, 0.09) * height, rng.gauss(0.17, 0.09) * height
    lean = rng.gauss(0, 0.03) * height
    moves = (
        -before * along - (above + lean) * across,
        after * along - (above - lean) * across,
        after * along + (below + lean) * across,
        -before * along + (below - lean) * across,
    )
    return (corners + np.array(moves, np.float32)).astype(np.float32)


def _damage(rng: random.Random) -> Damage:
    kind = rng.random()
    if kind < 0.12:
        return Damage("practice-clean", rng.choice((150, 200)), noise=3, quality=85)
    if kind < 0.36:
        return Damage(
            "practice-black", rng.choice((130, 150, 150, 170, 200)), "bilevel",
            skew=rng.uniform(-1.5, 1.5), noise=rng.uniform(4, 18), blur=rng.uniform(0.3, 0.9),
            threshold=rng.randint(155, 195), speckle=rng.uniform(0, 0.002),
            streaks=rng.randint(0, 2), fade=rng.choice((1.0, 1.0, 1.0, rng.uniform(0.8, 1.0))),
        )  # fmt: skip
    return Damage(
        "practice-soft", rng.randint(108, 200), rng.choice(("rgb", "rgb", "grey")),
        skew=rng.uniform(-5, 5), perspective=rng.uniform(0, 0.06), fade=rng.uniform(0.35, 1.0),
        paper=(rng.randint(226, 252), rng.randint(222, 246), rng.randint(198, 240)),
        shadow=rng.uniform(0, 0.65), blur=rng.uniform(0.2, 1.2), noise=rng.uniform(2, 12),
        stains=rng.randint(0, 4), folds=rng.randint(0, 3), bleed=rng.choice((0, rng.uniform(0, 0.25))),
        quality=rng.randint(38, 85), desk=True,
    )  # fmt: skip


def _sheet(rng: random.Random) -> Sheet:
    """Rows of text, some in ruled or tinted cells, of one size and another here and there."""
    sheet = Sheet(*_SHEET)
    size, ruled = rng.uniform(8, 12.5), rng.random() < 0.5
    filled = rng.choice((Ink.PRINT, Ink.PRINT, Ink.PRINT, Ink.PRINT, Ink.PEN, Ink.DOTS))
    weight = rng.uniform(0.4, 1.2)
    y, row = _MARGIN, 0
    while y < _SHEET[1] - _MARGIN - 2 * size:
        em = size if rng.random() < 0.85 else size * rng.uniform(0.8, 1.6)
        height = em * rng.uniform(1.5, 2.6)
        ends = _cells(rng)
        for left, right in pairwise(ends):
            if rng.random() < 0.12:
                sheet.marks.append(Tint(left, y, right, y + height, rng.randint(205, 240)))
            if ruled:
                sheet.marks += _frame(left, y, right, y + height, weight)
            ink = rng.choice((filled, filled, Ink.PRINT, Ink.BOLD, Ink.GREY))
            text = _fitting(rng, (right - left - 8) / em)
            sheet.marks.append(Text(left + 4, y + (height - em) / 2, em, text, ink, row))
        y, row = y + height, row + 1
    return sheet


def _cells(rng: random.Random) -> list[float]:
    inner = sorted(rng.sample(range(1, 10), rng.choice((0, 0, 1, 2, 3))))
    width = _SHEET[0] - 2 * _MARGIN
    return [_MARGIN, *(_MARGIN + width * at / 10 for at in inner), _MARGIN + width]


def _frame(x0: float, y0: float, x1: float, y1: float, weight: float) -> list[Rule]:
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))
    return [Rule(*a, *b, weight) for a, b in pairwise(corners)]


def _fitting(rng: random.Random, ems: float) -> str:
    """Text of at most so many ems, often shorter."""
    most = max(1.0, ems * rng.choice((1.0, 1.0, 0.6, 0.35)))
    text = rng.choice(_KINDS)(rng)
    while rng.random() < 0.9 and _ems(text) < most - 3:
        text += rng.choice(("", "", " ", "：", "，", "、")) + rng.choice(_KINDS)(rng)
    while len(text) > 1 and _ems(text) > most:
        text = text[:-1]
    if rng.random() < 0.3:
        text = text[:-1] + rng.choice(_END) if len(text) > 2 else text
    text = _in_tradition().convert(text) if rng.random() < 0.05 else text
    return text.strip() or rng.choice(_han())


def _ems(text: str) -> float:
    return sum(0.58 if c.isascii() else 1.0 for c in text)


def _sentence(rng: random.Random) -> str:
    parts = (rng.choice(_phrases()) + rng.choice(("", *_BREAK)) for _ in range(rng.randint(2, 9)))
    text = "".join(parts)
    if rng.random() < 0.25:
        at = rng.randrange(len(text))
        a, b = rng.choice(("（）", "《》", "“”", "【】", "()"))
        text = f"{text[:at]}{a}{rng.choice(_phrases())}{b}{text[at:]}"
    return text


def _word(rng: random.Random) -> str:
    return rng.choice(_phrases())


def _characters(rng: random.Random) -> str:
    return "".join(rng.choice(_han()) for _ in range(rng.randint(1, 8)))


def _address(rng: random.Random) -> str:
    text = ""
    for ending in rng.sample(_PLACE, rng.randint(1, 3)):
        text += "".join(rng.choice(_han()) for _ in range(rng.randint(1, 3))) + ending
    return f"{text}{rng.randint(1, 999)}号{rng.randint(1, 60)}栋{rng.randint(1, 6)}单元{rng.randint(101, 3204)}室"


def _number(rng: random.Random) -> str:
    digits = "".join(rng.choice(string.digits) for _ in range(rng.randint(1, 18)))
    return rng.choice((
        digits, digits, f"{digits[:1]}", f"{digits[:4]}.{digits[4:6] or '0'}", f"¥{rng.randint(1, 99999):,}.00",
        f"{rng.randint(0, 999)}{rng.choice(_UNITS)}", f"{digits}X", f"{digits[:4]}-{digits[4:11]}",
        f"{rng.choice(string.ascii_uppercase)}{rng.choice(string.ascii_uppercase)}{digits[:8]}",
    )) or "0"  # fmt: skip


def _date(rng: random.Random) -> str:
    year, month, day = rng.randint(1950, 2035), rng.randint(1, 12), rng.randint(1, 31)
    return rng.choice((
        f"{year}年{month}月{day}日", f"{year}年{month:02}月{day:02}日", f"{year}-{month:02}-{day:02}",
        f"{year}.{month}.{day}", f"{rng.randint(0, 23)}:{rng.randint(0, 59):02}",
    ))  # fmt: skip


def _heading(rng: random.Random) -> str:
    number = rng.choice("一二三四五六七八九十")
    begin = rng.choice((f"{number}、", f"（{number}）", f"第{number}条", f"{rng.randint(1, 30)}.",
                        f"（{rng.randint(1, 30)}）", f"{rng.randint(1, 9)}、"))  # fmt: skip
    return begin + rng.choice(_phrases())


_KINDS = (_sentence, _sentence, _sentence, _word, _characters, _characters, _address, _number,
          _number, _date, _heading)  # fmt: skip


@cache
def _phrases() -> tuple[str, ...]:
    usual = frozenset(_han())
    return tuple(sorted(p for p in phrases_dict if len(p) <= 6 and usual.issuperset(p)))


@cache
def _han() -> tuple[str, ...]:
    """The 3,755 common characters of GB 2312's first level."""
    codes = (bytes((high, low)) for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF))
    return tuple(c for code in codes if (c := code.decode("gb2312", "ignore")))


@cache
def _in_tradition() -> OpenCC:
    return OpenCC("s2t")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=301)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    lines = [(x.crop, x.text) for x in practice_lines(arguments.seed, arguments.pages)]
    (arguments.out / f"{arguments.seed}.pickle").write_bytes(pickle.dumps(lines))
    print(f"{len(lines)} lines of seed {arguments.seed}")


if __name__ == "__main__":
    main()
