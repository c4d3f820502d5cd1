"""A query as engine-neutral expressions: what matches, in which class, and why.

One compiler for every door and engine. The ways in which one word may match stand in
:mod:`dossier.search.ways`; here they become the query's sets, classes and reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from dossier.search.analysis import NumberHash
from dossier.search.expression import All, Expression, Nothing, Without, all_of, any_of
from dossier.search.holes import may_have_hole
from dossier.search.places import AskedPlace, NamedPlace, joined_words
from dossier.search.port import MatchReason, SearchRight
from dossier.search.query import (
    And,
    Everything,
    FieldValue,
    Node,
    Not,
    Nowhere,
    Or,
    Phrase,
    Query,
    Word,
    positive_leaves,
)
from dossier.search.ranking import MatchClass
from dossier.search.ways.clause import Asker, Clause
from dossier.search.ways.fields import as_field_value
from dossier.search.ways.names import as_name, as_spelling, as_whole_name
from dossier.search.ways.numbers import as_number
from dossier.search.ways.places import as_place
from dossier.search.ways.words import as_words, like_words

FEW_GROUPS = 500
"""Groups below which words are also looked for with one misread character. Who finds more narrows
them by another word; and what stands on every form would cost most: at 20,000 papers the slowest
of such words 0.2 s (measured), with this bound 0.05 s."""

NONE_FOUND = 1
"""The same bound where several words are asked for together: a name beside a word of every form is
looked for in 0.17 s with misreadings and in 0.01 s without (100,000 papers, measured)."""

_MOST_MISREAD = 4
"""Words of a query that are looked for with a misread character; each costs up to twelve phrases,
and who types more words of four characters has pasted a text."""

_LONGEST_NAME = 24

_LIKELY = frozenset({MatchClass.SOUNDS_ALIKE, MatchClass.SYNONYM, MatchClass.ONE_WRONG})
"""Classes of what only is like the word: none of them excludes a row."""


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """What an engine needs to answer.

    Attributes:
        match: rows that match the whole query.
        classes: per class, best first, rows that reach it; each within ``match``. The last class
            is left out: it is what remains.
        reasons: per reason, rows where it holds for at least one word.
        everything: nothing was asked for.
        surely: rows that match without what only is like the words; None where that is the match.
            Of a customer's papers these stand first.
        wider: the same query, each word also with one misread character, for when few groups match
            (:meth:`is_too_few`); None when that is no different. An engine answers with it instead:
            totals, facets, order and reasons are those of the wider query then.
        wider_below: groups that are enough: :data:`FEW_GROUPS` for one word, one for several that
            must all be there.
    """

    match: Expression
    classes: tuple[tuple[MatchClass, Expression], ...]
    reasons: tuple[tuple[MatchReason, Expression], ...]
    everything: bool
    surely: Expression | None = None
    wider: CompiledQuery | None = None
    wider_below: int = 0

    def is_too_few(self, groups: int) -> bool:
        """Whether an engine that found so many groups answers with :attr:`wider` instead."""
        return self.wider is not None and groups < self.wider_below


def compile_query(
    query: Query,
    *,
    rights: frozenset[SearchRight],
    number_hash: NumberHash,
    places: Iterable[NamedPlace] = (),
) -> CompiledQuery:
    """Compile a parsed query for a viewer who may search by ``rights``.

    Args:
        query: the tree.
        rights: what the viewer may search by.
        number_hash: keyed hash for sensitive numbers.
        places: what words of the query name, as far as the viewer may know of it.
    """
    asker = Asker(rights, number_hash, places=_by_piece(places))
    exact = _compiled(query, _Compiler(asker))
    words = (leaf for leaf in positive_leaves(query.node) if not isinstance(leaf, Phrase))
    texts = {leaf.text if isinstance(leaf, Word) else leaf.value for leaf in words}
    if not 0 < sum(map(may_have_hole, texts)) <= _MOST_MISREAD:
        return exact
    wider = _compiled(query, _Compiler(replace(asker, misread=True)))
    if wider == exact:
        return exact
    narrowed = isinstance(query.node, And) and sum(1 for _ in positive_leaves(query.node)) > 1
    return replace(exact, wider=wider, wider_below=NONE_FOUND if narrowed else FEW_GROUPS)


def _by_piece(places: Iterable[NamedPlace]) -> dict[AskedPlace, tuple[NamedPlace, ...]]:
    found: dict[AskedPlace, tuple[NamedPlace, ...]] = {}
    for place in places:
        found[place.asked] = (*found.get(place.asked, ()), place)
    return found


def _compiled(query: Query, compiler: _Compiler) -> CompiledQuery:
    match = compiler.node(query.node)
    surely = compiler.node(query.node, surely=True)
    clauses = [*compiler.clauses(query.node), *compiler.places_apart(query.node)]
    return CompiledQuery(
        match=match,
        classes=tuple(_classes(match, [*clauses, *compiler.names_apart(query.node)])),
        reasons=tuple(_reasons(clauses)),
        everything=isinstance(query.node, Everything),
        surely=None if surely == match else surely,
    )


def _classes(match: Expression, clauses: list[Clause]) -> Iterator[tuple[MatchClass, Expression]]:
    ranks = sorted({clause.rank for clause in clauses})
    # One word alone matches by its clauses and nothing else, so each lies within the match.
    alone = match == any_of(*(clause.expression for clause in clauses))
    for rank in ranks[:-1]:
        reached = any_of(*(clause.expression for clause in clauses if clause.rank is rank))
        yield rank, reached if alone else all_of(reached, match)


def _reasons(clauses: list[Clause]) -> Iterator[tuple[MatchReason, Expression]]:
    for reason in MatchReason:
        found = [clause.expression for clause in clauses if clause.reason is reason]
        if found:
            yield reason, any_of(*found)


class _Compiler:
    """Compiles nodes for one viewer."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        # A leaf is looked up for the match and again for classes and reasons.
        self._clauses: dict[Word | Phrase | FieldValue, list[Clause]] = {}

    def node(self, node: Node, *, surely: bool = False) -> Expression:
        """The rows that a node matches; ``surely`` without what is only like its words."""
        match node:
            case Everything():
                return All()
            case Nowhere():
                return Nothing()
            case And(nodes):
                return self._conjunction(nodes, surely=surely)
            case Or(nodes):
                return any_of(*(self.node(each, surely=surely) for each in nodes))
            case Not(inner):
                return Without(All(), self.node(inner, surely=not surely))
            case _:
                clauses = self.leaf(node)
                return any_of(
                    *(each.expression for each in clauses if not (surely and each.rank in _LIKELY))
                )

    def _conjunction(self, nodes: tuple[Node, ...], *, surely: bool) -> Expression:
        wanted = self._every(
            tuple(each for each in nodes if not isinstance(each, Not)), surely=surely
        )
        unwanted = any_of(
            *(self.node(each.node, surely=not surely) for each in nodes if isinstance(each, Not))
        )
        return wanted if isinstance(unwanted, Nothing) else Without(wanted, unwanted)

    def _every(self, nodes: tuple[Node, ...], *, surely: bool) -> Expression:
        """Rows with all of these; words that stand apart may together name a place."""
        parts = [self.node(each, surely=surely) for each in nodes]
        together = [
            all_of(*parts[:start], place.expression, *parts[end:])
            for start, end, text in joined_words(nodes)
            for place in as_place(self._asker, text)
        ]
        return any_of(all_of(*parts), *together)

    def places_apart(self, node: Node) -> Iterator[Clause]:
        """Places that are named by words that stand apart (``10kV 东风线``)."""
        if isinstance(node, And):
            for _, _, text in joined_words(node.nodes):
                yield from as_place(self._asker, text)

    def names_apart(self, node: Node) -> Iterator[Clause]:
        """``张 三`` is ANDed as two words; who is called so stands first all the same."""
        if isinstance(node, And) and all(isinstance(each, Word) for each in node.nodes):
            whole = "".join(each.text for each in node.nodes if isinstance(each, Word))
            if len(whole) <= _LONGEST_NAME:
                yield from as_whole_name(self._asker, whole)

    def clauses(self, node: Node) -> Iterator[Clause]:
        """Every way in which a positive word matches; of several in an OR, where they all do."""
        match node:
            case Word() | Phrase() | FieldValue():
                yield from self.leaf(node)
            case And(nodes):
                for each in nodes:
                    yield from self.clauses(each)
            case Or(nodes):
                for each in nodes:
                    yield from self._in_branch(each)
            case _:
                return

    def _in_branch(self, node: Node) -> Iterator[Clause]:
        if not isinstance(node, And):
            yield from self.clauses(node)
            return
        whole = self.node(node)
        for clause in self.clauses(node):
            yield replace(clause, expression=all_of(clause.expression, whole))

    def leaf(self, leaf: Word | Phrase | FieldValue) -> list[Clause]:
        """Every way in which a word, phrase or field value may match."""
        if leaf not in self._clauses:
            self._clauses[leaf] = self._ways(leaf)
        return self._clauses[leaf]

    def _ways(self, leaf: Word | Phrase | FieldValue) -> list[Clause]:
        asker = self._asker
        match leaf:
            case Word(text):
                found = [
                    *as_number(asker, text),
                    *as_name(asker, text),
                    *as_spelling(asker, text),
                    *as_place(asker, text),
                    *as_words(asker, text),
                    *like_words(asker, text),
                ]
            case Phrase(text):
                found = [*as_name(asker, text), *as_words(asker, text, literally=True)]
            case FieldValue():
                found = list(as_field_value(asker, leaf))
        return [clause for clause in found if not isinstance(clause.expression, Nothing)]
