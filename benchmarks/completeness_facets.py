"""Facets of completeness: what they cost beside the same answer without them, and a bare query.

    python benchmarks/completeness_facets.py --customers 100000 --papers 3
    python benchmarks/completeness_facets.py --customers 100000 --papers 3 --server http://127.0.0.1:9200

One index, one client, in turns: the answer without facets, the same with ``completeness`` and
``missing``, and the engine asked the same words for twenty rows and their number. Every question is
new to the index (what an engine's adapter keeps is let go before each). People and texts are
invented from the seed. On the embedded engine all is in this process, so its processor time is
given; of a server only the clock can be told.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from dossier.adapters.elasticsearch import ElasticsearchIndex, ServerAddress
from dossier.adapters.tantivy import TantivyIndex
from dossier.adapters.tantivy.engine import make_query
from dossier.adapters.tantivy.resolve import resolve_query
from dossier.search.compile import compile_query
from dossier.search.fields import load_fields
from dossier.search.parser import parse
from dossier.search.port import (
    CustomerRow,
    DocumentRow,
    Row,
    Scope,
    ScopedQuery,
    SearchIndex,
    SearchRight,
    document_order,
    scoped,
)
from dossier.search.rows import PARTS, FieldValues, RowEncoder

CODES = tuple(f"{letter}{number:02d}" for letter in "ABCD" for number in range(1, 6))
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超"
RARE = tuple(f"编号{number:04d}" for number in range(2000))
COMMON, HALF = "用电", "合同"
STATIONS = tuple(f"s{number}" for number in range(20))
FACETS = ("completeness", "missing")
RIGHTS = frozenset(SearchRight)
WHOLE = Scope(unlimited=True, secrecy=None)
Clock = Callable[[], float]


@dataclass(frozen=True)
class Question:
    """Words and filters; ``{}`` stands for what differs from one time to the next."""

    name: str
    text: str = ""
    filters: Mapping[str, str] = ()  # type: ignore[assignment]


QUESTIONS = (
    Question("everything"),
    Question("everything, incomplete", filters={"completeness": "incomplete"}),
    Question("everything, lacks A01", filters={"missing": "A01"}),
    Question("one station", filters={"station": "{station}"}),
    Question("one station, lacks A01", filters={"station": "{station}", "missing": "A01"}),
    Question("name", "{name}"),
    Question("name, incomplete", "{name}", {"completeness": "incomplete"}),
    Question("rare word", "{rare}"),
    Question("rare word, lacks A01", "{rare}", {"missing": "A01"}),
    Question("lacks:, and a rare word", "{rare} missing:A01"),
    Question("word of half the papers", HALF),
    Question("word of half the papers, lacks A01", HALF, {"missing": "A01"}),
    Question("word of all papers", COMMON),
    Question("papers of one type", filters={"type": "C01"}),
)


def rows(args: argparse.Namespace) -> Iterator[Row]:
    rng = random.Random(args.seed)
    number = 0
    for at in range(args.customers):
        lacking = tuple(code for code in CODES if rng.random() < 0.15)
        owner = CustomerRow(
            customer_no=f"42{at:08d}", revision=1, order=at, name=name(rng), category="LR",
            status="active", station=rng.choice(STATIONS), scope=("owned", "unit:1"),
            completeness="incomplete" if lacking else "complete", missing=lacking,
        )  # fmt: skip
        yield owner
        for _ in range(args.papers):
            number += 1
            words = [COMMON, rng.choice(RARE), *([HALF] if rng.random() < 0.5 else [])]
            yield DocumentRow(
                document_id=f"d{number}", revision=1, order=document_order(20260101, number),
                customer=owner, station=owner.station, scope=owner.scope, year="2026",
                type_code=rng.choice(CODES), page_texts=("\n".join(words),),
            )  # fmt: skip


class Encoder(RowEncoder):
    """Works out each name and each text once: of 100,000 customers there are some thousand.

    The first rows are held against those of the true one.
    """

    CHECKED = 200
    PAPERS_OWN = ("kind", "key", "secrecy", "order", "type", "year", "text")

    def __init__(self) -> None:
        super().__init__(str)
        self._known: dict[str, FieldValues] = {}
        self._rows = 0

    def encode(self, row: Row) -> FieldValues:
        found = self._customer_row(row) if isinstance(row, CustomerRow) else self._paper_row(row)
        self._rows += 1
        if self._rows <= self.CHECKED:
            assert found == super().encode(row), row
        return found

    def _customer_row(self, row: CustomerRow) -> FieldValues:
        like = self._known.get(row.name)
        if like is None:
            like = self._known[row.name] = super().encode(row)
        group = 2 << 60 | row.order
        lists = {"completeness": [row.completeness], "missing": list(row.missing)}
        return {
            **{key: value for key, value in like.items() if key != "missing"},
            **{key: value for key, value in lists.items() if value},
            "key": [f"c:{row.customer_no}"], "owner": [row.customer_no],
            "customer_no": [row.customer_no], "customer_no_reversed": [row.customer_no[::-1]],
            "group": group, "part": group % PARTS, "station": [row.station],
        }  # fmt: skip

    def _paper_row(self, row: DocumentRow) -> FieldValues:
        assert row.customer
        text = row.page_texts[0]
        like = self._known.get(text)
        if like is None:
            like = self._known[text] = super().encode(row)
        values = self._customer_row(row.customer)
        for name in ("completeness", "missing"):
            values.pop(name, None)
        own = {key: like[key] for key in self.PAPERS_OWN}
        return values | own | {
            "key": [f"d:{row.document_id}"], "order": row.order, "type": [row.type_code],
        }  # fmt: skip


def name(rng: random.Random) -> str:
    return rng.choice(SURNAMES) + rng.choice(GIVEN) + rng.choice(GIVEN)


def asked(question: Question, rng: random.Random) -> ScopedQuery:
    words = {"name": name(rng), "rare": rng.choice(RARE), "station": rng.choice(STATIONS)}
    filters = {key: (value.format(**words),) for key, value in dict(question.filters).items()}
    text = question.text.format(**words)
    return scoped(parse(text), scope=WHOLE, rights=RIGHTS, filters=filters)


def timed(clock: Clock, ask: Callable[[], Any]) -> float:
    started = clock()
    ask()
    return (clock() - started) * 1000


def measure(
    index: SearchIndex, question: Question, args: argparse.Namespace, clock: Clock
) -> dict[str, list[float]]:
    rng = random.Random(args.seed + 1)
    found: dict[str, list[float]] = {"bare": [], "ours": [], "facets": [], "facets again": []}
    for _ in range(args.times):
        query = asked(question, rng)
        for which, facets in (("ours", ()), ("facets", FACETS)):
            index.release()
            index.state()  # opens it again
            found[which].append(timed(clock, lambda: index.search(query, facets=facets)))  # noqa: B023
        found["facets again"].append(timed(clock, lambda: index.search(query, facets=FACETS)))  # noqa: B023
        found["bare"].append(timed(clock, bare(index, query)))
    return found


def bare(index: SearchIndex, query: ScopedQuery) -> Callable[[], Any]:
    """The engine itself, asked for twenty rows of the same words and their number."""
    compiled = compile_query(query.query, rights=RIGHTS, number_hash=str)
    if isinstance(index, TantivyIndex):
        view = index._reader.view()
        if "missing:" in query.query.text:
            return lambda: None
        found = make_query(view.schema, resolve_query(compiled, view.dictionary).match)
        return lambda: view.searcher.search(found, 20, count=True)
    assert isinstance(index, ElasticsearchIndex)
    if "missing:" in query.query.text:
        return lambda: None
    view = index._look()
    body = {
        "size": 20,
        "track_total_hits": True,
        "query": index._server.translate.query(compiled.match),
    }
    return lambda: index._server.search([(view.both, body)])


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def opened(args: argparse.Namespace, folder: Path) -> SearchIndex:
    if not args.server:
        return TantivyIndex(folder / "index", fields=load_fields(), number_hash=str)
    address = ServerAddress((args.server,), name=f"bench{uuid4().hex[:8]}")
    return ElasticsearchIndex(address, lock_folder=folder, fields=load_fields(), number_hash=str)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=5_000)
    parser.add_argument("--papers", type=int, default=3, help="of each customer")
    parser.add_argument("--times", type=int, default=15)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--server", default="", help="an Elasticsearch; empty: embedded")
    args = parser.parse_args()
    clock, what = (time.perf_counter, "wall") if args.server else (time.process_time, "cpu")
    folder = Path(tempfile.mkdtemp(prefix="facets-bench-"))
    index = opened(args, folder)
    try:
        started = time.perf_counter()
        with index.build() as builder:
            builder._encoder = Encoder()
            builder.apply(upserts=rows(args))
            builder.publish()
        state = index.state()
        about = {
            "python": platform.python_version(), "cpus": os.cpu_count(),
            "arch": platform.machine(), "engine": state.engine, "customers": args.customers,
            "papers": args.customers * args.papers, "MiB": state.size_bytes >> 20,
            "built in s": round(time.perf_counter() - started, 1),
            "load": round(os.getloadavg()[0], 1),
        }  # fmt: skip
        print(json.dumps(about))
        for_again = "facets again p50"
        print(
            f"| question ({what} ms) | bare p50 | ours p50 | facets p50 | facets p95 | {for_again} | facets / bare |"
        )
        print("|---|---|---|---|---|---|---|")
        everything: list[float] = []
        for question in QUESTIONS:
            found = measure(index, question, args, clock)
            everything += found["facets"]
            middle = {key: statistics.median(values) for key, values in found.items()}
            ratio = f"{middle['facets'] / middle['bare']:.1f}" if middle["bare"] > 0.01 else "-"
            print(
                f"| {question.name} | {middle['bare']:.1f} | {middle['ours']:.1f} |"
                f" {middle['facets']:.1f} | {percentile(found['facets'], 0.95):.1f} |"
                f" {middle['facets again']:.1f} | {ratio} |"
            )
        print(f"all questions with facets: p95 {percentile(everything, 0.95):.1f} ms (target 60)")
        print(f"load {os.getloadavg()[0]:.1f}")
    finally:
        if isinstance(index, ElasticsearchIndex):
            server = index._server.client
            for each in server.indices.get(index=f"{index._generations._prefix}-*"):
                server.indices.delete(index=each)
        index.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
