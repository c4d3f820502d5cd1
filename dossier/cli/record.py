"""The audit: ``dossier verify``, its signed checkpoints and its key."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dossier.cli.base import OPERATOR, Json, as_dict, err, out, print_json, with_context
from dossier.errors import ExitCode

if TYPE_CHECKING:
    from dossier.services import audit_verify
    from dossier.services.context import Context

app = typer.Typer(help="The audit's signed checkpoints and its key.", no_args_is_help=True)
KEY_CHANGED = "audit.key_changed"
FINDINGS = {
    "row_changed": ("row {} was changed", "第 {} 条记录被修改"),
    "row_removed": ("row {} was removed", "第 {} 条记录被删除"),
    "row_inserted": ("row {} was inserted behind the seals", "第 {} 条记录系事后插入"),
    "removed_unsealed": (
        "row {} was removed before it was sealed, or the one behind it was put in under a number "
        "of its own",
        "第 {} 条记录在封存前被删除，或其后一条系以自拟编号插入",
    ),
    "head_missing": (
        "audit.head is gone, which names the newest seal: the end may be cut off; "
        "compare with a checkpoint kept elsewhere (--against)",
        "audit.head 缺失（记录最新封存），末尾可能有记录被删；请用另存的检查点核对（--against）",
    ),
    "counter_moved": (
        "the numbers {} were never given to rows: somebody moved the database's counter on",
        "编号 {} 从未使用：数据库的编号计数被人为调大",
    ),
    "seal_changed": ("seal {} was changed", "第 {} 号封条被修改"),
    "seal_removed": ("seal {} was removed", "第 {} 号封条被删除"),
    "seal_unsigned": ("seal {} has no valid signature", "第 {} 号封条签名无效"),
    "key_unknown": (
        "seal {} is signed with a key that is not trusted here",
        "第 {} 号封条所用密钥不受信任",
    ),
    "checkpoint_forged": (
        "the kept checkpoint of seal {} has no valid signature",
        "留存的第 {} 号检查点签名无效",
    ),
    "checkpoint_differs": (
        "seal {} differs from the kept checkpoint",
        "第 {} 号封条与留存的检查点不符",
    ),
}
"""What each kind of finding says; ``{}`` is the row's id or the seal's number."""


def register(main: typer.Typer) -> None:
    """Add the commands."""
    main.command()(with_context(verify))
    main.add_typer(app, name="audit")


def verify(
    context: Context,
    against: Annotated[
        list[Path] | None,
        typer.Option(help="Checkpoint file, or folder of them, that was kept elsewhere."),
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option(help="Public key to trust instead of this archive's audit.pub."),
    ] = None,
    json: Json = False,
) -> None:
    """Walk the audit's seals and name any row that was changed, removed or inserted.

    Rows that no seal covers yet are counted apart; nothing vouches for them.
    """
    from dossier.services import audit_checkpoints, audit_keys, audit_verify

    found = audit_verify.verify(
        context,
        OPERATOR,
        checkpoints=audit_checkpoints.read(against or ()),
        keys=audit_keys.public_keys(key) if key else None,
    )
    if json:
        print_json(as_dict(found))
    else:
        _print_verification(found)
    if found.broken:
        raise typer.Exit(int(ExitCode.FAILED))


def _print_verification(found: audit_verify.Verification) -> None:
    out.print(
        f"sealed 已封存: {found.sealed}  unsealed 未封存: {found.unsealed}  "
        f"seals 封条: {found.seals}  checkpoints compared 已比对检查点: {found.checkpoints}"
    )
    if found.unsealed:
        out.print("Nothing vouches for unsealed rows yet / 未封存的记录尚无保护", style="yellow")
    if found.late:
        out.print(
            f"LATE 封存滞后: oldest 最早 {found.unsealed_since:%Y-%m-%d %H:%M:%S %Z}; "
            "start dossier serve or work / 请启动 dossier serve 或 work",
            style="yellow",
        )
    if found.holes:
        out.print(f"ids missing after the last seal 末封之后缺号: {found.holes}")
    for one in found.broken:
        english, chinese = FINDINGS[one.kind]
        span = str(one.first) if one.first == one.last else f"{one.first}-{one.last}"
        place = f" ({one.source})" if one.source else ""
        out.print(
            f"BROKEN 被改动: {english.format(span)}{place} / {chinese.format(span)}",
            style="red",
            markup=False,
            soft_wrap=True,
        )


@app.command()
@with_context
def checkpoint(
    context: Context,
    to: Annotated[
        Path | None, typer.Option("--out", help="File to write; left out: standard output.")
    ] = None,
) -> None:
    """Print the newest signed seal; keep it where nobody of this machine can write."""
    from dossier.services import audit_checkpoints

    found = audit_checkpoints.export(context, OPERATOR)
    if to is None:
        sys.stdout.write(found.text)
        return
    to.write_text(found.text, encoding="utf-8")
    err.print(f"Checkpoint of seal {found.statement.number} / 已导出检查点")


@app.command("new-key")
@with_context
def new_key(context: Context) -> None:
    """Sign with a fresh key from now on; seals so far stay checkable by audit.pub."""
    from dossier.services import audit, audit_keys

    key = audit_keys.new_signing_key(context.settings.home)
    with context.writing(OPERATOR) as session:
        facts = {"key": key.id}
        audit.note(session, OPERATOR, KEY_CHANGED, at=context.clock.now(), facts=facts)
    err.print(f"New key {key.id}; back audit.key and audit.pub up / 新密钥已启用，请备份")
