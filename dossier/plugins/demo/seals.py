"""Draws red seals, portraits and emblems: nothing is copied from a real one."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from dossier.plugins.demo import fonts

RED = (200, 32, 38)
_SWEEP = 250.0  # degrees of the ring that the name may take


@lru_cache(maxsize=64)
def seal_mask(radius: int, name: str, foot: str, seed: int, shape: str = "round") -> Image.Image:
    """Ink coverage of a seal as an ``L`` picture of ``2·radius`` pixels a side.

    Ink is uneven and breaks in places, as a rubber stamp's does; ``seed`` decides where. A square
    or carved one is a person's and smaller, an oval one as wide and less high.
    """
    side = 2 * radius
    mask = Image.new("L", (side, side), 0)
    if shape in {"square", "carved", "small"}:
        _square(mask, radius, name, shape)
        return _uneven(mask, seed)
    if shape == "upright":
        _upright(mask, radius, name)
        return _uneven(mask, seed)
    draw = ImageDraw.Draw(mask)
    rim = max(2, radius // 16)
    draw.ellipse((rim, rim, side - rim, side - rim), outline=255, width=rim)
    _around(mask, radius, name)
    if shape == "round":
        _star(draw, radius, radius * 0.28)
    if shape == "barred":
        _bars(draw, radius, name)
    if shape == "invoice":
        inner = radius * 0.09
        draw.ellipse(
            (inner, inner, side - inner, side - inner), outline=255, width=max(1, rim // 2)
        )
        foot = foot or "发票专用章"
    if shape in {"oval", "invoice"}:
        size = max(9, int(radius * 0.3))
        for line, down in ((name[-6:], 0.95), (foot or "业务专用章", 1.4)):
            draw.text(
                (radius, radius * down), line, font=fonts.font("song", size), fill=255, anchor="mm"
            )
        mask = _flattened(mask)
    elif foot:
        size = max(8, radius // 5)
        draw.text(
            (radius, radius * 1.55), foot, font=fonts.font("song", size), fill=255, anchor="mm"
        )
    return _uneven(mask, seed)


_OVAL = 0.68  # height of an oval seal as share of its width
_NAME_SEAL = 0.42  # half a side of a person's seal as share of a company seal's radius


def _flattened(mask: Image.Image) -> Image.Image:
    low = mask.resize((mask.width, int(mask.height * _OVAL)), Image.Resampling.BILINEAR)
    whole = Image.new("L", mask.size, 0)
    whole.paste(low, (0, (mask.height - low.height) // 2))
    return whole


def _bars(draw: ImageDraw.ImageDraw, radius: int, name: str) -> None:
    """A second rim, and a day between two bars, as seals of counters have."""
    inner = radius * 0.1
    side, rim = 2 * radius, max(1, radius // 30)
    draw.ellipse((inner, inner, side - inner, side - inner), outline=255, width=rim)
    for y in (0.86, 1.18):
        draw.line((radius * 0.32, radius * y, radius * 1.68, radius * y), fill=255, width=rim)
    size = max(8, int(radius * 0.22))
    day = f"20{10 + len(name) % 15}.0{1 + len(name) % 9}.1{len(name) % 10}"
    draw.text((radius, radius * 1.02), day, font=fonts.font("song", size), fill=255, anchor="mm")


def _square(mask: Image.Image, radius: int, name: str, shape: str) -> None:
    """A person's seal: two characters a column, read from the right; carved ones stay white."""
    half = max(12, int(radius * _NAME_SEAL))
    box = (radius - half, radius - half, radius + half, radius + half)
    draw, ink = ImageDraw.Draw(mask), 0 if shape == "carved" else 255
    if shape == "carved":
        draw.rectangle(box, fill=255)
    elif shape == "small":
        out = half * 0.35
        box = (radius - half - out, radius - half - out, radius + half + out, radius + half + out)
        draw.ellipse(box, outline=255, width=max(2, half // 8))
    else:
        draw.rectangle(box, outline=255, width=max(2, half // 9))
    shown = (name[:3] + "印")[:4] if len(name) < 5 else name[:4]
    shown = shown if len(shown) > 3 else shown + "印" * (4 - len(shown))
    size = max(9, int(half * 0.82))
    for at, character in enumerate(shown):
        used = "supplement" if character in fonts.SUPPLEMENT else "song"
        x = radius + half * (0.45 if at < 2 else -0.45)
        y = radius + half * (-0.45 if at % 2 == 0 else 0.45)
        draw.text((x, y), character, font=fonts.font(used, size), fill=ink, anchor="mm")


def _upright(mask: Image.Image, radius: int, name: str) -> None:
    """A person's seal with all characters below each other."""
    shown = (name + "印")[:4] if len(name) < 4 else name[:4]
    half, tall = max(7, int(radius * 0.24)), max(16, int(radius * 0.2 * (len(shown) + 0.6)))
    draw = ImageDraw.Draw(mask)
    box = (radius - half, radius - tall, radius + half, radius + tall)
    draw.rounded_rectangle(box, half // 3, outline=255, width=max(2, half // 7))
    size = max(8, int(1.4 * half))
    for at, character in enumerate(shown):
        used = "supplement" if character in fonts.SUPPLEMENT else "song"
        y = radius + (at - (len(shown) - 1) / 2) * 2 * tall * 0.86 / len(shown)
        draw.text((radius, y), character, font=fonts.font(used, size), fill=255, anchor="mm")


_DECOYS = {
    "copy": ("复印件", "与原件核对后使用", "仅供办理用电"),
    "checked": ("已审核", "已录入", "作废"),
    "date": ("2021.03.08", "2019年11月4日收", "2020-07-15"),
    "paid": ("现金付讫", "转账收讫", "已归档"),
}
BLUE = (38, 58, 170)


def decoy_mask(kind: str, size: int, seed: int) -> Image.Image:
    """Ink of what may be taken for a seal and is none; ``size`` is a character's height."""
    rng = np.random.default_rng(seed)
    if kind == "logo":
        mask = Image.new("L", (size * 3, size * 3), 0)
        draw = ImageDraw.Draw(mask)
        draw.ellipse((2, 2, size * 3 - 2, size * 3 - 2), fill=255)
        for y in (0.8, 1.5, 2.2):
            draw.arc(
                (size * 0.3, size * (y - 0.6), size * 2.7, size * (y + 0.6)), 200, 340, 0, size // 6
            )
        return mask
    if kind == "ringed":
        mask = Image.new("L", (size * 9, size * 4), 0)
        turn = np.linspace(0.2, 2 * math.pi + 0.5, 80)
        points = [
            (
                size * (4.5 + 4.1 * math.cos(t) * (1 + 0.02 * t)),
                size * (2 + 1.3 * math.sin(t) * (1 + 0.03 * t)),
            )
            for t in turn
        ]
        ImageDraw.Draw(mask).line(points, fill=255, width=max(2, size // 9), joint="curve")
        return mask
    text = "XX供电公司文件" if kind == "heading" else str(rng.choice(_DECOYS[kind]))
    font = fonts.font("hei", size)
    wide = round(font.getlength(text))
    mask = Image.new("L", (wide + size, size * 2), 0)
    draw = ImageDraw.Draw(mask)
    draw.text((size // 2, size), text, font=font, fill=255, anchor="lm")
    if kind == "paid" or (kind != "heading" and rng.random() < 0.75):
        lines = (0.08, 0.22) if kind == "paid" else (0.12,)
        for gap in lines:
            inner = size * gap
            box = (inner, inner, mask.width - inner, mask.height - inner)
            draw.rectangle(box, outline=255, width=max(1, size // 12))
    if kind == "paid":
        mask = mask.rotate(float(rng.uniform(-25, 25)), Image.Resampling.BILINEAR, expand=True)
    return _uneven_of(mask, seed)


def _star(draw: ImageDraw.ImageDraw, centre: float, radius: float) -> None:
    points = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * 0.382
        turn = math.radians(corner * 36 - 90)
        points.append((centre + reach * math.cos(turn), centre + reach * math.sin(turn)))
    draw.polygon(points, fill=255)


def _around(mask: Image.Image, radius: int, name: str) -> None:
    shown = name[-18:]  # a longer name would not be legible on the ring
    step = min(_SWEEP / max(1, len(shown) - 1), 26.0)
    size = max(9, min(int(radius * 0.30), int(math.radians(step) * radius * 0.78)))
    for at, character in enumerate(shown):
        turn = (at - (len(shown) - 1) / 2) * step
        used = "supplement" if character in fonts.SUPPLEMENT else "song"
        glyph = Image.new("L", (size * 2, size * 2), 0)
        ImageDraw.Draw(glyph).text(
            (size, size), character, font=fonts.font(used, size), fill=255, anchor="mm"
        )
        glyph = glyph.rotate(-turn, resample=Image.Resampling.BILINEAR)
        reach, angle = radius * 0.74, math.radians(turn)
        x, y = radius + reach * math.sin(angle) - size, radius - reach * math.cos(angle) - size
        mask.paste(255, (int(x), int(y)), glyph)


def _uneven_of(mask: Image.Image, seed: int) -> Image.Image:
    """The same of a picture that is no square."""
    side = max(mask.size)
    whole = Image.new("L", (side, side), 0)
    whole.paste(mask, (0, 0))
    return _uneven(whole, seed).crop((0, 0, *mask.size))


def _uneven(mask: Image.Image, seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    side = mask.width
    coarse = rng.uniform(0.45, 1.25, (7, 7)).astype(np.float32)
    patches = Image.fromarray((np.clip(coarse, 0, 1) * 255).astype(np.uint8))
    smooth = np.asarray(patches.resize((side, side), Image.Resampling.BICUBIC), np.float32) / 255
    grain = rng.uniform(0.75, 1.0, (side, side)).astype(np.float32)
    inked = np.asarray(mask, np.float32) * smooth * grain
    return Image.fromarray(np.clip(inked, 0, 255).astype(np.uint8))


def draw_portrait(picture: Image.Image, box: tuple[int, int, int, int]) -> None:
    """A head and shoulders in the given pixel box, clipped to it."""
    x0, y0, x1, y1 = box
    width, height = x1 - x0, y1 - y0
    photo = Image.new("RGB", (width, height), (214, 222, 230))
    draw = ImageDraw.Draw(photo)
    draw.ellipse((width * 0.08, height * 0.64, width * 0.92, height * 1.5), fill=(70, 74, 84))
    draw.ellipse((width * 0.27, height * 0.16, width * 0.73, height * 0.7), fill=(196, 168, 150))
    draw.pieslice((width * 0.25, height * 0.1, width * 0.75, height * 0.58), 180, 360,
                  fill=(40, 38, 38))  # fmt: skip
    picture.paste(photo, (x0, y0))


def draw_emblem(picture: Image.Image, x: int, y: int, radius: int) -> None:
    """A red disc with rings and a star at the centre."""
    draw = ImageDraw.Draw(picture)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=RED, outline=(214, 168, 60),
                 width=max(2, radius // 8))  # fmt: skip
    inner = radius * 0.7
    draw.ellipse((x - inner, y - inner, x + inner, y + inner), outline=(230, 190, 90), width=2)
    points = []
    for corner in range(10):
        reach = radius * (0.42 if corner % 2 == 0 else 0.17)
        turn = math.radians(corner * 36 - 90)
        points.append((x + reach * math.cos(turn), y + reach * math.sin(turn)))
    draw.polygon(points, fill=(240, 200, 80))
