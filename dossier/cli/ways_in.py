"""``dossier session …`` and ``dossier token …``: who is logged in, and which keys are out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.table import Table

from dossier.cli.base import OPERATOR, Json, as_dict, err, out, print_json, with_context
from dossier.cli.words import moment

if TYPE_CHECKING:
    from dossier.services.context import Context

SHOWN = 12
"""Characters of an id in a table; enough to name it."""
session_app = typer.Typer(no_args_is_help=True, help="Logins of browsers.")
token_app = typer.Typer(no_args_is_help=True, help="Bearer tokens.")


@session_app.command("list")
@with_context
def list_sessions(context: Context, json: Json = False) -> None:
    """List open sessions, the last used first."""
    from dossier.services import sessions

    found = sessions.list_sessions(context, OPERATOR, everyone=True)
    if json:
        print_json([as_dict(one) for one in found])
        return
    table = Table("id", "user 用户", "by 方式", "from 来源", "since 登录", "used 最近使用")
    for one in found:
        since, used = moment(one.created_at), moment(one.seen_at)
        table.add_row(one.id[:SHOWN], one.user, one.means, one.remote, since, used)
    out.print(table)


@session_app.command("end")
@with_context
def end_session(context: Context, session_id: str) -> None:
    """End a session (the whole id, see --json); it is over at its next request."""
    from dossier.services import sessions

    sessions.end_session(context, OPERATOR, session_id)
    err.print("The session has ended / 会话已结束", markup=False)


@token_app.command("list")
@with_context
def list_tokens(context: Context, json: Json = False) -> None:
    """List tokens in force, the newest first."""
    from dossier.services import tokens

    found = tokens.list_tokens(context, OPERATOR, everyone=True)
    if json:
        print_json([as_dict(one) for one in found])
        return
    table = Table("id", "user 用户", "for 用途", "scope 权限", "used 最近使用", "ends 到期")
    for one in found:
        scope = "*" if one.scope is None else ", ".join(one.scope)
        used, ends = moment(one.seen_at), moment(one.expires_at)
        table.add_row(one.id[:SHOWN], one.user, one.name, scope, used, ends)
    out.print(table)


@token_app.command("revoke")
@with_context
def revoke_token(context: Context, token_id: str) -> None:
    """Revoke a token by its id or the first characters; it ends at its next request."""
    from dossier.services import tokens

    tokens.revoke_token(context, OPERATOR, token_id)
    err.print("The token is revoked / 令牌已撤销", markup=False)
