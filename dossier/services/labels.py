"""What codes and ids are called, in the viewer's language: types, states, categories, places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import select

from dossier.db.session import ScopedSession
from dossier.db.tables import District, Line, OrgUnit
from dossier.rules import document_types, image_quality, rulebook
from dossier.search.port import FacetCount
from dossier.search.values import NAMED
from dossier.services.views import FacetValue

CHINESE = "zh"
PLACES: Mapping[str, Any] = {"station": OrgUnit, "line": Line, "district": District}
LACKS = ("缺 {}", "Lacks {}")
"""A facet's value that is a type of papers that is not there."""
FROM_RULES = {"category": "categories", "status": "statuses"}
"""Facets whose labels stand in rulebook/categories.yaml, and under which heading."""


def type_label(code: str | None, language: str) -> str:
    """The document type's name; empty when no type is known yet."""
    return document_types.label(code, language) if code else ""


def facet_values(
    session: ScopedSession,
    facets: Mapping[str, tuple[FacetCount, ...]],
    chosen: Mapping[str, tuple[str, ...]],
    language: str,
    further: Mapping[str, Mapping[str, tuple[str, str]]] = MappingProxyType({}),
) -> dict[str, tuple[FacetValue, ...]]:
    """Counts with labels; at most one query for each of the three kinds of places.

    ``further`` has what the values of plugins' facets are called, by the facet's name.
    """
    return {
        name: tuple(
            FacetValue(count.value, label, count.count, count.value in chosen.get(name, ()))
            for count, label in zip(
                counts,
                _said(further[name], counts, language)
                if name in further
                else _labels(session, name, [c.value for c in counts], language),
                strict=True,
            )
        )
        for name, counts in facets.items()
    }


def _said(
    labels: Mapping[str, tuple[str, str]], counts: Iterable[FacetCount], language: str
) -> list[str]:
    return [_pick(labels.get(one.value, (one.value,) * 2), language) for one in counts]


def _labels(session: ScopedSession, facet: str, values: list[str], language: str) -> list[str]:
    if facet in PLACES:
        names = _place_names(session, PLACES[facet], values)
        return [names.get(value, value) for value in values]
    return [code_label(facet, value, language) for value in values]


def _place_names(session: ScopedSession, table: Any, values: Iterable[str]) -> dict[str, str]:
    ids = [int(value) for value in values if value.isdecimal()]
    if not ids:
        return {}
    rows = session.execute(select(table.id, table.name).where(table.id.in_(ids)))
    return {str(place_id): name for place_id, name in rows}


@cache
def code_label(facet: str, value: str, language: str) -> str:
    """What a code of a type, state, status or category is called."""
    if facet == "type":
        return type_label(value, language)
    if facet == "month":
        return _month(value, language)
    if facet == "missing":
        return _pick(LACKS, language).format(type_label(value, language))
    if facet == "finding":
        check = image_quality.named(value)
        return _pick((check.zh, check.en), language) if check else value
    if facet in NAMED:
        return _pick(NAMED[facet].get(value, (value, value)), language)
    entry = _register_codes(facet).get(value)
    return _pick((entry["label_zh"], entry["label_en"]), language) if entry else value


def _register_codes(facet: str) -> Mapping[str, Any]:
    heading = FROM_RULES.get(facet)
    return rulebook.load("categories")[heading] if heading else {}


def _month(value: str, language: str) -> str:
    year, _, month = value.partition("-")
    return f"{year}年{int(month)}月" if language.startswith(CHINESE) else value


def _pick(labels: tuple[str, str], language: str) -> str:
    return labels[0] if language.startswith(CHINESE) else labels[1]
