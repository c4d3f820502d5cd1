"""A bare worker of the queue, run as a process by test_work_queue: each item leaves one line."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import OperationalError

from dossier.db import create_database, session_for
from dossier.db.tables import IndexChange
from dossier.errors import LostLeaseError
from dossier.viewer import system_viewer
from dossier.work import queue

VIEWER = system_viewer("test")


def main(url: str, lease_seconds: float, ready: Path) -> None:
    """Claim, work a moment, and finish with a row that only a finished item may leave."""
    database = create_database(url)
    ready.touch()
    while True:
        try:
            with session_for(database, VIEWER, write=True) as session:
                lease = queue.claim(
                    session,
                    owner=str(os.getpid()),
                    now=datetime.now(UTC),
                    lease_seconds=lease_seconds,
                )
            if lease is None:
                time.sleep(0.02)
                continue
            time.sleep(0.003)
            with session_for(database, VIEWER, write=True) as session:
                session.add(IndexChange(index="test", key=lease.subject, at=datetime.now(UTC)))
                queue.finish(session, lease, now=datetime.now(UTC))
        except (LostLeaseError, OperationalError):
            continue


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]))
