"""One box over HTTP as an agent, against the bare engine in the same run.

    python benchmarks/one_box.py --customers 20000 --documents 100000

A real server (uvicorn, the whole application) on a real archive (SQLite, tantivy); the clients are
processes of their own. "Bare" is tantivy itself, asked the same words as one phrase or term for
twenty rows in this process; "index" is our index port with groups, reasons and scope. All people
and texts are invented from the seed. ``--home`` keeps the archive for the next run.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import insert

from dossier import access
from dossier.adapters.tantivy.engine import make_query
from dossier.bootstrap import build
from dossier.db.tables import (
    Content,
    Customer,
    CustomerNumber,
    District,
    Document,
    Identifier,
    Line,
    OrgUnit,
    Page,
    new_id,
)
from dossier.plugins.demo.customers import InventedCustomer, invent_customers
from dossier.plugins.demo.texts import invent_texts
from dossier.rules import identifiers
from dossier.search.compile import compile_query
from dossier.search.parser import parse
from dossier.services import accounts
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import Viewer, system_viewer
from indexer import rebuild

SETUP = system_viewer("benchmark")
FACETS = "type,category,station,line,district,year,month,state,status"
WORDS = [
    "供用电合同",
    "违约用电",
    "计量装置",
    "产权分界点",
    "电费结算",
    "银行代扣",
    "停电通知",
    "变更用电",
    "竣工检验",
    "客户承诺",
    "协议有效期",
    "法定代表人",
]
CHUNK = 2000
ROOT = Path(__file__).parents[1]


# -- the archive --------------------------------------------------------------------------------


def make_archive(context: Context, seed: int, customers: int, documents: int) -> None:
    people = list(invent_customers(seed, customers))
    started = time.perf_counter()
    with context.writing(SETUP) as session:
        places = _places(session, people)
        _insert(
            session, Customer, (_customer(context, *row, places) for row in enumerate(people, 1))
        )
        _insert(session, CustomerNumber, _numbers(people))
        _insert(session, Identifier, _identifiers(context, people))
    with context.writing(SETUP) as session:
        now = context.clock.now()
        session.add(Content(sha256="0" * 64, size_bytes=1, stored_at=now))
        session.flush()
        rows = _documents(context, seed, documents, people, places)
        while chunk := [row for _, row in zip(range(CHUNK), rows, strict=False)]:
            session.execute(insert(Document), [document for document, _ in chunk])
            session.execute(insert(Page), [page for _, page in chunk])
    print(f"records written in {time.perf_counter() - started:.0f} s")
    started = time.perf_counter()
    rebuild.request(context)
    rebuild.rebuild(context, reason="benchmark")
    print(f"index built in {time.perf_counter() - started:.0f} s")


def _insert(session: Any, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    while chunk := [row for _, row in zip(range(CHUNK), rows, strict=False)]:
        session.execute(insert(table), chunk)


def _places(session: Any, people: Sequence[InventedCustomer]) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {}

    def place(key: tuple[str, ...], row: Any) -> None:
        session.add(row)
        session.flush()
        found[key] = row.id

    place(("",), OrgUnit(name="基准供电公司", kind="company"))
    for one in people:
        unit, line, district = (one.unit,), (one.unit, one.line), (one.unit, one.line, one.district)
        if unit not in found:
            place(unit, OrgUnit(name=one.unit, parent_id=found[("",)]))
        if line not in found:
            place(line, Line(name=one.line, unit_id=found[unit]))
        if district not in found:
            place(district, District(name=one.district, line_id=found[line], unit_id=found[unit]))
    return found


def _where(one: InventedCustomer, places: dict[tuple[str, ...], int]) -> dict[str, int]:
    return {
        "unit_id": places[(one.unit,)],
        "line_id": places[(one.unit, one.line)],
        "district_id": places[(one.unit, one.line, one.district)],
    }


def _customer(
    context: Context, number: int, one: InventedCustomer, places: dict[tuple[str, ...], int]
) -> dict[str, Any]:
    return {
        "customer_no": one.customer_no,
        "rowid": number,
        "name": one.name,
        "name_key": one.name,
        "category": one.category,
        "status": one.status,
        "id_type": one.id_type,
        "address": one.address,
        "updated_at": context.clock.now(),
        **_where(one, places),
    }


def _numbers(people: Sequence[InventedCustomer]) -> Iterator[dict[str, Any]]:
    for one in people:
        kinds = (("meter", one.meter_no), ("phone", one.phone), ("old_no", one.old_customer_no))
        for kind, values in kinds:
            for value in dict.fromkeys(filter(None, values.split(";"))):
                key = identifiers.compact(value).upper()
                yield {"customer_no": one.customer_no, "kind": kind, "value": value, "key": key}


def _identifiers(context: Context, people: Sequence[InventedCustomer]) -> Iterator[dict[str, Any]]:
    for one in people:
        yield {
            "customer_no": one.customer_no,
            "kind": one.id_type,
            "hmac": context.keyring.hash(one.id_no),
            "encrypted": context.keyring.encrypt(one.id_no),
            "last4": one.id_no[-4:],
        }


def _documents(
    context: Context,
    seed: int,
    count: int,
    people: Sequence[InventedCustomer],
    places: dict[tuple[str, ...], int],
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    now = context.clock.now()
    for text in invent_texts(seed, count, people):
        document_id = new_id()
        yield (
            {
                "id": document_id,
                "rowid": text.number + 1,
                "customer_no": text.customer.customer_no,
                "type_code": text.type_code,
                "title": text.title,
                "state": "filed",
                "captured_at": now,
                "doc_date": text.on,
                "sha256": "0" * 64,
                "page_count": 1,
                **_where(text.customer, places),
            },
            {"document_id": document_id, "number": 1, "text": text.text, "confidence": 0.99},
        )


# -- the questions ------------------------------------------------------------------------------


SHARES = {
    "customer number": 25,
    "name": 20,
    "meter number": 8,
    "last four digits": 5,
    "phone": 7,
    "word or phrase": 20,
    "name and word": 10,
    "one character": 5,
}
"""What an agent types all day, of a hundred questions."""


def questions(seed: int, people: Sequence[InventedCustomer], count: int) -> list[str]:
    """Numbers and names first, then words, then both."""
    rng = random.Random(seed)
    kinds = rng.choices(list(SHARES), list(SHARES.values()), k=count)
    return [question(rng, kind, rng.choice(people)) for kind in kinds]


def question(rng: random.Random, kind: str, one: InventedCustomer) -> str:
    """A question of a kind about a customer."""
    word = rng.choice(WORDS)
    return {
        "customer number": one.customer_no,
        "name": one.name,
        "meter number": one.meter_no.split(";")[0],
        "last four digits": one.customer_no[-4:],
        "phone": one.first_phone,
        "word or phrase": word,
        "name and word": f"{one.name} {word}",
        "one character": one.name[0],
    }[kind]


# -- measuring ----------------------------------------------------------------------------------


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def in_threads(ask: Callable[[str], Any], asked: Sequence[str], clients: int) -> list[float]:
    """Milliseconds of each call; the clients share the questions."""
    taken: list[float] = []
    lock = threading.Lock()

    def work(mine: Sequence[str]) -> None:
        own = []
        for question in mine:
            started = time.perf_counter()
            ask(question)
            own.append((time.perf_counter() - started) * 1000)
        with lock:
            taken.extend(own)

    threads = [threading.Thread(target=work, args=(asked[n::clients],)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def client_main(address: str, token: str, suffix: str, clients: int) -> None:
    """The clients' own process: questions on stdin, milliseconds on stdout."""
    host, port = address.split(":")
    headers = {"Authorization": f"Bearer {token}"}
    local = threading.local()

    def ask(question: str) -> None:
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection(host, int(port))
        local.connection.request(
            "GET", f"/api/v1/search?q={urllib.parse.quote(question)}{suffix}", headers=headers
        )
        answer = local.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"HTTP {answer.status}: {body[:300]!r}")

    asked = json.load(sys.stdin)
    print(json.dumps(in_threads(ask, asked, clients)))


