"""Settings refuse what they do not know, and say what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from dossier.errors import ConfigurationError
from dossier.settings import Settings, load_settings


def test_a_misspelt_variable_is_refused_with_the_right_name() -> None:
    with pytest.raises(ConfigurationError, match="DOSSIER_PORT"):
        load_settings({"DOSSIER_PROT": "1"})


def test_a_value_out_of_range_is_named() -> None:
    with pytest.raises(ConfigurationError, match="port"):
        load_settings({"DOSSIER_PORT": "70000"})


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "dossier.toml"
    file.write_text('port = 1000\nlocale = "en"\n')
    settings = load_settings({"DOSSIER_PORT": "2000"}, file=file)
    assert (settings.port, settings.locale) == (2000, "en")


def test_an_unknown_key_in_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "dossier.toml"
    file.write_text("prot = 1000\n")
    with pytest.raises(ConfigurationError, match="PORT"):
        load_settings({}, file=file)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "dossier.toml"
    file.write_text("port = = 1")
    with pytest.raises(ConfigurationError, match="TOML"):
        load_settings({}, file=file)


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_a_command_line_value_wins() -> None:
    assert load_settings({"DOSSIER_PORT": "1"}, port=5).port == 5
