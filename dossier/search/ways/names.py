"""A word as somebody's name: as written, folded, in part, or typed in letters (domain.md 4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dossier.rules.customer_file import LONGEST
from dossier.rules.names import is_organisation
from dossier.rules.normal_form import HAN
from dossier.rules.organisations import FEWEST_WITHOUT_PLACE, core_name
from dossier.search import analysis
from dossier.search.expression import Prefix, Term, all_of
from dossier.search.port import MatchReason, SearchRight
from dossier.search.ranking import MatchClass
from dossier.search.rows import legal_name
from dossier.search.spelled import mixed_parts, spelled_alike, spelled_just_so, spelled_name
from dossier.search.ways.clause import Asker, Clause

_HAN_ONLY = re.compile(f"[{HAN}]+")
_WHOLE_NAME = frozenset({MatchClass.EXACT_NAME, MatchClass.FOLDED_NAME})


def as_name(asker: Asker, text: str) -> Iterator[Clause]:
    """A name as it is written, wholly or in part."""
    folded = analysis.keyword(text)
    if not asker.may(SearchRight.NAME) or not folded:
        return
    reason = MatchReason.NAME
    yield Clause(reason, MatchClass.EXACT_NAME, Term("name", (legal_name(text),)))
    yield Clause(reason, MatchClass.FOLDED_NAME, Term("name_folded", (folded,)))
    yield from _as_core(asker, text, folded)
    # No name is longer, and Elasticsearch 8 takes no prefix of more than a thousand bytes.
    if len(folded) <= LONGEST["name"] and _HAN_ONLY.fullmatch(folded):
        yield Clause(reason, MatchClass.NAME_BEGINS, Prefix("name_folded", folded))
    yield Clause(reason, MatchClass.PREFIX, asker.sequence("name", text))


def _as_core(asker: Asker, text: str, folded: str) -> Iterator[Clause]:
    """An organisation by its core name, wholly, or inside a name that has an unknown place."""
    core, is_whole_name = core_name(text), is_organisation(text)
    # Typed without all that may be left out, it is the core itself.
    yield Clause(MatchReason.NAME, MatchClass.FOLDED_NAME, Term("name_core", (core,)))
    if is_whole_name and core != folded and len(core) >= FEWEST_WITHOUT_PLACE:
        yield Clause(MatchReason.NAME, MatchClass.PREFIX, asker.sequence("name", core))


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
    yield Clause(reason, MatchClass.NAME_BEGINS, all_of(spelled_just_so(text), inside))
    yield Clause(reason, MatchClass.PREFIX, all_of(spelled_name(text), inside))
    yield Clause(reason, MatchClass.SOUNDS_ALIKE, spelled_alike(text))
