"""CPU time of what a viewer's picture costs beside drawing the page: covers, mark, both.

Run: ``python -m benchmarks.picture_marks``; prints milliseconds of CPU (median of several).
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable

from PIL import Image, ImageDraw

from dossier.services import page_picture, watermark
from dossier.services.watermark import Mark

RUNS = 15
PAGE = (1654, 2339)
"""A4 at 200 dpi."""


def page() -> bytes:
    """A page with lines of blocks in place of words."""
    picture = Image.new("RGB", PAGE, "white")
    draw = ImageDraw.Draw(picture)
    for top in range(120, PAGE[1] - 120, 48):
        for left in range(140, PAGE[0] - 140, 30):
            draw.rectangle((left, top, left + 22, top + 24), fill=(50, 50, 50))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=page_picture.JPEG_QUALITY)
    return out.getvalue()


def milliseconds(work: Callable[[], object]) -> float:
    """Median CPU time of one call."""
    work()
    spent = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        spent.append((time.process_time() - start) * 1000)
    return statistics.median(spent)


def main() -> None:
    """Print a line for each width."""
    for width in (320, 1000, 1600, 2400):
        print(line(page(), width))


def line(body: bytes, width: int) -> str:
    """The three figures of pictures of this width."""
    card = ((200.0, 300.0), (900.0, 260.0), (920.0, 700.0), (220.0, 740.0))
    frame = page_picture.whole(*PAGE, shown_width=width)
    mark = Mark("坐席王某 2026-11-22 14:05", "处理投诉工单")

    def draw(covered: tuple[page_picture.Quad, ...] = ()) -> bytes:
        return page_picture.compose(body, size=PAGE, rotation=0, frame=frame, covered=covered)

    drawn = draw()
    plain = milliseconds(draw)
    covers = milliseconds(lambda: draw((card,) * 3)) - plain
    marked = milliseconds(lambda: watermark.stamp(drawn, mark))
    return f"{width:5} px: drawing {plain:6.1f} ms, covers {covers:5.1f} ms, mark {marked:5.1f} ms"


if __name__ == "__main__":
    main()
