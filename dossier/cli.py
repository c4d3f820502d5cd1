"""The ``dossier`` command. Each command is thin: it reads arguments, calls a use case, prints.

Exit codes are those of :class:`dossier.errors.ExitCode`. With ``--json`` the answer goes to
standard output and everything else to standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from dossier import logs
from dossier.errors import DossierError, ExitCode
from dossier.services.context import Context
from dossier.settings import Settings, load_settings
from dossier.viewer import system_viewer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="一户一档 customer archive: files in, dossiers out.",
)
user_app = typer.Typer(no_args_is_help=True, help="Users, roles and tokens.")
import_app = typer.Typer(no_args_is_help=True, help="Import customers or documents.")
app.add_typer(user_app, name="user")
app.add_typer(import_app, name="import")

out = Console()
err = Console(stderr=True)
OPERATOR = system_viewer("command-line")
"""Whoever may run commands on the machine owns the files anyway; the audit names the door."""

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def main() -> None:
    """Run a command; every known error ends with its remedy and its exit code."""
    try:
        app(standalone_mode=True)
    except DossierError as problem:
        err.print(f"[red]{problem.title}[/red] / {problem.title_zh}")
        if problem.detail:
            err.print(problem.detail, markup=False)
        raise SystemExit(int(problem.exit_code)) from None
    except KeyboardInterrupt:
        raise SystemExit(int(ExitCode.INTERRUPTED)) from None


def settings_of(**overrides: Any) -> Settings:
    """Settings of this command, with logging set up by them."""
    settings = load_settings(os.environ, **overrides)
    logs.configure(settings.log_level)
    return settings


def context_of(**overrides: Any) -> Context:
    """The wired product for this command."""
    from dossier.bootstrap import build

    return build(settings_of(**overrides))


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=_plain).decode() + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Path | frozenset | set):
        return str(value) if isinstance(value, Path) else sorted(value)
    return str(value)


def closing(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command a context as its first argument and close it afterwards."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        context = context_of()
        try:
            command(context, *args, **kwargs)
        finally:
            context.readers.close()
            context.index.close()
            context.database.dispose()

    signature = command.__annotations__.copy()
    signature.pop("context", None)
    run.__annotations__ = signature
    import inspect

    parameters = list(inspect.signature(command).parameters.values())[1:]
    run.__signature__ = inspect.signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]
    return run


# -- users --------------------------------------------------------------------------------------


@user_app.command("add")
@closing
def user_add(
    context: Context,
    name: str,
    role: Annotated[str, typer.Option(help="administrator, archivist, agent or auditor.")],
    unit: Annotated[str | None, typer.Option(help="Unit by name; none: whole company.")] = None,
    password_stdin: Annotated[bool, typer.Option(help="Read the password from stdin.")] = False,
) -> None:
    """Add a user. Without --password-stdin the user can only use tokens."""
    from dossier.services import accounts

    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    accounts.add_user(context, OPERATOR, name=name, role=role, password=password, unit=unit)
    err.print(f"User {name} added / 已添加用户", markup=False)


@user_app.command("list")
@closing
def user_list(context: Context, json: Json = False) -> None:
    """List users."""
    from dossier.services import accounts

    users = accounts.list_users(context, OPERATOR)
    if json:
        print_json([user.__dict__ if hasattr(user, "__dict__") else _fields(user) for user in users])
        return
    table = Table("name", "role", "unit", "disabled")
    for user in users:
        table.add_row(user.name, user.role, user.unit or "*", "yes" if user.disabled else "")
    out.print(table)


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


@user_app.command("disable")
@closing
def user_disable(context: Context, name: str) -> None:
    """Disable a user; sessions and tokens end at their next request."""
    from dossier.services import accounts

    accounts.disable_user(context, OPERATOR, name)
    err.print(f"User {name} disabled / 已停用", markup=False)


@user_app.command("token")
@closing
def user_token(context: Context, name: str) -> None:
    """Print a fresh bearer token; it is shown this once."""
    from dossier.services import accounts

    sys.stdout.write(accounts.make_token(context, OPERATOR, name) + "\n")
