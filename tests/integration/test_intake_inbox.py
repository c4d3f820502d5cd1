"""The inbox: whatever lies in it, whole and quiet, is taken; nothing else is; one never stops another."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from dossier.db.tables import WorkItem
from dossier.errors import ConfigurationError, ConflictError, ForbiddenError
from dossier.records import QuarantineReason
from dossier.rules import file_names
from dossier.services import doctor, intake, unfinished
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import Permission, Scope, system_viewer
from dossier.work.kinds import WorkKind
from indexer import aside, late_writes, source_files
from indexer.intake_loop import IntakeLoop
from tests.faults.archive_samples import (
    documents,
    done_files,
    inbox_files,
    intakes,
    letter,
    wait_until,
)

CLERK = system_viewer("clerk")


@pytest.fixture
def inbox(context: Context) -> Path:
    return context.settings.inbox_path


@pytest.fixture
def loop(context: Context) -> IntakeLoop:
    return IntakeLoop(context, tidy_seconds=0.0)


def look_until_quiet(loop: IntakeLoop, seconds: float = 0.25) -> None:
    """Look, let files settle, and look again, as the running loop does."""
    loop.look()
    time.sleep(seconds)
    while loop.look():
        pass


def test_a_file_is_taken_and_moved_to_the_days_folder_with_its_path(
    context: Context, inbox: Path, loop: IntakeLoop
) -> None:
    (inbox / "一月" / "扫描").mkdir(parents=True)
    (inbox / "一月" / "扫描" / "a.pdf").write_bytes(letter(1))
    look_until_quiet(loop)
    assert inbox_files(context) == []
    (moved,) = done_files(context)
    assert moved.relative_to(context.settings.done_path).parts[1:] == ("一月", "扫描", "a.pdf")
    assert intakes(context)[0].source_path == "一月/扫描/a.pdf"


def test_a_growing_file_is_left_alone_until_it_is_quiet(
    context: Context, inbox: Path, loop: IntakeLoop
) -> None:
    with (inbox / "slow.pdf").open("wb") as slow:
        for piece in range(6):
            slow.write(letter(1)[piece * 100 : piece * 100 + 100])
            slow.flush()
            time.sleep(0.06)
            loop.look()
            assert documents(context) == []
        slow.write(letter(1)[600:])
    look_until_quiet(loop)
    assert context.store.path(documents(context)[0].sha256).read_bytes() == letter(1)


def test_a_writer_who_pauses_with_the_file_open_is_waited_for(
    context: Context, inbox: Path, loop: IntakeLoop
) -> None:
    whole = letter(1)
    with (inbox / "slow.pdf").open("wb") as slow:
        slow.write(whole[:300])
        slow.flush()
        for _ in range(3):
            look_until_quiet(loop)
        assert documents(context) == []
        assert [path.name for path in inbox_files(context)] == ["slow.pdf"]
        slow.write(whole[300:])
    look_until_quiet(loop)
    assert context.store.path(documents(context)[0].sha256).read_bytes() == whole


def test_who_keeps_a_file_open_for_ever_does_not_keep_it_out(context: Context, inbox: Path) -> None:
    impatient = replace(context, settings=context.settings.model_copy(update={"open_seconds": 0.0}))
    with (inbox / "held.pdf").open("wb") as held:
        held.write(letter(1))
        held.flush()
        look_until_quiet(IntakeLoop(impatient, tidy_seconds=0.0))
        assert len(documents(context)) == 1


def test_what_grows_after_it_was_taken_is_taken_in_anew_whole(
    context: Context, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer on another machine: nothing here tells that it only paused."""
    monkeypatch.setattr(late_writes, "LOOK_SECONDS", 0.0)
    settings = context.settings.model_copy(update={"inbox_polling": True, "empty_seconds": 0.5})
    loop = IntakeLoop(replace(context, settings=settings), tidy_seconds=0.0)
    whole = letter(1)
    with (inbox / "a.pdf").open("wb") as slow:
        slow.write(whole[:300])
        slow.flush()
        look_until_quiet(loop)
        (half,) = documents(context)
        assert context.store.path(half.sha256).read_bytes() == whole[:300]
        slow.write(whole[300:])
    look_until_quiet(loop)
    assert [path.name for path in inbox_files(context)] == ["a.pdf"]
    look_until_quiet(loop, 0.6)  # it must be quiet for longer now
    read = [context.store.path(one.sha256).read_bytes() for one in documents(context)]
    assert sorted(read, key=len) == [whole[:300], whole]
    assert inbox_files(context) == []
    assert [path.read_bytes() for path in done_files(context)] == [whole]


