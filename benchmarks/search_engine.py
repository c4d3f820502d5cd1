"""One box against the bare engine, in one run: build rate, query classes, facets, memory.

    python benchmarks/search_engine.py --customers 20000 --documents 100000

Bare means tantivy itself: its writer fed with prepared values, its searcher asked one phrase or term
for twenty rows. All people and texts are invented from the seed.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import psutil

from dossier.adapters.tantivy import TantivyIndex
from dossier.adapters.tantivy.engine import make_document, make_query, make_schema, open_index
from dossier.rules import masking
from dossier.rules.normal_form import fold
from dossier.rules.pinyin import readings
from dossier.search.compile import compile_query
from dossier.search.fields import load_fields
from dossier.search.parser import parse
from dossier.search.port import (
    CustomerRow,
    DocumentRow,
    Scope,
    SearchRight,
    document_order,
    scoped,
)
from dossier.search.rows import RowEncoder, known_of

WORDS = [
    "供用电合同",
    "用电申请",
    "低压居民",
    "高压客户",
    "受电工程",
    "竣工检验",
    "装表接电",
    "电费结算",
    "银行代扣",
    "身份证明",
    "产权证明",
    "业务受理",
    "现场勘查",
    "供电方案",
    "设计审查",
    "中间检查",
    "计量装置",
    "客户档案",
    "停电通知",
    "复电工单",
    "催费通知",
    "违约用电",
    "窃电处理",
    "变更用电",
    "增容",
    "减容",
    "暂停",
    "过户",
    "更名",
    "销户",
    "线路",
    "台区",
    "变压器",
    "容量",
    "电压等级",
    "负荷",
    "营业厅",
    "供电所",
    "归档",
    "移交",
    "验收",
    "签字",
    "盖章",
    "日期",
    "地址",
    "联系电话",
    "用电类别",
    "抄表",
    "核算",
    "收费",
    "协议",
    "条款",
    "甲方",
    "乙方",
    "双方",
    "责任",
]
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文斌"
STREETS = [
    "航空路",
    "朝阳路",
    "人民大道",
    "建设街",
    "解放巷",
    "长虹路",
    "襄阳大道",
    "汉江路",
    "车城街",
    "光彩路",
]
FACETS = ["type", "category", "station", "line", "district", "year", "state"]
TYPES = [f"{letter}{number:02d}" for letter in "ABCDE" for number in range(1, 11)]


def name_of(rng: random.Random) -> str:
    return rng.choice(SURNAMES) + "".join(rng.choices(GIVEN, k=rng.choice((1, 2, 2))))


def customer(rng: random.Random, number: int) -> CustomerRow:
    district = number % 800
    return CustomerRow(
        customer_no=f"42{number:08d}",
        revision=1,
        order=number + 1,
        name=name_of(rng),
        meter_nos=(f"4230001{rng.randrange(10**15):015d}",),
        phones=(f"13{rng.randrange(10**9):09d}",),
        id_nos=(
            f"999999{rng.randrange(1950, 2005)}0{rng.randrange(1, 10)}1{rng.randrange(10)}{rng.randrange(10**4):04d}",
        ),
        address=f"襄州区{rng.choice(STREETS)}{rng.randrange(1, 300)}号{rng.randrange(1, 30)}栋{rng.randrange(1, 4)}单元{rng.randrange(101, 1900)}室",
        category=rng.choice(("LR", "LR", "LR", "LN", "HV")),
        status="active",
        closed=number % 23 == 0,
        station=f"s{district % 20}",
        line=f"l{district % 160}",
        district=f"d{district}",
        scope=(f"unit:{district % 20}", f"line:{district % 160}", f"district:{district}"),
    )


def sentences(rng: random.Random) -> list[str]:
    """Word heaps with a long tail: some words stand in most documents, some in few."""
    weights = [1 / (rank + 1) for rank in range(len(WORDS))]
    common = [chr(0x4E00 + rng.randrange(6000)) for _ in range(2500)]
    made = []
    for _ in range(4000):
        words = rng.choices(WORDS, weights, k=5)
        rare = "".join(rng.choices(common, k=9))
        made.append("".join(words[:3]) + rare + "，" + "".join(words[3:]) + rng.choice("。；\n"))
    return made


def document(rng: random.Random, number: int, owner: CustomerRow, pool: list[str]) -> DocumentRow:
    head = f"户号：{owner.customer_no}\n用电人：{owner.name}\n地址：{owner.address}\n编号{rng.randrange(10**9)}\n"
    text = head
    while len(text) < 775:
        text += rng.choice(pool)
    year = rng.randrange(2005, 2027)
    return DocumentRow(
        document_id=f"{number:08d}-0000-7000-8000-000000000000",
        revision=1,
        order=document_order(year * 10000 + 101, number),
        customer=owner,
        title=rng.choice(WORDS),
        type_code=rng.choice(TYPES),
        type_label=rng.choice(WORDS),
        year=str(year),
        state=rng.choice(("filed", "filed", "filed", "to_assign")),
        station=owner.station,
        line=owner.line,
        district=owner.district,
        scope=owner.scope,
        page_texts=(text[:400], text[400:775]),
    )


def rows(args: argparse.Namespace) -> Iterator[CustomerRow | DocumentRow]:
    rng = random.Random(args.seed)
    pool = sentences(rng)
    each = max(1, args.documents // args.customers)
    number = 0
    for index in range(args.customers):
        owner = customer(rng, index)
        yield owner
        for _ in range(each):
            yield document(rng, number, owner, pool)
            number += 1


def made_ahead(row: CustomerRow | DocumentRow) -> CustomerRow | DocumentRow:
    """The row as a rebuild reads it: what is masked was found at intake and kept with the page."""
    if isinstance(row, CustomerRow) or row.customer is None:
        return row
    known = known_of(row.customer)
    closed = [masking.closed_spans(fold(text), known) for text in row.page_texts]
    return replace(row, page_closed=tuple(closed))


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def timed(call: Callable[[], object], clock: Callable[[], float]) -> float:
    started = clock()
    call()
    return (clock() - started) * 1000


def build_rates(args: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Rows a second over the same sample: the bare writer, and our whole path, in turns.

    *Ours* as a rebuild reads rows, with what is masked made ahead; *anew* looks for it as well, as
    for papers that have just come in.
    """
    sample = list(islice(rows(args), args.sample))
    kept = [made_ahead(row) for row in sample]
    fields = load_fields()
    schema = make_schema(fields)
    encoder = RowEncoder(str)
    prepared = [encoder.encode(row) for row in sample]
    gc.collect()
    gc.freeze()  # the prepared values are the benchmark's own; a rebuild has no such heap to walk
    watches: dict[str, list[Stopwatch]] = {"bare": [], "ours": [], "anew": []}
    for attempt in range(args.times):
        target = folder / f"bare{attempt}"
        target.mkdir()
        writer = open_index(target, schema).writer(128_000_000, 1)
        with Stopwatch() as watch:
            for values in prepared:
                writer.add_document(make_document(values))
            writer.commit()
        watches["bare"].append(watch)
        writer.wait_merging_threads()
        for name, given in (("ours", kept), ("anew", sample)):
            index = TantivyIndex(folder / f"{name}{attempt}", fields=fields, number_hash=str)
            with index.build() as builder, Stopwatch() as watch:
                builder.apply(upserts=given)
                builder.commit()
            watches[name].append(watch)
    return {
        f"{name} {what}": statistics.median(len(sample) / getattr(watch, what) for watch in each)
        for name, each in watches.items()
        for what in ("wall", "cpu")
    }


