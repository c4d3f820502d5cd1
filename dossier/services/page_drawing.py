"""How a page is drawn for a viewer: planned by what may be seen, drawn once, kept by name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import orjson

from dossier.records import Box
from dossier.rules import identity_cards
from dossier.rules.identity_cards import Quad
from dossier.rules.masking import KnownValues
from dossier.search.parser import parse
from dossier.services import marks, page_masks, page_picture, personal
from dossier.services.context import Context
from dossier.services.page_picture import Frame
from dossier.services.patches import Patch, patches
from dossier.services.signed_boxes import signed_boxes
from dossier.services.view_cache import ViewCache
from dossier.services.view_sources import PageSource, ReadPage
from dossier.viewer import Field, Viewer

PICTURE_VERSION = 5
"""Goes up when pages are drawn or painted otherwise: older pictures in the cache are not found."""
NOT_READ_YET, UNREADABLE, NO_HIT = "not_read_yet", "unreadable", "no_hit"
SHARPEST = 2.0
"""A strip is drawn from a page at most so many times its reading size."""
QUARTER, HALF = 90, 180
VIEW_HEAD = 100.0
"""Pixels of a view at its reading size of 200 dpi: 36 points."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to draw.

    Attributes:
        key: names the picture: content, page, frame, paint.
        frame: the part that is shown; None: the page as stored, because it is not read yet.
        render_width: pixels that the stored page is drawn wide.
        hidden: what to paint over.
        marked: boxes to outline.
        covered: leaning parts to paint over, of identity cards.
    """

    key: str
    frame: Frame | None
    render_width: int
    hidden: tuple[Patch, ...] = ()
    marked: tuple[Box, ...] = ()
    covered: tuple[Quad, ...] = ()


def hit_boxes(
    context: Context, viewer: Viewer, source: PageSource, q: str
) -> tuple[tuple[int, Box], ...]:
    """Boxes of the query on a page that was read, as far as this viewer may have them.

    Returns:
        (number of the hit among those marked in the page's text, from 0; box): a hit that goes
        over a line's end has several boxes.
    """
    page = source.page
    if page is None or not q.strip():
        return ()
    masked = page_masks.text_of(context, viewer, page.text, source.known, page.stored)
    found = marks.find(context, viewer, parse(q), page.text, names=source.names)
    shown = marks.visible(page.text, masked, found)
    return tuple(
        (at, box) for at, span in enumerate(shown) for box in marks.boxes(page.words, [span])
    )


def plan(
    context: Context, viewer: Viewer, source: PageSource, *, width: int, q: str, strip: bool
) -> Plan | str:
    """What to draw for this viewer, or the reason why nothing is drawn."""
    page = source.page
    if page is None or page.error or not page.width or not page.height:
        return _as_stored(viewer, source, width=width, strip=strip)
    hidden = _hidden(context, viewer, page, source.known)
    if hidden is None:
        return UNREADABLE
    hidden = (*hidden, *_head(viewer, source, page), *map(Patch, _signed(viewer, page)))
    covered = _covered(viewer, source, page)
    marked = tuple(box for _, box in hit_boxes(context, viewer, source, q)) if strip else ()
    if strip and not marked:
        return NO_HIT
    size = (page.width, page.height)
    frame = (
        page_picture.strip(*size, marked, shown_width=width)
        if strip
        else page_picture.whole(*size, shown_width=width)
    )
    return Plan(
        key=_key(source, frame, page.rotation, hidden, marked, covered),
        frame=frame,
        render_width=_render_width(page, frame),
        hidden=hidden,
        marked=marked,
        covered=covered,
    )


def _as_stored(viewer: Viewer, source: PageSource, *, width: int, strip: bool) -> Plan | str:
    """A page of which nothing is known: shown as stored, and to who sees all only."""
    if not viewer.sees(Field.PAGES):
        return UNREADABLE if source.page and source.page.error else NOT_READ_YET
    if strip:
        return NO_HIT
    return Plan(key=_key(source, None, width, (), ()), frame=None, render_width=width)


def _hidden(
    context: Context, viewer: Viewer, page: ReadPage, known: KnownValues | None
) -> tuple[Patch, ...] | None:
    """Patches over what this viewer may not read; None when it cannot be told where it stands."""
    masked = page_masks.text_of(context, viewer, page.text, known, page.stored)
    found = tuple(patches(page.words, masked.spans))
    if masked.spans and not found:
        return None
    codes = (box for text, box in page.barcodes if personal.line(viewer, text, known).masked)
    return (*found, *(Patch((box[0], box[1], box[2], box[3])) for box in codes))


def _head(viewer: Viewer, source: PageSource, page: ReadPage) -> tuple[Patch, ...]:
    """The head of a view: those of before had the file's name there, which no reading knows of.

    No record tells them from later ones, whose head is blank: the ink does.
    """
    if viewer.sees(Field.PAGES) or not source.is_view:
        return ()
    lowest = min((word.box[1] for word in page.words), default=VIEW_HEAD)
    return (Patch((0.0, 0.0, float(page.width), min(VIEW_HEAD, lowest)), if_inked=True),)


def _signed(viewer: Viewer, page: ReadPage) -> tuple[Box, ...]:
    """Where people sign: from the label on, whatever was read of the name under a seal."""
    if viewer.sees(Field.PAGES):
        return ()
    return signed_boxes(page.text, page.words, width=float(page.width), height=float(page.height))


def _covered(viewer: Viewer, source: PageSource, page: ReadPage) -> tuple[Quad, ...]:
    """What the layout of identity cards hides from this viewer, whatever was read there."""
    if viewer.sees(Field.PAGES):
        return ()
    return identity_cards.covers(
        page.text,
        page.words,
        size=(page.width, page.height),
        skew=page.skew,
        is_identity=identity_cards.is_identity_type(source.type_code),
    )


def _render_width(page: ReadPage, frame: Frame) -> int:
    """Pixels across the *stored* page for the frame to come out sharp."""
    scale = min(frame.scale, SHARPEST)
    is_turned = page.rotation % HALF == QUARTER
    return max(1, round((page.height if is_turned else page.width) * scale))


def _key(
    source: PageSource,
    frame: Frame | None,
    turn: int,
    hidden: Iterable[Patch],
    marked: Iterable[Box],
    covered: Iterable[Quad] = (),
) -> str:
    parts = [
        PICTURE_VERSION,
        source.sha256,
        source.number,
        turn,
        [frame.box, frame.width] if frame else None,
        list(hidden),
        list(marked),
        list(covered),
    ]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def draw(context: Context, source: PageSource, plan: Plan) -> bytes:
    """The picture, from the cache or drawn now.

    Raises:
        UnreadableFileError: the file cannot be drawn.
        StepFailedError: the drawing child failed or broke its limits.
    """
    kept = _cache_of(context.settings.home, context.settings.view_cache_bytes)
    body = kept.get(plan.key)
    if body is None:
        body = _draw(context, source, plan)
        kept.put(plan.key, body)
    return body


def _draw(context: Context, source: PageSource, plan: Plan) -> bytes:
    rendered = context.readers.render(
        context.store.path(source.sha256), page_number=source.number, width=plan.render_width
    )
    page = source.page
    if plan.frame is None or page is None:
        return rendered
    return page_picture.compose(
        rendered,
        size=(page.width, page.height),
        rotation=page.rotation,
        frame=plan.frame,
        hidden=plan.hidden,
        covered=plan.covered,
        marked=plan.marked,
    )


@cache
def _cache_of(home: Path, limit_bytes: int) -> ViewCache:
    return ViewCache(home / "cache", limit_bytes=limit_bytes)
