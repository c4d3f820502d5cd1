"""Content of the papers that the utility makes (domain.md §2.1, groups B, C, D, G, H, J)."""

# ruff: noqa: E501 - Chinese sentences stay whole; the formatter counts each character twice

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from dossier.plugins.demo import wording
from dossier.plugins.demo.content import (
    Block,
    Choice,
    Content,
    Entry,
    Listing,
    Prose,
    Section,
    Signatures,
    chinese_date,
)
from dossier.plugins.demo.facts import Facts


def survey(facts: Facts) -> Content:
    """B01, the site survey sheet."""
    customer = facts.customer
    entries = (
        *facts.who("phone", "address"),
        Entry("供电线路", customer.line),
        Entry("台区名称", customer.district or "专变"),
        Entry("勘查日期", chinese_date(facts.on), "date"),
        Entry("申请编号", facts.case_no, "case_no"),
        Entry("核定容量", f"{customer.capacity_kva}kVA", "capacity_kva"),
        Entry("接入距离", f"{facts.rng.randint(8, 320)}米"),
    )
    blocks: tuple[Block, ...] = (
        Section(entries),
        Choice("现场情况", ("具备供电条件", "需新建线路", "存在欠费或窃电嫌疑"), frozenset({0})),
        Prose(f"经现场勘查，用电地址与申请一致，{facts.pick('表箱位于一楼楼道', '表箱安装在东侧外墙', '需新立电杆一基')}，同意按{customer.voltage}方案接入。", "勘查意见"),
        Signatures((facts.company_signs("勘查人员"), facts.customer_signs("客户确认"))),
    )  # fmt: skip
    return _paper(
        facts, "B01", facts.titled("现场勘查工作单", "低压现场勘查单", "用电现场勘查记录"), blocks
    )


def plan_reply(facts: Facts) -> Content:
    """B02, the answer with the supply plan."""
    customer = facts.customer
    values = {
        "line": customer.line,
        "place": f"{facts.rng.randint(2, 88)}号",
        "voltage": customer.voltage,
        "metres": facts.rng.randint(15, 400),
        "ratio": facts.pick("50/5", "100/5", "150/5", "300/5"),
    }
    entries = (
        *facts.who("address"),
        Entry("供电容量", f"{customer.capacity_kva}kVA", "capacity_kva"),
        Entry("供电电压", customer.voltage),
        Entry("答复日期", chinese_date(facts.on), "date"),
        Entry("申请编号", facts.case_no, "case_no"),
    )
    numbered = enumerate(wording.PLAN_LINES, 1)
    blocks: tuple[Block, ...] = (
        Section(entries),
        *(Prose(f"{n}．{text.format(**values)}") for n, text in numbered),
        Signatures((facts.company_signs("供电企业（盖章）", sealed=True), facts.customer_signs("客户签收"))),
    )  # fmt: skip
    return _paper(
        facts, "B02", facts.titled("供电方案答复单", "供电方案答复函", "供电方案答复通知书"), blocks
    )


def contract(facts: Facts) -> Content:
    """C01, the supply contract, several pages."""
    customer = facts.customer
    values = {
        "address": customer.address,
        "nature": facts.pick("居民生活用电", "一般工商业用电", "大工业用电"),
        "voltage": customer.voltage,
        "line": customer.line,
        "capacity": customer.capacity_kva,
        "meter_no": customer.first_meter
        if facts.identity in {"customer_no", "meter_no"}
        else "见附件",
        "payment": facts.pick("预付费", "银行代扣", "按月抄表结算"),
        "years": facts.pick("三", "五", "十"),
    }
    entries = (
        *facts.who("address", "phone"),
        Entry("供电人", facts.company, wide=True),
        Entry("签订日期", chinese_date(facts.on), "date"),
        Entry("合同编号", f"XZ{facts.on.year}{facts.case_no[-6:]}", "contract_no"),
    )
    opening = Prose(
        f"为确定供电人和用电人在电力供应与使用中的权利和义务，根据{facts.then('contract_law')}《中华人民共和国电力法》《电力供应与使用条例》和《供电营业规则》等法律法规，经双方协商一致，订立本合同，共同信守，严格履行。"
    )
    clauses = (Prose(text.format(**values), heading) for heading, text in wording.SUPPLY_CONTRACT)
    signs = Signatures(
        (facts.company_signs("供电人（盖章）", sealed=True), facts.customer_signs("用电人（签章）"))
    )
    kind = "低压" if customer.category in {"LR", "LN", "PV"} else "高压"
    title = facts.titled(
        f"{kind}供用电合同",
        "供用电合同",
        f"{kind}居民供用电合同" if customer.is_person else f"{kind}供用电合同书",
    )
    cover = (
        Entry("合同编号", entries[-1].value),
        Entry("供 电 人", facts.company),
        Entry("用 电 人", customer.name),
        Entry("签订日期", chinese_date(facts.on)),
        Entry("签订地点", f"{facts.customer.unit}营业厅"),
    )
    paper = _paper(facts, "C01", title, (Section(entries), opening, *clauses, signs))
    return replace(paper, cover=cover) if customer.category in {"HV", "IM"} or facts.rng.random() < 0.6 else paper  # fmt: skip


