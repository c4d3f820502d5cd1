"""What ``dossier demo`` adds to ``serve``: accounts, a register, and an inbox that fills itself."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from dossier import serving
from dossier.cli.base import OPERATOR, err, opened, out, settings_of
from dossier.errors import NotPossibleError
from dossier.services import accounts, measures, people, work_status
from dossier.services.context import Context
from dossier.settings import Settings
from indexer import rebuild

if TYPE_CHECKING:
    from dossier.plugins.demo.truth import TruthFile

PASSWORD = "dossier-demo"  # noqa: S105 - of invented people; printed beside their names
PEOPLE = (
    ("wang", "王若溪", "archivist", None, "档案管理员：看原文，可指定归户"),
    ("li", "李清嘉", "agent", None, "坐席：个人信息已遮蔽"),
    ("zhao", "赵一诺", "agent", "first", "坐席：只看本所"),
    ("chen", "陈立言", "supervisor", None, "客服主管：审批申请"),
    ("shen", "沈慎言", "auditor", None, "审计员：只看查阅记录"),
    ("admin", "甘守正", "administrator", None, "系统管理员：看收件与状态"),
)
FOLDER = "demo"
"""Below the home: one folder for each plan."""
REFRESH_SECONDS = 1.0
UNFINISHED = ("queued", "running", "waiting")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be invented."""

    customers: int
    seed: int
    papers: int | None

    @property
    def register(self) -> str:
        """What decides who is invented, and under which number."""
        return f"seed{self.seed}-{self.customers}"

    @property
    def name(self) -> str:
        """Folder of this plan below ``home/demo``."""
        return self.register if self.papers is None else f"{self.register}-{self.papers}"

    def folder(self, settings: Settings) -> Path:
        """Where register, papers and truth lie."""
        return settings.home / FOLDER / self.name

    def shares_register(self, name: str) -> bool:
        """Whether a plan of that name invents the same people."""
        return name == self.register or name.startswith(f"{self.register}-")


def prepare(customers: int, seed: int, papers: int | None) -> None:
    """Import the invented register and make the accounts; done once for a plan.

    Raises:
        NotPossibleError: the home holds a true archive, or one invented by another plan.
    """
    plan = Plan(customers, seed, papers)
    with opened(settings_of()) as context:
        _refuse_others_home(context, plan)
        out.print("Inventing the archive 正在生成演示档案…", highlight=False)
        out.file.flush()  # redirected output is held back else, for all of the while
        rebuild.make_first(context)
        _import_register(context, plan)
        _tell_of_cases(context, plan)
        _add_people(context)


def _refuse_others_home(context: Context, plan: Plan) -> None:
    """Invented customers and accounts with a printed password belong in no true archive.

    Nor beside those of another plan: the same numbers would get other people.
    """
    home = context.settings.home
    begun = sorted(one.name for one in (home / FOLDER).glob("*") if one.is_dir())
    others = [name for name in begun if not plan.shares_register(name)]
    if others:
        raise NotPossibleError(
            f"{home} holds the invented archive {others[0]}; name the same --customers and --seed, "
            "or choose another folder by DOSSIER_HOME",
            detail_zh=f"{home} 已有演示档案 {others[0]}；请使用相同的 --customers 与 --seed，"
            "或用 DOSSIER_HOME 另选文件夹",
        )
    held = measures.read(context)
    if not begun and (held.customers or held.documents or accounts.list_users(context, OPERATOR)):
        raise NotPossibleError(
            f"{home} holds an archive that was not invented; choose another folder for the demo "
            "by DOSSIER_HOME",
            detail_zh=f"{home} 中已有真实档案；请用 DOSSIER_HOME 为演示另选文件夹",
        )


def _import_register(context: Context, plan: Plan) -> None:
    from dossier.plugins.demo.customers import invent_customers, write_customers
    from dossier.services.customer_import import import_customers

    folder = plan.folder(context.settings)
    register, imported = folder / "customers.csv", folder / "imported"
    if not imported.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_customers(register, invent_customers(plan.seed, plan.customers))
        import_customers(context, OPERATOR, register, dry_run=False)
        imported.touch()


