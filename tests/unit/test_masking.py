"""Masks: equal length, nothing personal left, nothing else taken (domain.md 4.7)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dossier.rules import masking
from dossier.rules.identifiers import compact, id_check_character
from dossier.rules.masking import KnownValues, closed_spans, mask_text
from dossier.rules.names import is_organisation, split_surname
from dossier.rules.normal_form import fold

KNOWN = KnownValues(
    names=("张三", "歐陽娜娜", "明亮机械有限公司"),
    numbers=("13812345678", "11010519491231002X"),
    addresses=("襄州区航空路197号楼2单元501室",),
)


@pytest.mark.parametrize(
    ("mask", "value", "masked"),
    [
        (masking.mask_name, "张三", "张*"),
        (masking.mask_name, "欧阳娜娜", "欧阳**"),
        (masking.mask_name, "歐陽娜娜", "歐陽**"),
        (masking.mask_name, "买买提·艾力", "买**·**"),
        (masking.mask_name, "𠮷田", "𠮷*"),
        (masking.mask_name, "明亮机械有限公司", "明亮机械有限公司"),
        (masking.mask_name, "襄州区蔡飞一理发店", "襄州区蔡**理发店"),
        (masking.mask_name, "襄阳市襄州区欧阳娜理发店", "襄阳市襄州区欧阳*理发店"),
        (masking.mask_name, "襄州区王五金店", "襄******"),  # 王五's, perhaps
        (masking.mask_name, "", ""),
        (masking.mask_id, "11010519491231002X", "**************002X"),
        (masking.mask_phone, "13812341234", "138****1234"),
        (masking.mask_phone, "138 1234 1234", "138 **** 1234"),
        (masking.mask_phone, "3234567", "***4567"),
        (masking.mask_phone, "123", "***"),
        (masking.mask_account, "6222000000000000012", "***************0012"),
        (masking.mask_address, "襄州区航空路12号3栋", "襄州区航空路*****"),
        (masking.mask_address, "襄州区", "襄州区"),
    ],
)
def test_a_single_value_is_masked_as_the_rule_says(mask, value, masked):
    assert mask(value) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("姓名：张伟 性别：男", "姓名：张* 性别：男"),
        ("户名\t李雷", "户名\t李*"),
        ("户名：襄州区蔡飞一理发店", "户名：襄州区蔡**理发店"),
        ("代理人在委托权限内签署", "代理人在委托权限内签署"),
        ("姓 名 ： 黄 超", "姓 名 ： 黄 *"),
        ("用电人:欧阳娜娜", "用电人:欧阳**"),
        ("经办人 李四", "经办人 李*"),
        ("台区经理：邓春梅", "台区经理：邓**"),
        ("出生 1950年11月23日\n住址", "出生 ***********\n住址"),
        ("出 生 1950 年 11 月 3 日", "出 生 **** * ** * * *"),
        ("出生日期：1950-11-23，", "出生日期：**********，"),
        ("出生年月 1950.11 民族", "出生年月 ******* 民族"),
        ("签订日期：1950-11-23", "签订日期：1950-11-23"),
        ("1964年3月30日生，", "**********生，"),
        ("出生于一九六四年三月三十日", "出生于**********"),
        ("（2015年6月1日出生，", "（*********出生，"),
        ("2015年6月1日生效", "2015年6月1日生效"),
        ("邮箱 ouyang.p@example.com 收", "邮箱 ********@example.com 收"),
        ("附件 Attachments: 郑成功.txt; 合同.pdf", "附件 Attachments: ***.txt; **.pdf"),
        ("发件人 From: 吴用\n收件人 To: 李四", "发件人 From: 吴*\n收件人 To: 李*"),
        ("又名李小四，", "又名李**，"),
        ("抄表员: 李四", "抄表员: 李*"),
        ("请联系台区经理办理", "请联系台区经理办理"),
        ("联系人\n王小明\n", "联系人\n王**\n"),
        ("姓名:王伟、李强", "姓名:王*、李*"),
        ("姓名张三性别男", "姓名张*性别男"),
        ("乙方（客户）：赵敏", "乙方（客户）：赵*"),
        ("法定代表人：买买提·艾力", "法定代表人：买**·**"),
        ("尊敬的李明女士：您好", "尊敬的李*女士：您好"),
        ("委托人孙伟自愿", "委托人孙*自愿"),
        ("被委托人：諸葛孔明", "被委托人：諸葛**"),
        ("户名：襄州区明亮机械有限公司", "户名：襄州区明亮机械有限公司"),
        ("甲方：国网襄州供电公司", "甲方：国网襄州供电公司"),
        ("客户签收：邵沐一 日期", "客户签收：邵** 日期"),
        ("现场勘查人: 訾燕敏", "现场勘查人: 訾**"),
        ("审核 通过，确认 完成", "审核 通过，确认 完成"),
        ("委托人应当遵守", "委托人应当遵守"),
        ("用户须知", "用户须知"),
        ("姓名：\n身份证号：", "姓名：\n身份证号："),
        ("电话 138-1234-5678", "电话 138-****-5678"),
        ("电话：3234567", "电话：***4567"),
        ("①13812345678", "①138****5678"),
        ("联系：②11010519491231002X③", "联系：②**************002X③"),
        ("电话0710-3234567", "电话********4567"),
        ("证号11010519491231002X", "证号**************002X"),
        ("身份证号：1101051949l231002X", "身份证号：**************002X"),
        ("卡号6222 0000 0000 0000 012", "卡号**** **** **** ***0 012"),
        ("家住朝阳路3-2-501。", "家住朝阳路*******。"),
        ("航空路十二号3幢2单元501室", "航空路************"),
        ("住址\t襄州区航空路9号楼2单\n元501室 电话：", "住址\t襄州区航空路*****\n***** 电话："),
        ("张湾村3组12号", "张湾村*****"),
        ("3栋2单元501", "********"),
        ("户号：4200000001 10kV东山线 2021年3月1日", "户号：4200000001 10kV东山线 2021年3月1日"),
        ("表号 4230001000000000123456", "表号 4230001000000000123456"),
        (
            "姓名\t性别\t住址\n李小龙\t男\t航空路3号\n王五\t女\t东街",
            "姓名\t性别\t住址\n李**\t男\t航空路**\n王*\t女\t东街",
        ),
    ],
)
def test_text_is_masked_by_label_by_pattern_and_by_column(text, masked):
    assert mask_text(text).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "张三丰",
        "兹有張 三一人",
        "张\n三",
        "致张　三",
        "欧阳娜娜",
        "歐陽\n娜 娜",
        "1 3 8 1 2 3 4 5 6 7 8",
        "一九七号",
    ],
)
def test_what_is_known_of_the_customer_is_masked_wherever_it_stands(text):
    masked = fold("".join(mask_text(text, KNOWN).text.split()))
    assert "张三" not in masked
    assert "欧阳娜" not in masked
    assert "1234" not in masked


@pytest.mark.parametrize("text", ["襄州区蔡飞一理发店开户", "蔡飞一", "襄州区蔡 飞一 理发店"])
def test_the_owner_in_a_shops_known_name_is_masked_wherever_the_person_stands(text):
    masked = mask_text(text, KnownValues(names=("襄州区蔡飞一理发店",))).text
    assert "飞" not in masked
    assert "一" not in masked
    assert "蔡" in masked


def test_known_addresses_are_masked_beyond_the_street():
    masked = mask_text("兹证明襄州区航空路 197号楼 2单元\n501室系本人所有", KNOWN).text
    assert masked.startswith("兹证明襄州区航空路 *")
    assert "501" not in masked


def test_numbers_named_open_stay_open():
    text = "户号 4200000000000001 证号 11010519491231002X"
    masked = mask_text(text, KnownValues(open_numbers=("4200000000000001",))).text
    assert masked == "户号 4200000000000001 证号 **************002X"


PIECES = st.lists(
    st.sampled_from(
        [
            "姓名",
            "户名",
            "张三",
            "欧阳",
            "娜娜",
            "李",
            "先生",
            "：",
            ":",
            "\t",
            "\n",
            "*",
            "138",
            "1234",
            "5678",
            "11010519491231002X",
            "航空路",
            "3号",
            "2单元",
            "501",
            "账号",
            "6222000000000000012",
            "地址",
            "公司",
            "、",
            "·",
            "电话",
            "用电人",
            "（",
            "）",
            "-",
            "x",
            "一",
        ]
    ),
    max_size=14,
).map("".join)


@given(PIECES | st.text(max_size=60))
@settings(max_examples=400)
def test_a_masked_text_has_equal_length_and_masking_again_changes_nothing(text):
    once = mask_text(text, KNOWN)
    assert len(once.text) == len(text)
    assert mask_text(once.text, KNOWN).text == once.text


@given(PIECES | st.text(max_size=60))
def test_only_the_spans_are_changed_and_only_to_stars_or_kept_spaces(text):
    masked = mask_text(text, KNOWN)
    inside = {at for start, end in masked.spans for at in range(start, end)}
    for at, (before, after) in enumerate(zip(text, masked.text, strict=True)):
        assert before == after or (after == "*" and at in inside)


@given(st.text("张三欧阳 \n供电合同", max_size=30))
def test_no_known_name_is_left(text):
    left = "".join(mask_text(text, KNOWN).text.split())
    assert "张三" not in left


@given(st.integers(10**17, 10**18 - 1), st.sampled_from(["", " ", "证号：", "a", "张"]))
def test_no_eighteen_digits_are_left(number, before):
    masked = mask_text(f"{before}{number}。").text
    assert str(number)[:14] not in masked
    assert len([char for char in compact(masked) if char.isdecimal()]) <= 4


@given(st.text(max_size=20))
def test_single_masks_have_equal_length_and_are_idempotent(value):
    for mask in (
        masking.mask_name,
        masking.mask_id,
        masking.mask_phone,
        masking.mask_account,
        masking.mask_address,
    ):
        assert len(mask(value)) == len(value)


def test_an_organisation_in_latin_letters_is_public_and_a_person_is_not():
    assert is_organisation("Siemens Energy Co., Ltd.")
    assert is_organisation("Bosch Rexroth GmbH")
    assert is_organisation("Apple Trading, Inc.")
    assert not is_organisation("John Limco")
    assert not is_organisation("Vincent Linc")


def test_surnames_and_organisations():
    assert split_surname("欧阳娜娜") == ("欧阳", "娜娜")
    assert split_surname("张三") == ("张", "三")
    assert split_surname("") == ("", "")
    for name in ("明亮机械有限公司", "张湾村委会", "襄州区第一中学", "明亮公司（分公司）"):
        assert is_organisation(name)
    for name in ("张三", "李医院", "王厂", "欧阳娜娜"):
        assert not is_organisation(name)


def test_labels_below_each_other_are_no_names() -> None:
    page = "权利人\t孔萍\n共有情况\t共同共有\n用途\t住宅\n面积\t72平方米"
    assert mask_text(page).text == "权利人\t孔*\n共有情况\t共同共有\n用途\t住宅\n面积\t72平方米"


def test_names_below_a_head_are_masked() -> None:
    assert "王小明" not in mask_text("姓名\t金额\n王小明\t12\n李四\t30").text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "现委托石群（身份证号码：11010519491231002X）",
            "现委托石*（身份证号码：**************002X）",
        ),
        ("委托欧阳娜娜（公民身份号码", "委托欧阳**（公民身份号码"),
        ("兹有石 群，身份证号 11010519491231002X", "兹有石 *，身份证号 **************002X"),
        ("石群，男，汉族，身份证号11010519491231002X", "石*，男，汉族，身份证号**************002X"),
        ("授权王小明办理过户", "授权王**办理过户"),
        ("本人石群(身份证：", "本人石*(身份证："),
        ("委托人石群（身份证号", "委托人石*（身份证号"),
        ("委托我妻石群（身份证号", "委托我妻石*（身份证号"),
        ("石群本人（身份证号", "石*本人（身份证号"),
        ("有效证件（身份证、护照）", "有效证件（身份证、护照）"),
        ("委托代理人办理，经办人（身份证复印件）", "委托代理人办理，经办人（身份证复印件）"),
        ("客户名称，身份证号", "客户名称，身份证号"),
    ],
)
def test_a_person_named_beside_an_identity_card_is_masked(text, masked):
    assert mask_text(text).text == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("与户主关系：妻子 王芳", "与户主关系：妻子 王*"),
        ("与户主关系\n父子", "与户主关系\n父子"),
        ("妻子王秀英代办", "妻子王**代办"),
        ("父亲：高建国", "父亲：高**"),
        ("由其儿子李小明代办", "由其儿子李**代办"),
        ("其妻王芳代为签收", "其妻王*代为签收"),
        ("户主李建国，妻王芳，子李小明", "户主李**，妻王*，子李**"),
        ("户主李建国之妻王芳", "户主李**之妻王*"),
        ("王芳（户主之妻）", "王*（户主之妻）"),
        ("李小明系户主之子", "李**系户主之子"),
        ("现户主为李建军之女李小红", "现户主为李**之女李**"),
        ("邻居张国强证明", "邻居张**证明"),
        ("家属王芳签收", "家属王*签收"),
        ("签字：王芳 李建军", "签字：王* 李**"),
        ("王芳代签", "王*代签"),
        ("代签：王芳", "代签：王*"),
        ("李建军  2024年3月5日", "李**  2024年3月5日"),
        ("乙方代表 李建军", "乙方代表 李**"),
        ("姓名 与户主关系\n李建军 户主\n王芳 配偶", "姓名 与户主关系\n李** 户主\n王* 配偶"),
        ("姓名\t关系\n李建军\t户主\n李小明\t儿子", "姓名\t关系\n李**\t户主\n李**\t儿子"),
        ("姓名\n张伟\n李芳", "姓名\n张*\n李*"),
    ],
)
def test_relatives_and_who_acts_for_the_customer_are_masked(text, masked):
    assert mask_text(text).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "家属区停水通知",
        "父亲于2019年去世，母亲年迈",
        "家属应当申请",
        "妻子、子女均同意",
        "邻居反映，用户代表和代理人",
        "施工 2024年3月5日",
        "银行批扣协议, 代扣代缴电费协议",
        "姓名\n性别\n民族",
        "签字 金额 时间",
        "联系人（配偶）",
        "无子女，长期居住",
    ],
)
def test_words_beside_kinship_are_no_names(text):
    assert mask_text(text).text == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("身份证号 999999", "身份证号 ******"),
        ("居民身份证 999999", "居民身份证 ******"),
        ("身份证号码：9999", "身份证号码：****"),
        ("身份证号 9999991988", "身份证号 **********"),
        ("公民身份号码\n999", "公民身份号码\n***"),
        ("电话 345678", "电话 ******"),
        ("电话 3456789", "电话 ***6789"),
        ("护照 E12345678", "护照 *****5678"),
        ("身份证号后四位 002X", "身份证号后四位 002X"),
        ("身份证复印件1份", "身份证复印件1份"),
        ("身份证号 2024年3月", "身份证号 2024年3月"),
    ],
)
def test_a_part_of_a_number_under_its_label_shows_nothing(text, masked):
    assert mask_text(text).text == masked


def test_a_part_of_an_identity_number_is_found_by_no_guess():
    assert closed_spans("居民身份证 999999") == ((6, 12),)


@pytest.mark.parametrize(
    "text",
    [
        "台区：张湾南2组1#公变",
        "用电地址与申请一致，同意按10kV单电源方案接入。",
        "客户确认：封印完好",
        "收款人\t金额\n电费票据\t30",
        "客户签字\n电费票据",
    ],
)
def test_things_of_the_grid_and_words_of_forms_stay_open(text):
    assert mask_text(text).text == text


def test_an_address_in_a_sentence_behind_the_label_is_masked_all_the_same():
    assert mask_text("用电地址变更为航空路12号").text == "用电地址变更为航空路***"
    assert mask_text("张湾南2组1号").text == "张湾南****"
    assert mask_text("客户签字：封小明").text == "客户签字：封**"
    assert mask_text("客户：石群缴费").text.startswith("客户：石*")


ID_BEGINS = "99999919640330001"


def test_what_the_register_knows_is_found_in_other_shapes_too():
    known = KnownValues(names=("欧阳鹏刚",), numbers=(ID_BEGINS + id_check_character(ID_BEGINS),))
    page = "鹏刚本人签收\n签于 1964-03-30，1964年3月30日，19640330；大鹏刚飞；1964年3月31日"
    masked = mask_text(page, known).text
    assert masked.startswith("**本人签收")
    assert "大鹏刚飞" in masked
    assert "1964年3月31日" in masked
    assert not re.search(r"1964-03-30|1964年3月30日|19640330", masked)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "供电人（盖章）：董志海\t用电人（签章）：钱思鹏",
            "供电人（盖章）：董**\t用电人（签章）：钱**",
        ),
        ("供电企业（盖章）： 冯立群", "供电企业（盖章）： 冯**"),
        ("供电企业\t(盖章)\t薛红兵", "供电企业\t(盖章)\t薛**"),
        ("核验人\t冯立群\n核验结果\t一致", "核验人\t冯**\n核验结果\t一致"),
        ("核查日期\t2024年7月18日\t核查人\t周建平", "核查日期\t2024年7月18日\t核查人\t周**"),
        ("受理人员：王小明\n由王小明上门，王 小明", "受理人员：王**\n由王**上门，王 **"),
    ],
)
def test_staff_are_masked_behind_a_bracket_in_a_cell_and_wherever_else_they_stand(text, masked):
    assert mask_text(text).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "供电企业（盖章）：襄阳华泰机械集团有限公司",
        "安装人员\t安装日期\n核查人\t核查结果",
        "人员\t时间\n单位\t金额",
    ],
)
def test_organisations_and_labels_in_cells_are_no_staff(text):
    assert mask_text(text).text == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("客户签收：\t群", "客户签收：\t*"),
        ("客户签字：群\n2010年", "客户签字：*\n2010年"),
        ("用电人（签章）： 小群", "用电人（签章）： **"),
        ("经办人签名：石", "经办人签名：*"),
        ("客户签收：石 群", "客户签收：石 *"),
        ("客户签收：\t告知人：冯立群", "客户签收：\t告知人：冯**"),
        ("客户签字：  年  月  日", "客户签字：  年  月  日"),
        ("客户签字： 年 月 日", "客户签字： 年 月 日"),
        ("申请人（签章）：群　受理人：何晓燕", "申请人（签章）：*　受理人：何**"),
        ("本合同自双方签字盖章之日起生效", "本合同自双方签字盖章之日起生效"),
    ],
)
def test_what_is_left_of_a_signature_under_a_seal_is_masked_to_its_last_character(text, masked):
    assert mask_text(text).text == masked


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("不动产单元号\t420607368943624GB00001F0001", "420607368943624GB00001F0001"),
        ("420607 368943 GB00001 F00010001 号", "420607 368943 GB00001 F00010001"),
        ("宗地代码：42O607368943", "42O607368943"),
        ("鄂(2006)襄州区不动产权第0055027号", "0055027"),
        ("襄州房权证第 00550-27号", "00550-27"),
        ("房权证襄州字第0055027号", "0055027"),
    ],
)
def test_the_number_of_a_dwelling_or_its_deed_is_masked_and_found_by_no_part(text, hidden):
    masked = "".join(char if char.isspace() else "*" for char in hidden)
    assert "".join(mask_text(text).text.split()) == "".join(text.replace(hidden, masked).split())
    start = text.index(hidden)
    places = [at for span in closed_spans(fold(text)) for at in range(*span)]
    assert {at for at in range(start, start + len(hidden)) if text[at].isalnum()} <= set(places)


@pytest.mark.parametrize(
    "text",
    [
        "客户确认\n客户已核对表底示数、封印完好，现场装接无误。",
        "负荷侧用电设施属用电人，由用电人负责运行维护管理",
        "户名\t襄阳机械有限公司\n台区\t张湾公变\n工作内容\t设备类别\n拆除\t单相电能表\n安装\t智能电能表",
        "本授权书自签字\n之日起生效。",
        "按月与用电人\n结算电费。在合同有效期内",
        "代理人，\n全权代表委托人",
        "用户名\n密码\n登录",
        "用电地址\t张湾镇\n台区经理：\t客户确认：\n2018年2月23日\t2018年2月23日",
        "不动产权第一季度",
    ],
)
def test_words_of_contracts_meter_sheets_and_bank_forms_stay_open(text):
    assert mask_text(text).text == text


def test_a_sentence_goes_on_in_clear_behind_an_address():
    page = "用电地址位于襄阳市幸福里1-2-202，用电性质为居民生活用电，行业分类按供电人"
    assert mask_text(page).text == page.replace("1-2-202", "*******")
    page = "用电地址：襄阳市幸福里12号，二楼东户"
    assert mask_text(page).text == "用电地址：襄阳市幸福里********"


def test_a_given_name_that_stands_many_times_in_a_row_is_masked_at_once():
    text = "张三" + "娜娜" * 8
    assert mask_text(text, KNOWN).text == "张" + "*" * 17


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("申请人\n尉迟玲燕因新建住宅", "申请人\n尉迟**因新建住宅"),
        ("姓名：令狐曦景和李四", "姓名：令狐**和李*"),
        ("代理人，高建国自愿申请", "代理人，高**自愿申请"),
        (
            "姓名\t电话\n王小明\t\n备注\t无\n李小龙\t1",
            "姓名\t电话\n王**\t\n备注\t无\n李**\t1",
        ),
    ],
)
def test_names_in_sentences_and_below_a_tables_remark_are_masked_all_the_same(text, masked):
    assert mask_text(text).text == masked
