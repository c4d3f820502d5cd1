"""A word as the name of the file that a paper came in as, or a piece of it."""

from __future__ import annotations

from collections.abc import Iterator

from dossier.search import analysis
from dossier.search.expression import Prefix, any_of
from dossier.search.port import MatchReason, SearchRight
from dossier.search.ranking import MatchClass
from dossier.search.ways.clause import Asker, Clause
from dossier.search.ways.numbers import partial_number

FEWEST_LETTERS = 3
"""Of a word's beginning: with fewer, initials of people (``zs``) would find files by the score."""


def as_file_name(asker: Asker, text: str) -> Iterator[Clause]:
    """The name or words of it, beginnings of words in letters, beginnings and ends of numbers."""
    found = [asker.anywhere_in(asker.files, text)]
    code = analysis.keyword(text)
    if asker.may(SearchRight.TEXT) and asker.may(SearchRight.ADDRESS_DETAIL) and code.isascii():
        if code.isdecimal():
            found.append(partial_number("file_closed_number", code))
        elif code.isalpha() and len(code) >= FEWEST_LETTERS:
            found.append(Prefix("file_closed_words", code))
    yield Clause(MatchReason.FILE, MatchClass.FILE_NAME, any_of(*found))
