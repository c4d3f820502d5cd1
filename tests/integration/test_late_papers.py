"""Papers that came late are flagged for good (S3-03)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError

from dossier.db.case_tables import BusinessCase, CaseNode
from dossier.db.late_tables import LateExplanation, LateFlag
from dossier.db.tables import AuditEvent, Customer, Document, DocumentField, new_id
from dossier.errors import InvalidInputError, NotPossibleError
from dossier.plugins.completeness import late_views, recount
from dossier.plugins.completeness.late_views import Wish
from dossier.services import stacks
from dossier.services.context import Context
from tests.support_archive import NOW, add_content, make_archive
from tests.support_seeded import EAST, SETUP, Seeded, csrf_token, seeded_archive

SHA, NUMBER, CASE = "0" * 64, "4200000001", "K1"
DONE = NOW - timedelta(days=60)
"""When the contract of the case was signed: in the time of both rules."""
ON_THE_DAY, AFTER = DONE.date(), DONE.date() + timedelta(days=3)
CONTRACT = "C01"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Context]:
    yield from filled(tmp_path)


@pytest.fixture
def archive_of_each_kind(tmp_path: Path, database_url: str) -> Iterator[Context]:
    """What hangs on the database is tried on both; the rest on SQLite alone."""
    yield from filled(tmp_path, database_url)


def filled(home: Path, database_url: str = "") -> Iterator[Context]:
    context = make_archive(home, database_url=database_url)
    with context.writing(SETUP) as session:
        add_content(session, SHA)
        session.add(
            Customer(
                customer_no=NUMBER, rowid=1, name="客户", name_key="客户", category="LR",
                updated_at=NOW,
            )
        )  # fmt: skip
        session.flush()
        add_case(session, NUMBER, CASE, DONE)
    yield context
    context.database.dispose()


def add_case(session: Any, owner: str, case_no: str, done: datetime) -> None:
    session.add(
        BusinessCase(
            case_no=case_no, customer_no=owner, business="new", state="done", updated_at=NOW,
            opened_at=done - timedelta(days=10), ended_at=done + timedelta(days=1),
        )
    )  # fmt: skip
    session.flush()
    session.add(CaseNode(case_no=case_no, node="contract", customer_no=owner, completed_at=done))


def add(
    context: Context, dated: date | None, captured: datetime = DONE, case_no: str | None = CASE
) -> str:
    """A contract whose day was read on page 2."""
    with context.writing(SETUP) as session:
        count = session.query(Document).count()
        paper = Document(
            id=new_id(), rowid=count + 1, customer_no=NUMBER, type_code=CONTRACT, state="filed",
            captured_at=captured, sha256=SHA, case_no=case_no,
        )  # fmt: skip
        session.add(paper)
        session.flush()
        if dated:
            session.add(
                DocumentField(
                    document_id=paper.id, name="doc_date", value=dated.isoformat(), page=2,
                    box=[1.0, 2.0, 3.0, 4.0], confidence=0.7,
                )
            )  # fmt: skip
        return paper.id


def settle(context: Context) -> None:
    while recount.assess_some(context):
        pass


def flags(context: Context) -> dict[str, set[str]]:
    settle(context)
    found: dict[str, set[str]] = {}
    with context.reading(SETUP) as session:
        for one in session.scalars(select(LateFlag)):
            found.setdefault(one.document_id, set()).add(one.reason)
    return found


def test_s3_03_the_three_times_are_compared_and_kept_with_the_place_of_the_date(
    archive_of_each_kind: Context,
) -> None:
    archive = archive_of_each_kind
    good = add(archive, ON_THE_DAY)
    made_later = add(archive, AFTER, DONE + timedelta(days=4))
    taken_later = add(archive, ON_THE_DAY, DONE + timedelta(days=30))
    both = add(archive, AFTER, DONE + timedelta(days=30))
    assert flags(archive) == {
        made_later: {"dated_after"},
        taken_later: {"captured_after"},
        both: {"dated_after", "captured_after"},
    }
    assert late_views.of_document(archive, SETUP, good) is None
    found = late_views.of_document(archive, SETUP, made_later)
    assert found is not None
    flag = found.first
    assert (flag.dated, flag.page, flag.box) == (AFTER, 2, [1.0, 2.0, 3.0, 4.0])
    assert (flag.completed_at, flag.captured_at) == (DONE, DONE + timedelta(days=4))
    assert (flag.case_no, flag.node, flag.type_code) == (CASE, "contract", CONTRACT)
    with archive.reading(SETUP) as session:
        actions = session.scalars(select(AuditEvent.object_id)).all()
    assert sorted(actions) == sorted([made_later, taken_later, both, both])


def test_s3_03_nobody_takes_a_flag_off_or_changes_it_or_what_was_said(
    archive_of_each_kind: Context,
) -> None:
    archive = archive_of_each_kind
    paper = add(archive, AFTER)
    assert flags(archive) == {paper: {"dated_after"}}
    late_views.explain(archive, SETUP, paper, "  客户  补签 ")
    key = f"{paper}:dated_after"
    statements: list[Any] = [
        delete(LateFlag),
        update(LateFlag).values(reason="none"),
        delete(LateExplanation),
        update(LateExplanation).values(text="…"),
        text(f"delete from late_flag where id = '{key}'"),
    ]
    if archive.database.writer.dialect.name == "sqlite":
        columns = "id, document_id, customer_no, type_code, case_no, node, reason, completed_at, "
        columns += "captured_at, produced_at, allowed_hours, rule_from, found_at"
        values = f"select {columns} from late_flag"
        statements.append(text(f"insert or replace into late_flag ({columns}) {values}"))
    for statement in statements:
        with (
            pytest.raises(DatabaseError, match="append-only"),
            archive.database.writer.begin() as connection,
        ):
            connection.execute(statement)
    found = late_views.of_document(archive, SETUP, paper)
    assert found is not None
    assert [one.text for one in found.explanations] == ["客户 补签"]
    assert found.flags[0].reason == "dated_after"


@pytest.mark.parametrize("change", ["date", "type", "owner", "event", "cancelled"])
def test_s3_03_a_flag_stays_when_facts_change_and_says_what_is_known_now(
    archive: Context, change: str
) -> None:
    paper = add(archive, AFTER)
    assert flags(archive) == {paper: {"dated_after"}}
    own = update(Document).where(Document.id == paper)
    changes: dict[str, Any] = {
        "date": own.values(doc_date=ON_THE_DAY),
        "type": own.values(type_code="A01"),
        "owner": own.values(customer_no=None),
        "event": update(CaseNode).values(completed_at=DONE + timedelta(days=5)),
        "cancelled": update(BusinessCase).values(state="cancelled"),
    }
    with archive.writing(SETUP) as session:
        session.execute(changes[change])
    assert flags(archive) == {paper: {"dated_after"}}
    found = late_views.of_document(archive, SETUP, paper)
    assert found is not None
    assert (found.has_changed, found.reasons_now) == (True, ())
    assert found.first.dated == AFTER
    assert found.first.completed_at == DONE


def test_s3_03_an_event_that_comes_late_flags_papers_that_were_there_before(
    archive: Context,
) -> None:
    with archive.writing(SETUP) as session:
        session.execute(delete(CaseNode))
    paper = add(archive, AFTER)
    assert flags(archive) == {}
    with archive.writing(SETUP) as session:
        session.add(CaseNode(case_no=CASE, node="contract", customer_no=NUMBER, completed_at=DONE))
    assert flags(archive) == {paper: {"dated_after"}}


def test_s3_03_a_corrected_date_flags_a_paper_that_was_in_time_as_read(
    archive_of_each_kind: Context,
) -> None:
    archive = archive_of_each_kind
    paper = add(archive, ON_THE_DAY)
    assert flags(archive) == {}
    with archive.writing(SETUP) as session:
        session.execute(
            update(DocumentField)
            .where(DocumentField.document_id == paper)
            .values(value=AFTER.isoformat())
        )
    assert flags(archive) == {paper: {"dated_after"}}


def test_s3_03_a_renewed_contract_without_a_case_is_no_late_paper(archive: Context) -> None:
    add(archive, ON_THE_DAY)
    add(archive, AFTER + timedelta(days=5), case_no=None)  # the first one was there in time
    add(archive, AFTER + timedelta(days=300), NOW, case_no=None)
    add(archive, AFTER, case_no="K2")  # another case, of which nobody told
    assert flags(archive) == {}


def test_s3_03_without_its_case_a_paper_is_held_against_the_one_of_its_days(
    archive: Context,
) -> None:
    paper = add(archive, AFTER, case_no=None)
    assert flags(archive) == {paper: {"dated_after"}}


def test_s3_03_a_date_that_was_read_unsurely_flags_nothing(archive: Context) -> None:
    paper = add(archive, AFTER)
    with archive.writing(SETUP) as session:
        session.execute(update(DocumentField).values(confidence=0.4))
    assert flags(archive) == {}
    with archive.writing(SETUP) as session:
        session.execute(update(Document).where(Document.id == paper).values(doc_date=AFTER))
    assert flags(archive) == {paper: {"dated_after"}}


def test_s3_03_a_date_that_a_person_confirmed_keeps_its_place(archive: Context) -> None:
    paper = add(archive, AFTER)
    with archive.writing(SETUP) as session:
        session.execute(update(Document).where(Document.id == paper).values(doc_date=AFTER))
    settle(archive)
    found = late_views.of_document(archive, SETUP, paper)
    assert found is not None
    assert (found.first.dated, found.first.page) == (AFTER, 2)


def test_s3_03_a_withdrawn_part_of_a_stack_leaves_its_flag_behind(archive: Context) -> None:
    paper = add(archive, AFTER)
    assert flags(archive) == {paper: {"dated_after"}}
    with archive.writing(SETUP) as session:
        stacks.withdraw(session, session.get_one(Document, paper), at=NOW)
    found = late_views.get(archive, SETUP, Wish())
    assert [(one.document_id, one.is_there) for one in found.items] == [(paper, False)]


def test_s3_03_the_list_is_paged_counted_and_filtered(archive_of_each_kind: Context) -> None:
    archive = archive_of_each_kind
    papers = [add(archive, AFTER) for _ in range(3)]
    add(archive, ON_THE_DAY)
    settle(archive)
    late_views.explain(archive, SETUP, papers[0], "客户出差")
    seen, cursor = [], None
    while True:
        page = late_views.get(archive, SETUP, Wish(), cursor=cursor, size=2)
        seen += [one.document_id for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(papers)
    assert (page.total, page.whole.late, page.whole.papers, page.whole.percent) == (3, 3, 4, 75.0)
    explained = late_views.get(archive, SETUP, Wish(explained="yes"))
    assert [one.document_id for one in explained.items] == papers[:1]
    assert late_views.get(archive, SETUP, Wish(reason="captured_after")).total == 0
    assert len(late_views.in_file(archive, SETUP, Wish(explained="no"), purpose="check")) == 2


def test_7_a_rate_without_papers_is_none(archive: Context) -> None:
    assert late_views.get(archive, SETUP, Wish()).whole.percent is None


def test_s3_03_an_explanation_says_something_and_is_of_a_late_paper(archive: Context) -> None:
    good, late = add(archive, ON_THE_DAY), add(archive, AFTER)
    settle(archive)
    with pytest.raises(NotPossibleError):
        late_views.explain(archive, SETUP, good, "补签")
    for said in (" ", "长" * 401):
        with pytest.raises(InvalidInputError):
            late_views.explain(archive, SETUP, late, said)


# -- doors ----------------------------------------------------------------------------------------

Door = Callable[[str], TestClient]


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """On SQLite: the doors ask what was tried on both above."""
    with seeded_archive(tmp_path_factory.mktemp("late") / "home") as archive:
        yield archive


@pytest.fixture(scope="module")
def late_archive(seeded: Seeded) -> Seeded:
    """The eastern customer's contract was taken in long after its case."""
    now = seeded.context.clock.now()
    with seeded.context.writing(SETUP) as session:
        add_case(session, EAST.customer_no, "K-东1", now - timedelta(days=20))
        session.execute(
            update(Document).where(Document.id == seeded.documents["东1"]).values(case_no="K-东1")
        )
    settle(seeded.context)
    return seeded


