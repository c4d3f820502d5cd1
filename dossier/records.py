"""The values that parts hand to each other: frozen, without framework, engine or SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the upright page picture, origin top left."""


class DocumentState(StrEnum):
    """Where a document stands on its way in (the core part of domain.md §8's machine)."""

    RECEIVED = "received"
    READING = "reading"
    TO_ASSIGN = "to_assign"
    FILED = "filed"
    CUT = "cut"
    """A stack: its papers are documents of their own, it is kept beside them and not searched."""
    QUARANTINED = "quarantined"


class IntakeOutcome(StrEnum):
    """What became of one file that came in."""

    QUEUED = "queued"
    RUNNING = "running"
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    FAILED = "failed"


class IntakeState(StrEnum):
    """Where a file stands, as the intake page groups it."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    """A step failed and is tried again later."""
    FAILED = "failed"
    """Set aside, or it cannot be taken; a person has to do something."""
    TO_ASSIGN = "to_assign"
    FILED = "filed"
    NO_COPY = "no_copy"
    """Filed and found, but its searchable copy could not be made."""
    DUPLICATE = "duplicate"


class QuarantineReason(StrEnum):
    """Why a file was set aside; labels for clerks in locale files."""

    EMPTY = "empty"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    PASSWORD = "password"  # noqa: S105 - a reason, not a secret
    UNSUPPORTED = "unsupported"
    NO_PAGES = "no_pages"
    DYNAMIC_FORM = "dynamic_form"
    """A PDF that only its maker's program draws (XFA): its pages say "please wait"."""
    TOO_LARGE = "too_large"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_MANY_PIXELS = "too_many_pixels"
    BOMB = "bomb"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    MALWARE = "malware"
    NOT_SCANNED = "not_scanned"
    PLUGIN = "plugin"
    NOT_A_FILE = "not_a_file"
    GONE = "gone"
    PERMISSION = "permission"
    INTERNAL = "internal"


class RenditionKind(StrEnum):
    """Which copy of a document a file is."""

    ORIGINAL = "original"
    SEARCHABLE = "searchable"
    VIEW = "view"


@dataclass(frozen=True, slots=True)
class WordBox:
    """A piece of the page's text and where it stands.

    Attributes:
        start: offset of the first character in the page's text.
        end: offset after the last character.
        box: the piece's rectangle in page-picture pixels.
        confidence: 0..1; 1.0 for born-digital text.
        edges: character boundaries along the reading direction in pixels, ``end - start + 1``
            ascending numbers from ``box``'s near side to its far side; empty if unknown (then
            characters share the length evenly).
        vertical: True when the text runs from top to bottom; edges are then y values.
    """

    start: int
    end: int
    box: Box
    confidence: float = 1.0
    edges: tuple[float, ...] = ()
    vertical: bool = False


@dataclass(frozen=True, slots=True)
class Barcode:
    """A bar code that was read on a page."""

    text: str
    format: str
    box: Box


