"""The classes by which answers are ordered (domain.md 4.5): explicit, no scores.

A group's class is the best that any of the query's words reaches in any of its rows. Inside a
class: the viewer's own unit first, active accounts before closed ones, then newer ones.
"""

from __future__ import annotations

from enum import IntEnum


class MatchClass(IntEnum):
    """Classes of matches, best first."""

    EXACT_NUMBER = 1
    EXACT_NAME = 2
    FOLDED_NAME = 3
    EXACT_PHONE = 4
    PREFIX = 5
    ADDRESS = 6
    TITLE = 7
    TEXT = 8


CUSTOMER_CLASSES = frozenset(MatchClass) - {MatchClass.TITLE, MatchClass.TEXT}
"""Classes in which the customer itself is meant; in the others one of its papers is."""
