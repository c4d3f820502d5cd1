"""A query as engine-neutral expressions: what matches, in which class, and why.

One compiler for every door and engine. What a viewer may not search by gives no clause at all, so
that neither hits nor counts nor absences tell it (architecture.md, Who may see what).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from dossier.rules import document_types, identifiers
from dossier.rules.address_forms import wanted_forms
from dossier.rules.names import is_organisation
from dossier.rules.normal_form import fold
from dossier.rules.organisations import core_name
from dossier.search import analysis
from dossier.search.analysis import NumberHash
from dossier.search.expression import (
    All,
    Expression,
    Nothing,
    Prefix,
    Range,
    Term,
    TokenPhrase,
    Without,
    all_of,
    any_of,
)
from dossier.search.holes import may_have_hole, phrases_with_hole
from dossier.search.periods import Period, parse_period
from dossier.search.port import MatchReason, SearchRight, document_order
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
)
from dossier.search.ranking import MatchClass
from dossier.search.rows import legal_name
from dossier.search.spelled import mixed_parts, spelled_alike, spelled_name
from dossier.search.wordings import date_wordings, synonyms

MIN_PARTIAL = 4
"""Digits of a number that one must know to search by its beginning or end (domain.md 4.3)."""

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

_MOST_TOKENS = 64
"""Tokens of a phrase that are looked up: so many tell any text from any other, and a thousand would
be compared with each place where the first stands."""

_MIN_ACCOUNT = 8  # the shortest account number that a label can mark as one (rules.identifiers)
_MAX_VARIANTS = 4  # a phrase with more long numbers than two is searched in clear only
_LONGEST_NAME = 24
_WHOLE_NAME = frozenset({MatchClass.EXACT_NAME, MatchClass.FOLDED_NAME})
_NUMBER_FIELDS = frozenset(
    {"customer_no", "meter_no", "phone", "id_no", "case_no", "reference_code"}
)
_FACET_FIELDS = frozenset({"year", "state", "category", "station", "line", "district"})


_LIKELY = frozenset({MatchClass.SOUNDS_ALIKE, MatchClass.SYNONYM, MatchClass.ONE_WRONG})
"""Classes of what only is like the word: none of them excludes a row."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One way in which a word may match."""

    reason: MatchReason
    rank: MatchClass
    expression: Expression


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """What an engine needs to answer.

    Attributes:
        match: rows that match the whole query.
        classes: per class, best first, rows that reach it; each within ``match``. The last class
            is left out: it is what remains.
        reasons: per reason, rows where it holds for at least one word.
        everything: nothing was asked for.
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
    wider: CompiledQuery | None = None
    wider_below: int = 0

    def is_too_few(self, groups: int) -> bool:
        """Whether an engine that found so many groups answers with :attr:`wider` instead."""
        return self.wider is not None and groups < self.wider_below


def compile_query(
    query: Query, *, rights: frozenset[SearchRight], number_hash: NumberHash
) -> CompiledQuery:
    """Compile a parsed query for a viewer who may search by ``rights``."""
    exact = _compiled(query, _Compiler(rights, number_hash))
    words = (leaf for leaf in positive_leaves(query.node) if not isinstance(leaf, Phrase))
    texts = {leaf.text if isinstance(leaf, Word) else leaf.value for leaf in words}
    if not 0 < sum(map(may_have_hole, texts)) <= _MOST_MISREAD:
        return exact
    wider = _compiled(query, _Compiler(rights, number_hash, misread=True))
    if wider == exact:
        return exact
    narrowed = isinstance(query.node, And) and sum(1 for _ in positive_leaves(query.node)) > 1
    return replace(exact, wider=wider, wider_below=NONE_FOUND if narrowed else FEW_GROUPS)


def _compiled(query: Query, compiler: _Compiler) -> CompiledQuery:
    match = compiler.node(query.node)
    clauses = [clause for leaf in positive_leaves(query.node) for clause in compiler.leaf(leaf)]
    return CompiledQuery(
        match=match,
        classes=tuple(_classes(match, [*clauses, *compiler.names_apart(query.node)])),
        reasons=tuple(_reasons(clauses)),
        everything=isinstance(query.node, Everything),
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


def page_phrases(
    text: str, *, rights: frozenset[SearchRight], number_hash: NumberHash
) -> list[tuple[tuple[int, str], ...]]:
    """The tokens that stand side by side where ``text`` is, with relative positions.

    More than one when a long number in it may have been taken for an account, for the label before
    it. None when it holds a personal number that the viewer may not search by.
    """
    kinds = {number.kind for number in identifiers.find_numbers(fold(text))}
    if kinds & identifiers.SENSITIVE_KINDS and SearchRight.ID_NO not in rights:
        return []
    if kinds - identifiers.SENSITIVE_KINDS and SearchRight.PHONE not in rights:
        return []
    found = analysis.query_tokens(text, number_hash)[:_MOST_TOKENS]
    choices = [
        [(at, token), (at, analysis.hash_token(token, number_hash))]
        if SearchRight.ID_NO in rights and _may_be_account(token)
        else [(at, token)]
        for at, token in found
    ]
    if not found or sum(len(choice) > 1 for choice in choices) > _MAX_VARIANTS // 2:
        return [tuple(found)] if found else []
    return list(product(*choices))


class _Compiler:
    """Compiles nodes for one viewer."""

    def __init__(
        self,
        rights: frozenset[SearchRight],
        number_hash: NumberHash,
        *,
        misread: bool = False,
    ) -> None:
        self._rights = rights
        self._hash = number_hash
        self._misread = misread
        # A word is looked up in four fields, in the query and in its classes: analysed once.
        self._found: dict[str, list[tuple[tuple[int, str], ...]]] = {}

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
        wanted = all_of(
            *(self.node(each, surely=surely) for each in nodes if not isinstance(each, Not))
        )
        unwanted = any_of(
            *(self.node(each.node, surely=not surely) for each in nodes if isinstance(each, Not))
        )
        return wanted if isinstance(unwanted, Nothing) else Without(wanted, unwanted)

    def names_apart(self, node: Node) -> Iterator[Clause]:
        """``张 三`` is ANDed as two words; who is called so stands first all the same."""
        if isinstance(node, And) and all(isinstance(each, Word) for each in node.nodes):
            whole = "".join(each.text for each in node.nodes if isinstance(each, Word))
            if len(whole) <= _LONGEST_NAME:
                yield from (each for each in self._names(whole) if each.rank in _WHOLE_NAME)

    def leaf(self, leaf: Word | Phrase | FieldValue) -> list[Clause]:
        """Every way in which a word, phrase or field value may match."""
        match leaf:
            case Word(text):
                found = [
                    *self._numbers(text),
                    *self._names(text),
                    *self._spelled(text),
                    *self._words(text),
                    *self._like(text),
                ]
            case Phrase(text):
                found = [*self._names(text), *self._words(text, literally=True)]
            case FieldValue():
                found = list(self._field_value(leaf))
        return [clause for clause in found if not isinstance(clause.expression, Nothing)]

    # --- numbers ---------------------------------------------------------------------------

    def _numbers(self, text: str) -> Iterator[Clause]:
        """Exact and partial numbers of things and people (domain.md 4.3, search behaviour)."""
        code = analysis.keyword(text)
        if not _is_code(code):
            return
        yield from self._thing_number(MatchReason.CUSTOMER_NO, SearchRight.CUSTOMER_NO, code)
        yield from self._thing_number(MatchReason.METER_NO, SearchRight.METER_NO, code)
        for reason in (MatchReason.CASE_NO, MatchReason.REFERENCE_CODE):
            yield Clause(reason, MatchClass.EXACT_NUMBER, Term(reason.value, (code,)))
        yield from self._phone(text)
        yield from self._id_no(code)
        yield Clause(MatchReason.TEXT, MatchClass.TEXT, self._page_number(code))

    def _thing_number(self, reason: MatchReason, right: SearchRight, code: str) -> Iterator[Clause]:
        if right not in self._rights:
            return
        field = reason.value
        yield Clause(reason, MatchClass.EXACT_NUMBER, Term(field, (code,)))
        yield Clause(reason, MatchClass.PREFIX, _partial(field, code))

    def _phone(self, text: str) -> Iterator[Clause]:
        digits = identifiers.mobile(text) or identifiers.compact(text)
        if not digits.isdecimal():
            return
        if SearchRight.PHONE in self._rights:
            yield Clause(MatchReason.PHONE, MatchClass.EXACT_PHONE, Term("phone", (digits,)))
        if SearchRight.PHONE_PARTIAL in self._rights:
            yield Clause(MatchReason.PHONE, MatchClass.PREFIX, _partial("phone", digits))

    def _id_no(self, code: str) -> Iterator[Clause]:
        if SearchRight.ID_NO in self._rights and len(code) >= _MIN_ACCOUNT:
            token = analysis.hash_token(code, self._hash)
            yield Clause(MatchReason.ID_NO, MatchClass.EXACT_PHONE, Term("id_hash", (token,)))
        if SearchRight.ID_LAST4 in self._rights and len(code) == MIN_PARTIAL:
            yield Clause(MatchReason.ID_NO, MatchClass.PREFIX, Term("id_last4", (code,)))

    def _page_number(self, code: str) -> Expression:
        """A number on a page that begins or ends so; sensitive ones are not in these fields."""
        if SearchRight.TEXT not in self._rights or not code.isdecimal():
            return Nothing()
        parts = [_partial("text_number", code)]
        if SearchRight.PHONE_PARTIAL in self._rights:
            parts.append(_partial("text_phone", code))
        return any_of(*parts)

    # --- names and words -------------------------------------------------------------------

    def _names(self, text: str) -> Iterator[Clause]:
        folded = analysis.keyword(text)
        if SearchRight.NAME not in self._rights or not folded:
            return
        reason = MatchReason.NAME
        yield Clause(reason, MatchClass.EXACT_NAME, Term("name", (legal_name(text),)))
        yield Clause(reason, MatchClass.FOLDED_NAME, Term("name_folded", (folded,)))
        if is_organisation(text):
            core = Term("name_core", (core_name(text),))
            yield Clause(reason, MatchClass.FOLDED_NAME, core)
        yield Clause(reason, MatchClass.PREFIX, self._sequence("name", text))

    def _spelled(self, text: str) -> Iterator[Clause]:
        """Names typed in letters, wholly, in part, or mixed with characters."""
        if SearchRight.NAME not in self._rights:
            return
        reason = MatchReason.NAME
        characters = [part for part in mixed_parts(text) if not part.isascii()]
        inside = all_of(*(self._sequence("name", part) for part in characters))
        yield Clause(reason, MatchClass.PREFIX, all_of(spelled_name(text), inside))
        yield Clause(reason, MatchClass.SOUNDS_ALIKE, spelled_alike(text))

    def _words(self, text: str, *, literally: bool = False) -> Iterator[Clause]:
        yield from self._address(text)
        found = self._phrase("type_words", text) if literally else self._type(text)
        yield Clause(MatchReason.TYPE, MatchClass.TITLE, found)
        if SearchRight.TEXT in self._rights:  # a title is what the page says at its head
            found = self._phrase("title_words", text)
            yield Clause(MatchReason.TITLE, MatchClass.TITLE, found)
        yield Clause(MatchReason.TEXT, MatchClass.TEXT, self._page_text(text))

    def _address(self, text: str) -> Iterator[Clause]:
        if SearchRight.ADDRESS not in self._rights:
            return
        whole = SearchRight.ADDRESS_DETAIL in self._rights
        found = [self._sequence("address" if whole else "address_open", text)]
        if whole:
            forms = map(analysis.plain_query_tokens, wanted_forms(text))
            found += [_side_by_side("address_form_words", tuple(form)) for form in forms]
        yield Clause(MatchReason.ADDRESS, MatchClass.ADDRESS, any_of(*found))

    def _type(self, text: str) -> Expression:
        """Papers of a type, by its label's words or by a title that such papers bear."""
        codes = document_types.catalogue().codes_named(text)
        named = Term("type", codes) if codes else Nothing()
        return any_of(self._phrase("type_words", text), named)

    def _like(self, text: str) -> Iterator[Clause]:
        """Other wordings, and the word with one character misread."""
        for other in synonyms(text):
            yield Clause(MatchReason.TYPE, MatchClass.SYNONYM, self._type(other))
            if SearchRight.TEXT in self._rights:
                title, page = self._phrase("title_words", other), self._phrase("text", other)
                yield Clause(MatchReason.TITLE, MatchClass.SYNONYM, title)
                yield Clause(MatchReason.TEXT, MatchClass.SYNONYM, page)
        if SearchRight.TEXT in self._rights:
            dates = any_of(*(self._phrase("text", wording) for wording in date_wordings(text)))
            yield Clause(MatchReason.TEXT, MatchClass.TEXT, dates)
        if self._misread and SearchRight.TEXT in self._rights:
            misread = any_of(*phrases_with_hole("text", text))
            yield Clause(MatchReason.TEXT, MatchClass.ONE_WRONG, misread)

    def _sequence(self, field: str, text: str) -> Expression:
        """Characters in order in a short field; a single Han character is looked up by itself."""
        single = analysis.han_characters(text)
        if len(single) == 1 and len(analysis.keyword(text)) == 1:
            return Term(f"{field}_chars", (single[0],))
        return self._phrase(f"{field}_words", text)

    def _page_text(self, text: str) -> Expression:
        if SearchRight.TEXT not in self._rights:
            return Nothing()
        single = analysis.han_characters(text)
        if len(single) == 1 and len(analysis.keyword(text)) == 1:
            # Every Han character begins a token: its pair, or itself at a run's end.
            return Prefix("text", single[0])
        return self._phrase("text", text)

    def _phrase(self, field: str, text: str) -> Expression:
        """The text's tokens side by side."""
        phrases = self._found.get(text)
        if phrases is None:
            phrases = page_phrases(text, rights=self._rights, number_hash=self._hash)
            self._found[text] = phrases
        return any_of(*(_side_by_side(field, phrase) for phrase in phrases))

    # --- field:value -----------------------------------------------------------------------

    def _field_value(self, leaf: FieldValue) -> Iterator[Clause]:
        """A value in one field; a label in Chinese may also be what the page itself says."""
        yield from self._in_field(leaf.field, leaf.value)
        if leaf.label != leaf.field and leaf.field != "date":
            literal = all_of(self._page_text(leaf.label), self._page_text(leaf.value))
            yield Clause(MatchReason.TEXT, MatchClass.TEXT, literal)

    def _in_field(self, field: str, value: str) -> Iterator[Clause]:
        if field in _NUMBER_FIELDS:
            yield from self._number_field(field, value)
        elif field in _FACET_FIELDS:
            written = tuple(dict.fromkeys((value, value.upper(), value.lower())))
            yield Clause(MatchReason.FIELD, MatchClass.TITLE, Term(field, written))
        elif field == "name":
            yield from self._names(value)
            yield from self._spelled(value)
        elif field == "date":
            if period := parse_period(value):
                yield Clause(MatchReason.FIELD, MatchClass.TITLE, _within(period))
        else:
            if field == "type":
                yield Clause(MatchReason.TYPE, MatchClass.TITLE, Term("type", (value,)))
            yield from self._only(MatchReason(field), value)

    def _number_field(self, field: str, value: str) -> Iterator[Clause]:
        code = analysis.keyword(value)
        match field:
            case "customer_no" | "meter_no":
                yield from self._thing_number(MatchReason(field), SearchRight(field), code)
            case "phone":
                yield from self._phone(value)
            case "id_no":
                yield from self._id_no(code)
            case _:
                reason = MatchReason(field)
                yield Clause(reason, MatchClass.EXACT_NUMBER, Term(field, (code,)))

    def _only(self, reason: MatchReason, value: str) -> Iterator[Clause]:
        found = [*self._words(value), *self._like(value)]
        return (clause for clause in found if clause.reason is reason)


def _within(period: Period) -> Expression:
    """Papers of these days; their order begins with the day (:func:`document_order`)."""
    first, last = (
        day.year * 10_000 + day.month * 100 + day.day for day in (period.first, period.last)
    )
    return Range("order", document_order(first, 0), document_order(last + 1, 0) - 1)


def _side_by_side(field: str, tokens: tuple[tuple[int, str], ...]) -> Expression:
    if len(tokens) > 1:
        return TokenPhrase(field, tokens)
    return Term(field, (tokens[0][1],)) if tokens else Nothing()


def _partial(field: str, code: str) -> Expression:
    """A number that begins or ends with ``code``."""
    if len(code) < MIN_PARTIAL:
        return Nothing()
    return any_of(Prefix(field, code), Prefix(f"{field}_reversed", code[::-1]))


def _is_code(code: str) -> bool:
    """Whether a folded word may be a number of something: ASCII with at least one digit."""
    return code.isascii() and code.isalnum() and any(char.isdecimal() for char in code)


def _may_be_account(token: str) -> bool:
    return token.isdecimal() and len(token) >= _MIN_ACCOUNT
