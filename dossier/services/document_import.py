"""Import of files with a manifest: a table that says of each file whose it is and what it is.

The manifest is CSV or XLSX with the columns ``file, customer_no, document_type, title, doc_date``;
only ``file`` is required. Files lie beside it or in folders below; nothing outside is read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from dossier.access import demand
from dossier.db.tables import Document, new_id
from dossier.errors import DiskFullError, DossierError, ExitCode, InvalidInputError
from dossier.records import IntakeOutcome
from dossier.rules import customer_file, document_types, identifiers
from dossier.rules.customer_file import CellError, RowError
from dossier.rules.dates import parse_date
from dossier.services import filing, intake
from dossier.services.context import Context
from dossier.services.intake import IntakeResult
from dossier.services.table_files import Row, open_table
from dossier.viewer import Permission, Viewer

COLUMNS = {
    "file": ("文件", "文件名", "路径"),
    "customer_no": ("户号", "客户编号", "用户编号"),
    "document_type": ("资料类型", "文件类型", "类型"),
    "title": ("题名", "标题"),
    "doc_date": ("日期", "文件日期", "形成日期"),
}
ORIGIN = "import"
LONGEST_TITLE = 400


@dataclass(frozen=True, slots=True)
class DocumentImportReport:
    """What an import of documents did.

    Attributes:
        batch: groups the files in the intake list.
        accepted: files that are new.
        duplicates: files whose bytes were here already.
        rejected: rows that were left out.
        errors: what is wrong, by row and column.
    """

    batch: str
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    errors: tuple[RowError, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """The command line's exit code."""
        if not self.rejected:
            return ExitCode.OK
        return ExitCode.PARTLY if self.accepted + self.duplicates else ExitCode.FAILED


@dataclass(frozen=True, slots=True)
class _Entry:
    """A checked row of the manifest."""

    row: int
    path: Path
    file: str
    customer_no: str | None
    document_type: str | None
    title: str
    doc_date: date | None


@dataclass(slots=True)
class _Tally:
    outcomes: dict[IntakeOutcome, int] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)

    def count(self, outcome: IntakeOutcome) -> None:
        """One more of an outcome."""
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


def import_documents(context: Context, viewer: Viewer, manifest: Path) -> DocumentImportReport:
    """Take in the files that a manifest names; started again, it goes on where it was broken off.

    Raises:
        ForbiddenError: the role may not import or upload.
        InvalidInputError: the manifest or its header cannot be used.
        DiskFullError: no room; what was taken in so far stays.
    """
    viewer = demand(viewer, Permission.IMPORT)
    viewer = demand(viewer, Permission.UPLOAD)
    batch, tally = new_id(), _Tally()
    with open_table(manifest) as rows:
        for entry in _entries(rows, manifest.parent.resolve(), tally):
            try:
                result = _take(context, viewer, entry, batch)
            except DiskFullError:
                raise
            except (DossierError, OSError) as err:
                tally.errors.append(_refused(entry, err))
                continue
            tally.count(result.outcome)
    return DocumentImportReport(
        batch=batch,
        accepted=tally.outcomes.get(IntakeOutcome.ACCEPTED, 0),
        duplicates=tally.outcomes.get(IntakeOutcome.DUPLICATE, 0),
        rejected=len({error.row for error in tally.errors}),
        errors=tuple(tally.errors),
    )


def _take(context: Context, viewer: Viewer, entry: _Entry, batch: str) -> IntakeResult:
    result = intake.accept(
        context,
        viewer,
        source=entry.path,
        file_name=entry.path.name,
        origin=ORIGIN,
        given_customer_no=entry.customer_no,
        batch=batch,
        document_type=entry.document_type,
        source_path=entry.file,
        source_key=_key(entry.path),
    )
    if result.outcome == IntakeOutcome.ACCEPTED and not result.known:
        _describe(context, result.document_id, entry)
    return result


