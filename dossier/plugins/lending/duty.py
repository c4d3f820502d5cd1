"""The duty: loans end by themselves at their minute, and that is written down soon after."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import OperationalError

from dossier.plugins.lending import loan_rows, paper_acts
from dossier.services.context import Context

LOOK_SECONDS = 5.0
"""Between two looks; nothing waits for them."""
log = logging.getLogger(__name__)


def run(context: Context, stop: threading.Event) -> None:
    """Write down now and then what has ended, until ``stop``."""
    while not stop.wait(LOOK_SECONDS):
        try:
            loan_rows.note_ended(context)
            paper_acts.note_due(context)
        except OperationalError:
            log.warning("database busy, ended loans are noted later")
