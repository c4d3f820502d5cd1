"""Codes of this slice in words: message ids that its catalogue translates."""

from __future__ import annotations

from typing import Final

from fastapi import Request

from dossier.errors import DossierError
from dossier.services.labels import CHINESE
from dossier.web import context_of
from ui.labels import N_
from ui.locales import locale_of

STATES: Final = {
    "active": N_("Active"),
    "locked": N_("Locked"),
    "leaving": N_("Leaving soon"),
    "disabled": N_("Disabled"),
}
OUTCOMES: Final = {
    "ended": N_("ends"),
    "handed_over": N_("goes to the successor"),
    "kept": N_("is kept"),
    "shared": N_("others work on it"),
}
CHANGES: Final = {
    "leave": N_("Leaves"),
    "move": N_("Goes to another post"),
    "planned": N_("planned"),
    "done": N_("carried out"),
    "withdrawn": N_("withdrawn"),
}
STEPS: Final = {
    "known": N_("Known"),
    "founded": N_("Founded"),
    "renamed": N_("Renamed"),
    "moved": N_("Moved"),
    "merged": N_("Merged"),
    "closed": N_("Closed"),
}
KINDS: Final = {
    "unit": N_("Unit"),
    "line": N_("Line"),
    "district": N_("District"),
}


def told(request: Request, error: DossierError | None) -> str:
    """What was refused, in the language of the page."""
    if error is None:
        return ""
    if locale_of(request, context_of(request).settings.locale).startswith(CHINESE):
        return error.detail_zh or error.title_zh
    return error.detail or error.title
