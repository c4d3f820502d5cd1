"""Thresholds from labelled examples: found where they are, kept where little is proved."""

from __future__ import annotations

import random

import pytest

from dossier.rules.learning import Example, Outcome, estimate, interval, learning_rules

RULES = learning_rules()


def made(seed: int, count: int, best: float, *, said: bool = True) -> list[Example]:
    """Right from a sureness on, three of four below it."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        sure = rng.uniform(0.90, 0.98)
        found.append(Example(sure, right=sure >= best or rng.random() < 0.75, said=said))
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("best", [0.92, 0.94, 0.955])
def test_the_known_best_threshold_is_found(seed: int, best: float) -> None:
    found = estimate("filing", made(seed, 6000, best), 0.98, RULES)
    assert found.outcome is Outcome.LOWER
    assert best - 0.002 <= found.new.threshold <= best + 0.002
    assert found.new.low >= 0.99
    assert found.new.decided > found.old.decided


@pytest.mark.parametrize("seed", range(5))
def test_a_bad_set_does_not_lower_the_precision(seed: int) -> None:
    rng = random.Random(seed)
    bad = [Example(rng.uniform(0.9, 0.98), right=rng.random() < 0.97) for _ in range(5000)]
    found = estimate("filing", bad, 0.98, RULES)
    assert (found.outcome, found.new.threshold) == (Outcome.KEPT, 0.98)


def test_few_examples_change_nothing_however_right_they_are() -> None:
    few = [Example(0.95, right=True) for _ in range(RULES.least_examples - 1)]
    found = estimate("filing", few, 0.98, RULES)
    assert (found.outcome, found.new.threshold) == (Outcome.TOO_FEW, 0.98)
    lucky = [Example(0.95, right=True) for _ in range(600)]
    assert estimate("filing", lucky, 0.98, RULES).outcome is Outcome.KEPT, "99.36 % is not proved"
    assert estimate("filing", lucky * 2, 0.98, RULES).new.threshold == 0.95


def test_what_stood_unchallenged_never_speaks_for_a_lower_threshold() -> None:
    stood = made(1, 5000, 0.90, said=False)
    assert estimate("filing", stood, 0.98, RULES).new.threshold == 0.98


def test_errors_above_the_threshold_raise_it_to_where_it_is_kept() -> None:
    wrong = [Example(0.981, right=False) for _ in range(30)]
    right = [Example(0.99, right=True, said=False) for _ in range(3000)]
    found = estimate("filing", [*wrong, *right], 0.98, RULES)
    assert (found.outcome, found.new.threshold) == (Outcome.HIGHER, 0.99)
    assert found.old.precision < 0.995 <= found.new.low


def test_the_interval_is_wilsons() -> None:
    low, high = interval(990, 1000, 1.96)
    assert (round(low, 4), round(high, 4)) == (0.9817, 0.9946)
    assert interval(0, 0, 1.96) == (0.0, 1.0)
