"""Tika's XHTML as text: rows on lines, cells parted by tabs, slides and sheets on pages."""

from __future__ import annotations

import re
from html.parser import HTMLParser

PAGE_BREAK = "\f"
_BLOCKS = frozenset(
    ("p", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol")
)
# Classes of the blocks that Tika makes of slides (PPT, PPTX), sheets (XLSX: sheet, XLS: page).
_PAGES = frozenset(("slide-content", "slideShow", "sheet", "page"))
_HIDDEN = frozenset(("head", "script", "style"))
# The block that Tika makes of a file inside the file: its name as a heading ("image1.png"), which
# nobody wrote, and its text.
_INNER = "package-entry"
_FILE_NAME = re.compile(r"\.(?!msg$|eml$)[a-z0-9]{2,5}$", re.IGNORECASE)


def xhtml_to_text(xhtml: str) -> str:
    """The text of Tika's answer; pages begin with a form feed. Names of files inside are no text.

    Works on answers that were cut in the middle, too.
    """
    return _parsed(xhtml, leaves_files=False).text()


def mail_to_text(xhtml: str) -> tuple[str, tuple[str, ...]]:
    """A mail's own text with that of mails in it, and the names of the files attached to them.

    What the attached files say is left: they are papers of their own.
    """
    parser = _parsed(xhtml, leaves_files=True)
    return parser.text(), tuple(parser.names)


def _parsed(xhtml: str, *, leaves_files: bool) -> _Text:
    parser = _Text(leaves_files=leaves_files)
    parser.feed(xhtml)
    parser.close()
    return parser


def head_values(xhtml: str) -> dict[str, list[str]]:
    """What the answer's head says of the file: names with their values, in order."""
    parser = _Head()
    parser.feed(xhtml[: xhtml.find("<body")])
    parser.close()
    return parser.values


class _Head(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.values: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "meta" and (name := named.get("name")):
            self.values.setdefault(name, []).append(named.get("content") or "")


_Row = tuple[list[str], list[str], list[str]]
"""A row that is not over: cells that are, the text of the one that is not, lines below."""


class _Text(HTMLParser):
    def __init__(self, *, leaves_files: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.names: list[str] = []
        self._leaves_files = leaves_files
        self._parts: list[str] = []
        self._cell: list[str] | None = None
        self._row: list[str] | None = None
        self._below: list[str] = []
        self._outer: list[_Row] = []
        self._hidden = 0
        self._blocks = 0
        self._left_at = 0
        self._name: list[str] | None = None
        self._awaits_name = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "div":
            self._blocks += 1
        if self._awaits_name and tag == "h1":
            self._name = []
        self._awaits_name = tag == "div" and dict(attrs).get("class") == _INNER
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "tr":
            self._begin_row()
        elif tag in ("td", "th"):
            self._cell = []
        elif self._cell is None and tag in _BLOCKS:
            kind = dict(attrs).get("class") or ""
            self._parts.append(PAGE_BREAK if kind in _PAGES else "\n")
        elif tag == "br":
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "h1" and self._name is not None:
            self._end_name("".join(self._name))
        if tag == "div":
            self._blocks -= 1
            self._left_at = self._left_at if self._blocks >= self._left_at else 0
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in ("td", "th"):
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag in _BLOCKS and self._cell is None:
            self._parts.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self._name is not None:
            self._name.append(data)
            return
        if self._hidden or self._left_at:
            return
        if self._cell is not None:
            self._cell.append(data)
        elif self._row is None:  # between cells Tika writes tabs of its own
            self._parts.append(data.replace(PAGE_BREAK, "\n"))

    def _end_name(self, name: str) -> None:
        """The name of a file inside is over; in a mail its text is left out, too."""
        self._name = None
        if self._leaves_files and not self._left_at and _FILE_NAME.search(name):
            self.names.append(" ".join(name.split()))
            self._left_at = self._blocks

    def _end_cell(self) -> None:
        if self._cell is not None and self._row is not None:
            self._row.append(" ".join("".join(self._cell).split()))
        self._cell = None

    def _begin_row(self) -> None:
        """A row of a table in a cell waits for the row around it to be over."""
        if self._row is not None and self._cell is not None:
            self._outer.append((self._row, self._cell, self._below))
        self._row, self._cell, self._below = [], None, []

    def _end_row(self) -> None:
        """The row's line, and below it those of the tables in its cells."""
        self._end_cell()
        if self._row is None:
            return
        lines = ["\t".join(self._row).rstrip("\t") + "\n", *self._below]
        self._row, self._below = None, []
        if self._outer:
            self._row, self._cell, self._below = self._outer.pop()
            self._below += lines
        else:
            self._parts += lines

    def text(self) -> str:
        """What was collected, a row that was cut included."""
        while self._row is not None:
            self._end_row()
        text = re.sub(r"\n[ \t]*\n\s*?(?=\n|\f)", "\n", "".join(self._parts))
        return re.sub(r"\n{2,}", "\n", text).replace("\n" + PAGE_BREAK, PAGE_BREAK).strip("\n\f")
