"""What people call the values of a field that has few: account states, categories, kinds of papers.

``状态:已销户`` means the code ``closed``. The names stand in the rule files; a value that is none
of them finds nothing, and a note says which there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from dossier.rules import document_types, image_quality, rulebook
from dossier.rules.document_types import solid
from dossier.rules.normal_form import fold
from dossier.search.periods import month_of, year_of
from dossier.search.wordings import synonyms

STATES: Mapping[str, tuple[str, str]] = {
    "received": ("已接收", "Received"),
    "reading": ("识别中", "Being read"),
    "to_assign": ("待归户", "To be assigned"),
    "filed": ("已归档", "Filed"),
    "quarantined": ("已隔离", "Set aside"),
}
"""A paper's states, in Chinese and English."""
COMPLETE, INCOMPLETE = "complete", "incomplete"
COMPLETENESS: Mapping[str, tuple[str, str]] = {
    COMPLETE: ("齐全", "Complete"),
    INCOMPLETE: ("缺件", "Incomplete"),
}
"""Whether a dossier has all papers that are asked for, in Chinese and English."""
PASSED, REMARKED, FAILED, RESCANNED, ACCEPTED = (
    "passed", "remarked", "failed", "rescanned", "accepted",
)  # fmt: skip
QUALITIES: Mapping[str, tuple[str, str]] = {
    PASSED: ("合格", "Passes"),
    REMARKED: ("合格，有提示", "Passes, with a remark"),
    FAILED: ("不合格，待重新扫描", "Fails, to be scanned anew"),
    RESCANNED: ("不合格，已重新扫描", "Fails, scanned anew since"),
    ACCEPTED: ("不合格，按原样接受", "Fails, accepted as it is"),
}
"""How a paper's pages are scanned, the worst of them, in Chinese and English."""
LATE: Mapping[str, tuple[str, str]] = {
    "dated_after": ("文件日期晚于环节完成", "Dated after its step"),
    "captured_after": ("环节完成后逾期采集", "Taken in long after its step"),
}
"""Why a paper is flagged as late, in Chinese and English."""
BOTH, PAPER_ONLY, PICTURE_ONLY, NEITHER = "both", "paper_only", "picture_only", "neither"
PAIRINGS: Mapping[str, tuple[str, str]] = {
    BOTH: ("纸质、电子齐备", "Paper and picture"),
    PAPER_ONLY: ("仅有纸质，图像未识别完整", "Paper only, not read to its end"),
    PICTURE_ONLY: ("仅有电子，无纸质原件", "Picture only, no paper"),
    NEITHER: ("两者皆缺", "Neither"),
}
"""Which half of a filed paper is there (双归档), in Chinese and English."""
_SAID: Mapping[str, tuple[str, ...]] = {
    COMPLETE: ("齐", "齐备", "完整", "资料齐全", "是", "yes"),
    INCOMPLETE: ("不齐", "不全", "不齐全", "不完整", "缺", "缺资料", "否", "no"),
}
"""Further words for the same."""

NAMED = {
    "state": STATES,
    "completeness": COMPLETENESS,
    "quality": QUALITIES,
    "late": LATE,
    "pairing": PAIRINGS,
}
"""Facets with few values, and what these are called."""
_HEADINGS = {"category": "categories", "status": "statuses"}
_YEAR = re.compile(r"[12][0-9]{3}")
_MONTH = re.compile(r"[12][0-9]{3}-(?:0[1-9]|1[0-2])")


def codes_of(field: str, value: str) -> tuple[str, ...]:
    """The codes that a value of a field with few values names; none for no name.

    Those are ``state``, ``status``, ``category``, ``completeness``, and ``missing``: the types that
    are called so, or have the word in their name.
    """
    if field == "missing":
        return _types_called(value)
    return _codes(field).get(_plain(value), ())


@lru_cache(maxsize=256)
def _types_called(value: str) -> tuple[str, ...]:
    catalogue = document_types.catalogue()
    words = (value, *synonyms(value))
    found = {code for word in words for code in catalogue.codes_named(word)}
    parts = [word for word in map(_plain, words) if len(word) > word.isascii()]
    for code, entry in catalogue.types.items():
        names = (_plain(entry.label_zh), _plain(entry.label_en))
        if any(part in name for part in parts for name in names):
            found.add(code)
    return tuple(sorted(found))


def labels_of(field: str) -> str:
    """The values that there are, in Chinese, with the codes that one may write as well."""
    return " ".join(f"{label}({code})" for code, label in _labels(field).items())


def is_type(value: str) -> bool:
    """Whether a kind of papers is named so: by a code, a title or a part of its label."""
    catalogue = document_types.catalogue()
    words = (value, *synonyms(value))
    if any(catalogue.codes_named(word) for word in words):
        return True
    labels = [fold(entry.label_zh) for entry in catalogue.types.values()]
    return any(_plain(word) in label for word in words for label in labels)


def ends_type_name(value: str) -> bool:
    """Whether a kind's name, or a title of its papers, ends so: 合同, 执照; or a synonym does."""
    endings = document_types.catalogue().endings
    return any(solid(word) in endings for word in (value, *synonyms(value)))


def is_code(facet: str, value: str) -> bool:
    """Whether a filter's value can be one of this facet; facets of ids and of plugins take any."""
    match facet:
        case "type" | "missing":
            return value in document_types.catalogue().types
        case "year":
            return bool(_YEAR.fullmatch(value) and year_of(value))
        case "month":
            return bool(_MONTH.fullmatch(value) and month_of(value))
        case "status" | "category":
            return value in _labels(facet)
        case _ if facet in NAMED:
            return value in _labels(facet)
        case "finding":
            return image_quality.named(value) is not None
        case _:
            return True


@cache
def _labels(field: str) -> Mapping[str, str]:
    if field in NAMED:
        return {code: chinese for code, (chinese, _) in NAMED[field].items()}
    entries = rulebook.load("categories")[_HEADINGS[field]]
    return {code: entry["label_zh"] for code, entry in entries.items()}


@cache
def _codes(field: str) -> Mapping[str, tuple[str, ...]]:
    named = {_plain(code): (code,) for code in _labels(field)}
    if field in NAMED:
        both = ((name, code) for code, names in NAMED[field].items() for name in names)
        said = ((word, code) for code, words in _SAID.items() for word in words)
        further = said if field == "completeness" else ()
        return named | {_plain(name): (code,) for name, code in (*both, *further)}
    for code, entry in rulebook.load("categories")[_HEADINGS[field]].items():
        for name in (entry["label_zh"], entry["label_en"], *entry["words"]):
            named[_plain(name)] = (code,)
    return named


def _plain(value: str) -> str:
    return "".join(fold(value).split())
