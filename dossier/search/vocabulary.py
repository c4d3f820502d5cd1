"""Words by which people name fields in the search box (domain.md 4.6 and the forms' own labels)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dossier.rules.normal_form import fold

LABELS: Mapping[str, tuple[str, ...]] = {
    "customer_no": (
        "户号",
        "客户编号",
        "用户编号",
        "用电户号",
        "客户号",
        "用户号",
        "旧户号",
        "原户号",
    ),
    "meter_no": ("表号", "资产编号", "电能表编号", "电表号", "表计编号"),
    "number": ("号码", "编号"),
    "name": ("姓名", "户名", "名称", "客户名称", "用户名称", "用电人", "用电户名", "客户姓名"),
    "phone": ("电话", "手机", "手机号", "手机号码", "联系电话", "联系方式", "电话号码"),
    "address": ("地址", "用电地址", "住址", "联系地址"),
    "id_no": (
        "身份证",
        "身份证号",
        "身份证号码",
        "证件号",
        "证件号码",
        "公民身份号码",
    ),
    "uscc": ("统一社会信用代码", "信用代码", "社会信用代码"),
    "account": ("账号", "银行账号", "卡号", "银行账户", "开户账号"),
    "type": ("类型", "文件类型", "资料类型", "种类"),
    "title": ("标题", "题名"),
    "file": ("文件名", "文件名称"),
    "date": ("日期", "文件日期", "时间"),
    "year": ("年度", "年份", "年"),
    "month": ("年月", "月份", "月"),
    "text": ("正文", "全文", "内容"),
    "case_no": ("工单", "工单号", "申请编号", "工单编号", "受理编号"),
    "reference_code": ("档号", "档案号"),
    "status": ("状态", "用电状态", "客户状态"),
    "state": ("归档状态", "文件状态", "资料状态"),
    "category": ("类别", "客户类别"),
    "station": ("供电所",),
    "line": ("线路",),
    "district": ("台区",),
    "completeness": ("齐全", "资料齐全", "完整", "完整性"),
    "missing": ("缺", "缺少", "缺件", "缺失"),
}
"""Field → the words by which people name it, besides its own name."""
NUMBERED = frozenset(
    {
        "number",
        "customer_no",
        "meter_no",
        "phone",
        "id_no",
        "uscc",
        "account",
        "case_no",
        "reference_code",
    }
)
"""Fields whose values are numbers."""
_BY_LABEL = {fold(label): field for field, labels in LABELS.items() for label in (field, *labels)}


# 尾号6580, 手机尾号6580, 身份证后四位: what a caller says of a number whose end alone is known.
_END_OF = re.compile("的?(?:尾号|[后末][0-9一二三四五六七八]位数?字?)")
_WITH_ENDS = frozenset({"number", "customer_no", "meter_no", "phone", "id_no", "uscc"})


def field_of(label: str) -> str | None:
    """The field that a label names, in Chinese (either script) or by its own name; None if none."""
    folded = fold(label).strip()
    if field := _BY_LABEL.get(folded):
        return field
    end = _END_OF.search(folded)
    if end is None or end.end() != len(folded):
        return None
    field = _BY_LABEL.get(folded[: end.start()]) if end.start() else "number"
    return field if field in _WITH_ENDS else None
