"""Rule files: YAML beside the program, each with a date of effect and a source.

A number that a rule contains (48 h, 7 days, a weight) stands in such a file, never in code.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from dossier.errors import ConfigurationError

REQUIRED = ("name", "effective_from", "source")
_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Reads a rule file in a tenth of the time, at each start; not in every build of PyYAML."""


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
        ConfigurationError: not YAML, a value that there is not, or without name, date of effect or
            source.
    """
    file = called or f"rulebook/{name}.yaml"
    root = composed(body, file)
    found = None if root is None else plain(root, file)
    if not isinstance(found, dict):
        found = {}
    missing = [key for key in REQUIRED if key not in found]
    if missing:
        raise ConfigurationError(f"{file} lacks {', '.join(missing)}")
    if type(found["effective_from"]) is not date:  # one with a time compares with no day
        raise ConfigurationError(f"{file}: effective_from must be a date")
    return dict(found)


def composed(body: str, file: str) -> yaml.Node | None:
    """A rule file's nodes, which know their lines; None for an empty one.

    Raises:
        ConfigurationError: not YAML; names file, line and reason.
    """
    try:
        return yaml.compose(body, Loader=_QUICK)
    except yaml.YAMLError:
        pass  # what is wrong is said by the other, in one wording on all machines
    try:
        return yaml.compose(body, Loader=yaml.SafeLoader)
    except yaml.YAMLError as err:
        raise _wrong(err, file) from err
    except RecursionError as err:
        raise ConfigurationError(f"{file}, line 1: lists lie too deep in each other") from err


def plain(node: yaml.Node, file: str) -> Any:
    """What a node says: texts, numbers, days, lists and mappings.

    Raises:
        ConfigurationError: a value that there is not (``2026-02-30``), or another kind of one
            (``!!python/…``); names file, line and reason.
    """
    loader = _Loader("")
    try:
        return loader.construct_document(node)
    except yaml.YAMLError as err:
        raise _wrong(err, file) from err
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """Tells of a value that cannot be made where it stands; PyYAML lets the bare error through."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's
        try:
            return super().construct_object(node, deep)
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as err:
            value = getattr(node, "value", "")
            reason = f"'{value}' is no value: {err}" if isinstance(value, str) else str(err)
            raise ConstructorError(None, None, reason, node.start_mark) from err


def _wrong(err: yaml.YAMLError, file: str) -> ConfigurationError:
    mark = getattr(err, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    reason = getattr(err, "problem", None) or "it cannot be read"
    return ConfigurationError(f"{file}, line {line}: not valid YAML: {reason}")


@cache
def load(name: str) -> dict[str, Any]:
    """The built-in rule file of this name."""
    return parse(text(name), name)


def words(name: str, entry: str) -> list[str]:
    """The words of an entry of a built-in rule file that stand there apart; the longest first."""
    return sorted(load(name)[entry].split(), key=len, reverse=True)


load_rulebook = load
"""The same, under the name that modules use which import it alone."""
