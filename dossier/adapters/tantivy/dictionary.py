"""The index's dictionary at one moment: which terms there are, and in how many rows."""

from __future__ import annotations

from typing import Any

_COUNTS_KEPT = 50_000  # some 10 MB; a query with misread characters asks for a thousand


class Dictionary:
    """Looked up from any thread; counts are kept, as a query asks for the same ones many times."""

    def __init__(self, searcher: Any) -> None:
        self._searcher = searcher
        self._counts: dict[tuple[str, str], int] = {}
        self.all_rows = int(searcher.num_docs)

    def rows(self, field: str, term: str) -> int:
        """Rows with a term; those that are deleted but not merged away count."""
        key = (field, term)
        found = self._counts.get(key)
        if found is None:
            if len(self._counts) >= _COUNTS_KEPT:
                self._counts = {}
            found = self._counts[key] = int(self._searcher.doc_freq(field, term))
        return found

    def beginning_with(self, field: str, start: str, most: int | None = None) -> list[str]:
        """Terms that begin so, at most ``most``."""
        return [term for term, _ in self._searcher.terms_with_prefix(field, start, None, most)]
