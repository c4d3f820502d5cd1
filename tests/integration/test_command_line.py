"""The ``dossier`` command says what happened and what to do, and exits accordingly."""

from __future__ import annotations

import io
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from typer.testing import CliRunner, Result

from dossier import serving
from dossier.cli import demonstration
from dossier.cli.base import opened, settings_of
from dossier.cli.commands import app
from dossier.db.tables import Document, Page, WorkItem
from dossier.errors import (
    AddressTakenError,
    ExitCode,
    InvalidInputError,
    NotFoundError,
    NotPossibleError,
)
from dossier.services import accounts, intake
from dossier.services.context import Context
from dossier.settings import Settings
from indexer import rebuild
from tests.faults.archive_samples import VIEWER, documents, letter
from tests.faults.whole_house import opened_house

Command = Callable[..., Result]


@pytest.fixture
def command(context: Context, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command in this process on the test's archive."""
    monkeypatch.setenv("DOSSIER_HOME", str(context.settings.home))
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_a_user_name_that_is_taken_is_said_to_exist(command: Command) -> None:
    assert command("user", "add", "wang", "--role", "agent").exit_code == 0
    again = command("user", "add", "wang", "--role", "agent")
    assert again.exit_code == ExitCode.FAILED
    assert "exists" in again.stderr
    assert "已存在" in again.stderr
    assert "meanwhile" not in again.stderr


HEAVY = {"sqlalchemy", "pydantic", "fastapi", "alembic", "argon2", "tantivy", "cryptography"}


def imported_by(code: str, **environment: str) -> set[str]:
    """What is imported once a fresh process has run ``code``."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_help_and_mistyped_options_import_nothing_that_takes_long() -> None:
    assert not HEAVY & imported_by("from dossier.cli import commands")


def test_a_command_brings_neither_the_web_nor_the_migrations_along(context: Context) -> None:
    """An archive that is up to date is opened by what works with it."""
    code = (
        "from dossier.cli.base import opened, settings_of\n"
        "with opened(settings_of()): from dossier.services import doctor, search, accounts"
    )
    found = imported_by(code, DOSSIER_HOME=str(context.settings.home))
    assert "sqlalchemy" in found
    assert not {"fastapi", "starlette", "alembic", "jinja2"} & found


def test_an_import_counts_rows_and_promises_no_total(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("customer_no,name\n1040106028,张三\n", encoding="utf-8")
    done = command("import", "customers", file)
    assert done.exit_code == 0, done.output
    assert "None" not in done.output


def test_a_first_build_of_the_index_is_logged_without_advice(
    context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        rebuild.rebuild(context, reason=context.index.needs_rebuild() or "")
    reasons = [getattr(record, "reason", "") for record in caplog.records]
    assert any(reasons)
    assert not any("dossier reindex" in reason for reason in reasons)


def test_the_first_search_of_a_new_archive_says_nothing_yet_and_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``serve`` and ``demo`` prepare before the web process answers, whenever a worker comes."""
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "served"))
    serving.prepare({})
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "shown"))
    demonstration.prepare(customers=3, seed=1, papers=0)
    for home in ("served", "shown"):
        with opened_house(Settings(home=tmp_path / home)) as house:
            assert house.search("合同")["total"] == 0
            assert house.get("/search", q="合同").status_code == 200
            assert house.get("/readyz").status_code == 200


