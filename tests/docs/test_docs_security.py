"""The security page names files and tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TESTS = {file.name: file for file in ROOT.glob("tests/**/test_*.py")}


def test_every_test_that_the_security_page_names_is_there() -> None:
    named = re.findall(r"`(test_\w+\.py)(?:::(test_\w+))?`", PAGE)
    missing = [
        f"{file}::{function}"
        for file, function in named
        if file not in TESTS
        or (function and f"def {function}(" not in TESTS[file].read_text(encoding="utf-8"))
    ]
    assert missing == []
    assert len(named) > 60


def test_every_file_that_the_security_page_names_is_there() -> None:
    named = re.findall(r"`((?:dossier|tests|benchmarks)/[\w/]+\.\w+)[^`]*`", PAGE)
    assert [file for file in named if not (ROOT / file).exists()] == []
    assert len(named) > 10
