"""DOC, XLS and PPT through the whole ingest: taken in, read, filed, found by a word on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dossier.records import DocumentState
from dossier.services import documents as papers
from dossier.services import search, texts
from dossier.services.context import Context
from dossier.services.customer_import import import_customers
from dossier.services.views import SearchRequest
from indexer.ingest import IngestOptions, ingest
from indexer.worker import Worker, WorkerOptions
from tests.contract.office_samples import old_office
from tests.faults.archive_samples import VIEWER, documents, intakes
from tests.support_seeded import index

NUMBER, OTHER = "1040106028", "1040106036"
KINDS = ("contract.doc", "register.xls", "report.ppt")


@contextmanager
def no_workers() -> Iterator[None]:
    yield


def take(context: Context, folder: Path) -> None:
    ingest(
        context,
        VIEWER,
        [folder],
        options=IngestOptions(wait=False, show=False),
        workers=no_workers,
    )
    worker = Worker(context, WorkerOptions(watch=False))
    worker._prepare()
    while worker.work_once():
        pass
    index(context)


@pytest.fixture
def folder(tmp_path: Path, context: Context) -> Path:
    register = tmp_path / "customers.csv"
    register.write_text(f"户号,户名\n{NUMBER},黄超\n{OTHER},李四\n", encoding="utf-8")
    import_customers(context, VIEWER, register, dry_run=False)
    place = tmp_path / "papers"
    place.mkdir()
    return place


@pytest.mark.slow
def test_each_is_filed_to_its_customer_and_found_by_a_word_on_it(
    context: Context, folder: Path
) -> None:
    for name in KINDS:
        (folder / name).write_bytes(old_office(name))
    take(context, folder)
    filed = documents(context)
    assert [(one.state, one.customer_no) for one in filed] == [(DocumentState.FILED, NUMBER)] * 3
    for one in filed:
        assert "供电营业厅" in "".join(page.text for page in texts.read(context, VIEWER, one.id))
        assert papers.get(context, VIEWER, one.id).page_count >= 1
    answer = search.search(context, VIEWER, SearchRequest(q="供电营业厅", size=10))
    assert {paper.id for hit in answer.hits for paper in hit.documents} == {one.id for one in filed}


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_half_of_one_is_set_aside_with_a_reason_and_the_others_live(
    context: Context, folder: Path, name: str
) -> None:
    content = old_office(name)
    (folder / name).write_bytes(content[: len(content) // 2])
    (folder / f"whole-{name}").write_bytes(content)
    take(context, folder)
    states = {row.source_path: row for row in intakes(context)}
    assert set(states) == {name, f"whole-{name}"}
    by_state = sorted(one.state for one in documents(context))
    assert DocumentState.FILED in by_state
    assert by_state != [DocumentState.FILED] * 2
