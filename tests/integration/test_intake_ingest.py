"""``ingest``: takes what it is given, knows what it had, waits until it is found, and sums up."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from dossier.db.tables import Document, WorkItem
from dossier.errors import DossierError, InvalidInputError, NotFoundError
from dossier.records import DocumentState, QuarantineReason
from dossier.services import intake
from dossier.services.context import Context
from dossier.services.customer_import import import_customers
from indexer.ingest import IngestOptions, IngestSummary, Inside, Problem, ingest
from indexer.processes import ChildSpec
from indexer.supervisor import Supervisor
from tests.faults.archive_samples import VIEWER, documents, intakes, letter, pending

QUICK = IngestOptions(wait=False, show=False)


@contextmanager
def no_workers() -> Iterator[None]:
    raise AssertionError("no worker is needed without waiting")
    yield


def take(context: Context, *paths: Path, options: IngestOptions = QUICK) -> IngestSummary:
    return ingest(context, VIEWER, paths, options=options, workers=no_workers)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "papers"
    (place / "一月").mkdir(parents=True)
    for number in range(3):
        (place / "一月" / f"{number}.pdf").write_bytes(letter(number))
    (place / "copy.pdf").write_bytes(letter(0))
    (place / "empty.pdf").touch()
    (place / "unfinished.part").write_bytes(b"x")
    (place / "link").symlink_to(place / "copy.pdf")
    return place


def test_files_are_copied_and_stay_and_the_summary_adds_up(context: Context, folder: Path) -> None:
    before = sorted(path.name for path in folder.rglob("*"))
    summary = take(context, folder)
    assert (summary.accepted, summary.duplicates, summary.quarantined, summary.failed) == (
        3,
        1,
        2,
        0,
    )
    assert sorted(path.name for path in folder.rglob("*")) == before
    assert {row.source_path for row in intakes(context)} == {
        "一月/0.pdf",
        "一月/1.pdf",
        "一月/2.pdf",
        "copy.pdf",
        "empty.pdf",
        "link",
    }
    assert set(summary.as_json()) == {
        "accepted",
        "duplicates",
        "quarantined",
        "failed",
        "inside",
        "pages",
        "seconds",
        "problems",
        "skipped",
    }
    assert summary.as_json()["skipped"] == ["unfinished.part"]


def test_dot_names_below_a_folder_are_taken_and_what_is_skipped_is_named(
    context: Context, tmp_path: Path
) -> None:
    place = tmp_path / "h"
    (place / ".x").mkdir(parents=True)
    for number, name in enumerate((".a.txt", "b.txt", ".x/c.txt", ".x/.DS_Store", "~$b.docx")):
        (place / name).write_text(f"第 {number} 份")
    summary = take(context, place)
    assert (summary.accepted, summary.problems) == (3, [])
    assert summary.as_json()["skipped"] == ["~$b.docx", ".x/.DS_Store"]
    assert {document.folder for document in documents(context)} == {"", ".x"}


def test_interrupted_and_begun_again_it_takes_nothing_twice(
    context: Context, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, taken = intake.take, []

    def interrupted(*args: object, **more: object) -> object:
        if len(taken) == 2:
            raise KeyboardInterrupt
        taken.append(1)
        return real(*args, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(intake, "take", interrupted)
        with pytest.raises(KeyboardInterrupt):
            take(context, folder)
    summary = take(context, folder)
    assert (summary.known, summary.accepted, summary.duplicates) == (2, 3, 1)
    again = take(context, folder)
    assert (again.known, again.accepted, again.duplicates) == (4, 3, 1)
    assert len(documents(context)) == 3
    assert len(intakes(context)) == 6


CUSTOMER = "1040106028"


def register(context: Context, place: Path) -> None:
    file = place / "customers.csv"
    file.write_text(f"customer_no,name\n{CUSTOMER},张三\n", encoding="utf-8")
    import_customers(context, VIEWER, file, dry_run=False)


def work_off(context: Context) -> None:
    """Every open piece of work counts as done, an hour ago, and papers wait for a person."""
    with context.writing(VIEWER) as session:
        then = context.clock.now() - timedelta(hours=1)
        session.execute(update(WorkItem).values(state="done", changed_at=then))
        for document in session.scalars(select(Document)):
            document.state = DocumentState.TO_ASSIGN


def test_what_an_earlier_run_had_finished_is_a_duplicate_by_whatever_path(
    context: Context, folder: Path
) -> None:
    take(context, folder)
    work_off(context)
    (folder / "new.pdf").write_bytes(letter(9))
    again = take(context, folder)
    assert (again.accepted, again.duplicates, again.quarantined) == (1, 4, 2)
    work_off(context)
    inner = take(context, folder / "一月")
    assert (inner.accepted, inner.duplicates, inner.quarantined) == (0, 3, 0)


def test_files_set_aside_are_named_with_their_reason(context: Context, folder: Path) -> None:
    problems = [Problem("empty.pdf", "empty"), Problem("link", "not_a_file")]
    assert take(context, folder).problems == problems
    assert take(context, folder).problems == problems


def test_a_copy_of_what_was_set_aside_is_named_with_the_reason_of_the_first(
    context: Context, folder: Path
) -> None:
    """It was counted as a duplicate, as if the paper were there to be read."""
    take(context, folder)
    (first,) = [row for row in intakes(context) if row.source_path == "一月/1.pdf"]
    with context.writing(VIEWER) as session:
        reason = QuarantineReason.PASSWORD
        intake.quarantine(session, first.document_id, context=context, reason=reason)
    again = folder.with_name("again")
    again.mkdir()
    (again / "second.pdf").write_bytes(letter(1))
    for _ in range(2):
        summary = take(context, again)
        assert (summary.duplicates, summary.quarantined) == (1, 0)
        assert summary.problems == [Problem("second.pdf", "password")]


def test_papers_inside_the_given_files_are_counted_apart(context: Context, folder: Path) -> None:
    first = take(context, folder)
    assert first.inside == Inside()
    parent = documents(context)[0].id
    inner = intake.Arrival("scan.pdf", origin="attachment", batch=first.batch, parent_id=parent)
    intake.take(context, VIEWER, io.BytesIO(letter(50)), inner)
    intake.refuse(context, VIEWER, inner, reason="empty")
    again = take(context, folder)
    assert (again.accepted, again.quarantined) == (first.accepted, first.quarantined)
    assert again.inside == Inside(accepted=1, quarantined=1)
    assert again.as_json()["inside"] == {"accepted": 1, "duplicates": 0, "quarantined": 1}
    assert len(again.problems) == first.quarantined + 1


def test_an_empty_file_that_was_filled_meanwhile_is_taken_under_its_row(
    context: Context, folder: Path
) -> None:
    take(context, folder)
    (folder / "empty.pdf").write_bytes(letter(7))
    again = take(context, folder)
    assert (again.accepted, again.problems) == (4, [Problem("link", "not_a_file")])
    (row,) = [row for row in intakes(context) if row.source_path == "empty.pdf"]
    assert (row.outcome, row.reason) == ("accepted", "")


def test_a_file_that_was_set_aside_by_another_path_is_named_again(
    context: Context, folder: Path
) -> None:
    take(context, folder)
    alone = take(context, folder / "empty.pdf")
    assert alone.problems == [Problem("empty.pdf", "empty")]


def test_an_unknown_customer_is_said_before_anything_is_taken(
    context: Context, folder: Path
) -> None:
    for number in ("9999", "", "1/2"):
        with pytest.raises(InvalidInputError):
            take(
                context,
                folder,
                options=IngestOptions(customer_no=number, wait=False, show=False),
            )
    assert intakes(context) == []


def test_a_customer_named_later_gets_known_papers_that_wait(
    context: Context, folder: Path, tmp_path: Path
) -> None:
    register(context, tmp_path)
    take(context, folder)
    take(context, folder, options=replace(QUICK, customer_no=CUSTOMER))
    assert {document.given_customer_no for document in documents(context)} == {CUSTOMER}
    work_off(context)
    again = take(context, folder, options=replace(QUICK, customer_no=CUSTOMER))
    assert (again.assigned, again.known) == (3, 4)
    assert {document.customer_no for document in documents(context)} == {CUSTOMER}
    once_more = take(context, folder, options=replace(QUICK, customer_no=CUSTOMER))
    assert (once_more.assigned, once_more.duplicates) == (0, 4)


def test_a_customer_that_is_named_goes_with_every_file(
    context: Context, folder: Path, tmp_path: Path
) -> None:
    register(context, tmp_path)
    take(context, folder, options=IngestOptions(customer_no=CUSTOMER, wait=False, show=False))
    assert {document.given_customer_no for document in documents(context)} == {CUSTOMER}


def test_a_path_that_is_not_there_is_said_before_anything_is_taken(
    context: Context, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(NotFoundError):
        take(context, folder, tmp_path / "nothing")
    assert documents(context) == []


@pytest.mark.slow
def test_alone_it_starts_workers_and_ends_when_everything_is_found(
    context: Context, folder: Path
) -> None:
    @contextmanager
    def workers() -> Iterator[None]:
        spec = ChildSpec(
            "worker", "tests.faults.worker_process:main", {"home": str(context.settings.home)}
        )
        supervisor = Supervisor([spec], grace_seconds=30)
        supervisor.start_all()
        try:
            yield
        finally:
            supervisor.end_all()

    summary = ingest(
        context, VIEWER, [folder], options=IngestOptions(wait=True, show=False), workers=workers
    )
    assert (summary.accepted, summary.pages) == (3, 3)
    assert pending(context) == 0
    try:
        assert context.index.state().rows == 3
    except DossierError:
        pytest.fail("the index is there once ingest has ended")
