"""kill -9 of who sends a notice: between claim and sending it is sent, afterwards never twice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from dossier.clock import FixedClock
from dossier.db.loan_tables import Loan
from dossier.db.notice_tables import Notice, NoticeAddress
from dossier.db.tables import User
from dossier.plugins.notices import planning, sending
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import system_viewer
from dossier.work import queue
from tests.support_archive import make_archive
from tests.support_notices import Mailbox, mail_server

VIEWER = system_viewer("test")
NOW = datetime(2026, 12, 1, 4, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
HEARD_SECONDS = 60.0


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as found:
        yield found


@pytest.fixture
def house(tmp_path: Path, mailbox: Mailbox) -> Iterator[Context]:
    """An archive with one reminder that waits to be sent."""
    settings = Settings(
        home=tmp_path,
        smtp_host="127.0.0.1",
        smtp_port=mailbox.port,
        smtp_security="none",
        smtp_from="dossier@company.example",
    )
    context = replace(make_archive(tmp_path), settings=settings, clock=FixedClock(NOW))
    with context.writing(VIEWER) as session:
        user = User(name="borrower", created_at=NOW)
        session.add(user)
        session.flush()
        session.add(NoticeAddress(user_id=user.id, email="me@company.example", set_at=NOW))
        session.add(
            Loan(
                kind="electronic",
                state="running",
                borrower_id=user.id,
                purpose="核对",
                minutes=1440,
                asked_at=NOW,
                lapses_at=NOW,
                begins_at=NOW - timedelta(days=9),
                ends_at=NOW + timedelta(days=2),
            )
        )
    assert planning.plan(context) == 2
    yield context
    context.database.dispose()


def killed(context: Context, mailbox: Mailbox, at: str) -> None:
    """Have another process send it, and kill that where the server heard it."""
    mailbox.hangs_at = at
    script = Path(__file__).with_name("notice_sender.py")
    words = [str(context.settings.home), str(mailbox.port), NOW.isoformat()]
    with subprocess.Popen(
        [sys.executable, str(script), *words], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    ) as process:
        try:
            assert mailbox.heard.wait(HEARD_SECONDS)
        finally:
            process.kill()
    mailbox.hangs_at = ""
    with context.writing(VIEWER) as session:
        freed = queue.end_leases_of_the_dead(session, is_dead={"killed"}.__contains__, now=NOW)
    assert freed == 1


def send(context: Context) -> list[str]:
    """Send what is due; states of the letters."""
    while sending.send_next(context, "another"):
        pass
    with context.reading(VIEWER) as session:
        return list(session.scalars(select(Notice.state).where(Notice.channel == "mail")))


def test_killed_between_claim_and_send_another_sends_it_once(
    house: Context, mailbox: Mailbox
) -> None:
    killed(house, mailbox, "RCPT")
    assert mailbox.letters == []
    assert send(house) == ["sent"]
    assert send(house) == ["sent"]
    assert len(mailbox.letters) == 1


def test_killed_between_claim_and_send_and_returned_meanwhile_nobody_is_told(
    house: Context, mailbox: Mailbox
) -> None:
    with house.writing(VIEWER) as session:
        assert queue.claim(session, owner="killed", now=NOW, lease_seconds=60, kinds=sending.KINDS)
        session.scalars(select(Loan)).one().state = "returned"
    later = replace(house, clock=FixedClock(NOW + timedelta(seconds=61)))
    assert send(later) == ["dropped"]
    assert mailbox.letters == []


def test_killed_after_it_was_handed_over_it_is_not_sent_again(
    house: Context, mailbox: Mailbox
) -> None:
    killed(house, mailbox, "DATA")
    assert send(house) == ["unsure"]
    assert send(house) == ["unsure"]
    assert len(mailbox.letters) == 1
