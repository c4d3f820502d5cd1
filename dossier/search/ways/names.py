"""A word as somebody's name: as written, folded, in part, or typed in letters (domain.md 4.2)."""

from __future__ import annotations

from collections.abc import Iterator

from dossier.rules.names import is_organisation
from dossier.rules.organisations import core_name
from dossier.search import analysis
from dossier.search.expression import Term, all_of
from dossier.search.port import MatchReason, SearchRight
from dossier.search.ranking import MatchClass
from dossier.search.rows import legal_name
from dossier.search.spelled import mixed_parts, spelled_alike, spelled_name
from dossier.search.ways.clause import Asker, Clause

_WHOLE_NAME = frozenset({MatchClass.EXACT_NAME, MatchClass.FOLDED_NAME})


def as_name(asker: Asker, text: str) -> Iterator[Clause]:
    """A name as it is written, wholly or in part."""
    folded = analysis.keyword(text)
    if not asker.may(SearchRight.NAME) or not folded:
        return
    reason = MatchReason.NAME
    yield Clause(reason, MatchClass.EXACT_NAME, Term("name", (legal_name(text),)))
    yield Clause(reason, MatchClass.FOLDED_NAME, Term("name_folded", (folded,)))
    if is_organisation(text):
        core = Term("name_core", (core_name(text),))
        yield Clause(reason, MatchClass.FOLDED_NAME, core)
    yield Clause(reason, MatchClass.PREFIX, asker.sequence("name", text))


def as_whole_name(asker: Asker, text: str) -> Iterator[Clause]:
    """Who is called just so, and nobody whose name only has this in it."""
    yield from (each for each in as_name(asker, text) if each.rank in _WHOLE_NAME)


def as_spelling(asker: Asker, text: str) -> Iterator[Clause]:
    """Names typed in letters, wholly, in part, or mixed with characters."""
    if not asker.may(SearchRight.NAME):
        return
    reason = MatchReason.NAME
    characters = [part for part in mixed_parts(text) if not part.isascii()]
    inside = all_of(*(asker.sequence("name", part) for part in characters))
    yield Clause(reason, MatchClass.PREFIX, all_of(spelled_name(text), inside))
    yield Clause(reason, MatchClass.SOUNDS_ALIKE, spelled_alike(text))