class Stopwatch:
    """Wall and processor seconds of a block; the second is fair on a machine that others use."""

    wall = 0.0
    cpu = 0.0

    def __enter__(self) -> Stopwatch:
        self._started = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self._started[0]
        self.cpu = time.process_time() - self._started[1]


def query_sets(args: argparse.Namespace) -> dict[str, list[str]]:
    rng = random.Random(args.seed + 1)
    some = [customer(rng, rng.randrange(args.customers)) for _ in range(40)]
    pool = list(rows_texts(args))

    def han(size: int) -> list[str]:
        starts = ((text, rng.randrange(80, len(text) - size)) for text in pool)
        pieces = (text[at : at + size] for text, at in starts)
        return [piece for piece in pieces if all("一" <= char <= "龥" for char in piece)][:40]

    return {
        "common two-character word": [word for word in WORDS if len(word) == 2],
        "phrase of four": han(4),
        "name": [each.name for each in some],
        "customer number": [f"42{rng.randrange(args.customers):08d}" for _ in range(40)],
        "number prefix": [f"42{rng.randrange(args.customers):08d}"[:8] for _ in range(40)],
        "last four digits": [f"{rng.randrange(10**4):04d}" for _ in range(40)],
        "address": [f"{rng.choice(STREETS)}{rng.randrange(1, 300)}号" for _ in range(40)],
        "name and word": [f"{each.name} 合同" for each in some],
        "surname of one character": list(SURNAMES),
        "phrase of six": han(6),
        "initials": ["".join(readings(each)[0][0] for each in who.name) for who in some],
        "pinyin": ["".join(readings(each)[0] for each in who.name) for who in some],
        "surname and initials": [
            who.name[0] + "".join(readings(each)[0][0] for each in who.name[1:]) for who in some
        ],
        "address in another form": [
            f"{rng.choice(STREETS)}{rng.randrange(1, 300)}-{rng.randrange(1, 30)}"
            for _ in range(40)
        ],
        "everything": [""],
    }


