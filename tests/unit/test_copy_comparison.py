"""When a searchable copy is refused because it would say less than was read."""

from __future__ import annotations

from dossier.adapters.ocrmypdf.comparison import find_losses
from dossier.records import PageReading

READ = "尊敬的客户：欢迎您到供电营业厅办理用电业务\n一次性告知书"


def losses(text: str) -> list[int]:
    reading = PageReading(number=1, text=READ, engine="test")
    return find_losses([""], [text], [reading], frozenset())


def test_a_copy_with_every_word_is_taken() -> None:
    assert losses("尊敬的客户:欢迎您到供电营业厅办理用电业务一次性告知书") == []


def test_lines_that_a_reader_mixes_on_a_skewed_page_are_no_loss() -> None:
    assert losses("尊敬的客户:欢一次性告知书迎您到供电营业厅办理用电业务") == []


def test_a_missing_word_is_a_loss_wherever_it_stood() -> None:
    assert losses("尊敬的客户:欢迎您到供电营业厅办理用电业务") == [1]
    assert losses("") == [1]
