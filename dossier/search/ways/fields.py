"""A value in the field that was named: ``field:value``."""

from __future__ import annotations

from collections.abc import Iterator

from dossier.rules import identifiers
from dossier.search import analysis
from dossier.search.expression import OfCustomers, Term, all_of, any_of
from dossier.search.periods import PERIOD_FACETS, days_of_any_year, month_value, parse_period
from dossier.search.places import PLACE_FIELDS
from dossier.search.port import DOSSIER_FACETS, MatchReason
from dossier.search.query import FieldValue
from dossier.search.ranking import MatchClass
from dossier.search.values import codes_of
from dossier.search.vocabulary import NUMBERED
from dossier.search.ways.clause import Asker, Clause
from dossier.search.ways.names import as_name, as_spelling
from dossier.search.ways.numbers import as_account, as_id_no, as_phone, as_thing, as_uscc_part
from dossier.search.ways.places import as_place
from dossier.search.ways.words import as_words, like_words, within

_ON_FORMS = NUMBERED | {"name"}
_FACETS = frozenset({"state", "status", "category"}) | DOSSIER_FACETS


def as_field_value(asker: Asker, leaf: FieldValue) -> Iterator[Clause]:
    """A value in the one field that was named, never in what a page says of another.

    A number or a name that stands on forms behind its label (``户号：1040106028``) is also what was
    pasted from a page: there it is found with the label right before it.
    """
    yield from _in_field(asker, leaf.field, leaf.value)
    if leaf.field in _ON_FORMS and leaf.label != leaf.field:
        written = asker.phrase_in(asker.texts, f"{leaf.label}:{leaf.value}")
        yield Clause(MatchReason.TEXT, MatchClass.TEXT, written)


def _in_field(asker: Asker, field: str, value: str) -> Iterator[Clause]:
    if field in NUMBERED:
        yield from _as_number(asker, field, value)
    elif field in PLACE_FIELDS:
        yield Clause(MatchReason.PLACE, MatchClass.ADDRESS, Term(field, (value,)))
        yield from as_place(asker, value, field=field)
    elif field in _FACETS:
        if written := codes_of(field, value):
            coded = Term(field, written)
            of_them = OfCustomers(coded) if field in DOSSIER_FACETS else coded
            yield Clause(MatchReason(field), MatchClass.TITLE, of_them)
    elif field in PERIOD_FACETS:
        written = (PERIOD_FACETS[field](value) or value,)
        yield Clause(MatchReason(field), MatchClass.TITLE, Term(field, written))
    elif field == "name":
        yield from as_name(asker, value)
        yield from as_spelling(asker, value)
    elif field == "date":
        yield from _dated(value)
    else:
        if field == "type":
            yield Clause(MatchReason.TYPE, MatchClass.TITLE, Term("type", (value,)))
        yield from _only(asker, MatchReason(field), value)


def _dated(value: str) -> Iterator[Clause]:
    """Papers of a span of days, or of a day or month of any year."""
    if period := parse_period(value):
        yield Clause(MatchReason.DATE, MatchClass.TITLE, within(period))
    elif days := days_of_any_year(value):
        # The embedded engine leaves out the months of which it has no papers.
        each = (all_of(Term("month", (month_value(day.first),)), within(day)) for day in days)
        yield Clause(MatchReason.DATE, MatchClass.TITLE, any_of(*each))


def _as_number(asker: Asker, field: str, value: str) -> Iterator[Clause]:
    code = analysis.keyword(value)
    match field:
        case "number":
            yield from as_thing(asker, MatchReason.CUSTOMER_NO, code)
            yield from as_thing(asker, MatchReason.METER_NO, code)
            yield from as_phone(asker, value)
        case "customer_no" | "meter_no":
            yield from as_thing(asker, MatchReason(field), code)
        case "phone":
            yield from as_phone(asker, value)
        case "id_no":
            yield from as_id_no(asker, code)
            yield from as_uscc_part(asker, code)
        case "uscc":
            if identifiers.is_organisation_code(code):
                yield from as_id_no(asker, code)
            yield from as_uscc_part(asker, code)
        case "account":
            yield from as_account(asker, code)
        case _:
            yield Clause(MatchReason(field), MatchClass.EXACT_NUMBER, Term(field, (code,)))


def _only(asker: Asker, reason: MatchReason, value: str) -> Iterator[Clause]:
    found = [*as_words(asker, value), *like_words(asker, value)]
    return (clause for clause in found if clause.reason is reason)