def test_a_demo_goes_on_in_its_own_home_and_into_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another plan gives the same numbers to other people; a true archive has its own."""
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "invented"))
    demonstration.prepare(customers=3, seed=1, papers=0)
    demonstration.prepare(customers=3, seed=1, papers=None)
    for customers, seed in ((30, 1), (3, 2)):
        with pytest.raises(NotPossibleError, match="seed1-3"):
            demonstration.prepare(customers=customers, seed=seed, papers=0)
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "true"))
    with opened(settings_of()) as context:
        intake.accept(context, VIEWER, source=io.BytesIO(letter(1)), file_name="a.pdf")
    with pytest.raises(NotPossibleError, match="DOSSIER_HOME"):
        demonstration.prepare(customers=3, seed=1, papers=0)
    with opened(settings_of()) as context:
        assert not accounts.list_users(context, VIEWER)


def test_an_archive_with_records_is_not_held_up_by_its_missing_index(context: Context) -> None:
    intake.accept(context, VIEWER, source=io.BytesIO(letter(1)), file_name="a.pdf")
    assert rebuild.make_first(context) is False
    assert context.index.needs_rebuild()


def test_the_address_is_forgotten_when_its_process_is_gone_and_not_before(
    settings: Settings,
) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    file = settings.home / serving.ADDRESS_FILE
    file.write_text(json.dumps({"host": "::1", "port": 1, "pid": os.getpid()}))
    serving.forget_address(settings)
    assert file.exists()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    file.write_text(json.dumps({"host": "::1", "port": 1, "pid": gone.pid}))
    serving.forget_address(settings)
    assert not file.exists()
    serving.forget_address(settings)


def test_ingest_names_what_it_set_aside_with_the_reason_in_both_languages(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "nothing.pdf").touch()
    said = command("ingest", tmp_path / "nothing.pdf", "--no-wait")
    assert said.exit_code == ExitCode.PARTLY
    assert "nothing.pdf: 文件" in said.stderr
    assert "The file is empty" in said.stderr
    assert "请重新扫描" in said.stderr
    answer = json.loads(command("ingest", tmp_path / "nothing.pdf", "--no-wait", "--json").stdout)
    assert answer["problems"] == [{"name": "nothing.pdf", "reason": "empty"}]


def test_reconcile_tells_notes_from_differences(
    command: Command, context: Context, tmp_path: Path
) -> None:
    for number in range(3):
        (tmp_path / f"{number}.pdf").write_bytes(letter(number))
        command("ingest", tmp_path / f"{number}.pdf", "--no-wait")
    blank, marked, aside = documents(context)
    with context.writing(VIEWER) as session:
        session.execute(delete(WorkItem).where(WorkItem.subject != aside.id))
        session.execute(update(WorkItem).values(state="failed"))
        for document, state in ((blank, "filed"), (marked, "filed"), (aside, "quarantined")):
            session.get_one(Document, document.id).state = state
        session.add(Page(document_id=blank.id, number=1, blank=True))
        session.add(Page(document_id=marked.id, number=1, barcodes=[{"text": "1"}]))
    command("reindex")
    said = command("reconcile")
    assert said.exit_code == 0, said.output
    assert "0 differences, 3 notes / 差异 0 处，说明 3 条" in said.stderr
    assert "排队" not in said.stderr
    answer = json.loads(command("reconcile", "--json").stdout)
    assert answer["differences"] == []
    assert {note["kind"] for note in answer["notes"]} == {"no_text", "work_failed"}
    with context.writing(VIEWER) as session:
        session.get_one(Page, (blank.id, 1)).blank = False
    found = command("reconcile")
    assert found.exit_code == ExitCode.PARTLY
    assert "1 difference (" in found.stderr


def test_the_intake_list_tells_reason_and_remedy_and_no_name_breaks_its_line(
    command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "line\nbreak\x1b[31m\u202efdp.pdf").touch()
    taken = command("ingest", folder, "--no-wait")
    assert taken.exit_code == ExitCode.PARTLY
    told = command("intake", "list", "--state", "failed").stdout
    assert "文件是空的 / The file is empty" in told
    assert "请重新扫描" in told
    assert not {"\x1b", "\u202e"} & set(told + taken.output)
    assert len(told.strip().splitlines()) == 4


@pytest.mark.parametrize(
    "words",
    [
        ("ingest",),
        *(("import", what) for what in ("customers", "documents", "organisation", "people")),
    ],
)
def test_a_path_that_leads_to_nothing_is_named_as_given_in_both_languages(
    command: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    gone = tmp_path / "away" / "register.csv"
    refused = command(*words, gone)
    problem = refused.exception
    assert isinstance(problem, InvalidInputError | NotFoundError)
    assert problem.detail.startswith(f"{gone} does not exist")
    assert problem.detail_zh.startswith(f"{gone} 不存在")
    assert not refused.output


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("serve", "--port", "99999"), "须为 0 到 65535 之间的数 / a number from 0 to 65535"),
        (("serve", "--port", "abc"), "须为 0 到 65535 之间的数 / a number from 0 to 65535"),
        (("serch", "x"), "No such command 'serch'"),
        (("intake", "lst"), "No such command 'lst'"),
        (("search",), "Missing argument"),
        (("search", "x", "--siez", "3"), "--siez"),
    ],
)
def test_a_mistyped_command_is_refused_in_both_languages_with_the_remedy(
    command: Command, words: tuple[str, ...], reason: str
) -> None:
    refused = command(*words)
    assert refused.exit_code == ExitCode.USAGE
    told = " ".join(refused.stderr.replace("│", " ").split())
    assert reason in told
    assert "命令、选项或参数有误；用法请看 dossier --help" in told


def test_a_search_or_an_id_that_finds_nothing_says_what_to_do_next(command: Command) -> None:
    command("reindex")
    nothing = command("search", "查无此词")
    assert nothing.exit_code == ExitCode.NOT_FOUND
    assert "没有找到。请少输几个字" in nothing.stderr
    assert "Nothing found. Try fewer words" in nothing.stderr
    unknown = command("intake", "retry", "zzz")
    assert unknown.exit_code == ExitCode.PARTLY
    assert "zzz: 没有此收件记录" in unknown.stderr
    assert "dossier intake list" in unknown.stderr


def test_a_demo_beside_a_running_program_invents_nothing_before_it_refuses(
    command: Command, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        refused = command("demo", "--port", other.getsockname()[1])
    assert isinstance(refused.exception, AddressTakenError)
    assert "Inventing" not in refused.output + capfd.readouterr().out


def test_a_folder_given_as_a_table_is_said_to_be_one(command: Command, tmp_path: Path) -> None:
    problem = command("import", "customers", tmp_path).exception
    assert isinstance(problem, InvalidInputError)
    assert "is a folder; name the file in it" in problem.detail
    assert "是文件夹" in problem.detail_zh


def test_an_import_of_documents_tells_each_row_left_out_in_sentences(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "a.pdf").write_bytes(letter(1))
    manifest = tmp_path / "list.csv"
    manifest.write_text("file,title\na.pdf,合同\nnope.pdf,合同\n", encoding="utf-8")
    done = command("import", "documents", manifest)
    assert done.exit_code == ExitCode.PARTLY, done.output
    assert "accepted 收入 1  duplicates 重复 0  left out 未导入 1" in done.stdout
    assert "第3行 file：清单所在文件夹中没有此文件 / row 3, file: no such file" in done.stderr
    assert "RowError" not in done.output


def test_an_import_names_the_columns_that_it_left_out(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("户号,户名,手机号马\n1040106028,张三,x\n", encoding="utf-8")
    done = command("import", "customers", file)
    assert done.exit_code == 0, done.output
    assert "未知的列“手机号马”，是否为“手机号”？（已略去）" in done.stderr
    assert 'did you mean "手机号"? (left out)' in done.stderr
    report = json.loads(command("import", "customers", file, "--json").stdout)
    assert report["left_out"] == [{"place": 3, "heading": "手机号马", "near": "手机号"}]
    refused = command("import", "customers", file, "--strict")
    assert isinstance(refused.exception, InvalidInputError)
    assert "手机号马" in refused.exception.detail_zh


def test_ids_behind_an_unknown_one_are_tried_again_too(command: Command, context: Context) -> None:
    taken = [
        intake.accept(context, VIEWER, source=io.BytesIO(letter(n)), file_name=f"{n}.pdf")
        for n in (1, 2)
    ]
    with context.writing(VIEWER) as session:
        for one in taken:
            intake.quarantine(session, one.document_id, context=context, reason="corrupt")
    first, second = (one.intake_id for one in taken)
    said = command("intake", "retry", first, "nobody-1", second, "nobody-2")
    assert said.exit_code == ExitCode.PARTLY
    assert [line.split(":")[0] for line in said.stderr.splitlines()[:2]] == ["nobody-1", "nobody-2"]
    assert "2 queued again" in said.stderr
    states = {item["state"] for item in json.loads(command("intake", "list", "--json").stdout)}
    assert states == {"queued"}


def test_all_that_failed_is_tried_again_searchable_copies_too(
    command: Command, context: Context
) -> None:
    taken = intake.accept(context, VIEWER, source=io.BytesIO(letter(1)), file_name="a.pdf")
    moment = context.clock.now()
    with context.writing(VIEWER) as session:
        session.execute(update(WorkItem).values(state="done"))
        session.execute(update(Document).values(state="filed"))
        session.add(
            WorkItem(
                kind="searchable",
                subject=taken.document_id,
                dedupe_key="searchable:a",
                state="failed",
                error="step_failed",
                run_at=moment,
                created_at=moment,
                changed_at=moment,
            )
        )
    said = command("intake", "retry", "--all")
    assert said.exit_code == 0, said.output
    assert "1 queued again" in said.stderr


PLACES = """类型,名称,上级单位,所属线路
供电所,东山供电所,,
线路,10kV东山线,东山供电所,
台区,滨河路3号台区,东山供电所,10kV东山线
"""


def test_a_user_is_added_for_a_line_a_district_a_case_and_for_some_days(
    command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "places.csv"
    file.write_text(PLACES, encoding="utf-8")
    assert command("import", "organisation", file).exit_code == 0
    places = {
        "line": ("10kV东山线", "crew"),
        "district": ("滨河路3号台区", "district_manager"),
        "case": ("SQ-2026/0031", "legal"),
    }
    days = ("--from", "2100-01-01", "--to", "2100-06-30")
    for option, (name, role) in places.items():
        made = command("user", "add", option, "--role", role, f"--{option}", name, *days)
        assert made.exit_code == 0, made.stderr
        (grant,) = json.loads(command("user", "grants", option, "--json").stdout)
        assert (grant["kind"], grant["part"], grant["state"]) == (option, name, "coming")


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("--unit", "无此所"), "dossier import organisation"),
        (("--line", "无此线"), "dossier import organisation"),
        (("--district", "无此台区"), "dossier import organisation"),
        (("--customer", "0000000000"), "dossier import customers"),
        (("--case", " "), "1 to 40 characters"),
        (("--from", "tomorrow"), "2027-01-31"),
        (("--to", "2020-01-01"), "is over"),
    ],
)
def test_a_user_for_a_place_or_day_that_there_is_not_is_refused_with_the_remedy(
    command: Command, words: tuple[str, str], remedy: str
) -> None:
    refused = command("user", "add", "li", "--role", "agent", *words)
    assert isinstance(refused.exception, InvalidInputError)
    assert remedy in refused.exception.detail
    assert refused.exception.detail_zh
    assert json.loads(command("user", "list", "--json").stdout) == []
