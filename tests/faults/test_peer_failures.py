"""Twelve failures measured with other archive systems (domain research), each shown to be none here.

All files are dropped into the watched folder of a fresh archive; what the tests ask, they ask
through HTTP as an archivist.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select

from dossier.db.tables import WorkItem
from dossier.records import DocumentState
from dossier.settings import Settings
from tests.contract.office_samples import SENTENCE
from tests.faults.archive_samples import VIEWER, documents, letter, pages, wait_until
from tests.faults.peer_papers import TURNED, digital, large_picture, papers, stack
from tests.faults.whole_house import House, opened_house, worker_processes, working

pytestmark = pytest.mark.slow
FIRST = "first.pdf"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A fresh archive: one paper first, all others when it can be found."""
    settings = Settings(
        home=tmp_path_factory.mktemp("peers") / "home",
        settle_seconds=0.1,
        empty_seconds=1.0,
        reconcile_seconds=0.5,
    )
    with opened_house(settings) as made, working(made.context):
        made.drop(FIRST, digital(("北湖水泥厂申请书",)))
        wait_until(lambda: made.finds("北湖水泥厂", FIRST), seconds=60, what="the first find")
        for name, content in papers().items():
            made.drop(name, content)
        made.wait_until_read()
        yield made


def reasons(house: House) -> dict[str, tuple[str, str]]:
    """Outcome and reason as the intake list tells them, by path."""
    listed = house.get("/api/v1/intake", size=200).json()["items"]
    return {item["source_path"]: (item["outcome"], item["reason"]) for item in listed}


# 1, 2: nothing is lost without a word --------------------------------------------------------


def test_the_first_document_after_a_fresh_start_is_found(house: House) -> None:
    assert house.find("北湖水泥厂") == {FIRST}


def test_a_file_dropped_into_the_watched_folder_is_noticed_and_listed(house: House) -> None:
    listed = reasons(house)
    assert set(papers()) <= set(listed)
    house.drop("late.pdf", letter(77))
    wait_until(lambda: "late.pdf" in reasons(house), seconds=60)
    assert "late.pdf" in house.get("/intake").text


# 3: what cannot be read is said ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("locked.pdf", "password"),
        ("locked.docx", "password"),
        ("locked.doc", "password"),
        ("locked.xls", "password"),
        ("locked.odt", "password"),
        ("locked.zip", "password"),
        ("cut.jpg", "truncated"),
        ("empty.pdf", "empty"),
    ],
)
def test_what_cannot_be_read_is_set_aside_with_its_reason_and_not_indexed_empty(
    house: House, name: str, reason: str
) -> None:
    assert reasons(house)[name] == ("quarantined", reason)
    found = house.search(name.partition(".")[0])["hits"]
    papers = [paper for hit in found for paper in hit["documents"] if paper["file_name"] == name]
    # By its name alone, and as what it is: who looks for it learns that it could not be read.
    assert [(paper["state"], paper["matched_on"]) for paper in papers] in (
        [],
        [("quarantined", ["file"])],
    )
    assert not any(paper["snippets"] for paper in papers)
    aside = house.context.settings.quarantine_path
    assert (aside / name).exists()
    assert (aside / f"{name}.reason.txt").read_text(encoding="utf-8").strip()


def test_a_sound_webp_is_read(house: House) -> None:
    assert house.find("光明电器商店") == {"sound.webp"}


# 4: each page by itself ------------------------------------------------------------------------


def test_in_a_mixed_pdf_the_digital_page_and_the_scanned_page_are_both_read(house: House) -> None:
    own, scanned = pages(house.context, house.document("mixed.pdf").id)
    assert (own.digital, scanned.digital) == (True, False)
    for word, number in (("东风粮店", 1), ("西山茶厂", 2)):
        assert house.find(word) == {"mixed.pdf"}
        assert {each["page"] for each in house.snippets(word, "mixed.pdf")} == {number}


# 5: what clerks type is never a syntax error ---------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "户号：1040106028",
        "户号:1040106028",
        "姓名:黄超",
        "姓名：黄超",
        "黄超（本人）",
        "黄超(本人)",
        '"黄超',
        "“黄超",
        "黄超”",
        "（黄超",
        "(黄超",
        "黄超)",
        "[黄超",
        "黄超}",
        "+黄超",
        "黄超^~*",
        "黄超 \\",
        "/黄超/",
        "办理“低压新装”",
        "姓名:",
    ],
)
def test_punctuation_from_a_form_is_answered_and_finds(house: House, typed: str) -> None:
    assert "form.txt" in house.find(typed)
    page = house.get("/search", q=typed)
    assert page.status_code == 200
    assert "form.txt" in page.text


# 6: snippets and dates ---------------------------------------------------------------------------


def test_a_word_inside_a_run_of_han_has_a_snippet_with_its_mark(house: House) -> None:
    (snippet, *_) = house.snippets("增容业务", "dated.pdf")
    marked = [snippet["text"][start:end] for start, end in snippet["highlights"]]
    assert "增容业务" in "".join(marked)


