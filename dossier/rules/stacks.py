"""Where a stack of scans is cut into papers, how sure that is, and why.

Between two pages findings add up as nats (rulebook/stacks.yaml), weighed against all that the paper
at hand has said since its first page. Because where that paper began is itself not sure, the
likeliest places are followed side by side: the probability of a cut is the share of all of them.
A bad cut is worse than none: only surer ones than ``decide.cut`` are made without a person.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from dossier.rules.page_numbers import PageNumber
from dossier.rules.stack_pages import WORDS, PageEvidence
from dossier.rules.stack_rules import StackRules

MISSING, SWAPPED, REPEATED, UNREAD, OTHERS = (
    "page_missing",
    "pages_swapped",
    "page_repeated",
    "page_unread",
    "customers_differ",
)
_NAME_LEAST = 2
_SECOND = 2


@dataclass(frozen=True, slots=True)
class Boundary:
    """The place before a page, and how sure a new paper begins there.

    Attributes:
        before: the page's place in the file.
        probability: 0..1 that it is the first of a paper.
        reasons: findings with their weights, the heaviest first.
    """

    before: int
    probability: float
    reasons: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """Something odd about a paper's pages.

    Attributes:
        kind: ``page_missing``, ``pages_swapped``, ``page_repeated``, ``page_unread`` or
            ``customers_differ`` (its pages state the numbers of two customers).
        pages: the numbers that the paper prints; of the last two kinds the places in the file.
    """

    kind: str
    pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One paper of a stack.

    Attributes:
        pages: places in the file, in the order in which they were scanned.
        code: text of the bar code on the sheet before it; empty without.
        remarks: what is odd about its pages.
    """

    pages: tuple[int, ...]
    code: str = ""
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """How a file would be cut.

    Attributes:
        pages: of the file.
        boundaries: one before each page with content but the first.
    """

    pages: tuple[PageEvidence, ...]
    boundaries: tuple[Boundary, ...] = ()

    def starts(self, least: float) -> tuple[int, ...]:
        """First pages of papers by all cuts that are as sure as ``least``."""
        content = [page.number for page in self.pages if _has_content(page)]
        sure = [one.before for one in self.boundaries if one.probability >= least]
        return (*content[:1], *sure)

    def parts(self, least: float) -> tuple[Part, ...]:
        """The papers by all cuts that are as sure as ``least``."""
        return parts_from(self.pages, self.starts(least))

    def open_cuts(self, rules: StackRules) -> tuple[Boundary, ...]:
        """Cuts that are likely and not sure enough: for a person."""
        return tuple(one for one in self.boundaries if rules.ask <= one.probability < rules.cut)


def parts_from(pages: Sequence[PageEvidence], starts: Collection[int]) -> tuple[Part, ...]:
    """The papers that begin at these pages; every page with content is in exactly one.

    Separators, and blank pages at the edge of a paper, are in none.
    """
    groups: list[list[PageEvidence]] = []
    codes: list[str] = []
    code = ""
    for page in pages:
        if page.separator:
            code = next(iter(sorted(page.codes)), "")
            continue
        if _has_content(page) and (page.number in starts or not groups):
            groups.append([])
            codes.append(code)
        if groups:
            groups[-1].append(page)
        code = "" if _has_content(page) else code
    return tuple(
        Part(tuple(page.number for page in kept), its, tuple(remarks(kept)))
        for group, its in zip(groups, codes, strict=True)
        if (kept := _without_blank_end(group))
    )


def _without_blank_end(group: list[PageEvidence]) -> list[PageEvidence]:
    last = max(at for at, page in enumerate(group) if _has_content(page))
    return group[: last + 1]


def _has_content(page: PageEvidence) -> bool:
    return not page.is_blank and not page.separator


# -- weighing -----------------------------------------------------------------------------------


def propose(pages: Sequence[PageEvidence], rules: StackRules) -> Proposal:
    """Weigh every place between two pages."""
    content = [page for page in pages if _has_content(page)]
    if len(content) < 2 or len(pages) > rules.pages:
        return Proposal(tuple(pages))
    tracks = [_Track(1.0, _Paper.begun(content[0]))]
    boundaries = []
    gaps = {} if _has_blank_backs(pages) else _gaps(pages)
    for at, (_, page) in enumerate(pairwise(content), 1):
        ahead = content[at + 1] if at + 1 < len(content) else None
        boundary, tracks = _step(tracks, page, gaps.get(page.number, ()), ahead, rules)
        boundaries.append(boundary)
    return Proposal(tuple(pages), tuple(boundaries))


@dataclass(frozen=True, slots=True)
class _Track:
    """One way of having cut so far: how likely it is, and the paper at hand by it."""

    weight: float
    paper: _Paper


