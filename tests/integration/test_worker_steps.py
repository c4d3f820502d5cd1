"""What a worker does with each kind of item, page by page, and what failures cost."""

from __future__ import annotations

import dataclasses
import io
from collections import Counter
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import update

from dossier.db.tables import Rendition, WorkItem
from dossier.errors import LimitExceededError, StepFailedError, UnreadableFileError
from dossier.hookspecs import Step
from dossier.records import DocumentState, DocumentText, PageReading, RenditionKind
from dossier.services import intake
from dossier.services.context import Context
from dossier.work import queue
from dossier.work.kinds import WorkKind
from indexer.intake_loop import IntakeLoop
from indexer.worker import Worker, WorkerOptions
from tests.faults.archive_samples import (
    VIEWER,
    documents,
    intakes,
    letter,
    pages,
    pdf,
    wait_until,
    work,
)


class ScriptedOcr:
    """All readers are the real ones, but a page is "read" at once, or fails as the test says."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.calls: Counter[int] = Counter()
        self.on_page: Callable[[int], None] = lambda _number: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def read_page(self, picture: Path, *, page_number: int, dpi: int = 200) -> PageReading:
        self.calls[page_number] += 1
        assert picture.stat().st_size
        self.on_page(page_number)
        return PageReading(number=page_number, text=f"page {page_number}", engine="scripted")

    def make_searchable(self, *_args: Any, **_more: Any) -> Any:
        raise StepFailedError("the scripted text has no boxes to write into a copy")


@pytest.fixture
def ocr(context: Context) -> ScriptedOcr:
    return ScriptedOcr(context.readers)


@pytest.fixture
def archive(context: Context, ocr: ScriptedOcr) -> Context:
    return dataclasses.replace(context, readers=ocr)  # type: ignore[arg-type]


@pytest.fixture
def worker(archive: Context) -> Worker:
    made = Worker(archive, WorkerOptions(watch=False))
    made._prepare()
    return made


def scan(count: int) -> bytes:
    """A TIFF of ``count`` different pictures without any text of their own."""
    frames = [Image.new("L", (120, 160), 255 - number) for number in range(count)]
    out = io.BytesIO()
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def send(context: Context, content: bytes, name: str, *, origin: str = "inbox") -> str:
    source = io.BytesIO(content)
    return intake.accept(context, VIEWER, source=source, file_name=name, origin=origin).document_id


def run_all(worker: Worker, *, limit: int = 200) -> int:
    """Work until nothing is due; returns how many items were done."""
    for done in range(limit):
        if not worker.work_once():
            return done
    raise AssertionError("the work has no end")


def skip_pauses(context: Context) -> None:
    with context.writing(VIEWER) as session:
        session.execute(update(WorkItem).values(run_at=context.clock.now()))


def test_a_born_digital_paper_is_read_at_once_and_never_goes_to_ocr(
    archive: Context, worker: Worker, ocr: ScriptedOcr
) -> None:
    document_id = send(archive, pdf("first page of a contract", "second page"), "a.pdf")
    assert run_all(worker) == 2
    stored = pages(archive, document_id)
    assert [page.text.strip() for page in stored] == ["first page of a contract", "second page"]
    assert all(page.digital for page in stored)
    assert ocr.calls == {}
    assert documents(archive)[0].state == DocumentState.TO_ASSIGN
    assert work(archive) == {("read", "done"): 1, ("recognise", "done"): 1}


def test_pages_of_a_scan_are_shared_out_in_runs_and_each_is_read_once(
    archive: Context, worker: Worker, ocr: ScriptedOcr
) -> None:
    document_id = send(archive, scan(10), "a.tiff")
    assert worker.work_once()
    assert work(archive)[("pages", "ready")] == 3
    assert documents(archive)[0].page_count == 10
    run_all(worker)
    assert [page.text for page in pages(archive, document_id)] == [
        f"page {number}" for number in range(1, 11)
    ]
    assert set(ocr.calls.values()) == {1}
    assert work(archive)[("pages", "done")] == 3
    assert work(archive)[("recognise", "done")] == 1


def test_small_papers_come_before_the_late_pages_of_a_giant(
    archive: Context, worker: Worker
) -> None:
    giant = send(archive, scan(40), "giant.tiff")
    worker.work_once()
    small = send(archive, scan(1), "small.tiff")
    for _ in range(6):
        worker.work_once()
    states = {document.id: document.state for document in documents(archive)}
    assert states == {giant: DocumentState.READING, small: DocumentState.TO_ASSIGN}


def test_a_scan_that_somebody_uploads_is_read_before_those_that_lie_in_the_inbox(
    archive: Context, worker: Worker
) -> None:
    waiting = [send(archive, scan(one), f"{one}.tiff") for one in (2, 3, 4)]
    while work(archive).get(("read", "ready")):
        worker.work_once()
    uploaded = send(archive, scan(1), "uploaded.tiff", origin="upload")
    for _ in range(3):
        worker.work_once()
    states = {document.id: document.state for document in documents(archive)}
    assert states.pop(uploaded) == DocumentState.TO_ASSIGN
    assert states == dict.fromkeys(waiting, DocumentState.READING)


def test_a_page_that_fails_is_tried_alone_and_then_marked_and_the_others_live(
    archive: Context, worker: Worker, ocr: ScriptedOcr
) -> None:
    def fail_on_two(number: int) -> None:
        if number == 2:
            raise LimitExceededError("too long", limit="time")

    ocr.on_page = fail_on_two
    document_id = send(archive, scan(3), "a.tiff")
    run_all(worker)
    assert [(page.text, page.error) for page in pages(archive, document_id)] == [
        ("page 1", ""),
        ("", "time_limit"),
        ("page 3", ""),
    ]
    assert ocr.calls == {1: 1, 2: 2, 3: 1}
    (document,) = documents(archive)
    assert (document.state, document.failed_pages) == (DocumentState.TO_ASSIGN, 1)
    ocr.on_page = lambda _number: None
    intake.retry(archive, VIEWER, intakes(archive)[0].id)
    run_all(worker)
    assert [page.error for page in pages(archive, document_id)] == ["", "", ""]
    assert ocr.calls == {1: 1, 2: 3, 3: 1}
    assert documents(archive)[0].failed_pages == 0


def test_a_child_that_crashed_once_costs_a_page_nothing(
    archive: Context, worker: Worker, ocr: ScriptedOcr
) -> None:
    def crash_first(number: int) -> None:
        if ocr.calls[number] == 1:
            raise StepFailedError("the reading process crashed (SIGKILL)")

    ocr.on_page = crash_first
    document_id = send(archive, scan(2), "a.tiff")
    run_all(worker)
    assert [page.error for page in pages(archive, document_id)] == ["", ""]


def test_a_document_of_which_no_page_can_be_read_is_set_aside(
    archive: Context, worker: Worker, ocr: ScriptedOcr
) -> None:
    def unreadable(_number: int) -> None:
        raise UnreadableFileError("corrupt")

    ocr.on_page = unreadable
    send(archive, scan(2), "a.tiff")
    run_all(worker)
    (document,) = documents(archive)
    assert (document.state, document.problem) == (DocumentState.QUARANTINED, "corrupt")
    assert (intakes(archive)[0].outcome, intakes(archive)[0].reason) == ("quarantined", "corrupt")


def test_a_restarted_worker_goes_on_at_the_page_where_the_other_died(
    archive: Context, worker: Worker, ocr: ScriptedOcr
) -> None:
    class KilledError(BaseException):
        pass

    def die_on_three(number: int) -> None:
        if number == 3 and ocr.calls[3] == 1:
            raise KilledError

    ocr.on_page = die_on_three
    document_id = send(archive, scan(4), "a.tiff")
    worker.work_once()
    with pytest.raises(KilledError):
        worker.work_once()
    assert [page.number for page in pages(archive, document_id)] == [1, 2]
    with archive.writing(VIEWER) as session:
        queue.end_leases_of_the_dead(session, is_dead=lambda _: True, now=archive.clock.now())
    run_all(Worker(archive, WorkerOptions(watch=False)))
    assert len(pages(archive, document_id)) == 4
    assert ocr.calls == {1: 1, 2: 1, 3: 2, 4: 1}


def test_a_worker_that_lost_its_lease_writes_no_page(
    archive: Context, worker: Worker, ocr: ScriptedOcr
) -> None:
    def steal(number: int) -> None:
        if number == 2:
            with archive.writing(VIEWER) as session:
                session.execute(
                    update(WorkItem)
                    .where(WorkItem.state == "leased")
                    .values(lease_token="another's")
                )

    ocr.on_page = steal
    document_id = send(archive, scan(3), "a.tiff")
    worker.work_once()
    worker.work_once()
    assert [page.number for page in pages(archive, document_id)] == [1]
    assert work(archive)[("pages", "leased")] == 1


def test_something_urgent_interrupts_a_run_of_pages_without_costing_an_attempt(
    archive: Context, worker: Worker, ocr: ScriptedOcr
) -> None:
    arrived: list[str] = []

    def drop_a_letter(number: int) -> None:
        if number == 2 and not arrived:
            arrived.append(send(archive, letter(1), "urgent.pdf"))

    ocr.on_page = drop_a_letter
    document_id = send(archive, scan(4), "a.tiff")
    worker.work_once()
    worker.work_once()
    assert [page.number for page in pages(archive, document_id)] == [1, 2]
    worker.work_once()
    assert len(pages(archive, arrived[0])) == 1
    run_all(worker)
    assert set(ocr.calls.values()) == {1}
    with archive.reading(VIEWER) as session:
        assert {item.attempt for item in session.query(WorkItem)} == {1}


def test_a_damaged_file_goes_to_quarantine_with_its_reason_and_comes_back_on_retry(
    archive: Context, worker: Worker
) -> None:
    inbox = archive.settings.inbox_path
    (inbox / "x").mkdir()
    (inbox / "x" / "bad.pdf").write_bytes(letter(1)[:200])
    loop = IntakeLoop(archive)
    loop.look()
    wait_until(lambda: not loop.look() and len(documents(archive)) == 1)
    run_all(worker)
    (document,) = documents(archive)
    assert document.state == DocumentState.QUARANTINED
    place = archive.settings.quarantine_path / "x" / "bad.pdf"
    assert place.read_bytes() == letter(1)[:200]
    assert archive.store.exists(document.sha256)
    text = (place.parent / "bad.pdf.reason.txt").read_text(encoding="utf-8")
    assert document.problem in text
    assert text[0] > "\u4e00"
    intake.retry(archive, VIEWER, intakes(archive)[0].id)
    worker.work_once()
    assert place.exists()  # read again, set aside again
    assert documents(archive)[0].state == DocumentState.QUARANTINED


def test_a_plugins_step_that_raises_sets_only_its_document_aside_and_is_named(
    archive: Context, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(document: DocumentText) -> Any:
        if "000002" in document.pages[0].text:
            raise RuntimeError("personal data")
        from dossier.hookspecs import StepResult

        return StepResult()

    monkeypatch.setattr(archive.plugins, "steps", lambda: [("foreign", Step("foreign-step", run))])
    for number in (1, 2, 3):
        send(archive, letter(number), f"{number}.pdf")
    run_all(worker)
    assert [document.state for document in documents(archive)] == [
        DocumentState.TO_ASSIGN,
        DocumentState.QUARANTINED,
        DocumentState.TO_ASSIGN,
    ]
    assert (intakes(archive)[1].reason, intakes(archive)[1].detail) == (
        "plugin",
        "foreign: foreign-step",
    )


def test_a_searchable_copy_that_cannot_be_made_is_only_noted(
    archive: Context, worker: Worker
) -> None:
    document_id = send(archive, scan(1), "a.tiff")
    for _ in range(5):
        run_all(worker)
        skip_pauses(archive)
    assert work(archive)[("searchable", "failed")] == 1
    assert documents(archive)[0].state == DocumentState.TO_ASSIGN
    with archive.reading(VIEWER) as session:
        kinds = {one.kind for one in session.query(Rendition).filter_by(document_id=document_id)}
    assert kinds == {RenditionKind.ORIGINAL}


def test_a_text_is_typeset_as_a_view_to_which_its_pages_belong(
    archive: Context, worker: Worker
) -> None:
    document_id = send(archive, "客户王伟 供用电合同".encode("gb18030"), "说明.txt")
    run_all(worker)
    (page,) = pages(archive, document_id)
    assert "供用电合同" in page.text
    with archive.reading(VIEWER) as session:
        view = session.query(Rendition).filter_by(document_id=document_id, kind="view").one()
    assert page.rendition_id == view.id
    assert archive.store.open(view.sha256).read(5) == b"%PDF-"


def mail() -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Papers", "a@example.org", "b@example.org"
    message.set_content("See the attachment, please.")
    for name, content in (("合同.pdf", letter(1)), ("same.pdf", letter(1)), ("empty.pdf", b"")):
        message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return bytes(message)


def test_attachments_become_documents_of_their_own_once_however_often_the_mail_is_read(
    archive: Context, worker: Worker
) -> None:
    parent = send(archive, mail(), "mail.eml")
    run_all(worker)
    read_again = queue.Task(WorkKind.READ, parent, f"read:{parent}")
    with archive.writing(VIEWER) as session:
        queue.requeue(session, [read_again], now=archive.clock.now())
    run_all(worker)
    children = [document for document in documents(archive) if document.parent_id == parent]
    assert [child.file_name for child in children] == ["合同.pdf"]
    rows = [row for row in intakes(archive) if row.origin == "attachment"]
    assert sorted(row.outcome for row in rows)[:2] == ["accepted", "duplicate"]
    assert len(rows) <= 3


def test_an_original_that_is_gone_is_said_not_retried_for_ever(
    archive: Context, worker: Worker
) -> None:
    send(archive, letter(1), "a.pdf")
    path = archive.store.path(documents(archive)[0].sha256)
    path.unlink()
    run_all(worker)
    assert documents(archive)[0].state == DocumentState.QUARANTINED
    assert "not in the file store" in intakes(archive)[0].detail


def test_a_long_document_is_shown_early_without_being_indexed_page_by_page(
    archive: Context, worker: Worker
) -> None:
    send(archive, scan(60), "a.tiff")
    before = documents(archive)[0].revision
    run_all(worker)
    assert documents(archive)[0].revision - before < 30
