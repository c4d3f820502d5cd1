"""Masks for personal values, alone and inside text (domain.md 4.7), always of equal length.

Equal length keeps every offset true: highlights and snippets are cut from masked text with the
offsets of the original. The mask's character is ``*``. Masking a masked text changes nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache, partial
from itertools import accumulate

from dossier.rules import identifiers, region
from dossier.rules.address_masks import address_tail, find_address_tails
from dossier.rules.birth_days import find_birth_days
from dossier.rules.columns import written_down
from dossier.rules.identifiers import FoundNumber, NumberKind
from dossier.rules.likely_names import find_likely
from dossier.rules.name_masks import find_names
from dossier.rules.names import COMPOUND_SURNAMES, is_organisation, split_surname
from dossier.rules.normal_form import HAN, FoldedText, fold_with_origins
from dossier.rules.number_masks import KEPT_START, find_by_form, number_stars
from dossier.rules.organisations import shop_owner
from dossier.rules.relative_names import find_relatives, is_name
from dossier.rules.scattered_numbers import KEPT_END
from dossier.rules.signatures import find_rests, find_signers

MASK = "*"
ID_PLACES = 18
KEPT_CUSTOMERS = 4096
"""Customers whose values stay prepared: their pages come one after another."""
KEPT_TEXTS = 4
"""Texts of which is kept what was found: masks and what is closed of a page are asked together."""
Span = tuple[int, int]

_MAX_PASSES = 4  # a mask can only bring out another match where stars part two words; rarely once
_ATTACHED = re.compile(r"附件 attachments:[ ]?(?P<names>[^\n]+)")
_STEM = re.compile(r"(?:^|;)[ ]*(?P<value>[^;]+?)(?=\.[a-z0-9]{1,5}[ ]*(?:;|$)|;|$)")
_BETWEEN = re.compile(r"[ \n\t\f\-·().]+")
"""What OCR and people put between characters; folded text has no other white space."""
_NOT_SPACE = re.compile(r"\S")
_STARS = re.compile(re.escape(MASK) + "+")
_MASKED_ALL = re.compile(r"[^\s·]")


@dataclass(frozen=True, slots=True)
class KnownValues:
    """What the records know of the people of a page, in clear; every occurrence is masked.

    Attributes:
        names: persons' and others' names (organisations among them stay open).
        numbers: ID numbers, phones, accounts in any spelling.
        addresses: addresses; what lies beyond street or estate is masked.
        open_numbers: numbers that stay open although they look personal (customer and meter
            numbers of 16 and more digits).
    """

    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    open_numbers: tuple[str, ...] = ()


NOTHING_KNOWN = KnownValues()


@dataclass(frozen=True, slots=True)
class MaskedText:
    """A masked text of the original's length, and what was masked (ascending, disjoint)."""

    text: str
    spans: tuple[Span, ...]


def mask_name(name: str) -> str:
    """A person's name with the surname kept (a compound one whole); organisations stay.

    Of a shop that is called by its owner, place and trade stay: 襄州区王**理发店.
    """
    if is_organisation(name):
        return name
    if shop := shop_owner(name):
        start, end = shop
        surname, given = split_surname(name[start:end])
        return name[:start] + surname + _stars(given) + name[end:]
    surname, given = split_surname(name)
    return surname + _stars(given)


def mask_id(number: str) -> str:
    """An ID number with its last four places."""
    return _keep(number, 0, KEPT_END)


def mask_phone(number: str) -> str:
    """A mobile number with its first three and last four digits, a landline with its last four."""
    first = KEPT_START[NumberKind.MOBILE] if identifiers.mobile(number) else 0
    return _keep(number, first, KEPT_END)


def mask_account(number: str) -> str:
    """A bank account with its last four digits."""
    return _keep(number, 0, KEPT_END)


def mask_address(address: str) -> str:
    """An address down to street or estate; building, unit and room are masked."""
    form = fold_with_origins(address)
    start, end = form.span(*address_tail(form.text))
    return address[:start] + _stars(address[start:end]) + address[end:]


def open_address(address: str) -> str:
    """The part of an address that everybody may see: down to street or estate."""
    form = fold_with_origins(address)
    start, _ = form.span(*address_tail(form.text))
    return address[:start]


