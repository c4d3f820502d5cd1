"""The secret key: how it stands, a new one, letting the old one go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dossier.cli.base import OPERATOR, Json, as_dict, err, out, print_json, with_context

if TYPE_CHECKING:
    from dossier.services.context import Context

app = typer.Typer(help="The key of encrypted values and keyed hashes.", no_args_is_help=True)


@app.command()
@with_context
def show(context: Context, json: Json = False) -> None:
    """Name the key in use and older ones; the keys themselves are never shown."""
    from dossier.services import key_rotation

    found = key_rotation.state(context, OPERATOR)
    codes = key_rotation.recovery_codes(context, OPERATOR)
    if json:
        print_json(as_dict(found) | {"recovery_codes_under_older": codes})
        return
    out.print(f"key 现用密钥: {found.current}  older 旧密钥: {', '.join(found.older) or '–'}")
    if found.older:
        words = "done 已完成" if found.done else f"not done 未完成 ({found.stage})"
        out.print(f"rotation 换钥: {words}  recovery codes under older 旧恢复码: {codes}")


@app.command()
@with_context
def rotate(
    context: Context,
    again: Annotated[
        bool, typer.Option("--again", help="Go through all once more, without a new key.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a new key and bring everything under it; interrupted, the same command goes on.

    Search goes on meanwhile. Back the new secret.key up before the old key is dropped.
    """
    from dossier.services import key_rotation

    if again:
        key_rotation.again(context, OPERATOR)
    found = key_rotation.rotate(
        context, OPERATOR, report=lambda stage, count: err.print(f"{stage}: {count}", end="\r")
    )
    if json:
        print_json(as_dict(found))
    else:
        out.print(f"New key {found.current}; back secret.key up / 新密钥已启用，请备份 secret.key")
        out.print("When the index is up to date: dossier keys drop / 索引更新完成后执行")


@app.command()
@with_context
def drop(context: Context, json: Json = False) -> None:
    """Let the older keys go when nothing is left under them; their recovery codes go too."""
    from dossier.services import key_rotation

    gone = key_rotation.drop(context, OPERATOR)
    if json:
        print_json(as_dict(gone))
    else:
        out.print(
            f"Dropped {', '.join(gone.keys)}; recovery codes that ended: {gone.recovery_codes} / "
            "旧密钥已清除"
        )
