"""What the address of a list says: words, filters, and the place in the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from dossier.search.parser import parse
from dossier.search.query import And, Node

FILTER: Final = "filter."
NEEDS: Final = {"line": "station", "district": "line", "month": "year", "finding": "quality"}
"""A level is offered, and asked for, when the one above was chosen: else it is a long list."""
TRAIL_SEPARATOR: Final = "~"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address says."""

    q: str
    filters: Mapping[str, tuple[str, ...]]
    cursor: str = ""
    trail: tuple[str, ...] = ()

    def start(self) -> Asked:
        """The same from the start of the list."""
        return replace(self, cursor="", trail=())

    def query_string(self) -> str:
        """What is asked for, as an address has it; the whole list, whatever the page."""
        return urlencode(self._pairs())

    def _pairs(self) -> list[tuple[str, str]]:
        pairs = [("q", self.q)] if self.q else []
        return pairs + [(FILTER + name, value) for name, vs in self.filters.items() for value in vs]

    def address(self) -> str:
        """The address of this page."""
        pairs = self._pairs()
        if self.cursor:
            pairs.append(("cursor", self.cursor))
            pairs.append(("trail", TRAIL_SEPARATOR.join(self.trail)))
        return f"/search?{urlencode(pairs)}" if pairs else "/"

    def toggled(self, name: str, value: str) -> Asked:
        """The same from the start of the list, with a filter's value put in or taken out."""
        now = self.filters.get(name, ())
        values = tuple(v for v in now if v != value) if value in now else (*now, value)
        filters = {**self.filters, name: values}
        for lower, upper in NEEDS.items():
            if upper == name or not filters.get(upper):
                filters.pop(lower, None)
        return replace(self, filters={k: v for k, v in filters.items() if v}, cursor="", trail=())


def read_address(address: QueryParams) -> Asked:
    """What the address asks for; ``also`` is looked for among the hits of ``q``."""
    filters: dict[str, tuple[str, ...]] = {}
    for name, value in address.multi_items():
        if name.startswith(FILTER) and value:
            key = name.removeprefix(FILTER)
            filters[key] = (*filters.get(key, ()), value)
    trail = address.get("trail", "")
    q, also = (" ".join(address.get(name, "").split()) for name in ("q", "also"))
    return Asked(
        q=_within(q, also),
        filters=filters,
        cursor=address.get("cursor", ""),
        trail=tuple(trail.split(TRAIL_SEPARATOR)) if trail else (),
    )


def _within(q: str, also: str) -> str:
    """A query for hits of ``q`` that ``also`` finds; in brackets where words would run together.

    ``户号`` and ``4200000001`` side by side are a label and its number, and find who has no 户号.
    """
    if not (q and also):
        return q or also
    beside = f"{q} {also}"
    both = And((*_parts(parse(q).node), *_parts(parse(also).node)))
    return beside if parse(beside).node == both else f"({q}) ({also})"


def _parts(node: Node) -> tuple[Node, ...]:
    return node.nodes if isinstance(node, And) else (node,)
