"""What a paper of a given day could say: laws, offices, numbers came and went (``eras.yaml``)."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from dossier.rules import rulebook

NAME = "eras"


@cache
def _rules() -> dict[str, Any]:
    file = resources.files("dossier.plugins.demo") / f"{NAME}.yaml"
    return rulebook.parse(file.read_text(encoding="utf-8"), NAME)


def word(kind: str, on: date) -> str:
    """The word of ``kind`` in use on a day; the oldest known one for days before all."""
    entries = _rules()["words"][kind]
    known = [text for since, text in entries if since <= on]
    return str(known[-1] if known else entries[0][1])


def begin(what: str) -> date:
    """The day on which something came up."""
    found: date = _rules()["begins"][what]
    return found


def has_begun(what: str, on: date) -> bool:
    """Whether there was such a thing on that day."""
    return on >= begin(what)


def first_day(type_code: str = "", file_format: str = "") -> date:
    """The day from which there are such papers."""
    rules = _rules()
    younger = (rules["types"].get(type_code), rules["formats"].get(file_format))
    return max(day for day in (rules["papers_since"], *younger) if day)


def card_years(age: int) -> int:
    """For how many years an identity card is valid that is issued at that age; 0: without end."""
    years = 0
    for least, length in _rules()["card_years"]:
        if age >= least:
            years = length
    return int(years)


def age_on(birth: date, on: date) -> int:
    """Whole years of somebody's life."""
    years = on.year - birth.year
    return years if anniversary(birth, years) <= on else years - 1


def adult_on(birth: date) -> date:
    """The day on which somebody born then comes of age."""
    return anniversary(birth, _rules()["adult_age"])


def anniversary(day: date, years: int) -> date:
    """The same day so many years later; of a 29 February the day after where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
