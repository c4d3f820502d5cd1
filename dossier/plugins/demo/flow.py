"""Fills sheets from top to bottom with breaks, rows and page numbers."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from dossier.plugins.demo import fonts
from dossier.plugins.demo.content import Party
from dossier.plugins.demo.sheet import A4, Ink, Rule, Seal, Sheet, Signature, SigningPlace, Text

LEADING = 1.55
"""Line distance in ems, as Chinese forms are usually set."""


@dataclass(frozen=True, slots=True)
class Style:
    """How one print run differs from another of the same layout.

    Attributes:
        scale: factor of the text size.
        shift: points added to the margins.
        air: least height of a row in text sizes.
        weight: factor of line weights.
    """

    scale: float = 1.0
    shift: float = 0.0
    air: float = 2.1
    weight: float = 1.0


PLAIN = Style()


def draw_style(rng: random.Random) -> Style:
    """A style drawn from what print shops and office printers do to one form."""
    return Style(
        scale=rng.uniform(0.92, 1.1),
        shift=rng.uniform(-12, 10),
        air=rng.uniform(1.9, 2.9),
        weight=rng.uniform(0.6, 1.5),
    )


@dataclass(slots=True)
class Flow:
    """The cursor of a layout.

    Attributes:
        family: face of the print, which decides where lines break.
        size: text size in points.
        margin: left and right margin in points.
        top: where text starts on each page.
        page_size: width and height in points.
        filled: ink of the filled-in values.
        style: of this print run, applied to the sizes above.
    """

    family: str
    size: float = 10.5
    margin: float = 56.0
    top: float = 60.0
    page_size: tuple[float, float] = A4
    filled: Ink = Ink.PRINT
    style: Style = PLAIN
    sheets: list[Sheet] = field(default_factory=list)
    y: float = 0.0
    row: int = 0
    labels: dict[str, SigningPlace] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.size *= self.style.scale
        self.margin += self.style.shift
        self.top += self.style.shift
        self.new_page()

    @property
    def sheet(self) -> Sheet:
        """The page being filled."""
        return self.sheets[-1]

    @property
    def right(self) -> float:
        """X of the right margin."""
        return self.page_size[0] - self.margin

    @property
    def inner(self) -> float:
        """Width between the margins."""
        return self.right - self.margin

    def new_page(self) -> None:
        """Starts the next page."""
        self.sheets.append(Sheet(*self.page_size))
        self.y = self.top

    def need(self, height: float) -> bool:
        """Starts a new page unless ``height`` points are left; says whether it did."""
        if self.y + height <= self.page_size[1] - 56:
            return False
        self.new_page()
        return True

    def width(self, text: str, size: float | None = None, ink: Ink = Ink.PRINT) -> float:
        """Width of a line in points."""
        return fonts.width(self.face(ink), size or self.size, text)

    def face(self, ink: Ink) -> str:
        """The family in which an ink is set."""
        return "pen" if ink is Ink.PEN else self.family

    def put(
        self, x: float, y: float, text: str, *, size: float | None = None, ink: Ink = Ink.PRINT,
        field_name: str = "", value: str = "", signs: bool = False,
    ) -> None:  # fmt: skip
        """Places one line at its top left; a blank line is left out."""
        if text.strip():
            mark = Text(x, y, size or self.size, text, ink, self.row, field_name, value, signs)
            self.sheet.marks.append(mark)

    def sign(self, x: float, y: float, size: float, party: Party) -> None:
        """Has the party sign at the top left of its place, in its own hand."""
        x, y = self._set_off(x, y, size, party)
        if party.hand == "typed":
            self.put(x, y + (size - self.size) / 2, party.signature)
        elif party.hand == "pen":
            size *= party.size
            self.put(x, y, party.signature, size=size, ink=Ink.PEN, signs=True)
        elif party.signature:
            size *= party.size
            self.sheet.marks.append(Signature(x, y, size, party.signature, party.hand))

    def _set_off(self, x: float, y: float, size: float, party: Party) -> tuple[float, float]:
        """Where the party signs in truth, with the lines that are printed for it."""
        label = self.labels.get(party.label)
        over = party.place == "crossing" and party.hand == "typed"
        if label is None or party.place == "beside" or over:
            return x, y
        end, base = label.x + label.width, label.y + 1.3 * label.size
        if party.place == "below":
            return label.x + 0.3 * label.width, base + 0.2 * size
        if party.place == "crossing":
            return label.x + 0.62 * label.width, label.y - 0.45 * size
        if party.place == "lined":
            self.rule(end, base, end + 7.5 * size, base, 0.6)
            return end + 0.6 * size, base - 0.85 * size
        if party.place == "apart":
            return min(end + 3.5 * size, self.right - 4.5 * size), label.y - 0.25 * size
        for left, right in ((label.x - 3, end + 3), (end + 3, end + 6.5 * size)):  # celled
            self.frame(left, label.y - 6, right, base + 0.9 * size, 0.7)
        return end + 1.0 * size, label.y - 1

    def signing_place(self, x: float, y: float, party: Party, size: float | None = None) -> None:
        """Notes where the party's label stands; the label itself is put like any text."""
        size = size or self.size
        signed = bool(party.signature) and party.hand != "typed"
        place = SigningPlace(
            x, y, self.width(party.label, size), size, party.label, signed, bool(party.seal)
        )
        self.sheet.marks.append(place)
        self.labels[party.label] = place

    def seal(self, x: float, y: float, radius: float, party: Party, angle: float) -> None:
        """Stamps the party's seal around a centre, if it has one."""
        if party.seal:
            x, y = x + party.shift[0], y + party.shift[1]
            self.sheet.marks.append(
                Seal(x, y, radius, party.seal, "", angle, party.stamp, party.pale)
            )

    def next_row(self) -> None:
        """Lines placed from now on stand in another row."""
        self.row += 1

    def centred(self, text: str, size: float, ink: Ink = Ink.PRINT) -> None:
        """One centred line, and the cursor below it."""
        self.next_row()
        self.put((self.page_size[0] - self.width(text, size)) / 2, self.y, text, size=size, ink=ink)
        self.y += size * LEADING

    def rule(self, x0: float, y0: float, x1: float, y1: float, weight: float = 0.8) -> None:
        """A black line."""
        self.sheet.marks.append(Rule(x0, y0, x1, y1, weight * self.style.weight))

    def frame(self, x0: float, y0: float, x1: float, y1: float, weight: float = 0.8) -> None:
        """Four black lines around a rectangle."""
        self.rule(x0, y0, x1, y0, weight)
        self.rule(x1, y0, x1, y1, weight)
        self.rule(x0, y1, x1, y1, weight)
        self.rule(x0, y0, x0, y1, weight)

    def paragraph(self, text: str, *, size: float | None = None, indent: float = 2.0) -> None:
        """Running text over lines and pages, first line indented by ems."""
        size = size or self.size
        lead = "　" * int(indent)
        for line in fonts.wrap(self.family, size, lead + text, self.inner):
            self.need(size * LEADING)
            self.next_row()
            start = self.margin + (len(line) - len(line.lstrip("　"))) * size
            self.put(start, self.y, line.lstrip("　"), size=size)
            self.y += size * LEADING

    def number_pages(self, pattern: str, size: float = 9.0, *, covered: bool = False) -> None:
        """Puts ``第 {page} 页 共 {total} 页`` or the like below every page.

        Args:
            pattern: of the line.
            size: of its letters in points.
            covered: a title page without a number comes before and is counted.
        """
        before = 1 if covered else 0
        total = before + len(self.sheets)
        for at, sheet in enumerate(self.sheets, before + 1):
            text = pattern.format(page=at, total=total)
            x = (sheet.width - self.width(text, size)) / 2
            sheet.marks.append(Text(x, sheet.height - 42, size, text, Ink.PRINT, 10_000))
