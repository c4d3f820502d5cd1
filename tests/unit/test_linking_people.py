"""Whose number is it: agents, landlords, guarantors and kin are customers of the register too."""

from __future__ import annotations

import pytest

from dossier.records import PageReading
from dossier.rules.addresses import address_key
from dossier.rules.evidence import Findings, RegisterEntry, Verdict, weigh
from dossier.rules.paper import linking_rules, read_paper

RULES = linking_rules()
HOME = "襄州区梧桐路18号3栋2单元501室"
PRINCIPAL = RegisterEntry(
    "5200000017",
    "东方曼倩",
    address=address_key(HOME),
    meters=frozenset({"4200001111222233334441"}),
    phones=frozenset({"13900000017"}),
)
NEIGHBOUR = RegisterEntry(
    "5200000025",
    "钟离权舆",
    meters=frozenset({"4200001111222233334458"}),
    phones=frozenset({"13900000025"}),
)
AGENT = RegisterEntry(
    "5200000071",
    "公冶长青",
    address=address_key("襄州区银杏巷7号"),
    phones=frozenset({"13900000071"}),
)
A_ID, C_ID = "999999198001010118", "999999199012120317"
IDS = {A_ID: PRINCIPAL.customer_no, C_ID: AGENT.customer_no}


def ask(text: str, *, folder: str = "") -> Verdict:
    """What the register's three customers make of a paper; a form feed ends a page."""
    pages = [PageReading(at, page) for at, page in enumerate(text.split("\f"), start=1)]
    paper = read_paper(pages, RULES)
    findings = Findings(
        hints={folder: {"folder"}} if folder else {},
        by_id={IDS[one] for one in paper.id_nos if one in IDS},
        by_other_id={IDS[one] for one in paper.others.id_nos if one in IDS},
    )
    return weigh(paper, [PRINCIPAL, NEIGHBOUR, AGENT], findings, RULES)