def test_a_file_that_changes_while_it_is_copied_is_not_taken_half(
    context: Context, inbox: Path, loop: IntakeLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = inbox / "a.pdf"
    target.write_bytes(b"half")
    put = context.store.put

    def put_while_it_grows(source: object) -> object:
        with target.open("ab") as more:
            more.write(b" and more")
        return put(source)  # type: ignore[arg-type]

    loop.look()
    time.sleep(0.15)
    monkeypatch.setattr(
        type(context.store), "put", lambda _self, source: put_while_it_grows(source)
    )
    loop.look()
    monkeypatch.undo()
    assert documents(context) == []
    look_until_quiet(loop)
    assert context.store.path(documents(context)[0].sha256).read_bytes() == b"half and more"


def test_unfinished_names_wait_until_they_are_renamed(
    context: Context, inbox: Path, loop: IntakeLoop
) -> None:
    (inbox / "a.pdf.part").write_bytes(letter(1))
    (inbox / "~$b.docx").write_bytes(b"lock")
    look_until_quiet(loop)
    assert documents(context) == []
    (inbox / "a.pdf.part").rename(inbox / "a.pdf")
    look_until_quiet(loop)
    assert [document.file_name for document in documents(context)] == ["a.pdf"]
    assert (inbox / "~$b.docx").exists()


def test_an_empty_file_that_stays_empty_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    from dossier.bootstrap import build

    context = build(Settings(home=tmp_path / "home", settle_seconds=0.05, empty_seconds=0.2))
    (context.settings.inbox_path / "empty.pdf").touch()
    look_until_quiet(IntakeLoop(context), seconds=0.3)
    (row,) = intakes(context)
    assert (row.outcome, row.reason, row.document_id) == ("quarantined", "empty", None)
    place = context.settings.quarantine_path / "empty.pdf"
    assert place.exists()
    assert source_files.sidecar_of(place).read_text(encoding="utf-8").startswith("文件为空")
    context.database.dispose()


def test_links_pipes_and_sockets_are_never_opened_and_set_aside(
    context: Context, inbox: Path, loop: IntakeLoop, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("outside")
    (inbox / "link.pdf").symlink_to(secret)
    (inbox / "folder").symlink_to(tmp_path, target_is_directory=True)
    (inbox / "dangling").symlink_to(tmp_path / "nothing")
    os.mkfifo(inbox / "pipe.pdf")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(inbox / "s"))
    (inbox / "good.pdf").write_bytes(letter(1))
    look_until_quiet(loop)
    listener.close()
    assert len(documents(context)) == 1
    refused = [row for row in intakes(context) if row.reason == QuarantineReason.NOT_A_FILE]
    assert {row.source_path for row in refused} == {
        "link.pdf",
        "folder",
        "dangling",
        "pipe.pdf",
        "s",
    }
    assert secret.read_text() == "outside"
    assert inbox_files(context) == []


def test_an_inbox_that_overlaps_our_own_folders_is_refused_at_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "done").mkdir(parents=True)
    (tmp_path / "link").symlink_to(home / "done")
    for inbox in (home, home / "done", home / "quarantine" / "x", tmp_path / "link"):
        with pytest.raises(ConfigurationError):
            source_files.check_folders(Settings(home=home, inbox=inbox))
    source_files.check_folders(Settings(home=home))


@pytest.mark.parametrize(
    "raw",
    [
        "供用电合同.pdf".encode("gbk"),
        b"\xff\xfe.pdf",
        "行\n破.pdf".encode(),
        "a\u202efdp.exe".encode(),
        ("长" * 85).encode(),
        "表情😀.pdf".encode(),
        b"100%25%FF.pdf",
        b" leading and trailing ",
        b"-rf",
    ],
)
def test_names_of_any_bytes_are_taken_and_found_again_in_done(
    context: Context, inbox: Path, loop: IntakeLoop, raw: bytes
) -> None:
    with open(os.path.join(os.fsencode(inbox), raw), "wb") as file:  # noqa: PTH118, PTH123
        file.write(letter(1))
    look_until_quiet(loop)
    assert inbox_files(context) == []
    (moved,) = done_files(context)
    assert os.fsencode(moved.name) == raw
    assert os.fsencode(file_names.decoded(intakes(context)[0].source_path)) == raw


