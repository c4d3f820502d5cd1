"""Which language a request asks for: the ``Accept-Language`` header against what we speak."""

from __future__ import annotations

from typing import Final

LANGUAGES: Final = {
    "zh": "zh_CN",
    "zh-hant": "zh_TW",
    "zh-tw": "zh_TW",
    "zh-hk": "zh_TW",
    "zh-mo": "zh_TW",
    "en": "en",
}
"""Language ranges that we answer, and as what; of a longer one the longest beginning counts."""
LONGEST_HEADER: Final = 200
"""Characters that are looked at; browsers send a handful of languages."""


def choose(asked: str, default: str) -> str:
    """The known language that an ``Accept-Language`` list likes best (RFC 9110 §12.5.4).

    Args:
        asked: the header, or a single language tag.
        default: the answer when the list names none that we know.
    """
    ranges = []
    for part in asked[:LONGEST_HEADER].split(","):
        tag, _, weight = part.partition(";")
        ranges.append((_weight(weight), tag.strip().lower().replace("_", "-")))
    for weight, tag in sorted(ranges, key=lambda each: -each[0]):
        known = _known(tag)
        if known and weight > 0:
            return known
    return default


def _known(tag: str) -> str:
    """``zh-Hant-TW`` → ``zh-hant-tw``, ``zh-hant``, ``zh``: the first that we know."""
    parts = tag.split("-")
    beginnings = ("-".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((LANGUAGES[start] for start in beginnings if start in LANGUAGES), "")


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
