"""Which days an archive works: the built-in calendar with the years of its own file."""

from __future__ import annotations

from dossier.rules import working_days
from dossier.rules.working_days import WorkingDays
from dossier.services.context import Context
from dossier.services.role_files import own_file


def calendar_of(context: Context) -> WorkingDays:
    """The working days, with the years that the archive added itself."""
    found = own_file(context.settings.home, working_days.RULES)
    return working_days.read(*found) if found else working_days.load()
