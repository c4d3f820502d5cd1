"""``dossier user|session|token …`` for the ways in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from dossier.bootstrap import build
from dossier.cli.commands import app
from dossier.services import accounts, throttle, tokens
from dossier.settings import Settings
from dossier.viewer import Permission, system_viewer

ADMIN = system_viewer("test")


@pytest.fixture
def dossier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "home"))

    def run(*arguments: str, given: str | None = None) -> str:
        done = CliRunner().invoke(app, list(arguments), input=given, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def test_keys_and_logins_are_made_listed_and_ended(dossier: Any, tmp_path: Path) -> None:
    dossier(
        "user", "add", "wang", "--role", "archivist", "--password-stdin", given="correct horse\n"
    )
    secret = dossier(
        "user", "token", "wang", "--scope", "search", "--days", "3", "--purpose", "夜间导入"
    ).strip()
    context = build(Settings(home=tmp_path / "home"))
    try:
        seen = tokens.viewer_by_token(context, secret, remote="")
        assert seen is not None
        assert seen.permissions == {Permission.SEARCH, Permission.SIGNED_IN}
        (listed,) = orjson.loads(dossier("token", "list", "--json"))
        assert (listed["name"], listed["scope"]) == ("夜间导入", ["search"])
        dossier("token", "revoke", listed["id"][:12])
        assert tokens.viewer_by_token(context, secret, remote="") is None
        login = accounts.log_in(context, name="wang", password="correct horse", remote="")
        (open_one,) = orjson.loads(dossier("session", "list", "--json"))
        dossier("session", "end", open_one["id"])
        assert accounts.viewer_by_cookie(context, login.secret, remote="") is None
        for _ in range(context.settings.login_attempts):
            throttle.begin(context, name="wang", remote="")
        dossier("user", "unlock", "wang")
        dossier("user", "password", "wang", given="battery staple\n")
        assert accounts.log_in(context, name="wang", password="battery staple", remote="")
        for command in ("disable", "enable", "second-factor-off", "unbind"):
            dossier("user", command, "wang")
    finally:
        context.index.close()
        context.database.dispose()
