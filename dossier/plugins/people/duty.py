"""The duty: on its day a planned change is in force, and customers follow their places."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import OperationalError

from dossier.db.changes import CommitWatch
from dossier.services import organisation, organisation_moves, staff_change
from dossier.services.context import Context

LOOK_SECONDS = 1.0
"""Between two looks; a change that is entered for today is in force without waiting for this."""
REST_SECONDS = 0.05
"""Between two batches of customers, so that others get in."""
log = logging.getLogger(__name__)


def run(context: Context, stop: threading.Event) -> None:
    """Do what is due now and then, until ``stop``."""
    commits = CommitWatch(context.database, at_least_every=60.0)
    while not stop.wait(LOOK_SECONDS):
        if not commits.may_have_changed():
            continue
        try:
            organisation.apply_on_its_day(context)
            staff_change.carry_out_due(context)
            while organisation_moves.follow(context) and not stop.wait(REST_SECONDS):
                pass
        except OperationalError:
            log.warning("database busy, changes of people and places wait")
