"""Where the lines of text stand: rotated rectangles out of the network's probability map."""

from __future__ import annotations

import cv2
import numpy as np

from dossier.adapters.rapidocr.models import Floats, Models, Pixels

# The network wants sides that are multiples of its coarsest stride.
STRIDE = 32
# Thresholds that PP-OCR was trained and published with (rapidocr's config.yaml, Det section).
_PIXEL_THRESHOLD = 0.3
_BOX_THRESHOLD = 0.5
_UNCLIP_RATIO = 1.6
_SMALLEST_SIDE = 3


def detect_lines(models: Models, gray: Pixels, *, longest_side: int) -> Floats:
    """Find the lines of text.

    Args:
        models: the networks.
        gray: picture (height, width).
        longest_side: the picture is shrunk to this before it is looked at; never enlarged.

    Returns:
        Corners (n, 4, 2) in pixels of ``gray``; each line's corners begin at the top left of the
        picture's own orientation and go clockwise.
    """
    height, width = gray.shape
    scale = min(1.0, longest_side / max(height, width))
    size = (_to_stride(width * scale), _to_stride(height * scale))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    normal = small.astype(np.float32) / np.float32(127.5) - np.float32(1)
    batch = np.ascontiguousarray(np.broadcast_to(normal, (1, 3, *normal.shape)))
    boxes = _boxes_of(models.text_probability(batch))
    return boxes * np.array([width / size[0], height / size[1]], np.float32)


def _to_stride(length: float) -> int:
    return max(STRIDE, round(length / STRIDE) * STRIDE)


def _boxes_of(probability: Floats) -> Floats:
    mask = (probability > _PIXEL_THRESHOLD).astype(np.uint8)
    mask = cv2.dilate(mask, np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [box for contour in contours if (box := _box_of(contour, probability)) is not None]
    return np.array(boxes, np.float32).reshape(-1, 4, 2)


def _box_of(contour: np.ndarray, probability: Floats) -> Floats | None:
    center, (width, height), angle = cv2.minAreaRect(contour)
    if min(width, height) < _SMALLEST_SIDE:
        return None
    corners = cv2.boxPoints((center, (width, height), angle))
    if _mean_inside(corners, probability) < _BOX_THRESHOLD:
        return None
    # The network marks the core of a line; growing a rectangle by a distance on all sides is
    # what the published polygon offset does to a rectangle.
    grow = width * height * _UNCLIP_RATIO / (2 * (width + height))
    grown = cv2.boxPoints((center, (width + 2 * grow, height + 2 * grow), angle))
    return order_corners(grown)


def _mean_inside(corners: Floats, probability: Floats) -> float:
    limit = np.array([probability.shape[1] - 1, probability.shape[0] - 1])
    low = np.clip(np.floor(corners.min(0)), 0, limit).astype(np.int32)
    high = np.clip(np.ceil(corners.max(0)), 0, limit).astype(np.int32)
    mask = np.zeros((high[1] - low[1] + 1, high[0] - low[0] + 1), np.uint8)
    cv2.fillPoly(mask, [(corners - low).astype(np.int32)], 1)
    return cv2.mean(probability[low[1] : high[1] + 1, low[0] : high[0] + 1], mask)[0]


def order_corners(corners: Floats) -> Floats:
    """Sort four corners: top left, top right, bottom right, bottom left."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], np.float32)
