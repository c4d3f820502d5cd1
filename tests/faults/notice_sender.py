"""A sender of notices, run as a process by test_notices_killed: sends what is due, then ends."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from dossier.clock import FixedClock
from dossier.plugins.notices import sending
from dossier.settings import Settings
from tests.support_archive import make_archive


def main(home: str, port: str, now: str) -> None:
    """Send by the mail server of the test, at the test's time."""
    settings = Settings(
        home=Path(home),
        smtp_host="127.0.0.1",
        smtp_port=int(port),
        smtp_security="none",
        smtp_from="dossier@company.example",
        smtp_seconds=60,
    )
    clock = FixedClock(datetime.fromisoformat(now))
    context = replace(make_archive(Path(home)), settings=settings, clock=clock)
    while sending.send_next(context, "killed"):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
