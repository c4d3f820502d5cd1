"""A file in the inbox is taken when it is whole, and not before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.rules.unfinished_names import (
    is_no_paper_folder,
    is_transfer_name,
    is_unfinished_name,
)
from indexer.settle import Decision, Look, SettleTimes, Settling

TIMES = SettleTimes(settle_seconds=1.0, empty_seconds=30.0)


def settling() -> Settling:
    return Settling(TIMES)


def look(size: int, *, modified: int = 1, inode: int = 7) -> Look:
    return Look(size, modified, inode)


def test_a_quiet_file_is_taken_after_the_settle_time() -> None:
    waiting = settling()
    assert waiting.look("a", look(10), at=0.0) is Decision.WAIT
    assert waiting.look("a", look(10), at=0.9) is Decision.WAIT
    assert waiting.look("a", look(10), at=1.0) is Decision.TAKE


def test_a_slow_writer_starts_the_time_anew_with_every_piece() -> None:
    waiting = settling()
    for second in range(20):
        assert waiting.look("a", look(second + 1), at=second * 0.9) is Decision.WAIT
    assert waiting.look("a", look(20), at=19 * 0.9 + 1.0) is Decision.TAKE


@pytest.mark.parametrize(
    "changed", [look(10, modified=2), look(10, inode=8), look(11)], ids=["time", "inode", "size"]
)
def test_any_change_starts_the_time_anew(changed: Look) -> None:
    waiting = settling()
    waiting.look("a", look(10), at=0.0)
    assert waiting.look("a", changed, at=5.0) is Decision.WAIT
    assert waiting.look("a", changed, at=6.0) is Decision.TAKE


def test_a_file_of_no_bytes_waits_longer_and_is_taken_when_it_has_grown() -> None:
    waiting = settling()
    assert waiting.look("a", look(0), at=0.0) is Decision.WAIT
    assert waiting.look("a", look(0), at=20.0) is Decision.WAIT
    assert waiting.look("a", look(500), at=21.0) is Decision.WAIT
    assert waiting.look("a", look(500), at=22.0) is Decision.TAKE


def test_a_file_that_stays_empty_is_called_empty() -> None:
    waiting = settling()
    waiting.look("a", look(0), at=0.0)
    assert waiting.look("a", look(0), at=30.0) is Decision.EMPTY


def test_a_file_seen_for_the_first_time_is_never_taken_at_once_however_old_it_says_it_is() -> None:
    assert settling().look("a", look(10, modified=0), at=1e9) is Decision.WAIT


@pytest.mark.parametrize(
    "name",
    [
        "scan.pdf.part",
        "x.TMP",
        "~$合同.docx",
        "a.crdownload",
        "Thumbs.db",
        ".DS_Store",
        "._scan.pdf",
        ".~lock.合同.docx#",
        ".nfs00000000026a0d6300000003",
    ],
)
def test_names_of_unfinished_files_wait(name: str) -> None:
    assert is_unfinished_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "scan.pdf",
        "合同.part1.pdf",
        "tmp",
        "partial",
        "a~b.txt",
        ".pdf",
        ".hidden.pdf",
        ".合同",
        ".scan.pdf.Xy12Ab",
    ],
)
def test_ordinary_names_do_not_wait(name: str) -> None:
    assert not is_unfinished_name(name)


@pytest.mark.parametrize("name", [".scan.pdf.Xy12Ab", ".com.google.Chrome.a1B2c3"])
def test_names_that_transfers_give_are_known(name: str) -> None:
    assert is_transfer_name(name)


@pytest.mark.parametrize("name", [".pdf", ".scan.pdf", "scan.pdf.Xy12Ab", ".scan.pdf.Xy12"])
def test_a_dot_name_alone_is_no_transfer(name: str) -> None:
    assert not is_transfer_name(name)


def test_only_known_folders_of_systems_are_passed_over() -> None:
    assert is_no_paper_folder(".Trash-1000")
    assert not is_no_paper_folder(".合同")


def test_memory_is_bounded_and_room_comes_back() -> None:
    waiting = Settling(TIMES, max_tracked=2)
    for name in ("a", "b", "c"):
        waiting.look(name, look(1), at=0.0)
    assert len(waiting) == 2
    waiting.forget("a")
    waiting.look("c", look(1), at=1.0)
    assert waiting.look("c", look(1), at=2.0) is Decision.TAKE


def test_files_that_are_gone_are_forgotten() -> None:
    waiting = settling()
    waiting.look("a", look(1), at=0.0)
    waiting.look("b", look(1), at=0.0)
    waiting.keep_only({"b"})
    assert len(waiting) == 1


def test_the_next_look_is_due_when_the_first_waiting_file_may_be_whole() -> None:
    waiting = settling()
    assert waiting.next_due(at=0.0) is None
    waiting.look("empty", look(0), at=0.0)
    assert waiting.next_due(at=0.0) is None
    waiting.look("a", look(1), at=5.0)
    waiting.look("b", look(1), at=5.5)
    assert waiting.next_due(at=5.6) == pytest.approx(0.4)
    assert waiting.next_due(at=9.0) == 0.0


@given(
    sizes=st.lists(st.integers(1, 3), min_size=1, max_size=30),
    gaps=st.lists(st.floats(0.01, 3.0), min_size=30, max_size=30),
)
def test_what_is_taken_was_the_same_for_the_whole_settle_time(
    sizes: list[int], gaps: list[float]
) -> None:
    waiting, now, changed_at, last = settling(), 0.0, 0.0, None
    for size, gap in zip(sizes, gaps, strict=False):
        now += gap
        if size != last:
            changed_at, last = now, size
        if waiting.look("a", look(size), at=now) is Decision.TAKE:
            assert now - changed_at >= TIMES.settle_seconds
