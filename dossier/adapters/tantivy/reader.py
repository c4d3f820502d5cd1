"""The open reader of a process: follows commits and swaps, looking at most every 100 ms."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import tantivy

from dossier.adapters.tantivy.dictionary import Dictionary
from dossier.adapters.tantivy.engine import REMEDY, REMEDY_ZH, engine_errors, open_index
from dossier.adapters.tantivy.generations import Generation, Generations, meta_stamp
from dossier.errors import UnavailableError
from dossier.search.expression import Expression
from dossier.search.fields import FieldList

_LOOK_EVERY_SECONDS = 0.1  # architecture.md: readers reload at most every 100 ms


@dataclass(frozen=True, slots=True)
class View:
    """A point-in-time view of one generation; stays valid while somebody holds it.

    ``stamp`` changes with every commit: the key of caches. ``groups`` keeps what was found of
    customers' rows (:mod:`.dossiers`).
    """

    generation: Generation
    stamp: tuple[int, int, int]
    schema: tantivy.Schema
    searcher: Any
    dictionary: Dictionary
    groups: dict[Expression, Expression] = field(default_factory=dict, compare=False)


class Reader:
    """Gives views; safe from any thread."""

    def __init__(self, generations: Generations, fields: FieldList) -> None:
        self._generations = generations
        self._fingerprint = fields.fingerprint
        self._lock = threading.Lock()
        self._index: tantivy.Index | None = None
        self._view: View | None = None
        self._looked = 0.0

    def view(self) -> View:
        """The newest view, at most 100 ms old.

        Raises:
            UnavailableError: no index, a broken one, or one with other fields.
        """
        with self._lock:
            now = time.monotonic()
            if self._view is None or now - self._looked >= _LOOK_EVERY_SECONDS:
                self._view = self._look_twice()
                self._looked = now
            return self._view

    def _look_twice(self) -> View:
        """Look, and once more when a swap removed the generation under our hands."""
        name = self._generations.live_name()
        try:
            return self._look()
        except UnavailableError:
            if self._generations.live_name() == name:
                raise
            return self._look()

    def look_again(self) -> None:
        """Forget how fresh the view is: this process has just committed."""
        with self._lock:
            self._looked = 0.0

    def release(self) -> None:
        """Let go of mapped files and caches."""
        with self._lock:
            self._index = self._view = None

    def _look(self) -> View:
        live = self._generations.live()
        if live.schema_fingerprint != self._fingerprint:
            raise UnavailableError(
                f"the search index was built with other fields; {REMEDY}", detail_zh=REMEDY_ZH
            )
        with engine_errors("reading the search index"):
            stamp = meta_stamp(live.folder)
            view = self._view
            if view and view.generation == live and view.stamp == stamp:
                return view
            return self._open(live, stamp)

    def _open(self, live: Generation, stamp: tuple[int, int, int]) -> View:
        if self._index is None or self._view is None or self._view.generation != live:
            self._index = open_index(live.folder)
        self._index.reload()
        searcher = self._index.searcher()
        return View(live, stamp, self._index.schema, searcher, Dictionary(searcher))