def _step(
    tracks: Sequence[_Track],
    page: PageEvidence,
    gap: Sequence[PageEvidence],
    ahead: PageEvidence | None,
    rules: StackRules,
) -> tuple[Boundary, list[_Track]]:
    """Weigh the place before one page on all tracks."""
    found = [dict(_findings(track.paper, page, gap, ahead, rules)) for track in tracks]
    shares = [_share(rules.prior + sum(one.values())) for one in found]
    probability = sum(t.weight * share for t, share in zip(tracks, shares, strict=True))
    likeliest = max(range(len(tracks)), key=lambda at: tracks[at].weight)
    reasons = sorted(found[likeliest].items(), key=lambda one: -abs(one[1]))
    going_on = [
        _Track(track.weight * (1 - share), track.paper.with_page(page))
        for track, share in zip(tracks, shares, strict=True)
    ]
    kept = [_Track(probability, _Paper.begun(page)), *going_on]
    kept = sorted(kept, key=lambda track: -track.weight)[: rules.starts]
    total = sum(track.weight for track in kept)
    return (
        Boundary(page.number, probability, tuple((k, round(w, 2)) for k, w in reasons)),
        [_Track(track.weight / total, track.paper) for track in kept],
    )


def _share(nats: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, nats))))


def _has_blank_backs(pages: Sequence[PageEvidence]) -> bool:
    """Whether the stack was scanned on both sides: then a blank page parts nothing."""
    if any(page.separator for page in pages):
        return False
    content = sum(1 for page in pages if _has_content(page))
    lonely = sum(1 for a, b in pairwise(pages) if _has_content(a) and b.is_blank)
    return content >= _FEWEST_SHEETS and lonely >= _BLANK_BACKS * content


_FEWEST_SHEETS, _BLANK_BACKS = 4, 0.5


def _gaps(pages: Sequence[PageEvidence]) -> Mapping[int, Sequence[PageEvidence]]:
    """What lies right before each page: separators and blank pages."""
    gaps: dict[int, Sequence[PageEvidence]] = {}
    waiting: list[PageEvidence] = []
    for page in pages:
        if _has_content(page):
            gaps[page.number], waiting = tuple(waiting), []
        else:
            waiting.append(page)
    return gaps


# -- the paper at hand --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Paper:
    """All that the pages of the paper at hand have said, since the one it began with."""

    length: int
    last: PageEvidence
    type_code: str = ""
    titles: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    numbers: Mapping[int, int | None] = field(default_factory=dict)
    customer_nos: frozenset[str] = frozenset()
    meter_nos: frozenset[str] = frozenset()
    id_nos: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    contract_nos: frozenset[str] = frozenset()
    case_nos: frozenset[str] = frozenset()
    form_nos: frozenset[str] = frozenset()

    @classmethod
    def begun(cls, page: PageEvidence) -> _Paper:
        return cls(0, page).with_page(page)

    def with_page(self, page: PageEvidence) -> _Paper:
        own = page.page_number
        return _Paper(
            length=self.length + 1,
            last=page,
            type_code=self.type_code or page.type_code,
            titles=self.titles | ({page.title} if page.title else set()),
            codes=self.codes | page.codes,
            numbers={**self.numbers, own.page: own.total} if own else self.numbers,
            customer_nos=self.customer_nos | page.customer_nos,
            meter_nos=self.meter_nos | page.meter_nos,
            id_nos=self.id_nos | page.id_nos,
            names=self.names | page.names,
            contract_nos=self.contract_nos | page.contract_nos,
            case_nos=self.case_nos | page.case_nos,
            form_nos=self.form_nos | page.form_nos,
        )

    @property
    def total(self) -> int | None:
        """How many pages it says that it has."""
        return next((total for total in self.numbers.values() if total), None)

    @property
    def is_complete(self) -> bool:
        total = self.total
        return total is not None and (len(self.numbers) >= total or self._is_covered_complete)

    @property
    def _is_covered_complete(self) -> bool:
        """A cover counts without printing its number."""
        total = self.total or 0
        missing = [number for number in range(1, total + 1) if number not in self.numbers]
        return missing == [1] and self.length >= total


# -- findings -----------------------------------------------------------------------------------

_Finding = tuple[str, float]


def _findings(
    paper: _Paper,
    page: PageEvidence,
    gap: Sequence[PageEvidence],
    ahead: PageEvidence | None,
    rules: StackRules,
) -> Iterator[_Finding]:
    """What speaks for and against a cut before ``page``, with weights."""
    kinds: list[_Finding] = [
        *_of_gap(gap),
        *_of_form(paper, page),
        *_of_numbers(paper, page.page_number),
        *_of_cover(paper, page, ahead),
        *_of_top(paper, page),
        *_of_people(paper, page, rules),
    ]
    if not page.codes <= paper.codes:
        kinds.append(("barcode_label", 1.0))
    if _differs(paper.last.size, page.size, rules.size):
        kinds.append(("size_differs", 1.0))
    if paper.last.is_signed:
        kinds.append(("signed_before", 1.0))
    for kind, factor in kinds:
        yield kind, rules.weights[kind] * factor


