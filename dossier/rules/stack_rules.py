"""The numbers and words of rulebook/stacks.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.rules.document_types import solid


@dataclass(frozen=True, slots=True)
class StackRules:
    """Where a stack is cut: weights in nats, thresholds, limits and words."""

    prior: float
    weights: Mapping[str, float]
    cut: float
    ask: float
    remark: float
    pages: int
    separator_text: int
    list_customers: int
    picture_text: int
    cover_text: int
    starts: int
    size: float
    edge: float
    edge_lines: int
    most_pages_of_a_paper: int
    separator_words: tuple[str, ...]
    annex_words: tuple[str, ...]
    signature_words: tuple[str, ...]
    picture_words: tuple[str, ...]

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> StackRules:
        """Read the rule file's content.

        Raises:
            ConfigurationError: the thresholds are not in order.
        """
        decide, limits = body["decide"], body["limits"]
        rules = StackRules(
            prior=float(body["prior"]),
            weights={kind: float(weight) for kind, weight in body["weights"].items()},
            cut=float(decide["cut"]),
            ask=float(decide["ask"]),
            remark=float(decide["remark"]),
            pages=int(limits["pages"]),
            separator_text=int(limits["separator_text"]),
            list_customers=int(limits["list_customers"]),
            cover_text=int(limits["cover_text"]),
            picture_text=int(limits["picture_text"]),
            starts=int(limits["starts"]),
            size=float(limits["size"]),
            edge=float(limits["edge"]),
            edge_lines=int(limits["edge_lines"]),
            most_pages_of_a_paper=int(limits["most_pages_of_a_paper"]),
            separator_words=_solid(body["separator_words"]),
            annex_words=_solid(body["annex_words"]),
            signature_words=_solid(body["signature_words"]),
            picture_words=_solid(body["picture_words"]),
        )
        if not 0 < rules.remark <= rules.ask <= rules.cut < 1:
            raise ConfigurationError("stacks.yaml: decide must be 0 < remark <= ask <= cut < 1")
        return rules


def _solid(words: list[str]) -> tuple[str, ...]:
    return tuple(solid(word) for word in words)


@cache
def stack_rules() -> StackRules:
    """The built-in rules, read once a process."""
    return StackRules.from_body(rulebook.load("stacks"))
