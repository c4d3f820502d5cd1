"""Import of files with a manifest: whose, what, when; nothing from outside; goes on where it was."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from dossier.adapters.filestore import LocalFileStore
from dossier.db.tables import Document, Intake
from dossier.errors import ExitCode, ForbiddenError, InvalidInputError
from dossier.services.context import Context
from dossier.services.document_import import import_documents
from dossier.viewer import Permission, Scope, Viewer, system_viewer
from tests.support_archive import make_archive

CLERK = system_viewer("test")


@pytest.fixture
def archive(tmp_path: Path) -> Context:
    return make_archive(tmp_path / "home", store=LocalFileStore(tmp_path / "home" / "files"))


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    """A folder with two files, and a file outside of it."""
    folder = tmp_path / "delivery"
    (folder / "scans").mkdir(parents=True)
    (folder / "a.pdf").write_bytes(b"first")
    (folder / "scans" / "b.pdf").write_bytes(b"second")
    (tmp_path / "outside.pdf").write_bytes(b"not ours")
    return folder


def manifest(folder: Path, *rows: str, header: str) -> Path:
    file = folder / "manifest.csv"
    file.write_text("\n".join((header, *rows)), encoding="utf-8")
    return file


FULL = "file,customer_no,document_type,title,doc_date"


def test_files_come_in_with_what_the_manifest_says(archive, delivery) -> None:
    file = manifest(
        delivery,
        "a.pdf,4200000012,C01,供用电合同,2026年8月11日",
        "scans\\b.pdf,,身份证,,",
        header=FULL,
    )
    report = import_documents(archive, CLERK, file)
    assert (report.accepted, report.errors, report.exit_code) == (2, (), ExitCode.OK)
    with archive.reading(CLERK) as session:
        first, second = session.scalars(select(Document).order_by(Document.rowid))
        entries = list(session.scalars(select(Intake)))
    assert (first.given_customer_no, first.type_code) == ("4200000012", "C01")
    assert (first.title, first.doc_date) == ("供用电合同", date(2026, 8, 11))
    assert (second.file_name, second.type_code) == ("b.pdf", "A02")
    assert {(e.origin, e.batch) for e in entries} == {("import", report.batch)}


def test_an_import_started_again_brings_nothing_twice(archive, delivery) -> None:
    file = manifest(delivery, "a.pdf", "scans/b.pdf", header="文件")
    import_documents(archive, CLERK, file)
    import_documents(archive, CLERK, file)
    with archive.reading(CLERK) as session:
        assert len(list(session.scalars(select(Document)))) == 2
        assert len(list(session.scalars(select(Intake)))) == 2


def test_wrong_rows_are_named_and_the_others_come_in(archive, delivery, tmp_path) -> None:
    (delivery / "link.pdf").symlink_to(tmp_path / "outside.pdf")
    file = manifest(
        delivery,
        "a.pdf,4200000012,C01,,",
        "missing.pdf,,,,",
        "../outside.pdf,,,,",
        f"{tmp_path / 'outside.pdf'},,,,",
        "link.pdf,,,,",
        "scans/b.pdf,12,Z99,,2026-02-30",
        header=FULL,
    )
    report = import_documents(archive, CLERK, file)
    assert (report.accepted, report.rejected, report.exit_code) == (1, 5, ExitCode.PARTLY)
    assert [(e.row, e.column) for e in report.errors] == [
        (3, "file"),
        (4, "file"),
        (5, "file"),
        (6, "file"),
        (7, "customer_no"),
        (7, "document_type"),
        (7, "doc_date"),
    ]


def test_a_manifest_with_an_unknown_column_is_refused(archive, delivery) -> None:
    with pytest.raises(InvalidInputError, match="did you mean"):
        import_documents(archive, CLERK, manifest(delivery, "a.pdf,1", header="file,custmer_no"))


def test_who_may_not_import_brings_nothing_in(archive, delivery) -> None:
    agent = Viewer("u", "agent", "agent", frozenset({Permission.SEARCH}), Scope(everything=True))
    with pytest.raises(ForbiddenError):
        import_documents(archive, agent, manifest(delivery, "a.pdf", header="file"))
