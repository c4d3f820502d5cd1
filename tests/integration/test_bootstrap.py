"""What bootstrap wires by name exists, and can be built in a child."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dossier.bootstrap import build, reader_factories
from dossier.errors import ConfigurationError
from dossier.services.context import Context
from dossier.services.plugin_registry import PluginRegistry
from dossier.settings import Settings
from dossier.work.killable import KillableChild


@pytest.mark.parametrize("name", ["pages", "typesetter", "ocr", "pdf"])
def test_each_reader_is_built_in_a_child(name: str) -> None:
    factories = reader_factories(Settings(), PluginRegistry([]))
    assert_builds(getattr(factories, name))


def test_each_extractor_is_built_in_a_child() -> None:
    for factory in reader_factories(Settings(), PluginRegistry([])).extractors:
        assert_builds(factory)


def assert_builds(factory: Callable[[], Any]) -> None:
    child: KillableChild[Any] = KillableChild(factory)
    try:
        assert child.describe()
    finally:
        child.release()


def test_what_holds_the_words_of_pages_is_for_nobody_else_on_the_machine(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for _ in range(2):  # made, and found open to others
        made = build(Settings(home=home))
        made.index.close()
        made.database.dispose()
        for folder in ("index", "tmp"):
            assert (home / folder).stat().st_mode & 0o077 == 0
            (home / folder).chmod(0o755)


def test_an_archive_whose_key_is_gone_does_not_start(context: Context, settings: Settings) -> None:
    (settings.home / "secret.key").unlink()
    with pytest.raises(ConfigurationError, match="put the key file back"):
        build(settings)


def test_the_key_file_is_readable_by_its_owner_only(context: Context, settings: Settings) -> None:
    assert (settings.home / "secret.key").stat().st_mode & 0o077 == 0


def test_a_home_that_cannot_be_made_is_named(settings: Settings) -> None:
    (settings.home.parent / "file").touch()
    wrong = settings.model_copy(update={"home": settings.home.parent / "file" / "home"})
    with pytest.raises(ConfigurationError, match="DOSSIER_HOME"):
        build(wrong)


def test_a_wrong_file_of_own_places_stops_the_start_and_names_the_word(tmp_path: Path) -> None:
    rules = tmp_path / "home" / "rulebook"
    rules.mkdir(parents=True)
    body = "name: organisation_names\nsource: x\neffective_from: 2026-01-01\nregion: 云梦 公司\n"
    (rules / "organisation_names.yaml").write_text(body, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"DOSSIER_HOME/rulebook/.*'公司' is a legal form"):
        build(Settings(home=tmp_path / "home"))


def test_s1_21_own_requirements_are_read_and_a_wrong_one_stops_the_start(tmp_path: Path) -> None:
    from dossier.plugins.completeness import requirements

    rules = tmp_path / "home" / "rulebook"
    rules.mkdir(parents=True)
    body = "name: requirements\nsource: x\neffective_from: 2027-01-01\nrules:\n"
    entry = "  - {id: own, business: new, node: accept, any_of: [A01], LR: R, from: 2027-01-01, source: x}\n"
    (rules / "requirements.yaml").write_text(body + entry, encoding="utf-8")
    context = build(Settings(home=tmp_path / "home"))
    assert "own" in {one.id for one in requirements.of(context).rules}
    context.database.dispose()
    (rules / "requirements.yaml").write_text(body + entry.replace("A01", "Z01"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"DOSSIER_HOME/rulebook/.*'Z01' is unknown"):
        build(Settings(home=tmp_path / "home"))
