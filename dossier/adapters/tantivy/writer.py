"""Writing the live generation, or a new one beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from dossier.adapters.tantivy.engine import engine_errors, make_document, open_index
from dossier.adapters.tantivy.generations import Generation, Generations
from dossier.search.port import CustomerRow, Row, RowKey, RowKind
from dossier.search.rows import RowEncoder, row_key

# stack.md: one thread with a 64 MB heap takes 130-200 MB; a build may take more to make fewer,
# larger segments.
_LIVE_HEAP_BYTES = 64_000_000
_BUILD_HEAP_BYTES = 128_000_000


class TantivyWriter:
    """Applies rows to one generation; the caller holds the right to write."""

    def __init__(
        self,
        generation: Generation,
        encoder: RowEncoder,
        on_commit: Callable[[], None],
        *,
        heap_bytes: int = _LIVE_HEAP_BYTES,
    ) -> None:
        self._encoder = encoder
        self._on_commit = on_commit
        with engine_errors("opening the search index for writing"):
            self._engine: Any = open_index(generation.folder).writer(heap_bytes, 1)
        self._dirty = False

    def apply(self, *, upserts: Iterable[Row] = (), deletes: Iterable[RowKey] = ()) -> None:
        """Put rows in and take rows out; visible after commit."""
        with engine_errors("writing the search index"):
            for gone in deletes:
                self._engine.delete_documents_by_term("key", row_key(gone.kind, gone.key))
                self._dirty = True
            for row in upserts:
                self._replace(_key(row))
                self._engine.add_document(make_document(self._encoder.encode(row)))
                self._dirty = True

    def _replace(self, key: str) -> None:
        """Take out the row's older self, if there may be one."""
        self._engine.delete_documents_by_term("key", key)

    def commit(self) -> None:
        """Make durable and visible."""
        with engine_errors("committing the search index"):
            self._engine.commit()
            self._dirty = False
            self._on_commit()

    def finish(self) -> None:
        """Drop what was not committed, let merges end, free the engine's lock."""
        with engine_errors("closing the search index"):
            if self._dirty:
                self._engine.rollback()
            self._engine.wait_merging_threads()


class TantivyBuilder(TantivyWriter):
    """Builds a generation that nobody sees before :meth:`publish`."""

    def __init__(
        self,
        generation: Generation,
        generations: Generations,
        encoder: RowEncoder,
        on_commit: Callable[[], None],
    ) -> None:
        super().__init__(generation, encoder, on_commit, heap_bytes=_BUILD_HEAP_BYTES)
        self.name = generation.name
        self._generation = generation
        self._generations = generations
        self.published = False
        self._added: set[int] = set()

    def _replace(self, key: str) -> None:
        """A new generation holds a row already only when it was applied before.

        Hashes of the keys are kept (some 60 bytes a row); two keys with one hash cost a needless
        deletion, nothing more.
        """
        mark = hash(key)
        if mark in self._added:
            super()._replace(key)
        self._added.add(mark)

    def publish(self) -> None:
        """Commit and swap."""
        self.commit()
        self._generations.publish(self._generation)
        self.published = True
        self._on_commit()


def _key(row: Row) -> str:
    if isinstance(row, CustomerRow):
        return row_key(RowKind.CUSTOMER, row.customer_no)
    return row_key(RowKind.DOCUMENT, row.document_id)
