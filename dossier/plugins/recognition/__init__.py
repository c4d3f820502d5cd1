"""Recognises what a paper is: its type and title, its date, its key fields with their places."""

from __future__ import annotations

from collections.abc import Sequence

from dossier.hookspecs import Step, hookimpl
from dossier.plugins.recognition.step import recognise

ORDER = 50
"""Before foreign steps (100), so that they see a type."""


@hookimpl
def steps() -> Sequence[Step]:
    """One step for every document. At start, in each worker."""
    return (Step(name="recognition", run=recognise, order=ORDER),)
