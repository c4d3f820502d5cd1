"""Invents a whole archive into a folder, file by file, from a seed."""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2

from dossier.plugins.demo.customers import InventedCustomer, invent_customers, write_customers
from dossier.plugins.demo.make import make_into
from dossier.plugins.demo.plan import MIN_PAPERS, PaperPlan, Planner
from dossier.plugins.demo.truth import TruthFile

CUSTOMERS_FILE = "customers.csv"
TRUTH_FILE = "truth.jsonl"
_MAX_DEFAULT_PAPERS = 3_000


@dataclass(frozen=True, slots=True)
class InventedArchive:
    """What :func:`invent` wrote.

    Attributes:
        folder: holds ``customers.csv``, ``truth.jsonl`` and ``papers/``.
        customers: the register.
        files: truth of every file, in the order in which they were written.
    """

    folder: Path
    customers: tuple[InventedCustomer, ...]
    files: tuple[TruthFile, ...]

    @property
    def customers_file(self) -> Path:
        """The register as CSV."""
        return self.folder / CUSTOMERS_FILE


def default_papers(customers: int) -> int:
    """How many papers an archive of that many customers gets unless told."""
    return max(MIN_PAPERS, min(customers * 5 // 3, _MAX_DEFAULT_PAPERS))


def invent(
    out: Path,
    *,
    seed: int,
    customers: int = 300,
    papers: int | None = None,
    families: frozenset[str] | None = None,
    workers: int | None = None,
    on_file: Callable[[TruthFile], None] | None = None,
) -> InventedArchive:
    """Writes ``customers.csv``, ``papers/…`` and ``truth.jsonl`` below ``out``.

    The same arguments give the same bytes, however many workers make them.

    Args:
        out: folder, made when missing; files of the same names are replaced.
        seed: of everything.
        customers: size of the register, 1 or more.
        papers: number of files besides some exact copies; None scales with ``customers``, 0
            writes the register only.
        families: allowed family names (see ``families.choices``); None is the default set.
        workers: processes; None is one per core, 1 works in this process. Processes are spawned,
            so a script that calls this needs the usual ``if __name__ == "__main__"``.
        on_file: called in this process after each file is in its place; born-digital files come
            first.

    Raises:
        ValueError: for an unknown family name or a register without customers.
    """
    if customers < 1:
        raise ValueError("an archive needs at least one customer")
    register = tuple(invent_customers(seed, customers))
    out.mkdir(parents=True, exist_ok=True)
    write_customers(out / CUSTOMERS_FILE, register)
    count = default_papers(customers) if papers is None else papers
    plans = Planner(register, seed, families).plans(count)
    files = []
    with (out / TRUTH_FILE).open("w", encoding="utf-8") as truth:
        for file in _made(out, plans, workers or os.cpu_count() or 1):
            truth.write(json.dumps(file.to_json(), ensure_ascii=False) + "\n")
            truth.flush()
            files.append(file)
            if on_file:
                on_file(file)
    return InventedArchive(out, register, tuple(files))


def read_truth(path: Path) -> Iterator[TruthFile]:
    """The truths in a ``truth.jsonl``."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield TruthFile.from_json(json.loads(line))


def _made(out: Path, plans: list[PaperPlan], workers: int) -> Iterator[TruthFile]:
    """Truths in the plans' order, each after its file was written."""
    task = partial(make_into, out)
    if workers == 1 or len(plans) < 2:
        yield from map(task, plans)
        return
    # spawned, not forked: the caller may run threads, whose locks a fork would copy
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        yield from pool.map(task, plans, chunksize=2)


def _start_worker() -> None:
    """Runs once in each worker: one thread for pictures, and an end when the parent ends."""
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """Leaves at once when the parent is gone: a killed parent closes no queue."""
    multiprocessing.connection.wait([sentinel])
    os._exit(1)
