"""Who signs and seals a paper by which means, by chance, and what else was stamped on it."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from dossier.plugins.demo import families as family_names
from dossier.plugins.demo.content import Content, Party, Signatures
from dossier.plugins.demo.sheet import Decoy, Seal, Sheet

_HOW_SIGNED = {"hand": 0.55, "typed": 0.2, "": 0.25}
_SEALED, _OWN_SEAL = 0.6, 0.12
"""Of sides that seal; of the others where a seal is as good as a signature."""
_PERSONS_SEALS = frozenset({"square", "carved", "small", "upright"})
_PALE, _OFF_PAGE, _SHIFTED = 0.2, 0.08, 0.4
_DECOYED = 0.35


@dataclass(frozen=True, slots=True)
class _Means:
    hands: tuple[str, ...]
    stamps: tuple[str, ...]
    places: tuple[str, ...]


def signed_by_chance(
    content: Content, families: frozenset[str] | None, rng: random.Random
) -> Content:
    """The paper, with each side signed and sealed or not, by the means of ``families``."""
    means = _Means(*(family_names.choices(families, kind) for kind in ("hand", "stamp", "place")))
    blocks = tuple(
        Signatures(tuple(_by_chance(party, means, rng) for party in block.parties))
        if isinstance(block, Signatures) and not content.framed
        else block
        for block in content.blocks
    )
    return replace(content, blocks=blocks)


def _by_chance(party: Party, means: _Means, rng: random.Random) -> Party:
    how = rng.choices(list(_HOW_SIGNED), list(_HOW_SIGNED.values()))[0]
    may_seal = party.seal or ("章" in party.label and rng.random() < _OWN_SEAL / _SEALED)
    personal = [shape for shape in means.stamps if shape in _PERSONS_SEALS]
    companies = [shape for shape in means.stamps if shape not in _PERSONS_SEALS]
    shapes = companies if party.seal else personal
    is_sealed = bool(may_seal and shapes) and rng.random() < _SEALED
    shift = (rng.uniform(-26, 30), rng.uniform(-14, 10)) if rng.random() < _SHIFTED else (0.0, 0.0)
    return replace(
        party,
        signature=party.signature if how else "",
        hand=rng.choice(means.hands) if how == "hand" else "typed",
        size=rng.uniform(0.85, 1.35),
        seal=(party.seal or party.signature) if is_sealed else "",
        stamp=rng.choice(shapes) if is_sealed else "round",
        place=rng.choice(means.places),
        pale=rng.uniform(0.35, 0.7) if rng.random() < _PALE else 0.0,
        shift=shift,
    )


def with_decoy(sheet: Sheet, families: frozenset[str] | None, rng: random.Random) -> Sheet:
    """The sheet, perhaps with something that looks like a seal; a seal perhaps over its edge."""
    kinds = family_names.choices(families, "decoy")
    marks = [
        replace(mark, x=sheet.width - rng.uniform(-0.2, 0.45) * mark.radius)
        if isinstance(mark, Seal) and mark.shape not in _PERSONS_SEALS and rng.random() < _OFF_PAGE
        else mark
        for mark in sheet.marks
    ]
    kind = rng.choice(kinds)
    if kind != "none" and rng.random() < _DECOYED:
        x, y = rng.uniform(0.1, 0.6) * sheet.width, rng.uniform(0.05, 0.85) * sheet.height
        if kind == "heading":
            x, y = 0.25 * sheet.width, 14.0
        marks.append(Decoy(x, y, rng.uniform(12, 19), kind, rng.uniform(-6, 6)))
    return Sheet(sheet.width, sheet.height, marks)
