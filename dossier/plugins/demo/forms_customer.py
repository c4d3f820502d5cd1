"""Content of the papers that customers hand in (domain.md §2.1, groups A, E, F)."""

# ruff: noqa: E501 - Chinese sentences stay whole; the formatter counts each character twice

from __future__ import annotations

from datetime import date, timedelta

from dossier.plugins.demo import eras, names, numbers, wording
from dossier.plugins.demo.content import (
    Block,
    Card,
    Choice,
    Content,
    Entry,
    Listing,
    Party,
    Prose,
    Section,
    Signatures,
    chinese_date,
)
from dossier.plugins.demo.facts import Facts


def application(facts: Facts) -> Content:
    """A01, application for supply."""
    customer = facts.customer
    load = tuple(
        (
            str(n),
            item.format(charger=facts.then("charger")),
            f"{facts.rng.randint(1, 9)}",
            f"{facts.rng.randint(1, 40) * 0.5:.1f}",
        )
        for n, item in enumerate(facts.rng.sample(wording.APPLIANCES, 4), 1)
    )
    entries = (
        *facts.who("id_no", "phone", "address"),
        Entry("申请容量", f"{customer.capacity_kva}kVA", "capacity_kva"),
        Entry("供电电压", customer.voltage),
        Entry("申请日期", chinese_date(facts.on), "date"),
        Entry("申请编号", facts.case_no, "case_no"),
    )
    chosen = facts.rng.randrange(3)
    blocks: list[Block] = [
        Section(entries, "客户基本信息"),
        Choice("业务类型", ("新装", "增容", "临时用电"), frozenset({chosen})),
        Choice("电费票据", (facts.then("invoice"), "增值税专用发票"), frozenset({0})),
        Listing(("序号", "用电设备名称", "数量", "容量(kW)"), load),
        Prose(f"本人（单位）因{facts.reason()}申请用电，保证所填写的内容和提供的资料真实有效，并自愿遵守供电企业的有关规定。", "客户声明"),
        Signatures((facts.customer_signs("申请人签名（盖章）"), facts.company_signs("受理人员"))),
    ]  # fmt: skip
    return _paper(facts, "A01", facts.titled("低压用电登记表" if customer.is_person else "高压客户用电登记表", "用电申请书", "用电业务申请表"), blocks)  # fmt: skip


def identity_card(facts: Facts) -> Content:
    """A02, a copy of the identity card of the customer or of a company's agent."""
    customer = facts.customer
    number = customer.id_no if customer.is_person else facts.agent_id
    birth = numbers.birth_of(number)
    card = Card(
        name=customer.name if customer.is_person else facts.agent,
        sex="男" if int(number[16]) % 2 else "女",
        birth=birth,
        address=customer.address,
        number=number,
        issuer="襄阳市公安局襄州分局",
        valid=_validity(birth, facts.on),
    )
    note = Prose(f"复印件与原件一致，仅用于办理用电业务。{chinese_date(facts.on)}")
    title = facts.titled("", "身份证复印件", "有效身份证明（复印件）粘贴页")
    return Content("A02", title, "", "", facts.on, (card, note))


def _validity(birth: date, on: date) -> str:
    """From when to when a card is valid that somebody showed on that day."""
    issued = max(date(on.year - 4, 3, 12), eras.first_day())
    years = eras.card_years(eras.age_on(birth, issued))
    until = f"{eras.anniversary(issued, years):%Y.%m.%d}" if years else "长期"
    return f"{issued:%Y.%m.%d}-{until}"


def licence(facts: Facts) -> Content:
    """A03, a business licence; an older one was made out anew for the town's name or the code."""
    customer, reform = facts.customer, eras.first_day()
    founded = customer.opened - timedelta(days=facts.rng.randint(60, 2_000))
    if eras.has_begun("credit_code", customer.opened):
        founded = max(founded, eras.begin("credit_code"))  # as its code says
    number = Entry("注册号", numbers.registration_no(int(customer.customer_no)), wide=True)
    if not facts.shows_organisation_code:
        reform = eras.begin("credit_code")
        number = Entry("统一社会信用代码", customer.id_no, "id_no", wide=True)
    anew = min(facts.on, reform + timedelta(days=founded.day))
    issued = max(founded + timedelta(days=30), anew)
    entries = (
        number,
        Entry("名称", customer.name, "name", wide=True),
        Entry("类型", "有限责任公司（自然人投资或控股）", wide=True),
        Entry("法定代表人", facts.agent),
        Entry("注册资本", f"{facts.rng.choice(('壹佰', '伍佰', '壹仟', '叁仟'))}万元整"),
        Entry("成立日期", chinese_date(founded), "date"),
        Entry("营业期限", "长期"),
        Entry("住所", customer.address, "address", wide=True),
        Entry("经营范围", "生产、加工、销售及技术服务（依法须经批准的项目，经相关部门批准后方可开展经营活动）", wide=True),
    )  # fmt: skip
    office = eras.word("licence_office", issued)
    sealed = Signatures((Party("登记机关", "", issued, office),))
    title = facts.titled("营业执照", "营业执照（副本）", "营业执照 正本")
    form_no = f"{facts.rng.randint(1, 9)}-{facts.rng.randint(1, 4)}"
    return Content("A03", title, "", form_no, facts.on, (Section(entries), sealed), framed=True)


