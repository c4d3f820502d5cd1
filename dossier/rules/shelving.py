"""Volumes, boxes, rooms and labels of the paper archive: ``rulebook/shelving.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.rules.reference_codes import NATURES, RETENTIONS

FILE = "shelving"
CATEGORIES = frozenset({"LR", "LN", "HV", "IM", "PV"})
A4_MM = (210.0, 297.0)
TOLERANCE_MM = 0.01


@dataclass(frozen=True, slots=True)
class Named:
    """What a code is called."""

    zh: str
    en: str

    def said(self, language: str) -> str:
        """In the viewer's language."""
        return self.en if language.startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class BoxSize:
    """How thick a box is, and how many pages go in."""

    width_mm: int
    pages: int
    name: Named


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """What a column of shelves is like."""

    faces: str
    sections: int
    layers: int
    slots: int
    slot_width_mm: int


@dataclass(frozen=True, slots=True)
class Climate:
    """Limits of a room's air, and of its change within 24 hours; each range includes its ends."""

    temperature_c: tuple[float, float]
    humidity_percent: tuple[float, float]
    temperature_change_c: float
    humidity_change_percent: float
    every_hours: int
    source: str


@dataclass(frozen=True, slots=True)
class LabelSheet:
    """A sheet of labels, in mm from the upper left corner of an A4 page."""

    columns: int
    rows: int
    width: float
    height: float
    left: float
    top: float
    gap_x: float
    gap_y: float
    name: Named

    @property
    def count(self) -> int:
        """Labels on a sheet."""
        return self.columns * self.rows

    def corner(self, at: int) -> tuple[float, float]:
        """The upper left corner of the label ``at`` (from 0), row by row."""
        row, column = divmod(at, self.columns)
        return (
            self.left + column * (self.width + self.gap_x),
            self.top + row * (self.height + self.gap_y),
        )


@dataclass(frozen=True, slots=True)
class ShelvingRules:
    """The rule file."""

    natures: Mapping[str, str]
    """Part of the reference code, by category."""
    nature_names: Mapping[str, Named]
    retentions: Mapping[str, Named]
    volume_pages: int
    volume_items: int
    boxes: Mapping[str, BoxSize]
    usual_box: str
    column: ColumnShape
    climate: Climate
    instruments: Mapping[str, tuple[float, float]]
    profile: Mapping[str, Named]
    labels: Mapping[str, LabelSheet]


@cache
def load() -> ShelvingRules:
    """The rules.

    Raises:
        ConfigurationError: something is missing, or does not fit.
    """
    return read(rulebook.load(FILE))


def read(body: Mapping[str, Any]) -> ShelvingRules:
    """The rules of a file's content.

    Raises:
        ConfigurationError: something is missing, or does not fit.
    """
    try:
        rules = _rules(body)
    except (KeyError, TypeError, ValueError) as err:
        raise _wrong(f"{type(err).__name__}: {err}") from err
    _check(rules)
    return rules


def _rules(body: Mapping[str, Any]) -> ShelvingRules:
    climate = body["climate"]
    return ShelvingRules(
        natures={
            str(category): str(nature)
            for nature, one in body["natures"].items()
            for category in one["categories"]
        },
        nature_names=_names(body["natures"]),
        retentions=_names(body["retentions"]),
        volume_pages=int(body["volume"]["pages"]),
        volume_items=int(body["volume"]["items"]),
        boxes={
            str(code): BoxSize(int(one["width_mm"]), int(one["pages"]), _name(one))
            for code, one in body["boxes"].items()
        },
        usual_box=str(body["usual_box"]),
        column=ColumnShape(
            faces=str(body["column"]["faces"]),
            sections=int(body["column"]["sections"]),
            layers=int(body["column"]["layers"]),
            slots=int(body["column"]["slots"]),
            slot_width_mm=int(body["column"]["slot_width_mm"]),
        ),
        climate=Climate(
            _range(climate["temperature_c"]),
            _range(climate["humidity_percent"]),
            float(climate["temperature_change_c"]),
            float(climate["humidity_change_percent"]),
            int(climate["every_hours"]),
            str(climate["source"]),
        ),
        instruments={str(name): _range(one) for name, one in body["instruments"].items()},
        profile=_names(body["profile"]),
        labels={str(code): _sheet(one) for code, one in body["labels"].items()},
    )


def _sheet(one: Mapping[str, Any]) -> LabelSheet:
    numbers = ("width", "height", "left", "top", "gap_x", "gap_y")
    sizes = {name: float(one[name]) for name in numbers}
    return LabelSheet(int(one["columns"]), int(one["rows"]), name=_name(one), **sizes)


def _names(entry: Mapping[str, Mapping[str, Any]]) -> dict[str, Named]:
    return {str(code): _name(one) for code, one in entry.items()}


def _name(one: Mapping[str, Any]) -> Named:
    return Named(str(one["zh"]), str(one["en"]))


def _range(pair: Any) -> tuple[float, float]:
    low, high = pair
    if not float(low) < float(high):
        raise ValueError(f"{pair} is no range")
    return float(low), float(high)


def _check(rules: ShelvingRules) -> None:
    if set(rules.natures) != CATEGORIES or set(rules.nature_names) != set(NATURES):
        raise _wrong("each category has one nature of GY, DY and GF")
    if set(rules.retentions) != set(RETENTIONS):
        raise _wrong("the retentions are Y, D30 and D10")
    if rules.usual_box not in rules.boxes:
        raise _wrong(f"usual_box: no box '{rules.usual_box}'")
    sizes = [rules.volume_pages, rules.volume_items, rules.column.slot_width_mm]
    sizes += [number for one in rules.boxes.values() for number in (one.width_mm, one.pages)]
    if min(sizes) <= 0:
        raise _wrong("sizes are above zero")
    for code, sheet in rules.labels.items():
        x, y = sheet.corner(sheet.count - 1)
        is_off = x + sheet.width > A4_MM[0] + TOLERANCE_MM
        if is_off or y + sheet.height > A4_MM[1] + TOLERANCE_MM:
            raise _wrong(f"labels: {code} does not fit on A4")


def _wrong(reason: str) -> ConfigurationError:
    return ConfigurationError(f"rulebook/{FILE}.yaml: {reason}")
