"""Names in letters, organisations' cores, addresses in one way of writing, dates in a query."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.rules.address_forms import address_form, wanted_forms
from dossier.rules.organisations import core_name
from dossier.rules.pinyin import spellings, spoken_alike
from dossier.search.holes import phrases_with_hole
from dossier.search.parser import parse
from dossier.search.periods import Period, parse_period
from dossier.search.spelled import is_spelled_so
from dossier.search.wordings import date_wordings, synonyms, writings

HAN_NAMES = st.text("张单曾欧阳三雄乐吕布尉迟国华", min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("张三", "zhangsan zs zsan zhs zhangs zh z zhan"),
        ("张三丰", "zsf zhangsanfeng zhsf zsfeng sanfeng"),
        ("單雄", "shanxiong danxiong sx dx"),
        ("仇英", "qiuying"), ("解放", "xiefang jiefang"), ("区小明", "ouxiaoming oxm"),
        ("查良", "zhaliang chaliang"), ("曾乐", "zengle zengyue"), ("盖聂", "genie"),
        ("朴正", "piaozheng"), ("翟让", "zhairang dirang"), ("覃辉", "qinhui tanhui"),
        ("尉迟恭", "yuchigong ycg"), ("万俟卨", "moqi"), ("单于明", "chanyuming"),
        ("长孙无忌", "zhangsunwuji zswj"), ("澹台明", "tantaiming"), ("令狐冲", "linghuchong lhc"),
        ("吕布", "lvbu lubu lyubu lb"), ("安", "an a"), ("贠小苏", "yunxiaosu"),
        ("买买提·艾力", "maimaitiaili mmtal"), ("歐陽娜娜", "ouyangnana oynn"),
        ("𠮷祥", "jixiang jx"), ("襄阳市襄州区宏泰机械有限公司", "htjx hongtaijixie xysxzqht"),
        ("ABC电器厂", "abcdianqichang"),
    ],
)  # fmt: skip
def test_a_name_is_found_by_every_usual_spelling_and_its_beginning(name, typed):
    shapes = spellings(name).shapes
    for letters in typed.split():
        assert any(shape.startswith(letters) for shape in shapes), letters


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("臺南電器行", "tndqh"),
        ("中国工商银行襄阳长征路支行", "zggsyh"),
        ("古丽娜尔·艾合买提", "aihemaiti"),
        ("古丽娜尔•艾合买提", "ahmt"),
        ("李娜、王芳", "wangfang"),
        ("Apple Trading Co., Ltd.", "appletrading"),
        ("Apple Trading Co., Ltd.", "trad"),
        ("7天连锁酒店", "7tian"),
        ("欧阳锋", "ou-yangfeng"),
    ],
)
def test_names_of_more_than_one_part_are_found_by_each_of_them(name, typed):
    assert is_spelled_so(name, typed)


def test_readings_of_old_books_spell_nobody():
    assert not is_spelled_so("王伟", "yw")
    assert not is_spelled_so("Apple Trading Co., Ltd.", "ltd")


def test_a_reading_of_a_surname_counts_at_the_head_only():
    assert not any(shape.startswith("le") for shape in spellings("曾查").shapes)
    assert all(shape != "zengyue" for shape in spellings("郑乐").shapes)
    assert set(spellings("张三").shapes) == {"zhangsan", "zsan", "zhsan"}


def test_a_persons_initials_are_kept_as_a_whole_spelling():
    assert set(spellings("张伟").short) == {"zw", "zhw", "zhangw"}
    assert spellings("襄阳华泰机械有限公司").short == ()


@given(HAN_NAMES)
def test_a_whole_spelling_begins_with_each_of_its_own_beginnings_also_as_it_sounds(name):
    for shape in spellings(name).shapes:
        assert is_spelled_so(name, shape)
        for end in range(1, len(shape)):
            assert spoken_alike(shape).startswith(spoken_alike(shape[:end]).rstrip("l")) or (
                shape[end - 1 : end + 1] in ("zh", "ch", "sh", "ng")
            )


@pytest.mark.parametrize(
    ("one", "other"),
    [("zhangsan", "zangsan"), ("liuning", "niulin"), ("feihu", "heifu"), ("lin", "ling")],
)
def test_sounds_that_dialects_mix_up_are_alike(one, other):
    assert spoken_alike(one) == spoken_alike(other)


def test_mixed_words_mean_a_name_only_with_their_characters():
    assert is_spelled_so("张三", "张s")
    assert is_spelled_so("张三", "zhang三")
    assert not is_spelled_so("章三", "张s")


def test_spelling_loads_no_phrase_book():
    code = (
        "import sys; from dossier.rules.pinyin import spellings; spellings('张三');"
        "sys.exit('pypinyin.phrases_dict' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("襄阳市襄州区宏泰机械（集团）有限公司", "宏泰机械"),
        ("宏泰机械有限责任公司", "宏泰机械"),
        ("新城市场管理处", "新城市场管理处"),
        ("国网湖北省电力有限公司", "国网湖北省电力"),
        ("公司", "公司"),
        ("湖北东升电子有限责任公司", "东升电子"),
        ("襄州华泰机械厂", "华泰机械"),
        ("襄阳自来水厂", "自来水厂"),
        ("襄州区蔡飞一理发店", "蔡飞一理发店"),
    ],
)
def test_an_organisations_core_has_no_place_and_no_legal_form(name, core):
    assert core_name(name) == core


@pytest.mark.parametrize(
    "one",
    [
        "襄州区航空路12号3栋2单元501", "襄州航空路十二号3-2-501", "襄州区航空路12号3号楼2单元501室",
        "襄州区航空路 十二号 三幢二单元501户", "襄州区航空路012号3#2门501", "襄州区航空路１２号３栋２单元５０１",
    ],
)  # fmt: skip
def test_an_address_has_one_form_however_it_is_written(one):
    assert address_form(one).split() == ["襄州航空路12", "3", "2", "501"]


def test_province_and_city_may_be_left_out_and_other_numbers_are_other_places():
    forms = wanted_forms("湖北省襄阳市襄州区航空路12号")
    assert [form.strip() for form in forms] == [
        "湖北襄阳襄州航空路12", "襄阳襄州航空路12", "襄州航空路12",
    ]  # fmt: skip
    assert address_form("3栋2单元501") != address_form("3栋2单元502")
    assert "襄州航空路12 " in wanted_forms("湖北襄阳襄州区航空路12号")
    assert wanted_forms("甲座1203")[0].split() == ["a", "1203"]
    assert wanted_forms("50室") == wanted_forms("航空路") == wanted_forms("字" * 1000) == ()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", (2026, 1, 1), (2026, 12, 31)),
        ("2026年2月", (2026, 2, 1), (2026, 2, 28)),
        ("２０２６-3-1", (2026, 3, 1), (2026, 3, 1)),
        ("2026-03-01..2026-04", (2026, 3, 1), (2026, 4, 30)),
        ("2026年第一季度", (2026, 1, 1), (2026, 3, 31)),
        ("2025年下半年", (2025, 7, 1), (2025, 12, 31)),
        ("二〇二六年三月", (2026, 3, 1), (2026, 3, 31)),
        ("二零二五年十二月三十一日", (2025, 12, 31), (2025, 12, 31)),
        ("202603", (2026, 3, 1), (2026, 3, 31)),
        ("2026年3月至2026年4月", (2026, 3, 1), (2026, 4, 30)),
        ("2025-2026", (2025, 1, 1), (2026, 12, 31)),
        (">=2026-03", (2026, 3, 1), (9999, 12, 31)),
        ("<2026", (1, 1, 1), (2025, 12, 31)),
        ("..2025", (1, 1, 1), (2025, 12, 31)),
    ],
)
def test_a_period_is_read_as_clerks_write_it(text, first, last):
    assert parse_period(text) == Period(date(*first), date(*last))


@given(st.text(max_size=30) | st.text("0123456789-.年月日<>=至", max_size=24))
def test_no_text_for_a_period_raises(text):
    parse_period(text)


@pytest.mark.parametrize(
    "text", ["", "..", "2026-02-30", "昨天", "2026..2025", ">", "0000", "9999"]
)
def test_what_is_no_date_is_none(text):
    assert parse_period(text) is None


def test_synonyms_go_both_ways_and_a_change_of_name_is_no_transfer():
    assert "客户编号" in synonyms("户号")
    assert "户号" in synonyms("用电戶號")
    assert "更名" not in synonyms("过户")
    assert synonyms("张三") == ()
    assert "2026年3月1日" in date_wordings("2026-03-01")
    assert "2026年3月" in date_wordings("2026-03")
    assert date_wordings("2026") == ()


def test_a_hole_is_made_for_each_character_of_a_word_and_bounded():
    assert len(phrases_with_hole("text", "供用电合同")) == 5
    assert len(phrases_with_hole("text", "供电合同")) == 2
    assert phrases_with_hole("text", "合同书") == phrases_with_hole("text", "字" * 40) == ()
    assert phrases_with_hole("text", "10kV合同书") == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("。", "nothing_to_find"),
        ("OR", "nothing_to_find"),
        ("张三 OR", "misplaced_or"),
        ("(张三", "unbalanced_bracket"),
        ('"张三', "unbalanced_quote"),
        ("张*", "wildcard"),
        ("foo:bar", "unknown_field"),
        ("日期:昨天", "bad_date"),
        ("字" * 1001, "too_long"),
    ],
)
def test_what_was_not_taken_as_written_is_explained_in_both_languages(text, code):
    query = parse(text)
    assert code in query.notes
    remark = next(each for each in query.remarks if each.code == code)
    assert any("\u4e00" <= char <= "\u9fff" for char in remark.zh)
    assert remark.en.isprintable()
    assert "{" not in remark.zh + remark.en


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("二段母线", "2段母线 ii段母线"),
        ("Ⅱ段母线", "2段母线 二段母线"),
        ("三月五日", "3月5日 03月05日"),
        ("208队", "二〇八队 二零八队"),
        ("10kV", "10千伏"),
        ("800千伏安", "800kva"),
        ("12345.67元", "12,345.67元"),
        ("12,345.67", "12345.67"),
        ("1200元", "1,200元"),
        ("1200", ""),
        ("2026", ""),
        ("7300000001", ""),
        ("统一社会信用代码", ""),
        ("一户一档", ""),
        ("10kVA", "10千伏安"),
        ("16千瓦时", "16kwh"),
    ],
)
def test_counts_amounts_and_units_are_looked_for_in_each_way_of_writing_them(typed, written):
    assert {other.replace(" ", "") for other in writings(typed)} == set(written.split())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("云锦花园2期6栋", "云锦花园Ⅱ期六栋"),
        ("云锦花园二期6栋", "云锦花园2期6栋"),
        ("柳浪村第五村民小组21号", "柳浪5组21号"),
        ("柳家屯三社12号", "柳家屯3社十二号"),
        ("汇金港B3栋12F", "汇金港B3栋十二层"),
        ("永安里13弄5支弄9号之三", "永安里十三弄五支弄9号-3"),
        ("科技园六路15号", "科技园6路15号"),
        ("西区六舍212", "西区6舍212室"),
    ],
)
def test_what_is_counted_in_an_address_is_one_in_digits_and_in_chinese(one, other):
    assert address_form(one).split() == address_form(other).split()


@pytest.mark.parametrize(
    ("one", "other"),
    [("云锦花园2期6栋", "云锦花园3期6栋"), ("9号之三", "9号之四"), ("3F座501", "3层501")],
)
def test_other_numbers_stay_other_addresses(one, other):
    assert address_form(one).split() != address_form(other).split()
