"""Writers take turns, and go on without when whoever has the turn does not give it back."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace

import pytest

from dossier.db import outbox, turns
from dossier.services.context import Context
from dossier.viewer import system_viewer

VIEWER = system_viewer("test")


def write(context: Context) -> None:
    with context.writing(VIEWER) as session:
        outbox.mark_changed(session, outbox.DOCUMENTS, ["x"], at=context.clock.now())


def test_all_writers_get_about_the_same_number_of_turns(context: Context) -> None:
    """Counted in turns, not in seconds: a slow disk or a busy machine makes none of them unfair."""
    done: Counter[int] = Counter()

    def busy(number: int) -> None:
        while max(done.values(), default=0) < 100:
            write(context)
            done[number] += 1

    threads = [threading.Thread(target=busy, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(done.values()) > max(done.values()) / 4


def with_turns_of(seconds: float, context: Context) -> Context:
    return replace(context, database=replace(context.database, turn_seconds=seconds))


def test_a_turn_that_is_not_given_back_delays_but_does_not_stop_us(context: Context) -> None:
    impatient = with_turns_of(0.3, context)
    with turns.turn(context.database):
        began = time.monotonic()
        write(impatient)
    assert 0.3 <= time.monotonic() - began < 10


def test_the_turn_ends_with_an_error_too(context: Context) -> None:
    patient = with_turns_of(60.0, context)  # longer than any disk makes us wait
    with pytest.raises(RuntimeError), patient.writing(VIEWER):
        raise RuntimeError
    began = time.monotonic()
    write(patient)
    assert time.monotonic() - began < patient.database.turn_seconds
