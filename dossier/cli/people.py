"""``dossier user …``."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from dossier.cli.base import OPERATOR, Json, as_dict, err, out, print_json, with_context
from dossier.cli.roles import (
    CaseOption,
    CustomerOption,
    DistrictOption,
    First,
    Last,
    LineOption,
    RoleOption,
    UnitOption,
    day_of,
)
from dossier.errors import ConflictError

if TYPE_CHECKING:
    from dossier.services.context import Context

app = typer.Typer(no_args_is_help=True, help="Users, roles and tokens.")


@app.command("add")
@with_context
def add(
    context: Context,
    name: str,
    role: RoleOption,
    unit: UnitOption = None,
    line: LineOption = None,
    district: DistrictOption = None,
    case: CaseOption = None,
    customer: CustomerOption = None,
    first: First = None,
    last: Last = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Add a user with a first role; without a place it is for the whole company.

    Without --password-stdin the user can only use tokens.
    """
    from dossier.services import accounts
    from dossier.services.role_grants import Days, Part

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    try:
        accounts.add_user(
            context,
            OPERATOR,
            name=name,
            role=role,
            password=password,
            part=Part(unit, line, district, case, customer),
            days=Days(day_of(first), day_of(last)),
        )
    except ConflictError as problem:
        err.print(f"{problem.detail} / {problem.detail_zh}: {name}", markup=False)
        raise typer.Exit(int(problem.exit_code)) from None
    err.print(f"User {name} added / 已添加用户 {name}", markup=False)


@app.command("list")
@with_context
def list_(context: Context, json: Json = False) -> None:
    """List users."""
    from dossier.services import accounts

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
    from dossier.services import accounts

    accounts.disable_user(context, OPERATOR, name)
    err.print(f"User {name} disabled / 已停用 {name}", markup=False)


@app.command("enable")
@with_context
def enable(context: Context, name: str) -> None:
    """Let a disabled user in again; tokens of before stay revoked."""
    from dossier.services import accounts

    accounts.enable_user(context, OPERATOR, name)
    err.print(f"User {name} enabled / 已启用 {name}", markup=False)


@app.command("unlock")
@with_context
def unlock(context: Context, name: str) -> None:
    """Forget wrong tries: a paused or locked account may log in again."""
    from dossier.services import accounts

    accounts.unlock(context, OPERATOR, name)
    err.print(f"User {name} unlocked / 已解锁 {name}", markup=False)


@app.command("password")
@with_context
def password(context: Context, name: str) -> None:
    """Set a password, read from standard input; the user's sessions end."""
    from dossier.services import accounts

    accounts.set_password(context, OPERATOR, name, sys.stdin.readline().rstrip("\r\n"))
    err.print(f"Password of {name} set / 已设置 {name} 的密码", markup=False)


@app.command("second-factor-off")
@with_context
def second_factor_off(context: Context, name: str) -> None:
    """Turn the second factor off, for who lost authenticator and recovery codes."""
    from dossier.services import second_factor

    second_factor.reset(context, OPERATOR, name)
    err.print(f"Second factor of {name} is off / 已关闭 {name} 的两步验证", markup=False)


@app.command("unbind")
@with_context
def unbind(context: Context, name: str) -> None:
    """Forget who the user is at the OpenID provider; the next login there binds anew."""
    from dossier.services import accounts

    accounts.unbind(context, OPERATOR, name)
    err.print(f"User {name} unbound / 已解除 {name} 的外部身份绑定", markup=False)


@app.command("token")
@with_context
def token(
    context: Context,
    name: str,
    scope: Annotated[
        str, typer.Option(help="Permissions by commas, e.g. search,read_customer; none: all.")
    ] = "",
    days: Annotated[int | None, typer.Option(min=1, help="Days until it ends.")] = None,
    purpose: Annotated[str, typer.Option(help="What it is for, for the list.")] = "",
) -> None:
    """Print a fresh bearer token; it is shown this once."""
    from dossier.services import accounts

    made = accounts.make_token(
        context,
        OPERATOR,
        name,
        lifetime=None if days is None else timedelta(days=days),
        scope=[one.strip() for one in scope.split(",")] if scope else None,
        purpose=purpose,
    )
    sys.stdout.write(made + "\n")
