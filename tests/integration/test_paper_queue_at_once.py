"""Many requests for one original at the same moment over HTTP: one has it, the rest in line."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from dossier.asgi import create_app
from dossier.db.loan_tables import Loan
from dossier.db.tables import Document, RoleGrant, User
from dossier.plugins.lending import deciding
from dossier.services import accounts, custody
from dossier.viewer import EVERYTHING, Permission, Viewer
from tests.support_postgres import fresh_database
from tests.support_seeded import SETUP, Seeded, seeded_archive

PATH = "/api/v1/loans"
AT_ONCE = int(os.environ.get("DOSSIER_QUEUE_REQUESTS", "16"))
"""1,000 are run by hand (docs/howto/lending.md)."""


@pytest.fixture(params=["sqlite", "postgresql"])
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seeded]:
    home = tmp_path_factory.mktemp("queue") / "home"
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        yield stack.enter_context(seeded_archive(home, database_url=url, users={}))


def borrowers(archive: Seeded) -> list[str]:
    """Tokens of people who may borrow; they never log in, so they need no password."""
    context = archive.context
    with context.writing(SETUP) as session:
        now = context.clock.now()
        for number in range(AT_ONCE):
            user = User(name=f"reader{number}", created_at=now)
            session.add(user)
            session.flush()
            session.add(RoleGrant(user_id=user.id, role="crew", granted_at=now, granted_by="test"))
    return [accounts.make_token(context, SETUP, f"reader{number}") for number in range(AT_ONCE)]


async def all_at_once(archive: Seeded, paper: str, tokens: list[str]) -> list[httpx.Response]:
    transport = httpx.ASGITransport(create_app(archive.context), raise_app_exceptions=False)
    body = {"kind": "paper", "documents": [paper], "purpose": "核对"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", timeout=None
    ) as client:
        return await asyncio.gather(
            *(
                client.post(PATH, json=body, headers={"Authorization": f"Bearer {token}"})
                for token in tokens
            )
        )


def test_one_gets_the_paper_and_all_others_are_in_line_in_order(archive: Seeded) -> None:
    context, paper = archive.context, archive.documents["东1"]
    with context.writing(SETUP) as session:
        document = session.get_one(Document, paper)
        custody.begin(session, SETUP, document, at=context.clock.now())
        chief = User(name="chief", created_at=context.clock.now())
        session.add(chief)
    tokens = borrowers(archive)
    with ThreadPoolExecutor(1) as elsewhere:  # a browser of other tests holds this thread's loop
        answers = elsewhere.submit(asyncio.run, all_at_once(archive, paper, tokens)).result()
    assert [one.status_code for one in answers] == [201] * AT_ONCE
    made: list[dict[str, Any]] = sorted(
        (one.json() for one in answers), key=lambda one: str(one["number"])
    )
    assert [one["queue_position"] for one in made] == list(range(AT_ONCE))
    can = frozenset({Permission.SIGNED_IN, Permission.LEND, Permission.READ_CUSTOMER})
    approver = Viewer(chief.id, "chief", "supervisor", can, EVERYTHING)
    for one in reversed(made):  # who is decided on first has it, whoever asked before waits
        deciding.approve(context, approver, one["id"])
    with context.reading(SETUP) as session:
        states = session.scalars(select(Loan.state)).all()
    assert sorted(states) == sorted(["to_pick", *["waiting"] * (AT_ONCE - 1)])