def settlement(facts: Facts) -> Content:
    """C02, the settlement agreement for remote fee control."""
    customer = facts.customer
    by_number = facts.identity == "customer_no"
    values = {
        "customer_no": facts.number(),
        "meter_no": customer.first_meter if by_number else "以装表单为准",
        "phone": customer.first_phone if by_number else "（见登记表）",
        "warn": facts.rng.choice((10, 20, 30, 50)),
        "app": facts.then("app"),
    }
    blocks: tuple[Block, ...] = (
        Section(
            (*facts.who("meter_no", "phone"), Entry("签订日期", chinese_date(facts.on), "date"))
        ),
        *(Prose(text.format(**values), heading) for heading, text in wording.SETTLEMENT),
        Signatures((facts.company_signs("供电人", sealed=True), facts.customer_signs("用电人"))),
    )
    return _paper(
        facts,
        "C02",
        facts.titled("电费结算协议", facts.then("settlement_title"), "费控业务协议书"),
        blocks,
    )


def meter_work(facts: Facts) -> Content:
    """D01, the work sheet for hanging and taking down meters."""
    old, new = facts.rng.randint(1_000, 90_000) / 10, facts.rng.randint(0, 9) / 100
    old_meter = str(facts.rng.randint(10**11, 10**12 - 1))
    rows = (
        ("拆除", "单相电能表", old_meter, f"{old:.1f}"),
        ("安装", "单相智能电能表", facts.customer.first_meter[-13:-1], f"{new:.2f}"),
    )
    seals = " ".join(f"F{facts.rng.randint(100_000, 999_999)}" for _ in range(3))
    entries = (
        *facts.who("meter_no", "address", "phone"),
        Entry("台区", facts.customer.district or facts.customer.line),
        Entry("装表日期", chinese_date(facts.on), "date"),
        Entry("工单编号", facts.case_no, "case_no"),
        Entry("封印编号", seals, wide=True),
    )
    blocks: tuple[Block, ...] = (
        Section(entries),
        Choice("装拆原因", ("新装", "轮换", "故障", "销户"), frozenset({facts.rng.randrange(4)})),
        Listing(("工作内容", "设备类别", "通信地址", "表底示数"), rows),
        Prose("客户已核对表底示数、封印完好，现场装接无误。", "客户确认"),
        Signatures((facts.company_signs("装表人员"), facts.customer_signs())),
    )
    return _paper(
        facts, "D01", facts.titled("电能计量装接单", "装拆表工作单", "计量装置装拆工作票"), blocks
    )


def inspection(facts: Facts) -> Content:
    """G01, the inspection sheet with the customer's signature."""
    items = ("电能表封印", "接线及互感器", "漏电保护器", "自备电源闭锁", "安全工器具", "消防器材")
    rows = tuple(
        (str(n), item, facts.pick("正常", "正常", "正常", "不合格"), facts.pick("", "限期整改"))
        for n, item in enumerate(items, 1)
    )
    entries = (
        *facts.who("address", "phone"),
        Entry("用电容量", f"{facts.customer.capacity_kva}kVA", "capacity_kva"),
        Entry("检查日期", chinese_date(facts.on), "date"),
        Entry("检查类型", facts.pick("定期检查", "专项检查", "季节性检查")),
    )
    blocks: tuple[Block, ...] = (
        Section(entries),
        Listing(("序号", "检查项目", "检查结果", "备注"), rows),
        Prose(f"{facts.pick(*wording.DEFECTS)}，已向客户说明用电安全注意事项。", "检查情况"),
        Signatures((facts.company_signs("检查人员"), facts.customer_signs("客户签字"))),
    )
    return _paper(
        facts,
        "G01",
        facts.titled("用电检查工作单", "客户用电安全检查单", "用电检查现场记录"),
        blocks,
    )


