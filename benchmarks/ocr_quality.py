"""How well and how fast pages are read, against plain RapidOCR in the same run.

    python -m benchmarks.ocr_quality --seed 91 --pages 60 --families held_out

Prints the machine, sizes, the character error rate overall and per damage profile, how many key
fields were read exactly, and seconds a page and core. Text is compared after NFKC and without
white space; seal texts and watermarks are scored apart, because they lie over the page's text.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import sys
import tempfile
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from importlib.metadata import version
from pathlib import Path
from statistics import median

for _name in ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402 - after the thread limits

from dossier.adapters.rapidocr import RapidOcrEngine  # noqa: E402
from dossier.plugins.demo import families as family_names  # noqa: E402
from dossier.plugins.demo.pages import BenchmarkPage, pages_for_benchmark  # noqa: E402
from dossier.plugins.demo.truth import Quad, upright  # noqa: E402
from dossier.records import PageReading, WordBox  # noqa: E402

FAMILIES = {
    "default": None,
    "all": family_names.ALL,
    "held_out": family_names.HELD_OUT,
}


@dataclass
class Score:
    """Errors and characters, exact and all fields, seconds, of one kind of page."""

    errors: int = 0
    characters: int = 0
    exact: int = 0
    fields: int = 0
    seals: int = 0
    seals_read: int = 0
    codes: int = 0
    codes_read: int = 0
    pages: int = 0
    seconds: tuple[float, ...] = ()
    box_shares: tuple[float, ...] = ()

    def row(self, name: str) -> str:
        rate = 100 * self.errors / max(1, self.characters)
        return (
            f"{name:14} {self.pages:4} pages  CER {rate:6.2f} %  fields {self.exact:4}/{self.fields:<4}"
            f"  {median(self.seconds):5.2f} s/page"
        )


# Two codes of one printed shape: nobody can tell them apart on paper.
_SAME_SHAPE = str.maketrans("☐█", "□■")


def plain(text: str) -> str:
    """The text as it is compared: NFKC, no white space, one code for a shape."""
    return "".join(unicodedata.normalize("NFKC", text).translate(_SAME_SHAPE).split())


def edit_distance(left: str, right: str) -> int:
    """Levenshtein distance by rows of numpy."""
    codes = np.array([ord(c) for c in right], np.int64)
    steps = np.arange(len(right) + 1)
    before = steps.copy()
    for i, character in enumerate(left, 1):
        row = np.empty_like(before)
        row[0] = i
        row[1:] = np.minimum(before[:-1] + (codes != ord(character)), before[1:] + 1)
        before = np.minimum.accumulate(row - steps) + steps
    return int(before[-1])


def without_marks(reading: PageReading, page: BenchmarkPage) -> str:
    """The text less the pieces that stand inside a seal or watermark and on no printed line.

    Of a piece whose middle is on no line, the characters that are on one stay: what begins under a
    seal and goes on beside it has its middle between two lines. What was read around a seal's rim
    has the whole seal as its box, whatever is printed under it.
    """
    truth = page.truth
    lines = [_bounds(q, page) for line in truth.lines if (q := line.quad)]
    marks = [_bounds(mark.quad, page) for mark in truth.seals]

    def is_mark(middle: tuple[float, float], word: WordBox) -> bool:
        on_line = word.edges and any(_inside(middle, box, 4) for box in lines)
        return any(_inside(middle, box, 0) for box in marks) and not on_line

    drop = set()
    for word in reading.words:
        middle = ((word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2)
        if is_mark(middle, word):
            drop.update(at for at, own in _middles(word) if is_mark(own, word))
    return "".join(c for i, c in enumerate(reading.text) if i not in drop)


def _middles(word: WordBox) -> Iterator[tuple[int, tuple[float, float]]]:
    """Each character's place in the text and its middle on the page."""
    x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
    for number, at in enumerate(range(word.start, word.end)):
        if word.edges:
            along = (word.edges[number] + word.edges[number + 1]) / 2
            yield at, (x, along) if word.vertical else (along, y)
        else:
            yield at, (x, y)


def _bounds(quad: Quad, page: BenchmarkPage) -> tuple[float, float, float, float]:
    turned = upright(quad, page.truth.width, page.truth.height, page.truth.rotation)
    xs, ys = [x for x, _ in turned], [y for _, y in turned]
    return min(xs), min(ys), max(xs), max(ys)


def _inside(point: tuple[float, float], box: tuple[float, ...], slack: float) -> bool:
    x, y = point
    return box[0] - slack <= x <= box[2] + slack and box[1] - slack <= y <= box[3] + slack


def add_page(score: Score, page: BenchmarkPage, reading: PageReading, seconds: float) -> int:
    """Count one page in; returns its errors."""
    wanted, got = plain(page.truth.text), plain(without_marks(reading, page))
    errors = edit_distance(wanted, got)
    whole = plain(reading.text)
    score.errors += errors
    score.characters += len(wanted)
    score.exact += sum(plain(field.value) in whole for field in page.fields)
    score.fields += len(page.fields)
    for mark in page.truth.seals:
        score.seals += 1
        score.seals_read += plain(mark.text) in whole
    codes = {code.text for code in reading.barcodes}
    score.codes += len(page.truth.codes)
    score.codes_read += sum(code.text in codes for code in page.truth.codes)
    score.pages += 1
    score.seconds += (seconds,)
    score.box_shares += tuple(_overlaps(page, reading))
    return errors


