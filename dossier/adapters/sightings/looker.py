"""Looks at a page's picture with what was read on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2

from dossier.adapters.sightings import hands, ink, seals
from dossier.adapters.sightings.hands import Seen
from dossier.records import Box, PageReading, Sighting, SightingKind
from dossier.rules import rulebook, signing_places
from dossier.rules.page_fields import box_of
from dossier.rules.signing_places import PlaceKind, SigningPlace


class PictureLooker:
    """Finds what stands on pages besides text; one thread, no files written."""

    def __init__(self) -> None:
        """Read the rules; nothing is loaded."""
        self._rules: dict[str, Any] = rulebook.load(signing_places.FILE)
        cv2.setNumThreads(1)

    def look(self, picture: Path, reading: PageReading, *, digital: bool = False) -> PageReading:
        """The reading with what is seen on its picture; see the port."""
        if reading.blank or not reading.width:
            return reading
        rules = self._rules["seals"]
        inks = ink.load(picture, reading, redder=rules["redder"], colourless=rules["colourless"])
        found = seals.find_seals(inks, _print_at(reading, inks.scale, rules), rules)
        back = 1 / inks.scale
        sightings = [
            Sighting(SightingKind.SEAL, _scaled(box, back), confidence=sure) for box, sure in found
        ]
        places = tuple(signing_places.find_places(reading.text))
        seen = Seen(reading, inks, tuple(box for box, _ in found), places, digital)
        for place in places:
            sightings += self._at(place, seen)
        return replace(reading, sightings=tuple(sightings))

    def _at(self, place: SigningPlace, seen: Seen) -> Iterator[Sighting]:
        """What is at one place: where either is asked for, a seal does for a signature."""
        rules = {**self._rules["signatures"], "prints": self._rules["prints"]}
        mark = hands.mark_at(place, seen, rules)
        if mark is None:
            return
        is_field = place.is_filled_in and (
            mark.box[1] < rules["filled_above"] * seen.inks.dark.shape[0]
        )
        is_signed = hands.is_signature(mark, rules) and not is_field
        is_sealed = _is_sealed(place, seen, rules)
        box = _scaled(mark.box, 1 / seen.inks.scale)
        either = place.kind is PlaceKind.EITHER
        if mark.is_hidden and mark.area >= rules["least_ink"]:
            return  # a seal is there, and perhaps a signature under it
        if is_signed or place.kind is PlaceKind.SIGN or (either and not is_sealed):
            yield Sighting(SightingKind.SIGNATURE, box, is_signed, confidence=0.9)
        if not is_sealed and (place.kind is PlaceKind.SEAL or (either and not is_signed)):
            yield Sighting(SightingKind.SEAL, box, is_there=False, confidence=0.9)


def _print_at(reading: PageReading, scale: float, rules: dict[str, Any]) -> list[Box]:
    """Where words stand that were read as print; a seal's own text has its whole box."""
    return [
        _scaled(word.box, scale)
        for word in reading.words
        if word.edges and word.confidence >= rules["print_sure"]
    ]


def _is_sealed(place: SigningPlace, seen: Seen, rules: dict[str, Any]) -> bool:
    """Whether a seal stands at the place: over its label, beside it or below it."""
    label = box_of(seen.reading, *place.label)
    if label is None:
        return False
    x0, y0, x1, y1 = _scaled(label, seen.inks.scale)
    reach, above, below = (
        rules[f"seal_{side}"] * seen.usual for side in ("right", "above", "below")
    )
    return any(
        box[0] < x1 + reach
        and box[2] > x0 - seen.usual
        and box[1] < y1 + below
        and box[3] > y0 - above
        for box in seen.seals
    )


def _scaled(box: Box, scale: float) -> Box:
    x0, y0, x1, y1 = (round(v * scale, 1) for v in box)
    return x0, y0, x1, y1
