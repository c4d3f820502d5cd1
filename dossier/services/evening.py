"""Answers that found nothing leave after even steps of time.

What is out of scope stands in the index's dictionary and what does not exist does not: the engine
knows the one some tenth of a millisecond later than the other, and over a thousand tries that tells
(benchmarks/scopes.py, docs/security.md). Held to the next whole step, both take the same.
"""

from __future__ import annotations

import math
import time

from dossier.services.context import Context

MILLISECONDS = 1000.0


def hold(context: Context, started: float, *, steps: float = 1) -> float:
    """Wait until a whole number of steps has passed; gives it in milliseconds.

    Args:
        context: the wired product; ``even_out_ms`` of its settings is the step, 0 holds nothing.
        started: when the answer was begun, by ``time.perf_counter``.
        steps: how long a whole is, in the settings' steps; what is quick needs no long ones.
    """
    spent = (time.perf_counter() - started) * MILLISECONDS
    step = context.settings.even_out_ms * steps
    if not step:
        return round(spent, 2)
    whole = math.ceil(spent / step) * step
    time.sleep((whole - spent) / MILLISECONDS)
    return float(whole)
