"""Masks made ahead: what is shown is the same, quicker, and never by masks that are out of date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grimp
import pytest
from sqlalchemy import select, update

from dossier.db import outbox
from dossier.db.tables import Customer, CustomerNumber, CustomerPast, Document, Page
from dossier.rules import masking
from dossier.search.rows import FieldValues, RowEncoder, known_of
from dossier.services import page_masks, personal
from dossier.services.heads import known_of_all
from indexer.present import customer_rows, document_rows
from tests.support_seeded import COMMON, EAST, NOBODY, SETUP, Seeded, index, seeded_archive

NEW_PHONE = "13888887777"


@pytest.fixture
def archive(tmp_path: Path, database_url: str) -> Iterator[Seeded]:
    with seeded_archive(tmp_path / "home", database_url=database_url) as made:
        yield made


def make_all(archive: Seeded) -> int:
    made = 0
    while count := page_masks.make_due(archive.context):
        made += count
    return made


def shown(archive: Seeded) -> list[Any]:
    """What an agent sees of texts and snippets."""
    hits = archive.get(f"/api/v1/search?q={COMMON}", "agent").json()["hits"]
    texts = [
        archive.get(f"/api/v1/documents/{each}/text?q={COMMON}", "agent").text
        for each in archive.documents.values()
    ]
    return [hits, texts]


def due(archive: Seeded) -> list[str]:
    with archive.context.reading(SETUP) as session:
        return list(session.scalars(select(Document.id).where(Document.masks_due > 0)))


def test_what_is_shown_is_the_same_before_and_after(archive: Seeded) -> None:
    before = shown(archive)
    assert make_all(archive) == len(archive.documents)
    assert due(archive) == []
    assert shown(archive) == before
    assert EAST.hidden_name not in str(before)


def test_nothing_is_looked_for_on_a_page_whose_masks_are_made(
    archive: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_all(archive)
    looked: list[str] = []
    plain = personal.text

    def counted(viewer: Any, clear: str, known: Any) -> Any:
        looked.append(clear)
        return plain(viewer, clear, known)

    monkeypatch.setattr(personal, "text", counted)
    texts = shown(archive)[1]
    assert any(COMMON in str(text) for text in texts)
    assert [text for text in looked if EAST.customer_no in text] == []


def test_a_number_that_the_register_learns_is_masked_at_once_and_its_papers_become_due(
    archive: Seeded,
) -> None:
    document = archive.documents[f"{EAST.unit[:1]}1"]
    with archive.context.writing(SETUP) as session:
        broken = f"{COMMON}\n又及 {NEW_PHONE[:3]}\n{NEW_PHONE[3:7]}\n{NEW_PHONE[7:]} 备用"
        session.execute(update(Page).where(Page.document_id == document).values(text=broken))
    make_all(archive)
    path = f"/api/v1/documents/{document}/text"
    assert NEW_PHONE[3:7] in archive.get(path, "agent").text  # line ends hide it from the patterns
    with archive.context.writing(SETUP) as session:
        session.add(
            CustomerNumber(
                customer_no=EAST.customer_no, kind="phone", value=NEW_PHONE, key=NEW_PHONE
            )
        )
        outbox.mark_changed(session, outbox.DOCUMENTS, [document], at=archive.context.clock.now())
    assert NEW_PHONE[3:7] not in archive.get(path, "agent").text
    index(archive.context)
    assert due(archive) == [document]
    assert make_all(archive) == 1
    assert NEW_PHONE[3:7] not in archive.get(path, "agent").text


def indexed(archive: Seeded) -> dict[str, FieldValues]:
    """What the index is given of each paper."""
    with archive.context.reading(SETUP) as session:
        rows = document_rows(archive.context, session, archive.documents.values())
    return {key: RowEncoder(str).encode(row) for key, row in rows.items()}


def test_the_index_is_given_the_same_without_looking_for_what_was_made_ahead(
    archive: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = indexed(archive)
    assert any("text_closed" in values for values in before.values())
    make_all(archive)
    looked: list[str] = []
    plain = masking.closed_spans

    def counted(folded: str, *arguments: Any) -> Any:
        looked.append(folded)
        return plain(folded, *arguments)

    monkeypatch.setattr(masking, "closed_spans", counted)
    assert indexed(archive) == before
    assert not [text for text in looked if "\n" in text]  # titles are looked through
    document = archive.documents["pool"]
    with archive.context.writing(SETUP) as session:
        moved = f"第二稿\n{COMMON}\n光明路3号4栋501室"
        session.execute(update(Page).where(Page.document_id == document).values(text=moved))
    assert "501" not in str(indexed(archive)[document]["text"])
    assert [text for text in looked if "\n" in text] == [moved]


def test_the_index_knows_of_a_customer_what_his_papers_masks_are_made_of(archive: Seeded) -> None:
    with archive.context.writing(SETUP) as session:
        for kind, value in (("phone", NEW_PHONE), ("old_no", "4209999999"), ("meter", "77")):
            number = CustomerNumber(customer_no=EAST.customer_no, kind=kind, value=value, key=value)
            session.add(number)
        session.add(
            CustomerPast(
                customer_no=EAST.customer_no,
                record={"name": "旧名", "address": "旧街3号"},
                valid_from=archive.context.clock.now(),
                valid_to=archive.context.clock.now(),
            )
        )
    with archive.context.reading(SETUP) as session:
        numbers = list(session.scalars(select(Customer.customer_no)))
        rows = customer_rows(archive.context, session, numbers)
        known = known_of_all(archive.context, session, numbers)
    assert {number: known_of(row) for number, row in rows.items()} == known
    assert "旧名" in known[EAST.customer_no].names


def test_masks_of_another_text_are_not_believed(archive: Seeded) -> None:
    make_all(archive)
    document = archive.documents["pool"]
    with archive.context.writing(SETUP) as session:
        moved = f"第二稿\n{COMMON}\n用电人：{NOBODY}"
        session.execute(update(Page).where(Page.document_id == document).values(text=moved))
    for person in ("agent", "admin"):
        assert NOBODY not in archive.get(f"/api/v1/documents/{document}/text", person).text


def test_a_change_while_masks_are_made_leaves_the_paper_due(
    archive: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = archive.documents["pool"]
    plain = page_masks.key_of

    def changed_meanwhile(*arguments: Any) -> str:
        with archive.context.writing(SETUP) as session:
            page_masks.call_due(session, [document])
        return plain(*arguments)

    monkeypatch.setattr(page_masks, "key_of", changed_meanwhile)
    page_masks.make_due(archive.context)
    assert due(archive) == [document]


def test_after_an_upgrade_with_other_rules_all_papers_become_due(
    archive: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shown(archive)
    make_all(archive)
    assert not page_masks.call_all_due_if_rules_changed(archive.context)
    monkeypatch.setattr(page_masks, "_rules", lambda: "f" * page_masks.RULES_HEX)
    assert page_masks.call_all_due_if_rules_changed(archive.context)
    assert shown(archive) == before
    assert make_all(archive) == len(archive.documents)
    assert not page_masks.call_all_due_if_rules_changed(archive.context)


def test_the_key_names_every_rule_that_masking_uses() -> None:
    """Else an upgrade would go on showing what an older rule left open."""
    root = Path(page_masks.__file__).parents[1]
    graph = grimp.build_graph("dossier", cache_dir=None)
    upstream = graph.find_upstream_modules("dossier.rules.masking") | {"dossier.rules.masking"}
    rules = {name.split(".")[-1] for name in upstream if name.startswith("dossier.rules.")}
    named = {Path(name).stem for name in page_masks.MASKING_FILES if name.endswith(".py")}
    assert rules - {"rulebook"} == named
    loaded = re.findall(
        r'rulebook\.load\("(\w+)"\)',
        "".join((root / "rules" / f"{name}.py").read_text(encoding="utf-8") for name in named),
    )
    assert set(loaded) == {
        Path(name).stem for name in page_masks.MASKING_FILES if name.endswith(".yaml")
    }
