"""Pages that fail ask for new scans, until one passes or somebody accepts them (S1-26, DA/T 31)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import func, select, update

from dossier.db.quality_tables import PageFinding, Rescan, ScanChange, ScanState
from dossier.db.tables import AuditEvent, Customer, Document, Page, new_id
from dossier.errors import InvalidInputError, NotPossibleError
from dossier.plugins.image_quality import duty, views
from dossier.plugins.image_quality.views import Wish
from dossier.records import PageMeasures, ScanFacts
from dossier.services import stacks
from dossier.services.context import Context
from tests.support_archive import NOW, add_content, make_archive
from tests.support_seeded import EAST, SETUP, Seeded, csrf_token, seeded_archive

SHA, NUMBER, OTHER = "0" * 64, "4200000001", "4200000002"
TEXT = "低压供用电合同 用电人 户号 用电地址 滨河路八十八号 签订日期 合同编号"
GOOD = PageMeasures(
    1654, 2339, paper=250, contrast=200, faintest=180, softness=0.012, text_height=44, border=0,
    cut=0, likeness="00" * 32, digest="",
    facts=ScanFacts(1654, 2339, dpi=200, is_measured_dpi=True, mode="colour", size_bytes=300_000),
)  # fmt: skip
FAINT = replace(GOOD, contrast=40, faintest=30)


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
        for rowid, number in enumerate((NUMBER, OTHER), 1):
            session.add(
                Customer(
                    customer_no=number, rowid=rowid, name="客户", name_key="客户", category="LR",
                    updated_at=NOW,
                )
            )  # fmt: skip
    yield context
    context.database.dispose()


def add(
    context: Context, *pages: PageMeasures | None, owner: str | None = NUMBER, **more: Any
) -> str:
    """A paper with these pages, each with a look of its own; None: a text of its own."""
    with context.writing(SETUP) as session:
        count = session.query(Document).count() + 1
        given: dict[str, Any] = {"file_name": f"{count}.pdf", "state": "filed"} | more
        paper = Document(
            id=new_id(), rowid=count, customer_no=owner, type_code="C01", captured_at=NOW,
            sha256=SHA, media_type="application/pdf", page_count=len(pages), **given,
        )  # fmt: skip
        session.add(paper)
        session.flush()
        for number, measures in enumerate(pages, 1):
            kept = None
            if measures is not None:
                look = measures.digest or f"{count:032x}{number:032x}"
                likeness = (
                    (f"{(count * 97 + number * 31) % 251:02x}" * 32)
                    if not measures.digest
                    else "00" * 32
                )
                kept = asdict(replace(measures, digest=look, likeness=likeness))
            session.add(
                Page(
                    document_id=paper.id, number=number, text=f"{TEXT}{count:04d}{number:04d}",
                    digital=measures is None, measures=kept,
                )
            )  # fmt: skip
        return paper.id


def settle(context: Context) -> None:
    while duty.check_some(context):
        pass


def requests(context: Context) -> dict[tuple[str, int], str]:
    settle(context)
    with context.reading(SETUP) as session:
        return {(one.document_id, one.page): one.state for one in session.scalars(select(Rescan))}


def request(context: Context, paper: str, page: int = 1) -> Rescan:
    with context.reading(SETUP) as session:
        return session.get_one(Rescan, (paper, page))


def test_s1_26_a_failing_page_asks_for_a_new_scan_and_says_why(
    archive_of_each_kind: Context,
) -> None:
    archive = archive_of_each_kind
    paper, good = add(archive, GOOD, FAINT, None), add(archive, GOOD)
    assert requests(archive) == {(paper, 2): "open"}
    assert request(archive, paper, 2).reasons == ["contrast"]
    found = views.of_document(archive, SETUP, paper)
    assert (found.pages, found.failing) == (2, 1)  # the page with a text of its own is exempt
    one = found.findings[0]
    assert (one.page, one.code, one.severity, one.measured, one.required) == (
        2, "contrast", "fails", 40.0, 60.0,
    )  # fmt: skip
    assert views.of_document(archive, SETUP, good).findings == ()
    listed = views.get(archive, SETUP, Wish())
    assert (listed.total, listed.by_check, listed.by_state["open"]) == (1, {"contrast": 1}, 1)
    assert (listed.whole.pages, listed.whole.passed, listed.whole.percent) == (3, 2, 66.67)
    with archive.reading(SETUP) as session:
        asked = select(AuditEvent.object_id).where(AuditEvent.action == duty.ASKED)
        assert session.scalars(asked).all() == [paper]


def test_s1_26_a_paper_whose_pages_all_have_text_of_their_own_is_not_checked(
    archive: Context,
) -> None:
    paper = add(archive, None, None)
    assert requests(archive) == {}
    assert views.of_document(archive, SETUP, paper).pages is None


def test_s1_26_a_new_scan_that_passes_settles_the_request_and_the_old_one_stays(
    archive_of_each_kind: Context,
) -> None:
    archive = archive_of_each_kind
    old = add(archive, GOOD, FAINT)
    settle(archive)
    code = request(archive, old, 2).code
    new = add(archive, GOOD, file_name=f"{code.lower()}.jpg")
    assert requests(archive) == {(old, 2): "rescanned"}
    row = request(archive, old, 2)
    assert (row.new_document_id, row.new_page, row.trouble) == (new, 1, "")
    with archive.reading(SETUP) as session:
        assert session.get_one(Document, old).page_count == 2
    assert [one.page for one in views.of_document(archive, SETUP, new).answers] == [2]


@pytest.mark.parametrize(
    ("pages", "more", "trouble"),
    [
        ((FAINT,), {}, duty.FAILS_AGAIN),
        ((GOOD,), {"owner": OTHER}, duty.OTHER_CUSTOMER),
        ((GOOD,), {"owner": None, "state": "to_assign"}, duty.OTHER_CUSTOMER),
        ((GOOD, GOOD, GOOD), {}, duty.OTHER_PAGES),
        ((), {"state": "quarantined"}, duty.NOT_READ),
    ],
)
def test_s1_26_a_scan_that_does_not_do_leaves_the_request_open_and_says_why(
    archive: Context, pages: tuple[Any, ...], more: dict[str, Any], trouble: str
) -> None:
    old = add(archive, GOOD, FAINT)
    settle(archive)
    code = request(archive, old, 2).code
    new = add(archive, *pages, file_name=f"{code}.jpg", **more)
    if trouble == duty.NOT_READ:  # told by the form that it was handed in on
        with archive.writing(SETUP) as session:
            session.execute(update(Rescan).values(new_document_id=new))
            session.add(ScanChange(document_id=new))
    settle(archive)
    row = request(archive, old, 2)
    assert (row.state, row.trouble) == ("open", trouble)
    assert (new, 1) not in requests(archive)  # the new scan asks for none of its own
    if trouble == duty.OTHER_CUSTOMER:  # as soon as it is filed with the right one, it counts
        with archive.writing(SETUP) as session:
            session.execute(update(Document).where(Document.id == new).values(customer_no=NUMBER))
        assert requests(archive)[old, 2] == "rescanned"


def test_s1_26_a_whole_new_scan_answers_each_of_its_pages(archive: Context) -> None:
    old = add(archive, FAINT, FAINT, GOOD)
    settle(archive)
    codes = [request(archive, old, page).code for page in (1, 2)]
    add(archive, GOOD, FAINT, GOOD, file_name=" ".join(codes) + ".pdf")
    assert requests(archive) == {(old, 1): "rescanned", (old, 2): "open"}


def test_s1_26_a_page_is_accepted_as_it_is_with_a_reason_and_stays_so(archive: Context) -> None:
    paper = add(archive, FAINT)
    settle(archive)
    for why, note in (("none", ""), ("paper_gone", " "), ("other", "长" * 201)):
        with pytest.raises(InvalidInputError):
            views.accept(archive, SETUP, paper, 1, why=why, note=note)
    views.accept(archive, SETUP, paper, 1, why="paper_faded", note=" 热敏纸 ")
    row = request(archive, paper)
    assert (row.state, row.why, row.note, row.settled_by) == (
        "accepted", "paper_faded", "热敏纸", SETUP.id,
    )  # fmt: skip
    with pytest.raises(NotPossibleError):
        views.accept(archive, SETUP, paper, 1, why="paper_faded")
    with archive.writing(SETUP) as session:
        session.add(ScanChange(document_id=paper))
    assert requests(archive) == {(paper, 1): "accepted"}


def test_s1_26_a_request_is_void_when_its_page_passes_and_asked_again_when_it_fails_again(
    archive: Context,
) -> None:
    paper = add(archive, FAINT)
    settle(archive)
    for measures, state in ((GOOD, "void"), (FAINT, "open")):
        with archive.writing(SETUP) as session:
            kept = asdict(replace(measures, digest="1"))
            session.execute(update(Page).where(Page.document_id == paper).values(measures=kept))
            session.add(ScanChange(document_id=paper))
        assert requests(archive) == {(paper, 1): state}


def test_s1_26_the_same_page_twice_is_told_once_within_a_customer_only(archive: Context) -> None:
    same = replace(GOOD, digest="same")
    first, second = add(archive, same, GOOD), add(archive, GOOD, same, same)
    elsewhere = add(archive, same, owner=OTHER)
    settle(archive)

    def told() -> set[tuple[str, int, str | None, int | None]]:
        with archive.reading(SETUP) as session:
            query = select(PageFinding).where(PageFinding.code == "repeated")
            return {
                (one.document_id, one.page, one.other_document_id, one.other_page)
                for one in session.scalars(query)
            }

    found = told()
    within = (second, 3, second, 2)
    assert within in found
    assert {one[0] for one in found} <= {first, second}
    assert any({one[0], one[2]} == {first, second} for one in found)
    with archive.writing(SETUP) as session:
        session.execute(update(Document).where(Document.id == first).values(customer_no=OTHER))
    settle(archive)
    assert any({one[0], one[2]} == {first, elsewhere} for one in told())
    assert not any({one[0], one[2]} == {first, second} for one in told())


def test_s1_26_a_withdrawn_part_leaves_no_findings_and_no_open_request(archive: Context) -> None:
    paper = add(archive, FAINT)
    settle(archive)
    with archive.writing(SETUP) as session:
        stacks.withdraw(session, session.get_one(Document, paper), at=NOW)
    assert requests(archive) == {(paper, 1): "void"}
    with archive.reading(SETUP) as session:
        left = [
            session.scalar(select(func.count()).select_from(t)) for t in (PageFinding, ScanState)
        ]
    assert left == [0, 0]


def test_s1_26_the_list_is_paged(archive: Context) -> None:
    papers = [add(archive, FAINT, FAINT) for _ in range(3)]
    settle(archive)
    seen, cursor = [], None
    while True:
        page = views.get(archive, SETUP, Wish(), cursor=cursor, size=4)
        seen += [(one.row.document_id, one.row.page) for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted((paper, page) for paper in papers for page in (1, 2))
    assert views.get(archive, SETUP, Wish(check="skew")).total == 0
    assert views.get(archive, SETUP, Wish(unit=0)).total == 6


# -- doors ----------------------------------------------------------------------------------------

Door = Callable[[str], TestClient]


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """On SQLite; the eastern customer's contract is faint."""
    with seeded_archive(tmp_path_factory.mktemp("quality") / "home") as archive:
        with archive.context.writing(SETUP) as session:
            paper = archive.documents["东1"]
            session.execute(
                update(Page).where(Page.document_id == paper).values(measures=asdict(FAINT))
            )
            session.add(ScanChange(document_id=paper))
        settle(archive.context)
        yield archive


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (300, 400), "white").save(out, "PNG")
    return out.getvalue()


