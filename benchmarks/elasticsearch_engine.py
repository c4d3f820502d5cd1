"""The search port on Elasticsearch against the bare client, in one run: bulk rate and queries.

    DOSSIER_TEST_SEARCH_URL=http://127.0.0.1:9200 python benchmarks/elasticsearch_engine.py

Without that variable the tests' own server is started (Java and Maven are needed). Bare means the
Elasticsearch client itself: ``client.bulk`` fed with prepared bytes by as many threads, and one search
for twenty rows with their key and an exact count. The rows are those of ``search_engine.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from uuid import uuid4

from search_engine import FACETS, made_ahead, percentile, query_sets, rows, timed

from dossier.adapters.elasticsearch import ElasticsearchIndex, ServerAddress
from dossier.adapters.elasticsearch.bulk import put
from dossier.adapters.elasticsearch.translate import every
from dossier.search.compile import compile_query
from dossier.search.fields import load_fields
from dossier.search.gate import scope_expression
from dossier.search.parser import parse
from dossier.search.port import DocumentRow, RowKind, Scope, SearchRight, scoped
from dossier.search.rows import RowEncoder, row_key
from tests.support_elasticsearch import server_url

STREAMS = 2  # as the builder's
CHUNK = 500
AGENT = frozenset(SearchRight) - {SearchRight.PHONE_PARTIAL, SearchRight.ID_LAST4}
SCOPE = Scope(tokens=frozenset(f"unit:{unit}" for unit in range(20)), secrecy=frozenset())


def operations(sample, generation) -> Iterator[bytes]:
    """The prepared lines of each row."""
    encoder = RowEncoder(str)
    for row in sample:
        is_document = isinstance(row, DocumentRow)
        kind = RowKind.DOCUMENT if is_document else RowKind.CUSTOMER
        key = row_key(kind, row.document_id if is_document else row.customer_no)
        yield put(generation.index_of(kind), key, row.revision, encoder.encode(row)).body


def bare_bulk(client, lines: list[bytes]) -> None:
    chunks = [b"".join(lines[at : at + CHUNK]) for at in range(0, len(lines), CHUNK)]
    with ThreadPoolExecutor(STREAMS) as pool:
        answers = pool.map(lambda body: client.bulk(operations=body, filter_path="errors"), chunks)
        assert not any(answer["errors"] for answer in answers)


def bulk_rates(index: ElasticsearchIndex, sample, times: int) -> dict[str, list[float]]:
    """Rows a second: the bare client with prepared bytes, and ours from the rows, in turns."""
    generations, client = index._generations, index._server.patient
    found: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(times):
        generation = generations.create()
        generations.refresh_by_itself(generation, on=False)
        prepared = list(operations(sample, generation))
        started = time.perf_counter()
        bare_bulk(client, prepared)
        client.indices.refresh(index=generation.both)
        found["bare"].append(len(sample) / (time.perf_counter() - started))
        generations.remove(generation)
        del prepared
        with index.build() as builder:
            started = time.perf_counter()
            builder.apply(upserts=sample)
            builder.commit()
            found["ours"].append(len(sample) / (time.perf_counter() - started))
    return found


def bare_query(index: ElasticsearchIndex, text: str) -> Callable[[], object]:
    """The text's own query with the scope, twenty rows with their key, an exact count."""
    compiled = compile_query(parse(text), rights=AGENT, number_hash=str)
    translate = index._server.translate
    query = every([translate.query(compiled.match), translate.query(scope_expression(SCOPE))])
    view = index._look()
    return partial(
        index._server.client.search,
        index=view.both,
        query=query,
        size=20,
        source=False,
        docvalue_fields=["key"],
        track_total_hits=True,
    )


