"""Docs are tested: every setting, hook, command, exit code, error code and field is described."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from dossier import errors, hookspecs
from dossier.settings import Settings
from dossier.web.app import MethodNotAllowedError

ROOT = Path(__file__).parents[2]


def doc(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_every_setting_stands_in_the_settings_page() -> None:
    page = doc("howto/settings.md")
    missing = [name for name in Settings.model_fields if f"`DOSSIER_{name.upper()}`" not in page]
    assert missing == []


def test_every_hook_stands_in_the_plugins_page_with_its_arguments() -> None:
    page = doc("howto/plugins.md")
    missing = []
    for name, function in inspect.getmembers(hookspecs.Hooks, inspect.isfunction):
        arguments = [p for p in inspect.signature(function).parameters if p != "self"]
        if f"`{name}({', '.join(arguments)})`" not in page:
            missing.append(name)
    assert missing == []


def test_every_error_code_and_exit_code_is_described() -> None:
    page = doc("howto/errors.md")
    codes = [
        error.code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.DossierError)
    ]
    assert [code for code in (*codes, MethodNotAllowedError.code) if f"`{code}`" not in page] == []
    assert [code.name for code in errors.ExitCode if f"| {code.value} |" not in page] == []


def test_every_command_is_described() -> None:
    from typer.main import get_command

    from dossier.cli.commands import app

    page = doc("howto/command-line.md")
    missing = []
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        for path in [f"{name} {sub}" for sub in inner] if inner else [name]:
            if f"dossier {path}" not in page:
                missing.append(path)
    assert missing == []


def test_links_in_the_docs_lead_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


@pytest.mark.parametrize("mark", ["demo", "tests"])
def test_the_readme_has_its_two_commands_on_one_line_each(mark: str) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(rf"<!-- {mark} -->\n```sh\n(.+)\n```", text)
    assert block is not None
    assert "\n" not in block.group(1)
