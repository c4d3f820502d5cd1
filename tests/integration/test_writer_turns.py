"""Writers take turns, and go on without when whoever has the turn does not give it back."""

from __future__ import annotations

import threading
import time
from collections import Counter

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


def test_a_turn_that_is_not_given_back_delays_but_does_not_stop_us(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.3)
    with turns.turn(context.database):
        began = time.monotonic()
        write(context)
    assert 0.3 <= time.monotonic() - began < 10


def test_the_turn_ends_with_an_error_too(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 60.0)  # longer than any disk makes us wait
    with pytest.raises(RuntimeError), context.writing(VIEWER):
        raise RuntimeError
    began = time.monotonic()
    write(context)
    assert time.monotonic() - began < turns.PATIENCE_SECONDS
