"""What types, rules and days are called, in the viewer's language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from dossier.plugins.completeness import waiver_reasons
from dossier.plugins.completeness.items import Item, ItemState
from dossier.plugins.completeness.requirements import Named
from dossier.services import labels

ENGLISH = "en"
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


def language_of(locale: str) -> str:
    """``zh`` or ``en``."""
    return labels.CHINESE if locale.startswith(labels.CHINESE) else ENGLISH


def state(found: ItemState, language: str) -> str:
    """A state in words."""
    return STATES[found][language != labels.CHINESE]


def named(thing: Named, language: str) -> str:
    """A business, node or fact in words."""
    return thing.zh if language == labels.CHINESE else thing.en


def papers(types: Iterable[str], language: str) -> str:
    """The papers of which any will do."""
    between = "或" if language == labels.CHINESE else " or "
    return between.join(labels.type_label(code, language) for code in types)


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