def _describe(context: Context, document_id: str, entry: _Entry) -> None:
    """Title and date as the manifest has them; what was named is not read over."""
    if not entry.title and entry.doc_date is None:
        return
    with context.writing(intake.INTAKE) as session:
        document = session.get_one(Document, document_id)
        document.title = entry.title
        document.doc_date = entry.doc_date
        filing.touch(session, document, at=context.clock.now())


def _key(path: Path) -> str:
    """Fingerprint of a file as it lies there, so that a second run knows it."""
    status = path.stat()
    mark = f"{status.st_dev}|{status.st_ino}|{status.st_size}|{status.st_mtime_ns}"
    return hashlib.sha256(b"import|" + os.fsencode(path) + b"|" + mark.encode()).hexdigest()


def _refused(entry: _Entry, err: Exception) -> RowError:
    if isinstance(err, DossierError):
        return RowError(entry.row, "file", err.title_zh, err.title)
    return RowError(entry.row, "file", "文件无法读取", "the file cannot be read")


# -- the manifest -------------------------------------------------------------------------------


def _entries(rows: Iterator[Row], folder: Path, tally: _Tally) -> Iterator[_Entry]:
    columns: list[str] | None = None
    for number, cells in rows:
        if customer_file.is_blank(cells):
            continue
        if columns is None:
            header = customer_file.read_header(cells, COLUMNS, required=("file",), strict=True)
            columns = [column for column in header.columns if column]
            continue
        entry, errors = _entry(number, dict(zip(columns, cells, strict=False)), folder)
        tally.errors += errors
        if entry is not None:
            yield entry
    if columns is None:
        raise InvalidInputError("the manifest is empty", detail_zh="清单为空")


def _entry(
    number: int, cells: Mapping[str, Any], folder: Path
) -> tuple[_Entry | None, list[RowError]]:
    values: dict[str, Any] = {}
    errors: list[RowError] = []
    for column, parse in _PARSERS.items():
        try:
            values[column] = parse(customer_file.cell_text(cells.get(column)))
        except CellError as err:
            errors.append(RowError(number, column, err.message_zh, err.message_en))
    if errors:
        return None, errors
    path = _beside(folder, values["file"])
    if path is None:
        zh, en = "清单所在文件夹中没有此文件", "no such file beside the manifest"
        return None, [RowError(number, "file", zh, en)]
    return _Entry(row=number, path=path, **values), []


def _beside(folder: Path, name: str) -> Path | None:
    """The file in the manifest's folder or below; links and ``..`` that lead out are refused."""
    path = (folder / name.replace("\\", "/")).resolve()
    return path if path.is_relative_to(folder) and path.is_file() else None


def _file(text: str) -> str:
    if not text:
        raise CellError("文件名为空", "the file name is empty")
    return text


def _customer_no(text: str) -> str | None:
    value = identifiers.compact(text)
    if value and not identifiers.is_customer_no(value):
        raise CellError("户号应为 10 至 16 位数字", "a customer number has 10 to 16 digits")
    return value or None


def _document_type(text: str) -> str | None:
    codes = document_types.catalogue().codes_named(text) if text else ()
    if text and len(codes) != 1:
        raise CellError("未知的资料类型", "unknown document type; see rulebook/document_types.yaml")
    return codes[0] if codes else None


def _title(text: str) -> str:
    if len(text) > LONGEST_TITLE:
        raise CellError(f"超过 {LONGEST_TITLE} 个字符", f"longer than {LONGEST_TITLE} characters")
    return text


def _doc_date(text: str) -> date | None:
    value = parse_date(text) if text else None
    if text and value is None:
        raise CellError("日期无法识别，例如 2026-08-11", "not a date; write it like 2026-08-11")
    return value


_PARSERS: dict[str, Callable[[str], Any]] = {
    "file": _file,
    "customer_no": _customer_no,
    "document_type": _document_type,
    "title": _title,
    "doc_date": _doc_date,
}
