"""Dropped → found, a flood of small files, and memory of every process.

    python -m benchmarks.intake --files 10000 --drops 40

Starts the whole product (supervisor, workers, web) on an archive of its own. Measures (1) idle
memory and processor time, (2) the time from a born-digital file lying in the inbox until a search
for its number finds it, settle time included, (3) files a second from a flood until all are found,
with the resident memory of each process over the run, and beside it the bare cost of the same
bytes: copy, fsync, hash and one SQLite row a file, (4) idle memory afterwards.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median, quantiles

import psutil
from sqlalchemy import func, select

from dossier import access, serving
from dossier.bootstrap import build
from dossier.db.tables import Document, IndexChange, WorkItem
from dossier.errors import UnavailableError
from dossier.search.parser import parse
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import system_viewer
from indexer.processes import Child, ChildSpec
from tests.faults.archive_samples import letter

VIEWER = system_viewer("benchmark")
MIB = 1024 * 1024
SAMPLE_SECONDS = 5.0
PATIENCE_SECONDS = 120.0
"""Longer than any single wait; the flood has its own loop."""


class Memory:
    """Resident and proportional memory of a process tree, by role."""

    def __init__(self, root: psutil.Process) -> None:
        self._root = root
        self.seen: dict[str, list[float]] = defaultdict(list)

    def sample(self) -> dict[str, tuple[float, float]]:
        """RSS and PSS in MiB by role and process id."""
        found: dict[str, tuple[float, float]] = {}
        for process in [self._root, *self._root.children(recursive=True)]:
            try:
                full = process.memory_full_info()
                name = f"{_role(process)} {process.pid}"
            except psutil.Error:
                continue
            found[name] = (full.rss / MIB, full.pss / MIB)
            self.seen[name].append(full.rss / MIB)
        return found

    def cpu_seconds(self) -> float:
        """Processor time that the tree has used so far."""
        total = 0.0
        for process in [self._root, *self._root.children(recursive=True)]:
            try:
                times = process.cpu_times()
                total += times.user + times.system
            except psutil.Error:
                continue
        return total


def _role(process: psutil.Process) -> str:
    line = " ".join(process.cmdline())
    for word, role in (
        ("serving:supervise", "supervisor"),
        ("serving:web", "web"),
        ("serving:worker", "worker"),
        ("killable", "reader"),
    ):
        if word in line:
            return role
    return process.name()


def main() -> None:
    """Run and print."""
    options = _options()
    home = Path(tempfile.mkdtemp(prefix="dossier-intake-", dir=options.folder))
    os.environ["DOSSIER_HOME"] = str(home / "archive")
    os.environ["DOSSIER_PORT"] = "0"
    print(
        f"machine: {platform.machine()} {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    print(f"load before: {os.getloadavg()[0]:.1f} (figures of a busy machine are upper bounds)")
    settings = Settings(home=home / "archive")
    context = build(settings)
    order = {"overrides": {}, "no_workers": False, "inventor": None}
    tree = Child(ChildSpec("supervisor", "dossier.serving:supervise", order))
    memory = Memory(psutil.Process(tree.pid))
    try:
        _wait(lambda: serving.address(settings) is not None)
        idle(memory, "idle, fresh", settings.idle_release_seconds)
        if options.drops:
            drops(context, options.drops)
        if options.files:
            flood(context, memory, options.files)
            idle(memory, "idle, after", settings.idle_release_seconds + 10)
    finally:
        tree.ask_to_end()
        tree.end(grace_seconds=60)
        context.database.dispose()
        shutil.rmtree(home, ignore_errors=True)


def idle(memory: Memory, label: str, seconds: float) -> None:
    """Memory and processor time when nothing is to do."""
    time.sleep(seconds + 5)
    before = memory.cpu_seconds()
    time.sleep(10)
    cpu = (memory.cpu_seconds() - before) / 10
    found = memory.sample()
    print(f"\n{label}: {len(found)} processes, {cpu:.1%} of one core")
    for name, (rss, pss) in sorted(found.items()):
        print(f"  {name:<16} RSS {rss:6.0f} MiB  PSS {pss:6.0f} MiB")
    total = sum(pss for _, pss in found.values())
    print(f"  all: RSS {sum(rss for rss, _ in found.values()):.0f} MiB, PSS {total:.0f} MiB")


def drops(context: Context, count: int) -> None:
    """One file after the other: lying in the inbox → found by the number on it."""
    taken = []
    for number in range(1_000_000, 1_000_000 + count):
        began = time.perf_counter()
        draft = context.settings.home / "draft"
        draft.write_bytes(letter(number % 1_000_000 + 500_000))
        draft.rename(context.settings.inbox_path / f"drop{number}.pdf")
        _wait(lambda n=number: _finds(context, f"{n % 1_000_000 + 500_000:06d}"), pause=0.02)
        taken.append(time.perf_counter() - began)
        time.sleep(0.3)
    first, rest = taken[0], taken[1:]
    cut = quantiles(rest, n=20)[18] if len(rest) > 1 else rest[0]
    print(
        f"\ndropped → found, {count} born-digital files one by one, settle time "
        f"{context.settings.settle_seconds:g} s included:"
    )
    print(
        f"  first (readers cold) {first:.2f} s, then p50 {median(rest):.2f} s, p95 {cut:.2f} s, "
        f"max {max(rest):.2f} s   (aim p95 ≤ 2 s)"
    )


def _finds(context: Context, text: str) -> bool:
    # Asked of the index itself: the use case notes every search in the audit, and fifty a second
    # of those would compete with the intake for the disk.
    try:
        return context.index.search(access.restrict(VIEWER, parse(text)), size=1).total > 0
    except UnavailableError:
        return False  # the first index is just being built


def flood(context: Context, memory: Memory, count: int) -> None:
    """All at once."""
    print(f"\nflood of {count} files")
    letters = [letter(number) for number in range(count)]
    bare = _bare(letters, context.settings.home)
    before = _documents(context)
    began = time.perf_counter()
    for number, content in enumerate(letters):
        (context.settings.inbox_path / f"{number:06d}.pdf").write_bytes(content)
    laid = time.perf_counter() - began
    totals, received = [], 0.0
    while True:
        found = memory.sample()
        totals.append(sum(pss for _, pss in found.values()))
        there, left = _documents(context) - before, _left(context)
        if there >= count and not received:
            received = time.perf_counter() - began
        if there >= count and left == 0:
            break
        time.sleep(SAMPLE_SECONDS)
    took = time.perf_counter() - began
    print(
        f"  laid down in {laid:.0f} s; received (safe) after {received:.0f} s = "
        f"{count / received:.0f} files/s; found after {took:.0f} s = {count / took:.1f} files/s"
    )
    print(
        f"  bare copy + fsync + hash + row: {count / bare:.0f} files/s "
        f"(received at {bare / received:.0%} of it, one thread beside the readers)"
    )
    print("  resident memory over the run (MiB), process: first, median of each quarter, peak")
    for name, values in sorted(memory.seen.items()):
        if len(values) >= 4:
            quarter = len(values) // 4
            parts = [median(values[i * quarter : (i + 1) * quarter]) for i in range(4)]
            shown = " ".join(f"{value:.0f}" for value in parts)
            print(f"    {name:<16} {values[0]:.0f} | {shown} | {max(values):.0f}")
    print(
        f"  whole tree PSS: first {totals[0]:.0f}, median {median(totals):.0f}, "
        f"peak {max(totals):.0f} MiB"
    )


def _bare(letters: list[bytes], folder: Path) -> float:
    """The same promise without the product: copy, fsync, hash, one committed row."""
    place = folder / "bare"
    place.mkdir()
    database = sqlite3.connect(place / "bare.db", isolation_level=None)
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=full")
    database.execute("create table t (sha text primary key)")
    began = time.perf_counter()
    for content in letters:
        digest = hashlib.sha256(content).hexdigest()
        with (place / digest).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        database.execute("insert or ignore into t values (?)", (digest,))
    took = time.perf_counter() - began
    database.close()
    shutil.rmtree(place)
    return took


def _documents(context: Context) -> int:
    with context.reading(VIEWER) as session:
        return session.scalar(select(func.count(Document.id))) or 0


def _left(context: Context) -> int:
    with context.reading(VIEWER) as session:
        work = session.scalar(
            select(func.count(WorkItem.id)).where(WorkItem.state.in_(["ready", "leased"]))
        )
        return (work or 0) + (session.scalar(select(func.count(IndexChange.id))) or 0)


def _wait(check: object, *, pause: float = 0.1) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not check():  # type: ignore[operator]
        if time.monotonic() > until:
            sys.exit("it did not happen")
        time.sleep(pause)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000, help="files of the flood")
    parser.add_argument("--drops", type=int, default=40, help="files dropped one by one")
    parser.add_argument(
        "--folder", help="where to put the archive; default: the system's temporary"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