def query_times(index: ElasticsearchIndex, args: argparse.Namespace) -> dict[str, dict[str, float]]:
    table = {}
    for name, texts in query_sets(args).items():
        times: dict[str, list[float]] = {"bare": [], "ours": [], "facets": [], "suggest": []}
        for text in texts * args.repeat:
            query = scoped(parse(text), scope=SCOPE, rights=AGENT)
            plain = partial(index.search, query, size=20, documents_per_group=3)
            times["bare"].append(timed(bare_query(index, text), time.perf_counter))
            times["ours"].append(timed(plain, time.perf_counter))
            times["facets"].append(timed(partial(plain, facets=FACETS), time.perf_counter))
            times["suggest"].append(timed(partial(index.suggest, query), time.perf_counter))
        table[name] = {
            f"{label} {mark}": percentile(values, share)
            for label, values in times.items()
            for mark, share in (("p50", 0.5), ("p95", 0.95))
        }
    return table


def rebuild_while_searching(index: ElasticsearchIndex, args: argparse.Namespace, sample) -> None:
    """Search times alone and during a rebuild, and whether any search failed."""
    texts = [text for several in query_sets(args).values() for text in several[:5] if text]
    quiet, beside, failures = [], [], 0
    stop = threading.Event()
    rng = random.Random(args.seed)

    def search(times: list[float]) -> None:
        query = scoped(parse(rng.choice(texts)), scope=SCOPE, rights=AGENT)
        times.append(timed(partial(index.search, query, size=20), time.perf_counter))

    for _ in range(150):
        search(quiet)

    def build() -> None:
        with index.build() as builder:
            builder.apply(upserts=sample)
            builder.publish()
        stop.set()

    thread = threading.Thread(target=build)
    thread.start()
    while not stop.is_set():
        try:
            search(beside)
        except Exception:
            failures += 1
    thread.join()
    for label, times in (("quiet", quiet), ("while rebuilding", beside)):
        print(
            f"{label}: {len(times)} searches, p50 {percentile(times, 0.5):.1f} ms, p95 {percentile(times, 0.95):.1f} ms"
        )
    print(f"searches that failed while rebuilding: {failures}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=4_000)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--sample", type=int, default=4_000, help="rows for the bulk rates")
    parser.add_argument("--times", type=int, default=3, help="bulk rates are the median of so many")
    parser.add_argument("--bulk-only", action="store_true", help="leave after the bulk rates")
    parser.add_argument("--repeat", type=int, default=1, help="times that each query is asked")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--major", choices=("8", "9"), default="8")
    args = parser.parse_args()
    name = f"bench{uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory() as folder:
        index = ElasticsearchIndex(
            ServerAddress((server_url(args.major),), name=name, seconds=60),
            lock_folder=Path(folder),
            fields=load_fields(),
            number_hash=str,
        )
        print(
            json.dumps(
                {
                    "python": platform.python_version(),
                    "cpus": os.cpu_count(),
                    "load": os.getloadavg()[0],
                    "customers": args.customers,
                    "documents": args.documents,
                }
            )
        )
        try:
            run(index, args)
        finally:
            for each in index._server.client.indices.get(index=f"{name}-*"):
                index._server.client.indices.delete(index=each)
            index.close()


def run(index: ElasticsearchIndex, args: argparse.Namespace) -> None:
    # As a rebuild reads rows: what is masked was found at intake.
    sample = [made_ahead(row) for row in islice(rows(args), args.sample)]
    rates = bulk_rates(index, sample, args.times)
    bare, ours = (statistics.median(rates[each]) for each in ("bare", "ours"))
    print(
        f"bulk, rows a second: ours {ours:.0f}, bare {bare:.0f}, ratio {ours / bare:.2f} of {rates}"
    )
    if args.bulk_only:
        return
    started = time.perf_counter()
    with index.build() as builder:
        builder.apply(upserts=rows(args))
        builder.publish()
    seconds = time.perf_counter() - started
    print(
        f"whole build: {(args.customers + args.documents) / seconds:.0f} rows/s with making the texts"
    )
    state = index.state()
    print(f"{state.engine}: {state.rows} rows, {state.size_bytes / 2**20:.0f} MiB")
    query_times(index, args)  # warm
    table = query_times(index, args)
    head = list(next(iter(table.values())))
    print("| query (wall ms) | " + " | ".join(head) + " |")
    print("|---" * (len(head) + 1) + "|")
    for name, values in table.items():
        print(f"| {name} | " + " | ".join(f"{values[key]:.1f}" for key in head) + " |")
    rebuild_while_searching(index, args, sample)
    print(f"load at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
