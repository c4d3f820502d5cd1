"""Printed labels on forms: which kinds there are, and finding them in a page's text.

The labels are data (rulebook/linking.yaml).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dossier.rules.normal_form import HAN, fold

CUSTOMER_NO, OLD_CUSTOMER_NO, METER_NO = "customer_no", "old_customer_no", "meter_no"
NAME, HOLDER, FORMER_NAME, ID_NO = "name", "holder", "former_name", "id_no"
PHONE, ADDRESS, CASE_NO, CONTRACT_NO = "phone", "address", "case_no", "contract_no"
DOC_DATE, OTHER_DATE, OTHER, NUMBER = "doc_date", "other_date", "other", "number"
PLAIN = "plain"
IMPOSSIBLE_ID = "impossible_id"
"""Behind the label of an ID number: the check digit is right, the day of birth is none."""

_ANYWHERE = frozenset({CUSTOMER_NO, OLD_CUSTOMER_NO, METER_NO, ID_NO, OTHER, CASE_NO, CONTRACT_NO})
"""Labels of numbers count inside a sentence too (对户号4200000012采用…); others stand alone."""
_NOTE = r"(?:\([^()\n\t]{1,14}\))?"


@dataclass(frozen=True, slots=True)
class Label:
    """A label in folded text; ``end`` is behind a note in brackets."""

    kind: str
    start: int
    end: int


class PageLabels:
    """The printed labels, compiled: longest first, spaces between their characters allowed."""

    def __init__(self, labels: Mapping[str, Sequence[str]]) -> None:
        """Compile ``kind → labels``."""
        self._kinds = {_dense(word): kind for kind, words in labels.items() for word in words}
        longest = sorted(self._kinds, key=len, reverse=True)
        spaced = (r" {0,3}".join(map(re.escape, word)) for word in longest)
        self._pattern = re.compile(f"({'|'.join(spaced)}){_NOTE}")

    def find(self, text: str, start: int, end: int) -> Iterator[Label]:
        """Labels in a cell; one inside a sentence counts only before a number."""
        position = start
        while match := self._pattern.search(text, position, end):
            kind = self._kinds[_dense(match[1])]
            if self._stands_free(text, kind, match, start, end):
                yield Label(kind, match.start(), match.end())
                position = match.end()
            else:
                position = match.start() + 1

    @staticmethod
    def _stands_free(text: str, kind: str, match: re.Match[str], start: int, end: int) -> bool:
        before = text[match.start() - 1] if match.start() > start else " "
        after = text[match.end()] if match.end() < end else " "
        if kind == PLAIN:
            alone = not text[start : match.start()].strip() and not text[match.end() : end].strip()
            return alone or after == ":"
        if kind in _ANYWHERE and (after in " :;.·_为是" or after.isdigit()):
            return True
        return not re.match(rf"[{HAN}]", before) and after in " :;·_"


def _dense(label: str) -> str:
    return re.sub(r"\s", "", fold(label))
