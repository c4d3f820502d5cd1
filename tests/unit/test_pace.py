"""How quick the last answers were decides how long a step has to be."""

from __future__ import annotations

from dossier.services.pace import ANSWERS_KEPT, ANSWERS_NEEDED, Pace


def noted(*milliseconds: float) -> Pace:
    pace = Pace()
    for lasted in milliseconds:
        pace.note(lasted)
    return pace


def test_nothing_fits_before_enough_answers_were_made() -> None:
    assert not noted(*[1.0] * (ANSWERS_NEEDED - 1)).fits(18)
    assert noted(*[1.0] * ANSWERS_NEEDED).fits(18)


def test_the_slowest_tenth_decides_and_needs_half_as_much_room_again() -> None:
    assert noted(*[12.0] * 20).fits(18)
    assert not noted(*[12.1] * 20).fits(18)
    assert noted(*[5.0] * 19, 100.0).fits(18)
    assert not noted(*[5.0] * 17, *[100.0] * 3).fits(18)


def test_answers_of_long_ago_are_forgotten() -> None:
    assert noted(*[100.0] * 500, *[5.0] * ANSWERS_KEPT).fits(18)
