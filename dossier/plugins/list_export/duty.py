"""The duty: the bytes of a list's file are erased when it expires."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import OperationalError

from dossier.plugins.list_export import files
from dossier.services.context import Context

LOOK_SECONDS = 30.0
"""Between two looks; an expired file is not given out, erased or not."""
log = logging.getLogger(__name__)


def run(context: Context, stop: threading.Event) -> None:
    """Erase now and then, until ``stop``."""
    while not stop.wait(LOOK_SECONDS):
        try:
            files.erase_expired(context)
        except OperationalError:
            log.warning("database busy, expired files are erased later")
