"""Which pages fail the checks of DA/T 31, per damage, and what measuring costs.

    python -m benchmarks.image_quality --seed 711 --pages 65 --families default
    python -m benchmarks.image_quality --seed 712 --pages 35 --families held_out

Prints per damage how many pages fail and by which checks, how many only get remarks, and the
milliseconds a page of CPU beside those of the OCR. ``clean``: the undamaged family alone, on which each
failure is a false alarm but that of a resolution that is truly too low. Limits were set on seed 701 of ``default``.
``--keep FOLDER`` keeps pictures and readings, so that a second run reads nothing again.
"""

from __future__ import annotations

import argparse
import os
import pickle
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

for _name in ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from benchmarks.ocr_quality import FAMILIES, machine  # noqa: E402 - after the thread limits
from dossier.adapters.image_quality.measuring import PictureMeasurer  # noqa: E402
from dossier.adapters.pages import scan_facts  # noqa: E402
from dossier.adapters.rapidocr import RapidOcrEngine  # noqa: E402
from dossier.plugins.demo import families as family_names  # noqa: E402
from dossier.plugins.demo.pages import BenchmarkPage, pages_for_benchmark  # noqa: E402
from dossier.records import PageReading  # noqa: E402
from dossier.rules import image_quality  # noqa: E402
from dossier.rules.image_quality import FAILS, ScannedPage  # noqa: E402

CLEAN = (family_names.DEFAULT - set(family_names.DAMAGES)) | {"damage.clean", "damage.sealed"}
CHOICES = {**FAMILIES, "clean": CLEAN}
TYPES = {"jpg": "image/jpeg", "png": "image/png"}


def pages(
    arguments: argparse.Namespace, folder: Path
) -> Iterator[tuple[BenchmarkPage, Path, PageReading, float]]:
    """Pages with their pictures, readings and the seconds of the OCR."""
    ocr: RapidOcrEngine | None = None
    made = pages_for_benchmark(arguments.seed, arguments.pages, CHOICES[arguments.families])
    for number, page in enumerate(made):
        name = f"{arguments.families}-{arguments.seed}-{number}"
        picture, kept = folder / f"{name}.{page.suffix}", folder / f"{name}.reading"
        if not kept.exists():
            picture.write_bytes(page.image)
            ocr = ocr or RapidOcrEngine()
            begin = time.process_time()
            reading = ocr.read(picture, page_number=1, dpi=page.dpi)
            kept.write_bytes(pickle.dumps((reading, time.process_time() - begin)))
        reading, seconds = pickle.loads(kept.read_bytes())
        yield page, picture, reading, seconds


def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Measure all pages and print the figures."""
    measurer, counts, codes = (
        PictureMeasurer(),
        Counter[str](),
        defaultdict[str, Counter[str]](Counter),
    )
    ocr_seconds, own_seconds = [], []
    for page, picture, reading, seconds in pages(arguments, folder):
        begin = time.process_time()
        facts = scan_facts.of_page(picture, TYPES[page.suffix], page_number=1)
        measures = replace(measurer.measure(picture, reading), facts=facts)
        own_seconds.append(time.process_time() - begin)
        ocr_seconds.append(seconds)
        whole = replace(reading, measures=measures)
        given = ScannedPage(whole, "image/tiff", "", page.type_code, date(2026, 11, 23))
        found = image_quality.judge(given)
        is_failing = any(one.check.severity == FAILS for one in found)
        counts[page.damage] += 1
        codes[page.damage]["FAILS" if is_failing else "remarks" if found else "nothing"] += 1
        codes[page.damage].update(f"{one.check.code}/{one.check.severity}" for one in found)
        if is_failing and page.dpi < image_quality_limit():
            codes[page.damage]["(truly below the resolution)"] += 1
    print(f"machine: {machine()}")
    print(f"pages: {len(own_seconds)}, seed {arguments.seed}, families {arguments.families}")
    for damage, count in sorted(counts.items()):
        told = ", ".join(f"{code} {n}" for code, n in codes[damage].most_common())
        print(f"{damage:12} {count:3} pages: {told}")
    print(
        f"measuring: median {1000 * median(own_seconds):.0f} ms a page of CPU, OCR median"
        f" {1000 * median(ocr_seconds):.0f} ms; share of the OCR's time"
        f" {sum(own_seconds) / sum(ocr_seconds):.1%}"
    )


def image_quality_limit() -> float:
    """The resolution below which a page fails."""
    row = next(row for row in image_quality.checks() if row.code == "resolution")
    return row.limit - row.slack


def main() -> int:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=711)
    parser.add_argument("--pages", type=int, default=65)
    parser.add_argument("--families", choices=sorted(CHOICES), default="default")
    parser.add_argument("--keep", type=Path, help="keep pictures and readings in this folder")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        if arguments.keep:
            arguments.keep.mkdir(parents=True, exist_ok=True)
        measure(arguments, arguments.keep or Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
