"""Key fields on a page: what stands behind a printed label, and numbers that stand alone.

Works on the page's text as every reader gives it: rows separated by line ends, the cells of a row
by tabs. A value stands behind its label in the same cell, in the next cell, or in the cell below.
Labels are data (rulebook/linking.yaml).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from dossier.records import Box, FieldValue, PageReading
from dossier.rules import identifiers, rulebook
from dossier.rules.dates import find_dates
from dossier.rules.identifiers import NumberKind
from dossier.rules.normal_form import HAN, FoldedText, fold, fold_with_origins
from dossier.rules.page_labels import (
    ADDRESS,
    CASE_NO,
    CONTRACT_NO,
    CUSTOMER_NO,
    DOC_DATE,
    FORMER_NAME,
    HOLDER,
    ID_NO,
    IMPOSSIBLE_ID,
    METER_NO,
    NAME,
    NUMBER,
    OLD_CUSTOMER_NO,
    OTHER,
    OTHER_DATE,
    PHONE,
    PLAIN,
    Label,
    PageLabels,
)
from dossier.rules.word_patterns import any_of

_LOOKALIKES = str.maketrans("olisbzq|", "01158290")
"""What OCR reads for digits, folded: o 0, l i | 1, s 5, b 8, z 2, q 9."""
_SEPARATORS = r"[ :;.·_|*为是]*"
_TEXT_END = re.compile(r"\t|\n| {2,}|[;,。|]|(?:_{2,})")
_DIGITISH = re.compile(r"[0-9oilsbzq|](?: ?[0-9oilsbzq|]){5,29}")
_DIGITS = re.compile(r"(?<![0-9a-z.])[0-9]{6,22}(?![0-9a-z])")
_GROUPED = re.compile(r"(?<![0-9a-z.])[0-9]{2,}(?: [0-9]{2,}){1,6}(?![0-9a-z])")
_SPELLED = re.compile(r"(?<![0-9a-z.])[0-9](?:[ \t][0-9]){7,21}(?![0-9a-z])")
_CODE = re.compile(r"[0-9a-z][0-9a-z\-/()]{4,38}[0-9a-z)]")
_ID = re.compile(r"(?<![0-9a-z])[0-9a-z](?: ?[0-9a-z]){14,17}(?![0-9a-z])")
_HAN_NAME = re.compile(rf"[{HAN}][{HAN}·()a-z0-9]{{1,39}}")
_CALLED = any_of(rulebook.words("names", "salutations_behind"))
_BEHIND_NAMES = any_of(
    [*rulebook.words("names", "salutations_behind"), *rulebook.words("masking", "titles")]
)
_LOOSE_SPLIT = re.compile(r"[\t\n:;,。、/|_]+| {2,}")
_SALUTATION = re.compile(
    rf"(?P<before>{any_of(rulebook.words('names', 'salutations_before'))}(?:{_CALLED})?)?"
    rf"(?P<name>[{HAN}][{HAN}()a-z0-9]+?)"
    rf"(?P<behind>(?:{_BEHIND_NAMES})*)"
)
_ADDRESS_REST = re.compile(
    rf"[ ]*\n[ ]*((?:[{HAN}]{{0,8}}[0-9]{{1,4}}[号栋幢楼座单元室户层组队#\-附]{{1,3}}){{1,4}}"
    r"(?:[0-9]{1,4})?)[ ]*(?=\n|$)"
)
FEWEST_LONG_NUMBER = 6
_COLUMN_KINDS = frozenset({CUSTOMER_NO, METER_NO, NAME, ID_NO, PHONE})
"""What is read in every row under the head of a column; of other kinds the first row is enough."""


@dataclass(frozen=True, slots=True)
class FoundField:
    """A value on a page.

    Attributes:
        kind: one of this module's kinds; :data:`NUMBER` for a number without a telling label.
            Labels of :data:`PLAIN` things (a line, a capacity) only say where other values end.
        value: normal form: digits only for numbers, ISO for dates, folded text for names.
        shown: as it stands on the page.
        start: offset in the page's text.
        end: offset behind it.
        labelled: a label says what it is.
        corrected: letters that look like digits were taken for digits.
        confidence: how well its characters were read, 0..1.
        listed: stands in a further row under the head of a column, as in a list.
    """

    kind: str
    value: str
    shown: str
    page: int
    start: int
    end: int
    labelled: bool
    corrected: bool = False
    confidence: float = 1.0
    listed: bool = False


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int


def read_fields(page: PageReading, labels: PageLabels) -> list[FoundField]:
    """All fields and lone numbers of a page in reading order; labelled ones first."""
    return _PageReader(page, labels).read()


def loose_names(page: PageReading) -> Iterator[str]:
    """Pieces of the page that might be a name: from Han on, 2 to 40 characters; folded, dense.

    Of a salutation what stands within it as well.

    Example:
        >>> list(loose_words("尊敬的孔萍客户:"))
        ['尊敬的孔萍客户', '孔萍']
    """
    return loose_words(page.text)


def loose_words(text: str) -> Iterator[str]:
    """The same of any text, such as a file's name."""
    for piece in _LOOSE_SPLIT.split(fold(text)):
        dense = re.sub(r"[\s·]", "", piece).rstrip("!")
        if 2 <= len(dense) <= 40 and re.fullmatch(rf"[{HAN}][{HAN}()a-z0-9]+", dense):
            yield dense
            said_to = _SALUTATION.fullmatch(dense)
            if said_to and (said_to["before"] or said_to["behind"]) and len(said_to["name"]) >= 2:
                yield said_to["name"]


