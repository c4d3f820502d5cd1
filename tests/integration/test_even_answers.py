"""The time of an answer that found nothing does not tell whether something is hidden."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from benchmarks.scopes import rank_test
from dossier.services import evening
from dossier.services.pace import ANSWERS_KEPT
from tests.support_seeded import EAST, WEST, Seeded, seeded_archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_archive(tmp_path_factory.mktemp("even") / "home") as made:
        yield made


@pytest.mark.parametrize(
    "q",
    [
        WEST.customer_no,
        WEST.name,
        WEST.phone,
        WEST.meter_no,
        "9999999999",
        "端木清越",
        "没有的词语",
    ],
)
def test_what_is_hidden_and_what_is_absent_take_whole_steps(archive: Seeded, q: str) -> None:
    steps = {archive.context.settings.even_out_ms, archive.context.settings.even_out_quick_ms}
    answer = archive.get(f"/api/v1/search?q={q}", "agent_east").json()
    assert answer["total"] == 0
    assert answer["took_ms"] > 0
    assert any(answer["took_ms"] % step == 0 for step in steps)


def test_the_step_is_short_while_answers_are_quick_and_long_when_they_are_not(
    archive: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = archive.context.settings
    monkeypatch.setattr(evening.time, "sleep", lambda seconds: None)
    for spent, step in ((1, settings.even_out_quick_ms), (15, settings.even_out_ms)):
        for _ in range(ANSWERS_KEPT):
            archive.context.search_pace.note(spent)
        answer = archive.get("/api/v1/search?q=9999999999", "agent_east").json()
        assert answer["took_ms"] % step == 0


def test_an_empty_list_of_suggestions_takes_whole_steps_too(
    archive: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[float] = []
    monkeypatch.setattr(evening.time, "sleep", held.append)
    for q in (WEST.customer_no[:8], "9999999", EAST.customer_no[:8]):
        assert archive.get(f"/api/v1/suggest?q={q}", "agent_east").status_code == 200
    assert len(held) == 2
    assert max(held) <= archive.context.settings.even_out_ms / 2 / 1000


def test_what_is_found_is_answered_at_once(
    archive: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[float] = []
    monkeypatch.setattr(evening.time, "sleep", held.append)
    own = archive.get(f"/api/v1/search?q={EAST.customer_no}", "agent_east").json()
    assert own["total"] == 1
    assert not held


def test_the_rank_test_of_the_benchmark_tells_a_shift_from_none() -> None:
    rng = random.Random(0)
    same = [[rng.gauss(20, 5) for _ in range(1000)] for _ in range(2)]
    shifted = [value + 1 for value in same[0]]
    p, effect = rank_test(*same)
    assert p > 0.05
    assert abs(effect - 0.5) < 0.03
    p, effect = rank_test(shifted, same[1])
    assert p < 0.001
    assert effect > 0.53
    assert rank_test([1.0, 1.0], [1.0, 1.0])[1] == 0.5
