"""``dossier user grant|grants|revoke|delegate|delegations|end-delegation|roles|may``."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from dossier.cli.base import OPERATOR, Json, as_dict, err, out, print_json, with_context
from dossier.cli.words import moment
from dossier.errors import InvalidInputError

if TYPE_CHECKING:
    from dossier.services.context import Context
    from dossier.services.rights import Rights

RoleOption = Annotated[str, typer.Option(help="Code of the role; see: dossier user roles.")]
UnitOption = Annotated[str | None, typer.Option("--unit", help="Unit by name, with all below it.")]
LineOption = Annotated[str | None, typer.Option("--line", help="Line by name.")]
DistrictOption = Annotated[str | None, typer.Option("--district", help="District by name.")]
CaseOption = Annotated[str | None, typer.Option("--case", help="Case number.")]
CustomerOption = Annotated[str | None, typer.Option("--customer", help="Customer number.")]
First = Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.")]
Last = Annotated[str | None, typer.Option("--to", help="Last day, included.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]


def register(app: typer.Typer) -> None:
    """Put the commands under ``dossier user``."""
    for name, command in (
        ("grant", grant),
        ("grants", grants),
        ("revoke", revoke),
        ("delegate", delegate),
        ("delegations", list_delegations),
        ("end-delegation", end_delegation),
        ("roles", roles),
        ("may", may),
    ):
        app.command(name)(with_context(command))


def grant(
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
    reason: Reason = "",
) -> None:
    """Give a user a further role; without a place for the whole company."""
    from dossier.services import role_grants
    from dossier.services.role_grants import Days, Part

    grant_id = role_grants.grant(
        context,
        OPERATOR,
        user=name,
        role=role,
        part=Part(unit, line, district, case, customer),
        days=Days(day_of(first), day_of(last)),
        reason=reason,
    )
    err.print(f"Grant {grant_id}: {name} is {role} / 已授予 {name} 岗位 {role}", markup=False)


def grants(
    context: Context,
    name: str,
    everything: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    json: Json = False,
) -> None:
    """List a user's roles."""
    from dossier.services import role_grants

    found = role_grants.list_grants(context, OPERATOR, name, all_of_them=everything)
    if json:
        print_json([as_dict(one) for one in found])
        return
    table = Table("id", "role 岗位", "part 范围", "from 起", "to 止", "state 状态")
    for one in found:
        part = f"{one.kind} {one.part}".strip()
        table.add_row(
            str(one.id), one.role, part, moment(one.valid_from), moment(one.valid_to), one.state
        )
    out.print(table)


def revoke(
    context: Context,
    name: str,
    role: Annotated[str, typer.Option(help="All grants of this role.")] = "",
    grant_id: Annotated[int | None, typer.Option("--grant", help="One grant, by id.")] = None,
    reason: Reason = "",
) -> None:
    """Take a role away; it counts from the next request."""
    from dossier.services import role_grants

    if bool(role) == (grant_id is not None):
        raise InvalidInputError("Name either --role or --grant", detail_zh="请指定岗位或授权编号")
    if grant_id is None:
        role_grants.revoke_role(context, OPERATOR, name, role, reason=reason)
    else:
        if grant_id not in {one.id for one in role_grants.list_grants(context, OPERATOR, name)}:
            raise InvalidInputError("It is no grant of this user", detail_zh="不是该用户的授权")
        role_grants.revoke(context, OPERATOR, grant_id, reason=reason)
    err.print(f"Role of {name} revoked / 已撤销 {name} 的岗位", markup=False)


def delegate(
    context: Context,
    from_user: Annotated[str, typer.Option(help="Whose role it is.")],
    to_user: Annotated[str, typer.Option(help="Who gets it for these days.")],
    role: RoleOption,
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD, today or later.")],
    last: Annotated[str, typer.Option("--to", help="Last day, included.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
) -> None:
    """Lend a user's role to another for some days."""
    from dossier.services import delegations

    made = delegations.delegate(
        context,
        OPERATOR,
        holder=from_user,
        to=to_user,
        role=role,
        first=_known_day(first),
        last=_known_day(last),
        reason=reason,
    )
    which = ", ".join(map(str, made))
    err.print(f"Delegation {which} made / 已登记委托 {which}", markup=False)


def list_delegations(
    context: Context,
    name: Annotated[str | None, typer.Argument(help="From or to this user; none: all.")] = None,
    json: Json = False,
) -> None:
    """List roles that are lent, or will be."""
    from dossier.services import delegations

    found = delegations.list_delegations(context, OPERATOR, name)
    if json:
        print_json([as_dict(one) for one in found])
        return
    table = Table("id", "role 岗位", "from 委托人", "to 受托人", "from 起", "to 止", "state 状态")
    for one in found:
        days = (moment(one.valid_from), moment(one.valid_to))
        table.add_row(str(one.id), one.role, one.holder, one.delegate, *days, one.state)
    out.print(table)


def end_delegation(context: Context, delegation_id: int) -> None:
    """End a delegation now."""
    from dossier.services import delegations

    delegations.end(context, OPERATOR, delegation_id)
    err.print(f"Delegation {delegation_id} ended / 已结束委托 {delegation_id}", markup=False)


def roles(context: Context, json: Json = False) -> None:
    """List the roles of the matrix."""
    known = context.roles.words.roles.values()
    if json:
        print_json([as_dict(one) for one in known])
        return
    table = Table("role 岗位", "中文", "English", "separated 三员")
    for one in known:
        table.add_row(one.code, one.zh, one.en, "yes" if one.is_separated else "")
    out.print(table)


def may(context: Context, name: str, json: Json = False) -> None:
    """What may this user do, and why?"""
    from dossier.rules import sources
    from dossier.services import rights

    found = rights.explain(context, OPERATOR, name)
    if json:
        print_json(_plain(found))
        return
    table = Table("action 操作", "may 可否", "by 依据", "until 至", "source 来源")
    for line in found.lines:
        for ground in line.grounds or (None,):
            if ground is None:
                table.add_row(line.action.zh, "no 否", "", "", "")
                continue
            by = " ".join(filter(None, (ground.role.zh, ground.part, ground.holder)))
            until, source = moment(ground.until), ground.cell.source
            rests = "; ".join(f"{one.id} {one.zh}" for one in sources.cited(source)) or source
            table.add_row(line.action.zh, ground.said_zh, by, until, rests)
    out.print(table)


def _plain(found: Rights) -> dict[str, Any]:
    """Rights without the whole matrix."""
    return {
        "user": found.user,
        "is_disabled": found.is_disabled,
        "items": [
            {
                "action": line.action.code,
                "verdict": line.verdict,
                "is_built": line.action.is_built,
                "grounds": [
                    {
                        "verdict": one.verdict,
                        "may": one.said_en,
                        "role": one.role.code,
                        "kind": one.kind,
                        "part": one.part,
                        "lent_by": one.holder,
                        "until": one.until,
                        "source": one.cell.source,
                        "line": one.cell.line,
                    }
                    for one in line.grounds
                ],
            }
            for line in found.lines
        ],
    }


def day_of(text: str | None) -> date | None:
    """A day as it was typed; None where none was.

    Raises:
        InvalidInputError: it is none.
    """
    return None if text is None else _known_day(text)


def _known_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as err_:
        raise InvalidInputError(
            "A day is written 2027-01-31", detail_zh="日期格式应为 2027-01-31"
        ) from err_
