"""What the archive says of a paper with damaged pages, from the inbox to the document's page."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pikepdf
import pytest

from dossier.records import DocumentState
from dossier.rules.limits import MIB
from dossier.settings import Settings
from tests.faults.archive_samples import pages
from tests.faults.damaged_papers import Drawn, add_page, cut, jpeg, paper, recursive
from tests.faults.whole_house import House, opened_house, working

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def mixed() -> bytes:
    """A sound scan, a cut one, rubbish for content, forms that draw one another."""
    pdf = pikepdf.new()
    add_page(pdf, Drawn(jpeg()))
    add_page(pdf, Drawn(cut(jpeg())))
    add_page(pdf, content=b"q q ( Tj BT [[[ <<")
    recursive(pdf)
    buffer = io.BytesIO()
    pdf.save(buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    settings = Settings(
        home=tmp_path_factory.mktemp("damaged") / "home",
        settle_seconds=0.1,
        reconcile_seconds=0.5,
        child_memory_bytes=700 * MIB,
    )
    with opened_house(settings) as made, working(made.context):
        made.drop("mixed.pdf", mixed())
        made.drop("cut.pdf", paper(lambda pdf: add_page(pdf, Drawn(cut(jpeg()))), pages=1, at=1))
        made.wait_until_read()
        yield made


def test_each_damaged_page_has_its_reason_none_is_blank_and_the_sound_one_is_found(
    house: House,
) -> None:
    document = house.document("mixed.pdf")
    read = pages(house.context, document.id)
    assert [page.error for page in read] == ["", "truncated", "corrupt", "memory_limit"]
    assert not any(page.blank for page in read)
    assert house.find("Invented Power Company") == {"mixed.pdf"}


def test_the_document_says_that_it_is_truncated_and_how_many_pages_failed(house: House) -> None:
    answer = house.get(f"/api/v1/documents/{house.document('mixed.pdf').id}").json()
    assert (answer["truncated"], answer["failed_pages"], answer["pages"]) == (True, 3, 4)


def test_a_scan_that_is_cut_is_set_aside_as_the_picture_file_would_be(house: House) -> None:
    document = house.document("cut.pdf")
    assert (document.state, document.problem) == (DocumentState.QUARANTINED, "truncated")