def test_a_chinese_date_on_the_paper_is_the_documents_date(house: House) -> None:
    document = house.document("dated.pdf")
    assert document.doc_date == date(2026, 8, 11)
    assert house.get(f"/api/v1/documents/{document.id}").json()["doc_date"] == "2026-08-11"


# 7: lines and numbers ------------------------------------------------------------------------------


def test_a_phrase_broken_over_a_line_end_is_found(house: House) -> None:
    assert "broken-line.txt" in house.find("供电营业厅")
    assert "broken-line.txt" in house.find('"供电营业厅"')


def test_a_house_number_does_not_find_another_one(house: House) -> None:
    assert house.find("197号") == {"road-197.txt"}
    assert house.find("832号") == {"road-832.txt"}


# 9: formats and encodings ------------------------------------------------------------------------


def test_a_cmyk_jpeg_is_read(house: House) -> None:
    assert house.find("红星机械厂") == {"cmyk.jpg"}


def test_an_ofd_is_read(house: House) -> None:
    assert "invoice.ofd" in house.find(SENTENCE)


def test_gbk_text_is_read_as_what_it_is(house: House) -> None:
    assert house.find("张湾变电站检修记录") == {"gbk.txt"}


# 10: spaces of others' OCR -------------------------------------------------------------------------


def test_text_that_another_ocr_spaced_out_is_found(house: House) -> None:
    assert house.find("周敏捷") == {"spaced.txt"}
    assert house.find('"供用电合同"') >= {"spaced.txt"}
    assert house.find("陆文昭") == {"somebodys-ocr.pdf"}
    assert house.find("陆 文 昭") == {"somebodys-ocr.pdf"}


@pytest.mark.parametrize(
    ("name", "line"), [("dated.pdf", "2026年8月11日"), ("somebodys-ocr.pdf", "陆文昭")]
)
def test_a_page_with_text_of_its_own_is_stored_once(house: House, name: str, line: str) -> None:
    (page,) = pages(house.context, house.document(name).id)
    assert "".join(page.text.split()).count(line) == 1


# 11: numbers and characters as people type them ----------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("13987650021", "phone.txt"),
        ("139 8765 0021", "phone.txt"),
        ("139-8765-0021", "phone.txt"),
        ("１３９８７６５００２１", "phone.txt"),
        ("+86 139 8765 0021", "phone.txt"),
        ("13712340099", "dashed-phone.txt"),
        ("137 1234 0099", "dashed-phone.txt"),
    ],
)
def test_a_phone_is_found_however_it_is_typed(house: House, typed: str, name: str) -> None:
    assert house.find(typed) == {name}


def test_simplified_and_traditional_find_each_other(house: House) -> None:
    assert house.find("龚丽华") == {"traditional.txt"}
    assert house.find("龔麗華") == {"traditional.txt"}
    assert house.find("鄧麗雲") == {"simplified.txt"}
    assert {"traditional.txt", "simplified.txt"} <= house.find("供電營業廳")


# 12: however the page lay on the scanner -----------------------------------------------------------


@pytest.mark.parametrize("angle", TURNED)
def test_a_turned_page_is_read(house: House, angle: int) -> None:
    name = f"turned-{angle}.png"
    assert house.find(f"{TURNED[angle]}粮油公司") == {name}
    (page,) = pages(house.context, house.document(name).id)
    assert page.rotation == angle


# 8: nothing large stands in the way ----------------------------------------------------------------


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A huge picture and a long stack first, small papers when those are being read."""
    home = tmp_path_factory.mktemp("crowded") / "home"
    with opened_house(Settings(home=home)) as made:
        made.drop("plan.png", large_picture())
        made.drop("stack.tif", stack(24, "库房清单"))
        with worker_processes(home, 2):
            wait_until(lambda: "stack.tif" in reading_files(made), what="the stack's first page")
            for number in range(5):
                made.drop(f"small-{number}.pdf", letter(number))
            wait_until(lambda: small_ones_found(made) == 5, seconds=120, what="the small ones")
            made.read_when_small_ones_were_found = len(  # type: ignore[attr-defined]
                pages(made.context, made.document("stack.tif").id)
            )
            made.wait_until_read()
            yield made


def reading_files(house: House) -> set[str]:
    return {one.file_name for one in documents(house.context) if pages(house.context, one.id)}


def small_ones_found(house: House) -> int:
    try:
        return len([name for name in house.find("invented customer") if name.startswith("small")])
    except AssertionError:
        return 0  # the first index is still being built


def test_a_huge_picture_and_a_long_stack_let_small_papers_pass(crowded: House) -> None:
    assert crowded.read_when_small_ones_were_found < 24  # type: ignore[attr-defined]


def test_pages_of_a_long_stack_are_shared_by_the_workers_and_all_found(crowded: House) -> None:
    assert {one.state for one in documents(crowded.context)} == {DocumentState.TO_ASSIGN}
    stored = pages(crowded.context, crowded.document("stack.tif").id)
    assert len(stored) == 24
    assert all("库房清单" in page.text for page in stored)
    assert crowded.find("总平面布置图") == {"plan.png"}
    with crowded.context.reading(VIEWER) as session:
        owners = session.scalars(select(WorkItem.lease_owner).where(WorkItem.kind == "pages"))
        assert len(set(owners)) == 2
