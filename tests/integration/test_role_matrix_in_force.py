"""The matrix in force on the day decides, without a restart; a wrong one stops the start."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from dossier.asgi import create_app
from dossier.bootstrap import build
from dossier.clock import FixedClock
from dossier.db.tables import RuleSet
from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.services import accounts
from dossier.services.context import Context
from dossier.services.role_files import role_files
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


ASTRAY = [
    ("rulebook/role.yaml", "name it roles-NAME.yaml"),
    ("rulebook/role-2027.yaml", "name it roles-NAME.yaml"),
    ("rulebook/roles.yml", "name it roles-NAME.yaml"),
    ("rulebook/Roles-2027.yaml", "name it roles-NAME.yaml"),
    ("rulebook/roles-2027.YAML", "name it roles-NAME.yaml"),
    ("rulebook/roles-2027.yaml.txt", "name it roles-NAME.yaml"),
    ("rulebook/roles-2027.json", "name it roles-NAME.yaml"),
    ("rulebook/actions.yaml", "cannot be replaced"),
    ("rulebook/action.yml", "cannot be replaced"),
    ("rulebook/masking.yaml", "only roles-NAME.yaml and organisation_names.yaml"),
    ("rulebook/organisation_names.yml", "only roles-NAME.yaml and organisation_names.yaml"),
    ("organisation_names.yaml", "move it to DOSSIER_HOME/rulebook/"),
    ("rulebook/2027/roles-2027.yaml", "folders are not read"),
    ("rulebook/rulebook/roles.yaml", "folders are not read"),
    ("roles-2027.yaml", "move it to DOSSIER_HOME/rulebook/"),
    ("actions.yml", "move it to DOSSIER_HOME/rulebook/"),
    ("rulebooks/roles-2027.yaml", "move it to DOSSIER_HOME/rulebook/"),
    ("Rule_Book/role.yml", "move it to DOSSIER_HOME/rulebook/"),
    ("rules/actions.yaml", "move it to DOSSIER_HOME/rulebook/"),
]


@pytest.mark.parametrize(("place", "reason"), ASTRAY)
def test_a_rule_file_that_would_be_passed_over_stops_the_start_with_place_and_reason(
    tmp_path: Path, place: str, reason: str
) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(NEXT_YEAR + READS, encoding="utf-8")
    with pytest.raises(ConfigurationError) as why:
        role_files(tmp_path)
    named = "/".join(place.split("/")[:2])
    assert why.value.detail.startswith(f"DOSSIER_HOME/{named}, line 1: ")
    assert reason in why.value.detail


def test_the_program_does_not_start_beside_a_misnamed_matrix(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "rulebook"
    folder.mkdir(parents=True)
    (folder / "roles.yml").write_text(NEXT_YEAR + READS, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"DOSSIER_HOME/rulebook/roles\.yml, line 1: "):
        build(Settings(home=tmp_path / "home"))


def test_notes_and_hidden_files_beside_a_matrix_hinder_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "rulebook"
    folder.mkdir()
    (folder / ".git").mkdir()
    for name in (".DS_Store", "README.md", "organisation_names.yaml", "roles-2027.yaml"):
        (folder / name).write_text(NEXT_YEAR, encoding="utf-8")
    assert set(role_files(tmp_path)) == {
        "rulebook/roles.yaml",
        "DOSSIER_HOME/rulebook/roles-2027.yaml",
    }


def test_a_matrix_that_says_nothing_stops_the_start(opened: Callable[[str], Context]) -> None:
    with pytest.raises(ConfigurationError, match=r"roles-2027\.yaml, line 4: the matrix is empty"):
        opened(NEXT_YEAR.rstrip() + " {}\n")


ADMINISTRATOR_READS = re.compile(r"    administrator:\n      - [^\n]*finds and counts[^\n]*\n")


def test_an_office_takes_the_register_from_the_administrator_by_its_own_matrix(
    opened: Callable[[str], Context],
) -> None:
    """ADR 10: nothing that the administrator works with needs a customer's line."""
    built_in = rulebook.text("roles")
    own, count = ADMINISTRATOR_READS.subn("", built_in)
    assert count == 1
    context = opened(own.replace("effective_from: 2026-01-01", "effective_from: 2026-02-01", 1))
    login = {"name": "wang", "password": "correct horse battery"}
    accounts.add_user(context, SETUP, role="administrator", **login)
    viewer = accounts.viewer_by_name(context, "wang")
    assert not viewer.permissions & {Permission.SEARCH, Permission.READ_CUSTOMER}
    client = TestClient(create_app(context), base_url="http://127.0.0.1")
    client.post("/login", data=login)
    for path in ("/", "/intake", "/people", "/organisation", "/roles", "/watched-names"):
        assert client.get(path).status_code == 200, path
    for path in ("/search?q=a", "/api/v1/search?q=a", "/api/v1/customers/1"):
        assert client.get(path).status_code == 403, path
