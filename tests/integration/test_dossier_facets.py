"""Completeness as facets of the search, end to end: equal to a plain count over the records after
any changes, on every engine and both databases, within the viewer's scope (S2-07, S2-17)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from dossier.asgi import create_app
from dossier.bootstrap import build
from dossier.db import outbox
from dossier.db.case_tables import BusinessCase, CaseNode
from dossier.db.dossier_tables import DossierGap, DossierState
from dossier.db.loan_tables import PaperOriginal
from dossier.db.quality_tables import ScanChange
from dossier.db.tables import (
    Customer,
    Document,
    IndexChange,
    OrgUnit,
    Page,
    new_id,
)
from dossier.plugins.completeness import recount
from dossier.plugins.image_quality import duty, views
from dossier.plugins.shelving import pairing
from dossier.services import custody, customer_attributes
from dossier.services.context import Context
from dossier.settings import Settings
from tests.integration.test_image_quality import FAINT, GOOD
from tests.support_engines import ENGINES, new_place
from tests.support_postgres import fresh_database
from tests.support_seeded import EAST, PASSWORD, SETUP, USERS, WEST, Seeded, index, opened
from tests.support_seeded import _fill as fill_seeded

CODES = ("A01", "A02", "A03", "A05", "C01", "D01", "J02")
CATEGORIES = ("LR", "LN", "HV", "IM", "PV")
WORDS = ("空压机", "避雷针")
NUMBERS = [f"44000000{number:02d}" for number in range(10)]
FACETS = "completeness,missing"
PLACES = [*((engine, "sqlite") for engine in ENGINES), ("tantivy", "postgresql")]


@pytest.fixture(scope="module", params=PLACES, ids="-".join)
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seeded]:
    engine, database = request.param
    folder = tmp_path_factory.mktemp("facets")
    with ExitStack() as stack:
        url = ""
        if database == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        place = new_place(engine, folder / "place")
        stack.callback(place.remove)
        settings = Settings(
            home=folder / "home", workers=1, even_out_ms=0, database_url=url, **place.settings()
        )
        made = Seeded(build(settings))

        def fill() -> None:
            fill_seeded(made)
            _add_customers(made)

        stack.enter_context(opened(made, USERS, fill=fill))
        settle(made)
        yield made


def _add_customers(archive: Seeded) -> None:
    now = archive.context.clock.now()
    with archive.context.writing(SETUP) as session:
        units = session.scalars(
            select(OrgUnit.id).where(OrgUnit.kind != "company").order_by(OrgUnit.id)
        ).all()
        for at, number in enumerate(NUMBERS):
            session.add(
                Customer(
                    customer_no=number, rowid=100 + at, name=f"客户{at}", name_key=f"客户{at}",
                    category=CATEGORIES[at % 5], unit_id=units[at % 2], updated_at=now,
                )
            )  # fmt: skip
        outbox.mark_changed(session, outbox.CUSTOMERS, NUMBERS, at=now)


def add_paper(archive: Seeded, owner: str, code: str, words: str, rowid: int) -> None:
    context = archive.context
    with context.writing(SETUP) as session:
        sha256 = session.scalars(select(Document.sha256).limit(1)).one()
        unit = session.get_one(Customer, owner).unit_id
        paper = Document(
            id=new_id(), rowid=rowid, customer_no=owner, type_code=code, state="filed",
            captured_at=context.clock.now(), sha256=sha256, unit_id=unit, title="资料",
            page_count=1,
        )  # fmt: skip
        session.add(paper)
        session.flush()
        session.add(Page(document_id=paper.id, number=1, text=words, engine="", width=1, height=1))
        outbox.mark_changed(session, outbox.DOCUMENTS, [paper.id], at=context.clock.now())


def settle(archive: Seeded) -> None:
    while recount.assess_some(archive.context):
        pass
    index(archive.context)


def asked(archive: Seeded, user: str, **options: str) -> dict[str, Any]:
    answer = archive.get("/api/v1/search", user, params={"facets": FACETS, **options})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def counts(answer: dict[str, Any], facet: str) -> dict[str, int]:
    return {one["value"]: one["count"] for one in answer["facets"][facet]}


def plainly(
    archive: Seeded, unit: str | None, keep: Callable[[Any, set[str], list[Any]], bool]
) -> tuple[dict[str, int], dict[str, int], set[str]]:
    """Counted one by one: what is kept of those dossiers that ``keep`` keeps."""
    complete: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    numbers = set()
    with archive.context.reading(SETUP) as session:
        states = {one.customer_no: one for one in session.scalars(select(DossierState))}
        gaps: dict[str, set[str]] = {}
        for gap in session.scalars(select(DossierGap)):
            gaps.setdefault(gap.customer_no, set()).add(gap.type_code)
        units = {one.id: one.name for one in session.scalars(select(OrgUnit))}
        papers: dict[str, list[Any]] = {}
        columns = select(Document.customer_no, Document.type_code, Page.text).join(
            Page, Page.document_id == Document.id
        )
        for row in session.execute(columns):
            papers.setdefault(row.customer_no, []).append(row)
        for customer in session.scalars(select(Customer)):
            number = customer.customer_no
            lacking = gaps.get(number, set())
            if unit and units[customer.unit_id] != unit:
                continue
            if not keep(customer, lacking, papers.get(number, [])):
                continue
            numbers.add(number)
            state = states[number]
            complete["complete" if state.present == state.required else "incomplete"] += 1
            missing.update(lacking)
    return dict(complete), dict(missing), numbers


def test_s2_07_after_any_changes_the_facets_equal_a_plain_count_over_the_records(
    archive: Seeded,
) -> None:
    rng = random.Random(20261123)
    for step in range(5):
        for change in range(12):
            owner = rng.choice(NUMBERS)
            if change % 4 == 0:
                with archive.context.writing(SETUP) as session:
                    chosen = update(Customer).where(Customer.customer_no == owner)
                    session.execute(chosen.values(category=rng.choice(CATEGORIES)))
                    session.execute(chosen.values(revision=Customer.revision + 1))
                    papers = session.scalars(
                        select(Document.id).where(Document.customer_no == owner)
                    ).all()
                    now = archive.context.clock.now()
                    outbox.mark_changed(session, outbox.CUSTOMERS, [owner], at=now)
                    outbox.mark_changed(session, outbox.DOCUMENTS, papers, at=now)
            else:
                words = rng.choice(WORDS)
                add_paper(archive, owner, rng.choice(CODES), words, 1000 + step * 100 + change)
        settle(archive)
        for user, unit in (("archivist", None), ("agent_east", EAST.unit)):
            everything = asked(archive, user)
            complete, missing, numbers = plainly(archive, unit, lambda *_: True)
            assert counts(everything, "completeness") == complete, (step, user)
            assert counts(everything, "missing") == missing, (step, user)
            assert sum(complete.values()) == len(numbers)

            with_word = asked(archive, user, q="空压机")
            complete, missing, _ = plainly(
                archive, unit, lambda _c, _l, papers: any(p.text == "空压机" for p in papers)
            )
            assert counts(with_word, "completeness") == complete, (step, user)
            assert counts(with_word, "missing") == missing, (step, user)

            lacking = asked(archive, user, size="100", **{"filter.missing": "C01"})
            _, _, numbers = plainly(archive, unit, lambda _c, lacks, _p: "C01" in lacks)
            assert {hit["customer"]["customer_no"] for hit in lacking["hits"]} == numbers
            assert counts(lacking, "missing") == counts(everything, "missing")

            typed = asked(archive, user, size="100", q="缺:供用电合同 类型:A01")
            _, _, numbers = plainly(
                archive,
                unit,
                lambda _, lacks, papers: (
                    "C01" in lacks and any(p.type_code == "A01" for p in papers)
                ),
            )
            assert {hit["customer"]["customer_no"] for hit in typed["hits"]} == numbers


def test_a_change_of_what_lacks_writes_the_customers_own_row_alone(archive: Seeded) -> None:
    """One changed dossier never costs the text of all its papers."""
    settle(archive)
    with archive.context.writing(SETUP) as session:
        session.execute(
            update(DossierState)
            .where(DossierState.customer_no.in_([EAST.customer_no, WEST.customer_no]))
            .values(rules="of-yesterday", required=0, present=0)
        )
    while recount.assess_some(archive.context):
        pass
    with archive.context.reading(SETUP) as session:
        waiting = {(one.index, one.key) for one in session.scalars(select(IndexChange))}
    assert waiting == {
        (outbox.CUSTOMERS, EAST.customer_no),
        (outbox.CUSTOMERS, WEST.customer_no),
    }
    index(archive.context)
    with archive.context.writing(SETUP) as session:
        session.execute(update(DossierState).values(rules="of-yesterday"))
    while recount.assess_some(archive.context):
        pass
    with archive.context.reading(SETUP) as session:
        assert not session.scalars(select(IndexChange)).all()  # nothing that shows has changed


def progress(context: Context) -> recount.Progress:
    """How far a recount is, of all dossiers."""
    with context.reading(SETUP) as session:
        return recount.progress(context, session)


def test_a_recount_of_all_waits_for_the_index_and_a_changed_dossier_does_not(
    archive: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(archive)
    monkeypatch.setattr(recount, "MOST_WAITING", 0)
    with archive.context.writing(SETUP) as session:
        session.execute(update(DossierState).values(rules="of-yesterday"))
        now = archive.context.clock.now()
        outbox.mark_changed(session, outbox.CUSTOMERS, [EAST.customer_no], at=now)
    before = progress(archive.context)
    assert not recount.assess_some(archive.context)
    assert progress(archive.context) == before
    add_paper(archive, WEST.customer_no, "A05", "资料", 5000)
    assert recount.assess_some(archive.context)
    index(archive.context)
    settle(archive)
    assert progress(archive.context).done == progress(archive.context).total


def test_the_page_names_what_lacks_and_the_list_file_and_a_saved_search_keep_to_it(
    archive: Seeded,
) -> None:
    settle(archive)
    _, missing, _ = plainly(archive, None, lambda *_: True)
    code = "C01"
    with TestClient(create_app(archive.context), base_url="http://127.0.0.1") as client:
        client.headers["accept-language"] = "zh-CN"
        client.post("/login", data={"name": "archivist", "password": PASSWORD})
        page = client.get("/search", params={"q": "客户"}).text
        assert "缺 供用电合同" in page
        assert "以下数字为户数" in page
        narrowed = client.get("/search", params={"filter.missing": code}).text
        assert 'aria-current="true"' in narrowed
        listed = client.get("/incomplete", params={"missing": code}).text
        assert f"/search?filter.missing={code}" in listed
        headers = {"Authorization": f"Bearer {archive.tokens['archivist']}"}
        body = {"q": "", "filters": {"missing": [code]}, "purpose": "催补资料"}
        made = client.post("/api/v1/search/export", json=body, headers=headers)
        assert made.status_code == 201, made.text
        assert made.json()["rows"] == missing[code]
        saved = {"name": "缺合同", "q": "", "filters": {"missing": [code]}}
        assert client.post("/api/v1/searches", json=saved, headers=headers).status_code == 201


@pytest.mark.parametrize("wrong", ["filter.missing", "filter.completeness"])
def test_a_value_that_there_cannot_be_finds_nothing_and_says_so(
    archive: Seeded, wrong: str
) -> None:
    answer = asked(archive, "archivist", **{wrong: "ZZZ"})
    assert answer["total"] == 0
    assert answer["remarks"]


def test_the_administrator_and_the_other_station_count_what_they_may_see(archive: Seeded) -> None:
    settle(archive)
    for user, unit in (("agent_west", WEST.unit), ("agent", None)):
        complete, missing, _ = plainly(archive, unit, lambda *_: True)
        answer = asked(archive, user)
        assert counts(answer, "completeness") == complete
        assert counts(answer, "missing") == missing


# -- how papers are scanned, and papers that came late ---------------------------------------------


def of_papers(archive: Seeded, user: str, name: str, **options: str) -> dict[str, int]:
    return counts(asked(archive, user, facets=name, **options), name)


def test_s1_26_scan_quality_is_a_facet_and_a_filter_that_follows_each_change(
    archive: Seeded,
) -> None:
    papers = [archive.documents[name] for name in ("东1", "东2")]
    with archive.context.writing(SETUP) as session:
        first = select(Page).where(Page.document_id.in_(papers), Page.number == 1)
        pages = {page.document_id: page for page in session.scalars(first)}
        for paper, measures in zip(papers, (FAINT, GOOD), strict=True):
            pages[paper].measures = asdict(measures)
            pages[paper].digital = False
            session.add(ScanChange(document_id=paper))
    checked(archive)
    assert of_papers(archive, "archivist", "quality") == {"failed": 1, "remarked": 1}
    assert of_papers(archive, "agent_west", "quality") == {}
    assert of_papers(archive, "archivist", "finding")["contrast"] == 1
    failing = asked(archive, "archivist", facets="quality", **{"filter.quality": "failed"})
    assert [one["id"] for hit in failing["hits"] for one in hit["documents"]] == papers[:1]
    both = {"filter.quality": ["failed", "remarked"], "facets": "quality"}
    assert archive.get("/api/v1/search", "archivist", params=both).json()["total_documents"] == 2
    assert asked(archive, "archivist", **{"filter.finding": "contrast"})["total_documents"] == 1
    assert asked(archive, "archivist", **{"filter.quality": "none"})["remarks"]
    views.accept(archive.context, SETUP, papers[0], 1, why="paper_faded")
    index(archive.context)
    assert of_papers(archive, "archivist", "quality") == {"accepted": 1, "remarked": 1}
    with archive.context.writing(SETUP) as session:
        session.execute(update(Page).where(Page.document_id.in_(papers)).values(measures=None))
        session.add_all(ScanChange(document_id=paper) for paper in papers)
    checked(archive)
    assert of_papers(archive, "archivist", "quality") == {}


def checked(archive: Seeded) -> None:
    while duty.check_some(archive.context):
        pass
    index(archive.context)


def test_s3_03_late_papers_are_a_facet_and_a_filter(archive: Seeded) -> None:
    owner, done = NUMBERS[0], archive.context.clock.now() - timedelta(days=60)
    with archive.context.writing(SETUP) as session:
        session.add(
            BusinessCase(
                case_no="K9", customer_no=owner, business="new", state="done", updated_at=done,
                opened_at=done, ended_at=done,
            )
        )  # fmt: skip
        session.flush()
        session.add(CaseNode(case_no="K9", node="contract", customer_no=owner, completed_at=done))
    add_paper(archive, owner, "C01", "迟到的合同", 7000)
    with archive.context.writing(SETUP) as session:
        session.execute(update(Document).where(Document.rowid == 7000).values(case_no="K9"))
    settle(archive)
    assert of_papers(archive, "archivist", "late") == {"captured_after": 1}
    late = asked(archive, "archivist", **{"filter.late": "captured_after"})
    assert (late["total"], late["total_documents"]) == (1, 1)
    assert late["hits"][0]["customer"]["customer_no"] == owner


def test_s0_04_which_half_is_missing_is_a_facet_that_counts_as_the_pairing_list_does(
    archive: Seeded,
) -> None:
    context, now = archive.context, archive.context.clock.now()
    paired, torn, lost, unread = papers = [
        archive.documents[name] for name in ("东1", "东2", "西1", "西2")
    ]
    before = of_papers(archive, "archivist", "pairing")
    assert set(before) == {"picture_only"}
    with context.writing(SETUP) as session:
        for one in papers[:3]:
            custody.begin(session, SETUP, session.get_one(Document, one), at=now)
        for one in (torn, unread):
            session.get_one(Document, one).failed_pages = 1
        (gone,) = session.scalars(select(PaperOriginal).where(PaperOriginal.document_id == lost))
        gone.state = custody.OriginalState.LOST
        outbox.mark_changed(session, outbox.DOCUMENTS, papers, at=now)
    index(context)
    rest = before["picture_only"] - 3
    after = {"both": 1, "paper_only": 1, "neither": 1, "picture_only": rest}
    assert of_papers(archive, "archivist", "pairing") == after
    assert of_papers(archive, "agent_west", "pairing")["neither"] == 1
    assert "both" not in of_papers(archive, "agent_west", "pairing")
    listed = pairing.listed(context, SETUP).counts
    assert listed[pairing.LOST] + listed[pairing.NO_PAPER] == after["neither"] + rest
    assert listed[pairing.BAD_PICTURE] == after["paper_only"]
    for value, paper in (("both", paired), ("paper_only", torn), ("neither", unread)):
        found = asked(archive, "archivist", facets="pairing", **{"filter.pairing": value})
        assert [one["id"] for hit in found["hits"] for one in hit["documents"]] == [paper]
        assert counts(found, "pairing") == after  # a facet does not filter itself
    with context.writing(SETUP) as session:
        for one in (torn, unread):
            session.get_one(Document, one).failed_pages = 0


# -- attributes of customers -----------------------------------------------------------------------


def test_s0_17_attributes_count_dossiers_and_filter_them_with_several_choices(
    archive: Seeded,
) -> None:
    name, now = "verification_pay_channel", archive.context.clock.now()
    wanted = {
        number: {"pay_channel": codes}
        for number, codes in zip(
            (EAST.customer_no, WEST.customer_no, *NUMBERS),
            (("online",), ("counter", "online"), ("counter",), *[()] * len(NUMBERS)),
            strict=False,
        )
        if codes
    }
    with archive.context.writing(SETUP) as session:
        customer_attributes.put(session, wanted, by="test", source="test", at=now)
        assert {one.index for one in session.scalars(select(IndexChange))} == {outbox.CUSTOMERS}
    settle(archive)
    everything = asked(archive, "archivist", facets=name)
    assert counts(everything, name) == {"counter": 2, "online": 2}
    labels = {one["value"]: one["label"] for one in everything["facets"][name]}
    assert labels["online"] == "网上缴费"
    assert of_papers(archive, "agent_west", name) == {"counter": 1, "online": 1} | (
        {"counter": 2} if _is_west(archive, NUMBERS[0]) else {}
    )
    both = asked(archive, "archivist", facets=f"{name},type", **{f"filter.{name}": "online"})
    assert {hit["customer"]["customer_no"] for hit in both["hits"]} == {
        EAST.customer_no,
        WEST.customer_no,
    }
    assert counts(both, name) == counts(everything, name)  # a facet does not filter itself
    assert sum(counts(both, "type").values()) <= both["total_documents"] > 0
    several = {f"filter.{name}": ["online", "counter"], "facets": name}
    assert archive.get("/api/v1/search", "archivist", params=several).json()["total"] == 3
    mixed = {f"filter.{name}": "counter", "filter.completeness": "incomplete", "facets": FACETS}
    answer = archive.get("/api/v1/search", "archivist", params=mixed).json()
    assert counts(answer, "completeness").get("incomplete", 0) == answer["total"]
    with_word = asked(archive, "archivist", q="空压机", facets=name)
    plain = asked(archive, "archivist", q="空压机", size="100")
    found = {hit["customer"]["customer_no"] for hit in plain["hits"]}
    expected = Counter(
        code for no, one in wanted.items() if no in found for code in one["pay_channel"]
    )
    assert counts(with_word, name) == expected


def _is_west(archive: Seeded, number: str) -> bool:
    with archive.context.reading(SETUP) as session:
        unit = session.get_one(Customer, number).unit_id
        return unit == session.get_one(Customer, WEST.customer_no).unit_id
