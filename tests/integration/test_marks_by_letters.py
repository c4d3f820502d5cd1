"""A name that was typed in letters is boxed where it stands on the customer's papers."""

from __future__ import annotations

import pytest

from tests.support_seeded import EAST, Seeded


@pytest.mark.parametrize("typed", ["oyjy", "ouyangjiyue", "欧阳jy"])
def test_letters_box_the_name_on_the_page(seeded: Seeded, typed: str) -> None:
    hits = seeded.get(f"/api/v1/search?q={typed}", "archivist").json()["hits"]
    assert EAST.customer_no in [hit["customer"]["customer_no"] for hit in hits]
    document = seeded.documents["东2"]
    boxes = seeded.get(f"/api/v1/documents/{document}/pages/1/boxes?q={typed}", "archivist").json()
    assert len(boxes["boxes"]) == 1
    pages = seeded.get(f"/api/v1/documents/{document}/text?q={typed}", "archivist")
    assert EAST.name in pages.text


def test_letters_box_nothing_on_another_customers_paper(seeded: Seeded) -> None:
    document = seeded.documents["西2"]
    boxes = seeded.get(f"/api/v1/documents/{document}/pages/1/boxes?q=oyjy", "archivist").json()
    assert boxes["boxes"] == []


def test_who_sees_masked_gets_a_box_only_round_the_whole_name(seeded: Seeded) -> None:
    document = seeded.documents["东2"]
    path = f"/api/v1/documents/{document}/pages/1/boxes"
    assert len(seeded.get(f"{path}?q=oyjy", "agent").json()["boxes"]) == 1
    assert EAST.hidden_name not in seeded.get(f"{path}?q=oyjy", "agent").text