def box_of(page: PageReading, start: int, end: int) -> Box | None:
    """The rectangle round a stretch of the page's text, None when the reader gave no boxes."""
    boxes = []
    for word in page.words:
        if word.start < end and start < word.end:
            boxes.append(_part_of(word.box, word.edges, start - word.start, end - word.start,
                                  word.end - word.start, vertical=word.vertical))  # fmt: skip
    if not boxes:
        return None
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    return min(x0s), min(y0s), max(x1s), max(y1s)


def as_field_value(page: PageReading, found: FoundField, *, name: str = "") -> FieldValue:
    """The field as the records keep it, with its place on the picture."""
    return FieldValue(
        name=name or found.kind,
        value=found.value,
        page=page.number,
        box=box_of(page, found.start, found.end),
        confidence=round(found.confidence, 3),
    )


def _part_of(
    box: Box, edges: Sequence[float], start: int, end: int, length: int, *, vertical: bool
) -> Box:
    x0, y0, x1, y1 = box
    start, end = max(0, start), min(length, end)
    near, far = (y0, y1) if vertical else (x0, x1)
    if len(edges) == length + 1:
        near, far = edges[start], edges[end]
    else:
        step = (far - near) / length
        near, far = near + step * start, near + step * end
    return (x0, near, x1, far) if vertical else (near, y0, far, y1)


