"""Papers inside other files, through the whole ingest: pasted scans, portfolios, Outlook mails."""

from __future__ import annotations

import dataclasses
import io
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from dossier.db.tables import Document, OrgUnit
from dossier.db.word_boxes import unpack_words
from dossier.errors import StepFailedError
from dossier.plugins.demo.fonts import hei_path
from dossier.records import Attachment, DocumentState, Extraction, PageReading
from dossier.services import assigning, intake, search
from dossier.services import documents as papers
from dossier.services.context import Context
from dossier.services.customer_import import import_customers
from dossier.services.views import SearchRequest
from dossier.work import queue
from dossier.work.kinds import WorkKind
from indexer.steps.inner_files import MAX_NESTING
from indexer.worker import Worker, WorkerOptions
from tests.contract.office_inside import (
    docx_with,
    msg_with,
    pdf_with,
    pdf_with_note,
    picture,
    with_relation,
)
from tests.contract.office_samples import docx_bytes
from tests.faults.archive_samples import VIEWER, documents, intakes, letter, pages
from tests.support_seeded import index

NUMBER, OTHER = "1040106028", "1040106036"
WORDS = f"户号：{NUMBER} 户名：黄超"


def scan(*lines: str, kind: str = "JPEG") -> bytes:
    """A paper as a phone sends it: 1000 x 700 pixels, black on nearly white."""
    page = Image.new("RGB", (1000, 700), (250, 248, 244))
    draw = ImageDraw.Draw(page)
    font = ImageFont.truetype(str(hei_path()), 38)
    for number, line in enumerate(lines):
        draw.text((70, 80 + 90 * number), line, fill=(30, 30, 30), font=font)
    out = io.BytesIO()
    page.save(out, kind, quality=88)
    return out.getvalue()


def pdf_of(picture: bytes, *, sentence: str) -> bytes:
    """As Word saves it: text, and a picture below that is no half of the page."""
    made = FPDF()
    made.add_page()
    made.add_font("hei", fname=hei_path())
    made.set_font("hei", size=12)
    made.multi_cell(0, 8, sentence)
    made.image(io.BytesIO(picture), w=120)
    return bytes(made.output())


@pytest.fixture
def archive(context: Context, tmp_path: Path) -> Context:
    register = tmp_path / "customers.csv"
    register.write_text(f"户号,户名\n{NUMBER},黄超\n{OTHER},李四\n", encoding="utf-8")
    import_customers(context, VIEWER, register, dry_run=False)
    return context


