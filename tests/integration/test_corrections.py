"""A person's word on what was read wins, is kept as an example, and is masked (issue 6, 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from dossier.db.correction_tables import FieldCorrection
from dossier.db.tables import AuditEvent, Document, DocumentField, Page
from dossier.errors import ConflictError, InvalidInputError, NotFoundError
from dossier.plugins import recognition
from dossier.records import DocumentState
from dossier.services import assigning, corrections, documents, reading, sealed_fields
from dossier.services.context import Context
from dossier.services.corrections import RightValue
from dossier.viewer import system_viewer
from dossier.work import queue
from indexer.worker import Worker, WorkerOptions
from tests.support_archive import add_content, make_archive
from tests.support_seeded import EAST, Seeded, csrf_token

CLERK = system_viewer("clerk")
TEXT = "用电申请书\n户名：张三\n身份证号：999999199001010016\n联系电话：14200001234\n申请日期：2019年3月5日"
Door = Callable[[str], TestClient]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Context]:
    context = make_archive(tmp_path, (("recognition", recognition),))
    yield context
    context.database.dispose()


@pytest.fixture
def paper(archive: Context) -> str:
    with archive.writing(CLERK) as session:
        add_content(session, "0" * 64)
        document = Document(
            rowid=1, state=DocumentState.READING, captured_at=archive.clock.now(), sha256="0" * 64,
            page_count=1,
        )  # fmt: skip
        session.add(document)
        session.flush()
        session.add(Page(document_id=document.id, number=1, text=TEXT, engine="ocr-1"))
        found = document.id
    recognise(archive, found)
    return found


def recognise(context: Context, document_id: str) -> None:
    """As after the paper was read, or read anew."""
    with context.writing(CLERK) as session:
        queue.requeue(session, [reading.recognise_task(document_id)], now=context.clock.now())
    worker = Worker(context, WorkerOptions(watch=False))
    worker._prepare()
    while worker.work_once():
        pass


def values(context: Context, document_id: str, name: str) -> list[str]:
    with context.reading(CLERK) as session:
        query = select(DocumentField).where(
            DocumentField.document_id == document_id, DocumentField.name == name
        )
        return [sealed_fields.clear(context.keyring, row) for row in session.scalars(query)]


def row(context: Context, document_id: str) -> Document:
    with context.reading(CLERK) as session:
        return session.get_one(Document, document_id)


def correct(context: Context, document_id: str, name: str, *right: str) -> int:
    found = [RightValue(one, 1, (0.1, 0.1, 0.3, 0.2)) for one in right]
    revision = row(context, document_id).revision
    return corrections.correct(context, CLERK, document_id, name, found, revision=revision)


def test_a_correction_outlives_reading_the_paper_anew_whatever_its_type(
    archive: Context, paper: str
) -> None:
    assert values(archive, paper, "doc_date") == ["2019-03-05"]
    assert values(archive, paper, "name") == ["张三"]
    correct(archive, paper, "doc_date", "2019-03-06")
    correct(archive, paper, "name", "张珊")
    correct(archive, paper, "phone")
    revision = row(archive, paper).revision
    assigning.set_type(archive, CLERK, paper, "F01", revision=revision)
    with archive.writing(CLERK) as session:
        session.get_one(Page, (paper, 1)).text = TEXT.replace("3月5日", "3月8日") + "\n户名：李四"
    recognise(archive, paper)
    assert values(archive, paper, "doc_date") == ["2019-03-06"]
    assert values(archive, paper, "name") == ["张珊"]
    assert values(archive, paper, "phone") == []
    assert values(archive, paper, "id_no") == ["999999199001010016"], "the rest is read"
    assert row(archive, paper).doc_date == date(2019, 3, 6)
    assert row(archive, paper).type_code == "F01"


def test_a_person_says_that_nobody_knows_the_type_and_no_reading_sets_it(
    archive: Context, paper: str
) -> None:
    assert row(archive, paper).type_code == "A01"
    revision = row(archive, paper).revision
    assigning.set_type(archive, CLERK, paper, None, revision=revision)
    recognise(archive, paper)
    assert row(archive, paper).type_code is None


def test_a_correction_is_a_labelled_example_that_copies_no_value(
    archive: Context, paper: str
) -> None:
    correct(archive, paper, "id_no", "999999198808152483")
    correct(archive, paper, "id_no", "99999919880815 2483", "999999199001010016")
    with archive.reading(CLERK) as session:
        words = list(session.scalars(select(FieldCorrection).order_by(FieldCorrection.id)))
        events = list(session.scalars(select(AuditEvent)))
        kept = session.scalars(select(DocumentField).where(DocumentField.name == "id_no")).all()
    assert [one.ended_at is None for one in words] == [False, True]
    assert [(one["page"], one["right"], one["reader"]) for one in words[1].read] == [
        (1, False, "ocr-1")
    ]
    assert 0 < words[1].read[0]["confidence"] <= 1
    assert [one.correction_id for one in kept] == [words[1].id] * 2
    assert all(one.value == "" and one.encrypted for one in kept), "sealed as what is read is"
    told = [one.facts for one in events if one.action == corrections.CORRECTED]
    assert told == [{"fields": ["id_no"], "count": 1}, {"fields": ["id_no"], "count": 2}]
    everything = f"{[one.read for one in words]}{[one.facts for one in events]}"
    assert "99999919" not in everything


def test_a_correction_is_taken_back_and_the_reading_counts_again(
    archive: Context, paper: str
) -> None:
    revision = correct(archive, paper, "doc_date")
    assert row(archive, paper).doc_date is None
    corrections.take_back(archive, CLERK, paper, "doc_date", revision=revision)
    recognise(archive, paper)
    assert values(archive, paper, "doc_date") == ["2019-03-05"]
    assert row(archive, paper).doc_date == date(2019, 3, 5)
    revision = row(archive, paper).revision
    with pytest.raises(NotFoundError):
        corrections.take_back(archive, CLERK, paper, "doc_date", revision=revision)


def test_what_is_no_value_is_refused(archive: Context, paper: str) -> None:
    refused: list[tuple[str, tuple[str, ...]]] = [
        ("doc_date", ("2019-02-30",)),
        ("doc_date", ("2019-02-03", "2019-02-04")),
        ("name", ("张*",)),
        ("signature", ("maybe",)),
        ("no_such", ("x",)),
        ("address", ("x" * 401,)),
    ]
    for name, right in refused:
        with pytest.raises(InvalidInputError):
            correct(archive, paper, name, *right)
    with pytest.raises(ConflictError):
        corrections.correct(archive, CLERK, paper, "name", [], revision=999)
    assert values(archive, paper, "name") == ["张三"]


def test_s2_17_a_corrected_value_is_seen_by_its_page_and_masked_as_what_is_read(
    seeded: Seeded, door: Door
) -> None:
    document_id = seeded.documents[f"{EAST.unit[:1]}1"]
    page = f"/documents/{document_id}/corrections"
    archivist = door("archivist")
    shown = archivist.get(page, params={"name": "name"})
    form: dict[str, Any] = {
        "csrf_token": csrf_token(shown.text), "name": "name", "values": "欧阳正确\n", "page": "1",
        "revision": documents.get(seeded.context, CLERK, document_id).revision,
    }  # fmt: skip
    assert archivist.post(page, data={**form, "values": ""}).status_code == 422
    assert "欧阳正确" in archivist.post(page, data=form).text
    fields = seeded.get(f"/api/v1/documents/{document_id}", "archivist").json()["fields"]
    assert [(one["value"], one["corrected"]) for one in fields if one["name"] == "name"] == [
        ("欧阳正确", True)
    ]
    masked = seeded.get(f"/api/v1/documents/{document_id}", "agent").text
    assert "欧阳正确" not in masked
    assert "欧阳正确" not in door("agent").get(f"/documents/{document_id}").text
    assert door("agent").get(page).status_code == 403
    assert archivist.post(page, data=form).status_code == 409, "it changed since"
