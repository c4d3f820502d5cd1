"""How values look on a page: grouped numbers, marked text, hatched masks, local times."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from markupsafe import Markup, escape
from opencc import OpenCC

from dossier.clock import SHANGHAI

GROUP: Final = 4
"""Digits of a group: what people read aloud in one breath."""
_MASKS: Final = re.compile(r"[*＊]+")
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
STEP: Final = 1024


def grouped(value: object) -> Markup:
    """A long number in groups, e.g. 4200 0000 01.

    The gaps are margins, not characters: what is copied has no spaces.
    """
    text = str(value)
    groups = [text[at : at + GROUP] for at in range(0, len(text), GROUP)]
    inner = Markup("").join(Markup("<span>{}</span>").format(part) for part in groups)
    return Markup('<span class="num">{}</span>').format(inner)


def hatched(text: object) -> Markup:
    """Text in which runs of mask characters are drawn as a grey hatch."""
    parts, last = [], 0
    plain = str(text)
    for run in _MASKS.finditer(plain):
        parts += [escape(plain[last : run.start()]), _hatch(run.group())]
        last = run.end()
    return Markup("").join([*parts, escape(plain[last:])])


def _hatch(run: str) -> Markup:
    return Markup('<span class="hatch">{}</span>').format(run)


def marked(text: str, highlights: Iterable[tuple[int, int]]) -> Markup:
    """Text with ``highlights`` ([start, end) offsets, ascending) marked and masks hatched."""
    parts, last = [], 0
    for start, end in highlights:
        if start < last:
            continue
        parts.append(hatched(text[last:start]))
        parts.append(Markup("<mark>{}</mark>").format(hatched(text[start:end])))
        last = end
    return Markup("").join([*parts, hatched(text[last:])])


def shown(value: Any, hint: str = "") -> Markup:
    """A personal value as the viewer may see it; a mask says by its title why it is one."""
    if not getattr(value, "masked", False) or not str(value):
        return escape(str(value))
    return Markup('<span class="masked" title="{}">{}</span>').format(hint, hatched(value))


def clock(instant: datetime) -> str:
    """An instant as local time of day, to the second."""
    return instant.astimezone(SHANGHAI).strftime("%H:%M:%S")


def moment(instant: datetime | None) -> str:
    """An instant as local date and time, to the minute."""
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if instant else ""


def day(value: date | datetime | None) -> str:
    """A calendar day."""
    if isinstance(value, datetime):
        value = value.astimezone(SHANGHAI).date()
    return value.isoformat() if value else ""


def iso(instant: datetime | None) -> str:
    """An instant for the ``datetime`` attribute."""
    return instant.isoformat(timespec="seconds") if instant else ""


def size(count: int | None) -> str:
    """A number of bytes with its unit."""
    value = float(count or 0)
    for unit in _UNITS:
        if value < STEP or unit == _UNITS[-1]:
            break
        value /= STEP
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def thousands(value: float | None) -> str:
    """A count with separators."""
    return f"{value or 0:,.0f}"


def percent(part: float) -> str:
    """A share of 1 as whole per cent, never rounded up to 100."""
    return f"{min(int(part * 100 + 0.5), 99 if part < 1 else 100)}%"


def localiser(locale: str) -> Callable[[str], str]:
    """Turns a rule file's Chinese words into the locale's script; people's names are left alone."""
    return cache(OpenCC("s2tw").convert) if locale == "zh_TW" else str


def span(seconds: float) -> tuple[str, int]:
    """A time span in its largest unit: ``("minutes", 3)``."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= length:
            return unit, int(seconds // length)
    return "seconds", int(seconds)


FILTERS: Final = {
    "grouped": grouped,
    "hatched": hatched,
    "moment": moment,
    "clock": clock,
    "day": day,
    "iso": iso,
    "size": size,
    "thousands": thousands,
    "percent": percent,
    "shown": shown,
    "span": span,
}
