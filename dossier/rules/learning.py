"""From labelled examples to a threshold: pure, and careful.

A threshold goes down only where persons' words on the very papers that would newly be decided say
that they are right often enough, and up where what is decided today is not. The interval is
Wilson's: a few lucky examples prove nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from dossier.rules.rulebook import load_rulebook


@dataclass(frozen=True, slots=True)
class Example:
    """What the machine would decide of a paper, how sure, and whether that is right.

    Attributes:
        said: a person said what is right; else it stood unchallenged.
    """

    confidence: float
    right: bool
    said: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """What a threshold must keep."""

    precision: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class LearningRules:
    """``rulebook/learning.yaml``."""

    thresholds: dict[str, Asked]
    least_examples: int
    unchallenged_days: int
    z: float
    most_documents: int


class Outcome(StrEnum):
    """What became of a threshold."""

    LOWER = "lower"
    HIGHER = "higher"
    KEPT = "kept"
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class At:
    """What holds at a threshold.

    Attributes:
        decided: share of the examples that would be decided alone.
        precision: share of these that are right; 1 where there are none.
        low: lower end of its interval.
        high: its upper end.
    """

    threshold: float
    decided: float
    precision: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the examples say of one threshold."""

    name: str
    outcome: Outcome
    examples: int
    said: int
    old: At
    new: At


@cache
def learning_rules() -> LearningRules:
    """The built-in rules."""
    body = load_rulebook("learning")
    asked = {name: Asked(**one) for name, one in body["thresholds"].items()}
    return LearningRules(
        asked,
        int(body["least_examples"]),
        int(body["unchallenged_days"]),
        float(body["z"]),
        int(body["most_documents"]),
    )


def interval(right: int, total: int, z: float) -> tuple[float, float]:
    """Wilson's interval of a share."""
    if total == 0:
        return 0.0, 1.0
    share, square = right / total, z * z / total
    middle = share + square / 2
    wide = z * math.sqrt(share * (1 - share) / total + square / (4 * total))
    return max(0.0, (middle - wide) / (1 + square)), min(1.0, (middle + wide) / (1 + square))


def estimate(
    name: str, examples: Sequence[Example], current: float, rules: LearningRules
) -> Estimate:
    """The threshold that examples speak for: the present one where they prove nothing else."""
    asked = rules.thresholds[name]
    outcome, chosen = _chosen(examples, current, asked, rules)
    return Estimate(
        name,
        outcome,
        len(examples),
        sum(one.said for one in examples),
        _at(examples, current, rules),
        _at(examples, chosen, rules),
    )


def _chosen(
    examples: Sequence[Example], current: float, asked: Asked, rules: LearningRules
) -> tuple[Outcome, float]:
    decided = [one for one in examples if one.confidence >= current]
    if decided and sum(one.right for one in decided) < asked.precision * len(decided):
        higher = _lowest(examples, max(current, asked.least), asked.most, asked, rules)
        if higher is not None and higher > current:
            return Outcome.HIGHER, higher
        return (Outcome.TOO_FEW if len(decided) < rules.least_examples else Outcome.KEPT), current
    doubtful = [one for one in examples if one.said and asked.least <= one.confidence < current]
    lower = _lowest(doubtful, asked.least, current, asked, rules)
    if lower is not None:
        return Outcome.LOWER, lower
    return (Outcome.TOO_FEW if len(doubtful) < rules.least_examples else Outcome.KEPT), current


def _lowest(
    examples: Sequence[Example], least: float, most: float, asked: Asked, rules: LearningRules
) -> float | None:
    """The lowest threshold between these at which the examples above it are surely right enough.

    Examples of one sureness stay together. The lowest is searched from above without a gap: below
    the first place where they are not right enough often enough even at best, none is looked at.
    """
    found, right, total = None, 0, 0
    ordered = sorted(examples, key=lambda one: -one.confidence)
    for place, one in enumerate(ordered):
        right, total = right + one.right, total + 1
        is_last_of_its_kind = (
            place + 1 == len(ordered) or ordered[place + 1].confidence < one.confidence
        )
        if not is_last_of_its_kind or not least <= one.confidence <= most:
            continue
        low, high = interval(right, total, rules.z)
        if high < asked.precision:
            break
        if total >= rules.least_examples and low >= asked.precision:
            found = one.confidence
    return found


def _at(examples: Sequence[Example], threshold: float, rules: LearningRules) -> At:
    decided = [one for one in examples if one.confidence >= threshold]
    right = sum(one.right for one in decided)
    low, high = interval(right, len(decided), rules.z)
    share = len(decided) / len(examples) if examples else 0.0
    return At(threshold, share, right / len(decided) if decided else 1.0, low, high)
