"""The search port on Elasticsearch (contract: :class:`dossier.search.port.SearchIndex`)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from dossier.adapters.elasticsearch.dossiers import count_dossiers, finder
from dossier.adapters.elasticsearch.faults import GoneError, RebuildNeededError, in_trouble
from dossier.adapters.elasticsearch.generations import Generation, Generations
from dossier.adapters.elasticsearch.groups import GroupOrder, all_keys, first_keys
from dossier.adapters.elasticsearch.lease import right_to_write
from dossier.adapters.elasticsearch.page import PageMaker
from dossier.adapters.elasticsearch.server import Server, ServerAddress
from dossier.adapters.elasticsearch.suggestions import suggestions
from dossier.adapters.elasticsearch.translate import Translator
from dossier.adapters.elasticsearch.writer import ElasticsearchBuilder, ElasticsearchWriter
from dossier.errors import QueryError, SearchServerTroubleError, UnavailableError
from dossier.search.analysis import NumberHash
from dossier.search.answers import MAX_PAGE_SIZE
from dossier.search.compile import CompiledQuery, compile_query
from dossier.search.cursor import Place, decode_cursor, encode_cursor
from dossier.search.expression import All, Expression, Term, all_of
from dossier.search.fields import FieldList
from dossier.search.gate import check_names, digest, filter_expression, scope_expression
from dossier.search.of_customers import (
    FEW_GROUPS,
    Find,
    counted_together,
    directly,
    dossiers,
    joined,
    joined_query,
    those,
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
from dossier.search.rows import RowEncoder

_LOOK_EVERY_SECONDS = 1.0  # a swap removes the old indices, so a stale view is noticed at once
_ROWS_AT_ONCE = 5000
_KEEP_ALIVE = "2m"
_Answer = TypeVar("_Answer")


class ElasticsearchIndex:
    """An index on a server, shared by all machines that name the same server and prefix.

    Nothing is asked of the server before the first use.

    Args:
        address: the server.
        lock_folder: on this machine; its lock file keeps this machine's processes apart.
        fields: the field list; its fingerprint decides whether a generation can be used.
        number_hash: keyed hash for sensitive numbers.
        mark: names this archive on the server, whatever its key is later; empty: by the hash.
    """

    def __init__(
        self,
        address: ServerAddress,
        *,
        lock_folder: Path,
        fields: FieldList,
        number_hash: NumberHash,
        mark: str = "",
    ) -> None:
        self._fields = fields
        self._hash = number_hash
        self._server = Server(address, Translator(fields))
        archive = mark or number_hash("elasticsearch index of this archive")
        self._generations = Generations(self._server, fields, archive=archive)
        self._lock_file = lock_folder / f"{address.name}.lock"
        self._lock = threading.Lock()
        self._view: Generation | None = None
        self._looked = 0.0

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
        start = decode_cursor(after, digest(query)) if after else None
        page = _Page(max(1, min(size, MAX_PAGE_SIZE)), documents_per_group, start)
        return self._viewing(lambda view: self._search(view, query, page, facets))

    def suggest(self, query: ScopedQuery, *, size: int = 10) -> tuple[Suggestion, ...]:
        """Customers and types that begin with what was typed, in scope."""
        compiled = self._compile(query)
        if compiled.everything or size < 1:
            return ()
        gate = all_of(scope_expression(query.scope), filter_expression(query))

        def suggested(view: Generation) -> tuple[Suggestion, ...]:
            find = finder(self._server, view, query.scope)
            asked = joined_query(compiled, find)
            return suggestions(self._server, view, asked, joined(gate, find), size)

        return self._viewing(suggested)

    def state(self) -> GenerationState:
        """The generation that answers now."""
        return self._viewing(self._state)

    def count(self, kind: RowKind) -> int:
        """Rows of a kind, whatever the scope."""

        def counted(view: Generation) -> int:
            index = view.index_of(kind)
            found = self._server.read(
                "counting rows",
                lambda client: client.count(index=index, filter_path="count,_shards.failed"),
            )
            if found["_shards"]["failed"]:
                raise in_trouble()
            return int(found["count"])

        return self._viewing(counted)

    def rows(self) -> Iterator[IndexedRow]:
        """Every row's key and revision, from one point in time."""
        doing = "reading the rows"
        view = self._look(fresh=True)
        opened = self._server.read(
            doing,
            lambda client: client.open_point_in_time(index=view.both, keep_alive=_KEEP_ALIVE),
        )
        moment, after = opened["id"], None
        try:
            while True:
                ask = partial(_rows, moment=moment, after=after)
                answer = self._server.read(doing, ask)
                hits = answer["hits"]["hits"]
                yield from map(_indexed, hits)
                if len(hits) < _ROWS_AT_ONCE:
                    return
                moment, after = answer["pit_id"], hits[-1]["sort"]
        finally:
            self._server.read(doing, lambda client: client.close_point_in_time(id=moment))

    def needs_rebuild(self) -> str | None:
        """Why a new generation must be built, or None.

        Raises:
            UnavailableError: that cannot be told now, or building would not mend it: the server
                does not answer, is the wrong one, or is in trouble.
        """
        try:
            view = self._look(fresh=True)
        except RebuildNeededError as err:
            return err.detail
        health = self._server.read(
            "asking for the index' health",
            lambda client: client.cluster.health(
                index=view.both, filter_path="status", timeout="1s"
            ),
        )
        if health["status"] == "red":
            raise in_trouble()
        return None

    # --- writing -----------------------------------------------------------------------------

    @contextmanager
    def writer(self) -> Iterator[ElasticsearchWriter]:
        """Take the right to write the live generation; makes an empty one if there is none."""
        with right_to_write(self._server, self._lock_file, self._check) as lease:
            writer = ElasticsearchWriter(
                self._server,
                self._live_for_writing(),
                RowEncoder(self._hash),
                lease,
                self._look_again,
            )
            try:
                yield writer
            finally:
                writer.finish()

    @contextmanager
    def build(self) -> Iterator[ElasticsearchBuilder]:
        """Take the right to write and build a new generation beside the live one."""
        with right_to_write(self._server, self._lock_file, self._check) as lease:
            self._generations.sweep()
            generation = self._generations.create()
            self._generations.refresh_by_itself(generation, on=False)
            builder = ElasticsearchBuilder(
                self._server,
                generation,
                RowEncoder(self._hash),
                lease,
                self._look_again,
                self._generations,
            )
            try:
                yield builder
            finally:
                builder.finish()
                if not builder.published:
                    with suppress(UnavailableError):  # the next build sweeps it away
                        self._generations.remove(generation)

    def release(self) -> None:
        """Let go of connections and caches; the next call opens again."""
        self._look_again()
        self._server.forget()

    def close(self) -> None:
        """Let go of everything."""
        self.release()

    # --- inside ------------------------------------------------------------------------------

    def _search(
        self, view: Generation, query: ScopedQuery, page: _Page, facets: Sequence[str]
    ) -> SearchAnswer:
        compiled = self._compile(query)
        plain = finder(self._server, view, query.scope)
        compiled, wider = joined_query(compiled, plain), compiled.wider
        find = self._finder(view, compiled, query) or plain
        gate = joined(all_of(scope_expression(query.scope), filter_expression(query)), find)
        of_papers = [name for name in facets if name not in query.of_dossiers]
        order = self._ordered(view, query, compiled, gate, plain)
        found = order.look(page.start, page.size + 1, of_papers)
        if wider is not None and compiled.is_too_few(found.groups):
            wider = joined_query(wider, plain)
            gate = joined(all_of(scope_expression(query.scope), filter_expression(query)), plain)
            order = self._ordered(view, query, wider, gate, plain)
            # A place that takes any token beginning so may have more of them than the server
            # takes in one query: then the exact answers are the answer.
            with suppress(QueryError):
                found = order.look(page.start, page.size + 1, of_papers)
                compiled = wider
        counted = dict(found.facets)
        counted |= self._of_dossiers(view, compiled, query, plain, facets, found.groups)
        key = digest(query)
        shown = found.places[: page.size]
        maker = PageMaker(self._server, view, compiled, gate)
        return SearchAnswer(
            groups=maker.groups([place.group for place in shown], page.documents),
            total=found.groups,
            total_documents=found.documents,
            facets={name: counted[name] for name in facets},
            cursor=encode_cursor(shown[-1], key) if len(found.places) > page.size else None,
            generation=view.name,
        )

    def _ordered(
        self,
        view: Generation,
        query: ScopedQuery,
        compiled: CompiledQuery,
        gate: Expression,
        find: Find,
    ) -> GroupOrder:
        # A facet with a choice counts what the other filters leave.
        chosen = {
            name: self._leaving_out((name,), query, compiled, find)
            for name, values in query.filters.items()
            if values and name not in query.of_dossiers
        }
        return GroupOrder(self._server, view, list(_segments(compiled, gate, query.own)), chosen)

    def _leaving_out(
        self, names: Collection[str], query: ScopedQuery, compiled: CompiledQuery, find: Find
    ) -> Expression:
        """What matches when the choices of these facets are left out."""
        kept = joined(filter_expression(query, without=names), find)
        return all_of(compiled.match, scope_expression(query.scope), kept)

    def _finder(self, view: Generation, compiled: CompiledQuery, query: ScopedQuery) -> Find | None:
        """Finds customers among those of the rest of the query, where these are few; else None."""
        if query.of_dossiers.isdisjoint(query.filters):
            return None
        rest = filter_expression(query, without=query.of_dossiers)
        if isinstance(all_of(compiled.match, rest), All):
            return None
        matching = all_of(compiled.match, scope_expression(query.scope), rest)
        groups = first_keys(
            self._server, view.both, self._server.translate.query(matching), FEW_GROUPS + 1
        )
        if len(groups) > FEW_GROUPS:
            return None
        return finder(self._server, view, query.scope, among=groups)

    def _of_dossiers(
        self,
        view: Generation,
        compiled: CompiledQuery,
        query: ScopedQuery,
        find: Find,
        facets: Sequence[str],
        about: int,
    ) -> dict[str, tuple[FacetCount, ...]]:
        """How many of the dossiers that match have each value; those alone that one may know of."""
        found: dict[str, tuple[FacetCount, ...]] = {}
        for names, left_out in counted_together(query, facets):
            rows = directly(query, names[0], everything=compiled.everything)
            if rows is None:
                matching = self._leaving_out(left_out, query, compiled, find)
                groups = all_keys(
                    self._server,
                    view.both,
                    self._server.translate.query(matching),
                    about=0 if left_out else about,
                )
                rows = all_of(dossiers(query.scope), those(groups))
            found |= count_dossiers(self._server, view, rows, names)
        return found

    def _state(self, view: Generation) -> GenerationState:
        stats = self._server.read(
            "measuring the search index",
            lambda client: client.indices.stats(
                index=view.both, metric="docs,store", filter_path="_all.primaries"
            ),
        )["_all"]["primaries"]
        return GenerationState(
            view.name,
            view.schema_fingerprint,
            int(stats["docs"]["count"]),
            int(stats["store"]["size_in_bytes"]),
            engine=f"Elasticsearch {self._server.version}",
        )

    def _compile(self, query: ScopedQuery) -> CompiledQuery:
        return compile_query(
            query.query, rights=query.rights, number_hash=self._hash, places=query.places
        )

    def _viewing(self, ask: Callable[[Generation], _Answer]) -> _Answer:
        """Ask the live generation; once more when a swap removed it under our hands.

        A search that is under way meanwhile may also say that no shard answers.
        """
        view = self._look()
        try:
            return ask(view)
        except (GoneError, SearchServerTroubleError):
            newer = self._look(fresh=True)
            if newer == view:
                raise
            return ask(newer)

    def _look(self, *, fresh: bool = False) -> Generation:
        """The live generation as it was at most a second ago."""
        with self._lock:
            now = time.monotonic()
            if fresh or self._view is None or now - self._looked >= _LOOK_EVERY_SECONDS:
                self._view = None
                self._view = self._generations.live()
                self._looked = now
            return self._view

    def _look_again(self) -> None:
        with self._lock:
            self._view = None

    def _check(self) -> None:
        """Refuse a server that is not fit, before anything is written there."""
        self._generations.live_or_none()

    def _live_for_writing(self) -> Generation:
        if self._generations.live_or_none() is None:
            self._generations.publish(self._generations.create())
        return self._generations.live()


@dataclass(frozen=True, slots=True)
class _Page:
    """Which page is wanted."""

    size: int
    documents: int
    start: Place | None


def _segments(
    compiled: CompiledQuery, gate: Expression, own: frozenset[str]
) -> Iterator[Expression]:
    mine = Term("scope", tuple(sorted(own)))
    for expression in (*(each for _, each in compiled.classes), compiled.match):
        within = all_of(expression, gate)
        if own:
            yield all_of(within, mine)
        yield within


def _rows(client: Any, moment: str, after: list[Any] | None) -> Any:
    return client.search(
        pit={"id": moment, "keep_alive": _KEEP_ALIVE},
        sort=[{"_shard_doc": "asc"}],
        search_after=after,
        size=_ROWS_AT_ONCE,
        source=False,
        docvalue_fields=["key", "revision"],
        track_total_hits=False,
    )


def _indexed(hit: dict[str, Any]) -> IndexedRow:
    letter, _, key = str(hit["fields"]["key"][0]).partition(":")
    kind = RowKind.CUSTOMER if letter == "c" else RowKind.DOCUMENT
    return IndexedRow(kind, key, int(hit["fields"]["revision"][0]))


_: type[SearchIndex] = ElasticsearchIndex
