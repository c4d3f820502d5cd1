"""Findings in words: what, measured, required, clause."""

from __future__ import annotations

from dossier.db.quality_tables import PageFinding
from dossier.plugins.image_quality import duty
from dossier.rules import image_quality, rulebook
from dossier.services import labels
from ui.labels import N_

CHINESE = labels.CHINESE
UNITS = {"degrees": "°", "percent": " %", "dpi": " dpi", "kb": " KB", "mb": " MB", "mm": " mm"}
WORDS = {"levels": (" 级", " levels"), "words": (" 处", " words")}
STATES = {
    duty.OPEN: N_("to be scanned anew"),
    duty.RESCANNED: N_("scanned anew"),
    duty.ACCEPTED: N_("accepted as it is"),
    duty.VOID: N_("no longer asked for"),
}
TROUBLES = {
    duty.OTHER_CUSTOMER: N_("The scan that was handed in is another customer's."),
    duty.OTHER_PAGES: N_("The scan that was handed in has another number of pages."),
    duty.FAILS_AGAIN: N_("The scan that was handed in does not pass either."),
    duty.NOT_READ: N_("The scan that was handed in could not be read."),
}


def language_of(locale: str) -> str:
    """``zh`` or ``en``."""
    return CHINESE if locale.startswith(CHINESE) else "en"


def name(code: str, language: str) -> str:
    """What a check looks at; a code that the file lost is shown as it is."""
    known = image_quality.named(code)
    if known is None:
        return code
    return known.zh if language == CHINESE else known.en


def values(found: PageFinding, language: str) -> str:
    """What was measured and what is required, where a number says something."""
    known = image_quality.named(found.code)
    if known is None or not known.unit:
        return ""
    unit = _unit(known.unit, language)
    sign = "≤" if known.above else "≥"
    measured, required = f"{found.measured:g}{unit}", f"{sign} {found.required:g}{unit}"
    if language == CHINESE:
        return f"{measured}（应 {required}）"
    return f"{measured} (should be {required})"


def clause(code: str) -> str:
    """Where the standard says so."""
    known = image_quality.named(code)
    if known is None:
        return ""
    return f"DA/T 31-2017 {known.clause}"


def told(found: PageFinding, language: str) -> str:
    """A finding on one line."""
    parts = (name(found.code, language), values(found, language), _other(found, language))
    return " ".join(part for part in parts if part)


def why(code: str, language: str) -> str:
    """Why a page was accepted as it is."""
    known = rulebook.load(image_quality.FILE)["reasons"].get(code)
    if known is None:
        return code
    word: str = known["zh"] if language == CHINESE else known["en"]
    return word


def _unit(unit: str, language: str) -> str:
    if unit in WORDS:
        return WORDS[unit][language != CHINESE]
    return UNITS.get(unit, f" {unit}")


def _other(found: PageFinding, language: str) -> str:
    if found.other_document_id is None:
        return ""
    if found.other_document_id == found.document_id:
        chinese, english = f"与第 {found.other_page} 页相同", f"the same as page {found.other_page}"
    else:
        chinese = f"与另一份文件的第 {found.other_page} 页相同"
        english = f"the same as page {found.other_page} of another paper"
    return chinese if language == CHINESE else english
