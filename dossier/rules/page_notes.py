"""What was typed on a page, after the page's own text: searched, shown and masked like that."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from dossier.records import Box, PageNote, PageReading, WordBox


def with_notes(reading: PageReading, notes: Sequence[PageNote]) -> PageReading:
    """The reading with each note that its text does not hold, a line of text for each of the note.

    Args:
        reading: what the page itself says; a failed one stays as it is.
        notes: what was typed on the page.
    """
    if reading.error:
        return reading
    text, words = reading.text, list(reading.words)
    for note in notes:
        if not _solid(note.text) or _solid(note.text) in _solid(text):
            continue
        box = _on_upright(note, reading)
        for line in note.text.split("\n"):
            start = len(text) + 1 if text else 0
            text = f"{text}\n{line}" if text else line
            words.append(WordBox(start, len(text), box, 1.0))
    if text == reading.text:
        return reading
    cut = reading.truncated or any(note.is_cut for note in notes)
    confidence = reading.confidence if reading.words else 1.0
    return replace(
        reading, text=text, words=tuple(words), confidence=confidence, blank=False, truncated=cut
    )


def _solid(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _on_upright(note: PageNote, reading: PageReading) -> Box:
    """The note's place in pixels of the page turned upright."""
    u0, v0, u1, v1 = note.place
    if reading.rotation == 90:
        u0, v0, u1, v1 = 1 - v1, u0, 1 - v0, u1
    elif reading.rotation == 180:
        u0, v0, u1, v1 = 1 - u1, 1 - v1, 1 - u0, 1 - v0
    elif reading.rotation == 270:
        u0, v0, u1, v1 = v0, 1 - u1, v1, 1 - u0
    return (
        u0 * reading.width,
        v0 * reading.height,
        u1 * reading.width,
        v1 * reading.height,
    )
