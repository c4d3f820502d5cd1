"""Taking a file in: bytes, then one transaction; duplicates are outcomes with a link."""

from __future__ import annotations

import io
import multiprocessing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dossier.db.tables import Content, Customer, IndexChange, Rendition
from dossier.errors import ConflictError, ForbiddenError, NotFoundError, TooLargeError
from dossier.records import DocumentState, IntakeOutcome
from dossier.services import intake, work_status
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import Permission, Viewer, system_viewer
from dossier.work.kinds import WorkKind
from tests.faults.archive_samples import documents, intakes, letter, work

CLERK = system_viewer("clerk")
NOBODY = Viewer(id="u", name="u", role="none", permissions=frozenset({Permission.SIGNED_IN}))


def send(
    context: Context, content: bytes, name: str = "a.pdf", **more: object
) -> intake.IntakeResult:
    return intake.accept(context, CLERK, source=io.BytesIO(content), file_name=name, **more)  # type: ignore[arg-type]


def add_customer(context: Context, number: str) -> None:
    with context.writing(CLERK) as session:
        session.add(
            Customer(
                customer_no=number,
                rowid=int(number),
                name="王伟",
                name_key="王伟",
                updated_at=context.clock.now(),
            )
        )


def test_everything_about_a_new_file_is_there_after_one_call(context: Context) -> None:
    result = send(context, letter(1), "合同.pdf", folder="2026/十一月")
    (document,) = documents(context)
    assert result.outcome is IntakeOutcome.ACCEPTED
    assert (document.id, document.state) == (result.document_id, DocumentState.RECEIVED)
    assert (document.file_name, document.folder) == ("合同.pdf", "2026/十一月")
    assert context.store.path(document.sha256).read_bytes() == letter(1)
    assert work(context) == {(WorkKind.READ, "ready"): 1}
    with context.reading(CLERK) as session:
        assert session.scalar(select(Rendition.kind)) == "original"
        assert session.scalar(select(IndexChange.key)) == document.id
    (row,) = intakes(context)
    assert (row.source_path, row.size_bytes) == ("2026/十一月/合同.pdf", len(letter(1)))


def test_the_same_bytes_are_a_duplicate_with_a_link_to_the_first_copy(context: Context) -> None:
    first = send(context, letter(1))
    second = send(context, letter(1), "another name.pdf")
    assert second.outcome is IntakeOutcome.DUPLICATE
    assert second.document_id == second.first_document_id == first.document_id
    assert len(documents(context)) == 1
    assert [row.outcome for row in intakes(context)] == ["accepted", "duplicate"]


def test_the_same_bytes_for_another_customer_are_a_second_document_of_one_content(
    context: Context,
) -> None:
    first = send(context, letter(1), given_customer_no="1001")
    second = send(context, letter(1), given_customer_no="1002")
    again = send(context, letter(1), given_customer_no="1002")
    assert second.outcome is IntakeOutcome.ACCEPTED
    assert second.document_id != first.document_id
    assert (again.outcome, again.document_id) == (IntakeOutcome.DUPLICATE, second.document_id)
    with context.reading(CLERK) as session:
        assert session.scalar(select(func.count(Content.sha256))) == 1


def test_who_names_a_customer_for_a_copy_of_nobody_makes_no_second_one_but_tells_whose_it_is(
    context: Context,
) -> None:
    first = send(context, letter(1))
    second = send(context, letter(1), given_customer_no="1001")
    assert (second.outcome, second.document_id) == (IntakeOutcome.DUPLICATE, first.document_id)
    assert documents(context)[0].given_customer_no == "1001"


def test_the_same_drop_seen_again_is_known_and_writes_nothing(context: Context) -> None:
    first = send(context, letter(1), source_key="drop")
    again = send(context, letter(1), source_key="drop")
    assert (again.known, again.intake_id, again.outcome) == (True, first.intake_id, first.outcome)
    assert len(intakes(context)) == 1


def test_a_name_in_no_encoding_is_stored_so_that_its_bytes_come_back(context: Context) -> None:
    send(context, letter(1), "scan\udcff\n.pdf")
    assert intakes(context)[0].source_path == "scan%FF%0A.pdf"
    assert documents(context)[0].file_name == "scan%FF%0A.pdf"


def test_a_path_in_a_sent_name_is_no_path(context: Context) -> None:
    send(context, letter(1), "../../../etc/cron.d/x.pdf")
    assert documents(context)[0].file_name == "x.pdf"


def test_the_first_folder_names_a_customer_only_if_the_register_knows_the_number(
    context: Context,
) -> None:
    add_customer(context, "1040106028")
    assert intake.given_customer(context, "1040106028/scans") == "1040106028"
    assert intake.given_customer(context, "2026/scans") is None
    assert intake.given_customer(context, "") is None
    assert intake.given_customer(context, "高压客户") is None


