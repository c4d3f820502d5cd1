"""Stacks of several customers' papers through intake: cut, each filed or left to a person."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import pytest
from fpdf import FPDF

from dossier.bootstrap import build
from dossier.db.stack_tables import Stack, StackDecision
from dossier.db.tables import AuditEvent, Document, OrgUnit
from dossier.errors import ConflictError, InvalidInputError, NotFoundError, NotPossibleError
from dossier.plugins.demo.fonts import hei_path
from dossier.records import DocumentState, PageReading
from dossier.services import assigning, search, stack_decisions, stack_views, stacks
from dossier.services import documents as papers
from dossier.services.context import Context
from dossier.services.customer_import import import_customers
from dossier.services.stack_decisions import Wanted
from dossier.services.views import SearchRequest
from dossier.settings import Settings
from dossier.viewer import Permission, Scope, Viewer
from indexer.worker import Worker, WorkerOptions
from tests.faults.archive_samples import VIEWER, documents, pages
from tests.integration.test_papers_inside import NoOcr, run_all, send
from tests.support_seeded import index

HUANG, LI, ZHAO, TWIN = "1040106028", "1040106036", "1040106044", "1040106052"
REGISTER = f"""户号,户名,地址,供电所
{HUANG},黄超,襄州区东山路8号,东所
{LI},李梅芳,襄州区西河街12号,西所
{ZHAO},赵建国,襄州区南湖里3号,东所
{TWIN},赵建国,襄州区南湖里3号,东所
"""
SERIAL = count()
CLAUSE = "用电人应当按照国家规定的电价和抄表周期缴纳电费，逾期未缴的，供电人依法收取违约金；"


def stack_pdf(*pages: Sequence[str]) -> bytes:
    """Born-digital pages, the first line of each set as a title; an empty one is blank."""
    made = FPDF()
    made.set_title(f"scan {next(SERIAL)}")  # no two files are copies of each other
    made.add_font("hei", fname=hei_path())
    made.set_auto_page_break(False)
    for lines in pages:
        made.add_page()
        for at, line in enumerate(lines):
            is_foot = line.startswith("第") and line.endswith("页")
            made.set_font("hei", size=20 if at == 0 and not line.endswith("；") else 11)
            made.set_xy(60 if at == 0 else 20, 280 if is_foot else 20 + 9 * at)
            made.cell(text=line)
    return bytes(made.output())


def application(number: str, name: str, foot: str = "第1页 共1页") -> list[str]:
    return ["用电申请书", f"户号：{number}", f"户名：{name}", "申请容量：8kW", foot]


def contract(number: str, name: str, at: int, total: int) -> list[str]:
    if at == 1:
        return ["低压供用电合同", f"户号：{number}", f"户名：{name}", f"第1页 共{total}页"]
    return [CLAUSE, CLAUSE, f"第{at}页 共{total}页"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """One for all: each test sends a file of its own, and its readers start once."""
    home = tmp_path_factory.mktemp("stacks")
    context = build(Settings(home=home / "home", workers=1))
    register = home / "customers.csv"
    register.write_text(REGISTER, encoding="utf-8")
    import_customers(context, VIEWER, register, dry_run=False)
    yield context
    context.readers.close()
    context.index.close()
    context.database.dispose()


@pytest.fixture(scope="module")
def worker(archive: Context) -> Worker:
    readers: Any = NoOcr(archive.readers)
    made = Worker(dataclasses.replace(archive, readers=readers), WorkerOptions(watch=False))
    made._prepare()
    return made


def take(archive: Context, worker: Worker, *pages: Sequence[str], name: str = "扫描.pdf") -> str:
    document_id = send(archive, stack_pdf(*pages), name)
    run_all(worker)
    return document_id


def parts(archive: Context, stack: str) -> dict[tuple[int, ...], Document]:
    found = [one for one in documents(archive) if one.parent_id == stack and one.source_pages]
    return {tuple(one.source_pages or ()): one for one in found}


def three_papers() -> list[list[str]]:
    return [
        application(HUANG, "黄超"),
        contract(LI, "李梅芳", 1, 2),
        contract(LI, "李梅芳", 2, 2),
        application(ZHAO, "赵建国"),
    ]


def archivist_of(archive: Context, *units: str) -> Viewer:
    """An archivist of these stations alone."""
    with archive.reading(VIEWER) as session:
        ids = {one.name: one.id for one in session.query(OrgUnit)}
    given = frozenset(Permission) - {Permission.PUBLIC}
    scope = Scope(units=frozenset(ids[name] for name in units))
    return Viewer("archivist", "archivist", "archivist", given, scope)


# -- cut and filed ------------------------------------------------------------------------------


def test_a_stack_is_cut_and_each_paper_files_itself(archive: Context, worker: Worker) -> None:
    stack = take(archive, worker, *three_papers())
    found = parts(archive, stack)
    assert {pages: (one.customer_no, one.type_code) for pages, one in found.items()} == {
        (1,): (HUANG, "A01"),
        (2, 3): (LI, "C01"),
        (4,): (ZHAO, "A01"),
    }
    assert {one.state for one in found.values()} == {DocumentState.FILED}
    (whole,) = [one for one in documents(archive) if one.id == stack]
    assert (whole.state, whole.customer_no) == (DocumentState.CUT, None)


def test_a_stack_of_unknown_forms_waits_for_a_person_and_loses_no_page(
    archive: Context, worker: Worker
) -> None:
    """Issue 6, bad input: nothing is filed, and whoever looks is told why."""
    forms = [
        ["物资领用登记", "名称　规格　数量", "绝缘手套　12kV　4", "领用部门　运维班"],
        ["会议纪要", "时间　星期三上午", "会议决定下季度巡视计划不变", "记录　办公室"],
        ["车辆派遣单", "车号　鄂F·0A001", "去向　古驿变电站", "派车人　调度"],
        ["值班表", "周一　甲班", "周二　乙班", "周三　丙班"],
    ]
    stack = take(archive, worker, *forms)
    found = parts(archive, stack)
    (whole,) = [one for one in documents(archive) if one.id == stack]
    papers_left = list(found.values()) or [whole]
    assert {one.customer_no for one in papers_left} == {None}
    assert {one.state for one in papers_left} == {DocumentState.TO_ASSIGN}
    assert all(one.link_reasons for one in papers_left)
    assert sorted(n for one in found for n in one) in ([], [1, 2, 3, 4])
    assert len(pages(archive, stack)) == len(forms)


def test_the_original_is_untouched_and_no_part_holds_its_bytes(
    archive: Context, worker: Worker
) -> None:
    content = stack_pdf(*three_papers())
    stack = send(archive, content, "扫描.pdf")
    run_all(worker)
    assert papers.original(archive, VIEWER, stack).path.read_bytes() == content
    for part in parts(archive, stack).values():
        assert archive.store.path(part.sha256).stat().st_size < 500
        with pytest.raises(NotFoundError, match="not made yet"):
            papers.original(archive, VIEWER, part.id)
        with pytest.raises(NotFoundError):
            papers.pdf(archive, VIEWER, part.id)


def test_the_words_of_a_part_are_found_with_its_customer_and_the_stack_is_not(
    archive: Context, worker: Worker
) -> None:
    other = [["变压器容量核定说明；", "第2页 共2页"]]
    pages_of_it = [three_papers()[0], contract(LI, "李梅芳", 1, 2), *other]
    stack = take(archive, worker, *pages_of_it)
    index(archive)
    answer = search.search(archive, VIEWER, SearchRequest(q="变压器容量核定", size=10))
    (hit,) = answer.hits
    part = parts(archive, stack)[(2, 3)]
    assert [one.id for one in hit.documents] == [part.id]
    assert [one.page for one in hit.documents[0].snippets][:1] == [2]
    assert hit.customer is not None
    assert hit.customer.customer_no == LI
    assert [page.number for page in pages(archive, part.id)] == [1, 2]


def test_the_api_names_the_parts_of_a_stack_and_the_pages_of_a_part(
    archive: Context, worker: Worker
) -> None:
    stack = take(archive, worker, *three_papers())
    view = papers.get(archive, VIEWER, stack)
    assert [(one.source_pages, one.customer_no, one.type) for one in view.parts] == [
        ((1,), HUANG, "A01"),
        ((2, 3), LI, "C01"),
        ((4,), ZHAO, "A01"),
    ]
    assert view.children == ()
    part = papers.get(archive, VIEWER, view.parts[1].id)
    assert part.source_pages == (2, 3)
    assert part.parent is not None
    assert part.parent.id == stack


def test_a_contract_of_many_pages_is_one_paper(archive: Context, worker: Worker) -> None:
    own = take(archive, worker, *[contract(LI, "李梅芳", at, 4) for at in range(1, 5)])
    assert not parts(archive, own)
    (document,) = [one for one in documents(archive) if one.id == own]
    assert (document.state, document.customer_no) == (DocumentState.FILED, LI)


def test_a_typed_application_with_a_scanned_card_behind_it_is_one_paper() -> None:
    """Somebody put the two together; a stack comes from a scanner whole."""
    typed = PageReading(1, "\n".join(application(HUANG, "黄超")), engine="pdf text")
    words = "居民身份证\n姓名 黄超\n公民身份号码 420607199003071218"
    document = Document(media_type="application/pdf")
    whole = stacks.look(document, [typed, PageReading(2, words, engine="rapidocr 3.10")])
    scanned = dataclasses.replace(typed, engine="rapidocr 3.10")
    parted = stacks.look(document, [scanned, PageReading(2, words, engine="rapidocr 3.10")])
    assert [one.pages for one in whole.parts] == [(1, 2)]
    assert not whole.is_open
    assert [one.pages for one in parted.parts] == [(1,), (2,)]


def test_reading_a_stack_again_cuts_it_no_second_time(archive: Context, worker: Worker) -> None:
    from tests.integration.test_papers_inside import read_again

    stack = take(archive, worker, *three_papers())
    before = {pages: one.id for pages, one in parts(archive, stack).items()}
    read_again(archive, stack, worker)
    assert {pages: one.id for pages, one in parts(archive, stack).items()} == before


# -- who may see it -----------------------------------------------------------------------------


def test_S0_04_a_stack_of_two_stations_is_seen_by_who_may_see_each_of_its_papers(
    archive: Context, worker: Worker
) -> None:
    stack = take(archive, worker, *three_papers())
    both, east = archivist_of(archive, "东所", "西所"), archivist_of(archive, "东所")
    assert papers.get(archive, both, stack).parts
    for look in (papers.get, papers.original, stack_views.get):
        with pytest.raises(NotFoundError):
            look(archive, east, stack)
    own = parts(archive, stack)[(1,)]
    seen = papers.get(archive, east, own.id)
    assert seen.parent is None
    foreign = parts(archive, stack)[(2, 3)]
    with pytest.raises(NotFoundError):
        papers.get(archive, east, foreign.id)


def test_the_pages_of_a_part_are_drawn_for_who_may_not_see_the_stack(
    archive: Context, worker: Worker
) -> None:
    from dossier.services import view_sources

    stack = take(archive, worker, *three_papers())
    east = archivist_of(archive, "东所")
    own = parts(archive, stack)[(4,)]
    with archive.reading(east) as session:
        source = view_sources.page_source(archive, session, east, own.id, 1)
        with pytest.raises(NotFoundError):
            view_sources.page_source(archive, session, east, own.id, 2)
    assert source.number == 4
    assert source.sha256 == papers.original(archive, VIEWER, stack).sha256


# -- to a person --------------------------------------------------------------------------------


def test_stacks_of_unknown_forms_wait_for_a_person_whole(archive: Context, worker: Worker) -> None:
    pages = [[f"某某事项登记表{at}", "内容：如下", "经办：略"] for at in "甲乙丙丁"]
    own = take(archive, worker, *pages)
    (document,) = [one for one in documents(archive) if one.id == own]
    assert document.state == DocumentState.TO_ASSIGN
    assert not parts(archive, own)


def test_two_customers_of_one_name_and_address_wait_for_a_person(
    archive: Context, worker: Worker
) -> None:
    nameless = ["用电申请书", "户名：赵建国", "用电地址：襄州区南湖里3号", "第1页 共1页"]
    stack = take(archive, worker, application(HUANG, "黄超"), nameless)
    found = parts(archive, stack)
    assert found[(1,)].customer_no == HUANG
    assert (found[(2,)].state, found[(2,)].customer_no) == (DocumentState.TO_ASSIGN, None)
    assert {one["customer_no"] for one in found[(2,)].candidates} == {ZHAO, TWIN}


def test_a_page_with_two_customer_numbers_waits_for_a_person(
    archive: Context, worker: Worker
) -> None:
    both = ["用电申请书", f"户号：{HUANG}", f"户号：{LI}", "第1页 共1页"]
    stack = take(archive, worker, both, application(ZHAO, "赵建国"))
    found = parts(archive, stack)
    assert found[(1,)].state == DocumentState.TO_ASSIGN
    assert found[(1,)].link_reasons
    assert found[(2,)].customer_no == ZHAO


def test_a_number_with_one_wrong_digit_files_nothing_wrongly(
    archive: Context, worker: Worker
) -> None:
    wrong = application(HUANG[:-1] + "7", "黄超")
    stack = take(archive, worker, wrong, application(LI, "李梅芳"))
    found = parts(archive, stack)
    assert found[(1,)].customer_no in (None, HUANG)
    assert found[(2,)].customer_no == LI


def test_an_ID_number_of_30_February_names_nobody(archive: Context, worker: Worker) -> None:
    dated = ["用电申请书", "户名：李文秀", "身份证号：420607199002301218", "第1页 共1页"]
    stack = take(archive, worker, dated, application(LI, "李梅芳"))
    part = parts(archive, stack)[(1,)]
    assert (part.state, part.customer_no) == (DocumentState.TO_ASSIGN, None)
    assert part.link_reasons


def test_pages_of_two_customers_that_their_numbers_join_wait_for_a_person(
    archive: Context, worker: Worker
) -> None:
    second = [CLAUSE, f"户号：{LI}", "第2页 共2页"]
    own = take(archive, worker, contract(HUANG, "黄超", 1, 2), second)
    (document,) = [one for one in documents(archive) if one.id == own]
    assert (document.state, document.customer_no) == (DocumentState.TO_ASSIGN, None)
    assert "customers_differ" in document.link_reasons


# -- what a person says -------------------------------------------------------------------------


def test_a_persons_cut_wins_is_kept_and_can_be_undone(archive: Context, worker: Worker) -> None:
    stack = take(archive, worker, *three_papers())
    before = parts(archive, stack)
    view = stack_views.get(archive, VIEWER, stack)
    wanted = [Wanted((1,)), Wanted((2,)), Wanted((3, 4), customer_no=ZHAO)]
    after = stack_decisions.decide(archive, VIEWER, stack, wanted, revision=view.revision)
    run_all(worker)
    found = parts(archive, stack)
    assert set(found) == {(1,), (2,), (3, 4)}
    assert found[(1,)].id == before[(1,)].id
    assert found[(3, 4)].customer_no == ZHAO
    assert after.may_undo
    with archive.reading(VIEWER) as session:
        (decision,) = session.query(StackDecision).where(StackDecision.document_id == stack)
        assert [one["pages"] for one in decision.before] == [[1], [2, 3], [4]]
        actions = [one.action for one in session.query(AuditEvent)]
        assert {"stack.cut", "stack.cuts_set"} <= set(actions)
    stack_decisions.undo(archive, VIEWER, stack)
    run_all(worker)
    again = parts(archive, stack)
    assert {pages: one.customer_no for pages, one in again.items()} == {
        (1,): HUANG,
        (2, 3): LI,
        (4,): ZHAO,
    }
    with pytest.raises(ConflictError, match="nothing to undo"):
        stack_decisions.undo(archive, VIEWER, stack)


def test_a_person_may_say_that_it_is_one_paper(archive: Context, worker: Worker) -> None:
    stack = take(archive, worker, application(HUANG, "黄超"), application(HUANG, "黄超"))
    assert len(parts(archive, stack)) == 2
    stack_decisions.decide(archive, VIEWER, stack, [Wanted((1, 2))])
    run_all(worker)
    assert not parts(archive, stack)
    (document,) = [one for one in documents(archive) if one.id == stack]
    assert (document.state, document.customer_no) == (DocumentState.FILED, HUANG)


def test_a_file_that_was_not_cut_can_be_cut_by_hand(archive: Context, worker: Worker) -> None:
    bare = [[CLAUSE, f"户号：{LI}"], [CLAUSE, CLAUSE]]
    own = take(archive, worker, *bare)
    stack_decisions.decide(archive, VIEWER, own, [Wanted((1,)), Wanted((2,), "A09", HUANG)])
    run_all(worker)
    found = parts(archive, own)
    assert found[(1,)].customer_no == LI
    assert (found[(2,)].customer_no, found[(2,)].type_code) == (HUANG, "A09")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([(1,), (2, 3)], "Page 4 is in no paper"),
        ([(1, 2), (2, 3, 4)], "Page 2 is named twice"),
        ([(1, 2, 3, 4, 5)], "No such page: 5"),
        ([(1, 2, 3, 4), ()], "A paper without pages"),
        ([], "A paper without pages"),
    ],
)
def test_a_decision_loses_and_doubles_no_page(
    archive: Context, worker: Worker, wanted: list[tuple[int, ...]], words: str
) -> None:
    stack = take(archive, worker, *three_papers())
    with pytest.raises(InvalidInputError, match=words):
        stack_decisions.decide(archive, VIEWER, stack, [Wanted(one) for one in wanted])
    assert set(parts(archive, stack)) == {(1,), (2, 3), (4,)}


def test_a_decision_on_what_somebody_else_changed_is_refused(
    archive: Context, worker: Worker
) -> None:
    stack = take(archive, worker, *three_papers())
    with pytest.raises(ConflictError):
        stack_decisions.decide(archive, VIEWER, stack, [Wanted((1, 2, 3, 4))], revision=1)
    wanted = [Wanted((1, 2, 3, 4), customer_no="9999999999")]
    with pytest.raises(InvalidInputError):
        stack_decisions.decide(archive, VIEWER, stack, wanted)
    view = stack_views.get(archive, VIEWER, stack)
    with pytest.raises(NotPossibleError):
        assigning.assign(archive, VIEWER, stack, HUANG, revision=view.revision)


def test_swapped_pages_are_put_in_order_and_named(archive: Context, worker: Worker) -> None:
    swapped = [contract(LI, "李梅芳", at, 3) for at in (1, 3, 2)]
    stack = take(archive, worker, application(HUANG, "黄超"), *swapped)
    assert set(parts(archive, stack)) == {(1,), (2, 4, 3)}
    view = stack_views.get(archive, VIEWER, stack)
    assert [[one.kind for one in part.remarks] for part in view.parts] == [[], ["pages_swapped"]]


def test_a_missing_page_is_named(archive: Context, worker: Worker) -> None:
    pages = [contract(LI, "李梅芳", 1, 3), contract(LI, "李梅芳", 3, 3)]
    stack = take(archive, worker, *pages, application(HUANG, "黄超"))
    view = stack_views.get(archive, VIEWER, stack)
    assert [(one.kind, one.pages) for one in view.parts[0].remarks] == [("page_missing", (2,))]
    with archive.reading(VIEWER) as session:
        assert session.get(Stack, stack).decided_by is None
