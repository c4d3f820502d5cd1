"""Conditions of requirement rules: a small expression over a dossier's facts, never ``eval``.

The expressions are those of the package ``rule-engine``: comparisons, ``and``, ``or``, ``not``,
``in``; they reach nothing but the facts that they are given. Each is checked when the rule file is
read: a fact that does not exist or is of another kind stops the start.

A register does not know everything. A fact without a value may be either way: where the condition
comes out the same for each of its possible values it is decided, else it is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Any

import rule_engine
from rule_engine.errors import EngineError

LARGEST = 1e12
"""Stands for a number that is larger than any that a condition compares with."""


class FactKind(StrEnum):
    """What a fact's value is."""

    FLAG = "flag"
    NUMBER = "number"
    TYPES = "types"


_ENGINE_TYPES = {
    FactKind.FLAG: rule_engine.DataType.BOOLEAN,
    FactKind.NUMBER: rule_engine.DataType.FLOAT,
    FactKind.TYPES: rule_engine.DataType.SET(rule_engine.DataType.STRING),
}
_POSSIBLE: dict[FactKind, tuple[Any, ...]] = {
    FactKind.FLAG: (False, True),
    FactKind.NUMBER: (0.0, LARGEST),
    FactKind.TYPES: (set(),),
}

Facts = Mapping[str, Any]
"""Values by the fact's name; None, or no entry, where nobody knows."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was checked.

    Attributes:
        text: as it is written in the rule file.
        asks: names of the facts that it looks at.
    """

    text: str
    asks: frozenset[str]
    _kinds: Mapping[str, FactKind] = field(repr=False, compare=False)
    _rule: rule_engine.Rule = field(repr=False, compare=False)

    def holds(self, facts: Facts) -> bool | None:
        """Whether it holds; None where that hangs on a fact that nobody knows."""
        known = {name: _plain(facts.get(name)) for name in self.asks}
        open_ones = sorted(name for name, value in known.items() if value is None)
        outcomes = {
            self._rule.matches({**known, **dict(zip(open_ones, values, strict=True))})
            for values in product(*(_POSSIBLE[self._kinds[name]] for name in open_ones))
        }
        return outcomes.pop() if len(outcomes) == 1 else None

    def unknown(self, facts: Facts) -> tuple[str, ...]:
        """Names of the facts that it asks for and nobody knows."""
        return tuple(sorted(name for name in self.asks if facts.get(name) is None))


def parse(text: str, kinds: Mapping[str, FactKind]) -> Condition:
    """Check a condition.

    Args:
        text: the expression.
        kinds: the facts that there are.

    Raises:
        ValueError: no such fact, a comparison of things that do not compare, or no expression.
    """
    types = {name: _ENGINE_TYPES[kind] for name, kind in kinds.items()}
    context = rule_engine.Context(type_resolver=rule_engine.type_resolver_from_dict(types))
    try:
        rule = rule_engine.Rule(text, context=context)
    except EngineError as err:
        raise ValueError(f"'{text}': {err.message}") from err
    if rule.statement.expression.result_type != rule_engine.DataType.BOOLEAN:
        raise ValueError(f"'{text}' is neither true nor false")
    return Condition(text, frozenset(rule.context.symbols), kinds, rule)


def _plain(value: Any) -> Any:
    """The engine knows no frozen sets."""
    return set(value) if isinstance(value, frozenset) else value
