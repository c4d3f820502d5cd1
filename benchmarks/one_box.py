"""One box over HTTP as an agent, against the bare engine in the same run, by class of question.

    python -m benchmarks.one_box --customers 20000 --documents 100000
    python -m benchmarks.one_box --customers 200000 --documents 1000000 --home DIR --table FILE

A real server (uvicorn, the whole application) on a real archive (SQLite, tantivy); the clients are
processes of their own. "Bare" is tantivy itself, asked the same words, compiled, for twenty rows in
this process; "index" is our index port with groups, reasons and scope. All people and texts are
invented from the seed (:mod:`benchmarks.one_box_archive`); ``--home`` keeps the archive for the next
run and goes on with one that is not finished. ``--only mix|classes|everything`` measures a part.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import select

from benchmarks.one_box_archive import SETUP, make_archive
from benchmarks.query_classes import CLASSES, of_class, questions
from dossier import access
from dossier.adapters.tantivy.engine import make_query
from dossier.bootstrap import build
from dossier.db.tables import User
from dossier.plugins.demo.customers import InventedCustomer, invent_customers
from dossier.search.compile import compile_query
from dossier.search.parser import parse
from dossier.services import accounts
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import Viewer

FACETS = "type,category,station,line,district,year,month,state,status,completeness"
"""Ten of the promised ones; the last is empty until its feature fills it."""
FILLED = FACETS.split(",")[:-1]
MIX, BY_CLASS, EVERY_ROW = "mix", "classes", "everything"
PARTS = (MIX, BY_CLASS, EVERY_ROW)
ROOT = Path(__file__).parents[1]


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

    def resident_mib(self) -> list[tuple[str, float, float]]:
        """Of each process: its place in the tree, resident MiB, and MiB that are its own alone."""
        return [
            (
                "supervisor" if process == self._root else f"child {number}",
                process.memory_info().rss / 2**20,
                process.memory_full_info().uss / 2**20,
            )
            for number, process in enumerate(self._tree())
        ]


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


# -- one run ------------------------------------------------------------------------------------


class Run:
    """The archive, its server and what was measured so far."""

    def __init__(self, args: argparse.Namespace, context: Context, port: int, token: str) -> None:
        self._args, self._context, self._port, self._token = args, context, port, token
        self._viewer = accounts.viewer_by_name(context, "agent")
        self._worked: Worked | None = None
        self.rows: list[dict[str, Any]] = []

    def watch(self, server: int) -> None:
        """Count the processor time and memory of the server's process tree."""
        self._worked = Worked(server)

    def http(
        self, name: str, clients: int, asked: Sequence[str], suffix: str = ""
    ) -> dict[str, Any]:
        assert self._worked is not None
        before = self._worked.seconds()
        taken = over_http(self._port, self._token, asked, clients, suffix)
        return self._note(name, clients, taken, self._worked.seconds() - before)

    def here(
        self, name: str, clients: int, ask: Callable[[str], Any], asked: Sequence[str]
    ) -> dict[str, Any]:
        before = time.process_time()
        taken = in_threads(ask, asked, clients)
        return self._note(name, clients, taken, time.process_time() - before)

    def _note(self, *measured: Any) -> dict[str, Any]:
        row = report(*measured)
        self.rows.append(row)
        return row

    def mixture(self, fresh: Callable[[], list[str]]) -> None:
        """What an agent types all day, with and without facets."""
        bare = bare_asker(self._context, self._viewer)
        index = index_asker(self._context, self._viewer)
        for clients in (1, 8):
            self.here("mix: bare tantivy", clients, bare, fresh())
            self.here("mix: index in process", clients, index, fresh())
            self.http("mix: one box over HTTP", clients, fresh())
            self.http("mix: one box, all facets", clients, fresh(), f"&facets={FACETS}")

    def classes(self, people: Sequence[InventedCustomer]) -> None:
        """Each class of question: bare, and over HTTP, questions that nobody asked before."""
        bare = bare_asker(self._context, self._viewer)
        for name in CLASSES:
            calls = 2 * self._args.by_class
            asked = of_class(name, self._args.seed, people, calls)
            halves = {1: asked[: calls // 2], 8: asked[calls // 2 :]}
            for clients, some in halves.items():
                self.here(f"{name}: bare tantivy", clients, bare, some)
                self.http(f"{name}: one box", clients, some)

    def everything(self) -> None:
        """The empty box with ten facets: the most that a facet can count."""
        index = index_asker(self._context, self._viewer, FILLED)
        self.here("everything, ten facets: index", 1, index, [""] * 60)
        for clients in (1, 8):
            self.http("everything, ten facets: one box", clients, [""] * 60, f"&facets={FACETS}")

    def sizes(self, home: Path) -> None:
        """Memory of each process, and what lies on the disk."""
        assert self._worked is not None
        for name, resident, own in self._worked.resident_mib():
            print(f"memory of {name:12} {resident:6.0f} MiB resident, {own:6.0f} MiB its own")
            self.rows.append(
                {"what": f"memory: {name}", "rss_mib": round(resident), "uss_mib": round(own)}
            )
        state = self._context.index.state()
        database = (home / "dossier.db").stat().st_size
        print(
            f"index {state.rows} rows, {state.size_bytes / 2**20:.0f} MiB; database {database / 2**20:.0f} MiB"
        )
        self.rows.append(
            {
                "what": "sizes",
                "index_rows": state.rows,
                "index_bytes": state.size_bytes,
                "database_bytes": database,
            }
        )


def table(rows: Sequence[Mapping[str, Any]], most_ms: float) -> str:
    """The classes beside the bare engine, as a Markdown table, with what was promised of each.

    Promised: p95 at most ``most_ms``, and never above 1.3 times the bare engine's plus 15 ms.
    """
    bare = {
        (row["what"].partition(": ")[0], row["clients"]): row
        for row in rows
        if "bare" in row["what"]
    }
    lines = ["| question | clients | bare p50 / p95 / p99 ms | one box p50 / p95 / p99 ms | processor ms a call | bound ms | |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for row in rows:
        name, _, way = row["what"].partition(": ")
        beside = bare.get((name, row.get("clients")))
        if not way.startswith("one box") or beside is None or "facets" in way:
            continue
        bound = min(most_ms, 1.3 * beside["p95_ms"] + 15)
        met = "met" if row["p95_ms"] <= bound else "missed"
        told = [
            " / ".join(f"{each[key]:.1f}" for key in ("p50_ms", "p95_ms", "p99_ms"))
            for each in (beside, row)
        ]
        lines.append(
            f"| {name} | {row['clients']} | {told[0]} | {told[1]} | {row['cpu_ms_per_call']} | {bound:.0f} | {met} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] == "--client":
        client_main(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=800, help="of each line of the mixture")
    parser.add_argument("--by-class", type=int, default=200, help="of each line of a class")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; may be repeated")
    parser.add_argument("--bound-ms", type=float, default=50, help="most p95 that was promised")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--skip-masks", action="store_true", help="leave masks to who looks first")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--table", type=Path, help="the classes as Markdown")
    args = parser.parse_args()
    home = args.home or Path(tempfile.mkdtemp(prefix="one-box-")) / "home"
    try:
        rows = measure(args, home)
    finally:
        if args.home is None:
            shutil.rmtree(home.parent, ignore_errors=True)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1))
    if args.table:
        args.table.write_text(table(rows, args.bound_ms))


def measure(args: argparse.Namespace, home: Path) -> list[dict[str, Any]]:
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f}; {args.customers} customers, {args.documents} documents")  # fmt: skip
    context = build(Settings(home=home))
    make_archive(context, args.seed, args.customers, args.documents, with_masks=not args.skip_masks)
    token = agent_token(context)
    context.index.release()
    port = args.port or free_port()
    run = Run(args, context, port, token)
    people = list(invent_customers(args.seed, args.customers))
    server = serve(home, port)
    try:
        wait_ready(port)
        run.watch(server.pid)
        measure_parts(args, run, people, port, token)
        run.sizes(home)
    finally:
        server.terminate()
        server.wait()
        context.readers.close()
        context.index.close()
        context.database.dispose()
    return run.rows


def measure_parts(
    args: argparse.Namespace, run: Run, people: Sequence[InventedCustomer], port: int, token: str
) -> None:
    """Each measurement has questions of its own: what repeats is what people repeat, words."""
    seeds = count(args.seed)

    def fresh() -> list[str]:
        return questions(next(seeds), people, args.calls)

    over_http(port, token, fresh(), 1)  # the server's first answers load what it needs
    chosen = args.only or PARTS
    if MIX in chosen:
        run.mixture(fresh)
    if BY_CLASS in chosen:
        run.classes(people)
    if EVERY_ROW in chosen:
        run.everything()


def agent_token(context: Context) -> str:
    """A token of the agent whom all clients are."""
    with context.reading(SETUP) as session:
        known = session.scalar(select(User.id).where(User.name == "agent"))
    if known is None:
        accounts.add_user(context, SETUP, name="agent", role="agent")
    return accounts.make_token(context, SETUP, "agent")


if __name__ == "__main__":
    main()