def test_s3_03_the_flag_stands_on_the_paper_the_customer_and_the_list(
    late_archive: Seeded, door: Door
) -> None:
    paper = late_archive.documents["东1"]
    client = door("archivist_east")
    assert "补做补录标记" in client.get(f"/documents/{paper}").text
    assert "补做补录文件" in client.get(f"/customers/{EAST.customer_no}/completeness").text
    page = client.get("/late-papers").text
    assert f"/documents/{paper}/late" in page
    own = f"/documents/{paper}/late"
    form = {"csrf_token": csrf_token(client.get(own).text), "why": "客户外出，当时未能签收"}
    assert client.post(own, data=form, follow_redirects=False).status_code == 303
    assert "客户外出，当时未能签收" in client.get(own).text
    answer = client.get(f"/api/v1/documents/{paper}/late").json()["late"]
    assert [one["reason"] for one in answer["flags"]] == ["captured_after"]
    assert [one["by"] for one in answer["explanations"]] == ["archivist_east"]


def test_s3_03_the_list_and_its_file_reach_as_far_as_the_role(
    late_archive: Seeded, door: Door
) -> None:
    paper = late_archive.documents["东1"]
    archivist = door("archivist_east")
    assert archivist.get("/api/v1/late-papers/file").status_code == 422
    form = {"csrf_token": csrf_token(archivist.get("/late-papers").text), "purpose": "季度检查"}
    by_page = archivist.post("/late-papers/file", data=form)
    file = archivist.get("/api/v1/late-papers/file", headers={"x-purpose": quote("季度检查")})
    assert file.content == by_page.content
    rows = file.content.decode("utf-8-sig")
    with late_archive.context.reading(SETUP) as session:
        told = select(AuditEvent).where(AuditEvent.purpose == "季度检查").order_by(AuditEvent.id)
        noted = [(row.action, row.object_id) for row in session.scalars(told)]
    each = [("late.exported", ""), ("document.exported", paper)]
    assert noted == [*each, *each], "each paper of a bulk is in the record"
    assert paper in rows
    assert not any(secret in rows for secret in EAST.secrets)
    west = door("agent_west")
    assert west.get("/api/v1/late-papers").json()["total"] == 0
    assert west.get(f"/api/v1/documents/{paper}/late").status_code == 404
    assert west.get("/api/v1/late-papers/file").status_code == 403
