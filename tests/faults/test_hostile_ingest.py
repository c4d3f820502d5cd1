"""``dossier ingest`` of every hostile file together with good ones: none stops or hides another."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil
import pytest

from dossier.db.tables import Intake
from dossier.records import DocumentState, IntakeOutcome
from dossier.rules import file_names
from dossier.settings import Settings
from tests.faults.archive_samples import VIEWER, documents, intakes, letter, pages, pending
from tests.faults.hostile_files import ACCEPTED, HOSTILE_FILES, HostileFile, pdf
from tests.faults.whole_house import House, command, opened_house

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

GOOD = 5
MAX_PAGES = 200
LIMITS = {
    "DOSSIER_MAX_PAGES": str(MAX_PAGES),
    "DOSSIER_PAGE_SECONDS": "30",
    "DOSSIER_FILE_SECONDS": "30",
    "DOSSIER_CHILD_MEMORY_BYTES": str(700 * 1024**2),
    "DOSSIER_WORKERS": "2",
}
LONG_PDF = pdf(MAX_PAGES + 1)
"""Stands for those of thousands of pages: the limit is lower here, and the outcome the same."""
DROPPED = [one for one in HOSTILE_FILES if not one.upload_only]
WHOLE_RUN_SECONDS = 600
PARTLY = 6


@dataclass
class Run:
    """What the command said, and the archive that it left."""

    house: House
    exit_code: int
    summary: dict[str, Any]
    errors: str
    left_running: list[str]
    folders: dict[str, str] = field(default_factory=dict)

    def rows(self, name: str) -> list[Intake]:
        """Intake rows of the file of this kind, without those of files inside it."""
        prefix = self.folders[name] + "/"
        return [
            row
            for row in intakes(self.house.context)
            if row.source_path.startswith(prefix) and row.origin == "ingest"
        ]


def write_files(root: Path) -> dict[str, str]:
    """Every hostile file in a folder of its own, no two with the same bytes; then the good ones."""
    folders, seen = {}, set()
    for number, hostile in enumerate(DROPPED):
        folder = root / f"kind-{number:03d}"
        folder.mkdir(parents=True)
        path = folder / hostile.file_name
        (LONG_PDF if hostile.name.endswith("000 pages") else hostile.build)(path)
        if path.is_file() and path.stat().st_size:
            if sha256(path.read_bytes()).hexdigest() in seen:
                path.write_bytes(path.read_bytes() + f"\n%{number}\n".encode())
            seen.add(sha256(path.read_bytes()).hexdigest())
        folders[hostile.name] = folder.name
    (root / "good").mkdir()
    for number in range(GOOD):
        (root / "good" / f"good-{number}.pdf").write_bytes(letter(number))
    return folders


def ours() -> set[int]:
    """Children of this process, and theirs."""
    return {child.pid for child in psutil.Process().children(recursive=True)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """All files through the command, in a process tree of its own with small limits."""
    place = tmp_path_factory.mktemp("hostile")
    folders = write_files(place / "in")
    home = place / "home"
    done = command(home, ["ingest", "--json", str(place / "in")], LIMITS, seconds=WHOLE_RUN_SECONDS)
    left = [
        process.info["name"]
        for process in psutil.process_iter(["name", "environ"])
        if (process.info["environ"] or {}).get("DOSSIER_HOME") == str(home)
    ]
    with opened_house(Settings(home=home)) as house:
        summary = json.loads(done.stdout)
        yield Run(house, done.returncode, summary, done.stderr, left, folders)


# what became of them -------------------------------------------------------------------------------


@pytest.mark.parametrize("hostile", [pytest.param(one, id=one.name) for one in DROPPED])
def test_each_file_is_accepted_or_set_aside_with_its_reason(run: Run, hostile: HostileFile) -> None:
    reason = "too_many_pages" if hostile.name.endswith("000 pages") else hostile.reason
    outcome = "quarantined" if reason else hostile.outcome
    assert [(row.outcome, row.reason) for row in run.rows(hostile.name)] == [(outcome, reason)]


def test_the_command_says_by_its_exit_code_and_figures_that_some_were_set_aside(run: Run) -> None:
    assert run.exit_code == PARTLY
    outcomes = [row.outcome for row in intakes(run.house.context)]
    inside = run.summary["inside"]
    aside = run.summary["quarantined"] + inside["quarantined"]
    accepted = run.summary["accepted"] + inside["accepted"]
    assert aside == outcomes.count(IntakeOutcome.QUARANTINED) > 30
    assert accepted == outcomes.count(IntakeOutcome.ACCEPTED) > 30 + GOOD
    assert inside["accepted"] > 0
    assert run.summary["failed"] == 0
    assert "Traceback" not in run.errors


def test_the_good_files_among_them_are_found(run: Run) -> None:
    for number in range(GOOD):
        assert run.house.find(f"contract {number:06d}") == {f"good-{number}.pdf"}
    found = command(
        run.house.context.settings.home, ["search", "contract 000003", "--json"], {}, seconds=60
    )
    assert found.returncode == 0
    assert json.loads(found.stdout)["total"] == 1


def test_every_document_came_to_an_end_and_its_pages_are_there(run: Run) -> None:
    for document in documents(run.house.context):
        if document.state == DocumentState.QUARANTINED:
            assert document.problem
            continue
        assert document.state == DocumentState.TO_ASSIGN
        assert document.failed_pages == 0, document.file_name
        assert len(pages(run.house.context, document.id)) == document.page_count
    assert pending(run.house.context) == 0


def test_what_follows_from_the_papers_is_done_before_the_command_ends(run: Run) -> None:
    context = run.house.context
    duties = [one for one in context.plugins.duties(context) if one.is_behind]
    assert {one.name for one in duties} >= {"completeness.recount", "image_quality.check"}
    with context.reading(VIEWER) as session:
        assert [one.name for one in duties if one.is_behind and one.is_behind(session)] == []


def test_no_file_outlives_its_limits_and_no_process_is_left(run: Run) -> None:
    """A file may use its limit three times over (attempts); together they ran side by side."""
    assert run.summary["seconds"] < WHOLE_RUN_SECONDS
    assert run.left_running == []


def test_reconcile_shows_no_row_that_is_missing_or_stale_and_no_file_lost(run: Run) -> None:
    home = run.house.context.settings.home
    done = command(home, ["reconcile", "--json"], {}, seconds=60)
    answer = json.loads(done.stdout)
    # Pictures without a word are named, what failed of files set aside is noted; nothing else.
    assert {one["kind"] for one in answer["differences"]} <= {"no_text"}
    assert {one["kind"] for one in answer["notes"]} >= {"work_failed"}


def test_what_is_set_aside_has_no_text_in_the_index(run: Run) -> None:
    aside = {
        document.id
        for document in documents(run.house.context)
        if document.state == DocumentState.QUARANTINED
    }
    answer = run.house.search("Invented Power Company")
    shown = {document["id"] for group in answer["hits"] for document in group["documents"]}
    assert shown
    assert not shown & aside


# names ----------------------------------------------------------------------------------------------

NAMED = [one for one in HOSTILE_FILES if "name" in one.name and one.outcome == ACCEPTED]
DROPPED_NAMES = [one for one in NAMED if not one.upload_only]
CONTROLS = {*map(chr, range(32)), "\x7f", "\u202e"} - {"\n", "\r", "\t", " "}


def listed_paths(house: House) -> set[str]:
    paths: set[str] = set()
    cursor = ""
    while cursor is not None:
        answer = house.get("/api/v1/intake", size=50, **({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200
        assert not CONTROLS & set(answer.text)
        body = answer.json()
        paths |= {item["source_path"] for item in body["items"]}
        cursor = body["next_cursor"]
    return paths


def intake_pages(house: House) -> str:
    """All HTML of the intake list."""
    found, address = "", "/intake"
    while address:
        answer = house.client.get(address)
        assert answer.status_code == 200
        found += answer.text
        _, _, more = answer.text.partition('href="/intake?cursor=')
        address = "/intake?cursor=" + html.unescape(more.partition('"')[0]) if more else ""
    return found


def test_names_of_any_bytes_are_listed_in_json_as_printable_text(run: Run) -> None:
    assert len(DROPPED_NAMES) >= 10
    shown = listed_paths(run.house)
    for hostile in DROPPED_NAMES:
        path = f"{run.folders[hostile.name]}/{file_names.readable(hostile.file_name)}"
        assert path in shown
        assert not CONTROLS & set(path)
        assert "\n" not in path


def test_names_like_html_are_text_on_the_intake_page(run: Run) -> None:
    page = intake_pages(run.house)
    assert "<img src=x" not in page
    assert html.escape("<img src=x onerror=alert(1)>.pdf") in page
    assert not CONTROLS & set(page)
    shown = html.unescape(page)
    for hostile in DROPPED_NAMES:
        assert file_names.readable(hostile.file_name) in shown


def test_names_like_html_are_text_on_the_documents_own_page(run: Run) -> None:
    for hostile in DROPPED_NAMES:
        (row,) = run.rows(hostile.name)
        answer = run.house.get(f"/documents/{row.document_id}")
        assert answer.status_code == 200
        assert "<img src=x" not in answer.text
        assert not CONTROLS & set(answer.text)
        assert run.house.get(f"/api/v1/documents/{row.document_id}").status_code == 200


def test_a_document_with_any_name_can_be_fetched_back(run: Run) -> None:
    """The name goes into a header; no byte of it may end the header or be refused."""
    for hostile in DROPPED_NAMES:
        (row,) = run.rows(hostile.name)
        answer = run.house.get(f"/api/v1/documents/{row.document_id}/original")
        assert answer.status_code == 200, (hostile.name, answer.text[:200])
        assert answer.content.startswith(b"%PDF-")
        header = answer.headers["content-disposition"]
        assert "\n" not in header
        assert ".." not in header


@pytest.mark.parametrize("hostile", [pytest.param(one, id=one.name) for one in NAMED])
def test_an_uploaded_name_of_any_kind_is_taken_as_a_name_only(
    run: Run, tmp_path: Path, hostile: HostileFile
) -> None:
    path = tmp_path / "file"
    pdf(1)(path)
    content = path.read_bytes() + f"\n%{hostile.name}\n".encode()
    name = hostile.file_name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    answer = run.house.client.post("/api/v1/documents", files={"file": (name, content)})
    assert answer.status_code == 202, answer.text
    (taken,) = [one for one in documents(run.house.context) if one.id == answer.json()["id"]]
    assert not {"/", "\\"} & set(taken.file_name)
    assert not CONTROLS & set(taken.file_name)
    assert run.house.context.store.open(taken.sha256).read() == content
