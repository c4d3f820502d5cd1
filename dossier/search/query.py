"""What a person typed, as a tree: a parser that never fails and says what it took literally."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dossier.search.notes import Note


@dataclass(frozen=True, slots=True)
class Everything:
    """An empty box: all that the viewer may see."""


@dataclass(frozen=True, slots=True)
class Nowhere:
    """Only signs were typed: no word to look for, so no row."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word as typed; analysis decides what it may be (a name, a number, text)."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Quoted text: these characters in this order, beside each other, and nothing like it."""

    text: str


@dataclass(frozen=True, slots=True)
class FieldValue:
    """``field:value``; ``label`` is what was typed before the colon."""

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


Node = Everything | Nowhere | Word | Phrase | FieldValue | Not | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query.

    Attributes:
        text: what was typed, unchanged.
        node: the tree.
        remarks: what was not taken as written, in words of both languages.
    """

    text: str
    node: Node
    remarks: tuple[Note, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """The remarks' stable codes (:data:`dossier.search.notes.CODES`), each once."""
        return tuple(dict.fromkeys(each.code for each in self.remarks))


def positive_leaves(node: Node) -> Iterator[Word | Phrase | FieldValue]:
    """The words, phrases and values that a row must or may have; not the excluded ones."""
    match node:
        case Word() | Phrase() | FieldValue():
            yield node
        case And(nodes) | Or(nodes):
            for each in nodes:
                yield from positive_leaves(each)
        case Not() | Everything() | Nowhere():
            return


def written(node: Node) -> str:
    """A node as somebody would type it."""
    match node:
        case Word(text):
            return text
        case Phrase(text):
            return f'"{text}"'
        case FieldValue(_, value, label):
            return f'{label}:"{value}"' if " " in value else f"{label}:{value}"
        case Not(inner):
            return f"-{written(inner)}"
        case And(nodes):
            return f"({' '.join(map(written, nodes))})"
        case Or(nodes):
            return f"({' OR '.join(map(written, nodes))})"
        case Everything() | Nowhere():
            return ""
