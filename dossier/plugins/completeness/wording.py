"""What types, rules and days are called, in the viewer's language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from dossier.plugins.completeness import waiver_reasons
from dossier.plugins.completeness.cases import CaseState, Outcome, Reason
from dossier.plugins.completeness.items import Item, ItemState
from dossier.plugins.completeness.requirements import Named, Requirement, Requirements
from dossier.services import labels

CHINESE, ENGLISH = labels.CHINESE, "en"
STATES = {
    ItemState.PRESENT: ("齐备", "present"),
    ItemState.MISSING: ("缺", "missing"),
    ItemState.EXPIRED: ("已过期", "expired"),
    ItemState.UNSIGNED: ("未签字", "unsigned"),
    ItemState.UNSEALED: ("未盖章", "unsealed"),
    ItemState.WAIVED: ("免交", "waived"),
    ItemState.PROMISED: ("容缺待补", "promised"),
    ItemState.NOT_DUE: ("未到环节", "not due yet"),
    ItemState.UNDECIDED: ("待确认", "to be clarified"),
    ItemState.OPTIONAL: ("可选", "optional"),
}
CASES = {
    CaseState.OPEN: ("办理中", "under way"),
    CaseState.HELD: ("挂起", "held"),
    CaseState.DONE: ("已办结", "done"),
    CaseState.CANCELLED: ("已撤销", "cancelled"),
}
_OUTCOMES = {
    Outcome.APPLIED: ("已生效", "applied"),
    Outcome.KEPT: ("已留存，此类事件不改变工单", "kept; events of this type change no case"),
    "repeated": ("此前已收到，未重复处理", "came before; not done again"),
    "conflict": (
        "同一来源和编号的事件内容不同，以先收到的为准",
        "another event came before under this source and id; the first one counts",
    ),
}
_REASONS = {
    Reason.NOT_OPENED: (
        "尚不知属于哪一户或何种业务，待相关事件到达后生效",
        "whose case it is, or of what business, is not known yet; it waits for events that say so",
    ),
    Reason.OTHER_CUSTOMER: ("工单属于另一户", "the case is another customer's"),
    Reason.OTHER_BUSINESS: ("工单属于另一业务", "the case is of another business"),
    Reason.NO_SUCH_NODE: ("该业务没有此环节", "the business has no such node"),
    Reason.CANCELLED_BEFORE: ("工单此前已撤销", "the case was cancelled before"),
    Reason.NOT_HELD: ("工单未挂起", "the case was not held"),
    Reason.UNKNOWN_BUSINESS: ("资料目录中没有此业务", "the catalogue has no such business"),
    Reason.BAD_DATA: ("data 有误，请检查编号和日期", "data is wrong; check numbers and days"),
    Reason.NO_CASE: ("缺少 case_no", "case_no lacks"),
    Reason.NO_CUSTOMER: ("缺少 customer_no", "customer_no lacks"),
}


def language_of(locale: str) -> str:
    """``zh`` or ``en``."""
    return labels.CHINESE if locale.startswith(labels.CHINESE) else ENGLISH


def state(found: ItemState, language: str) -> str:
    """A state in words."""
    return STATES[found][language != labels.CHINESE]


def named(thing: Named, language: str) -> str:
    """A business, node or fact in words."""
    return thing.zh if language == labels.CHINESE else thing.en


def business(book: Requirements, code: str, language: str) -> str:
    """A business in words; one that the rule file lost by its code."""
    known = book.businesses.get(code)
    return named(known, language) if known else code


def papers(types: Iterable[str], language: str) -> str:
    """The papers of which any will do."""
    between = "或" if language == labels.CHINESE else " or "
    return between.join(labels.type_label(code, language) for code in types)


def condition(rule: Requirement, book: Requirements, language: str) -> str:
    """When a conditional paper is asked for; what has no words is shown as it is written."""
    if rule.when is None:
        return ""
    chinese = language == labels.CHINESE
    between = "" if chinese else " "
    said = _HAS.sub(lambda found: _has(found, language), rule.when.text)
    parts = []
    for word in _TOKENS.findall(said):
        if word in book.facts:
            parts.append(named(book.facts[word], language))
        else:
            parts.append(_OPERATORS.get(word, {}).get(language, word.strip('"')))
    return between.join(parts)


def _has(found: re.Match[str], language: str) -> str:
    label = labels.type_label(found["code"], language)
    if language == labels.CHINESE:
        return f'"{"无" if found["none"] else "有"}{label}"'
    return f'"{"no" if found["none"] else "there is"} {label}"'


_HAS = re.compile(r"""["'](?P<code>\w+)["'] (?P<none>not )?in papers""")
_TOKENS = re.compile(r"""\"[^\"]*\"|\w+(?:\.\d+)?|[<>=!]+|[()]""")
_OPERATORS = {
    "and": {"zh": "，且", "en": "and"},
    "or": {"zh": "，或", "en": "or"},
    "not": {"zh": "并非", "en": "not:"},
    ">": {"zh": " 大于 ", "en": "over"},
    ">=": {"zh": " 不小于 ", "en": "at least"},
    "<": {"zh": " 小于 ", "en": "under"},
    "<=": {"zh": " 不大于 ", "en": "at most"},
    "==": {"zh": " 为 ", "en": "is"},
    "!=": {"zh": " 不为 ", "en": "is not"},
    "true": {"zh": "是", "en": "true"},
    "false": {"zh": "否", "en": "false"},
}


def asked(item: Item, language: str) -> str:
    """What an item asks for, with its number where that is more than one."""
    count = f" × {item.rule.count}" if item.rule.count > 1 else ""
    return papers(item.rule.any_of, language) + count


def since(day: date | None, language: str) -> str:
    """Since when something lacks; empty where nobody knows."""
    if day is None:
        return ""
    return f"自 {day.isoformat()}" if language == labels.CHINESE else f"since {day.isoformat()}"


def waived_why(reason: str, note: str, language: str) -> str:
    """Why a paper was waived; a code that the file lost is shown as it is."""
    known = waiver_reasons.load().reasons.get(reason)
    words = named(known, language) if known else reason
    between = "：" if language == labels.CHINESE else ": "
    return f"{words}{between}{note}" if note else words


def case_state(code: str, language: str) -> str:
    """How far a case is, in words."""
    return CASES[CaseState(code)][language != labels.CHINESE]


def event_told(outcome: str, reason: str, language: str) -> str:
    """What became of an event, in words."""
    words = _OUTCOMES.get(outcome) or _REASONS[Reason(reason)]
    return words[language != labels.CHINESE]