SOMEBODY_ELSES = {
    "mandate": f"授权委托书\n委托人：东方曼倩\n受托人：公冶长青\n身份证号码：{C_ID}",
    "mandate, role in the label": f"委托人（用电人）：东方曼倩\n受托人姓名：公冶长青\n"
    f"受托人证件号码：{C_ID}\n受托人电话：13900000071",
    "mandate, short label": f"委托人：东方曼倩\n代理人身份证：{C_ID}\n代理人姓名：公冶长青",
    "mandate, appointed": f"用电人：东方曼倩\n被委托人 公冶长青\n被委托人居民身份证号 {C_ID}",
    "mandate, spaced out": f"委 托 人：东方曼倩\n受 托 人：公冶长青\n身 份 证 号：{C_ID}",
    "mandate, Traditional": f"委託人：東方曼倩\n受託人：公冶長青\n身份證號碼：{C_ID}",
    "mandate, table": f"委托人\t东方曼倩\n受托人\t公冶长青\n身份证号\t{C_ID}\n联系电话\t13900000071",
    "mandate, running text": f"本人东方曼倩，现委托公冶长青（身份证号码{C_ID}，"
    "电话13900000071）办理新装手续。",
    "acts for, running text": f"现由公冶长青（身份证号{C_ID}）代为办理东方曼倩名下业务。",
    "acts on behalf": f"本人公冶长青（身份证号码{C_ID}，电话13900000071）受东方曼倩委托前来更名。",
    "role behind the number": f"公冶长青 身份证号 {C_ID}（代理人）\n东方曼倩（用电人）",
    "agent's card below": f"委托人姓名：东方曼倩\n受托人信息\n姓名：公冶长青\n性别：男\n民族：汉\n"
    f"住址：襄州区银杏巷7号\n公民身份号码：{C_ID}",
    "agent's card on page two": f"授权委托书\n兹委托公冶长青办理。\n委托人（签字）：东方曼倩\n"
    f"\f居民身份证\n姓名 公冶长青\n公民身份号码 {C_ID}\n住址 襄州区银杏巷7号",
    "application and another's card": f"用电申请书\n户名：东方曼倩\n申请容量 8kW\n"
    f"\f居民身份证\n姓名 公冶长青\n公民身份号码 {C_ID}",
    "a newcomer's application, an agent's card": f"户名：诸葛新来\n用电地址：襄州区新路3号\n"
    f"\f居民身份证\n姓名 公冶长青\n住址 襄州区银杏巷7号\n公民身份号码 {C_ID}",
    "a newcomer's application, an agent's number": f"户名：诸葛新来\n经办人：公冶长青\n"
    f"经办人身份证：{C_ID} 电话 13900000071",
    "applicant": f"户名：东方曼倩\n申请人：公冶长青\n身份证号：{C_ID}\n联系电话：13900000071",
    "lease by a landlord": f"租赁合同\n出租方：公冶长青 身份证号：{C_ID} 电话：13900000071\n"
    f"承租方：东方曼倩\n房屋坐落：{HOME}",
    "lease to a tenant": f"房屋租赁合同\n甲方：东方曼倩\n乙方：公冶长青\n乙方身份证号：{C_ID}\n"
    f"房屋地址：{HOME}",
    "sale": f"甲方（卖方）：公冶长青 证件号码：{C_ID} 手机：13900000071\n买方：东方曼倩\n坐落：{HOME}",
    "guarantee": f"担保书\n被担保用户：东方曼倩\n担保人：公冶长青，身份证号码 {C_ID}，"
    "住址：襄州区银杏巷7号",
    "surety": f"被保证人：东方曼倩\n保证人：公冶长青\n证件号：{C_ID}\n住址：襄州区银杏巷7号",
    "joint owner": f"产权人：东方曼倩、公冶长青\n公冶长青身份证号：{C_ID}\n坐落：{HOME}",
    "wife": f"家庭成员证明\n户主：东方曼倩\n妻子：公冶长青 公民身份号码：{C_ID}",
    "heir": f"继承公证书\n继承人：公冶长青，身份证号：{C_ID}\n被继承人：东方曼倩",
    "complaint": "投诉记录\n投诉人：公冶长青\n电话：13900000071\n住址：襄州区银杏巷7号\n被投诉户：东方曼倩",
    "guarantor's account": "担保书\n被担保用户：东方曼倩\n担保人：公冶长青\n户号：5200000071",
    "guarantor's account in the line": "担保书\n担保人：公冶长青 户号：5200000071 电话：13900000071",
    "guarantor's account named so": "为东方曼倩担保\n担保人姓名：公冶长青\n担保人户号：5200000071",
    "guarantor's account behind the address": "保证人：公冶长青\n用电地址：银杏巷7号\n户号 5200000071",
    "guarantor with two accounts": "担保人：公冶长青，户号：5200000071、5200000025",
    "account of a guarantor who is something": "担保人为公冶长青，其户号为5200000071",
    "guarantor's meter": "被担保人 东方曼倩\n担保人 公冶长青\n表号：4200001111222233334458",
    "agent's account": "授权委托书\n委托人：东方曼倩\n受托人：公冶长青\n客户编号：5200000071",
    "guarantor's account under its head": "\t被担保人\t担保人\n姓名\t东方曼倩\t公冶长青\n户号\t\t5200000071",
    "bank account": f"用电户名：东方曼倩\n账户名称：公冶长青\n账户证件号码：{C_ID}",
    "two cards": f"姓名 东方曼倩\n公民身份号码 {A_ID}\n\f姓名 公冶长青\n公民身份号码 {C_ID}",
}
LISTS = {
    "tabs": "催费清单\n户号\t户名\t欠费\n5200000017\t东方曼倩\t12.00\n5200000025\t钟离权舆\t33.00",
    "numbered": "序号\t户号\t户名\n1\t5200000025\t钟离权舆\n2\t5200000071\t公冶长青\n合计\t\t",
    "with an unknown third": "户号\t户名\t金额\n5200000025\t钟离权舆\t8\n5200000071\t公冶长青\t9\n"
    "5209999999\t无此人\t9",
    "spaces": "户号 户名 金额\n5200000017 东方曼倩 12\n5200000025 钟离权舆 33",
    "commas": "户号,户名,金额\n5200000017,东方曼倩,12\n5200000025,钟离权舆,33",
    "no heads": "5200000017 东方曼倩 12元\n5200000025 钟离权舆 3元",
    "one label for two": "户号：5200000017 东方曼倩、5200000025 钟离权舆 合并张贴",
    "two columns": "户号\t金额\t户号\t金额\n5200000017\t12\t5200000025\t33",
    "two accounts merged": "并户申请\n户号：5200000017\n并入户号：5200000025",
    "meters": "表号\t户名\n4200001111222233334441\t东方曼倩\n4200001111222233334458\t钟离权舆",
    "phones": "户名\t电话\n东方曼倩\t13900000017\n钟离权舆\t13900000025",
    "one phone known": "户名\t电话\n东方曼倩\t13900000017\n钟离权舆\t13888888888",
    "one address known": f"户名\t地址\n东方曼倩\t{HOME}\n钟离权舆\t502室",
    "identity numbers": f"姓名\t证件号码\n东方曼倩\t{A_ID}\n公冶长青\t{C_ID}",
}
THE_PRINCIPALS = {
    "both numbers": f"委托人：东方曼倩，身份证号：{A_ID}\n受托人：公冶长青，身份证号：{C_ID}",
    "both numbers in a row": f"委托人\t东方曼倩\t受托人\t公冶长青\n身份证号\t{A_ID}\t身份证号\t{C_ID}",
    "both numbers in a line": f"委托人：东方曼倩 受托人：公冶长青\n身份证号：{A_ID} 身份证号：{C_ID}",
    "the principal's card": f"委托人：东方曼倩\n受托人：公冶长青\n\f姓名 东方曼倩\n公民身份号码 {A_ID}",
    "form with an agent": f"客户名称\t东方曼倩\t证件号码\t{A_ID}\n用电地址\t{HOME}\n"
    f"经办人\t公冶长青\t身份证号\t{C_ID}",
    "form with a contact": f"客户名称：东方曼倩\n证件号码：{A_ID}\n联系人：公冶长青\n电话：13900000071",
    "acts for herself": f"户名：东方曼倩\n经办人：东方曼倩\n身份证号：{A_ID}\n电话 13900000017",
    "applicant": f"申请人：东方曼倩\n身份证号：{A_ID}\n用电地址：{HOME}",
    "former holder": f"用电人\t有效证件号码\t原户名\n东方曼倩\t{A_ID}\t公冶长青",
    "a clerk signs": f"用电人：东方曼倩\n用电地址：{HOME}\n供电人\t用电人\n王某\t公冶长青",
    "number and a caller": "户号：5200000017\n户名：东方曼倩\n报修人：公冶长青 13900000071",
    "guarantor's account beside the own": "被担保用户：东方曼倩\n户号：5200000017\n"
    "担保人：公冶长青\n户号：5200000071",
    "both accounts under their heads": "\t被担保人\t担保人\n姓名\t东方曼倩\t公冶长青\n"
    "户号\t5200000017\t5200000071",
    "both accounts in a sentence": "担保人公冶长青（户号5200000071）自愿为东方曼倩（户号5200000017）担保。",
    "a clerk before the number": "受理人员：公冶长青\n户号：5200000017\n户名：东方曼倩",
    "the customer's own agent": "受托人：公冶长青\n委托人：东方曼倩\n户号：5200000017",
    "neighbours in a remark": "户号：5200000017\n户名：东方曼倩\n备注：表箱内另有5200000025两户",
    "deed": f"权利人 东方曼倩\n坐落 {HOME}\n共有人 公冶长青 证件号 {C_ID}",
}


