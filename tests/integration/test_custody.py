"""One original, one custodian, from its first minute; the database writes its way (S2-14, S1-06)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError

from dossier.bootstrap import build
from dossier.clock import FixedClock
from dossier.db import create_database, migrate
from dossier.db.custody_tables import CustodyEvent
from dossier.db.loan_tables import PaperOriginal
from dossier.db.tables import Document, Page, User
from dossier.rules import lending
from dossier.services import custody, intake, stacks
from dossier.services.context import Context
from dossier.services.custody import Holder, HolderKind
from dossier.services.stacks import NewPart
from dossier.settings import Settings
from dossier.viewer import EVERYTHING, Permission, Viewer, system_viewer
from tests.faults.archive_samples import letter

SETUP, INBOX = system_viewer("test"), system_viewer("watcher")
SINCE = datetime(2024, 2, 28, 4, 0, tzinfo=UTC)
DESK = lending.load().receiving


@pytest.fixture
def archive(settings: Settings, database_url: str) -> Iterator[Context]:
    made = build(settings.model_copy(update={"database_url": database_url}))
    yield replace(made, clock=FixedClock(SINCE))
    made.readers.close()
    made.index.close()
    made.database.dispose()


def person(archive: Context, name: str) -> Viewer:
    with archive.writing(SETUP) as session:
        row = User(name=name, created_at=SINCE)
        session.add(row)
        session.flush()
        return Viewer(row.id, name, "archivist", frozenset(Permission), EVERYTHING)


def taken(archive: Context, viewer: Viewer, number: int = 1, **more: str) -> str:
    source = io.BytesIO(letter(number))
    name = f"{number}.pdf"
    return intake.accept(archive, viewer, source=source, file_name=name, **more).document_id  # type: ignore[arg-type]


def holder_of(archive: Context, document_id: str) -> tuple[str, str] | None:
    with archive.reading(SETUP) as session:
        found = custody.of_document(session, document_id)
        return (found.custodian_kind, found.custodian) if found else None


def read(archive: Context, document_id: str, *, digital: bool) -> None:
    with archive.writing(SETUP) as session:
        session.add(Page(document_id=document_id, number=1, digital=digital))
        session.flush()
        custody.settle(session, document_id)


def moved(archive: Context, document_id: str, to: Holder, why: str = "") -> None:
    with archive.writing(SETUP) as session:
        found = custody.of_document(session, document_id)
        assert found is not None
        row = custody.locked(session, found.id)
        custody.hand(session, row, to, by="somebody", why=why, at=archive.clock.now())


def test_S2_14_a_scan_has_a_custodian_from_its_first_minute(archive: Context) -> None:
    wang = person(archive, "wang")
    brought, dropped = taken(archive, wang), taken(archive, INBOX, 2)
    inside = taken(archive, wang, 3, parent_id=brought)
    assert holder_of(archive, brought) == ("person", wang.id)
    assert holder_of(archive, dropped) == ("place", DESK)
    assert holder_of(archive, inside) is None
    read(archive, brought, digital=False)
    read(archive, dropped, digital=True)
    assert holder_of(archive, brought) == ("person", wang.id)
    assert holder_of(archive, dropped) is None


def test_S1_06_every_change_is_on_the_trail_and_time_outside_the_room_is_counted(
    archive: Context,
) -> None:
    wang = person(archive, "wang")
    paper = taken(archive, wang)
    archive.clock.advance(timedelta(days=2))  # over 29 February
    moved(archive, paper, Holder.place("K01-03-A-05-2-07"), "上架")
    archive.clock.advance(timedelta(days=30))
    moved(archive, paper, Holder.person(wang.id), "借阅")
    archive.clock.advance(timedelta(hours=12))
    with archive.writing(SETUP) as session:  # by another way than the service's
        session.execute(update(PaperOriginal).values(custodian="li", since=archive.clock.now()))
    with archive.reading(SETUP) as session:
        way = custody.way_of(session, paper, at=archive.clock.now(), language="zh_CN")
    assert way is not None
    assert [one.name for one in way.stays] == ["wang", "K01-03-A-05-2-07", "wang", "li"]
    assert [one.in_room for one in way.stays] == [False, True, False, False]
    assert [one.why for one in way.stays][:3] == ["", "上架", "借阅"]
    assert way.outside == timedelta(days=2, hours=12)


def test_S2_14_the_database_refuses_no_custodian_two_papers_a_way_back_and_a_lost_row_gone(
    archive: Context,
) -> None:
    paper = taken(archive, INBOX)
    second = PaperOriginal(
        document_id=paper, custodian_kind="place", custodian="x", since=SINCE, moved_by="x"
    )
    changes = (
        update(PaperOriginal).values(custodian=""),
        update(PaperOriginal).values(custodian=None),
        update(PaperOriginal).values(since=SINCE - timedelta(seconds=1), custodian="y"),
        update(CustodyEvent).values(to_holder="y"),
        delete(CustodyEvent),
    )
    for change in changes:
        with pytest.raises(IntegrityError), archive.writing(SETUP) as session:
            session.execute(change)
    with pytest.raises(IntegrityError), archive.writing(SETUP) as session:
        session.add(second)
    with archive.writing(SETUP) as session:
        session.execute(update(PaperOriginal).values(state="lost"))
    with pytest.raises(IntegrityError), archive.writing(SETUP) as session:
        session.execute(delete(PaperOriginal))
    assert holder_of(archive, paper) == ("place", DESK)


def test_a_paper_of_a_stack_lies_where_the_stack_does_until_the_cut_is_taken_back(
    archive: Context,
) -> None:
    wang = person(archive, "wang")
    stack = taken(archive, wang)
    read(archive, stack, digital=False)
    with archive.writing(SETUP) as session:
        document = session.get_one(Document, stack)
        part = stacks.make_part(archive, session, document, NewPart((1,)))
    assert holder_of(archive, part) == ("person", wang.id)
    with archive.writing(SETUP) as session:
        stacks.withdraw(session, session.get_one(Document, part), at=SINCE)
    assert holder_of(archive, part) is None


def test_papers_that_were_there_before_begin_with_who_took_them_in(database_url: str) -> None:
    database = create_database(database_url)
    config = migrate.migration_config()
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    ours = next(script for script in scripts if "paper original" in script.doc)
    with database.writer.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, str(ours.down_revision))
        for statement in _BEFORE:
            connection.execute(text(statement))
    migrate.upgrade(database)
    with database.reader.connect() as connection:
        query = select(
            PaperOriginal.document_id, PaperOriginal.custodian_kind, PaperOriginal.custodian
        )
        found = {row[0]: tuple(row[1:]) for row in connection.execute(query)}
        events = connection.execute(select(CustodyEvent.document_id, CustodyEvent.to_holder))
        trail = {row[0]: row[1] for row in events}
    wang = (HolderKind.PERSON, "wang")
    place = (HolderKind.PLACE, DESK)
    assert found == {"scan": wang, "dropped": place, "unread": place, "stack": wang, "part": wang}
    assert trail == {key: holder for key, (_, holder) in found.items()}


_DOCUMENT = (
    "insert into document (id, rowid, parent_id, state, title, secrecy, hold, captured_at,"
    " file_name, folder, media_type, sha256, link_reasons, candidates, page_count, failed_pages,"
    " truncated, problem, masks_due, revision, source_pages) values ('{0}', {1}, {2}, 'filed', '',"
    " 0, false, '2026-03-01 00:00:00', '', '', '', 'x', '[]', '[]', 1, 0, false, '', 0, 1, {3})"
)
_INTAKE = (
    "insert into intake (id, document_id, source_path, origin, received_by, outcome, received_at,"
    " changed_at, size_bytes, reason, detail) values ('{0}', '{0}', '', 'upload', '{1}',"
    " 'accepted', '2026-03-01 00:00:00', '2026-03-01 00:00:00', 1, '', '')"
)
_PAGE = (
    "insert into page (document_id, number, text, boxes, width, height, rotation, skew, confidence,"
    " blank, digital, barcodes, engine, error, truncated, masks, masks_key, closed) values"
    " ('{0}', 1, '', '', 0, 0, 0, 0, 0, false, {1}, '[]', '', '', false, '', '', '')"
)
_BEFORE = (
    "insert into content (sha256, size_bytes, stored_at, media_type)"
    " values ('x', 1, '2026-03-01 00:00:00', '')",
    "insert into user_account (id, name, password_hash, disabled, created_at)"
    " values ('wang', 'wang', '', false, '2026-03-01 00:00:00')",
    _DOCUMENT.format("scan", 1, "null", "null"),
    _DOCUMENT.format("dropped", 2, "null", "null"),
    _DOCUMENT.format("letter", 3, "null", "null"),
    _DOCUMENT.format("inside", 4, "'letter'", "null"),
    _DOCUMENT.format("unread", 5, "null", "null"),
    _DOCUMENT.format("stack", 6, "null", "null"),
    _DOCUMENT.format("part", 7, "'stack'", "'[1]'"),
    _INTAKE.format("scan", "wang"),
    _INTAKE.format("dropped", "system:watcher"),
    _INTAKE.format("stack", "wang"),
    _PAGE.format("scan", "false"),
    _PAGE.format("dropped", "false"),
    _PAGE.format("letter", "true"),
    _PAGE.format("inside", "false"),
    _PAGE.format("stack", "false"),
    _PAGE.format("part", "false"),
)
