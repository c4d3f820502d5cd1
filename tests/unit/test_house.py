"""The house stays easy to see: layers, style, types, sizes. Each check is the tool itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("dossier", "indexer", "searchapi", "ui")
MAX_MODULE_LINES = 600
MAX_FUNCTION_LINES = 60
LONG_FUNCTIONS: dict[str, str] = {}
"""path:name → why it may be longer."""
RAW_SQL_HOMES = ("dossier/db/",)


def run(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.slow
def test_layers_are_kept() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_ruff_finds_nothing() -> None:
    run("ruff", "check", ".")


def test_everything_is_formatted() -> None:
    run("ruff", "format", "--check", ".")


@pytest.mark.slow
def test_the_pure_core_is_typed() -> None:
    run("mypy")


def test_modules_and_functions_stay_short() -> None:
    too_long = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT).as_posix()
        if "/migrations/versions/" in name:
            continue
        if text.count("\n") > MAX_MODULE_LINES:
            too_long.append(f"{name}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                key = f"{name}:{node.name}"
                if length > MAX_FUNCTION_LINES and key not in LONG_FUNCTIONS:
                    too_long.append(f"{key}: {length} lines")
    assert too_long == []


def test_plain_sql_stays_in_the_database_package() -> None:
    """The scope hook does not hold for ``text()`` and table selects (architecture.md)."""
    guilty = []
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(RAW_SQL_HOMES):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            imported = isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy"
            if imported and any(alias.name == "text" for alias in node.names):
                guilty.append(f"{name}: sqlalchemy.text")
            if isinstance(node, ast.Attribute) and node.attr in ("__table__", "exec_driver_sql"):
                guilty.append(f"{name}:{node.lineno}: {node.attr}")
    assert guilty == []


def test_only_access_makes_scoped_queries() -> None:
    callers = [
        path.relative_to(ROOT).as_posix()
        for path in sources()
        if "scoped(" in path.read_text(encoding="utf-8")
        and "search.port import" in path.read_text(encoding="utf-8")
        and any(
            isinstance(node, ast.ImportFrom)
            and node.module == "dossier.search.port"
            and any(alias.name == "scoped" for alias in node.names)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]
    assert set(callers) <= {"dossier/access.py"}
