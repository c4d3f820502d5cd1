"""How well signatures and seals are found on pictures of pages, and what it costs.

    python -m benchmarks.page_marks --seed 611 --pages 60 --families tuned
    python -m benchmarks.page_marks --seed 612 --pages 60 --families held_out

Prints precision, recall and F1 of "this page bears one", the same of "a place for one is empty", per
damage, and the milliseconds a page of CPU beside those of the OCR. Tuned on seeds 601 to 603 of the
family set ``tuned``; the hands, seals, places, damages and other stamps of ``held_out`` were tuned on
by nobody. ``--truth`` takes the text and boxes from what is known of the page instead of the OCR.
``--keep FOLDER`` keeps pictures and readings, so that a second run reads nothing again.
"""

from __future__ import annotations

import argparse
import math
import os
import pickle
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

for _name in ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from benchmarks.ocr_quality import machine  # noqa: E402 - after the thread limits
from dossier.adapters.rapidocr import RapidOcrEngine  # noqa: E402
from dossier.adapters.sightings.looker import PictureLooker  # noqa: E402
from dossier.plugins.demo import families as family_names  # noqa: E402
from dossier.plugins.demo.pages import BenchmarkPage, signing_pages  # noqa: E402
from dossier.plugins.demo.truth import upright  # noqa: E402
from dossier.records import PageReading, SightingKind  # noqa: E402
from tests.support_pictures import reading_of  # noqa: E402

CHOICES = {
    "default": family_names.DEFAULT,
    "tuned": family_names.ALL - family_names.MARKS_HELD_OUT,
    "held_out": family_names.MARKS_HELD_OUT,
}
_SIGNING_WORDS = ("签", "确认")
_SEALING_WORDS = ("盖章", "签章")
MARKS = (SightingKind.SIGNATURE, SightingKind.SEAL)


@dataclass
class Score:
    """Counts of one kind on some pages."""

    there: Counter[str] = field(default_factory=Counter)
    empty: Counter[str] = field(default_factory=Counter)

    def add(self, truth: tuple[bool, bool], said: tuple[bool, bool]) -> None:
        """Count one page."""
        for counts, is_so, is_said in zip((self.there, self.empty), truth, said, strict=True):
            counts[("t" if is_so else "f") + ("p" if is_said else "n")] += 1

    def line(self) -> str:
        """Precision, recall and F1 of both answers."""
        return "  ".join(
            f"{name} P {p:6.2%} R {r:6.2%} F1 {f:6.2%} ({n} pages)"
            for name, counts in (("there", self.there), ("empty", self.empty))
            for p, r, f, n in [f1(counts)]
        )


def f1(counts: Counter[str]) -> tuple[float, float, float, int]:
    """Precision, recall, F1 and how many there were."""
    right, wrong, missed = counts["tp"], counts["fp"], counts["tn"]
    precision, recall = right / max(1, right + wrong), right / max(1, right + missed)
    return precision, recall, 2 * right / max(1, 2 * right + wrong + missed), right + missed


def truth_of(page: BenchmarkPage) -> dict[SightingKind, tuple[bool, bool]]:
    """Whether the page bears one, and whether a place that asks for one is empty."""
    truth = page.truth
    signing = [p for p in truth.places if any(w in p.label for w in _SIGNING_WORDS)]
    sealing = [p for p in truth.places if any(w in p.label for w in _SEALING_WORDS)]
    unsigned = any(not p.signed and not (p.sealed and p in sealing) for p in signing)
    unsealed = any(not p.sealed and not (p.signed and p in signing) for p in sealing)
    sealed = any(mark.kind == "seal" for mark in truth.seals)
    return {
        SightingKind.SIGNATURE: (bool(truth.signatures), unsigned),
        SightingKind.SEAL: (sealed, unsealed),
    }


def said_of(reading: PageReading, kind: SightingKind) -> tuple[bool, bool]:
    """What the looker says of the page."""
    own = [seen.is_there for seen in reading.sightings if seen.kind is kind]
    return any(own), not all(own)


