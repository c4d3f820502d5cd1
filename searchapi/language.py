"""In which language labels are answered: ``lang`` in the query, else ``Accept-Language``."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request

from dossier.viewer import Viewer

LANGUAGES = {"zh": "zh_CN", "zh-cn": "zh_CN", "zh-hans": "zh_CN", "zh-sg": "zh_CN"} | {
    "zh-tw": "zh_TW",
    "zh-hk": "zh_TW",
    "zh-hant": "zh_TW",
    "en": "en",
}
"""Language ranges that we answer, and as what."""


def speaking(request: Request, viewer: Viewer, default: str) -> Viewer:
    """The viewer with the language that this request asked for."""
    asked = request.query_params.get("lang") or request.headers.get("accept-language") or ""
    return replace(viewer, language=choose(asked, default))


def choose(asked: str, default: str) -> str:
    """The first known language of an ``Accept-Language`` list, by its weights."""
    ranges = []
    for part in asked[:200].split(","):
        tag, _, weight = part.strip().partition(";q=")
        ranges.append((-_weight(weight), tag.strip().lower().replace("_", "-")))
    for _, tag in sorted(ranges, key=lambda each: each[0]):
        known = LANGUAGES.get(tag) or LANGUAGES.get(tag.split("-")[0])
        if known:
            return known
    return default


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