def defect_notice(facts: Facts) -> Content:
    """G02, the notice of what an inspection found."""
    found = facts.rng.sample(wording.DEFECTS, 3)
    due = chinese_date(facts.on + timedelta(days=15))
    blocks: tuple[Block, ...] = (
        Section((*facts.who("address"), Entry("检查日期", chinese_date(facts.on), "date"))),
        Prose("经用电检查，贵单位（户）在用电安全方面存在下列问题："),
        *(Prose(f"{n}．{text}；") for n, text in enumerate(found, 1)),
        Prose(
            f"请于{due}前整改完毕，并将整改情况书面回复我公司。逾期未整改造成的后果由贵单位（户）承担。"
        ),
        Signatures(
            (facts.company_signs("供电企业（盖章）", sealed=True), facts.customer_signs("用户签收"))
        ),
    )
    title = facts.titled("用电检查结果通知书", "用电安全隐患整改通知书", "客户用电缺陷整改告知单")
    return _paper(facts, "G02", title, blocks)


def cut_notice(facts: Facts) -> Content:
    """H03, the notice of disconnection with the day of posting."""
    amount = f"{facts.rng.randint(4_000, 900_000) / 100:,.2f}"
    values = {
        "month": f"{facts.on.year}年{facts.on.month}月",
        "customer_no": facts.number(),
        "amount": amount,
        "due": chinese_date(facts.on + timedelta(days=6)),
        "cut": f"{chinese_date(facts.on + timedelta(days=7))}9时",
    }
    entries = (
        *facts.who("address", "meter_no"),
        Entry("欠费金额", f"{amount}元", "amount"),
        Entry("张贴日期", chinese_date(facts.on), "date"),
    )
    blocks: tuple[Block, ...] = (
        Section(entries),
        *(Prose(text.format(**values)) for text in wording.CUT_NOTICE),
        Choice("送达方式", ("当面送达", "张贴送达", "邮寄送达"), frozenset({1})),
        Signatures((facts.company_signs("张贴人", sealed=True), facts.company_signs("见证人"))),
    )
    return _paper(
        facts, "H03", facts.titled("停电通知书", "欠费停电通知书", "催费及停（限）电通知单"), blocks
    )


def contact_check(facts: Facts) -> Content:
    """J01, the record of a check of contact data."""
    entries = (
        *facts.who("phone", "address"),
        Entry("核查方式", facts.pick("电话核实", "上门核实", facts.then("contact_check"))),
        Entry("核查日期", chinese_date(facts.on), "date"),
        Entry("核查人", facts.staff),
    )
    blocks: tuple[Block, ...] = (
        Section(entries),
        Choice("核查结果", ("号码正确", "已变更", "空号停机"), frozenset({0})),
        Choice("通知渠道", ("短信", facts.then("app"), "电话"), frozenset({0, 1})),
        Signatures((facts.company_signs("台区经理"), facts.customer_signs("客户确认"))),
    )
    return _paper(
        facts,
        "J01",
        facts.titled("客户联系方式核查表", "联系方式核查记录", "客户信息核实单"),
        blocks,
    )


def name_check(facts: Facts) -> Content:
    """J02, the record of the real-name check."""
    entries = (
        *facts.who("id_no", "address"),
        Entry("证件类型", facts.id_type),
        Entry("核验日期", chinese_date(facts.on), "date"),
        Entry("核验人", facts.staff),
    )
    blocks: tuple[Block, ...] = (
        Section(entries),
        Choice("核验结果", ("一致", "姓名不一致", "证件过期"), frozenset({0})),
        Prose(
            "经查验客户出示的有效证件原件，户名与证件登记姓名一致，同意进行实名认证登记。",
            "核验说明",
        ),
        Signatures((facts.company_signs("核验人"), facts.customer_signs())),
    )
    return _paper(
        facts,
        "J02",
        facts.titled("客户实名制核验记录", "实名认证登记表", "用电客户实名核验单"),
        blocks,
    )


def _paper(facts: Facts, type_code: str, title: str, blocks: tuple[Block, ...]) -> Content:
    serial = f"{type_code}-{facts.on.year}-{facts.rng.randint(1, 9_999):04d}"
    return Content(type_code, title, facts.organisation, serial, facts.on, blocks)
