"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.engine import URL

from dossier.asgi import create_app
from tests.support_postgres import fresh_database, postgres_server
from tests.support_seeded import PASSWORD, Seeded, seeded_archive

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    """A PostgreSQL server for the whole run."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind that the records may lie in."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'dossier.db'}"
        return
    with fresh_database(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture(scope="module", params=DATABASES)
def seeded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seeded]:
    """Two customers of two stations with papers full of secrets, and users of every role."""
    home = tmp_path_factory.mktemp("seeded") / "home"
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        yield stack.enter_context(seeded_archive(home, database_url=url))


@pytest.fixture(scope="module")
def door(seeded: Seeded) -> Callable[[str], TestClient]:
    """A browser without script for each user, logged in over the form."""
    app = create_app(seeded.context)

    def opened(user: str) -> TestClient:
        client = TestClient(app, base_url="http://127.0.0.1", headers={"accept-language": "zh-CN"})
        form = {"name": user, "password": PASSWORD}
        assert client.post("/login", data=form, follow_redirects=False).status_code == 303
        return client

    return opened