def deed(facts: Facts) -> Content:
    """A05, a certificate of ownership: of land and house together, or of the house alone."""
    together = eras.has_begun("deed_of_land_and_house", facts.on)
    return _deed_of_both(facts) if together else _deed_of_house(facts)


def _deed_of_house(facts: Facts) -> Content:
    customer = facts.customer
    serial = facts.rng.randint(1, 99_999)
    entries = (
        Entry("房屋所有权人", customer.name, "name", wide=True),
        Entry("共有情况", facts.pick("单独所有", "共同共有")),
        Entry("房屋坐落", customer.address, "address", wide=True),
        Entry("丘（地）号", f"{facts.rng.randint(1, 9)}-{facts.rng.randint(1, 99)}-{serial}", wide=True),
        Entry("房屋性质", "商品房", wide=True),
        Entry("规划用途", "住宅" if customer.is_person else "厂房"),
        Entry("建筑面积", f"{facts.rng.randint(6_000, 18_000) / 100:.2f}平方米"),
        Entry("登记时间", chinese_date(facts.on), "date"),
    )  # fmt: skip
    blocks: tuple[Block, ...] = (
        Section(entries),
        Prose(f"根据{facts.then('property_law')}，房屋所有权证书是权利人享有房屋所有权的证明。"),
        Signatures((Party("登记机构", "", facts.on, facts.then("deed_office")),)),
    )
    title = facts.titled("房屋所有权证", "房屋所有权证", "土地房屋权属证明")
    number = f"襄阳市房权证襄州区字第{serial:08d}号"
    return Content("A05", title, "", number, facts.on, blocks, framed=True)


def _deed_of_both(facts: Facts) -> Content:
    customer = facts.customer
    serial = facts.rng.randint(1, 99_999)
    entries = (
        Entry("权利人", customer.name, "name", wide=True),
        Entry("共有情况", facts.pick("单独所有", "共同共有")),
        Entry("坐落", customer.address, "address", wide=True),
        Entry("不动产单元号", f"420607{facts.rng.randint(10**8, 10**9 - 1)}GB{serial:05d}F0001", wide=True),
        Entry("权利类型", "国有建设用地使用权/房屋所有权", wide=True),
        Entry("用途", "城镇住宅用地/住宅" if customer.is_person else "工业用地/厂房"),
        Entry("面积", f"{facts.rng.randint(6_000, 18_000) / 100:.2f}平方米"),
        Entry("使用期限", f"至{facts.on.year + 60}年12月31日止"),
        Entry("登记日期", chinese_date(facts.on), "date"),
    )  # fmt: skip
    blocks: tuple[Block, ...] = (
        Section(entries),
        Prose(f"根据{facts.then('property_law')}等法律法规，为保护不动产权利人合法权益，对不动产权利人申请登记的本证所列不动产权利，经审查核实，准予登记，颁发此证。"),
        Signatures((Party("登记机构", "", facts.on, facts.then("deed_office")),)),
    )  # fmt: skip
    title = facts.titled("不动产权证书", "中华人民共和国不动产权证书", "不动产权属证明")
    number = f"鄂({facts.on.year})襄州区不动产权第{serial:07d}号"
    return Content("A05", title, "", number, facts.on, blocks, framed=True)


