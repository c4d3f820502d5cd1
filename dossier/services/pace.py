"""How long the last answers of a kind took to make."""

from __future__ import annotations

from collections import deque

ANSWERS_KEPT = 64
ANSWERS_NEEDED = 16
SLOWEST_TENTH = 0.9
ROOM = 1.5


class Pace:
    """Whether answers are made so quickly that a short step holds them all.

    One of each kind of answer in a process; what it keeps are times, of nobody in particular.
    Threads may share it: a deque of bounded length takes and drops in one go.
    """

    def __init__(self) -> None:
        self._lasted: deque[float] = deque(maxlen=ANSWERS_KEPT)

    def note(self, milliseconds: float) -> None:
        """Keep how long an answer took to make, what it was held for left out."""
        self._lasted.append(milliseconds)

    def fits(self, milliseconds: float) -> bool:
        """Whether the slowest tenth of the last answers would end well within so long a step.

        Before enough answers were made nothing fits: a process that has just started is slow.
        """
        lasted = sorted(self._lasted.copy())
        if len(lasted) < ANSWERS_NEEDED:
            return False
        return lasted[int(len(lasted) * SLOWEST_TENTH)] * ROOM <= milliseconds
