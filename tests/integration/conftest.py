"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support_seeded import Seeded, seeded_archive


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """Two customers of two stations with papers full of secrets, and users of every role."""
    with seeded_archive(tmp_path_factory.mktemp("seeded") / "home") as archive:
        yield archive