def mandate(facts: Facts) -> Content:
    """A06, a power of attorney."""
    values = {
        "agent": facts.agent,
        "agent_id": facts.agent_id,
        "organisation": facts.organisation,
        "customer_no": facts.number(),
    }
    blocks: tuple[Block, ...] = (
        Section((*facts.who("id_no", "address"), Entry("委托日期", chinese_date(facts.on), "date"))),
        *(Prose(text.format(**values)) for text in wording.MANDATE),
        Signatures((facts.customer_signs("委托人（签字或盖章）"), Party("受托人", facts.agent, facts.on))),
    )  # fmt: skip
    return _paper(
        facts, "A06", facts.titled("授权委托书", "委 托 书", "用电业务授权委托书"), blocks
    )


def promise(facts: Facts) -> Content:
    """A08, a promise to bring a missing paper later."""
    values = {
        "reason": facts.reason(),
        "lack": facts.pick("房屋产权证明", "营业执照", "租赁合同原件"),
        "due": chinese_date(facts.on + timedelta(days=30)),
        "asks": facts.then("promise_asks"),
    }
    blocks: tuple[Block, ...] = (
        Section(
            (*facts.who("phone", "address"), Entry("承诺日期", chinese_date(facts.on), "date"))
        ),
        *(Prose(text.format(**values)) for text in wording.PROMISE),
        Signatures((facts.customer_signs("承诺人"),)),
    )
    title = facts.titled("客户承诺书", "承 诺 书", facts.then("promise_title"))
    return _paper(facts, "A08", title, blocks)


def guide(facts: Facts) -> Content:
    """A09, the information sheet that the customer signs."""
    blocks: tuple[Block, ...] = (
        *(Prose(text.format(organisation=facts.organisation)) for text in wording.GUIDE),
        Section((*facts.who("phone"), Entry("日期", chinese_date(facts.on), "date"))),
        Signatures((facts.customer_signs("客户签收"), facts.company_signs("告知人"))),
    )
    title = facts.titled("用电业务办理告知书", "一次性告知书", "业务办理须知（客户留存）")
    return _paper(facts, "A09", title, blocks)


def bank_mandate(facts: Facts) -> Content:
    """E01, the mandate for bank debit."""
    bank = facts.pick(*wording.BANKS)
    card = numbers.bank_card(int(facts.customer.customer_no[2:]))
    entries = (
        *facts.who("phone", "id_no"),
        Entry("开户银行", bank, wide=True),
        Entry("账户名称", facts.customer.name),
        Entry("银行账号", card, "bank_account", wide=True),
        Entry("签约日期", chinese_date(facts.on), "date"),
    )
    blocks: tuple[Block, ...] = (
        Section(entries, "授权人信息"),
        *(Prose(t.format(bank=bank, customer_no=facts.number())) for t in wording.BANK_MANDATE),
        Signatures((facts.customer_signs("授权人签字"), facts.company_signs("经办人"))),
    )
    title = facts.titled("电费银行代扣授权书", "委托银行代扣电费协议书", "批扣电费授权单")
    return _paper(facts, "E01", title, blocks)


def change(facts: Facts) -> Content:
    """F01, application for a change; a transfer names the former holder too."""
    former = facts.rng.choice(names.COMMON_SURNAMES) + facts.rng.choice(names.GIVEN)
    chosen = facts.rng.randrange(6)
    entries = (
        *facts.who("phone", "address", "id_no"),
        Entry("原户名", former if chosen == 3 else facts.customer.name),
        Entry("原户号", facts.customer.old_customer_no, "old_customer_no"),
        Entry("申请日期", chinese_date(facts.on), "date"),
        Entry("工单编号", facts.case_no, "case_no"),
    )
    options = ("减容", "暂停", "改类", "过户", "更名", "销户")
    blocks: tuple[Block, ...] = (
        Section(entries, "客户信息"),
        Choice("申请业务", options, frozenset({chosen})),
        Prose(f"因{facts.pick('房屋买卖', '经营调整', '长期外出', '生产线停产检修', '户籍变更')}，申请办理{options[chosen]}业务，原户电费已结清，由此产生的债权债务由双方自行处理，与供电企业无关。", "申请原因"),
        Signatures((facts.customer_signs("申请人（签章）"), facts.company_signs("受理人"))),
    )  # fmt: skip
    title = facts.titled("变更用电申请表", "用电变更申请书", "变更用电业务登记单")
    return _paper(facts, "F01", title, blocks)


def _paper(
    facts: Facts, type_code: str, title: str, blocks: list[Block] | tuple[Block, ...]
) -> Content:
    serial = f"{type_code}-{facts.on.year}-{facts.rng.randint(1, 9_999):04d}"
    return Content(type_code, title, facts.organisation, serial, facts.on, tuple(blocks))