def test_the_same_name_twice_is_numbered_in_done_never_overwritten(
    context: Context, inbox: Path, loop: IntakeLoop
) -> None:
    for number in range(3):
        (inbox / "scan.pdf").write_bytes(letter(number))
        look_until_quiet(loop)
    assert [path.name for path in done_files(context)] == [
        "scan (2).pdf",
        "scan (3).pdf",
        "scan.pdf",
    ]
    assert len(documents(context)) == 3


def test_a_duplicate_leaves_the_inbox_too(context: Context, inbox: Path, loop: IntakeLoop) -> None:
    for name in ("a.pdf", "b.pdf"):
        (inbox / name).write_bytes(letter(1))
    look_until_quiet(loop)
    assert inbox_files(context) == []
    assert sorted(row.outcome for row in intakes(context)) == ["accepted", "duplicate"]


def test_after_a_crash_between_commit_and_move_nothing_is_taken_twice(
    context: Context, inbox: Path, loop: IntakeLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox / "a.pdf").write_bytes(letter(1))

    class CrashError(BaseException):
        pass

    def crash(*_args: object, **_more: object) -> None:
        raise CrashError

    with monkeypatch.context() as broken:
        broken.setattr(source_files, "move_to_done", crash)
        with pytest.raises(CrashError):
            look_until_quiet(loop)
    assert len(inbox_files(context)) == 1
    look_until_quiet(IntakeLoop(context))
    assert inbox_files(context) == []
    assert [row.outcome for row in intakes(context)] == ["accepted"]