def over_http(
    port: int, token: str, asked: Sequence[str], clients: int, suffix: str = ""
) -> list[float]:
    done = subprocess.run(
        [sys.executable, __file__, "--client", f"127.0.0.1:{port}", token, suffix, str(clients)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr[-1500:])
    return json.loads(done.stdout)


def bare_asker(context: Context, viewer: Viewer) -> Callable[[str], Any]:
    """tantivy itself: the same words, twenty rows with their stored key, and their number."""
    view = context.index._reader.view()  # type: ignore[attr-defined]
    rights = access.search_rights(viewer)

    def ask(question: str) -> None:
        compiled = compile_query(parse(question), rights=rights, number_hash=context.keyring.hash)
        query = make_query(view.schema, compiled.match)
        for _, address in view.searcher.search(query, 20, count=True).hits:
            view.searcher.doc(address)

    return ask


def index_asker(
    context: Context, viewer: Viewer, facets: Sequence[str] = ()
) -> Callable[[str], Any]:
    """Our index port: groups of customers, reasons, scope."""

    def ask(question: str) -> None:
        query = access.restrict(viewer, parse(question))
        context.index.search(query, size=20, documents_per_group=3, facets=facets)

    return ask


class Worked:
    """Processor time and memory of a process tree: what a busy machine falsifies least."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)

    def _tree(self) -> list[psutil.Process]:
        return [self._root, *self._root.children(recursive=True)]

    def seconds(self) -> float:
        return sum(p.cpu_times().user + p.cpu_times().system for p in self._tree())

    def resident_mib(self) -> float:
        return sum(p.memory_info().rss for p in self._tree()) / 2**20


def report(
    name: str, clients: int, taken: Sequence[float], cpu_seconds: float | None = None
) -> dict[str, Any]:
    row = {
        "what": name,
        "clients": clients,
        "calls": len(taken),
        "p50_ms": round(statistics.median(taken), 1),
        "p95_ms": round(percentile(taken, 0.95), 1),
        "p99_ms": round(percentile(taken, 0.99), 1),
        "max_ms": round(max(taken), 1),
    }
    line = f"{name:34} {clients} clients  p50 {row['p50_ms']:7.1f}  p95 {row['p95_ms']:7.1f}  "
    line += f"p99 {row['p99_ms']:7.1f}"
    if cpu_seconds is not None:
        row["cpu_ms_per_call"] = round(cpu_seconds * 1000 / len(taken), 2)
        line += f"  processor time a call {row['cpu_ms_per_call']:6.2f} ms"
    print(line, flush=True)
    return row


def serve(home: Path, port: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DOSSIER_HOME": str(home), "DOSSIER_LOG_LEVEL": "ERROR"}
    return subprocess.Popen(
        [
            sys.executable, "-c", "from dossier.cli import main; main()",
            "serve", "--no-workers", "--port", str(port),
        ],
        cwd=ROOT,
        env=environment,
    )  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_ready(port: int) -> None:
    for _ in range(240):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.25)
    raise SystemExit("the server did not start")


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] == "--client":
        client_main(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=800)
    parser.add_argument("--by-kind", type=int, default=0, help="calls of each kind, told apart")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    home = args.home or Path(tempfile.mkdtemp(prefix="one-box-")) / "home"
    try:
        rows = measure(args, home)
    finally:
        if args.home is None:
            shutil.rmtree(home.parent, ignore_errors=True)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1))


def measure(args: argparse.Namespace, home: Path) -> list[dict[str, Any]]:
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f}; {args.customers} customers, {args.documents} documents")  # fmt: skip
    is_new = not (home / "dossier.db").exists()
    context = build(Settings(home=home))
    if is_new:
        make_archive(context, args.seed, args.customers, args.documents)
        accounts.add_user(context, SETUP, name="agent", role="agent")
    elif reason := context.index.needs_rebuild():
        rebuild.rebuild(context, reason=reason)
    context.index.release()
    token = accounts.make_token(context, SETUP, "agent")
    viewer = accounts.viewer_by_name(context, "agent")
    people = list(invent_customers(args.seed, args.customers))
    seeds = count(args.seed)

    def fresh(calls: int = args.calls) -> list[str]:
        """Questions of this measurement alone: what repeats is what people repeat, words."""
        return questions(next(seeds), people, calls)

    args.port = args.port or free_port()
    server = serve(home, args.port)
    rows = []
    try:
        wait_ready(args.port)
        over_http(args.port, token, fresh(), 1)
        worked = Worked(server.pid)

        def http(name: str, clients: int, what: Sequence[str], suffix: str = "") -> None:
            before = worked.seconds()
            taken = over_http(args.port, token, what, clients, suffix)
            rows.append(report(name, clients, taken, worked.seconds() - before))

        def here(name: str, clients: int, ask: Callable[[str], Any], what: Sequence[str]) -> None:
            before = time.process_time()
            taken = in_threads(ask, what, clients)
            rows.append(report(name, clients, taken, time.process_time() - before))

        for clients in (1, 8):
            here("bare tantivy", clients, bare_asker(context, viewer), fresh())
            here("index in process", clients, index_asker(context, viewer), fresh())
            http("one box over HTTP", clients, fresh())
            http("one box over HTTP, all facets", clients, fresh(), f"&facets={FACETS}")
        rng = random.Random(args.seed + 1)
        for kind in SHARES if args.by_kind else ():
            some = [question(rng, kind, rng.choice(people)) for _ in range(args.by_kind)]
            for clients in (1, 8):
                here(f"{kind}: bare tantivy", clients, bare_asker(context, viewer), some)
                http(f"{kind}: one box", clients, some)
        nothing = [""] * 60
        every = FACETS.split(",")
        here("everything, all facets, index", 1, index_asker(context, viewer, every), nothing)
        http("everything, all facets, HTTP", 1, nothing, f"&facets={FACETS}")
        memory = worked.resident_mib()
        print(f"server resident memory {memory:.0f} MiB")
        rows.append({"what": "server_rss_mib", "value": round(memory)})
    finally:
        server.terminate()
        server.wait()
        context.readers.close()
        context.index.close()
        context.database.dispose()
    return rows


if __name__ == "__main__":
    main()
