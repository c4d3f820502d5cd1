"""With the network off everything still works: reading, OCR, import, search.

The whole runs in a network namespace of its own, in which there is no way out, not even a resolver.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CLI = [sys.executable, "-c", "from dossier.cli import main; main()"]


def namespace() -> list[str]:
    """A command prefix that takes the network away, as far as this machine allows one."""
    unshare = shutil.which("unshare")
    for flags in (["--net"], ["--user", "--map-root-user", "--net"]):
        if (
            unshare
            and subprocess.run(
                [unshare, *flags, "true"], check=False, capture_output=True
            ).returncode
            == 0
        ):
            return [unshare, *flags]
    if os.environ.get("CI"):
        pytest.fail("unshare --net must work in CI")
    pytest.skip("needs the right to make a network namespace (unshare --net)")


@pytest.mark.slow
def test_with_the_network_off_an_archive_is_invented_read_and_searched(tmp_path: Path) -> None:
    prefix = namespace()
    environment = {**os.environ, "DOSSIER_HOME": str(tmp_path / "home"), "DOSSIER_WORKERS": "1"}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*prefix, *CLI, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    run("demo", "--customers", "5", "--papers", "6", "--no-serve")
    papers = tmp_path / "papers"
    shutil.move(tmp_path / "home" / "inbox", papers)
    summary = json.loads(run("ingest", "--json", str(papers)))
    assert summary["accepted"] >= 6
    assert summary["quarantined"] == summary["failed"] == 0
    assert summary["pages"] >= 6
    answer = json.loads(run("search", "--json", "供电"))
    assert answer["total"] >= 1
