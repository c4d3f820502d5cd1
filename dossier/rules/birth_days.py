"""Days of birth without a label: beside sex or nationality, behind a name, of the customer known.

A day of birth is the middle of the ID number (domain.md 4.7). A day behind a name is also that of a
signature; so it is taken for one of birth only where another date of the page is so much later that
nobody could have signed on it before (rulebook/masking.yaml: ``birth_years_apart``). All on folded
text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date

from dossier.rules import rulebook
from dossier.rules.normal_form import HAN
from dossier.rules.word_patterns import any_of

Span = tuple[int, int]

_RULES = rulebook.load("masking")
_APART = int(_RULES["birth_years_apart"])
_LATEST_ALONE = int(str(_RULES["effective_from"])[:4]) - _APART
"""Year of the latest day of birth where no other date of the page is there to compare with."""
_DAY = (
    r"(?<![0-9./-])(?P<year>(?:19|20)[0-9]{2})(?:"
    r"[ ]?年[ ]?(?P<month>[0-9]{1,2})[ ]?月(?:[ ]?(?P<day>[0-9]{1,2})[ ]?[日号])?"
    r"|[ ]?(?P<sign>[./-])[ ]?(?P<month_of>[0-9]{1,2})[ ]?(?P=sign)[ ]?(?P<day_of>[0-9]{1,2})"
    r"|(?P<month_in>[01][0-9])(?P<day_in>[0-3][0-9]))(?![0-9]|[./-][0-9])"
)
_ANY_DAY = re.compile(_DAY)
_GAP = r"[ ]?[,、/:\t(]?[ ]?"
_SEX = r"(?:男|女)性?"
_BEHIND_SEX = re.compile(
    rf"(?:(?<![{HAN}]){_SEX}|性别[ :]{{0,2}}{_SEX}|[{HAN}]族)"
    rf"[ ,、/(]{{1,3}}(?P<value>{_DAY})"
)
_BEFORE_SEX = re.compile(
    rf"(?P<value>{_DAY})[ ,、/]{{1,3}}(?:{_SEX}(?![{HAN}])|[{HAN}]族(?![{HAN}]))"
)
_BEHIND_NAME = re.compile(rf"(?P<gap>{_GAP})(?P<value>{_DAY})(?=[ ]?(?:[\s,;.。、)]|\Z))")
_MAYBE = re.compile(rf"[{HAN}*]{_GAP}{_DAY}")
_YEAR = re.compile(r"(?<![0-9至到~-])(?P<year>(?:19|20)[0-9]{2})(?=[ ]?[年./-][ ]?[0-9])")
"""Years of dates, but for those until which something holds: 2005-03-01至2035-03-01."""
_LOOK = 12
_SIGNS = re.compile(rf"{any_of(_RULES['signing_words'].split())}[^\n0-9]{{0,6}}\Z")
"""Before a name: who signs; the day behind it is that of the signature."""
_OF_A_PERSON = re.compile(r"1[3-9][0-9*]{5}[0-9]{4}(?![0-9])|[0-9*]{14}[0-9]{3}[0-9x](?![0-9])")


def find_birth_days(
    folded: str, days: Collection[date], names: Callable[[], Iterable[Span]]
) -> Iterator[Span]:
    """Spans of days of birth.

    Args:
        folded: a text in the normal form.
        days: of birth of those whom the records know.
        names: gives where the names of the text end; asked only where a day may stand behind one.
    """
    if not _ANY_DAY.search(folded):
        return
    for pattern in (_BEHIND_SEX, _BEFORE_SEX):
        for match in pattern.finditer(folded):
            yield match.span("value")
    if days:
        for match in _ANY_DAY.finditer(folded):
            if _day_of(match) in days:
                yield match.span()
    maybe = list(_MAYBE.finditer(folded))
    latest = max((int(one["year"]) for one in _YEAR.finditer(folded)), default=0) if maybe else 0
    if any(_is_early(folded, match, latest) for match in maybe):
        for start, end in names():
            behind = _BEHIND_NAME.match(folded, end)
            signs = _SIGNS.search(folded[max(0, start - _LOOK) : start])
            if behind and not signs and _is_early(folded, behind, latest):
                yield behind.span("value")


def _is_early(folded: str, match: re.Match[str], latest: int) -> bool:
    """Whether this day lies so long before the page's others that nobody signed on it.

    Where there is no other, what else the line tells of a person must do, or that the day stands in
    brackets.
    """
    year = int(match["year"])
    if latest - year >= _APART:
        return True
    start, end = match.span()
    in_brackets = "(" in folded[start : match.start("year")] and folded[end : end + 1] == ")"
    line = folded[folded.rfind("\n", 0, start) + 1 :].partition("\n")[0]
    is_of_a_person = in_brackets or _OF_A_PERSON.search(line) is not None
    return is_of_a_person and year <= _LATEST_ALONE


def _day_of(match: re.Match[str]) -> date | None:
    found = match.groupdict()
    month = found["month"] or found["month_of"] or found["month_in"]
    day = found["day"] or found["day_of"] or found["day_in"]
    try:
        return date(int(found["year"]), int(month), int(day)) if day else None
    except ValueError:
        return None
