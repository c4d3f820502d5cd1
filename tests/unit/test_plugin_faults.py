"""What a plugin failed at in one process is told in another, while it is fresh and the same version."""

from __future__ import annotations

import os
from pathlib import Path

from dossier.hookspecs import hookimpl
from dossier.services.plugin_faults import FaultFolder, PluginFault
from dossier.services.plugin_registry import PluginRegistry


class Stumbling:
    """A plugin whose linkers cannot even be asked for."""

    @hookimpl
    def linkers(self) -> None:
        raise KeyError("text of a page")


def registry(folder: Path, *, off: tuple[str, ...] = ()) -> PluginRegistry:
    return PluginRegistry([("weak", Stumbling())], off=off, fault_folder=FaultFolder(folder))


def test_a_failure_in_one_process_is_known_in_another_without_the_errors_text(
    tmp_path: Path,
) -> None:
    assert registry(tmp_path).linkers() == []
    assert registry(tmp_path).known_faults() == [PluginFault("weak", "linkers", "KeyError")]
    assert "text of a page" not in "".join(path.read_text() for path in tmp_path.iterdir())


def test_a_failure_of_yesterday_another_version_or_a_plugin_turned_off_is_not_told(
    tmp_path: Path,
) -> None:
    registry(tmp_path).linkers()
    assert registry(tmp_path, off=("weak",)).known_faults() == []
    (kept,) = tmp_path.iterdir()
    FaultFolder(tmp_path).note(PluginFault("weak", "linkers", "KeyError", version="0.9"))
    assert registry(tmp_path).known_faults() == [], "it was mended since"
    FaultFolder(tmp_path).note(PluginFault("weak", "linkers", "KeyError"))
    os.utime(kept, (0, 0))
    assert registry(tmp_path).known_faults() == []


def test_a_kept_failure_that_cannot_be_read_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"{")
    assert registry(tmp_path).known_faults() == []
