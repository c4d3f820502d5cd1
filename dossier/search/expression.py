"""What an engine is asked, without naming an engine: terms, phrases, prefixes and their logic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class _Hashed:
    """Keeps its hash: parts of parts are compared and looked up by it again and again."""

    __slots__ = ("_hash",)


def _kept_hash(self: Any) -> int:
    try:
        return int(self._hash)
    except AttributeError:
        found = hash(tuple([getattr(self, name) for name in self.__slots__]))
        object.__setattr__(self, "_hash", found)
        return found


@dataclass(frozen=True, slots=True)
class All:
    """Every row."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No row."""


@dataclass(frozen=True, slots=True)
class Term:
    """A field holds one of these values or tokens."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """A field holds a value or token that begins so."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class TokenPhrase:
    """Tokens at these relative positions; at least two."""

    field: str
    tokens: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class LoosePhrase:
    """As :class:`TokenPhrase`, where some places take any token that begins so.

    Places between that none of the three names may hold any token (a hole). With tantivy this is a
    phrase of regular expressions, with Elasticsearch ``span_near`` (in order, slop 0) of
    ``span_term``, of ``span_multi`` with a prefix or wildcard, and of ``span_gap``.

    Attributes:
        tokens: at least one; relative positions ascend over all three together.
        prefixes: tokens that begin so, or are that.
        longer: tokens that begin so and have at least one character more (wildcard ``供?*``).
    """

    field: str
    tokens: tuple[tuple[int, str], ...]
    prefixes: tuple[tuple[int, str], ...] = ()
    longer: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Range:
    """A field of whole numbers lies between two, both included."""

    field: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class AllOf(_Hashed):
    """Every part holds."""

    parts: tuple[Expression, ...]
    __hash__ = _kept_hash


@dataclass(frozen=True, slots=True)
class AnyOf(_Hashed):
    """At least one part holds."""

    parts: tuple[Expression, ...]
    __hash__ = _kept_hash


@dataclass(frozen=True, slots=True)
class Without(_Hashed):
    """The first holds, the second does not."""

    part: Expression
    unwanted: Expression
    __hash__ = _kept_hash


@dataclass(frozen=True, slots=True)
class OfCustomers:
    """Customers whose own row holds this, with all their papers' rows.

    Papers' rows do not say it, so that it may change without writing them again. An engine finds
    the customers that the viewer may know of, and puts :class:`InGroups` in its place
    (:mod:`dossier.search.of_customers`).
    """

    part: Expression


@dataclass(frozen=True, slots=True)
class InGroups(_Hashed):
    """Rows of these groups; at least one."""

    keys: tuple[int, ...]
    __hash__ = _kept_hash


Expression = (
    All
    | Nothing
    | Term
    | Prefix
    | TokenPhrase
    | LoosePhrase
    | Range
    | AllOf
    | AnyOf
    | Without
    | OfCustomers
    | InGroups
)


def all_of(*parts: Expression) -> Expression:
    """Every part, simplified."""
    if len(parts) == 1:
        return parts[0]
    kept = tuple(dict.fromkeys([part for part in parts if not isinstance(part, All)]))
    if any(isinstance(part, Nothing) for part in kept):
        return Nothing()
    if len(kept) > 1:
        return AllOf(kept)
    return kept[0] if kept else All()


def any_of(*parts: Expression) -> Expression:
    """At least one part, simplified."""
    if len(parts) == 1:
        return parts[0]
    kept = tuple(dict.fromkeys([part for part in parts if not isinstance(part, Nothing)]))
    if any(isinstance(part, All) for part in kept):
        return All()
    if len(kept) > 1:
        return AnyOf(kept)
    return kept[0] if kept else Nothing()