class _PageReader:
    """Reads one page; holds the folded text and the cells while it does."""

    def __init__(self, page: PageReading, labels: PageLabels) -> None:
        self.page = page
        self.form: FoldedText = fold_with_origins(page.text)
        self.text = self.form.text
        self.rows = _rows(self.text)
        self.labels = [
            [list(labels.find(self.text, c.start, c.end)) for c in row] for row in self.rows
        ]
        self.taken: list[_Span] = []

    def read(self) -> list[FoundField]:
        found = [*self._labelled(), *self._numbers()]
        return sorted(found, key=lambda one: (one.start, not one.labelled))

    def _labelled(self) -> Iterator[FoundField]:
        for row_at, row in enumerate(self.rows):
            for cell_at, cell in enumerate(row):
                labels = self.labels[row_at][cell_at]
                for at, label in enumerate(labels):
                    end = labels[at + 1].start if at + 1 < len(labels) else cell.end
                    yield from self._behind(label, _Span(label.end, end), row_at, cell_at)

    def _behind(self, label: Label, rest: _Span, row_at: int, cell_at: int) -> Iterator[FoundField]:
        for span in (rest, *self._neighbours(row_at, cell_at, rest)):
            found = list(self._values(label.kind, span))
            if found:
                yield from found
                if span is not rest and self._is_heads(row_at):
                    yield from self._further_rows(label.kind, row_at, cell_at)
                return

    def _further_rows(self, kind: str, head_at: int, cell_at: int) -> Iterator[FoundField]:
        """The rest of a column: a list's second customer is as much named as its first."""
        if kind not in _COLUMN_KINDS:
            return
        for row_at in range(head_at + 2, len(self.rows)):
            row = self.rows[row_at]
            if len(row) != len(self.rows[head_at + 1]) or any(self.labels[row_at]):
                return
            cell = self._cell_under(head_at, cell_at, row_at)
            found = () if cell is None else self._values(kind, cell)
            yield from (replace(one, listed=True) for one in found)

    def _neighbours(self, row_at: int, cell_at: int, rest: _Span) -> Iterator[_Span]:
        """The next cell, then the one below; only the one below under the head of a column."""
        if self._solid(rest) or rest.end != self.rows[row_at][cell_at].end:
            return
        row = self.rows[row_at]
        has_next = cell_at + 1 < len(row) and not self.labels[row_at][cell_at + 1]
        if has_next and not self._is_heads(row_at):
            yield row[cell_at + 1]
        below = self._below(row_at, cell_at)
        if below is not None:
            yield below

    def _is_heads(self, row_at: int) -> bool:
        """Whether a row is the heads of columns: two cells side by side that are labels only."""
        alone = [self._is_label_only(row_at, at) for at in range(len(self.rows[row_at]))]
        return any(one and other for one, other in pairwise(alone))

    def _is_label_only(self, row_at: int, cell_at: int) -> bool:
        cell, labels = self.rows[row_at][cell_at], self.labels[row_at][cell_at]
        if len(labels) != 1:
            return False
        return not self._solid(_Span(labels[0].end, cell.end))

    def _below(self, row_at: int, cell_at: int) -> _Span | None:
        if row_at + 1 >= len(self.rows) or self._solid_before_label(row_at, cell_at):
            return None
        return self._cell_under(row_at, cell_at, row_at + 1)

    def _cell_under(self, head_at: int, cell_at: int, row_at: int) -> _Span | None:
        """The cell of a lower row that stands under a head."""
        for other_at, other in enumerate(self.rows[row_at]):
            if self.labels[row_at][other_at]:
                continue
            if self._overlaps(self.rows[head_at][cell_at], other, cell_at == other_at):
                return other
        return None

    def _solid_before_label(self, row_at: int, cell_at: int) -> bool:
        """Whether the label ends a sentence rather than stands in a cell of its own."""
        cell, labels = self.rows[row_at][cell_at], self.labels[row_at][cell_at]
        return bool(labels) and self._solid(_Span(cell.start, labels[0].start)) != ""

    def _overlaps(self, one: _Span, other: _Span, same_column: bool) -> bool:  # noqa: FBT001
        box, below = self._box(one), self._box(other)
        if box is None or below is None:
            return same_column
        return box[0] < below[2] and below[0] < box[2]

    def _box(self, span: _Span) -> Box | None:
        return box_of(self.page, *self.form.span(span.start, span.end))

    def _solid(self, span: _Span) -> str:
        return re.sub(r"[\s:;.·_|*()\-]+", "", self.text[span.start : span.end])

    def _values(self, kind: str, span: _Span) -> Iterator[FoundField]:
        yield from _READERS[kind](self, kind, span)

    # -- values of a kind ------------------------------------------------------------------------

    def _digits(self, kind: str, span: _Span) -> Iterator[FoundField]:
        start = self._skip(span)
        match = _DIGITISH.match(self.text, start, span.end)
        if match:
            raw = match[0].replace(" ", "")
            value = raw.translate(_LOOKALIKES)
            if sum(c.isdigit() for c in raw) * 2 >= len(raw):
                yield self._found(kind, value, match.span(), corrected=value != raw)

    def _identity(self, kind: str, span: _Span) -> Iterator[FoundField]:
        for match in _ID.finditer(self.text, span.start, span.end):
            value = match[0].replace(" ", "")
            if identifiers.is_id_no(value) or identifiers.is_uscc(value):
                yield self._found(kind, value, match.span())
                return
            if identifiers.is_impossible_id_no(value):
                yield self._found(IMPOSSIBLE_ID, value, match.span())
                return

    def _phones(self, kind: str, span: _Span) -> Iterator[FoundField]:
        for number in identifiers.find_numbers(self.text[span.start : span.end]):
            if number.kind in (NumberKind.MOBILE, NumberKind.LANDLINE):
                place = (span.start + number.start, span.start + number.end)
                yield self._found(kind, number.value, place)

    def _name(self, kind: str, span: _Span) -> Iterator[FoundField]:
        piece = self._piece(span)
        dense = re.sub(r" ", "", self.text[piece.start : piece.end])
        if _HAN_NAME.fullmatch(dense):
            yield self._found(kind, dense, (piece.start, piece.end))

    def _address(self, kind: str, span: _Span) -> Iterator[FoundField]:
        piece = self._with_next_line(self._piece(span))
        dense = re.sub(r"[ \n\t]", "", self.text[piece.start : piece.end])
        if len(dense) >= 4 and re.search(rf"[{HAN}]{{2}}", dense):
            yield self._found(kind, dense, (piece.start, piece.end))

    def _with_next_line(self, piece: _Span) -> _Span:
        """An address goes on in the next line when that holds house and room and nothing else."""
        match = _ADDRESS_REST.match(self.text, piece.end)
        if match is None or self._is_taken(*match.span(1)):
            return piece
        return _Span(piece.start, match.end(1))

    def _is_taken(self, start: int, end: int) -> bool:
        return any(span.start < end and start < span.end for span in self.taken)

    def _code(self, kind: str, span: _Span) -> Iterator[FoundField]:
        start = self._skip(span)
        match = _CODE.match(self.text, start, span.end)
        if match and sum(c.isdigit() for c in match[0]) >= 4:
            yield self._found(kind, match[0].upper(), match.span())

    def _date(self, kind: str, span: _Span) -> Iterator[FoundField]:
        for date in find_dates(self.text[span.start : span.end]):
            place = (span.start + date.start, span.start + date.end)
            yield self._found(kind, date.value.isoformat(), place)
            return

    def _other(self, kind: str, span: _Span) -> Iterator[FoundField]:
        """Takes the number out of the running; gives nothing."""
        start = self._skip(span)
        match = re.compile(r"[0-9a-z](?:[ \-]?[0-9a-z]){3,}").match(self.text, start, span.end)
        if match:
            self.taken.append(_Span(*match.span()))
            yield self._found(kind, match[0], match.span())

    def _nothing(self, _: str, __: _Span) -> Iterator[FoundField]:
        return iter(())

    def _piece(self, span: _Span) -> _Span:
        start = self._skip(span)
        end = _TEXT_END.search(self.text, start, span.end)
        stop = end.start() if end else span.end
        while stop > start and self.text[stop - 1] in " :_":
            stop -= 1
        return _Span(start, stop)

    def _skip(self, span: _Span) -> int:
        match = re.compile(_SEPARATORS).match(self.text, span.start, span.end)
        return match.end() if match else span.start

    # -- numbers that stand alone ----------------------------------------------------------------

    def _numbers(self) -> Iterator[FoundField]:
        for number in (*identifiers.find_uscc(self.text), *identifiers.find_numbers(self.text)):
            if number.checked and number.kind in (NumberKind.ID_NO, NumberKind.USCC):
                yield from self._lone(ID_NO, number.value, (number.start, number.end))
            elif number.kind in (NumberKind.MOBILE, NumberKind.LANDLINE):
                yield from self._lone(PHONE, number.value, (number.start, number.end), blocks=False)
        for pattern in (_DIGITS, _GROUPED, _SPELLED):
            for match in pattern.finditer(self.text):
                value = re.sub(r"\s", "", match[0])
                if FEWEST_LONG_NUMBER <= len(value) <= 22:
                    yield from self._lone(NUMBER, value, match.span())

    def _lone(
        self, kind: str, value: str, place: tuple[int, int], *, blocks: bool = True
    ) -> Iterator[FoundField]:
        if self._is_taken(*place):
            return
        yield self._found(kind, value, place, labelled=False, blocks=blocks)

    def _found(
        self,
        kind: str,
        value: str,
        place: tuple[int, int],
        *,
        labelled: bool = True,
        corrected: bool = False,
        blocks: bool = True,
    ) -> FoundField:
        if blocks:
            self.taken.append(_Span(*place))
        start, end = self.form.span(*place)
        return FoundField(
            kind=kind,
            value=value,
            shown=self.page.text[start:end],
            page=self.page.number,
            start=start,
            end=end,
            labelled=labelled,
            corrected=corrected,
            confidence=confidence_of(self.page, start, end),
        )


