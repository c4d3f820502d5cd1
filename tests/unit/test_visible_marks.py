"""Marks that touch a masked value are left out, and only the values near a mark are looked at."""

from __future__ import annotations

import random

import pytest

from dossier.rules.masking import MaskedText
from dossier.services import marks

Span = tuple[int, int]
SIGNS = "张三李路0123 \n\n号-（）栋"


def told_by_all(text: str, masked: MaskedText, spans: list[Span]) -> tuple[Span, ...]:
    """The rule itself, each mark held against the whole value of every masked part."""
    values = [marks._whole(text, hidden) for hidden in masked.spans]
    return tuple(
        (first, last)
        for first, last in spans
        if all(
            first <= start and end <= last and not marks._is_guessed_soon(text[start:end])
            for start, end in values
            if start < last and first < end
        )
    )


def some_spans(rng: random.Random, length: int) -> list[Span]:
    """Ascending and disjoint, as masks and marks are."""
    edges = sorted(rng.sample(range(length + 1), 2 * rng.randint(1, 6)))
    return list(zip(edges[::2], edges[1::2], strict=True))


@pytest.mark.parametrize("seed", range(300))
def test_the_near_values_decide_as_all_values_do(seed: int) -> None:
    rng = random.Random(seed)
    text = "".join(rng.choices(SIGNS, k=rng.randint(14, 80)))
    masked = MaskedText(text, tuple(some_spans(rng, len(text))))
    places = [(at, at + length) for at in range(len(text)) for length in (0, 1, 2, 5)]
    spans = [(start, min(end, len(text))) for start, end in places]
    assert marks.visible(text, masked, spans) == told_by_all(text, masked, spans)
