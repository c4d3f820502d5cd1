"""Import of people: accounts with names and staff numbers, posts and roles with their days.

A row is one person with at most one post and one role; more of them are more rows. Idempotent:
what is so already changes nothing. Each row is taken wholly or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from sqlalchemy import select

from dossier.access import demand_whole
from dossier.db.session import ScopedSession
from dossier.db.tables import OrgUnit, User
from dossier.errors import DossierError
from dossier.rules.customer_file import NO, YES, RowError
from dossier.rules.dates import parse_date
from dossier.rules.normal_form import fold
from dossier.services import accounts, audit, grants, people, posts
from dossier.services.context import Context
from dossier.services.named_rows import NamedRow, RowReport, RowTally, named_rows
from dossier.services.posts import PostWish
from dossier.services.role_grants import Days
from dossier.services.table_files import open_table
from dossier.viewer import Permission, Viewer

COLUMNS: Final = {
    "account": ("账号", "登录名", "用户名"),
    "name": ("姓名", "人员姓名"),
    "staff_no": ("工号", "员工编号", "人员编号"),
    "unit": ("单位", "所属单位", "任职单位"),
    "post": ("岗位", "岗位名称", "职务"),
    "side_post": ("兼岗", "是否兼岗"),
    "post_from": ("任职日期", "岗位起始日期"),
    "post_to": ("岗位截止日期", "免职日期"),
    "role": ("角色", "系统角色"),
    "role_unit": ("角色单位", "角色范围"),
    "role_from": ("角色起始日期",),
    "role_to": ("角色截止日期",),
}
"""Columns with the headings that they may have. Last days are included."""
REQUIRED: Final = ("account",)
EVERYWHERE: Final = ("全公司", "*", "all")
"""What ``role_unit`` says for the whole company; empty means the post's unit."""
LONGEST_ACCOUNT = 80
BATCH_ROWS = 200
IMPORTED = "people.imported"


class _CellError(Exception):
    """A cell that cannot be taken."""

    def __init__(self, column: str, zh: str, en: str) -> None:
        self.column, self.zh, self.en = column, zh, en
        super().__init__(en)


class _DryRunError(Exception):
    """Ends the transaction of a dry run: all of it is rolled back."""


def import_people(context: Context, viewer: Viewer, path: Path, *, dry_run: bool) -> RowReport:
    """Read a file of people into accounts, posts and roles.

    Accounts that are made have no password: the administrator sets one, or they come by a proxy
    or an OpenID provider.

    Raises:
        ForbiddenError: the role does not manage users.
        InvalidInputError: the file or its header cannot be used; nothing was written.
    """
    demand_whole(viewer, Permission.MANAGE_USERS)
    tally = RowTally()
    with open_table(path) as table:
        rows = list(named_rows(table, COLUMNS, REQUIRED, tally))
    batches = [rows[at : at + BATCH_ROWS] for at in range(0, len(rows), BATCH_ROWS)]
    if dry_run:  # later rows build on earlier ones, so it is tried as a whole and rolled back
        try:
            with context.writing(viewer) as session:
                _take_all(context, session, viewer, rows, tally)
                raise _DryRunError
        except _DryRunError:
            return tally.report(dry_run=True)
    for batch in batches:
        with context.writing(viewer) as session:
            _take_all(context, session, viewer, batch, tally)
    report = tally.report(dry_run=False)
    facts = {"changed": report.changed, "rejected": report.rejected}
    with context.writing(viewer) as session:
        audit.note(session, viewer, IMPORTED, at=context.clock.now(), facts=facts)
    return report


def _take_all(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    rows: Sequence[NamedRow],
    tally: RowTally,
) -> None:
    for row in rows:
        try:
            with session.begin_nested():
                changed = _take(context, session, viewer, row)
        except _CellError as err:
            tally.reject(RowError(row.number, err.column, err.zh, err.en))
        else:
            tally.take(row.number, changed=changed)


def _take(context: Context, session: ScopedSession, viewer: Viewer, row: NamedRow) -> bool:
    account = row.get("account")
    if not account or len(account) > LONGEST_ACCOUNT:
        raise _CellError("account", "账号为空或过长", "the account is empty or too long")
    user = session.scalar(select(User).where(User.name == account))
    is_new = user is None
    if user is None:
        user = accounts.put_account(context, session, viewer, account)
    _in_column("account", lambda: posts.refuse_self(viewer, user))
    described = _in_column(
        "staff_no",
        lambda: people.put_words(
            context,
            session,
            viewer,
            user,
            display_name=row.get("name") or None,
            staff_no=row.get("staff_no") or None,
        ),
    )
    posted = _take_post(context, session, viewer, user, row)
    granted = _take_role(context, session, viewer, user, row)
    return any((is_new, described, posted, granted))


def _in_column(column: str, do: Callable[[], object]) -> bool:
    """Do it; what is refused is told of that column."""
    try:
        return bool(do())
    except DossierError as err:
        told = err.detail or err.title
        raise _CellError(column, err.detail_zh or err.title_zh, told) from err


def _take_post(
    context: Context, session: ScopedSession, viewer: Viewer, user: User, row: NamedRow
) -> bool:
    if not row.get("post"):
        return False
    since = _day(row, "post_from")
    if since is None:
        raise _CellError("post_from", "请填写任职日期", "a post needs its first day")
    unit_id = _unit(session, row, "unit")
    if unit_id is None:
        raise _CellError("unit", "岗位须填写单位", "a post needs its unit")
    wish = PostWish(unit_id, row.get("post"), since, _day(row, "post_to"), _yes(row, "side_post"))
    return _in_column("post", lambda: posts.put(context, session, viewer, user, wish))


def _take_role(
    context: Context, session: ScopedSession, viewer: Viewer, user: User, row: NamedRow
) -> bool:
    role = row.get("role")
    if not role:
        return False
    since, until = _day(row, "role_from"), _day(row, "role_to")
    unit_id = _unit(session, row, "role_unit" if row.get("role_unit") else "unit")
    if unit_id is None and row.get("role_unit") not in EVERYWHERE:
        raise _CellError(
            "role_unit",
            "请填写角色的单位，或“全公司”",
            "say the role's unit, or 全公司 for the whole company",
        )
    return _in_column(
        "role",
        lambda: grants.give(
            context,
            session,
            viewer,
            user,
            role=role,
            unit_id=unit_id,
            days=Days(since, until),
        ),
    )


def _day(row: NamedRow, column: str) -> date | None:
    text = row.get(column)
    day = parse_date(text) if text else None
    if text and day is None:
        raise _CellError(
            column, "日期无法识别，例如 2026-08-11", "not a date; write it like 2026-08-11"
        )
    return day


def _yes(row: NamedRow, column: str) -> bool:
    word = fold(row.get(column))
    if word not in YES | NO:
        raise _CellError(column, "应填“是”或“否”", "yes or no is wanted")
    return word in YES


def _unit(session: ScopedSession, row: NamedRow, column: str) -> int | None:
    text = row.get(column)
    if not text or text in EVERYWHERE:
        return None
    named = select(OrgUnit.id).where(OrgUnit.name == text)
    coded = select(OrgUnit.id).where(OrgUnit.code == text)
    found = session.scalar(named) or session.scalar(coded)
    if found is None:
        raise _CellError(
            column,
            f"没有单位“{text}”，请先导入组织机构或改正名称",
            f"no unit {text}; import the organisation first, or mend the name",
        )
    return found