_READERS: dict[str, Callable[[_PageReader, str, _Span], Iterator[FoundField]]] = {
    CUSTOMER_NO: _PageReader._digits,
    OLD_CUSTOMER_NO: _PageReader._digits,
    METER_NO: _PageReader._digits,
    NAME: _PageReader._name,
    HOLDER: _PageReader._name,
    FORMER_NAME: _PageReader._name,
    ID_NO: _PageReader._identity,
    PHONE: _PageReader._phones,
    ADDRESS: _PageReader._address,
    CASE_NO: _PageReader._code,
    CONTRACT_NO: _PageReader._code,
    DOC_DATE: _PageReader._date,
    OTHER_DATE: _PageReader._date,
    OTHER: _PageReader._other,
    PLAIN: _PageReader._nothing,
}


def _rows(text: str) -> list[list[_Span]]:
    rows, at = [], 0
    for line in text.split("\n"):
        cells, start = [], at
        for piece in line.split("\t"):
            cells.append(_Span(start, start + len(piece)))
            start += len(piece) + 1
        if line.strip():
            rows.append(cells)
        at += len(line) + 1
    return rows


def confidence_of(page: PageReading, start: int, end: int) -> float:
    """Mean confidence of the words that a stretch touches, weighted by length; 1 without words."""
    if not page.words:
        return 1.0
    first = max(0, bisect_right(page.words, start, key=lambda word: word.start) - 1)
    total = weight = 0.0
    for word in page.words[first:]:
        if word.start >= end:
            break
        shared = min(end, word.end) - max(start, word.start)
        if shared > 0:
            total += word.confidence * shared
            weight += shared
    return total / weight if weight else 1.0
