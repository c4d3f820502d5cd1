"""The built-in recognition step: pure, from a document's text and boxes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from dossier.hookspecs import StepResult
from dossier.plugins.recognition import sightings
from dossier.records import DocumentText, FieldValue, PageReading
from dossier.rules import dates, number_masks, page_fields, page_labels, terms
from dossier.rules.document_types import Catalogue, catalogue
from dossier.rules.page_fields import FoundField
from dossier.rules.paper import linking_rules
from dossier.rules.paper_types import best_type, telling_pages
from dossier.rules.titles import FoundTitle, find_title

KEPT = {
    page_labels.CUSTOMER_NO: "customer_no",
    page_labels.METER_NO: "meter_no",
    page_labels.NAME: "name",
    page_labels.ID_NO: "id_no",
    page_labels.PHONE: "phone",
    page_labels.ADDRESS: "address",
    page_labels.CASE_NO: "case_no",
    page_labels.CONTRACT_NO: "contract_no",
}
"""What is kept of the fields on a page, by the name that the records use."""
VALID_UNTIL = "valid_until"
MOST_OF_A_KIND = 5
"""Values of one name; a list of customers would otherwise fill the record."""
LONE_DATE = 0.7
"""Sureness of a date without a label, usually the one beside the signature."""
FORESIGHT = timedelta(days=31)
"""A paper may be dated ahead of its scan by a month (notices), not more."""


def recognise(document: DocumentText) -> StepResult:
    """Type, title and key fields of a document."""
    known = catalogue()
    title = find_title(document.pages, known)
    readings = [
        (page, page_fields.read_fields(page, linking_rules().labels))
        for page in telling_pages(document.pages)
    ]
    return StepResult(
        fields=(
            *_fields(readings),
            *_dates(readings, document.captured_on),
            *_term(page for page, _ in readings),
            *sightings.fields_of(document.pages),
        ),
        type_code=_type(document, title, known),
        title=title.text if title else None,
    )


def _type(document: DocumentText, title: FoundTitle | None, known: Catalogue) -> str | None:
    """None where no type is sure enough; how sure is the rule file's, or was learned since."""
    threshold = document.type_threshold or known.threshold
    best = best_type(document.pages, title, known, threshold)
    return best.code if best is not None and best.confidence >= threshold else None


# -- fields -------------------------------------------------------------------------------------


def _fields(readings: Sequence[tuple[PageReading, list[FoundField]]]) -> Iterable[FieldValue]:
    seen: dict[str, set[str]] = {}
    has_name = any(f.kind == page_labels.NAME for _, found in readings for f in found)
    for page, found in readings:
        for one in found:
            name = "name" if one.kind == page_labels.HOLDER and not has_name else KEPT.get(one.kind)
            if name is None:
                continue
            value, values = _value(one), seen.setdefault(name, set())
            if value not in values and len(values) < MOST_OF_A_KIND:
                values.add(value)
                yield _field(page, one, name, value, 1.0 if one.labelled else LONE_DATE)


def _value(found: FoundField) -> str:
    """Numbers in their normal form; names and addresses in the paper's own characters."""
    if found.kind in (page_labels.NAME, page_labels.HOLDER, page_labels.ADDRESS):
        return re.sub(r"\s+", "", found.shown)
    return found.value.upper() if found.kind == page_labels.ID_NO else found.value


def _field(
    page: PageReading, found: FoundField, name: str, value: str, factor: float
) -> FieldValue:
    return FieldValue(
        name=name,
        value=value,
        page=page.number,
        box=page_fields.box_of(page, found.start, found.end),
        confidence=round(found.confidence * factor, 3),
    )


# -- the paper's date ---------------------------------------------------------------------------


def _dates(
    readings: Sequence[tuple[PageReading, list[FoundField]]], captured_on: date | None
) -> Iterable[FieldValue]:
    """The one date of the paper: the first labelled as such, else the last that is nothing else."""
    latest = captured_on + FORESIGHT if captured_on else date.max
    for page, found in readings:
        for one in found:
            if one.kind == page_labels.DOC_DATE and date.fromisoformat(one.value) <= latest:
                yield _field(page, one, page_labels.DOC_DATE, one.value, 1.0)
                return
    for page, found in reversed(readings):
        lone = [one for one in _lone_dates(page, found) if one.value <= latest]
        if lone:
            last = lone[-1]
            yield FieldValue(
                name=page_labels.DOC_DATE,
                value=last.value.isoformat(),
                page=page.number,
                box=page_fields.box_of(page, last.start, last.end),
                confidence=LONE_DATE,
            )
            return


def _term(pages: Iterable[PageReading]) -> Iterable[FieldValue]:
    """Until when the paper says that it holds, by the first page that does."""
    for page in pages:
        term = terms.find_term(page.text)
        if term is not None:
            yield FieldValue(
                name=VALID_UNTIL,
                value=term.last_day.isoformat(),
                page=page.number,
                box=page_fields.box_of(page, term.start, term.end),
                confidence=round(page_fields.confidence_of(page, term.start, term.end), 3),
            )
            return


def _lone_dates(page: PageReading, found: Sequence[FoundField]) -> list[dates.FoundDate]:
    other = [one for one in found if one.kind == page_labels.OTHER_DATE]
    return [
        one
        for one in dates.find_dates(page.text)
        if not any(field.start < one.end and one.start < field.end for field in other)
        and not number_masks.is_day_of_birth(page.text, one.end)
    ]
