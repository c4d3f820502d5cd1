"""Where a query's words stand on a page: exact spans of the original text.

The same tokens and the same phrases as the index, so a page that was found through its text has a
span, and every span is an occurrence. An engine's own highlighter merges and misplaces adjacent
pairs (stack.md, Elasticsearch).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from dossier.rules import identifiers
from dossier.rules.normal_form import FoldedText, fold_with_origins
from dossier.search import analysis
from dossier.search.analysis import NumberHash, Token
from dossier.search.compile import MIN_PARTIAL, page_phrases, positive_leaves
from dossier.search.port import SearchRight
from dossier.search.query import FieldValue, Phrase, Query, Word

Span = tuple[int, int]
_TEXT_FIELDS = frozenset({"text", "name", "address", "customer_no", "meter_no", "phone", "id_no"})
_RUN = re.compile(r"[0-9]{5,}")


def highlight(
    text: str, query: Query, *, rights: frozenset[SearchRight], number_hash: NumberHash
) -> list[Span]:
    """Spans (code points, half open, ascending, disjoint) of the query's words in a page's text.

    Words that are excluded give none. What the viewer may not search by is not marked either:
    a mark on a masked number would tell its digits.
    """
    wanted = list(_wanted(query))
    if not wanted or not text or SearchRight.TEXT not in rights:
        return []
    form = fold_with_origins(text)
    page = _Page(form, analysis.tokens_of(form, number_hash))
    spans: list[Span] = []
    for word, partly in wanted:
        for phrase in page_phrases(word, rights=rights, number_hash=number_hash):
            spans += page.phrase(phrase)
        if partly:
            spans += page.partial_numbers(word, rights)
        spans += page.single_character(word)
    return merge(spans)


def merge(spans: Iterable[Span]) -> list[Span]:
    """Ascending spans with overlapping ones made one; touching ones stay two words."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start < out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _wanted(query: Query) -> Iterator[tuple[str, bool]]:
    """Texts to mark, and whether as numbers they may be part of one."""
    for leaf in positive_leaves(query.node):
        match leaf:
            case Word(text):
                yield text, True
            case Phrase(text):
                yield text, False
            case FieldValue(field, value) if field in _TEXT_FIELDS:
                yield value, True
            case FieldValue():
                continue


class _Page:
    """A page's tokens, looked up by text."""

    def __init__(self, form: FoldedText, tokens: Sequence[Token]) -> None:
        self._form = form
        self._tokens = tokens
        self._places: dict[str, list[int]] = defaultdict(list)
        for token in tokens:
            self._places[token.text].append(token.position)

    def phrase(self, phrase: Sequence[tuple[int, str]]) -> Iterator[Span]:
        """Every place where these tokens stand in these relative positions."""
        if not phrase:
            return
        for first in self._places.get(phrase[0][1], ()):
            last = first
            for offset, text in phrase[1:]:
                last = first + offset
                if last >= len(self._tokens) or self._tokens[last].text != text:
                    break
            else:
                yield self._tokens[first].start, self._tokens[last].end

    def single_character(self, word: str) -> Iterator[Span]:
        """A query of one Han character: each time it stands on the page."""
        character = analysis.keyword(word)
        if len(character) == 1 and analysis.han_characters(word):
            for match in re.finditer(re.escape(character), self._form.text):
                yield self._form.span(*match.span())

    def partial_numbers(self, word: str, rights: frozenset[SearchRight]) -> Iterator[Span]:
        """The beginning or end of a longer number, where that may be searched."""
        code = analysis.keyword(word)
        if not code.isdecimal() or len(code) < MIN_PARTIAL:
            return
        closed: set[int] = set()
        for number in identifiers.find_numbers(self._form.text):
            sensitive = number.kind in identifiers.SENSITIVE_KINDS
            closed.update(range(number.start, number.end))
            if not sensitive and SearchRight.PHONE_PARTIAL in rights:
                yield from self._part(number.start, number.end, code)
        for match in _RUN.finditer(self._form.text):
            if match.start() not in closed:
                yield from self._part(*match.span(), code)

    def _part(self, start: int, end: int, code: str) -> Iterator[Span]:
        places = [at for at in range(start, end) if self._form.text[at].isdecimal()]
        value = "".join(self._form.text[at] for at in places)
        if value.startswith(code):
            yield self._form.span(places[0], places[len(code) - 1] + 1)
        if value.endswith(code):
            yield self._form.span(places[-len(code)], places[-1] + 1)
