"""The duties: working out who is to be told, and sending what leaves the house."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import IntegrityError, OperationalError

from dossier.plugins.notices import planning, sending
from dossier.services.context import Context
from indexer import identity

LOOK_SECONDS = 10.0
"""Between two looks; nothing waits for them."""
SEND_SECONDS = 2.0
"""Between two looks for something to send."""
log = logging.getLogger(__name__)


def plan(context: Context, stop: threading.Event) -> None:
    """Make the notices that are due, until ``stop``."""
    while not stop.wait(LOOK_SECONDS):
        try:
            planning.plan(context)
        except OperationalError:
            log.warning("database busy, notices are made later")
        except IntegrityError:
            log.info("another machine made these notices")


def send(context: Context, stop: threading.Event) -> None:
    """Send what is due, one after the other, until ``stop``."""
    owner = identity.worker_id()
    while not stop.wait(SEND_SECONDS):
        try:
            while not stop.is_set() and sending.send_next(context, owner):
                pass
        except OperationalError:
            log.warning("database busy, notices are sent later")
