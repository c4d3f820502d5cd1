"""Invented papers say what a paper of their day could say, and nothing that came later."""

import random
import re
from collections import Counter
from datetime import date

import pytest

from dossier.plugins.demo import eras, families, make, numbers
from dossier.plugins.demo.arrange import arrange
from dossier.plugins.demo.catalogue import TYPES
from dossier.plugins.demo.content import Card, Signatures, lines_of
from dossier.plugins.demo.customers import invent_customers
from dossier.plugins.demo.facts import Facts
from dossier.plugins.demo.pages import pages_for_benchmark
from dossier.plugins.demo.plan import Planner
from dossier.plugins.demo.texts import invent_texts

SEEDS = (1, 5)
NOT_BEFORE = {
    r"民法典": date(2021, 1, 1),
    r"9199\d{4}[0-9A-Z]{10}|统一社会信用代码": date(2015, 10, 1),
    r"不动产": date(2015, 3, 1),
    r"国土资源局": date(2015, 3, 1),
    r"自然资源和规划局|市场监督管理局": date(2019, 1, 1),
    r"网上国网": date(2019, 6, 1),
    r"电子发票": date(2015, 12, 1),
    r"容缺": date(2016, 1, 1),
    r"充电桩": date(2014, 5, 27),
    r"国网襄阳": date(2013, 1, 1),
    r"费控": date(2013, 1, 1),
    r"微信": date(2012, 1, 1),
    r"襄阳市|襄州": date(2010, 12, 9),
}
NOT_AFTER = {
    r"合同法|物权法": date(2020, 12, 31),
    r"注册号|组织机构代码": date(2015, 9, 30),
    r"房屋所有权证": date(2015, 2, 28),
    r"房产管理局": date(2015, 2, 28),
    r"工商行政管理局": date(2018, 12, 31),
}


@pytest.fixture(scope="module")
def papers():
    """Each planned paper's day and what it says."""
    found = []
    for seed in SEEDS:
        for plan in Planner(list(invent_customers(seed, 300)), seed, None).plans(600):
            found.append((plan, make.compose(plan, random.Random(plan.seed))))
    return found


def test_no_paper_names_what_came_later_or_was_gone(papers):
    seen = Counter()
    for plan, content in papers:
        text = "\n".join([*lines_of(content), *_seals(content)])
        for said, first in NOT_BEFORE.items():
            if re.search(said, text):
                seen[said] += 1
                assert _day(said, plan, content) >= first, (said, plan.type_code)
        for said, last in NOT_AFTER.items():
            if re.search(said, text):
                seen[said] += 1
                assert _day(said, plan, content) <= last, (said, plan.type_code)
    assert set(seen) == {*NOT_BEFORE, *NOT_AFTER}, "each was there to be wrong"


def _seals(content):
    signed = [block.parties for block in content.blocks if isinstance(block, Signatures)]
    return [party.seal for parties in signed for party in parties]


def _day(said, plan, content):
    """An office's name is of the day beside its seal, all else of the paper's."""
    return _stamped(content) if re.search(r"局|自然资源", said) else plan.on


def _stamped(content):
    """The day beside the seal of a certificate."""
    return content.blocks[-1].parties[0].on


def test_papers_of_both_sides_of_the_civil_code_cite_the_law_of_their_day(papers):
    cited = {law: [] for law in ("《中华人民共和国合同法》", "《中华人民共和国民法典》")}
    for plan, content in papers:
        if plan.type_code == "C01":
            (law,) = [law for law in cited if law in "".join(lines_of(content))]
            cited[law].append(plan.on)
    old, new = cited.values()
    assert max(old) < date(2021, 1, 1) <= min(new)


def test_no_paper_has_a_day_before_its_customer_or_its_format(papers):
    for plan, _ in papers:
        assert plan.on >= plan.customer.opened
        assert plan.on >= date(2011, 1, 1)
        assert plan.format != "ofd" or plan.on >= date(2016, 10, 13)
        assert plan.on <= date(2026, 2, 28)


def test_case_numbers_begin_with_their_year(papers):
    shown = [
        (plan, entry.value)
        for plan, content in papers
        for block in content.blocks
        for entry in getattr(block, "entries", ())
        if entry.field == "case_no"
    ]
    assert len(shown) > 100
    assert all(value.startswith(f"{plan.on:%y}") and len(value) == 12 for plan, value in shown)


def test_who_signs_for_supply_is_of_age(papers):
    for plan, content in papers:
        if plan.customer.is_person:
            assert eras.adult_on(numbers.birth_of(plan.customer.id_no)) <= plan.customer.opened
        for text in lines_of(content):
            for found in re.findall(r"999999\d{11}[\dX]", text):
                assert eras.adult_on(numbers.birth_of(found)) <= plan.on


