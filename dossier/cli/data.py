"""Getting data in and out: ingest, import, search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dossier.cli.base import (
    OPERATOR,
    Json,
    as_dict,
    err,
    out,
    print_json,
    with_context,
)
from dossier.cli.given_files import demand_openable, demand_there
from dossier.cli.words import in_both, printable
from dossier.errors import ExitCode

if TYPE_CHECKING:
    from rich.progress import Progress

    from dossier.rules.customer_file import RowError
    from dossier.services import customer_import
    from dossier.services.context import Context
    from dossier.services.named_rows import RowReport
    from dossier.services.views import SearchAnswer
    from dossier.viewer import Viewer
    from indexer import ingest as taking

import_app = typer.Typer(no_args_is_help=True, help="Import customers or documents.")
MOST_ERRORS_SHOWN = 50
NOTHING_FOUND = (
    "没有找到。请少输几个字，或改用户号、电话、地址；刚收的文件可能还在识别，见 dossier intake list"
    " / Nothing found. Try fewer words, or a customer number, telephone or address; a paper that "
    "has just come in may still be in reading, see dossier intake list"
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("ingest")(with_context(ingest))
    app.command("search")(with_context(search, somebody_waits=True))
    import_app.command("customers")(with_context(import_customers))
    import_app.command("documents")(with_context(import_documents))
    app.add_typer(import_app, name="import")


def rows_bar() -> Progress:
    """How many rows are done and how long it took; how many there are only the file's end says."""
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description} {task.completed}"),
        TimeElapsedColumn(),
        console=err,
    )


def ingest(
    context: Context,
    paths: Annotated[list[Path], typer.Argument(help="Files and folders; they stay as they are.")],
    customer: Annotated[
        str | None, typer.Option(help="Whose papers they are (customer number).")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until they can be found.")] = True,
    json: Json = False,
) -> None:
    """Take files in, beside a running serve or alone; interrupted, run it again to go on.

    Exit code 6 when some files were set aside or could not be taken.
    """
    from dossier import serving
    from indexer import ingest as taking

    demand_there(paths)
    options = taking.IngestOptions(customer_no=customer, wait=wait, show=not json)
    summary = taking.ingest(
        context,
        OPERATOR,
        paths,
        options=options,
        workers=lambda: serving.lone_workers(context.settings),
    )
    if json:
        print_json(summary.as_json())
    else:
        out.print(
            f"accepted 收入 {summary.accepted}  duplicates 重复 {summary.duplicates}  "
            f"quarantined 隔离 {summary.quarantined}  failed 失败 {summary.failed}  "
            f"pages 页 {summary.pages}  {summary.seconds:.1f} s",
            soft_wrap=True,
        )
        _print_inside(summary.inside)
        _print_troubles(summary)
    if summary.problems or summary.failed:
        raise typer.Exit(int(ExitCode.PARTLY))


def _print_inside(inside: taking.Inside) -> None:
    """Papers that lay in the files: told apart, so that the figures above are the files given."""
    if inside:
        out.print(
            f"inside them 文件里的文件: accepted 收入 {inside.accepted}  "
            f"duplicates 重复 {inside.duplicates}  quarantined 隔离 {inside.quarantined}",
            soft_wrap=True,
        )


def _print_troubles(summary: taking.IngestSummary) -> None:
    """What needs a look, on standard error."""
    if summary.known:
        err.print(
            f"known from an earlier run 以前已收 {summary.known}  "
            f"assigned now 本次归户 {summary.assigned}"
        )
    for name in summary.failures[:MOST_ERRORS_SHOWN]:
        err.print(f"{printable(name)}: cannot be read 无法读取", markup=False, soft_wrap=True)
    if summary.skipped:
        err.print(f"passed over for their names 因文件名略过 {len(summary.skipped)}")
    for name in summary.skipped[:MOST_ERRORS_SHOWN]:
        err.print(printable(name), markup=False, highlight=False, soft_wrap=True)
    for problem in summary.problems[:MOST_ERRORS_SHOWN]:
        told = f"{printable(problem.name)}: {in_both('reason', problem.reason)} {problem.plugin}"
        err.print(told.rstrip(), markup=False, highlight=False, soft_wrap=True)
        remedy = in_both("remedy", problem.reason)
        err.print(f"  {remedy}", markup=False, highlight=False, soft_wrap=True)


def import_customers(
    context: Context,
    file: Path,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every row, write nothing.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a file with columns that are not known.")
    ] = False,
    json: Json = False,
) -> None:
    """Import customers from CSV or XLSX; rows that are right are taken, the others are listed.

    Columns that are not known are named and left out; customer_no and name must be there.
    Exit code 6 when some rows were left out.
    """
    from dossier.services import customer_import

    demand_openable(file)
    with rows_bar() as bar:
        task = bar.add_task("rows 行数", total=None)
        report = customer_import.import_customers(
            context,
            OPERATOR,
            file,
            dry_run=dry_run,
            strict=strict,
            progress=lambda rows: bar.update(task, completed=rows),
        )
    if json:
        print_json({**as_dict(report), "errors": [as_dict(one) for one in report.errors]})
    else:
        _print_report(report)
    if report.exit_code:
        raise typer.Exit(int(report.exit_code))


