"""What the audit costs: a page view's read record, sealing beside it, and ``dossier verify``.

    python -m benchmarks.audit [--views 600] [--rows 200000] [--database URL]

A page view is ``customers.get`` as the HTML and JSON doors call it. The bare figure is the same call
with a recorder that writes nothing; the audit's cost is the difference of the two, taken in turns in
one run, and beside it the time that ``record_read`` itself takes, one client after the other and
eight at once. With ``sealing`` the worker's duty runs in a process of its own meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from dossier.bootstrap import build
from dossier.db.tables import AuditEvent, AuditSeal, Customer
from dossier.rules import rulebook
from dossier.services import audit, audit_chain, audit_verify, customers
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import EVERYTHING, Permission, Viewer, system_viewer

SETUP = system_viewer("benchmark")
AGENT = Viewer(
    "u1",
    "agent",
    "agent",
    frozenset({Permission.READ_CUSTOMER, Permission.READ_CONTENT, Permission.SEARCH}),
    EVERYTHING,
    remote="10.0.0.1",
)
CLIENTS = 8
SEALER = "import sys; from benchmarks.audit import seal_for_ever as s; s(sys.argv[1], sys.argv[2])"


class NoRecorder:
    """Takes rows and writes nothing: what a view costs without its audit."""

    class _Begun:
        @staticmethod
        def wait() -> int:
            return 1

    def begin(self, _row: Any) -> Any:
        return self._Begun()


def seal_for_ever(home: str, url: str) -> None:
    """The worker's duty, alone."""
    from indexer import duties

    context = build(Settings(home=Path(home), database_url=url))
    print("ready", flush=True)
    duties.seal_audit(context, threading.Event())


@contextlib.contextmanager
def sealing(context: Context) -> Iterator[None]:
    settings = context.settings
    process = subprocess.Popen(
        [sys.executable, "-c", SEALER, str(settings.home), settings.database_url],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)) or "."},
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        audit_chain.seal(context, SETUP)
        yield
    finally:
        process.kill()
        process.wait()


def add_customers(context: Context, count: int) -> list[str]:
    numbers = [f"42{number:08d}" for number in range(count)]
    now = context.clock.now()
    with context.writing(SETUP) as session:
        rows = [
            {"customer_no": key, "rowid": at, "name": "某某", "name_key": "某某", "updated_at": now}
            for at, key in enumerate(numbers, 1)
        ]
        session.execute(insert(Customer), rows)
    return numbers


def timed(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def told(name: str, milliseconds: list[float]) -> None:
    ordered = sorted(milliseconds)
    p95 = ordered[int(len(ordered) * 0.95)]
    print(f"{name:46} p50 {statistics.median(ordered):7.2f} ms   p95 {p95:7.2f} ms")


def views(context: Context, numbers: list[str], count: int) -> None:
    """Both in turns, by the clock and by the processor time of all threads."""
    bare = replace(context)
    object.__setattr__(bare, "recorder", NoRecorder())
    found: dict[str, list[float]] = {"clock": [], "bare clock": [], "cpu": [], "bare cpu": []}
    for at in range(count):
        for name, one in (("bare ", bare), ("", context)):
            cpu = time.process_time()
            found[name + "clock"].append(
                timed(
                    lambda one=one, key=numbers[at % len(numbers)]: customers.get(one, AGENT, key)
                )
            )
            found[name + "cpu"].append((time.process_time() - cpu) * 1000)
    for kind in ("clock", "cpu"):
        told(f"  page view without audit, {kind}", found["bare " + kind])
        told(f"  page view, {kind}", found[kind])
        added = [a - b for a, b in zip(found[kind], found["bare " + kind], strict=True)]
        told(f"  audit adds, {kind}", added)


def records(context: Context, count: int) -> None:
    def record() -> None:
        audit.record_read(context, AGENT, "customer.read", object_kind="customer", object_id="1")

    told("  read record, 1 client", [timed(record) for _ in range(count)])
    with ThreadPoolExecutor(CLIENTS) as pool:
        told(
            f"  read record, {CLIENTS} clients",
            list(pool.map(lambda _: timed(record), range(count))),
        )


def bare_commit(folder: Path, count: int) -> None:
    """What the disk takes for the least durable write: append and fsync."""
    handle = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def append() -> None:
        os.write(handle, b"x" * 250)
        os.fsync(handle)

    told("bare: append 250 bytes and fsync", [timed(append) for _ in range(count)])
    os.close(handle)


def lateness(context: Context, after: int) -> None:
    """How old the oldest row of each seal was when it was sealed by the duty."""
    with context.reading(SETUP) as session:
        late = [
            (seal.sealed_at - oldest).total_seconds() * 1000
            for seal in session.scalars(select(AuditSeal).where(AuditSeal.id > after))
            for oldest in session.scalars(
                select(func.min(AuditEvent.at)).where(
                    AuditEvent.id.between(seal.first_event, seal.last_event)
                )
            )
        ]
    told("  age of a seal's oldest row", late)
    print(f"  most {max(late):.0f} ms; {len(late)} seals")


def verify_rate(context: Context, rows: int, rows_of_a_seal: int) -> None:
    rulebook.load(audit_chain.RULES)["rows_of_a_seal"] = rows_of_a_seal
    now = context.clock.now()
    common = {
        "at": now,
        "actor": "u1",
        "role": "agent",
        "action": "page.read",
        "remote": "10.0.0.1",
    }
    for first in range(0, rows, 10_000):
        with context.writing(SETUP) as session:
            batch = [
                common
                | {"object_kind": "document", "object_id": f"{at:036d}", "facts": {"page": 1}}
                for at in range(first, min(rows, first + 10_000))
            ]
            session.execute(insert(AuditEvent), batch)
    began = time.perf_counter()
    sealed = audit_chain.seal(context, SETUP)
    print(
        f"sealing {sealed} rows, {rows_of_a_seal} each: {sealed / (time.perf_counter() - began):,.0f} rows/s"
    )
    began = time.perf_counter()
    found = audit_verify.verify(context, SETUP)
    spent = time.perf_counter() - began
    assert found.broken == (), found.broken[:3]
    print(
        f"verify, {found.sealed} rows in {found.seals} seals: {found.sealed / spent:,.0f} rows/s ({spent:.1f} s)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--views", type=int, default=600)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--database", default="")
    asked = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
          f"{'SQLite' if not asked.database else 'PostgreSQL'}")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        context = build(Settings(home=Path(folder) / "home", database_url=asked.database))
        numbers = add_customers(context, 500)
        bare_commit(Path(folder), asked.views)
        views(context, numbers, 50)  # warm
        for name, beside in (("alone", contextlib.nullcontext()), ("sealing", sealing(context))):
            print(name)
            with beside:
                first = audit_chain.newest(context, SETUP)
                views(context, numbers, asked.views)
                records(context, asked.views)
                if name == "sealing":
                    time.sleep(2)
        lateness(context, first.id if first else 0)
        audit_chain.seal(context, SETUP)
        verify_rate(context, asked.rows, 1000)
        verify_rate(context, asked.rows // 20, 1)
        context.readers.close()
        context.index.close()
        context.database.dispose()


if __name__ == "__main__":
    main()
