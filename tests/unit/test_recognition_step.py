"""The built-in step: type, title, date and fields of a document."""

from __future__ import annotations

from datetime import date

from dossier.plugins import recognition
from dossier.records import DocumentText, PageReading, Sighting, SightingKind, WordBox

TEXT = """国网襄阳市襄州区供电公司古驿供电所
低压居民供用电合同
户号\t4200000012\t户名\t歐陽娜娜
用电地址\t襄阳市襄州区航空路12号3栋2单元501室
合同编号\tXZ2026000123\t有效期至\t2036年8月11日
用电人：歐陽娜娜
二〇二六年八月十一日"""


def document(*pages: PageReading, captured_on: date | None = None) -> DocumentText:
    return DocumentText("1", "a.pdf", "", "application/pdf", pages, captured_on=captured_on)


def run(*pages: PageReading, **more):
    (step,) = recognition.steps()
    return step.run(document(*pages, **more))


def values(result) -> dict[str, str]:
    return {field.name: field.value for field in reversed(result.fields)}


def test_type_title_and_fields_of_a_contract() -> None:
    result = run(PageReading(1, TEXT))
    assert (result.type_code, result.title) == ("C01", "低压居民供用电合同")
    assert values(result) == {
        "customer_no": "4200000012",
        "name": "歐陽娜娜",  # as printed, not folded
        "address": "襄阳市襄州区航空路12号3栋2单元501室",
        "contract_no": "XZ2026000123",
        "doc_date": "2026-08-11",  # not the day on which it runs out
        "valid_until": "2036-08-11",
    }


def test_a_large_line_at_the_top_wins_over_a_mention_below() -> None:
    text = "用电检查工作单\n依据供用电合同\n户名：张三"
    words = (
        WordBox(0, 7, (300, 40, 700, 90)),
        WordBox(8, 15, (100, 120, 400, 140)),
        WordBox(16, 21, (100, 160, 300, 180)),
    )
    assert run(PageReading(1, text, words, width=1000, height=1400)).type_code == "G01"


def test_a_title_that_shares_its_line_with_the_form_number_is_known() -> None:
    text = "客户用电缺陷整改告知单\t表单号 G02-2026-0001\n户名：张三\n地址：某处"
    words = (
        WordBox(0, 11, (300, 40, 700, 90)),
        WordBox(12, 28, (750, 60, 980, 80)),
        WordBox(29, 34, (100, 120, 300, 140)),
        WordBox(35, 40, (100, 160, 300, 180)),
    )
    result = run(PageReading(1, text, words, width=1000, height=1400))
    assert (result.type_code, result.title) == ("G02", "客户用电缺陷整改告知单")


def test_a_paper_without_a_known_title_has_no_type_but_its_own_title() -> None:
    text = "关于端午节放假的安排\n各部门：\n请做好值班工作。"
    words = (
        WordBox(0, 10, (200, 40, 800, 90)),
        WordBox(11, 15, (100, 120, 300, 140)),
        WordBox(16, 24, (100, 160, 500, 180)),
    )
    result = run(PageReading(1, text, words, width=1000, height=1400))
    assert (result.type_code, result.title) == (None, "关于端午节放假的安排")


def test_a_blank_first_page_is_passed_over() -> None:
    assert run(PageReading(1, "", blank=True), PageReading(2, TEXT)).type_code == "C01"


def test_a_date_far_ahead_of_the_scan_is_not_the_papers_date() -> None:
    result = run(PageReading(1, "使用期限 2086年1月1日"), captured_on=date(2026, 11, 22))
    assert "doc_date" not in values(result)


def test_nothing_is_recognised_on_nothing() -> None:
    result = run(PageReading(1, ""))
    assert (result.type_code, result.title, result.fields) == (None, None, ())


def test_s2_04_a_paper_with_an_empty_place_counts_as_unsigned_whoever_else_signed() -> None:
    there = Sighting(SightingKind.SIGNATURE, (10, 10, 50, 30), confidence=0.9)
    empty = Sighting(SightingKind.SIGNATURE, (10, 60, 50, 80), is_there=False)
    seal = Sighting(SightingKind.SEAL, (100, 100, 200, 200))
    page = PageReading(
        1,
        "客户签字：\n襄州区供电公司",
        (WordBox(6, 13, (102, 99, 200, 199), 0.9),),
        sightings=(there, seal, empty),
    )
    fields = [(f.name, f.value, f.box) for f in run(page).fields]
    assert fields[0] == ("signature", "absent", (10, 60, 50, 80))  # whoever asks takes the first
    assert ("signature", "present", (10, 10, 50, 30)) in fields
    assert ("seal", "present", (100, 100, 200, 200)) in fields
    assert ("seal_text", "襄州区供电公司", (102, 99, 200, 199)) in fields


def test_a_page_on_which_nothing_was_looked_for_says_nothing_of_signatures() -> None:
    assert {"signature", "seal"}.isdisjoint(values(run(PageReading(1, TEXT))))


def test_ticked_options_and_a_note_on_a_copy_are_kept_with_their_page() -> None:
    text = "业务类型：□新装 ☑增容 □临时用电\n渠道：√短信□电话\n● 一条说明\n复印件与原件一致"
    found = [(f.name, f.value) for f in run(PageReading(1, text)).fields]
    assert [value for name, value in found if name == "ticked"] == ["增容", "短信"]
    assert ("copy_note", "与原件一致") in found
