"""Role matrices as files: the built-in one, and those that the operator puts beside it.

A file that looks as if it should count and would not is refused: whoever takes a right away in a
file that nobody reads believes that it is gone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from dossier.errors import ConfigurationError
from dossier.rules import region, rulebook

ROLES, FOLDER = "roles", "rulebook"
"""Name of the rule file of the role matrix, and of the folders that hold such files."""
OWN_PLACES = f"{region.RULES}.yaml"
"""Lies in the same folder, and is read elsewhere."""
_COUNTS = re.compile(r"roles[^/]*\.yaml")
_IS_NOTE = re.compile(r"(\..*|readme.*)", re.IGNORECASE)
"""Hidden files and notes are nobody's rules."""
_MEANT = re.compile(
    r"(roles?|actions?|organisation_names?|anomal(?:y|ies)|requirements?)\b.*\.ya?ml.*",
    re.IGNORECASE,
)
"""What is meant as a rule file wherever it lies in the home folder."""
_MEANT_FOLDER = re.compile(r"rule[-_ ]?books?|rules?|roles?", re.IGNORECASE)


def role_files(home: Path, others: Collection[str] = ()) -> dict[str, str]:
    """The text of each matrix, by what messages call its file.

    Args:
        home: the archive's folder.
        others: names of the rule files of plugins, without ending; they are read elsewhere.

    Raises:
        ConfigurationError: a file cannot be read, or would be passed over; names file, line
            and reason.
    """
    found = {f"{FOLDER}/{ROLES}.yaml": rulebook.text(ROLES)}
    for path in _counting(home, {OWN_PLACES, *(f"{name}.yaml" for name in others)}):
        try:
            found[_told(home, path)] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as err:
            raise _wrong(home, path, "cannot be read as UTF-8") from err
    return found


def own_file(home: Path, name: str) -> tuple[str, str] | None:
    """The text of another rule file that the operator put there, and what messages call it.

    Raises:
        ConfigurationError: it cannot be read.
    """
    path = home / FOLDER / f"{name}.yaml"
    if not path.is_file():
        return None
    try:
        return path.read_text(encoding="utf-8"), _told(home, path)
    except (OSError, UnicodeDecodeError) as err:
        raise _wrong(home, path, "cannot be read as UTF-8") from err


def _counting(home: Path, elsewhere: Collection[str]) -> Iterator[Path]:
    _refuse_astray(home)
    folder = home / FOLDER
    if folder.exists() and not folder.is_dir():
        raise _wrong(home, folder, "must be a folder that holds roles-NAME.yaml")
    for path in _inside(home, folder) if folder.is_dir() else ():
        if _IS_NOTE.fullmatch(path.name) or path.name in elsewhere:
            continue
        if path.is_dir():
            raise _wrong(home, path, "folders are not read; put roles-NAME.yaml beside it")
        if not _COUNTS.fullmatch(path.name):
            raise _wrong(home, path, _why(path.name, elsewhere))
        yield path


def _refuse_astray(home: Path) -> None:
    """Rule files beside the folder, or in one whose name is misspelt."""
    for path in _inside(home, home) if home.is_dir() else ():
        if path.name == FOLDER:
            continue
        is_meant = path.is_dir() and _MEANT_FOLDER.fullmatch(path.name)
        for each in _inside(home, path) if is_meant else [path]:
            if _MEANT.fullmatch(each.name):
                raise _wrong(home, each, f"not read here; move it to DOSSIER_HOME/{FOLDER}/")


def _inside(home: Path, folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as err:
        raise _wrong(home, folder, "cannot be read") from err


def _why(name: str, elsewhere: Collection[str]) -> str:
    stem = name.split(".")[0].lower()
    if stem.startswith("action"):
        return (
            "the words of actions belong to the program and cannot be replaced; "
            "a matrix (roles-NAME.yaml) uses them"
        )
    if stem.startswith("role"):
        return "would not be read; name it roles-NAME.yaml, in small letters"
    *first, last = "roles-NAME.yaml", *sorted(elsewhere)
    return f"only {', '.join(first)} and {last} are read here; move this file elsewhere"


def _told(home: Path, path: Path) -> str:
    return f"DOSSIER_HOME/{path.relative_to(home).as_posix()}"


def _wrong(home: Path, path: Path, reason: str) -> ConfigurationError:
    return ConfigurationError(f"{_told(home, path)}, line 1: {reason}")
