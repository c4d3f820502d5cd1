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
from tests.faults.damaged_papers import (
    Drawn,
    add_page,
    cut,
    encoded,
    jpeg,
    paper,
    recursive,
    scan,
)
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


def two_frames_cut() -> bytes:
    """A sound frame, and one whose end and directory are missing."""
    first, second = scan("Unbroken frame"), scan("Broken frame")
    whole = encoded(first, "TIFF", save_all=True, append_images=[second], compression="tiff_lzw")
    return cut(whole, 0.9)


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
        made.drop("cut.tif", two_frames_cut())
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


def test_the_sound_frames_of_a_cut_tiff_are_found_and_the_lost_ones_are_said(house: House) -> None:
    document = house.document("cut.tif")
    read = pages(house.context, document.id)
    assert [page.error for page in read] == ["", "truncated"]
    assert house.find("Unbroken frame") == {"cut.tif"}
    answer = house.get(f"/api/v1/documents/{document.id}").json()
    assert (answer["failed_pages"], answer["pages"]) == (1, 2)
