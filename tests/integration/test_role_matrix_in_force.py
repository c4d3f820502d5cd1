"""The matrix in force on the day decides, without a restart; a wrong one stops the start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from dossier.bootstrap import build
from dossier.clock import FixedClock
from dossier.db.tables import RuleSet
from dossier.errors import ConfigurationError
from dossier.services import accounts
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import Permission, system_viewer

SETUP = system_viewer("test")
NEXT_YEAR = "name: roles\neffective_from: 2027-01-01\nsource: order 12\nmatrix:\n"
READS = "  read_metadata:\n    agent: own masked\n"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[str], Context]]:
    """Opens an archive with a later matrix beside the built-in one."""
    made: list[Context] = []

    def with_matrix(text: str) -> Context:
        folder = tmp_path / "home" / "rulebook"
        folder.mkdir(parents=True)
        (folder / "roles-2027.yaml").write_text(text, encoding="utf-8")
        clock = FixedClock(datetime(2026, 12, 31, 15, 59, tzinfo=UTC))
        made.append(build(Settings(home=tmp_path / "home"), clock=clock))
        return made[-1]

    yield with_matrix
    for context in made:
        context.readers.close()
        context.index.close()
        context.database.dispose()


def test_a_later_matrix_counts_from_its_day_in_shanghai(
    opened: Callable[[str], Context],
) -> None:
    context = opened(NEXT_YEAR + READS)
    accounts.add_user(context, SETUP, name="wang", role="agent")
    accounts.add_user(context, SETUP, name="li", role="archivist")
    before = accounts.viewer_by_name(context, "wang")
    assert before.may(Permission.READ_CONTENT)
    assert isinstance(context.clock, FixedClock)
    context.clock.instant = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    after = accounts.viewer_by_name(context, "wang")
    assert after.permissions == {
        Permission.SIGNED_IN,
        Permission.SEARCH,
        Permission.READ_CUSTOMER,
    }
    archivist = accounts.viewer_by_name(context, "li")
    assert archivist.permissions == {Permission.SIGNED_IN}
    assert not archivist.scope.everything


def test_both_matrices_are_kept_with_their_dates(opened: Callable[[str], Context]) -> None:
    context = opened(NEXT_YEAR + READS)
    with context.reading(SETUP) as session:
        kept = session.execute(
            select(RuleSet.effective_from, RuleSet.author).where(RuleSet.name == "roles")
        ).all()
    assert sorted((str(day), author) for day, author in kept) == [
        ("2026-01-01", "built-in"),
        ("2027-01-01", "operator"),
    ]


def test_a_matrix_with_an_unknown_action_stops_the_start(
    opened: Callable[[str], Context],
) -> None:
    with pytest.raises(ConfigurationError) as why:
        opened(f"{NEXT_YEAR}{READS}  fly:\n    agent: own\n")
    assert why.value.detail.startswith(
        "DOSSIER_HOME/rulebook/roles-2027.yaml, line 7: unknown action 'fly'"
    )


def test_a_matrix_for_days_that_have_one_stops_the_start(
    opened: Callable[[str], Context],
) -> None:
    with pytest.raises(ConfigurationError, match=r"line 1: its dates overlap those of rulebook/"):
        opened(NEXT_YEAR.replace("2027-01-01", "2026-01-01") + READS)