def test_s1_26_the_page_shows_what_is_wrong_and_takes_the_new_scan(
    seeded: Seeded, door: Door
) -> None:
    paper, client = seeded.documents["东1"], door("archivist")
    here = f"/rescans/{paper}/1"
    assert here in client.get("/rescans").text
    assert "字迹反差" in client.get(f"/documents/{paper}").text
    page = client.get(here).text
    assert "40 级（应 ≥ 60 级）" in page
    assert "DA/T 31-2017 10.5.1" in page
    form = {"csrf_token": csrf_token(page)}
    file = {"file": ("new.png", picture(), "image/png")}
    sent = client.post(f"{here}/scan", data=form, files=file, follow_redirects=False)
    assert sent.status_code == 303
    row = request(seeded.context, paper)
    assert row.new_document_id is not None
    with seeded.context.reading(SETUP) as session:
        new = session.get_one(Document, row.new_document_id)
        assert (new.given_customer_no, new.type_code) == (EAST.customer_no, "C01")
    assert client.post(f"{here}/scan", data=form, files=file).status_code == 422  # the very same
    assert client.post(f"{here}/accept", data={**form, "why": "other"}).status_code == 422
    answer = client.get(f"/api/v1/documents/{paper}/quality").json()
    assert {one["code"]: one["severity"] for one in answer["findings"]} == {
        "contrast": "fails",
        "format": "warns",  # the seeded papers are PNG
    }


def test_s1_26_requests_reach_as_far_as_the_role(seeded: Seeded, door: Door) -> None:
    paper = seeded.documents["东1"]
    west = door("agent_west")
    assert west.get("/api/v1/rescans").json()["total"] == 0
    assert west.get(f"/rescans/{paper}/1").status_code == 404
    east = door("agent_east")
    assert east.get("/api/v1/rescans").json()["total"] == 1
    token = csrf_token(east.get("/account").text)
    answer = east.post(
        f"/api/v1/rescans/{paper}/1/accept",
        json={"why": "paper_faded"},
        headers={"x-csrf-token": token},
    )
    assert answer.status_code == 403