def test_a_second_account_is_opened_by_an_adult_too():
    for customer in invent_customers(3, 4_000):
        if customer.is_person:
            assert eras.adult_on(numbers.birth_of(customer.id_no)) <= customer.opened


def test_an_organisation_s_code_is_of_the_kind_of_its_years():
    kinds = Counter()
    for customer in invent_customers(3, 2_000):
        if not customer.is_person:
            new = customer.opened >= date(2015, 10, 1)
            assert customer.id_no[8:].startswith("MA0" if new else "7")
            kinds[new] += 1
    assert min(kinds.values()) > 50


def test_a_card_is_valid_on_the_day_it_was_copied_and_as_long_as_the_law_says(papers):
    lengths = Counter()
    for plan, content in papers:
        for card in (block for block in content.blocks if isinstance(block, Card)):
            first, last = card.valid.split("-")
            issued = date.fromisoformat(first.replace(".", "-"))
            age = eras.age_on(card.birth, issued)
            assert date(2010, 12, 9) <= issued <= plan.on
            if last == "长期":
                assert age >= 46
                lengths[0] += 1
                continue
            until = date.fromisoformat(last.replace(".", "-"))
            years = until.year - issued.year
            assert until > plan.on
            assert years == (5 if age < 16 else 10 if age < 26 else 20)
            assert age < 46
            lengths[years] += 1
    assert set(lengths) >= {0, 10, 20}


def test_a_licence_was_issued_after_the_foundation_and_before_it_was_copied(papers):
    seen = 0
    for plan, content in papers:
        if plan.type_code == "A03":
            text = "".join(lines_of(content))
            founded = date(*map(int, re.search(r"成立日期：(\d+)年(\d+)月(\d+)日", text).groups()))
            assert founded < _stamped(content) <= plan.on
            seen += 1
    assert seen > 5


def test_a_paper_without_the_register_s_code_does_not_count_as_linked_by_it(papers):
    old = [
        (plan, content)
        for plan, content in papers
        if plan.type_code == "A03" and plan.on < date(2015, 10, 1)
    ]
    assert old
    for plan, content in old:
        assert "id_no" not in content.fields()
        assert plan.customer.id_no not in "".join(lines_of(content))


def test_page_totals_count_the_pages_that_there_are(papers):
    """The cover of a contract is a page, and has no number."""
    counted = Counter()
    for plan, content in papers:
        sheets = make.sheets_of(plan, content)
        if plan.format == "jpeg":
            assert len(sheets) == 1, "one photograph shows one page"
        if plan.blank_back:
            del sheets[-1]
        for at, sheet in enumerate(sheets, 1):
            for text in sheet.texts():
                said = re.search(r"第 ?(\d) ?页(?: /)? ?共 ?(\d) ?页", text.text)
                if said:
                    assert (int(said[1]), int(said[2])) == (at, len(sheets)), plan.type_code
                    counted[bool(content.cover), len(sheets)] += 1
    assert {total for _, total in counted} >= {1, 2, 3}
    assert any(covered for covered, _ in counted)


def test_load_test_texts_and_benchmark_pages_keep_to_their_day():
    customers = list(invent_customers(4, 200))
    for text in invent_texts(4, 400, customers):
        assert text.on >= max(text.customer.opened, date(2010, 12, 9))
        assert "网上国网" not in text.text
    for page in pages_for_benchmark(9, 4, frozenset({"damage.clean"})):
        assert page.customer.opened <= date(2026, 2, 28)


def test_the_oldest_word_stands_for_days_before_all():
    assert eras.word("contract_law", date(1990, 1, 1)) == "《中华人民共和国合同法》"
    assert eras.word("contract_law", date(2020, 12, 31)) == "《中华人民共和国合同法》"
    assert eras.word("contract_law", date(2021, 1, 1)) == "《中华人民共和国民法典》"


def of_year(code, year, layout="ruled"):
    kind = TYPES[code]
    person = kind.person >= kind.company
    customer = next(c for c in invent_customers(2, 60) if c.is_person == person)
    rng = random.Random(year)
    return kind.build(
        Facts(customer, layout, date(year, 2, 3), "260000000001", "周建平", kind.identities[0], rng)
    )


@pytest.mark.parametrize("code", TYPES)
def test_every_type_can_be_made_for_every_year(code):
    for year in range(2011, 2027):
        assert "{" not in "".join(lines_of(of_year(code, year)))


@pytest.mark.parametrize("code", ["A02", "A03", "A05"])
def test_a_certificate_of_before_the_reforms_fills_one_page_too(code):
    for layout in families.LAYOUTS:
        plain = layout.split(".")[1]
        for font in ("hei", "song", "micro-hei"):
            assert len(arrange(of_year(code, 2013, plain), plain, font)) == 1
