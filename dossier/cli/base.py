"""What all commands share: settings, context, output."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

from dossier import logs
from dossier.services.context import Context
from dossier.settings import Settings, load_settings
from dossier.viewer import system_viewer

out = Console()
err = Console(stderr=True)
OPERATOR = system_viewer("command-line")
"""Whoever may run commands on the machine owns the files anyway; the audit names the door."""

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def settings_of(**overrides: Any) -> Settings:
    """Settings of this command, with logging set up by them."""
    settings = load_settings(os.environ, **overrides)
    logs.configure(settings.log_level)
    return settings


@contextmanager
def opened(settings: Settings) -> Iterator[Context]:
    """The wired product for the length of a command."""
    from dossier.bootstrap import build

    context = build(settings)
    try:
        yield context
    finally:
        context.readers.close()
        context.index.close()
        context.database.dispose()


def with_context(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command a context as its first argument and close it afterwards."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        with opened(settings_of()) as context:
            command(context, *args, **kwargs)

    signature = inspect.signature(command, eval_str=True)
    parameters = list(signature.parameters.values())[1:]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    document = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=_plain)
    sys.stdout.write(document.decode() + "\n")


def as_dict(value: Any) -> dict[str, Any]:
    """A dataclass's fields (slots included)."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return as_dict(value)
    return sorted(value) if isinstance(value, frozenset | set) else str(value)