def _print_report(report: customer_import.ImportReport) -> None:
    would = "would be 将 " if report.dry_run else ""
    out.print(
        f"{would}created 新增 {report.created}  updated 更新 {report.updated}  "
        f"unchanged 未变 {report.unchanged}  left out 未导入 {report.rejected}"
    )
    for label, names in (
        ("units 新单位", report.units_created),
        ("lines 新线路", report.lines_created),
        ("districts 新台区", report.districts_created),
    ):
        if names:
            out.print(f"new {label}: {len(names)}")
    print_row_errors(report)


def print_row_errors(report: customer_import.ImportReport | RowReport) -> None:
    """What was left out of a file, on standard error: columns, then rows."""
    for column in report.left_out:
        err.print(
            f"{column.message_zh}（已略去） / {column.message_en} (left out)",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )
    _print_errors(report.errors, report.error_count)


def _print_errors(errors: Sequence[RowError], count: int) -> None:
    for error in errors[:MOST_ERRORS_SHOWN]:
        where = error.heading or error.column
        err.print(
            f"第{error.row}行 {where}：{error.message_zh}"
            f" / row {error.row}, {where}: {error.message_en}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    if count > MOST_ERRORS_SHOWN:
        err.print(f"… {count} in all 共 {count} 处 (--json: more 更多)")


def import_documents(context: Context, file: Path, json: Json = False) -> None:
    """Import documents that a manifest names.

    CSV with a header: file, customer_no, document_type, title, doc_date. Rows that are right are
    taken, the others are listed by row and column (exit code 6).
    """
    from dossier.services import document_import

    demand_openable(file)
    report = document_import.import_documents(context, OPERATOR, file)
    if json:
        print_json(as_dict(report))
    else:
        out.print(
            f"accepted 收入 {report.accepted}  duplicates 重复 {report.duplicates}  "
            f"left out 未导入 {report.rejected}"
        )
        _print_errors(report.errors, len(report.errors))
    if report.errors:
        raise typer.Exit(int(ExitCode.PARTLY))


def search(
    context: Context,
    query: str,
    as_user: Annotated[
        str | None, typer.Option("--as", help="See what this user would see.")
    ] = None,
    size: Annotated[int, typer.Option(help="Customers shown.", min=1, max=100)] = 20,
    json: Json = False,
) -> None:
    """Search as the one box does; exit code 4 when nothing is found."""
    from dossier.services import search as searching
    from dossier.services.views import SearchRequest

    viewer = _viewer(context, as_user) if as_user else OPERATOR
    answer = searching.search(context, viewer, SearchRequest(q=query, size=size))
    if json:
        from searchapi.answers import search_answer  # brings the web's framework along

        print_json(search_answer(answer))
    else:
        _print_answer(answer)
    if not answer.total:
        raise typer.Exit(int(ExitCode.NOT_FOUND))


def _viewer(context: Context, name: str) -> Viewer:
    from dossier.services import accounts

    return accounts.viewer_by_name(context, name)


def _print_answer(answer: SearchAnswer) -> None:
    from dossier.search.port import MatchReason

    for remark in answer.remarks:
        err.print(remark, markup=False, highlight=False, soft_wrap=True)
    for hit in answer.hits:
        head = hit.customer
        who = (
            f"{head.customer_no}  {head.name}  {head.station}" if head else "待归户 to be assigned"
        )
        out.print(who, style="bold", markup=False, highlight=False)
        if hit.matched_on:
            reasons = " · ".join(in_both("matched", code) for code in hit.matched_on)
            out.print(f"  匹配 matched: {reasons}", markup=False, highlight=False, soft_wrap=True)
        for document in hit.documents:
            out.print(
                f"  {document.type_label or '—'}  {document.title}", markup=False, highlight=False
            )
            if MatchReason.FILE in document.matched_on:
                named = f"    {in_both('matched', MatchReason.FILE)}: {document.file_name}"
                out.print(named, markup=False, highlight=False, soft_wrap=True)
            for snippet in document.snippets:
                text = " ".join(snippet.text.split())
                out.print(f"    p.{snippet.page}  {text}", markup=False, highlight=False)
            for like in document.like:
                told = f"    {in_both('like', like.kind)}: {like.asked} → {like.found}"
                out.print(told, markup=False, highlight=False, soft_wrap=True)
    if not answer.total:
        err.print(NOTHING_FOUND, markup=False, highlight=False, soft_wrap=True)
    err.print(f"{answer.total} 户, {answer.took_ms:.0f} ms, pending 待更新 {answer.pending}")
