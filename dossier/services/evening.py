"""Answers that found nothing leave after even steps of time.

What is out of scope stands in the index's dictionary and what does not exist does not: the engine
knows the one some tenth of a millisecond later than the other, and over a thousand tries that tells
(benchmarks/scopes.py, docs/security.md). Held to the next whole step, both take the same.

A step hides while answers are made in well under one. On a quiet machine a short one does that; on
a busy one answers would end on either side of it, and the long one is taken. Which of the two
follows from how long the answers before took (:mod:`dossier.services.pace`), never from the one at
hand.
"""

from __future__ import annotations

import math
import time

from dossier.services.context import Context
from dossier.services.pace import Pace

MILLISECONDS = 1000.0
SUGGESTIONS = 0.5
"""Suggestions are made in half the time of a search's answer."""


def hold_search(context: Context, started: float) -> float:
    """Wait until a whole number of steps has passed since ``started``; gives it in milliseconds.

    Args:
        context: the wired product; its settings have the steps, 0 of the long one holds nothing.
        started: when the answer was begun, by ``time.perf_counter``.
    """
    return _hold(context, context.search_pace, started, share=1)


def hold_suggestions(context: Context, started: float) -> float:
    """The same for a list of suggestions that is empty."""
    return _hold(context, context.suggestion_pace, started, share=SUGGESTIONS)


def _hold(context: Context, pace: Pace, started: float, *, share: float) -> float:
    spent = (time.perf_counter() - started) * MILLISECONDS
    if not context.settings.even_out_ms:
        return round(spent, 2)
    short = context.settings.even_out_quick_ms * share
    step = short if pace.fits(short) else context.settings.even_out_ms * share
    pace.note(spent)
    whole = math.ceil(spent / step) * step
    time.sleep((whole - spent) / MILLISECONDS)
    return float(whole)
