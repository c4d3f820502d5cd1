"""How far reading is: the bar on the start page and the figures above the intake list."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dossier.records import IntakeState
from dossier.services import work_status
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer

ON_THE_WAY = (IntakeState.QUEUED, IntakeState.RUNNING, IntakeState.WAITING)


@dataclass(frozen=True, slots=True)
class Pace:
    """Figures about the whole archive; ``total``, ``done`` and ``left`` count papers."""

    total: int
    done: int
    left: int
    pages_left: int
    pages_per_minute: float
    minutes_left: int
    pending: int
    workers: int


def pace(context: Context, viewer: Viewer) -> Pace:
    """How far reading is; duplicates are no work and do not count.

    Raises:
        ForbiddenError: the role may not see the intake.
    """
    counts = work_status.counts(context, viewer)
    speed = work_status.throughput(context)
    total = sum(counts.values()) - counts.get(IntakeState.DUPLICATE, 0)
    left = sum(counts.get(state, 0) for state in ON_THE_WAY)
    return Pace(
        total=total,
        done=total - left,
        left=left,
        pages_left=speed.pages_left,
        pages_per_minute=speed.pages_per_minute,
        minutes_left=math.ceil(speed.minutes_left or 0),
        pending=speed.pending,
        workers=speed.workers,
    )


def progress(context: Context, viewer: Viewer) -> Pace | None:
    """The same for the start page: None for who may not see it, or when nothing is left."""
    if not viewer.may(Permission.SEE_INTAKE):
        return None
    now = pace(context, viewer)
    return now if now.left else None
