"""What pages, panels and answers call the codes of this feature, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from dossier.plugins.verification import rules
from dossier.plugins.verification.comparison import GONE, OPEN, SETTLED
from dossier.plugins.verification.contacts import Outcome
from dossier.plugins.verification.differences import Decision
from dossier.plugins.verification.facts import Fact
from dossier.plugins.verification.mandates import (
    CLOSED,
    FAILED_DEBIT,
    NAME_DIFFERS,
    RESIGNED,
)
from dossier.plugins.verification.real_name import Result
from dossier.plugins.verification.stale import ContactState
from dossier.rules import attributes
from dossier.rules.same_names import Likeness
from dossier.services import labels
from dossier.services.customer_attributes import CUSTOMER_FILE, PERSON

Words = Mapping[str, tuple[str, str]]
RESULTS: Final[Words] = {
    Result.VERIFIED: ("已核验一致", "verified"),
    Result.MISMATCH: ("不一致", "mismatch"),
    Result.NOT_CHECKED: ("未核验", "not checked"),
}
OUTCOMES: Final[Words] = {
    Outcome.CONFIRMED: ("号码正确", "number is right"),
    Outcome.CHANGED: ("号码已变更", "number changed"),
    Outcome.ADDED: ("新增号码", "number added"),
    Outcome.UNREACHED: ("未能联系上", "nobody reached"),
}
CONTACT_STATES: Final[Words] = {
    ContactState.NO_NUMBER: ("无联系电话", "no number"),
    ContactState.UNREACHED: ("联系不上", "nobody reached"),
    ContactState.NEVER: ("从未核对", "never checked"),
    ContactState.REPLACED: ("核对后已换号", "replaced since"),
    ContactState.EXPIRED: ("核对已过期", "checked too long ago"),
    ContactState.GOOD: ("已核对", "checked"),
}
FACTS: Final[Words] = {
    Fact.NAME: ("户名", "name"),
    Fact.ID_NO: ("证件号码", "ID number"),
    Fact.ADDRESS: ("用电地址", "address"),
    Fact.CAPACITY: ("容量(kVA)", "capacity (kVA)"),
    Fact.CATEGORY: ("客户类别", "category"),
    Fact.METER: ("表号", "meters"),
    Fact.CUSTOMER: ("对方无此户", "the other side has no such customer"),
}
DECISIONS: Final[Words] = {
    Decision.TAKE_THEIRS: ("采用营销系统", "take theirs"),
    Decision.KEEP_OURS: ("保留档案", "keep ours"),
    Decision.CLERICAL: ("书写差异", "clerical"),
}
DIFFERENCE_STATES: Final[Words] = {
    OPEN: ("待处理", "open"),
    SETTLED: ("已处理", "settled"),
    GONE: ("已消除", "gone"),
}
CORRECTIONS: Final[Words] = {
    NAME_DIFFERS: ("账户户名与登记户名不符", "account in another name"),
    FAILED_DEBIT: ("批扣失败", "debit failed"),
}
CORRECTION_STATES: Final[Words] = {
    OPEN: ("待修签", "open"),
    RESIGNED: ("已修签", "signed anew"),
    CLOSED: ("已办结", "closed"),
}
SOURCES: Final[Words] = {
    CUSTOMER_FILE: ("客户台账文件", "customer file"),
    PERSON: ("人工登记", "by hand"),
}
LIKENESS: Final[Words] = {
    Likeness.SAME: ("与登记户名相同", "the same name as in the register"),
    Likeness.ALIKE: ("与登记户名近似，请细看", "like the register's name; look closely"),
    Likeness.OTHER: ("与登记户名不同", "another name than in the register"),
}
TONES: Final[Mapping[str, str]] = {
    Result.VERIFIED: "ok",
    Result.MISMATCH: "bad",
    Result.NOT_CHECKED: "none",
    ContactState.GOOD: "ok",
    ContactState.NO_NUMBER: "bad",
    ContactState.UNREACHED: "bad",
    ContactState.NEVER: "none",
    ContactState.REPLACED: "warn",
    ContactState.EXPIRED: "warn",
}
"""How a state is drawn: a name of the style sheet."""


def language_of(locale: str) -> str:
    """Which of the two languages of the rule files a viewer reads."""
    return labels.CHINESE if locale.startswith(labels.CHINESE) else "en"


def said(words: Words, code: str, language: str) -> str:
    """A code in words; one that there is not (any more) as it is."""
    zh, en = words.get(code, (code, code))
    return zh if language == labels.CHINESE else en


def failure(code: str, language: str) -> str:
    """Why a bank refused."""
    found = rules.load().debit_failures.get(code)
    return said({} if found is None else {code: (found.zh, found.en)}, code, language)


def item(code: str, language: str) -> str:
    """What a campaign goes through."""
    found = rules.load().campaign_items.get(code)
    return said({} if found is None else {code: (found.zh, found.en)}, code, language)


def attribute(name: str, language: str) -> str:
    """What an attribute is called; one that the file lost is shown as it is."""
    found = attributes.catalogue().get(name)
    return said({} if found is None else {name: (found.zh, found.en)}, name, language)


def attribute_values(name: str, codes: Iterable[str], language: str) -> str:
    """An attribute's values in words."""
    found = attributes.catalogue().get(name)
    if found is None:
        return ", ".join(codes)
    chinese = language == labels.CHINESE
    return ("、" if chinese else ", ").join(found.label(one, chinese=chinese) for one in codes)


def source(code: str, language: str) -> str:
    """Where an attribute came from; what a program calls itself as it is."""
    return said(SOURCES, code, language)


def channel(code: str, language: str) -> str:
    """A channel, also one that may not be chosen any more."""
    found = rules.load().channels.get(code)
    return said({} if found is None else {code: (found.zh, found.en)}, code, language)