class NoOcr:
    """All readers are the real ones, but a picture is "read" at once, as one without words."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def read_page(self, picture: Path, *, page_number: int, dpi: int = 200) -> PageReading:
        return PageReading(number=page_number, width=900, height=600, blank=True, engine="none")

    def make_searchable(self, *_args: Any, **_more: Any) -> Any:
        raise StepFailedError("there is no text to write into a copy")


def worker_of(context: Context) -> Worker:
    made = Worker(context, WorkerOptions(watch=False))
    made._prepare()
    return made


@pytest.fixture
def worker(archive: Context) -> Worker:
    return worker_of(dataclasses.replace(archive, readers=NoOcr(archive.readers)))  # type: ignore[arg-type]


def run_all(worker: Worker) -> None:
    while worker.work_once():
        pass


def send(context: Context, content: bytes, name: str) -> str:
    return intake.accept(context, VIEWER, source=io.BytesIO(content), file_name=name).document_id


def children(context: Context, parent: str) -> list[Document]:
    return [one for one in documents(context) if one.parent_id == parent]


def document(context: Context, document_id: str) -> Document:
    (found,) = [one for one in documents(context) if one.id == document_id]
    return found


def read_again(context: Context, document_id: str, worker: Worker) -> None:
    task = queue.Task(WorkKind.READ, document_id, f"read:{document_id}")
    with context.writing(VIEWER) as session:
        queue.requeue(session, [task], now=context.clock.now())
    run_all(worker)


@pytest.mark.slow
def test_any_word_on_a_scan_pasted_into_an_office_file_is_found_boxed_and_with_its_customer(
    archive: Context,
) -> None:
    worker = worker_of(archive)
    beside = send(archive, docx_with(scan("梧桐里小区房屋租赁合同"), sentence=WORDS), "申请.docx")
    only = send(archive, docx_with(scan(WORDS, "配电房巡视记录")), "扫描件.docx")
    saved = send(archive, pdf_of(scan("变压器容量核定单"), sentence=WORDS), "另存.pdf")
    run_all(worker)
    index(archive)
    found = ((beside, "房屋租赁合同"), (only, "配电房巡视"), (saved, "变压器容量核定"))
    for parent, words in found:
        answer = search.search(archive, VIEWER, SearchRequest(q=words, size=10))
        (child,) = children(archive, parent)
        assert [paper.id for hit in answer.hits for paper in hit.documents] == [child.id]
        assert [hit.customer.customer_no for hit in answer.hits if hit.customer] == [NUMBER]
        (page,) = pages(archive, child.id)
        start, end = page.text.index(words), page.text.index(words) + len(words)
        boxed = [one for one in unpack_words(page.boxes) if one.start < end and start < one.end]
        assert boxed
        assert all(0 < one.box[0] < one.box[2] < page.width for one in boxed)
        view = papers.get(archive, VIEWER, parent)
        assert [one.id for one in view.children] == [child.id]
        assert (view.state, view.customer_no) == (DocumentState.FILED, NUMBER)
    assert document(archive, only).link_reasons == ["inside"]
    assert not search.search(archive, VIEWER, SearchRequest(q="image1.jpg", size=10)).hits
    assert all(one.customer_no == NUMBER for one in documents(archive))


def test_a_picture_is_taken_once_however_often_its_file_is_read_or_sent(
    archive: Context, worker: Worker
) -> None:
    content = docx_with(picture("one"), picture("two"), sentence=WORDS)
    parent = send(archive, content, "申请.docx")
    run_all(worker)
    read_again(archive, parent, worker)
    assert send(archive, content, "again.docx") == parent
    run_all(worker)
    assert [one.file_name for one in children(archive, parent)] == ["申请-图1.png", "申请-图2.png"]
    assert Counter(row.outcome for row in intakes(archive)) == {"accepted": 3, "duplicate": 1}


class OtherOrder(NoOcr):
    """A later version that reads the parts of a file in another order, and finds one more."""

    def extract(self, path: Path, *, media_type: str, file_name: str) -> Extraction:
        found = self._real.extract(path, media_type=media_type, file_name=file_name)
        more = Attachment("新.pdf", letter(77))
        return dataclasses.replace(found, attachments=(more, *reversed(found.attachments)))


def test_parts_that_come_in_another_order_at_a_later_reading_are_known_by_their_bytes(
    archive: Context, worker: Worker
) -> None:
    twice = ("重复.pdf", letter(4))
    parent = send(archive, msg_with(("甲.pdf", letter(3)), twice, ("乙.pdf", letter(5))), "信.msg")
    run_all(worker)
    before = {one.file_name: one.id for one in children(archive, parent)}
    later = dataclasses.replace(archive, readers=OtherOrder(archive.readers))  # type: ignore[arg-type]
    other = worker_of(later)
    for _ in range(2):
        read_again(later, parent, other)
    after = {one.file_name: one.id for one in children(archive, parent)}
    assert set(after) - set(before) == {"新.pdf"}
    assert {name: after[name] for name in before} == before
    assert len(intakes(archive)) == 1 + len(after)


def test_the_pictures_of_a_file_follow_it_when_a_person_decides_and_when_that_is_undone(
    archive: Context, worker: Worker
) -> None:
    parent = send(archive, docx_with(picture("-"), sentence="照片如下"), "照片.docx")
    run_all(worker)
    (child,) = children(archive, parent)
    assert child.state == document(archive, parent).state == DocumentState.TO_ASSIGN
    revision = document(archive, parent).revision
    revision = assigning.assign(archive, VIEWER, parent, OTHER, revision=revision)
    run_all(worker)
    (child,) = children(archive, parent)
    assert (child.customer_no, child.link_reasons) == (OTHER, ["inside"])
    assigning.undo(archive, VIEWER, parent, revision=revision)
    run_all(worker)
    (child,) = children(archive, parent)
    assert (child.customer_no, child.state) == (None, DocumentState.TO_ASSIGN)


def test_pictures_of_two_customers_in_one_file_do_not_decide_whose_the_file_is(
    archive: Context, worker: Worker
) -> None:
    parent = send(archive, docx_with(picture("a"), picture("b"), sentence="两户"), "两户.docx")
    run_all(worker)
    for child, number in zip(children(archive, parent), (NUMBER, OTHER), strict=True):
        assigning.assign(archive, VIEWER, child.id, number, revision=child.revision)
    run_all(worker)
    found = document(archive, parent)
    assert found.customer_no is None
    assert {one["customer_no"] for one in found.candidates} == {NUMBER, OTHER}


def test_files_in_a_portfolio_and_in_an_outlook_mail_are_papers_of_their_own(
    archive: Context, worker: Worker
) -> None:
    contract = ("合同.docx", docx_bytes())
    portfolio = pdf_with(contract, ("函.pdf", letter(1)), base=letter(2))
    parent = send(archive, portfolio, "包.pdf")
    mail = send(archive, msg_with(("附件.pdf", letter(3)), contract), "信.msg")
    run_all(worker)
    index(archive)
    found = {one.file_name: one for one in children(archive, parent)}
    assert set(found) == {"合同.docx", "函.pdf"}
    assert [one.file_name for one in children(archive, mail)] == ["附件.pdf"]  # the other is a copy
    assert document(archive, parent).page_count == 1
    answer = search.search(archive, VIEWER, SearchRequest(q="供电营业厅", size=10))
    hits = {paper.id for hit in answer.hits for paper in hit.documents}
    assert hits == {found["合同.docx"].id, mail}


def test_files_in_files_end_at_the_bound_and_that_is_said(archive: Context, worker: Worker) -> None:
    content = letter(9)
    for level in range(MAX_NESTING + 2):
        content = pdf_with_note(f"level-{level}.pdf", content)
    send(archive, content, "top.pdf")
    run_all(worker)
    assert len(documents(archive)) == MAX_NESTING + 1
    assert [one.truncated for one in documents(archive)] == [False] * MAX_NESTING + [True]


def test_all_pictures_of_a_file_are_named_beside_it(archive: Context, worker: Worker) -> None:
    content = docx_with(*(picture(str(number), size=(600, 400)) for number in range(25)))
    parent = send(archive, content, "现场照片.docx")
    assert worker.work_once()
    shown = papers.get(archive, VIEWER, parent).children
    assert len(shown) == 25
    assert {one.id for one in shown} == {one.id for one in children(archive, parent)}


def test_a_picture_that_came_in_before_is_named_beside_each_file_that_it_lies_in(
    archive: Context, worker: Worker
) -> None:
    licence = picture("licence")
    first = send(archive, docx_with(licence, sentence=WORDS), "甲.docx")
    run_all(worker)
    second = send(archive, docx_with(licence, sentence=f"户号：{OTHER} 户名：李四"), "乙.docx")
    run_all(worker)
    (child,) = children(archive, first)
    assert document(archive, second).customer_no == OTHER
    for parent in (first, second):
        assert [one.id for one in papers.get(archive, VIEWER, parent).children] == [child.id]
    assert papers.get(archive, VIEWER, child.id).children == ()


def test_what_lies_in_a_file_is_of_its_case_and_place_and_one_set_aside_says_so_beside_it(
    archive: Context, worker: Worker
) -> None:
    content = docx_with(picture("case"), sentence=WORDS)
    content = with_relation(content, "image", "cut.png", picture("cut")[:600])
    parent = intake.accept(
        archive, VIEWER, source=io.BytesIO(content), file_name="案.docx", case_no="BZ-2026-7"
    ).document_id
    with archive.writing(VIEWER) as session:
        unit = OrgUnit(name="城东供电所")
        session.add(unit)
        session.flush()
        session.get_one(Document, parent).captured_unit_id = unit.id
    run_all(worker)
    family = [document(archive, parent), *children(archive, parent)]
    assert [one.case_no for one in family] == ["BZ-2026-7"] * 3
    (unit_id,) = {one.captured_unit_id for one in family}
    assert unit_id is not None
    shown = papers.get(archive, VIEWER, parent).children
    assert {one.state for one in shown} == {DocumentState.FILED, DocumentState.QUARANTINED}
