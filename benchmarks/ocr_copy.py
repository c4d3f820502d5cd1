"""What the searchable copy costs beside the reading, and what memory reading takes.

    python -m benchmarks.ocr_copy --seed 91 --pages 12

CPU seconds of this process, so other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

for _name in ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import img2pdf  # noqa: E402 - after the thread limits
import psutil  # noqa: E402

from benchmarks.ocr_quality import machine  # noqa: E402
from dossier.adapters.ocrmypdf import OcrmypdfMaker, comparison  # noqa: E402
from dossier.adapters.rapidocr import RapidOcrEngine  # noqa: E402
from dossier.plugins.demo.pages import pages_for_benchmark  # noqa: E402

MEDIA = {"png": "image/png", "jpg": "image/jpeg"}


def resident() -> str:
    return f"{psutil.Process().memory_info().rss / 2**20:.0f} MiB"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=91)
    parser.add_argument("--pages", type=int, default=12)
    arguments = parser.parse_args()
    engine, maker = RapidOcrEngine(), OcrmypdfMaker()
    print(f"machine: {machine()}")
    print(f"resident before the models: {resident()}")
    reads, makes, formats, paths, readings = [], [], [], [], []
    lines, words = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, page in enumerate(pages_for_benchmark(arguments.seed, arguments.pages)):
            path = folder / f"{number}.{page.suffix}"
            path.write_bytes(page.image)
            begin = time.process_time()
            reading = engine.read(path, page_number=1, dpi=page.dpi)
            middle = time.process_time()
            copy = maker.make(
                path, media_type=MEDIA[page.suffix], readings=[reading], out=folder / "copy.pdf"
            )
            makes.append(time.process_time() - middle)
            reads.append(middle - begin)
            found = comparison.texts_of(copy.path)[0]
            lines += [comparison.plain(line) in found for line in reading.text.splitlines()]
            words.append(comparison.share_found(reading, found))
            formats.append(copy.format)
            paths.append(path)
            readings.append(reading)
        print(f"resident after {len(reads)} pages: {resident()}")
        engine.release()
        print(f"resident after release: {resident()}")
        whole = folder / "whole.pdf"
        whole.write_bytes(img2pdf.convert([str(path) for path in paths]))
        begin = time.process_time()
        maker.make(whole, media_type="application/pdf", readings=readings, out=folder / "copy.pdf")
        together = (time.process_time() - begin) / len(paths)
    print(f"reading                       {median(reads):.2f} s/page")
    print(
        f"copy, a document a page       {median(makes):.2f} s/page, {100 * sum(makes) / sum(reads):.0f} % of reading"
    )
    print(
        f"copy, one document of {len(paths):3} pages {together:.3f} s/page, {100 * together * len(reads) / sum(reads):.1f} % of reading"
    )
    print(
        f"read back by PDFium: {100 * sum(lines) / len(lines):.1f} % of {len(lines)} lines whole, "
        f"words {100 * sum(words) / len(words):.2f} %, worst page {100 * min(words):.1f} %"
    )
    print("formats: " + ", ".join(f"{formats.count(f)} {f}" for f in sorted(set(formats))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