@pytest.mark.parametrize("paper", SOMEBODY_ELSES)
def test_a_paper_is_not_filed_under_whoever_acts_lets_or_vouches(paper: str) -> None:
    verdict = ask(SOMEBODY_ELSES[paper])
    assert verdict.decided is None
    assert verdict.candidates


@pytest.mark.parametrize("paper", LISTS)
def test_a_list_of_two_is_nobodys_alone(paper: str) -> None:
    verdict = ask(LISTS[paper])
    assert verdict.decided is None
    assert "several_customers" in verdict.reasons


def test_in_a_customers_own_folder_a_paper_that_names_two_is_theirs() -> None:
    for text in (LISTS["two accounts merged"], LISTS["tabs"]):
        for one in (PRINCIPAL, NEIGHBOUR):
            assert ask(text, folder=one.customer_no).decided == one.customer_no
    assert ask(LISTS["tabs"], folder=AGENT.customer_no).decided is None


@pytest.mark.parametrize("paper", THE_PRINCIPALS)
def test_whom_the_paper_names_clearly_gets_it_though_others_stand_on_it(paper: str) -> None:
    assert ask(THE_PRINCIPALS[paper]).decided == PRINCIPAL.customer_no


def test_a_card_of_ones_own_still_decides() -> None:
    assert ask(f"居民身份证\n姓名 公冶长青\n公民身份号码 {C_ID}").decided == AGENT.customer_no


def test_the_principal_is_the_first_candidate_of_a_mandate() -> None:
    assert ask(SOMEBODY_ELSES["mandate"]).candidates[0].customer_no == PRINCIPAL.customer_no


@pytest.mark.parametrize(
    "line",
    [
        "尊敬的{}客户：",
        "尊敬的{}：",
        "尊敬的{}女士，您好：",
        "尊敬的用电客户{}先生",
        "致{}同志",
        "{}用户：",
        "亲爱的{}业主您好！",
    ],
)
@pytest.mark.parametrize("entry", [PRINCIPAL, AGENT])
def test_whom_a_letter_speaks_to_is_a_candidate(line: str, entry: RegisterEntry) -> None:
    """尊敬的孔萍客户 gave no candidate: only a name in a cell of its own did."""
    verdict = ask(f"停电通知\n{line.format(entry.name)}\n因线路检修，将暂停供电。")
    assert [one.customer_no for one in verdict.candidates] == [entry.customer_no]
    assert verdict.decided is None  # a name alone decides nothing