def mask_text(text: str, known: KnownValues = NOTHING_KNOWN) -> MaskedText:
    """A page's text with every personal value masked.

    Found by what is known of the customer, by pattern (ID numbers, phones, accounts, buildings and
    rooms) and by label (姓名, 户名, 联系人, 地址, 出生, …, also as the head of a column). Spaces
    and line ends inside values are tolerated: OCR puts them there.
    """
    masked, form = text, fold_with_origins(text)
    for _ in range(_MAX_PASSES):
        again, form = _mask_once(masked, form, known)
        if again == masked:
            break
        masked = again
    return MaskedText(masked, tuple(_runs(text, masked)))


def closed_spans(
    folded: str,
    known: KnownValues = NOTHING_KNOWN,
    numbers: Sequence[FoundNumber] | None = None,
) -> tuple[Span, ...]:
    """What of a folded text only those may find who read it in clear (ascending, disjoint).

    Buildings and rooms, labelled numbers, dates of birth, and what is known of the customer: what
    :func:`mask_text` hides, but for names, and for numbers that are recognised as such; the index
    keeps those whole (ID numbers and accounts as hashes), so they are not found by a part.

    Args:
        folded: a page in the normal form (:func:`dossier.rules.normal_form.fold`).
        known: what the records know of its customer.
        numbers: what :func:`dossier.rules.identifiers.find_numbers` gives for it, where the caller
            has that already.
    """
    opened, sought, days = _opened(known), _sought(known), _birth_days(known)
    hidden = folded
    for _ in range(_MAX_PASSES):
        if numbers is None or hidden is not folded:
            again = _starred(hidden, _kept_by_form(hidden, opened))
        else:
            again = _starred(hidden, _guessed_by_form(hidden, opened, lambda: numbers))
        again = _starred(again, _known_values(_Compacted(hidden), sought))
        again = _starred(again, find_birth_days(hidden, days, partial(_all_names, hidden, known)))
        if again == hidden:
            break
        hidden = again
        # Stars bring out no other value without stars: all that stood there was found at once.
        sought = tuple(value for value in sought if MASK in value[0])
    return tuple(_runs(folded, hidden))


def holds_known(folded: str, known: KnownValues) -> bool:
    """Whether a folded text holds something that is masked because the records know it."""
    squeezed = _squeeze(folded)
    return any(value in squeezed for value, _, _ in _sought(known))


@lru_cache(maxsize=KEPT_TEXTS)
def _numbers(folded: str) -> tuple[FoundNumber, ...]:
    return tuple(identifiers.find_numbers(folded))


def _starred(text: str, spans: Iterable[Span]) -> str:
    """Stars on all but spaces: lines stay lines, for what is looked for next."""
    for start, end in spans:
        text = text[:start] + _NOT_SPACE.sub(MASK, text[start:end]) + text[end:]
    return text


def _mask_once(text: str, form: FoldedText, known: KnownValues) -> tuple[str, FoldedText]:
    """The text with stars on what is found now, and its normal form."""
    masked, folded = text, form.text
    for span in set(_personal(form, known)):
        start, end = form.span(*span)
        stars = _NOT_SPACE.sub(MASK, masked[start:end])
        masked = masked[:start] + stars + masked[end:]
        if form.is_one_to_one:
            seen = zip(stars, folded[start:end], strict=True)
            stars = "".join(MASK if star == MASK else each for star, each in seen)
            folded = folded[:start] + stars + folded[end:]
    if form.is_one_to_one:
        return masked, FoldedText(folded, form.origins, form.length)
    return masked, fold_with_origins(masked)


def _personal(form: FoldedText, known: KnownValues) -> Iterable[Span]:
    """Spans of the folded text to put stars on."""
    folded = form.text
    opened = _opened(known)
    for number in _numbers(folded):
        if number.value not in opened:
            yield number_stars(folded, number)
    compacted = _Compacted(folded)
    names = list(_told_names(folded, region.added()))
    yield from names
    yield from _everywhere(folded, compacted, names)
    yield from find_rests(folded)
    names += _known_names(folded, compacted, known)
    yield from names
    yield from find_birth_days(folded, _birth_days(known), lambda: names)
    yield from _known_values(compacted, _sought(known))
    yield from _kept_by_form(folded, opened)


def _all_names(folded: str, known: KnownValues) -> list[Span]:
    """Those that the text tells, and those that the records know."""
    return [*_told_names(folded, region.added()), *_known_names(folded, _Compacted(folded), known)]


@lru_cache(maxsize=KEPT_TEXTS)
def _told_names(folded: str, _places: tuple[str, ...]) -> tuple[Span, ...]:
    """What the text tells; a shop's owner is told from the places that the archive knows."""
    return (*_names(folded), *_written_down(folded, _names))


