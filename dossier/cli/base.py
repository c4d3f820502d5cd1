"""What all commands share: settings, context, output.

The product is imported inside the functions that work with it, in each module of commands: help and
a mistyped option need none of it, and its libraries take over a second of processor time.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from dossier.viewer import system_viewer

if TYPE_CHECKING:
    from dossier.services.context import Context
    from dossier.settings import Settings

out = Console()
err = Console(stderr=True)
OPERATOR = system_viewer("command-line")
"""Whoever may run commands on the machine owns the files anyway; the audit names the door."""

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def settings_of(**overrides: Any) -> Settings:
    """Settings of this command, with logging set up by them."""
    from dossier import logs
    from dossier.settings import load_settings

    settings = load_settings(os.environ, **overrides)
    logs.configure(settings.log_level)
    return settings


@contextmanager
def opened(settings: Settings, *, somebody_waits: bool = False) -> Iterator[Context]:
    """The wired product for the length of a command.

    Args:
        settings: of this command.
        somebody_waits: for an answer, so that a locked database is told as soon as on a page.

    Raises:
        UnavailableError: the database takes nothing.
    """
    from sqlalchemy.exc import OperationalError

    from dossier.bootstrap import build
    from dossier.db import locked
    from dossier.db.engines import BUSY_SECONDS

    seconds = settings.database_wait_seconds if somebody_waits else BUSY_SECONDS
    try:
        context = build(settings, busy_seconds=seconds)
        try:
            yield context
        finally:
            context.readers.close()
            context.index.close()
            context.database.dispose()
    except OperationalError as problem:
        raise locked.refusal(problem) from problem


def with_context(
    command: Callable[..., None], *, somebody_waits: bool = False
) -> Callable[..., None]:
    """Give the command a context as its first argument and close it afterwards."""
    given = next(iter(inspect.signature(command).parameters))
    del command.__annotations__[given]  # for readers; typer would look for a type not imported yet

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        with opened(settings_of(), somebody_waits=somebody_waits) as context:
            command(context, *args, **kwargs)

    signature = inspect.signature(command, eval_str=True)
    parameters = list(signature.parameters.values())[1:]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    import orjson

    document = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=_plain)
    sys.stdout.write(document.decode() + "\n")


def as_dict(value: Any) -> dict[str, Any]:
    """A dataclass's fields (slots included)."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return as_dict(value)
    return sorted(value) if isinstance(value, frozenset | set) else str(value)
