"""What a comparison with the marketing system's export, and the lists of checks, cost.

    python -m benchmarks.comparison --customers 100000

Invents a register, imports it, and compares it with an export of all customers in which one in fifty
has another name and one in fifty another capacity. Processor time of this process (hashing and
encryption included, no index), the peak of its memory after each step, and pages of the lists.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.linking import BENCHMARK, open_archive
from dossier.plugins.demo.customers import invent_customers, write_customers
from dossier.plugins.verification import comparison, coverage, differences, stale
from dossier.plugins.verification.differences import DifferenceWish
from dossier.plugins.verification.standing import Wish
from dossier.services.customer_import import import_customers

OTHER_EVERY = 50
PAGES = 9


def changed(source: Path, target: Path) -> None:
    """The same register as another system has it."""
    with source.open(encoding="utf-8", newline="") as given, target.open("w", newline="") as out:
        rows: Iterator[dict[str, str]] = csv.DictReader(given)
        writer: csv.DictWriter[str] | None = None
        for at, row in enumerate(rows):
            if writer is None:
                writer = csv.DictWriter(out, list(row))
                writer.writeheader()
            if at % OTHER_EVERY == 0:
                row["name"] = "张改之"
            if at % OTHER_EVERY == 1:
                row["capacity_kva"] = "12345"
            writer.writerow(row)


def timed(what: str, ask: Callable[[], Any], times: int = 1) -> Any:
    """Ask, and print seconds of processor time and the peak of memory so far."""
    found, seconds = None, []
    for _ in range(times):
        started = time.process_time()
        found = ask()
        seconds.append(time.process_time() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"| {what} | {statistics.median(seconds):.3f} | {max(seconds):.3f} | {peak} |", flush=True
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=10_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        context = open_archive(home / "home")
        ours, theirs = home / "ours.csv", home / "theirs.csv"
        write_customers(ours, invent_customers(7, args.customers))
        changed(ours, theirs)
        load = os.getloadavg()[0]
        print(
            f"{platform.machine()}, {os.cpu_count()} CPUs, {args.customers} customers, load {load:.1f}"
        )
        print("| step | cpu s p50 | cpu s max | peak MiB |\n|---|---|---|---|")
        timed("register read in", lambda: import_customers(context, BENCHMARK, ours, dry_run=False))
        timed(
            "export compared", lambda: comparison.compare(context, BENCHMARK, theirs, is_whole=True)
        )
        timed(
            "the same again", lambda: comparison.compare(context, BENCHMARK, theirs, is_whole=True)
        )
        page = lambda: differences.get(context, BENCHMARK, DifferenceWish())  # noqa: E731
        timed("a page of differences", page, PAGES)
        timed("real names", lambda: coverage.get(context, BENCHMARK, Wish()), PAGES)
        timed("contacts", lambda: stale.get(context, BENCHMARK, Wish()), PAGES)


if __name__ == "__main__":
    main()