def _names(folded: str) -> Iterable[Span]:
    yield from find_names(folded)
    yield from find_relatives(folded)
    yield from find_signers(folded)
    yield from find_likely(folded)


def _written_down(folded: str, find: Callable[[str], Iterable[Span]]) -> Iterable[Span]:
    """What is found in text that runs from top to bottom, character by character."""
    for text, places in written_down(folded):
        for start, end in find(text):
            yield from ((at, at + 1) for at in places[start:end])


@lru_cache(maxsize=KEPT_CUSTOMERS)
def _opened(known: KnownValues) -> frozenset[str]:
    return frozenset(identifiers.compact(number) for number in known.open_numbers)


@lru_cache(maxsize=KEPT_TEXTS)
def _kept_by_form(folded: str, opened: frozenset[str]) -> tuple[Span, ...]:
    return tuple(_guessed_by_form(folded, opened, lambda: _numbers(folded)))


def _guessed_by_form(
    folded: str, opened: frozenset[str], numbers: Callable[[], Sequence[FoundNumber]]
) -> Iterable[Span]:
    """What is masked besides names, the numbers that were found, and what is known."""
    yield from find_by_form(folded, opened, numbers)
    for names in _ATTACHED.finditer(folded):
        begin = names.start("names")
        for match in _STEM.finditer(names["names"]):
            yield begin + match.start("value"), begin + match.end("value")
    yield from find_address_tails(folded)
    yield from _written_down(folded, lambda text: _numbers_written_down(text, opened))


def _numbers_written_down(text: str, opened: frozenset[str]) -> Iterable[Span]:
    numbers = list(identifiers.find_numbers(text))
    yield from (number_stars(text, each) for each in numbers if each.value not in opened)
    yield from find_by_form(text, opened, lambda: numbers)


def _known_names(folded: str, compacted: _Compacted, known: KnownValues) -> Iterable[Span]:
    sought, given_names = _names_sought(known, region.added())
    yield from _known_values(compacted, sought)
    for given in given_names:
        yield from _given_alone(folded, given)


@lru_cache(maxsize=KEPT_CUSTOMERS)
def _names_sought(
    known: KnownValues, _places: tuple[str, ...]
) -> tuple[tuple[_Sought, ...], tuple[str, ...]]:
    """Names that are masked wherever they stand, and given names without their surnames."""
    sought: list[_Sought] = []
    given_names: list[str] = []
    for name in known.names:
        if name and not is_organisation(name):
            squeezed = _fold_squeezed(name)
            start, end = shop_owner(squeezed) or (0, len(squeezed))
            person = squeezed[start:end]
            surname = len(_squeeze(fold_with_origins(split_surname(name[start:])[0]).text))
            sought.append((squeezed, start + surname, len(squeezed) - end))
            if person != squeezed and len(person) > surname:
                sought.append((person, surname, 0))
            given_names.append(person[surname:])
    return tuple(sought), tuple(given_names)


def _everywhere(folded: str, compacted: _Compacted, found: Iterable[Span]) -> Iterable[Span]:
    """A name that some label told stands without one elsewhere on the page: nowhere in clear."""
    for name, surname in sorted({_whole_name(folded, span) for span in found}):
        if name and MASK not in name and is_name(name, is_marked=len(name) > _SHORT_NAME):
            yield from compacted.find(name, surname)


def _whole_name(folded: str, given: Span) -> tuple[str, int]:
    """The name whose given part stands here, and how long its surname is; else empty."""
    before = _squeeze(folded[max(0, given[0] - _BEFORE_GIVEN) : given[0]])
    surname = 2 if before[-2:] in COMPOUND_SURNAMES else 1
    name = before[-surname:] + _squeeze(folded[slice(*given)])
    return (name, surname) if _HAN_NAME.fullmatch(name) else ("", 0)


def _given_alone(folded: str, given: str) -> Iterable[Span]:
    """The given name without its surname, where no other Han stands before it: 鹏刚本人签收."""
    if len(given) < 2:
        return
    # A pattern of the name would cost more to compile than the page takes in all.
    start = folded.find(given)
    while start >= 0:
        end = start
        if start == 0 or not _IS_HAN.match(folded, start - 1):
            while folded.startswith(given, end):
                end += len(given)
            yield start, end
        start = folded.find(given, max(end, start + 1))


_Sought = tuple[str, int, int]
"""A value, and how much of it stays open at its beginning and its end."""


