"""The search port on tantivy (contract: :class:`dossier.search.port.SearchIndex`)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tantivy import Query

from dossier.adapters.tantivy.dossiers import count_dossiers, finder
from dossier.adapters.tantivy.engine import engine_errors, term_query
from dossier.adapters.tantivy.facets import count_facets
from dossier.adapters.tantivy.generations import Generation, Generations, size_bytes
from dossier.adapters.tantivy.groups import GroupOrder, Summary
from dossier.adapters.tantivy.page import PageMaker
from dossier.adapters.tantivy.reader import Reader, View
from dossier.adapters.tantivy.resolve import resolve_query
from dossier.adapters.tantivy.suggestions import suggest_customers, suggest_types
from dossier.adapters.tantivy.writer import TantivyBuilder, TantivyWriter
from dossier.errors import UnavailableError
from dossier.kept import Kept
from dossier.search.analysis import NumberHash
from dossier.search.answers import MAX_PAGE_SIZE
from dossier.search.compile import CompiledQuery, compile_query
from dossier.search.cursor import Place, decode_cursor, encode_cursor
from dossier.search.expression import All, all_of
from dossier.search.fields import FieldList
from dossier.search.gate import check_names, digest, filter_expression, scope_expression
from dossier.search.of_customers import (
    FEW_GROUPS,
    Find,
    counted_together,
    directly,
    dossiers,
    is_joined,
    is_told_by_own_rows,
    joined,
    joined_query,
)
from dossier.search.port import (
    FacetCount,
    GenerationState,
    IndexedRow,
    RowKind,
    ScopedQuery,
    SearchAnswer,
    SearchIndex,
    Suggestion,
)
from dossier.search.rows import PARTS, RowEncoder

_ORDERS_KEPT = 64  # orders of 100,000 groups take 0.8 MB each
_ANSWERS_KEPT = 500  # answers of twenty groups take 20 kB each


@dataclass(frozen=True, slots=True)
class _Page:
    """What is asked about a query."""

    start: Place | None
    size: int
    documents_per_group: int
    facets: tuple[str, ...]


class TantivyIndex:
    """An embedded index below ``root``, on a local disk.

    Args:
        root: folder of generations; made when the first writer comes.
        fields: the field list; its fingerprint decides whether a generation can be used.
        number_hash: keyed hash for sensitive numbers.
        few_rows: rows that are looked at one by one; where more match, the engine's aggregations
            are faster and take no memory a row.
    """

    def __init__(
        self, root: Path, *, fields: FieldList, number_hash: NumberHash, few_rows: int = 1000
    ) -> None:
        self._few_rows = few_rows
        self._fields = fields
        self._hash = number_hash
        self._generations = Generations(root)
        self._reader = Reader(self._generations, fields)
        self._orders: Kept[GroupOrder] = Kept(_ORDERS_KEPT)
        self._answers: Kept[SearchAnswer] = Kept(_ANSWERS_KEPT)

    # --- reading -----------------------------------------------------------------------------

    def search(
        self,
        query: ScopedQuery,
        *,
        size: int = 20,
        documents_per_group: int = 5,
        after: str | None = None,
        facets: Sequence[str] = (),
    ) -> SearchAnswer:
        """One page of groups in ranked order."""
        check_names(query, facets, self._fields)
        key = digest(query)
        start = decode_cursor(after, key) if after else None
        page = _Page(start, max(1, min(size, MAX_PAGE_SIZE)), documents_per_group, tuple(facets))
        view = self._reader.view()
        with engine_errors("searching"):
            return self._answers.get(
                (key, *_moment(view), page), lambda: self._answer(view, query, key, page)
            )

    def _answer(self, view: View, query: ScopedQuery, key: str, page: _Page) -> SearchAnswer:
        compiled = self._compile(query)
        scope = scope_expression(query.scope)
        of_papers = [name for name in page.facets if name not in query.of_dossiers]
        chosen = [name for name in of_papers if query.filters.get(name)]
        others = [name for name in of_papers if name not in chosen]
        order, summary = self._ordered(view, compiled, query, key, others)
        if compiled.wider is not None and compiled.is_too_few(summary.groups):
            compiled, key = compiled.wider, f"{key} wider"
            order, summary = self._ordered(view, compiled, query, key, others)
        # A facet with a choice counts what the other filters leave.
        counted = dict(summary.facets)
        find = finder(view, query.scope)
        for name in chosen:
            kept = joined(filter_expression(query, without=(name,)), find)
            counted |= count_facets(view, all_of(order.compiled.match, scope, kept), [name])
        counted |= self._of_dossiers(view, compiled, query, key, page.facets)
        key = digest(query)
        places = order.after(page.start, page.size + 1)
        shown = places[: page.size]
        groups = PageMaker(view, order).groups(
            [place.group for place in shown], page.documents_per_group
        )
        return SearchAnswer(
            groups=groups,
            total=summary.groups,
            total_documents=summary.documents,
            facets={name: counted[name] for name in page.facets},
            cursor=encode_cursor(shown[-1], key) if len(places) > page.size else None,
            generation=view.generation.name,
        )

    def suggest(self, query: ScopedQuery, *, size: int = 10) -> tuple[Suggestion, ...]:
        """Customers and types that begin with what was typed, in scope."""
        compiled = self._compile(query)
        if compiled.everything:
            return ()
        gate = all_of(scope_expression(query.scope), filter_expression(query))
        view = self._reader.view()
        with engine_errors("suggesting"):
            find = finder(view, query.scope)
            compiled = resolve_query(joined_query(compiled, find), view.dictionary)
            gate = joined(gate, find)
            customers = suggest_customers(view, compiled, gate, size)
            types = suggest_types(view, compiled, gate, size - len(customers))
            return (*customers, *types)

    def state(self) -> GenerationState:
        """The generation that answers now."""
        view = self._reader.view()
        generation = view.generation
        with engine_errors("measuring the search index"):
            size = size_bytes(generation.folder)
        return GenerationState(
            generation.name,
            generation.schema_fingerprint,
            view.searcher.num_docs,
            size,
            engine=f"tantivy {version('tantivy')}",
        )

    def count(self, kind: RowKind) -> int:
        """Rows of a kind, whatever the scope."""
        view = self._reader.view()
        with engine_errors("counting rows"):
            query = term_query(view.schema, "kind", (kind.value,))
            return int(view.searcher.search(query, 1, count=True).count)

    def rows(self) -> Iterator[IndexedRow]:
        """Every row's key and revision, from one point in time."""
        view = self._reader.view()
        with engine_errors("reading the rows"):
            for part in range(PARTS):
                query = _part_query(view, part)
                limit = max(1, view.searcher.num_docs)
                for _, address in view.searcher.search(query, limit, count=False).hits:
                    stored = view.searcher.doc(address)
                    letter, _, key = str(stored.get_first("key")).partition(":")
                    kind = RowKind.CUSTOMER if letter == "c" else RowKind.DOCUMENT
                    yield IndexedRow(kind, key, int(stored.get_first("revision")))

    def needs_rebuild(self) -> str | None:
        """Why a new generation must be built, or None."""
        try:
            self._reader.look_again()
            self._reader.view()
        except UnavailableError as err:
            return err.detail
        return None

    # --- writing -----------------------------------------------------------------------------

    @contextmanager
    def writer(self) -> Iterator[TantivyWriter]:
        """Take the right to write the live generation; makes an empty one if there is none."""
        with self._generations.right_to_write():
            writer = TantivyWriter(
                self._live_for_writing(), RowEncoder(self._hash), self._reader.look_again
            )
            try:
                yield writer
            finally:
                writer.finish()

    @contextmanager
    def build(self) -> Iterator[TantivyBuilder]:
        """Take the right to write and build a new generation beside the live one."""
        with self._generations.right_to_write():
            self._generations.sweep()
            generation = self._generations.create(self._fields)
            builder = TantivyBuilder(
                generation, self._generations, RowEncoder(self._hash), self._reader.look_again
            )
            try:
                yield builder
            finally:
                builder.finish()
                if not builder.published:
                    shutil.rmtree(generation.folder, ignore_errors=True)

    def release(self) -> None:
        """Let go of memory and caches; the next call opens again."""
        self._reader.release()
        self._orders.clear()
        self._answers.clear()

    def close(self) -> None:
        """Let go of everything."""
        self.release()

    # --- inside ------------------------------------------------------------------------------

    def _compile(self, query: ScopedQuery) -> CompiledQuery:
        return compile_query(
            query.query, rights=query.rights, number_hash=self._hash, places=query.places
        )

    def _ordered(
        self,
        view: View,
        compiled: CompiledQuery,
        query: ScopedQuery,
        key: str,
        facets: Sequence[str],
        *,
        without: frozenset[str] = frozenset(),
    ) -> tuple[GroupOrder, Summary]:
        """The ranked groups and their totals; ``without`` leaves the choices of some facets out."""
        order = self._order(view, compiled, query, key, without)
        return order, order.summary(facets)

    def _order(
        self,
        view: View,
        compiled: CompiledQuery,
        query: ScopedQuery,
        key: str,
        without: frozenset[str],
    ) -> GroupOrder:
        """The ranked groups, kept until the next commit; nothing is counted yet."""

        def make() -> GroupOrder:
            chosen = filter_expression(query, without=without)
            find = self._finder(view, compiled, query, key) if is_joined(chosen) else plain
            kept = joined(chosen, find)
            gate = all_of(scope_expression(query.scope), kept)
            resolved = resolve_query(joined_query(compiled, plain), view.dictionary)
            told = is_told_by_own_rows(query, everything=compiled.everything, without=without)
            return GroupOrder(
                view, resolved, gate, query.own, self._few_rows,
                by_own_rows=told, nobodys=not is_joined(chosen),
            )  # fmt: skip

        without = without.intersection(query.filters)  # one order, whoever leaves it out
        plain = finder(view, query.scope)
        return self._orders.get((key, without, *_moment(view)), make)

    def _finder(self, view: View, compiled: CompiledQuery, query: ScopedQuery, key: str) -> Find:
        """Finds customers; among those of the rest of the query alone, where these are few."""
        rest = filter_expression(query, without=query.of_dossiers)
        is_chosen = not query.of_dossiers.isdisjoint(query.filters)
        if (
            not is_chosen
            or is_joined(compiled.match)
            or isinstance(all_of(compiled.match, rest), All)
        ):
            return finder(view, query.scope)
        order = self._order(view, compiled, query, key, query.of_dossiers)
        few = order.has_few(FEW_GROUPS)
        return finder(view, query.scope, among=order.keys() if few else None)

    def _of_dossiers(
        self,
        view: View,
        compiled: CompiledQuery,
        query: ScopedQuery,
        key: str,
        facets: Sequence[str],
    ) -> dict[str, tuple[FacetCount, ...]]:
        """How many of the dossiers that match have each value; those alone that one may know of."""
        found: dict[str, tuple[FacetCount, ...]] = {}
        for names, left_out in counted_together(query, facets):
            rows = directly(query, names[0], everything=compiled.everything)
            groups = None
            if rows is None:
                order, _ = self._ordered(view, compiled, query, key, (), without=left_out)
                rows, groups = dossiers(query.scope), order.keys()
            found |= count_dossiers(view, rows, names, groups)
        return found

    def _live_for_writing(self) -> Generation:
        if self._generations.live_name() is None:
            self._generations.publish(self._generations.create(self._fields))
        live = self._generations.live()
        if live.schema_fingerprint != self._fields.fingerprint:
            detail = "the search index was built with other fields; run `dossier reindex`"
            raise UnavailableError(detail)
        return live


def _moment(view: View) -> tuple[object, ...]:
    """Changes with every commit and swap: what is kept holds for one moment of the index."""
    return view.generation.name, view.stamp


def _part_query(view: View, part: int) -> Query:
    return Query.term_query(view.schema, "part", part)


_: type[SearchIndex] = TantivyIndex
