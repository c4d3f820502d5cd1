"""``dossier user …``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.table import Table

from dossier.cli.base import OPERATOR, Json, as_dict, err, out, print_json, with_context
from dossier.errors import ConflictError
from dossier.services import accounts
from dossier.services.context import Context

app = typer.Typer(no_args_is_help=True, help="Users, roles and tokens.")


@app.command("add")
@with_context
def add(
    context: Context,
    name: str,
    role: Annotated[str, typer.Option(help="administrator, archivist, agent or auditor.")],
    unit: Annotated[str | None, typer.Option(help="Unit by name; none: whole company.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Add a user. Without --password-stdin the user can only use tokens."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    try:
        accounts.add_user(context, OPERATOR, name=name, role=role, password=password, unit=unit)
    except ConflictError as problem:
        err.print(f"{problem.detail} / {problem.detail_zh}: {name}", markup=False)
        raise typer.Exit(int(problem.exit_code)) from None
    err.print(f"User {name} added / 已添加用户 {name}", markup=False)


@app.command("list")
@with_context
def list_(context: Context, json: Json = False) -> None:
    """List users."""
    users = accounts.list_users(context, OPERATOR)
    if json:
        print_json([as_dict(user) for user in users])
        return
    table = Table("name 姓名", "role 岗位", "unit 单位", "disabled 停用")
    for user in users:
        table.add_row(user.name, user.role, user.unit or "*", "yes" if user.disabled else "")
    out.print(table)


@app.command("disable")
@with_context
def disable(context: Context, name: str) -> None:
    """Disable a user; sessions and tokens end at their next request."""
    accounts.disable_user(context, OPERATOR, name)
    err.print(f"User {name} disabled / 已停用 {name}", markup=False)


@app.command("token")
@with_context
def token(context: Context, name: str) -> None:
    """Print a fresh bearer token; it is shown this once."""
    sys.stdout.write(accounts.make_token(context, OPERATOR, name) + "\n")
