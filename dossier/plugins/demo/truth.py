"""What is known about an invented file: the answer to every question a reader may be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

Point = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]
"""Corners in reading direction: start top, end top, end bottom, start bottom."""


@dataclass(frozen=True, slots=True)
class TruthLine:
    """One printed line.

    Attributes:
        text: its characters.
        quad: corners in pixels of the picture as stored (before turning it upright); None in
            files without pages.
        row: lines of the same row stand side by side.
        ink: ``print bold pen dots red grey``.
        edges: character boundaries as shares (0..1) of the way from start to end of the quad.
        field: name of the key field whose whole value the line holds, or "".
    """

    text: str
    quad: Quad | None = None
    row: int = 0
    ink: str = "print"
    edges: tuple[float, ...] = ()
    field: str = ""

    def part(self, start: int, end: int) -> Quad | None:
        """Corners of the characters ``start`` to ``end`` (exclusive) of the line."""
        if self.quad is None or not self.edges:
            return self.quad
        a, b = self.edges[start], self.edges[end]
        top0, top1, low1, low0 = self.quad
        return (_on(top0, top1, a), _on(top0, top1, b), _on(low0, low1, b), _on(low0, low1, a))


@dataclass(frozen=True, slots=True)
class TruthMark:
    """A seal's name, a bar code's text or who signed, and where it stands."""

    text: str
    quad: Quad
    kind: str


@dataclass(frozen=True, slots=True)
class TruthPlace:
    """Where somebody is to sign or seal, with its label's corners, and whether somebody did."""

    label: str
    quad: Quad
    signed: bool
    sealed: bool


@dataclass(frozen=True, slots=True)
class TruthPage:
    """One page's truth.

    Attributes:
        number: 1-based.
        width: pixels of the picture as stored; of a born-digital page at 200 dpi, 0 without pages.
        height: as ``width``.
        rotation: degrees clockwise by which the stored picture must be turned to be upright.
        lines: in reading order.
        seals: company seals on the page, and watermarks over it (``kind`` says which).
        codes: bar codes on the page.
        born_digital: the file holds the page's text as text.
        damage: plain name of the damage profile, "" for none.
        signatures: what was signed by hand (``kind`` is the hand); a typed name is none.
        places: where somebody is to sign or seal.
    """

    number: int
    width: int
    height: int
    rotation: int
    lines: tuple[TruthLine, ...]
    seals: tuple[TruthMark, ...] = ()
    codes: tuple[TruthMark, ...] = ()
    born_digital: bool = False
    damage: str = ""
    signatures: tuple[TruthMark, ...] = ()
    places: tuple[TruthPlace, ...] = ()

    @property
    def text(self) -> str:
        """The page's text: lines of a row joined by tabs, rows by line ends."""
        rows: dict[int, list[str]] = {}
        for line in self.lines:
            rows.setdefault(line.row, []).append(line.text)
        return "\n".join("\t".join(row) for row in rows.values())


@dataclass(frozen=True, slots=True)
class TruthField:
    """A key value of the paper and where it stands."""

    name: str
    value: str
    page: int
    quad: Quad | None = None


@dataclass(frozen=True, slots=True)
class TruthFile:
    """One file's truth; a line of ``truth.jsonl``.

    Attributes:
        path: relative to the archive's folder, ``/`` between parts.
        format: ``pdf image-pdf mixed-pdf tiff jpeg docx xlsx eml ofd``.
        type_code: code of domain.md §2.1.
        title: printed title.
        customer_no: whose paper it is; "" when the register does not know the person.
        links: how it can be linked: ``folder file_name barcode`` or a field printed on it
            (``customer_no meter_no id_no name_address name``).
        decidable: whether that suffices for exactly one customer.
        layout: plain family name; likewise ``font`` and ``damage``.
        pages: one truth a page.
        fields: key values.
        duplicate_of: path of the file of which this is an exact copy, or "".
        exif_orientation: EXIF orientation tag of a photo, 1 is upright; the quads refer to the
            picture as shown, after the tag was obeyed.
        attached: pages of the file that a mail carries.
    """

    path: str
    format: str
    type_code: str
    title: str
    customer_no: str
    links: tuple[str, ...]
    decidable: bool
    layout: str
    font: str
    damage: str
    pages: tuple[TruthPage, ...]
    fields: tuple[TruthField, ...]
    duplicate_of: str = ""
    exif_orientation: int = 1
    attached: tuple[TruthPage, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data for ``json.dumps``; coordinates to a tenth of a pixel."""
        return _rounded(asdict(self))  # type: ignore[no-any-return]  # a dict stays a dict

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TruthFile:
        """Rebuilds the truth from a parsed line of ``truth.jsonl``."""
        pages = tuple(_page(page) for page in data["pages"])
        attached = tuple(_page(page) for page in data["attached"])
        fields = tuple(
            TruthField(f["name"], f["value"], f["page"], _quad(f["quad"])) for f in data["fields"]
        )
        nested = {"pages", "fields", "links", "attached"}
        plain = {key: value for key, value in data.items() if key not in nested}
        return cls(
            **plain, pages=pages, fields=fields, links=tuple(data["links"]), attached=attached
        )


def fields_of(pages: tuple[TruthPage, ...], values: dict[str, str]) -> Iterator[TruthField]:
    """The key fields in ``values`` with the place of the line that holds each, if one does."""
    placed = {}
    for page in pages:
        for line in page.lines:
            if line.field and line.field not in placed:
                placed[line.field] = (page.number, line.quad)
    for name, value in values.items():
        number, quad = placed.get(name, (1, None))
        yield TruthField(name, value, number, quad)


def upright(quad: Quad, width: int, height: int, rotation: int) -> Quad:
    """The corners in the picture after it was turned clockwise by ``rotation`` degrees.

    Args:
        quad: corners in the stored picture.
        width: pixels of the stored picture.
        height: pixels of the stored picture.
        rotation: 0, 90, 180 or 270.
    """
    turn: dict[int, Callable[[float, float], Point]] = {
        0: lambda x, y: (x, y),
        90: lambda x, y: (height - y, x),
        180: lambda x, y: (width - x, height - y),
        270: lambda x, y: (y, width - x),
    }
    a, b, c, d = (turn[rotation](x, y) for x, y in quad)
    return (a, b, c, d)


def _on(a: Point, b: Point, share: float) -> Point:
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4 if 0 <= value <= 1 else 1)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value


def _quad(data: list[list[float]] | None) -> Quad | None:
    if data is None:
        return None
    a, b, c, d = ((x, y) for x, y in data)
    return (a, b, c, d)


def _marks(data: list[dict[str, Any]]) -> tuple[TruthMark, ...]:
    return tuple(
        TruthMark(m["text"], quad, m["kind"])
        for m in data
        if (quad := _quad(m["quad"])) is not None
    )


def _page(data: dict[str, Any]) -> TruthPage:
    lines = tuple(
        TruthLine(**{**line, "quad": _quad(line["quad"]), "edges": tuple(line["edges"])})
        for line in data["lines"]
    )
    nested = {"lines", "seals", "codes", "signatures", "places"}
    rest = {key: value for key, value in data.items() if key not in nested}
    places = tuple(
        TruthPlace(p["label"], quad, p["signed"], p["sealed"])
        for p in data["places"]
        if (quad := _quad(p["quad"])) is not None
    )
    seals, codes, signatures = (_marks(data[key]) for key in ("seals", "codes", "signatures"))
    return TruthPage(
        **rest, lines=lines, seals=seals, codes=codes, signatures=signatures, places=places
    )
