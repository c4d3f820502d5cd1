"""Cutting a stack of scans into papers: where, how sure, and what is odd about the pages."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.stacks import readings_of
from dossier.plugins.demo import families
from dossier.plugins.demo.customers import invent_customers
from dossier.plugins.demo.stacks import invent_stacks
from dossier.records import Barcode, PageReading
from dossier.rules import stacks
from dossier.rules.document_types import catalogue
from dossier.rules.page_numbers import PageNumber, find_page_number
from dossier.rules.stack_pages import PageEvidence, evidence_of
from dossier.rules.stack_rules import stack_rules
from dossier.rules.stacks import Remark, in_order, parts_from, propose

RULES = stack_rules()
ONE, OTHER = "4200000016", "4200733421"
CLAUSE = (
    "用电人应当按照国家规定的电价和抄表周期缴纳电费，逾期未缴的，供电人可以依照法律收取违约金；\n"
)


def page(number, text, *codes):
    barcodes = tuple(Barcode(code, "Code128", (0, 0, 1, 1)) for code in codes)
    return PageReading(number, text, width=1654, height=2339, barcodes=barcodes)


def proposed(*texts):
    pages = [one if isinstance(one, PageReading) else page(0, one) for one in texts]
    numbered = [
        PageReading(
            at, one.text, width=1654, height=2339, barcodes=one.barcodes, blank=not one.text
        )
        for at, one in enumerate(pages, 1)
    ]
    return propose(evidence_of(numbered, catalogue(), RULES), RULES)


def cut(*texts):
    return [part.pages for part in proposed(*texts).parts(RULES.cut)]


def application(number, foot="第1页 共1页"):
    return f"用电申请书\n户号：{number}\n户名：王小明\n用电地址：东山路8号\n{foot}"


def contract(number, at, total):
    if at == 1:
        head = f"低压供用电合同\n户号：{number}\n合同编号：XZ2021{number[-6:]}\n"
    else:
        head = f"{'一二三四五六七八九'[at]}、电费的计算与缴纳\n"
    return f"{head}{CLAUSE * 3}第{at}页 共{total}页"


# -- page numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("foot", "read"),
    [
        ("第2页 共3页", PageNumber(2, 3)),
        ("第 2 页 / 共 3 页", PageNumber(2, 3)),
        ("第二页/共三页", PageNumber(2, 3)),
        ("共3页　第2页", PageNumber(2, 3)),
        ("第十二頁，共二十頁", PageNumber(12, 20)),
        ("2/3", PageNumber(2, 3)),
        ("２／３", PageNumber(2, 3)),
        ("Page 2 of 3", PageNumber(2, 3)),
        ("- 2 -", PageNumber(2)),
        ("第2页", PageNumber(2)),
        ("页码：2/3", PageNumber(2, 3)),
        ("3/2", None),
        ("2021/3/8", None),
        ("第2条 第3款", None),
        ("共3页", None),
        ("表底示数 2/3 号表", None),
    ],
)
def test_page_numbers_are_read_as_papers_print_them(foot, read):
    text = f"用电申请书\n户名 王小明\n东山路\n8号\n\n{foot}"
    found = find_page_number(page(1, text), edge=0.13, edge_lines=1, most=500)
    assert found == read


def test_a_fraction_in_the_middle_of_a_page_is_no_page_number():
    text = "\n".join(["用电申请书", *["王小明 东山路"] * 9, "2/3", *["缴费方式 代扣"] * 9])
    assert find_page_number(page(1, text), edge=0.13, edge_lines=3, most=500) is None


# -- cuts ---------------------------------------------------------------------------------------


def test_three_papers_of_three_customers_are_three_parts():
    assert cut(
        application(ONE), contract(OTHER, 1, 2), contract(OTHER, 2, 2), application(ONE)
    ) == [
        (1,),
        (2, 3),
        (4,),
    ]


def test_a_contract_without_page_numbers_is_never_cut_when_in_doubt():
    pages = [contract(ONE, at, 5).rpartition("\n")[0] for at in range(1, 6)]
    assert cut(*pages) == [(1, 2, 3, 4, 5)]


def test_a_bar_code_sheet_parts_two_papers_and_belongs_to_neither():
    sheet = page(0, "档案分隔页", "SEP-000017")
    bare = application(ONE, foot=""), application(ONE, foot="")
    found = proposed(bare[0], sheet, bare[1])
    assert [part.pages for part in found.parts(RULES.cut)] == [(1,), (3,)]
    assert found.parts(RULES.cut)[1].code == "SEP-000017"


def test_a_label_with_a_bar_code_on_a_paper_is_no_separator():
    assert cut(page(0, application(ONE), ONE)) == [(1,)]
    assert cut(page(0, application(ONE), ONE), application(OTHER)) == [(1,), (2,)]


def test_a_blank_back_within_a_contract_stays_and_one_behind_it_goes():
    found = cut(contract(ONE, 1, 2), "", contract(ONE, 2, 2), "", application(OTHER), "")
    assert found == [(1, 2, 3), (5,)]


def test_a_page_that_could_not_be_read_is_lost_to_no_part():
    failed = PageReading(2, error="corrupt", width=1654, height=2339)
    pages = [page(1, contract(ONE, 1, 3)), failed, page(3, contract(ONE, 3, 3))]
    (part,) = propose(evidence_of(pages, catalogue(), RULES), RULES).parts(RULES.cut)
    assert part.pages == (1, 2, 3)
    assert Remark(stacks.UNREAD, (2,)) in part.remarks


def test_one_wrong_digit_of_a_customer_number_is_no_other_customer():
    misread = ONE[:-1] + "7"
    pages = [f"户号：{n}\n{CLAUSE}第{at}页 共2页" for at, n in enumerate((ONE, misread), 1)]
    found = proposed(*pages)
    assert [part.pages for part in found.parts(RULES.ask)] == [(1, 2)]
    assert not found.parts(RULES.ask)[0].remarks


def test_pages_of_two_customers_that_the_numbers_join_are_named():
    found = proposed(contract(ONE, 1, 2), f"户号：{OTHER}\n{CLAUSE}第2页 共2页")
    assert not found.open_cuts(RULES) or [b.before for b in found.open_cuts(RULES)] == [2]
    (part,) = found.parts(RULES.cut)
    assert Remark(stacks.OTHERS, (2,)) in part.remarks


def test_each_cut_says_why():
    (boundary,) = proposed(application(ONE), application(OTHER)).boundaries
    kinds = [kind for kind, _ in boundary.reasons]
    assert {"number_first", "title_known", "customer_no_differs"} <= set(kinds)
    weights = [abs(weight) for _, weight in boundary.reasons]
    assert weights == sorted(weights, reverse=True)


# -- what is odd --------------------------------------------------------------------------------


def test_a_missing_page_is_named_and_the_paper_stays_one():
    (part,) = proposed(contract(ONE, 1, 4), contract(ONE, 2, 4), contract(ONE, 4, 4)).parts(0.98)
    assert part.remarks == (Remark(stacks.MISSING, (3,)),)


def test_the_last_page_missing_is_named():
    first, _ = proposed(contract(ONE, 1, 3), contract(ONE, 2, 3), application(OTHER)).parts(0.98)
    assert first.remarks == (Remark(stacks.MISSING, (3,)),)


def test_swapped_pages_are_named_and_can_be_put_in_order():
    found = proposed(contract(ONE, 1, 3), contract(ONE, 3, 3), contract(ONE, 2, 3))
    (part,) = found.parts(RULES.cut)
    assert part.remarks == (Remark(stacks.SWAPPED, (2,)),)
    assert in_order(part, found.pages) == (1, 3, 2)


def test_a_page_that_came_twice_is_named():
    (part,) = proposed(contract(ONE, 1, 2), contract(ONE, 2, 2), contract(ONE, 2, 2)).parts(0.98)
    assert Remark(stacks.REPEATED, (2,)) in part.remarks


def test_a_cover_without_a_number_is_no_missing_page():
    cover = f"低压供用电合同\n合同编号：XZ2021{ONE[-6:]}\n供电人：国网襄阳供电公司\n用电人：王小明"
    (part,) = proposed(cover, contract(ONE, 2, 3), contract(ONE, 3, 3)).parts(RULES.cut)
    assert part.pages == (1, 2, 3)
    assert not part.remarks


# -- papers as they come from many hands -----------------------------------------------------------


def asked(*texts):
    return [part.pages for part in proposed(*texts).parts(RULES.ask)]


def untitled(number, form_no):
    return f"编号：{form_no}\n户号：{number}\n户名：王小明\n用电地址：东山路8号\n申请容量：8kW"


def test_forms_without_a_title_are_parted_by_their_own_number_and_customer():
    found = proposed(untitled(ONE, "A01-2011-4599"), untitled(OTHER, "H03-2019-0944"))
    assert [part.pages for part in found.parts(RULES.cut)] == [(1,), (2,)]


def test_the_same_form_again_for_the_same_customer_is_another_paper():
    pages = [application(ONE, foot=f"编号：A01-2011-45{n}\n") for n in (17, 99)]
    lines = [text.split("\n") for text in pages]
    turned = ["\n".join([one[0], one[4], *one[1:4]]) for one in lines]
    assert asked(*turned) == [(1,), (2,)]


def test_the_second_page_of_a_form_that_repeats_its_number_stays():
    second = f"编号：A01-2011-4599\n{CLAUSE * 3}"
    assert asked(untitled(ONE, "A01-2011-4599"), second) == [(1, 2)]


def test_a_photograph_is_left_to_a_person_and_an_annex_stays():
    photograph = "表箱及进户线实景照片\n拍摄 2014年10月22日"
    found = proposed(application(ONE), photograph, application(OTHER))
    assert asked(application(ONE), photograph, application(OTHER)) == [(1,), (2,), (3,)]
    assert 2 in [one.before for one in found.open_cuts(RULES)] or 2 in found.starts(RULES.cut)
    assert asked(contract(ONE, 1, 2), f"附图：表箱照片\n{'第2页 共2页'}") == [(1, 2)]


def test_a_form_of_no_known_type_is_asked_about_and_never_swallowed():
    lines = "名称：绝缘手套\n规格：12kV\n数量：四副\n领用人：运维班\n备注：另附"
    found = propose(
        [
            PageEvidence(1, title="用电申请书", title_sure=1.0, type_code="A01", size=(1654, 2339)),
            PageEvidence(2, title="物资领用登记", has_heading=True, size=(1654, 2339)),
        ],
        RULES,
    )
    assert found.starts(RULES.ask) == (1, 2)
    assert found.starts(RULES.cut) == (1,)
    assert asked(contract(ONE, 1, 2), f"第十一条 争议解决\n{CLAUSE}{lines}") == [(1, 2)]


def test_blank_backs_of_a_stack_scanned_on_both_sides_part_nothing():
    bare = [contract(ONE, at, 5).rpartition("\n")[0] for at in range(1, 6)]
    backed = [text for one in bare for text in (one, "")]
    (part,) = proposed(*backed).parts(RULES.ask)
    assert set(part.pages) >= {1, 3, 5, 7, 9}


def test_the_title_behind_its_own_cover_begins_no_paper():
    cover = f"低压供用电合同\n合同编号：XZ2021{ONE[-6:]}\n供电人：国网襄阳供电公司\n用电人：王小明"
    body = f"低压供用电合同\n编号：C01-2011-8564\n户号：{ONE}\n户名：王小明\n{CLAUSE * 4}"
    assert asked(cover, body) == [(1, 2)]
    assert asked(cover, page(0, body, "C01-2011-8564")) == [(1, 2)]


def test_a_page_that_begins_with_the_end_of_a_sentence_begins_no_paper():
    second = f"院提起诉讼。\n第十二条 合同效力\n{CLAUSE}用电人：赵建国"
    assert asked(contract(ONE, 1, 2).rpartition("\n")[0], second) == [(1, 2)]


def test_invented_stacks_from_many_hands_are_proposed_rightly():
    register = list(invent_customers(78, 120))
    right = wrong = missed = 0
    for stack in invent_stacks(
        register, 78, stacks=2, papers=20, families=families.HELD_OUT, hard=True
    ):
        found = propose(evidence_of(readings_of(stack, 0.0), catalogue(), RULES), RULES)
        truth, said = stack.starts, set(found.starts(RULES.ask))
        right, wrong, missed = (
            right + len(truth & said),
            wrong + len(said - truth),
            missed + len(truth - said),
        )
        assert not set(found.starts(RULES.cut)) - truth
    assert 2 * right / (2 * right + wrong + missed) >= 0.97


# -- properties ---------------------------------------------------------------------------------

KINDS = st.sampled_from(["content", "blank", "separator", "failed"])
NUMBERS = st.one_of(
    st.none(),
    st.builds(
        lambda page, more: PageNumber(page, page + more), st.integers(1, 9), st.integers(0, 9)
    ),
    st.builds(PageNumber, st.integers(1, 9)),
)


@st.composite
def any_pages(draw):
    pages = []
    for number in range(1, draw(st.integers(0, 25)) + 1):
        kind = draw(KINDS)
        pages.append(
            PageEvidence(
                number,
                is_blank=kind == "blank",
                is_failed=kind == "failed",
                separator="sheet" if kind == "separator" else "",
                type_code=draw(st.sampled_from(["", "A01", "C01"])),
                title=draw(st.sampled_from(["", "用电申请书"])),
                title_sure=draw(st.sampled_from([0.0, 0.6, 1.0])),
                page_number=draw(NUMBERS) if kind == "content" else None,
                customer_nos=frozenset(draw(st.lists(st.sampled_from([ONE, OTHER]), max_size=2))),
                size=(1654, 2339),
            )
        )
    return pages


@settings(max_examples=150, deadline=None)
@given(any_pages(), st.floats(0.01, 0.99))
def test_no_page_is_lost_or_doubled_whatever_the_pages_say(pages, least):
    found = propose(pages, RULES)
    parts = found.parts(least)
    in_parts = [number for part in parts for number in part.pages]
    assert len(in_parts) == len(set(in_parts))
    content = {one.number for one in pages if not one.is_blank and not one.separator}
    assert content <= set(in_parts)
    assert not {one.number for one in pages if one.separator} & set(in_parts)
    assert all(0.0 <= one.probability <= 1.0 for one in found.boundaries)
    for part in parts:
        assert sorted(in_order(part, pages)) == sorted(part.pages)


@settings(max_examples=80, deadline=None)
@given(any_pages(), st.sets(st.integers(1, 25)))
def test_a_persons_cuts_lose_and_double_no_page_either(pages, starts):
    in_parts = [number for part in parts_from(pages, starts) for number in part.pages]
    assert len(in_parts) == len(set(in_parts))
    assert {one.number for one in pages if not one.is_blank and not one.separator} <= set(in_parts)


def test_whole_papers_in_another_order_are_cut_alike():
    papers = [
        [application(f"42{n:08d}")]
        if n % 3
        else [contract(f"42{n:08d}", at, 3) for at in (1, 2, 3)]
        for n in range(1100000, 1100000 + 12 * 7919, 7919)
    ]
    for seed in range(5):
        random.Random(seed).shuffle(papers)
        expected, at = [], 1
        for paper in papers:
            expected.append(tuple(range(at, at + len(paper))))
            at += len(paper)
        assert cut(*[text for paper in papers for text in paper]) == expected


def test_invented_stacks_of_a_layout_that_nothing_was_tuned_on_are_cut_rightly():
    register = list(invent_customers(77, 120))
    held = families.HELD_OUT
    right = wrong = missed = 0
    for stack in invent_stacks(register, 77, stacks=3, papers=20, families=held):
        pages = readings_of(stack, 0.0)
        found = propose(evidence_of(pages, catalogue(), RULES), RULES)
        truth, said = stack.starts, set(found.starts(RULES.cut))
        right, wrong, missed = (
            right + len(truth & said),
            wrong + len(said - truth),
            missed + len(truth - said),
        )
    assert wrong == 0
    assert right / (right + missed) >= 0.94


def test_one_paper_of_a_thousand_pages_stays_whole():
    pages = [PageEvidence(n, begins_within=True, size=(1654, 2339)) for n in range(1, 1001)]
    assert len(propose(pages, RULES).parts(RULES.ask)) == 1
