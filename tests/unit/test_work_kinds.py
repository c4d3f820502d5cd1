"""What somebody waits for goes first, and a stack lets others pass."""

from __future__ import annotations

from dossier.work.kinds import LARGE_FILE_BYTES, ocr_priority, read_priority


def test_an_uploaded_paper_is_read_before_what_lies_in_the_inbox() -> None:
    assert read_priority(1000, is_awaited=True) < read_priority(1000)
    assert ocr_priority(0, is_awaited=True) < ocr_priority(0)


def test_an_uploaded_stack_does_not_hold_the_others_up() -> None:
    assert read_priority(LARGE_FILE_BYTES + 1, is_awaited=True) > read_priority(1000)
    assert ocr_priority(1, is_awaited=True) > ocr_priority(0)