def _known_values(compacted: _Compacted, sought: Iterable[_Sought]) -> Iterable[Span]:
    for value, first, last in sought:
        yield from compacted.find(value, first, last)


@lru_cache(maxsize=KEPT_CUSTOMERS)
def _sought(known: KnownValues) -> tuple[_Sought, ...]:
    """Numbers and ends of addresses that are masked wherever they stand."""
    sought: list[_Sought] = []
    for number in known.numbers:
        value = identifiers.compact(number)
        first = KEPT_START[NumberKind.MOBILE] if identifiers.mobile(number) else 0
        if len(value) > first + KEPT_END:
            sought.append((value, first, KEPT_END))
        if day := _birth_day(value):
            sought.append((f"{day:%Y%m%d}", 0, 0))
    for address in known.addresses:
        squeezed = _fold_squeezed(address)
        start, _ = address_tail(squeezed)
        if len(squeezed) - start >= _SHORTEST_TAIL:
            sought.append((squeezed[start:], 0, 0))
    return tuple(sought)


@lru_cache(maxsize=KEPT_CUSTOMERS)
def _birth_days(known: KnownValues) -> frozenset[date]:
    days = (_birth_day(identifiers.compact(number)) for number in known.numbers)
    return frozenset(day for day in days if day is not None)


def _birth_day(number: str) -> date | None:
    """The day of birth that an ID number holds: places 7 to 14, of old numbers 7 to 12."""
    if not identifiers.is_id_no(number):
        return None
    digits = number[6:14] if len(number) == ID_PLACES else f"19{number[6:12]}"
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


_BEFORE_GIVEN = 6  # a surname, and the spaces of OCR
_SHORT_NAME = 2
"""Of two characters many names are words too: these need a surname that begins hardly a word."""
_IS_HAN = re.compile(f"[{HAN}]")
_HAN_NAME = re.compile(rf"[{HAN}]{{2,4}}")
_SHORTEST_TAIL = 3  # "1号" alone is on every page and names nobody


class _Compacted:
    """Folded text without what OCR and people put between characters, with the way back."""

    def __init__(self, folded: str) -> None:
        self._folded = folded

    @cached_property
    def _text(self) -> str:
        """Made when something is looked for: of a paper of nobody nothing is known."""
        return _squeeze(self._folded)

    def find(self, value: str, first: int, last: int = 0) -> Iterable[Span]:
        """Spans of every occurrence without its ``first`` and ``last`` characters."""
        if len(value) - first - last < 1 or value not in self._text:
            return
        at = self._text.find(value)
        while at >= 0:
            yield self._origin(at + first), self._origin(at + len(value) - last - 1) + 1
            at = self._text.find(value, at + 1)

    def _origin(self, at: int) -> int:
        """Where a character of the compacted text stands in the folded one."""
        ends, left_out = self._gaps
        return at + left_out[bisect_right(ends, at)]

    @cached_property
    def _gaps(self) -> tuple[list[int], list[int]]:
        """Where gaps were in the compacted text, and how much was left out before each and in all.

        Made when something is found: most values stand on few pages.
        """
        spans = [match.span() for match in _BETWEEN.finditer(self._folded)]
        left_out = [0, *accumulate(end - start for start, end in spans)]
        return [span[0] - before for span, before in zip(spans, left_out, strict=False)], left_out


def _fold_squeezed(value: str) -> str:
    return _squeeze(fold_with_origins(value).text)


def _squeeze(folded: str) -> str:
    return _BETWEEN.sub("", folded)


def _keep(value: str, first: int, last: int) -> str:
    """Stars on all letters and digits but the first and last ones."""
    places = [at for at, char in enumerate(value) if char.isalnum()]
    kept = (
        set(places[:first] + places[len(places) - last :]) if len(places) > first + last else set()
    )
    return "".join(
        MASK if char.isalnum() and at not in kept else char for at, char in enumerate(value)
    )


def _stars(text: str) -> str:
    return _MASKED_ALL.sub(MASK, text)


def _runs(text: str, masked: str) -> Iterable[Span]:
    """Where a text and what masks made of it differ."""
    if MASK not in text:
        yield from (match.span() for match in _STARS.finditer(masked))
        return
    start = None
    for at, (before, after) in enumerate(zip(text, masked, strict=True)):
        if before != after and start is None:
            start = at
        elif before == after and start is not None:
            yield start, at
            start = None
    if start is not None:
        yield start, len(text)
