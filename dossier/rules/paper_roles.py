"""Who stands beside a value on a paper: the customer, or somebody who acts, signs, lets or vouches.

An agent's, landlord's or guarantor's number is printed as the customer's is; only the role named
near it tells them apart. The words are data (rulebook/linking.yaml, ``roles``).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dossier.rules.normal_form import HAN, fold, fold_with_origins
from dossier.rules.word_patterns import any_of

_GAP = r"[ \t:;·_]*"
_NOTE = r"(?:\([^()\n]{0,14}\))?"
_WORD = "(?:姓名|名称|签字|签名|签章|为|是)?"
_NAME_BEHIND = re.compile(rf"{_GAP}{_NOTE}{_GAP}{_WORD}{_GAP}([{HAN}·]{{2,40}})")
_ON_BEHALF = re.compile(rf"受([{HAN}·]{{2,20}}?)(?:的)?委托")
_SELF = "本人"


class RoleWords:
    """The words for roles, compiled; the longest that fits wins."""

    def __init__(self, body: Mapping[str, Sequence[str]], *, reach: int) -> None:
        """Compile the rule file's ``roles``.

        Args:
            body: ``principal``, ``other``, ``hands_to`` (verbs whose object acts), ``introduces``
                (words before the customer's name), ``delegation`` (papers where somebody acts),
                ``own_account`` (who may state an account too), ``things`` (words for an account),
                ``vouches_for`` (words before whom somebody vouches for).
            reach: rows below a role's row that it still speaks for.
        """
        self.reach = reach
        kinds = {fold(word): other for other, key in ((False, "principal"), (True, "other"))
                 for word in body[key]}  # fmt: skip
        self._others = frozenset(word for word, other in kinds.items() if other)
        self._things = frozenset(map(fold, body["things"]))
        self._with_account = frozenset(map(fold, body["own_account"]))
        self._vouches_for = re.compile(_either(body["vouches_for"]))
        words = _either(kinds)
        verbs = _either(body["hands_to"])
        no_object = _either(body["no_object"])
        self._pattern = re.compile(f"(?P<word>{words})|{verbs}(?!{no_object})(?=[{HAN}])")
        behind = _either(body["behind_name"])
        self._introduced = re.compile(
            rf"{_either(body['introduces'])}([{HAN}·]{{2,6}}?)(?=[ ,;。、(]|{behind})"
        )
        self._delegation = re.compile(_either(body["delegation"]))

    def marks(self, row: str, at: int, start: int) -> Iterator[RoleMark]:
        """The roles named in a row that begins at ``start`` and is the ``at``-th."""
        on_behalf = _ON_BEHALF.search(row) is not None
        for match in self._pattern.finditer(row):
            other = match["word"] is None or match["word"].replace(" ", "") in self._others
            if match["word"] == _SELF:
                other = on_behalf
            alone = not row[: match.start()].strip() or row[match.start() - 1] in "\t "
            heads = alone or row[match.end() : match.end() + 1] in (":", "\t", "(")
            place = (start + match.start(), start + match.end())
            word = (match["word"] or "").replace(" ", "")
            yield RoleMark(at, row.count("\t", 0, match.start()), *place, other, heads, word)

    def tells_whose(self, mark: RoleMark) -> bool:
        """Whether the mark is a person's, and not a word for the account itself."""
        return mark.word not in self._things

    def has_account(self, mark: RoleMark) -> bool:
        """Whether an account's number that belongs to the mark is not the customer's."""
        return mark.word in self._with_account

    def goes_on(self, between: str) -> bool:
        """Whether a sentence went on from who vouches to whom somebody vouches for."""
        return self._vouches_for.search(between) is not None

    def introduced(self, text: str) -> Iterator[str]:
        """Names that a sentence introduces as the customer's (本人张三, 受张三委托)."""
        on_behalf = [match[1] for match in _ON_BEHALF.finditer(text)]
        return iter(on_behalf or [match[1] for match in self._introduced.finditer(text)])

    def is_delegation(self, text: str) -> bool:
        """Whether somebody acts for somebody on this paper."""
        return self._delegation.search(fold(text)) is not None


@dataclass(frozen=True, slots=True)
class RoleMark:
    """A role named on a page.

    Attributes:
        row: which row of the page's text.
        cell: which cell of the row.
        start: offset in the folded text.
        end: offset behind it.
        other: somebody else than the customer.
        heads: stands as a label, so it speaks for the rows below as well.
        word: the role, folded and without spaces; empty for the object of a verb.
    """

    row: int
    cell: int
    start: int
    end: int
    other: bool
    heads: bool
    word: str = ""


class PageRoles:
    """The roles named on one page, asked by offsets in the page's own text."""

    def __init__(self, text: str, words: RoleWords) -> None:
        """Find the roles on a page."""
        self._form = fold_with_origins(text)
        self._words = words
        self._starts = [0]
        self._marks: list[list[RoleMark]] = []
        for at, row in enumerate(self._form.text.split("\n")):
            self._marks.append(list(words.marks(row, at, self._starts[-1])))
            self._starts.append(self._starts[-1] + len(row) + 1)

    def mark_of(self, start: int, end: int, *, nth: int = 0, of: int = 1) -> RoleMark | None:
        """The role that a value belongs to, None when no role is named near it.

        Args:
            start: the value's offset in the page's own text.
            end: offset behind it.
            nth: which of the values of its kind in its row this is.
            of: how many of its kind stand in its row.
        """
        first, last = self._folded(start), self._folded(end)
        row = self.row_of(start)
        return self._mark(self._marks, row, (first, last), (nth, of))

    def has_other_account(self, start: int, end: int, *, nth: int = 0, of: int = 1) -> bool:
        """Whether a number is that of the account of somebody who vouches or acts.

        Args:
            start: the number's offset in the page's own text.
            end: offset behind it.
            nth: which of the numbers of its kind in its row this is.
            of: how many of its kind stand in its row.
        """
        row = self.row_of(start)
        persons = [[m for m in marks if self._words.tells_whose(m)] for marks in self._marks]
        place = self._folded(start), self._folded(end)
        mark = self._mark(persons, row, place, (nth, of))
        if mark is None or not self._words.has_account(mark):
            return False
        return not self._words.goes_on(self._form.text[mark.end : place[0]])

    def _mark(
        self,
        marks: Sequence[Sequence[RoleMark]],
        row: int,
        place: tuple[int, int],
        which: tuple[int, int],
    ) -> RoleMark | None:
        first, last = place
        own = marks[row]
        behind = [one for one in own if self._form.text[last : one.start].strip(" )") == "("]
        before = [one for one in own if one.end <= first]
        if behind or before:
            return (behind or before[-1:])[0]
        cell = self._form.text.count("\t", self._starts[row], first)
        return self._above(marks, row, cell, which)

    def row_of(self, start: int) -> int:
        """Which row of the page an offset in its own text lies in."""
        return bisect_right(self._starts, self._folded(start)) - 1

    def _above(
        self, marks: Sequence[Sequence[RoleMark]], row: int, cell: int, which: tuple[int, int]
    ) -> RoleMark | None:
        nth, of = which
        for upper in range(row - 1, max(-1, row - 1 - self._words.reach), -1):
            heads = [one for one in marks[upper] if one.heads]
            if not heads:
                continue
            if of == len(heads):
                return heads[nth]
            alone = "\t" not in self._form.text[self._starts[row] : self._starts[row + 1]]
            left = [one for one in heads if alone or one.cell <= cell]
            return left[-1] if left else heads[0]
        return None

    def _folded(self, offset: int) -> int:
        """The folded offset of an offset in the page's own text."""
        return bisect_left(self._form.origins, offset)

    def other_names(self) -> Iterator[str]:
        """What stands behind the roles that are not the customer's, where a name would."""
        for mark in (one for row in self._marks for one in row if one.other):
            if match := _NAME_BEHIND.match(self._form.text, mark.end):
                yield match[1]

    def introduced(self) -> Iterator[str]:
        """Names that a sentence introduces as the customer's."""
        return self._words.introduced(self._form.text)


def _either(words: Iterable[str]) -> str:
    """Any of the words, the longest that fits; forms space out their labels (受 托 人)."""
    return any_of(map(fold, words), " {0,3}")
