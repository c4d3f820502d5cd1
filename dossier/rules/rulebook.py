"""Rule files: YAML beside the program, each with a date of effect and a source.

A number that a rule contains (48 h, 7 days, a weight) stands in such a file, never in code.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import yaml

from dossier.errors import ConfigurationError

REQUIRED = ("name", "effective_from", "source")


def text(name: str) -> str:
    """The text of ``rulebook/NAME.yaml``."""
    file = resources.files("dossier") / "rulebook" / f"{name}.yaml"
    return file.read_text(encoding="utf-8")


def parse(body: str, name: str, *, called: str = "") -> dict[str, Any]:
    """A rule file's content, checked for what every rule file must say.

    Args:
        body: its text.
        name: its name, without ending.
        called: what messages call it where it is not the built-in one.

    Raises:
        ConfigurationError: not YAML, or without name, date of effect or source.
    """
    file = called or f"rulebook/{name}.yaml"
    try:
        found = yaml.safe_load(body)
    except yaml.YAMLError as err:
        raise ConfigurationError(f"{file} is not valid YAML: {err}") from err
    if not isinstance(found, dict):
        found = {}
    missing = [key for key in REQUIRED if key not in found]
    if missing:
        raise ConfigurationError(f"{file} lacks {', '.join(missing)}")
    if not isinstance(found["effective_from"], date):
        raise ConfigurationError(f"{file}: effective_from must be a date")
    return dict(found)


@cache
def load(name: str) -> dict[str, Any]:
    """The built-in rule file of this name."""
    return parse(text(name), name)


load_rulebook = load
"""The same, under the name that modules use which import it alone."""