def rows_texts(args: argparse.Namespace) -> Iterator[str]:
    for number, row in enumerate(rows(args)):
        if isinstance(row, DocumentRow):
            yield "".join(row.page_texts)
        if number > 3000:
            return


def bare_search(view, text: str) -> None:
    """What the engine alone needs: the text's phrase, twenty rows with their stored key, the count."""
    rights = frozenset({SearchRight.TEXT, SearchRight.NAME, SearchRight.CUSTOMER_NO})
    compiled = compile_query(parse(text), rights=rights, number_hash=str)
    query = make_query(view.schema, compiled.match)
    for _, address in view.searcher.search(query, 20, count=True).hits:
        view.searcher.doc(address)


def measure(
    index: TantivyIndex, args: argparse.Namespace, clock: Callable[[], float]
) -> dict[str, dict[str, float]]:
    """Percentiles in ms: bare engine, first time, again (kept order), first time with facets."""
    agent = frozenset(SearchRight) - {SearchRight.PHONE_PARTIAL, SearchRight.ID_LAST4}
    scope = Scope(tokens=frozenset(f"unit:{unit}" for unit in range(20)), secrecy=frozenset())
    found = {}
    view = index._reader.view()
    for name, texts in query_sets(args).items():
        cold, warm, faceted, bare = [], [], [], []
        for text in texts:
            query = scoped(parse(text), scope=scope, rights=agent)
            plain = partial(index.search, query, size=20, documents_per_group=3)
            bare.append(timed(partial(bare_search, view, text), clock))
            index._orders.clear()
            cold.append(timed(plain, clock))
            warm.append(timed(plain, clock))
            index._orders.clear()
            faceted.append(timed(partial(plain, facets=FACETS), clock))
        found[name] = {
            f"{label} {mark}": round(percentile(values, share), 2)
            for label, values in (
                ("bare", bare),
                ("ours", cold),
                ("again", warm),
                ("facets", faceted),
            )
            for mark, share in (("p50", 0.5), ("p95", 0.95))
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=6_000, help="rows for the build rates")
    parser.add_argument("--times", type=int, default=3, help="of each for the build rates")
    parser.add_argument("--build-only", action="store_true", help="leave after the build rates")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--clock", choices=sorted(CLOCKS), default="wall")
    parser.add_argument("--keep", type=Path, help="folder of an index to reuse")
    args = parser.parse_args()
    machine = {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "arch": platform.machine(),
    }
    print(
        json.dumps({"machine": machine, "customers": args.customers, "documents": args.documents})
    )
    folder = Path(tempfile.mkdtemp(prefix="search-bench-"))
    try:
        rates = build_rates(args, folder)
        for what in ("wall", "cpu"):
            ours, anew, bare = (rates[f"{name} {what}"] for name in ("ours", "anew", "bare"))
            print(
                f"build, rows per {what} second: bare {bare:.0f}, ours {ours:.0f}, ratio {ours / bare:.2f};"
                f" masks looked for anew {anew:.0f}, ratio {anew / bare:.2f}"
            )
        print(f"load {os.getloadavg()[0]:.1f}")
        if args.build_only:
            return
        index = TantivyIndex(args.keep or folder / "big", fields=load_fields(), number_hash=str)
        if index.needs_rebuild():
            started = time.perf_counter()
            with index.build() as builder:
                builder.apply(upserts=rows(args))
                builder.publish()
            total = args.customers + args.documents
            print(
                f"whole build: {total / (time.perf_counter() - started):.0f} rows/s with making the texts"
            )
        state = index.state()
        print(
            f"index: {state.rows} rows, {state.size_bytes / 2**20:.0f} MiB, segments {index._reader.view().searcher.num_segments}"
        )
        clock = CLOCKS[args.clock]
        measure(index, args, clock)  # warm
        table = measure(index, args, clock)
        head = list(next(iter(table.values())))
        print(f"| query ({args.clock} ms) | " + " | ".join(head) + " |")
        print("|---" * (len(head) + 1) + "|")
        for name, values in table.items():
            print(f"| {name} | " + " | ".join(f"{values[key]:.1f}" for key in head) + " |")
        resident = psutil.Process().memory_info().rss / 2**20
        print(f"resident: {resident:.0f} MiB")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
