"""Small real papers and looks into the records, for tests of intake, workers and faults."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from dossier.db.tables import Document, IndexChange, Intake, Page, WorkItem
from dossier.services.context import Context
from dossier.viewer import system_viewer

VIEWER = system_viewer("test")


def pdf(*pages: str) -> bytes:
    """A born-digital PDF of ASCII text, one string a page; written by hand, so it takes no time."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        drawing = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream")
    return _assemble(objects)


def _assemble(objects: list[str]) -> bytes:
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode("ascii")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size, start = len(objects) + 1, len(body)
    tail = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    return body + f"{tail}startxref\n{start}\n%%EOF\n".encode("ascii")


def letter(number: int) -> bytes:
    """The ``number``-th of many different one-page papers."""
    return pdf(f"Supply contract number {number:06d} of an invented customer in an invented town")


def wait_until(check: Callable[[], bool], *, seconds: float = 120.0, what: str = "it") -> None:
    """Wait; the tests' machine may be slow, so the limit is generous."""
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, f"{what} did not happen in {seconds:g} s"
        time.sleep(0.05)


def documents(context: Context) -> list[Document]:
    """All documents in the order of their coming."""
    with context.reading(VIEWER) as session:
        return list(session.scalars(select(Document).order_by(Document.rowid)))


def intakes(context: Context) -> list[Intake]:
    """All intake rows in the order of their coming."""
    with context.reading(VIEWER) as session:
        return list(session.scalars(select(Intake).order_by(Intake.id)))


def pages(context: Context, document_id: str) -> list[Page]:
    """The pages of a document."""
    with context.reading(VIEWER) as session:
        query = select(Page).where(Page.document_id == document_id).order_by(Page.number)
        return list(session.scalars(query))


def work(context: Context) -> Counter[tuple[str, str]]:
    """Work items by kind and state."""
    with context.reading(VIEWER) as session:
        rows = session.execute(
            select(WorkItem.kind, WorkItem.state, func.count()).group_by(
                WorkItem.kind, WorkItem.state
            )
        )
        return Counter({(kind, state): number for kind, state, number in rows})


def is_idle(context: Context) -> bool:
    """Whether nothing waits or runs."""
    return not any(number for (_, state), number in work(context).items() if state in OPEN)


OPEN = ("ready", "leased")


def pending(context: Context) -> int:
    """Index rows that wait."""
    with context.reading(VIEWER) as session:
        return session.scalar(select(func.count(IndexChange.id))) or 0


def done_files(context: Context) -> list[Path]:
    """Everything below ``done/``."""
    return sorted(path for path in context.settings.done_path.rglob("*") if path.is_file())


def inbox_files(context: Context) -> list[Path]:
    """Everything below the inbox that is no folder."""
    return sorted(path for path in context.settings.inbox_path.rglob("*") if not path.is_dir())


def delete_folder(folder: Path) -> None:
    """Delete a folder in use: away by one rename, so that nobody puts a file in on the way."""
    away = folder.with_name(f"{folder.name}-deleted")
    folder.rename(away)
    shutil.rmtree(away)