def _overlaps(page: BenchmarkPage, reading: PageReading) -> Iterator[float]:
    """Intersection over union of each exactly read key field's box with the truth's."""
    for field in page.fields:
        start = reading.text.find(field.value)
        if start < 0 or field.quad is None:
            continue
        end, boxes = start + len(field.value), []
        for word in reading.words:
            if word.edges and word.start < end and word.end > start:
                first, last = max(start, word.start), min(end, word.end)
                left, right = word.edges[first - word.start], word.edges[last - word.start]
                boxes.append((left, word.box[1], right, word.box[3]))
        if boxes:
            yield _iou(_bounds(field.quad, page), _union(boxes))


def _union(boxes: list[tuple[float, ...]]) -> tuple[float, ...]:
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def _iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def plain_rapidocr() -> Callable[[Path, int], PageReading]:
    """RapidOCR as it comes, one thread: what the engine is compared with."""
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Global.log_level": "critical",
        }
    )
    logging.getLogger("RapidOCR").disabled = True

    def read(path: Path, number: int) -> PageReading:
        result = engine(str(path))
        return PageReading(number, "\n".join(result.txts or ()))

    return read


def show_differences(page: BenchmarkPage, reading: PageReading) -> None:
    wanted, got = plain(page.truth.text), plain(without_marks(reading, page))
    for kind, a, b, c, d in SequenceMatcher(None, wanted, got, autojunk=False).get_opcodes():
        if kind != "equal":
            print(f"      …{wanted[max(0, a - 5) : a]}[{wanted[a:b]} -> {got[c:d]}]")


def machine() -> str:
    """The processor, its cores, the versions that matter."""
    model = platform.processor() or "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            x.split(":", 1)[1].strip() for x in info.read_text().splitlines() if "model name" in x
        ]
        model = names[0] if names else model
    packages = ", ".join(
        f"{n} {version(n)}" for n in ("rapidocr", "onnxruntime", "opencv-python-headless")
    )
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}"


def measure(arguments: argparse.Namespace) -> dict[str, Score]:
    ours, bare = RapidOcrEngine(), plain_rapidocr() if arguments.baseline else None
    scores: dict[str, Score] = defaultdict(Score)
    with tempfile.TemporaryDirectory() as folder:
        pages = pages_for_benchmark(arguments.seed, arguments.pages, FAMILIES[arguments.families])
        for number, page in enumerate(pages):
            if arguments.numbers and number not in arguments.numbers:
                continue
            if arguments.only and page.damage not in arguments.only:
                continue
            path = Path(folder) / f"page.{page.suffix}"
            path.write_bytes(page.image)
            begin = time.process_time()
            reading = ours.read(path, page_number=1, dpi=page.dpi)
            seconds = time.process_time() - begin
            add_page(scores["overall"], page, reading, seconds)
            errors = add_page(scores[page.damage], page, reading, seconds)
            if arguments.verbose:
                length, turn = len(plain(page.truth.text)), page.truth.rotation - reading.rotation
                print(
                    f"{number:3} {page.damage:12} {page.layout:7} {page.font:12} {page.filled:6}"
                    f" {errors:3}/{length:4} {seconds:5.2f} s {'WRONG WAY UP' if turn else ''}",
                    flush=True,
                )
                show_differences(page, reading)
                whole = plain(reading.text)
                missed = [f.value for f in page.fields if plain(f.value) not in whole]
                print("      fields missed:", *missed) if missed else None
            if bare and number % arguments.baseline == 0:
                begin = time.process_time()
                reading = bare(path, 1)
                add_page(scores["baseline"], page, reading, time.process_time() - begin)
                scores["same pages"].seconds += (seconds,)
    return scores


def report(scores: dict[str, Score], arguments: argparse.Namespace) -> None:
    overall = scores.pop("overall")
    baseline, same = scores.pop("baseline", None), scores.pop("same pages", None)
    print(f"machine: {machine()}")
    print(
        f"pages: {overall.pages}, seed {arguments.seed}, families {arguments.families},"
        f" {overall.characters} characters"
    )
    for name in sorted(scores):
        print(scores[name].row(name))
    print(overall.row("OVERALL"))
    print(
        f"seals read {overall.seals_read}/{overall.seals}, bar codes {overall.codes_read}/{overall.codes},"
        f" box overlap with truth median {median(overall.box_shares or (0,)):.2f}"
    )
    if baseline and same:
        print(baseline.row("RapidOCR plain"))
        print(
            f"ratio of medians, ours to plain: {median(same.seconds) / median(baseline.seconds):.2f}"
        )
    if arguments.json:
        figures = {
            "seed": arguments.seed,
            "pages": overall.pages,
            "cer": overall.errors / overall.characters,
            "fields": overall.exact / max(1, overall.fields),
            "seconds": median(overall.seconds),
        }
        print(json.dumps(figures))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=91)
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--families", choices=sorted(FAMILIES), default="held_out")
    parser.add_argument(
        "--baseline",
        type=int,
        default=3,
        metavar="N",
        help="every Nth page also by plain RapidOCR, 0 none",
    )
    parser.add_argument("--only", nargs="*", help="only these damage profiles")
    parser.add_argument("--numbers", nargs="*", type=int, help="only these pages, from 0")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    report(measure(arguments), arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