def pages(
    arguments: argparse.Namespace, folder: Path
) -> Iterator[tuple[int, BenchmarkPage, Path, PageReading, float]]:
    """Pages with their pictures, readings and the seconds of the OCR."""
    ocr: RapidOcrEngine | None = None
    made = signing_pages(arguments.seed, arguments.pages, CHOICES[arguments.families])
    for number, page in enumerate(made):
        if arguments.only and page.damage not in arguments.only:
            continue
        name = f"{arguments.families}-{arguments.seed}-{number}{'-truth' * arguments.truth}"
        picture, kept = folder / f"{name}.{page.suffix}", folder / f"{name}.reading"
        if not kept.exists():
            picture.write_bytes(page.image)
            begin = time.process_time()
            if arguments.truth:
                reading = replace(reading_of(page.truth), skew=skew_of(page))
            else:
                ocr = ocr or RapidOcrEngine()
                reading = ocr.read(picture, page_number=1, dpi=page.dpi)
            kept.write_bytes(pickle.dumps((reading, time.process_time() - begin)))
        reading, seconds = pickle.loads(kept.read_bytes())
        yield number, page, picture, reading, seconds


def skew_of(page: BenchmarkPage) -> float:
    """By how much the page's lines lean, clockwise."""
    leans = []
    for line in page.truth.lines:
        if line.quad:
            turned = upright(line.quad, page.truth.width, page.truth.height, page.truth.rotation)
            (x0, y0), (x1, y1) = turned[:2]
            leans.append(math.degrees(math.atan2(y1 - y0, x1 - x0)))
    return median(leans) if leans else 0.0


def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Look at all pages and print the figures."""
    looker = PictureLooker()
    scores: dict[tuple[SightingKind, str], Score] = defaultdict(Score)
    ocr_seconds, look_seconds = [], []
    for number, page, picture, reading, seconds in pages(arguments, folder):
        begin = time.process_time()
        seen = looker.look(picture, reading)
        look_seconds.append(time.process_time() - begin)
        ocr_seconds.append(seconds)
        truth = truth_of(page)
        for kind in MARKS:
            said = said_of(seen, kind)
            scores[kind, "ALL"].add(truth[kind], said)
            scores[kind, page.damage].add(truth[kind], said)
            if arguments.verbose and said != truth[kind]:
                hands = sorted({mark.kind for mark in page.truth.signatures})
                print(
                    f"{number:3} {page.damage:12} {page.layout:7} {page.type_code} {kind}:"
                    f" there, empty: is {truth[kind]}, said {said}  {hands}"
                )
    print(f"machine: {machine()}")
    print(f"pages: {len(ocr_seconds)}, seed {arguments.seed}, families {arguments.families}")
    for kind in MARKS:
        for damage in sorted(d for k, d in scores if k is kind and d != "ALL"):
            print(f"{kind:10} {damage:12} {scores[kind, damage].line()}")
        print(f"{kind:10} {'ALL':12} {scores[kind, 'ALL'].line()}")
    total = sum(look_seconds) / sum(ocr_seconds)
    print(
        f"look: median {1000 * median(look_seconds):.0f} ms a page of CPU, mean"
        f" {1000 * sum(look_seconds) / len(look_seconds):.0f} ms; OCR median"
        f" {1000 * median(ocr_seconds):.0f} ms; share of the OCR's time {total:.1%}"
    )


def main() -> int:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=511)
    parser.add_argument("--pages", type=int, default=120)
    parser.add_argument("--families", choices=sorted(CHOICES), default="default")
    parser.add_argument("--only", nargs="*", help="only these damage profiles")
    parser.add_argument("--keep", type=Path, help="keep pictures and readings in this folder")
    parser.add_argument(
        "--truth", action="store_true", help="no OCR: what the page is known to say"
    )
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        if arguments.keep:
            arguments.keep.mkdir(parents=True, exist_ok=True)
        measure(arguments, arguments.keep or Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
