"""What type a paper is: by its title, else by the words on its telling pages."""

from __future__ import annotations

from collections.abc import Sequence

from dossier.records import PageReading
from dossier.rules.document_types import Catalogue, TypeMatch
from dossier.rules.titles import FoundTitle

PLACES = 3
"""Pages from the front that are read for fields, besides the last: there papers name people."""


def telling_pages(pages: Sequence[PageReading]) -> Sequence[PageReading]:
    """The first ones and the last."""
    return pages if len(pages) <= PLACES + 1 else [*pages[:PLACES], pages[-1]]


def best_type(
    pages: Sequence[PageReading], title: FoundTitle | None, known: Catalogue, threshold: float
) -> TypeMatch | None:
    """The likeliest type, however unsure; a title that is sure enough needs no other words.

    Args:
        pages: of the paper.
        title: as it was found on them.
        known: the types that there are.
        threshold: from which on a type is sure enough.
    """
    by_title = title.match if title else None
    if by_title and by_title.confidence >= threshold:
        return by_title
    by_body = known.match_body("\n".join(page.text for page in telling_pages(pages)))
    found = (match for match in (by_title, by_body) if match)
    return max(found, key=lambda match: match.confidence, default=None)