def test_one_file_that_cannot_be_read_does_not_stop_the_others_and_shows_in_the_list(
    context: Context, inbox: Path, loop: IntakeLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from indexer import intake_loop

    for number in range(3):
        (inbox / f"{number}.pdf").write_bytes(letter(number))
    open_file = intake_loop._open

    def refuse_one(entry: intake_loop.Entry) -> object:
        if entry.path.name == "1.pdf":
            raise PermissionError(13, "Permission denied")  # root may read everything
        return open_file(entry)

    with monkeypatch.context() as broken:
        broken.setattr(intake_loop, "_open", refuse_one)
        look_until_quiet(loop)
        look_until_quiet(loop)
    assert len(documents(context)) == 2
    (failed,) = [row for row in intakes(context) if row.outcome == "failed"]
    assert (failed.source_path, failed.reason) == ("1.pdf", "permission")
    look_until_quiet(IntakeLoop(context))
    assert len(documents(context)) == 3
    assert [row.outcome for row in intakes(context)] == ["accepted"] * 3


def test_a_file_that_vanishes_is_no_trouble(
    context: Context, inbox: Path, loop: IntakeLoop
) -> None:
    (inbox / "gone.pdf").write_bytes(letter(1))
    loop.look()
    (inbox / "gone.pdf").unlink()
    look_until_quiet(loop)
    assert intakes(context) == []
    assert len(loop._settling) == 0


def test_empty_subfolders_are_tidied_but_not_the_inbox(
    context: Context, inbox: Path, loop: IntakeLoop
) -> None:
    (inbox / "a" / "b").mkdir(parents=True)
    (inbox / "a" / "b" / "x.pdf").write_bytes(letter(1))
    look_until_quiet(loop)
    for _ in range(3):
        loop.look()
    assert list(inbox.iterdir()) == []


@pytest.fixture
def set_aside(tmp_path: Path) -> Iterator[Context]:
    """An archive that has set an empty file aside."""
    from dossier.bootstrap import build

    context = build(Settings(home=tmp_path / "home", settle_seconds=0.05, empty_seconds=0.2))
    drop_empty(context)
    yield context
    context.database.dispose()


def drop_empty(context: Context) -> None:
    place = context.settings.inbox_path / "x" / "a.pdf"
    place.parent.mkdir(exist_ok=True)
    place.touch()
    look_until_quiet(IntakeLoop(context), seconds=0.3)


def rows(context: Context) -> list[tuple[str, str, str]]:
    return [(row.source_path, row.outcome, row.reason) for row in intakes(context)]


def give_back_all(context: Context) -> None:
    """What a worker does with the queue."""
    ready = (WorkItem.kind == WorkKind.GIVE_BACK, WorkItem.state == "ready")
    with context.reading(CLERK) as session:
        subjects = session.scalars(select(WorkItem.subject).where(*ready)).all()
    for subject in subjects:
        aside.give_back(context, subject)
    with context.writing(CLERK) as session:
        session.execute(update(WorkItem).where(*ready).values(state="done"))


def test_a_file_set_aside_goes_back_into_the_inbox_on_retry_and_its_row_is_used_on(
    set_aside: Context,
) -> None:
    context, inbox = set_aside, set_aside.settings.inbox_path
    (row,) = intakes(context)
    intake.retry(context, CLERK, row.id)
    give_back_all(context)
    assert (inbox / "x" / "a.pdf").exists()
    assert list(context.settings.quarantine_path.rglob("*.txt")) == []
    (inbox / "x" / "a.pdf").write_bytes(letter(1))
    look_until_quiet(IntakeLoop(context), seconds=0.3)
    assert rows(context) == [("x/a.pdf", "accepted", "")]


def test_a_file_that_somebody_took_out_of_the_quarantine_is_said_to_be_gone(
    set_aside: Context,
) -> None:
    context = set_aside
    (context.settings.quarantine_path / "x" / "a.pdf").unlink()
    (row,) = intakes(context)
    intake.retry(context, CLERK, row.id)
    assert rows(context) == [("x/a.pdf", "queued", "")]
    give_back_all(context)
    assert rows(context) == [("x/a.pdf", "failed", "gone")]
    (context.settings.inbox_path / "x").mkdir(exist_ok=True)
    (context.settings.inbox_path / "x" / "a.pdf").write_bytes(letter(1))
    look_until_quiet(IntakeLoop(context), seconds=0.3)
    assert rows(context) == [("x/a.pdf", "accepted", "")], "brought again, its row is used on"


def test_a_file_that_somebody_took_out_of_the_inbox_after_a_retry_is_said_to_be_gone(
    set_aside: Context,
) -> None:
    context = set_aside
    (row,) = intakes(context)
    intake.retry(context, CLERK, row.id)
    IntakeLoop(context).look()
    assert rows(context) == [("x/a.pdf", "queued", "")], "it is still to be moved"
    give_back_all(context)
    IntakeLoop(context).look()
    assert rows(context) == [("x/a.pdf", "queued", "")], "it lies there"
    (context.settings.inbox_path / "x" / "a.pdf").unlink()
    IntakeLoop(context).look()
    assert rows(context) == [("x/a.pdf", "failed", "gone")]


def test_a_file_that_cannot_be_moved_back_is_said_not_to_have_come(set_aside: Context) -> None:
    context = set_aside
    (row,) = intakes(context)
    intake.retry(context, CLERK, row.id)
    (context.settings.inbox_path / "x").rmdir()
    (context.settings.inbox_path / "x").touch()  # a file where the folder should be
    give_back_all(context)
    assert rows(context) == [("x/a.pdf", "failed", "internal")]
    assert (context.settings.quarantine_path / "x" / "a.pdf").exists()


def test_two_files_of_one_name_are_both_tried_again(set_aside: Context) -> None:
    context, inbox = set_aside, set_aside.settings.inbox_path
    drop_empty(context)
    first, second = (row.id for row in intakes(context))
    intake.retry(context, CLERK, first)
    with pytest.raises(ConflictError):  # of two on their way nobody could tell which is which
        intake.retry(context, CLERK, second)
    give_back_all(context)
    (inbox / "x" / "a.pdf").write_bytes(letter(1))
    look_until_quiet(IntakeLoop(context), seconds=0.3)
    intake.retry(context, CLERK, second)
    give_back_all(context)
    (inbox / "x" / "a.pdf").write_bytes(letter(2))
    look_until_quiet(IntakeLoop(context), seconds=0.3)
    assert rows(context) == [("x/a.pdf", "accepted", "")] * 2
    assert len(documents(context)) == 2


def test_a_file_moved_back_beside_another_of_its_name_is_followed_under_its_new_one(
    set_aside: Context,
) -> None:
    context, inbox = set_aside, set_aside.settings.inbox_path
    (row,) = intakes(context)
    (inbox / "x").mkdir(exist_ok=True)
    (inbox / "x" / "a.pdf").write_bytes(letter(1))
    intake.retry(context, CLERK, row.id)
    give_back_all(context)
    (inbox / "x" / "a (2).pdf").write_bytes(letter(2))
    look_until_quiet(IntakeLoop(context), seconds=0.3)
    assert sorted(rows(context)) == [("x/a (2).pdf", "accepted", ""), ("x/a.pdf", "accepted", "")]
    assert len(documents(context)) == 2


@pytest.mark.parametrize("polling", [False, True], ids=["events", "polling"])
def test_the_running_loop_takes_what_is_dropped_soon(tmp_path: Path, polling: bool) -> None:
    from dossier.bootstrap import build

    context = build(
        Settings(
            home=tmp_path / "home",
            settle_seconds=0.1,
            reconcile_seconds=3600 if not polling else 0.5,
            inbox_polling=polling,
        )
    )
    stop = threading.Event()
    thread = threading.Thread(target=IntakeLoop(context).run, args=(stop,))
    thread.start()
    try:
        time.sleep(0.5)
        below = context.settings.inbox_path / "later"
        below.mkdir()
        assert any(_is_taken_soon(context, below, number) for number in range(1, 6))
        wait_until(lambda: inbox_files(context) == [], seconds=30)
    finally:
        stop.set()
        thread.join()
        context.database.dispose()


def _is_taken_soon(context: Context, folder: Path, number: int) -> bool:
    """Drop another file: events before the watch stood are missed, which the reconcile is for."""
    (folder / f"{number}.pdf").write_bytes(letter(number))
    until = time.monotonic() + 10
    while len(documents(context)) < number and time.monotonic() < until:
        time.sleep(0.05)
    return len(documents(context)) == number


def test_a_missed_event_costs_only_the_reconcile_time(
    context: Context, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from indexer import watcher

    monkeypatch.setattr(watcher._Handler, "on_any_event", lambda *_: None)
    stop = threading.Event()
    thread = threading.Thread(target=IntakeLoop(context).run, args=(stop,))
    thread.start()
    try:
        time.sleep(0.3)
        (inbox / "a.pdf").write_bytes(letter(1))
        wait_until(lambda: len(documents(context)) == 1, seconds=30)
    finally:
        stop.set()
        thread.join()


# what waits too long ---------------------------------------------------------------------------


def test_a_draft_that_nobody_writes_any_more_is_named_with_age_size_and_remedy(
    context: Context, inbox: Path, loop: IntakeLoop
) -> None:
    (inbox / "一月").mkdir()
    (inbox / ".Trash-1000").mkdir()
    names = ("old.pdf.part", "一月/older.pdf.crdownload", "fresh.pdf.part", "~$lock.docx")
    for name in (*names, ".Trash-1000/old.part", ".x.swp", "thumbs.db"):
        (inbox / name).write_bytes(b"%PDF-1.7")
    for name, hours in ((names[0], 2), (names[1], 30), (names[3], 30), (".x.swp", 30)):
        written = time.time() - hours * 3600
        os.utime(inbox / name, (written, written))
    look_until_quiet(loop)
    older, old = unfinished.list_remaining(context, CLERK).unfinished
    assert (older.path, older.size_bytes) == ("一月/older.pdf.crdownload", 8)
    assert (old.path, round(old.age_seconds / 3600)) == ("old.pdf.part", 2)
    (check,) = [each for each in doctor.examine(context) if each.name == "unfinished files"]
    assert not check.ok
    assert check.detail == "一月/older.pdf.crdownload (0 KiB, 30.0 h); old.pdf.part (0 KiB, 2.0 h)"
    assert "final names" in check.remedy
    (inbox / "old.pdf.part").rename(inbox / "old.pdf")
    (inbox / "一月" / "older.pdf.crdownload").unlink()
    assert unfinished.list_remaining(context, CLERK).unfinished == ()
    look_until_quiet(loop)
    assert [document.file_name for document in documents(context)] == ["old.pdf"]


def test_names_that_begin_with_a_dot_are_taken_in_like_any_other(
    context: Context, inbox: Path, loop: IntakeLoop
) -> None:
    (inbox / ".合同").mkdir()
    names = (".pdf", ".hidden.pdf", ".合同/a.pdf", ".合同/.b")
    for number, name in enumerate(names):
        (inbox / name).write_bytes(letter(number))
    look_until_quiet(loop)
    assert inbox_files(context) == []
    assert {row.source_path for row in intakes(context)} == set(names)
    assert {document.folder for document in documents(context)} == {"", ".合同"}
    assert unfinished.list_remaining(context, CLERK) == unfinished.Remaining()


def test_what_is_passed_over_is_counted_and_named(
    context: Context, inbox: Path, loop: IntakeLoop
) -> None:
    (inbox / ".Trash-1000").mkdir()
    names = (".DS_Store", ".~lock.a.odt#", ".Trash-1000/x.pdf", "fresh.pdf.part")
    for name in (*names, ".scan.pdf.Xy12Ab"):
        (inbox / name).write_bytes(letter(1))
    look_until_quiet(loop)
    assert intakes(context) == []
    remaining = unfinished.list_remaining(context, CLERK)
    assert remaining.passed_over == (
        ".DS_Store",
        ".Trash-1000",
        ".scan.pdf.Xy12Ab",
        ".~lock.a.odt#",
        "fresh.pdf.part",
    )
    assert (remaining.passed_over_count, remaining.unfinished) == (5, ())
    (check,) = [each for each in doctor.examine(context) if each.name == "files passed over"]
    assert (check.ok, check.warning) == (True, True)
    assert check.detail == f"5: {'; '.join(remaining.passed_over)}"


def test_doctor_walks_through_the_inbox_once_for_all_that_it_says_of_it(
    context: Context, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox / ".DS_Store").write_bytes(b"x")
    listed: list[str] = []
    real = os.scandir

    def noted(folder: str) -> object:
        listed.append(os.fspath(folder))
        return real(folder)

    monkeypatch.setattr(os, "scandir", noted)
    found = {each.name: each for each in doctor.examine(context)}
    assert listed.count(os.fspath(inbox)) == 1
    assert found["files passed over"].detail == "1: .DS_Store"
    assert found["unfinished files"].ok
    assert found["inbox folders"].ok


def test_a_name_that_only_looks_like_a_transfers_is_taken_once_nobody_writes_it(
    context: Context, inbox: Path, loop: IntakeLoop
) -> None:
    (inbox / ".scan.backup").write_bytes(letter(1))
    written = time.time() - 2 * 3600
    os.utime(inbox / ".scan.backup", (written, written))
    look_until_quiet(loop)
    assert [document.file_name for document in documents(context)] == [".scan.backup"]


@pytest.fixture
def too_deep(inbox: Path) -> Iterator[Path]:
    """A folder whose path is longer than the system takes; it can only be reached step by step."""
    name, at = "张三" * 40, os.open(inbox, os.O_RDONLY)
    for _ in range(4096 // len(name.encode()) + 1):
        os.mkdir(name, dir_fd=at)
        at, above = os.open(name, os.O_RDONLY, dir_fd=at), at
        os.close(above)
    os.close(at)
    yield inbox / name
    shutil.rmtree(inbox / name)


def test_a_folder_that_cannot_be_listed_is_said_once_and_named_to_people(
    context: Context,
    inbox: Path,
    loop: IntakeLoop,
    too_deep: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (inbox / "a.pdf").write_bytes(letter(1))
    for _ in range(3):
        look_until_quiet(loop)
    said = [one for one in caplog.records if "cannot be listed" in one.getMessage()]
    assert len(said) == 1
    assert (said[0].why, said[0].path_bytes > 4095) == ("File name too long", True)  # type: ignore[attr-defined]
    assert "张三" not in str(vars(said[0])), "a folder may be named after a customer"
    assert [document.file_name for document in documents(context)] == ["a.pdf"]
    (named,) = unfinished.list_remaining(context, CLERK).unlisted
    assert named.startswith("张三")
    assert len(named) <= 120
    (check,) = [each for each in doctor.examine(context) if each.name == "inbox folders"]
    assert not check.ok
    assert check.detail == f"cannot be listed: {named}"
    masked = system_viewer("masked", [Permission.SEE_INTAKE])
    assert "张三" not in "".join(unfinished.list_remaining(context, masked).unlisted)


def test_who_sees_a_part_of_the_archive_sees_no_drafts_of_the_inbox(
    context: Context, inbox: Path
) -> None:
    (inbox / "张三.pdf.part").write_bytes(b"%PDF-1.7")
    os.utime(inbox / "张三.pdf.part", (0, 0))
    of_one_unit = replace(CLERK, scope=Scope(units=frozenset({1})))
    assert unfinished.list_remaining(context, of_one_unit).unfinished == ()
    with pytest.raises(ForbiddenError):
        unfinished.list_remaining(context, system_viewer("agent", []))
