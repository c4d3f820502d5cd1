"""What rules rest on, in words: rulebook/sources.yaml as values.

A rule's ``source`` is written for who keeps the rules: ids (``D5``, ``S3-15``) with a remark. Who
reads the rule on a page is told what stands behind the ids. An office's own matrix names its own
sources, which are shown as they stand there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from dossier.rules.rulebook import load_rulebook

_ID = re.compile(r"\b(?:D\d(?:\.\d)?|S\d-\d\d)(?![\w.])")


@dataclass(frozen=True, slots=True)
class Source:
    """Something that rules rest on.

    Attributes:
        id: as rules name it.
        zh: what it is called.
        en: the same.
        about_zh: what stands behind it: which law, article or published rule, and what is our own.
        about_en: the same.
        weight_zh: its kinds, and how sure it is that it says so.
        weight_en: the same.
    """

    id: str
    zh: str
    en: str
    about_zh: str
    about_en: str
    weight_zh: str
    weight_en: str


@cache
def sources() -> Mapping[str, Source]:
    """All of them by id."""
    body = load_rulebook("sources")
    words = {**body["kinds"], **body["confidence_words"]}
    found = {}
    for key, one in body["sources"].items():
        weights = [*one["kinds"], one["confidence"]]
        found[key] = Source(
            key,
            one["zh"],
            one["en"],
            one["about_zh"],
            one["about_en"],
            "、".join(words[code]["zh"] for code in weights),
            ", ".join(words[code]["en"] for code in weights),
        )
    return found


def cited(text: str) -> tuple[Source, ...]:
    """The sources that a rule names, in its order; none where it begins with another's."""
    known = sources()
    if not _ID.match(text):
        return ()
    return tuple(known[key] for key in dict.fromkeys(_ID.findall(text)) if key in known)
