"""Bar codes on a page: one look at all of it, a second at double size where stripes stand."""

from __future__ import annotations

import cv2
import numpy as np
import zxingcpp

from dossier.adapters.rapidocr.models import Pixels
from dossier.records import Barcode, Box

# stack.md: 16 of 21 damaged labels at once, 20 of 21 with a second try at twice the size.
_SECOND_LOOK = 2.0
# Stripes change from black to white along one direction only; text and rules change along both.
# Share of full contrast by which one direction must outweigh the other, over an area of _PATCH.
_STRIPED = 0.22
_PATCH = (33, 13)
_FEWEST_PIXELS = (60, 12)
_MOST_PLACES = 4
_AROUND = 24


def read_barcodes(gray: Pixels) -> tuple[Barcode, ...]:
    """Read every bar code of the upright picture."""
    found = _read(gray, x=0, y=0, scale=1.0)
    return found or tuple(code for place in _striped_places(gray) for code in _look(gray, place))


def _look(gray: Pixels, place: tuple[int, int, int, int]) -> tuple[Barcode, ...]:
    x0, y0, x1, y1 = place
    part = gray[y0:y1, x0:x1]
    big = cv2.resize(part, None, fx=_SECOND_LOOK, fy=_SECOND_LOOK, interpolation=cv2.INTER_CUBIC)
    return _read(big, x=x0, y=y0, scale=_SECOND_LOOK)


def _striped_places(gray: Pixels) -> list[tuple[int, int, int, int]]:
    """Where stripes stand close together, largest first, in pixels with room around."""
    half = cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    across = np.abs(cv2.Sobel(half, cv2.CV_16S, 1, 0)).astype(np.float32)
    down = np.abs(cv2.Sobel(half, cv2.CV_16S, 0, 1)).astype(np.float32)
    places = []
    for difference, patch in ((across - down, _PATCH), (down - across, _PATCH[::-1])):
        striped = (cv2.blur(difference, patch) > _STRIPED * 1020).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(striped)
        for x, y, width, height, area in stats[1:count].tolist():
            if max(width, height) >= _FEWEST_PIXELS[0] and min(width, height) >= _FEWEST_PIXELS[1]:
                places.append((area, x, y, width, height))
    return [_with_room(place, gray) for place in sorted(places, reverse=True)[:_MOST_PLACES]]


def _with_room(place: tuple[int, ...], gray: Pixels) -> tuple[int, int, int, int]:
    """From the half-size picture back to the page, with the quiet zone that readers need."""
    _, x, y, width, height = place
    room_x, room_y = _AROUND + width // 2, _AROUND + height // 2
    return (
        max(0, 2 * x - room_x),
        max(0, 2 * y - room_y),
        min(gray.shape[1], 2 * (x + width) + room_x),
        min(gray.shape[0], 2 * (y + height) + room_y),
    )


def _read(gray: Pixels, *, x: int, y: int, scale: float) -> tuple[Barcode, ...]:
    return tuple(
        Barcode(code.text, code.format.name, _box(code.position, x, y, scale))
        for code in zxingcpp.read_barcodes(gray, try_invert=False)
        if code.valid and code.text
    )


def _box(position: zxingcpp.Position, x: int, y: int, scale: float) -> Box:
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    xs = [corner.x / scale + x for corner in corners]
    ys = [corner.y / scale + y for corner in corners]
    return min(xs), min(ys), max(xs), max(ys)
