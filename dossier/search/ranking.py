"""The classes by which answers are ordered (domain.md 4.5): explicit, no scores.

A group's class is the best that any of the query's words reaches in any of its rows. Inside a
class: the viewer's own unit first, active accounts before closed ones, then newer ones.
"""

from __future__ import annotations

from enum import IntEnum


class MatchClass(IntEnum):
    """Classes of matches, best first.

    FOLDED_NAME also holds an organisation's core name; EXACT_PHONE whole ID numbers, USCC and
    accounts; NAME_BEGINS names that begin with the word (a surname first of all), or of which the
    letters are the whole spelling; PREFIX parts of numbers and names, and names whose spelling
    begins so; SOUNDS_ALIKE spellings that dialects mix up; SYNONYM other words of the trade;
    ONE_WRONG one misread character.
    """

    EXACT_NUMBER = 1
    EXACT_NAME = 2
    FOLDED_NAME = 3
    EXACT_PHONE = 4
    NAME_BEGINS = 5
    PREFIX = 6
    SOUNDS_ALIKE = 7
    ADDRESS = 8
    TITLE = 9
    FILE_NAME = 10
    TEXT = 11
    SYNONYM = 12
    ONE_WRONG = 13


CUSTOMER_CLASSES = frozenset(rank for rank in MatchClass if rank <= MatchClass.ADDRESS)
"""Classes in which the customer itself is meant; in the others one of its papers is."""

NAME_CLASSES = (MatchClass.EXACT_NAME, MatchClass.FOLDED_NAME, MatchClass.NAME_BEGINS)
"""Classes of names that suggestions tell apart, best first."""
