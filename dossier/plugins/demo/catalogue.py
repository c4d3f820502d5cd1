"""Which document types the inventor can make, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dossier.plugins.demo import forms_company, forms_customer
from dossier.plugins.demo.content import Content
from dossier.plugins.demo.facts import Facts


@dataclass(frozen=True, slots=True)
class PaperType:
    """A document type of domain.md §2.1 and how often it is made.

    Attributes:
        label: the type's Chinese name.
        build: makes the content.
        person: weight among a person's papers, 0 never.
        company: weight among an organisation's papers.
        identities: what such a paper may tell about its customer.
        scan_only: comes as a picture only (copies of certificates).
    """

    label: str
    build: Callable[[Facts], Content]
    person: int
    company: int
    identities: tuple[str, ...] = ("customer_no", "customer_no", "meter_no", "name_address")
    scan_only: bool = False


_NUMBERED = ("customer_no",)
_BY_ID = ("customer_no", "customer_no", "id_no", "name_address")
_PLACED = ("customer_no", "customer_no", "name_address", "name")

TYPES: dict[str, PaperType] = {
    "A01": PaperType("用电申请书", forms_customer.application, 10, 8, _BY_ID),
    "A02": PaperType("身份证明", forms_customer.identity_card, 10, 0, ("id_no",), scan_only=True),
    "A03": PaperType("营业执照", forms_customer.licence, 0, 9, ("id_no",), scan_only=True),
    "A05": PaperType("产权证明", forms_customer.deed, 7, 6, ("name_address",), scan_only=True),
    "A06": PaperType("授权委托书", forms_customer.mandate, 3, 6, _BY_ID),
    "A08": PaperType("客户承诺书", forms_customer.promise, 4, 2, _PLACED),
    "A09": PaperType("业务办理告知书", forms_customer.guide, 5, 3, _NUMBERED),
    "B01": PaperType("现场勘查工作单", forms_company.survey, 4, 7),
    "B02": PaperType("供电方案答复单", forms_company.plan_reply, 3, 8),
    "C01": PaperType("供用电合同", forms_company.contract, 9, 9),
    "C02": PaperType(
        "电费结算协议", forms_company.settlement, 6, 6, ("customer_no", "name_address")
    ),
    "D01": PaperType("装拆表工作单", forms_company.meter_work, 8, 7, ("customer_no", "meter_no")),
    "E01": PaperType("银行代扣授权", forms_customer.bank_mandate, 5, 2, ("customer_no", "id_no")),
    "F01": PaperType("变更用电申请表", forms_customer.change, 5, 4, _BY_ID),
    "G01": PaperType("用电检查工作单", forms_company.inspection, 3, 8),
    "G02": PaperType("用电检查结果通知书", forms_company.defect_notice, 1, 6, _PLACED),
    "H03": PaperType("欠费停电通知书", forms_company.cut_notice, 5, 3, ("customer_no", "meter_no")),
    "J01": PaperType("联系方式核查记录", forms_company.contact_check, 5, 2, _PLACED),
    "J02": PaperType("实名核验记录", forms_company.name_check, 4, 2, _BY_ID),
}