class SightingKind(StrEnum):
    """What may be seen on a page's picture besides its text."""

    SIGNATURE = "signature"
    SEAL = "seal"
    HANDWRITING = "handwriting"


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something that was looked for on a page's picture, and whether it is there.

    Attributes:
        kind: of what.
        box: where it stands, or where it should stand.
        is_there: False only where the page has the place for it and the place is empty.
        confidence: 0..1.
    """

    kind: SightingKind
    box: Box
    is_there: bool = True
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class PageNote:
    """What somebody typed on a page of a PDF.

    Attributes:
        text: its lines, none of them empty.
        place: x0 y0 x1 y1 as shares of the page as the file shows it.
        is_cut: more was typed here, or in notes after this one, than is kept.
    """

    text: str
    place: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class ScanFacts:
    """What a file tells of a scanned page; zeros and None where it tells nothing.

    Attributes:
        width: pixels across as the scanner gave them; likewise ``height``.
        dpi: by the page's size where ``is_measured_dpi``, else as the file claims.
        mode: ``colour``, ``grey`` or ``bilevel``; empty where nobody knows.
        size_bytes: what the page takes in the file.
    """

    width: int = 0
    height: int = 0
    dpi: float | None = None
    is_measured_dpi: bool = False
    mode: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class PageMeasures:
    """How well a page was scanned, as plain numbers (DA/T 31); what is good enough is data.

    Attributes:
        width: pixels of the upright picture that was read; likewise ``height``.
        paper: brightness of the paper, 0 black to 255 white.
        contrast: how far ink is from its paper (of 255) in the middle one of the words; None
            without words.
        faintest: the same in the weak ones of the words.
        softness: sigma of an edge in heights of a word: 0 is as sharp as it can be.
        text_height: of the middle one of the words, in pixels of the picture.
        border: share of the picture that is dark and hangs together with its edge.
        cut: words whose ink goes on to the very edge.
        likeness: what it looks like in 256 bits, hexadecimal; alike pages differ in few.
        digest: SHA-256 of the picture as it was read.
        facts: what the file itself tells.
    """

    width: int
    height: int
    paper: float
    contrast: float | None
    faintest: float | None
    softness: float | None
    text_height: float | None
    border: float
    cut: int
    likeness: str
    digest: str
    facts: ScanFacts = ScanFacts()


@dataclass(frozen=True, slots=True)
class PageReading:
    r"""What was read on one page: the OCR checkpoint.

    ``width`` and ``height`` are the pixels of the upright page picture to which all boxes refer;
    a picture of any other size shows the same page, boxes scale with it.

    Attributes:
        number: 1-based page number in the document.
        text: lines in reading order, separated by ``\\n``; cells of a row by ``\\t``.
        words: ascending by ``start``; characters outside all words are separators.
        rotation: degrees clockwise (0, 90, 180, 270) by which the *stored* picture must be
            turned to stand upright.
        skew: degrees, clockwise positive, that lines lean in the upright picture.
        confidence: mean of the words' confidence weighted by length, 0 when blank.
        blank: no text, no bar code, hardly any ink.
        engine: name and version of what read the page ("rapidocr 3.10", "pdf text", "tika 0.6").
        error: code of what went wrong when the page could not be read; the others live.
        truncated: text was cut at a limit, or a picture on the page is damaged.
        sightings: what was seen on the picture besides its text.
        measures: how well it was scanned; None where nobody looked, as of born-digital pages.
    """

    number: int
    text: str = ""
    words: tuple[WordBox, ...] = ()
    width: int = 0
    height: int = 0
    rotation: int = 0
    skew: float = 0.0
    confidence: float = 0.0
    blank: bool = False
    barcodes: tuple[Barcode, ...] = ()
    engine: str = ""
    error: str = ""
    truncated: bool = False
    sightings: tuple[Sighting, ...] = ()
    measures: PageMeasures | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside a file (mail attachment, ZIP member): becomes a document of its own."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class InnerFiles:
    """What was taken out of a file that has pages or text of its own.

    Attributes:
        attachments: pictures of papers and attached files, in order.
        truncated: something was left out because of a limit or because it is damaged.
    """

    attachments: tuple[Attachment, ...] = ()
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a text extractor found in one file.

    Attributes:
        pages: one reading a page; formats without pages give the text as one or more pages.
        title: the file's own title, may be empty.
        properties: the file's own metadata, plain names ("author", "created").
        attachments: files inside, in order.
        truncated: something was left out because of a limit.
    """

    pages: tuple[PageReading, ...]
    title: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A value read on a page, with its place and how sure it is (0..1)."""

    name: str
    value: str
    page: int
    box: Box | None = None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class LinkCandidate:
    """A customer that a document may belong to.

    ``reasons`` are stable codes with the evidence's kind, not its value:
    ``folder``, ``file_name``, ``barcode``, ``customer_no``, ``meter_no``, ``id_no``,
    ``name_address``, ``name``, ``phone``, ``address``, ``given`` (named by the sender), ``parent``,
    ``inside`` (a picture and the office file it stands in), ``plugin``; against it
    ``name_differs``, ``customer_no_differs``.
    """

    customer_no: str
    confidence: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentText:
    """What a step or a linker sees of a document: text and origin, no database."""

    document_id: str
    file_name: str
    folder: str
    media_type: str
    pages: Sequence[PageReading]
    given_customer_no: str | None = None
    type_code: str | None = None
    captured_on: date | None = None
    type_threshold: float | None = None
    """Least sureness (0..1) at which a step should set a type, where one was learned."""