def test_who_may_not_upload_leaves_nothing(context: Context) -> None:
    with pytest.raises(ForbiddenError):
        intake.accept(context, NOBODY, source=io.BytesIO(b"x"), file_name="a")
    assert list(context.store.walk()) == []


def test_a_file_above_the_limit_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    from dossier.bootstrap import build

    small = build(Settings(home=tmp_path / "small", max_file_bytes=1000))
    with pytest.raises(TooLargeError):
        send(small, b"x" * 1001)
    assert documents(small) == []
    assert list(small.store.walk()) == []
    small.database.dispose()


def _send_from_a_process(home: Path, start: object) -> None:
    from dossier.bootstrap import build

    context = build(Settings(home=home))
    start.wait()  # type: ignore[attr-defined]
    for number in range(20):
        send(context, letter(number))
    context.database.dispose()


@pytest.mark.slow
def test_two_processes_with_the_same_bytes_make_one_document(
    context: Context, settings: Settings
) -> None:
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(2)
    senders = [
        spawn.Process(target=_send_from_a_process, args=(settings.home, start)) for _ in range(2)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
        assert sender.exitcode == 0
    assert len(documents(context)) == 20
    outcomes = [row.outcome for row in intakes(context)]
    assert (outcomes.count("accepted"), outcomes.count("duplicate")) == (20, 20)


# -- retry and the list -------------------------------------------------------------------------


def set_aside(context: Context, document_id: str, reason: str = "corrupt") -> None:
    with context.writing(CLERK) as session:
        intake.quarantine(session, document_id, context=context, reason=reason)


def test_a_quarantined_document_can_be_tried_again(context: Context) -> None:
    result = send(context, b"broken")
    set_aside(context, result.document_id)
    assert intakes(context)[0].outcome == "quarantined"
    assert intake.retry(context, CLERK, result.intake_id) == result.document_id
    assert documents(context)[0].state == DocumentState.RECEIVED
    assert intakes(context)[0].outcome == "accepted"


def test_what_did_not_fail_cannot_be_tried_again(context: Context) -> None:
    first, second = send(context, letter(1)), send(context, letter(1))
    with pytest.raises(ConflictError):
        intake.retry(context, CLERK, first.intake_id)
    with pytest.raises(ConflictError):
        intake.retry(context, CLERK, second.intake_id)
    with pytest.raises(NotFoundError):
        intake.retry(context, CLERK, "none")
    with pytest.raises(ForbiddenError):
        intake.retry(context, NOBODY, first.intake_id)


def test_a_file_that_never_came_in_by_the_inbox_is_brought_again_and_not_tried_again(
    context: Context,
) -> None:
    arrival = intake.Arrival(file_name="empty.pdf", origin="ingest")
    row_id = intake.refuse(context, CLERK, arrival, reason="empty")
    (item,) = work_status.list_intake(context, CLERK).items
    assert (item.state, item.may_retry) == ("failed", False)
    with pytest.raises(ConflictError):
        intake.retry(context, CLERK, row_id)
    (item,) = work_status.list_intake(context, CLERK).items
    assert item.state == "failed", "a row that waits for nothing would wait for ever"


def test_the_list_tells_where_each_file_stands_and_counts_agree(context: Context) -> None:
    send(context, letter(1), "waiting.pdf")
    send(context, letter(1), "copy.pdf")
    set_aside(context, send(context, b"broken", "bad.pdf").document_id)
    page = work_status.list_intake(context, CLERK)
    assert [(item.source_path, item.state) for item in page.items] == [
        ("bad.pdf", "failed"),
        ("copy.pdf", "duplicate"),
        ("waiting.pdf", "queued"),
    ]
    assert page.items[0].reason == "corrupt"
    assert page.items[0].may_retry
    assert page.total == sum(page.counts.values()) == 3
    for state, count in page.counts.items():
        assert work_status.list_intake(context, CLERK, states=[state]).total == count


def test_the_list_is_paged_without_gaps_or_repeats(context: Context) -> None:
    for number in range(7):
        send(context, letter(number), f"{number}.pdf")
    seen, cursor = [], None
    for _ in range(4):
        page = work_status.list_intake(context, CLERK, cursor=cursor, size=2)
        seen += [item.source_path for item in page.items]
        cursor = page.next_cursor
    assert seen == [f"{number}.pdf" for number in reversed(range(7))]
    assert cursor is None


def test_the_list_is_closed_to_those_who_may_not_see_the_intake(context: Context) -> None:
    with pytest.raises(ForbiddenError):
        work_status.list_intake(context, NOBODY)


def test_documents_that_lost_their_work_are_queued_again(context: Context) -> None:
    from dossier.db.tables import WorkItem

    send(context, letter(1))
    with context.writing(CLERK) as session:
        session.delete(session.scalars(select(WorkItem)).one())
    assert intake.requeue_stuck(context) == 1
    assert work(context) == {(WorkKind.READ, "ready"): 1}
    assert intake.requeue_stuck(context) == 0
