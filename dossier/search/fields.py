"""The one list of index fields, read from ``mappings/*.json``.

Each file is a body that Elasticsearch takes as it is; the per-field ``meta`` says what the field is
for. The tantivy schema, the filters, the facets and the documentation derive from it. Plugins'
fields are keywords with a prefixed name, merged in at start.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dossier.errors import ConfigurationError
from dossier.search.port import RowKind

ANALYSIS_VERSION = 21
"""Goes up when :mod:`dossier.search.analysis` gives other tokens,
:func:`dossier.rules.masking.closed_spans` other masks, or ``dossier.access.row_tokens`` other scope
tokens: then indexes are rebuilt."""

MAPPINGS_FOLDER = Path(__file__).parents[2] / "mappings"
"""Neighbour of the package, in a checkout as in an installed wheel (architecture.md)."""

_FILES = {RowKind.CUSTOMER: "customers.v1.json", RowKind.DOCUMENT: "documents.v1.json"}
_TYPES = frozenset({"keyword", "text", "long", "integer"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the index.

    Attributes:
        type: Elasticsearch's type: keyword, text, long, integer.
        kind: what it is for (``words``, ``number``, ``reversed``, ``hash``, ``facet``, …).
        facet: may be counted and filtered by.
        sensitivity: ``open``, ``personal`` or ``secret``.
    """

    name: str
    type: str
    kind: str
    facet: bool
    label_zh: str
    label_en: str
    sensitivity: str = "open"


@dataclass(frozen=True, slots=True)
class FieldList:
    """All fields of both kinds of rows.

    Attributes:
        by_kind: row kind → field name → field.
        fingerprint: changes when fields, their types or the analysis change.
    """

    by_kind: Mapping[RowKind, Mapping[str, Field]]
    bodies: Mapping[RowKind, Mapping[str, Any]]
    fingerprint: str

    @property
    def all(self) -> Mapping[str, Field]:
        """Fields of both kinds by name; a name means the same in both."""
        return {**self.by_kind[RowKind.CUSTOMER], **self.by_kind[RowKind.DOCUMENT]}

    @property
    def facets(self) -> tuple[str, ...]:
        """Names of the facet fields, in mapping order."""
        return tuple(name for name, field in self.all.items() if field.facet)


def load_fields(
    folder: Path = MAPPINGS_FOLDER, *, plugin_fields: Iterable[Field] = (), rules: str = ""
) -> FieldList:
    """Read the mappings and merge plugins' fields.

    Args:
        folder: where the mappings lie.
        plugin_fields: fields of plugins.
        rules: names the archive's own rules by which rows are made; empty without any.

    Raises:
        ConfigurationError: a mapping is missing or malformed, or a plugin's field takes a name.
    """
    bodies = {kind: _body(folder / name) for kind, name in _FILES.items()}
    for field in plugin_fields:
        for body in bodies.values():
            _add(body, field)
    by_kind = {kind: _fields(body) for kind, body in bodies.items()}
    return FieldList(by_kind, bodies, _fingerprint(bodies, rules))


def _body(path: Path) -> dict[str, Any]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        detail = f"mappings/{path.name} cannot be read; install dossier-archive again"
        raise ConfigurationError(detail) from err
    return dict(body)


def _fields(body: Mapping[str, Any]) -> dict[str, Field]:
    return {name: _field(name, entry) for name, entry in body["mappings"]["properties"].items()}


def _field(name: str, entry: Mapping[str, Any]) -> Field:
    meta = entry.get("meta", {})
    missing = {"kind", "facet", "zh", "en", "sensitivity"} - set(meta)
    if missing or entry["type"] not in _TYPES:
        raise ConfigurationError(f"mappings: field {name} lacks {sorted(missing) or 'a type'}")
    return Field(
        name=name,
        type=entry["type"],
        kind=meta["kind"],
        facet=meta["facet"] == "yes",
        label_zh=meta["zh"],
        label_en=meta["en"],
        sensitivity=meta["sensitivity"],
    )


def _add(body: Mapping[str, Any], field: Field) -> None:
    """Merge a plugin's keyword field into a body."""
    properties = body["mappings"]["properties"]
    if field.name in properties or field.type != "keyword" or "_" not in field.name:
        detail = f"index field {field.name}: needs a free, prefixed name and the type keyword"
        raise ConfigurationError(detail)
    meta = {
        "kind": field.kind,
        "facet": "yes" if field.facet else "no",
        "zh": field.label_zh,
        "en": field.label_en,
        "sensitivity": field.sensitivity,
    }
    properties[field.name] = {"type": "keyword", "meta": meta}


def _fingerprint(bodies: Mapping[RowKind, Mapping[str, Any]], rules: str) -> str:
    """Hash over the properties without their labels, the analysis' version and own rules."""
    shapes = {
        kind.value: {
            name: [entry["type"], entry["meta"]["kind"], entry["meta"]["facet"]]
            for name, entry in body["mappings"]["properties"].items()
        }
        for kind, body in bodies.items()
    }
    own = [rules] if rules else []
    canonical = json.dumps([ANALYSIS_VERSION, shapes, *own], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