def _of_gap(gap: Sequence[PageEvidence]) -> Iterator[_Finding]:
    sheets = [page for page in gap if page.separator]
    if sheets:
        words = any(page.separator == WORDS for page in sheets)
        yield ("separator_words" if words else "separator_sheet"), 1.0
    elif gap:
        yield ("blank_sheet" if len(gap) > 1 else "blank_between"), 1.0


def _of_numbers(paper: _Paper, own: PageNumber | None) -> Iterator[_Finding]:
    before = paper.last.page_number
    if paper.is_complete:
        yield "paper_complete", 1.0
    elif before is not None and before.total is not None and before.page < before.total:
        yield "paper_unfinished", 1.0
    if own is None:
        return
    if own.total is not None and paper.total is not None and own.total != paper.total:
        yield "number_other_total", 1.0
    if own.page == 1:
        yield "number_first", 1.0
    elif kind := _how_it_goes_on(paper, own):
        yield kind, 1.0


def _how_it_goes_on(paper: _Paper, own: PageNumber) -> str:
    """How a page's number, above 1, fits those of the paper at hand; empty where it does not."""
    before = paper.last.page_number
    if before is None:
        is_second = own.page == paper.length + 1 and not paper.numbers
        return "number_after_cover" if is_second else ""
    if own.total is not None and own.total == paper.total:
        if own.page in paper.numbers:
            return "number_again"
        return "number_follows" if own.page == before.page + 1 else "number_fills_gap"
    is_open = own.total is None or paper.total is None
    return "number_follows_open" if is_open and own.page == before.page + 1 else ""


def _of_cover(paper: _Paper, page: PageEvidence, ahead: PageEvidence | None) -> Iterator[_Finding]:
    """A title page prints no number; the one behind it is number two."""
    if page.page_number is not None or ahead is None or ahead.page_number is None:
        return
    is_titled = bool(page.title) or page.has_heading
    is_free = 1 not in paper.numbers or paper.is_complete
    if ahead.page_number.page == _SECOND and is_titled and is_free:
        yield "number_ahead", 1.0


def _of_top(paper: _Paper, page: PageEvidence) -> Iterator[_Finding]:
    if _is_behind_cover(paper, page):
        yield "behind_cover", 1.0
        return
    if page.is_annex:
        yield "annex", 1.0
    yield from _of_title(paper, page)
    if page.title and page.title in paper.titles:
        yield "title_again", 1.0
    if page.begins_within:
        yield "begins_within", 1.0


def _of_title(paper: _Paper, page: PageEvidence) -> Iterator[_Finding]:
    if page.title and page.title_sure > 0:
        strong = page.type_code and page.title_sure >= _STRONG
        yield ("title_known" if strong else "title_weak"), page.title_sure
        if page.type_code and paper.type_code and page.type_code != paper.type_code:
            yield "title_of_another_type", 1.0
    elif page.type_code and paper.type_code and page.type_code != paper.type_code:
        yield "body_of_another_type", 1.0
    elif page.has_heading and not page.begins_within:
        yield "heading", 1.0
    elif page.is_picture and not page.is_annex:
        yield "picture", 1.0
    elif not page.is_failed:
        yield "no_title", _UNTITLED_OPENING if _opens_anew(paper, page) else 1.0


def _of_form(paper: _Paper, page: PageEvidence) -> Iterator[_Finding]:
    """Whether it begins as forms do: with a number of its own, and with whose it is."""
    if page.form_nos:
        if any(_near_number(one, other) for one in page.form_nos for other in paper.form_nos):
            yield "form_no_same", 1.0
        elif not _is_behind_cover(paper, page):
            yield ("form_no_differs" if paper.form_nos else "form_no_new"), 1.0
    if page.opens and not page.begins_within:
        yield ("opens" if _opens_anew(paper, page) else "opens_again"), 1.0


def _is_behind_cover(paper: _Paper, page: PageEvidence) -> bool:
    """Whether the page repeats the title of a cover right before it."""
    is_covered = paper.length == 1 and paper.last.is_cover and not page.is_cover
    return is_covered and bool(page.title) and page.title in paper.titles


def _opens_anew(paper: _Paper, page: PageEvidence) -> bool:
    """Whether the page begins with whose it is, and the paper so far is not theirs."""
    is_same = paper.customer_nos & page.customer_nos or paper.names & page.names
    return page.opens and not page.begins_within and not is_same


_UNTITLED_OPENING = 0.3
"""So much a lacking title counts on a page that begins with whose it is."""


