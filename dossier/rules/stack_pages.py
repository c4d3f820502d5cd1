"""What each page of a file says for itself: by that a stack of papers is cut (:mod:`.stacks`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from dossier.records import PageReading
from dossier.rules import page_fields, page_labels
from dossier.rules.document_types import Catalogue, solid
from dossier.rules.normal_form import HAN, fold
from dossier.rules.page_fields import FoundField
from dossier.rules.page_numbers import PageNumber, find_page_number
from dossier.rules.paper import Paper, linking_rules, read_paper
from dossier.rules.stack_rules import StackRules
from dossier.rules.titles import find_title

SHEET, WORDS = "sheet", "words"
"""What makes a page a separator: a bar code and hardly a word; its own words."""
_WITHIN = re.compile(
    r"第?(?:[二三四五六七八九]?十[一二三四五六七八九]?|[二三四五六七八九])[条、.．章)]"
    r"|第?(?:[2-9]|[1-9][0-9])(?:[条章]|[、.．)](?![0-9]))|[(（][二三四五六七八九十]{1,2}[)）]"
)
_TAIL = re.compile(r"^[^：:]*[。；]$")
"""The end of a sentence that began on the page before."""
_SENTENCE_END = re.compile(r"[。！？：:；;]$")
_FORM_NO = re.compile(
    rf"(?<![{HAN}])(?:编 ?号|no\.?|№) ?[:.]? ?([a-z]{{0,4}}[0-9][0-9a-z\-/]{{4,24}})"
)
_TOP, _FIRST_LINES = 8, 5
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_WHOSE = frozenset(
    {
        page_labels.CUSTOMER_NO,
        page_labels.METER_NO,
        page_labels.NAME,
        page_labels.HOLDER,
        page_labels.ID_NO,
    }
)
_ENDS = 6
"""Lines at the end of a page where people sign."""
_DENSE_LINE = 18
"""Characters of a line of running text."""


@dataclass(frozen=True, slots=True)
class PageEvidence:
    """One page as the cutting sees it.

    Attributes:
        number: its place in the file, from 1.
        is_blank: nothing on it; such a page between two papers belongs to neither.
        is_failed: it could not be read, or something is on it and no word was.
        separator: :data:`SHEET` or :data:`WORDS` where it only parts papers, else empty.
        codes: texts of its bar codes.
        type_code: the type that it names or has the words of; empty when none is sure.
        title: its title, solid; empty when it has none.
        title_sure: how sure the title is one of the catalogue's, 0..1.
        has_heading: a large line at the top, though of no known type.
        is_annex: the top says that it goes with what came before.
        page_number: what it prints as its own number.
        begins_within: its first line is a later clause or goes on with a sentence.
        is_signed: ends with signatures.
        form_nos: numbers of the form that stand at its top (编号, No.).
        opens: says at its top whose it is, as the first page of a form does.
        is_picture: a photograph with a line or two.
        is_cover: a title and a few lines, as on a contract's cover.
    """

    number: int
    is_blank: bool = False
    is_failed: bool = False
    separator: str = ""
    codes: frozenset[str] = frozenset()
    type_code: str = ""
    title: str = ""
    title_sure: float = 0.0
    has_heading: bool = False
    is_annex: bool = False
    page_number: PageNumber | None = None
    begins_within: bool = False
    is_signed: bool = False
    form_nos: frozenset[str] = frozenset()
    opens: bool = False
    is_picture: bool = False
    is_cover: bool = False
    customer_nos: frozenset[str] = frozenset()
    meter_nos: frozenset[str] = frozenset()
    id_nos: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    contract_nos: frozenset[str] = frozenset()
    case_nos: frozenset[str] = frozenset()
    size: tuple[int, int] = (0, 0)


def evidence_of(
    pages: Iterable[PageReading], catalogue: Catalogue, rules: StackRules
) -> list[PageEvidence]:
    """What each page says, page for page."""
    return [_page(page, catalogue, rules) for page in pages]


def _page(page: PageReading, catalogue: Catalogue, rules: StackRules) -> PageEvidence:
    codes = frozenset(code.text.strip() for code in page.barcodes if code.text.strip())
    size = (page.width, page.height)
    text = solid(page.text)
    if page.error or not (text or codes):
        is_blank = page.blank and not page.error
        return PageEvidence(page.number, is_blank=is_blank, is_failed=not is_blank, size=size)
    title = find_title([page], catalogue)
    by_title = title.match if title else None
    sure = by_title.confidence if by_title else 0.0
    separator = _separator(text, codes, rules)
    if separator and sure < catalogue.threshold:
        return PageEvidence(page.number, separator=separator, codes=codes, size=size)
    lines = [line for line in page.text.split("\n") if line.strip()]
    by_body = catalogue.match_body(page.text) if sure < catalogue.threshold else None
    best = max((one for one in (by_title, by_body) if one), key=lambda one: one.confidence,
               default=None)  # fmt: skip
    fields = page_fields.read_fields(page, linking_rules().labels)
    paper = read_paper([page], linking_rules())
    return PageEvidence(
        number=page.number,
        codes=codes,
        type_code=best.code if best and best.confidence >= catalogue.threshold else "",
        title=solid(title.text) if title else "",
        title_sure=sure,
        has_heading=title is not None and by_title is None,
        is_annex=any(solid(line).startswith(rules.annex_words) for line in lines[:3]),
        page_number=find_page_number(
            page,
            edge=rules.edge,
            edge_lines=rules.edge_lines,
            most=rules.most_pages_of_a_paper,
        ),
        begins_within=_begins_within(lines),
        is_signed=any(w in solid(line) for line in lines[-_ENDS:] for w in rules.signature_words),
        form_nos=frozenset(m[1] for line in lines[:_TOP] for m in _FORM_NO.finditer(fold(line))),
        opens=_opens(page.text, fields),
        is_cover=title is not None and len(text) <= rules.cover_text,
        is_picture=len(text) <= rules.picture_text and any(w in text for w in rules.picture_words),
        customer_nos=_values(fields, page_labels.CUSTOMER_NO) - paper.others.numbers,
        meter_nos=_values(fields, page_labels.METER_NO) - paper.others.numbers,
        id_nos=paper.id_nos,
        names=_names(paper),
        contract_nos=_values(fields, page_labels.CONTRACT_NO),
        case_nos=_values(fields, page_labels.CASE_NO),
        size=size,
    )


def _separator(text: str, codes: frozenset[str], rules: StackRules) -> str:
    own = text
    for code in codes:
        own = own.replace(solid(code), "")
    if len(own) > rules.separator_text:
        return ""
    if any(word in own for word in rules.separator_words):
        return WORDS
    return SHEET if codes else ""


def _opens(text: str, fields: Iterable[FoundField]) -> bool:
    """Whether one of the first lines says whose the paper is."""
    end = 0
    for match in islice(_LINE.finditer(text), _FIRST_LINES):
        end = match.end()
    return any(one.labelled and one.kind in _WHOSE and one.start < end for one in fields)


def _values(fields: Iterable[FoundField], kind: str) -> frozenset[str]:
    return frozenset(one.value for one in fields if one.kind == kind and one.labelled)


def _names(paper: Paper) -> frozenset[str]:
    """Whose paper the page says that it is: not who acts, lets, vouches or is listed."""
    return (paper.principals or paper.holders) - paper.others.names - paper.listed


def _begins_within(lines: Sequence[str]) -> bool:
    """Whether the first line of weight is a later clause, or runs on from the page before."""
    weighty = [line.strip() for line in lines if len(solid(line)) > 1]
    first = weighty[0] if weighty else ""
    if _WITHIN.match(first):
        return True
    if "\t" not in first and _TAIL.search(first):
        return True
    is_prose = "\t" not in first and len(solid(first)) >= _DENSE_LINE
    return is_prose and bool(re.search("[，。；]", first)) and not _SENTENCE_END.search(first[:-1])
