"""A word as text: of an address, a type, a title or a page; and what is like it."""

from __future__ import annotations

from collections.abc import Iterator

from dossier.rules import document_types
from dossier.rules.address_forms import before_number, wanted_forms, wanted_names
from dossier.search import analysis
from dossier.search.expression import Expression, Nothing, Range, Term, any_of
from dossier.search.holes import phrases_with_hole
from dossier.search.periods import Period, named_period
from dossier.search.phrases import side_by_side
from dossier.search.port import MatchReason, SearchRight, document_order
from dossier.search.ranking import MatchClass
from dossier.search.ways.clause import Asker, Clause
from dossier.search.ways.files import as_file_name
from dossier.search.wordings import synonyms, writings


def as_words(asker: Asker, text: str, *, literally: bool = False) -> Iterator[Clause]:
    """Words of an address, a type, a title, a file's name or a page.

    ``literally`` names no type by a title that its papers bear.
    """
    yield from _as_address(asker, text)
    found = asker.phrase("type_words", text) if literally else _as_type(asker, text)
    yield Clause(MatchReason.TYPE, MatchClass.TITLE, found)
    title = asker.phrase_in(asker.titles, text)
    yield Clause(MatchReason.TITLE, MatchClass.TITLE, title)
    yield from as_file_name(asker, text)
    yield Clause(MatchReason.TEXT, MatchClass.TEXT, asker.anywhere_in(asker.texts, text))


def like_words(asker: Asker, text: str) -> Iterator[Clause]:
    """Other wordings, and the word with one character misread."""
    for other in synonyms(text):
        yield Clause(MatchReason.TYPE, MatchClass.SYNONYM, _as_type(asker, other))
        title = asker.phrase_in(asker.titles, other)
        yield Clause(MatchReason.TITLE, MatchClass.SYNONYM, title)
        page = asker.phrase_in(asker.texts, other)
        yield Clause(MatchReason.TEXT, MatchClass.SYNONYM, page)
    for written in writings(text):
        title = asker.phrase_in(asker.titles, written)
        yield Clause(MatchReason.TITLE, MatchClass.TITLE, title)
        page = asker.phrase_in(asker.texts, written)
        yield Clause(MatchReason.TEXT, MatchClass.TEXT, page)
    if period := named_period(text):
        yield Clause(MatchReason.DATE, MatchClass.TEXT, within(period))
    if asker.misread:
        holes = (each for name in asker.texts for each in phrases_with_hole(name, text))
        yield Clause(MatchReason.TEXT, MatchClass.ONE_WRONG, any_of(*holes))


def _as_address(asker: Asker, text: str) -> Iterator[Clause]:
    if not asker.may(SearchRight.ADDRESS):
        return
    whole = asker.may(SearchRight.ADDRESS_DETAIL)
    found = [asker.sequence("address" if whole else "address_open", text)]
    # In clear by building and room; masked the street's or village's name is all there is.
    names = wanted_names(text)
    tokens = [*map(analysis.plain_query_tokens, names)]
    tokens += (_ended(each) for each in map(before_number, names) if each)
    if whole:
        tokens += map(analysis.plain_query_tokens, wanted_forms(text))
    name = "address_form_words" if whole else "address_open_words"
    found += [side_by_side(name, tuple(form)) for form in tokens]
    yield Clause(MatchReason.ADDRESS, MatchClass.ADDRESS, any_of(*found))


def _ended(form: str) -> list[tuple[int, str]]:
    """The tokens of a form that ends where a run of Han does."""
    tokens = analysis.plain_query_tokens(form)
    return [*tokens, (tokens[-1][0] + 1, form[-1])]


def _as_type(asker: Asker, text: str) -> Expression:
    """Papers of a type, by its label's words or by a title that such papers bear."""
    codes = document_types.catalogue().codes_named(text)
    named = Term("type", codes) if codes else Nothing()
    return any_of(asker.phrase("type_words", text), named)


def within(period: Period) -> Expression:
    """Papers of these days; their order begins with the day (:func:`document_order`)."""
    first, last = (
        day.year * 10_000 + day.month * 100 + day.day for day in (period.first, period.last)
    )
    return Range("order", document_order(first, 0), document_order(last + 1, 0) - 1)