def _tell_of_cases(context: Context, plan: Plan) -> None:
    """Some cases by the same way as the marketing system; once, as they lie some days back."""
    from dossier.plugins.completeness import case_events
    from dossier.plugins.completeness.events import Event
    from dossier.plugins.demo.cases import invent_events
    from dossier.plugins.demo.customers import invent_customers

    told = plan.folder(context.settings) / "cases-told"
    if not told.exists():
        register = invent_customers(plan.seed, plan.customers)
        found = [Event.model_validate(one) for one in invent_events(register, context.clock.now())]
        case_events.receive(context, OPERATOR, found)
        told.touch()


def invent_and_show(customers: int, seed: int, papers: int | None) -> None:
    """Beside a running tree: print the address, fill the inbox, and show how reading goes."""
    settings, plan = settings_of(), Plan(customers, seed, papers)
    found = serving.wait_for_web(settings, threading.Event())
    if found is None:
        return
    announce(settings, found)
    fill(settings, plan)
    show_progress(settings)


def fill_inbox(customers: int, seed: int, papers: int | None) -> None:
    """Invent the papers into the inbox, for a serve that comes later."""
    settings = settings_of()
    fill(settings, Plan(customers, seed, papers))
    err.print(f"The inbox is filled 收件箱已就绪: {settings.inbox_path}", markup=False)


def _add_people(context: Context) -> None:
    known = {user.name for user in accounts.list_users(context, OPERATOR)}
    for name, display_name, role, unit, _duty in PEOPLE:
        if name not in known:
            accounts.add_user(
                context,
                OPERATOR,
                name=name,
                role=role,
                password=PASSWORD,
                unit=accounts.first_station(context) if unit else None,
            )
            people.describe(context, OPERATOR, name, display_name=display_name)


def fill(settings: Settings, plan: Plan) -> None:
    """Make the papers and put each into the inbox as soon as it is there.

    A paper that was offered before is not offered again, so an interrupted demo goes on.
    """
    from dossier.plugins.demo.archive import invent

    folder = plan.folder(settings)
    ledger = folder / "offered.txt"
    finished = folder / "finished"
    if finished.exists():
        return
    offered = set(ledger.read_text(encoding="utf-8").splitlines()) if ledger.exists() else set()

    with ledger.open("a", encoding="utf-8") as notes:

        def offer(file: TruthFile) -> None:
            if file.path not in offered:
                _put(folder / file.path, settings.inbox_path / _inbox_name(file.path))
                notes.write(file.path + "\n")
                notes.flush()

        invent(
            folder,
            seed=plan.seed,
            customers=plan.customers,
            papers=plan.papers,
            workers=1,
            on_file=offer,
        )
    finished.touch()


def _inbox_name(path: str) -> str:
    return path.removeprefix("papers/")


def _put(source: Path, target: Path) -> None:
    """Let the file appear whole in the inbox; a link, where both lie on one file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.part")
    draft.unlink(missing_ok=True)
    try:
        os.link(source, draft)
    except OSError:
        draft.write_bytes(source.read_bytes())
    draft.replace(target)


def announce(settings: Settings, address: str) -> None:
    """Print address and accounts."""
    out.print(f"\n  一户一档 Dossier   {address}\n", style="bold", highlight=False)
    table = Table("name 用户名", "password 密码", "role 岗位", box=None)
    for name, _display_name, _role, _unit, duty in PEOPLE:
        table.add_row(name, PASSWORD, duty)
    out.print(table)
    out.print(f"\n  inbox 收件箱: {settings.inbox_path}   (Ctrl-C ends 结束)\n", highlight=False)


def show_progress(settings: Settings) -> None:
    """A bar of what has been read, until everything is."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
    )
    with opened(settings) as context, Progress(*columns, console=err) as bar:
        task = bar.add_task("papers read 已识别", total=None)
        total, left = 0, 1
        while left or not total:
            time.sleep(REFRESH_SECONDS)
            counts = work_status.counts(context, OPERATOR)
            total = sum(counts.values())
            left = sum(counts.get(state, 0) for state in UNFINISHED)
            bar.update(task, completed=total - left, total=total)
