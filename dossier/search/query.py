"""What a person typed, as a tree: a parser that never fails and says what it took literally."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Everything:
    """An empty box: all that the viewer may see."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word as typed; analysis decides what it may be (a name, a number, text)."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Quoted text: its characters in this order, beside each other."""

    text: str


@dataclass(frozen=True, slots=True)
class FieldValue:
    """``field:value``; ``label`` is what was typed before the colon.

    A Chinese label may be what stands on a page (``户号：104…``), so it is searched there as well.
    """

    field: str
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Not:
    """Rows without this."""

    node: Node


@dataclass(frozen=True, slots=True)
class And:
    """Rows with all of these."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Rows with at least one of these."""

    nodes: tuple[Node, ...]


Node = Everything | Word | Phrase | FieldValue | Not | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query.

    Attributes:
        text: what was typed, unchanged.
        node: the tree.
        notes: stable codes of what was not taken as written
            (``unbalanced_quote``, ``too_long``, ``too_many_words``, ``nothing_to_find``: only signs
            were typed, so everything is shown).
    """

    text: str
    node: Node
    notes: tuple[str, ...] = ()