_STRONG = 0.8
"""Sureness of a title that is set as one; below it may be a mention."""


def _of_people(paper: _Paper, page: PageEvidence, rules: StackRules) -> Iterator[_Finding]:
    is_list = max(len(paper.customer_nos), len(page.customer_nos)) >= rules.list_customers
    if not is_list:
        if _apart(paper.customer_nos, page.customer_nos, _near_number):
            yield "customer_no_differs", 1.0
        elif paper.customer_nos & page.customer_nos:
            yield "customer_no_same", 1.0
        if _apart(paper.meter_nos, page.meter_nos, _near_number):
            yield "meter_no_differs", 1.0
        if _apart(paper.id_nos, page.id_nos, _near_number):
            yield "id_no_differs", 1.0
        if _apart(paper.names, page.names, _near_name):
            yield "name_differs", 1.0
    if paper.contract_nos & page.contract_nos:
        yield "contract_no_same", 1.0
    elif _apart(paper.contract_nos, page.contract_nos, _near_number):
        yield "contract_no_differs", 1.0
    if _apart(paper.case_nos, page.case_nos, _near_number):
        yield "case_no_differs", 1.0


def _apart(
    ones: Collection[str], others: Collection[str], is_near: Callable[[str, str], bool]
) -> bool:
    """Whether both name something and nothing of the one can be a misreading of the other's."""
    if not ones or not others:
        return False
    return not any(is_near(one, other) for one in ones for other in others)


def _near_number(one: str, other: str) -> bool:
    """The same number, with one digit wrong, missing or too many."""
    if abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) <= 1
    shorter, longer = sorted((one, other), key=len)
    at = next((i for i, c in enumerate(shorter) if c != longer[i]), len(shorter))
    return shorter[at:] == longer[at + 1 :]


def _near_name(one: str, other: str) -> bool:
    """The same name, one inside the other, or with one character misread."""
    if one in other or other in one:
        return min(len(one), len(other)) >= _NAME_LEAST
    if len(one) != len(other):
        return False
    wrong = sum(a != b for a, b in zip(one, other, strict=True))
    return wrong <= max(1, len(one) // 4)


def _differs(one: tuple[int, int], other: tuple[int, int], share: float) -> bool:
    """Whether two pages are of another size or lie otherwise."""
    if not all((*one, *other)):
        return False
    return any(abs(a - b) > share * max(a, b) for a, b in zip(one, other, strict=True))


# -- what is odd --------------------------------------------------------------------------------


def remarks(pages: Sequence[PageEvidence]) -> Iterator[Remark]:
    """What is odd about the pages of one paper: missing, swapped, repeated, not read."""
    numbered = [page.page_number for page in pages if page.page_number is not None]
    totals = [one.total for one in numbered if one.total is not None]
    total = max(set(totals), key=totals.count) if totals else None
    own = [one.page for one in numbered if total is None or one.total in (None, total)]
    yield from _missing(pages, own, total)
    if swapped := tuple(b for a, b in pairwise(own) if b < a):
        yield Remark(SWAPPED, swapped)
    if repeated := tuple(sorted({one for one in own if own.count(one) > 1})):
        yield Remark(REPEATED, repeated)
    if unread := tuple(page.number for page in pages if page.is_failed):
        yield Remark(UNREAD, unread)
    if others := tuple(_of_others(pages)):
        yield Remark(OTHERS, others)


def _of_others(pages: Sequence[PageEvidence]) -> Iterator[int]:
    """Pages that state another customer's number than the first page that states one."""
    first: frozenset[str] = frozenset()
    for page in pages:
        if _apart(first, page.customer_nos, _near_number):
            yield page.number
        first = first or page.customer_nos


def _missing(
    pages: Sequence[PageEvidence], own: Sequence[int], total: int | None
) -> Iterator[Remark]:
    """Numbers that should be there; pages without one are taken for some of them."""
    if not own:
        return
    wanted = range(1, (total or max(own)) + 1)
    lacking = [number for number in wanted if number not in own]
    without = [page for page in pages if page.page_number is None and not page.is_blank]
    if len(lacking) > len(without):
        covered = 1 if pages[0].page_number is None and 1 in lacking else 0
        yield Remark(MISSING, tuple(lacking[covered:] if covered else lacking))


def in_order(part: Part, pages: Iterable[PageEvidence]) -> tuple[int, ...]:
    """The part's pages by the numbers that they print, where they were swapped and all are there.

    Else as they were scanned: where one is missing or has no number, a person looks.
    """
    known = {page.number: page for page in pages}
    own = [known[number].page_number for number in part.pages]
    printed = [one.page for one in own if one is not None]
    if sorted(printed) != list(range(1, len(part.pages) + 1)):
        return part.pages
    return tuple(number for _, number in sorted(zip(printed, part.pages, strict=True)))
