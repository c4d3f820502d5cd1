"""Scan in → searchable, against the bare engine on the same pictures, on all cores.

    python -m benchmarks.whole_ingest --pages 40 --seed 151

Both read the same pictures with one process a core and one engine thread each. The bare engine
reads files that are ready; the product takes them in, decides per page, reads, recognises, links
and indexes them, until the last is found. Starting of processes and loading of models is left out
of both by a few first pages for each process that are not counted.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy import func, select

from dossier import serving
from dossier.bootstrap import build
from dossier.db import outbox
from dossier.db.tables import Document
from dossier.plugins.demo.pages import pages_for_benchmark
from dossier.services import intake
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import system_viewer

ME = system_viewer("benchmark")
FAR_SECONDS, NEAR_SECONDS = 1.0, 0.1
"""Between two questions whether all is found; often only near the end: asking ten times a second took
13 ms of every page on the same cores."""
NEAR = 4
"""Papers left from which on it is asked often."""
FIRST_PAGES = 3
"""For each process, so that every one has its models before the clock begins."""


def write_pictures(folder: Path, pages: int, seed: int) -> list[Path]:
    folder.mkdir(parents=True)
    found = []
    for number, page in enumerate(pages_for_benchmark(seed, pages), start=1):
        path = folder / f"scan{number:04}.{page.suffix}"
        path.write_bytes(page.image)
        found.append(path)
    return found


_engine = None


def read_bare(path: str) -> int:
    global _engine  # one engine a process, as the product has
    if _engine is None:
        from dossier.adapters.rapidocr.engine import RapidOcrEngine

        _engine = RapidOcrEngine()
    return len(_engine.read(Path(path), page_number=1).text)


def bare(first: list[Path], counted: list[Path], cores: int) -> float:
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        list(pool.map(read_bare, map(str, first)))
        began = time.perf_counter()
        list(pool.map(read_bare, map(str, counted)))
        return time.perf_counter() - began


def whole(first: list[Path], counted: list[Path], home: Path) -> float:
    settings = Settings(home=home)
    os.environ.update({"DOSSIER_HOME": str(home), "DOSSIER_LOG_LEVEL": "ERROR"})
    context = build(settings)
    with serving.lone_workers(settings):
        take(context, first)
        wait_until_found(context, len(first))
        began = time.perf_counter()
        take(context, counted)
        wait_until_found(context, len(first) + len(counted))
        return time.perf_counter() - began


def take(context: Context, pictures: list[Path]) -> None:
    for path in pictures:
        with path.open("rb") as source:
            intake.accept(context, ME, source=source, file_name=path.name)


def wait_until_found(context: Context, documents: int) -> None:
    while True:
        with context.reading(ME) as session:
            done = session.scalar(
                select(func.count()).where(Document.state.in_(["filed", "to_assign"]))
            )
            left = documents - (done or 0)
            if left <= 0 and not outbox.backlog(session).pending:
                return
        time.sleep(FAR_SECONDS if left > NEAR else NEAR_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--seed", type=int, default=151)
    args = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    print(
        f"{platform.platform()}, {cores} cores, load {os.getloadavg()[0]:.1f}, {args.pages} pages"
    )
    with tempfile.TemporaryDirectory() as scratch:
        first_pages = FIRST_PAGES * cores
        pictures = write_pictures(Path(scratch) / "in", args.pages + first_pages, args.seed)
        first, counted = pictures[:first_pages], pictures[first_pages:]
        engine = bare(first, counted, cores)
        product = whole(first, counted, Path(scratch) / "home")
    print(f"bare engine   {len(counted) / engine * 60:6.1f} pages a minute")
    print(
        f"whole ingest  {len(counted) / product * 60:6.1f} pages a minute, {engine / product:.0%}"
    )


if __name__ == "__main__":
    main()
