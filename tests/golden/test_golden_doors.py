"""The table of queries.csv through every other door: page, command line, list file, suggestions.

``test_golden_queries.py`` asks through the JSON door, on every engine. Behind all doors are one
compiler and one port, so these are asked on the embedded engine, whole, and share its archive. The
command line runs from its words to what it prints but is handed the open archive; that it opens
one by itself is tried in a process of its own for one line of each rule in ``IN_A_PROCESS`` (two
seconds each). The list file is asked as whom may export. Suggestions are a part of what the line
tells: nobody is offered who would not be found.
"""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from dossier.asgi import create_app
from dossier.cli import base
from dossier.cli.commands import app as command_line
from dossier.errors import ExitCode
from dossier.plugins.list_export.export import ExportWish, listed
from dossier.rules import rulebook
from dossier.search import notes
from dossier.services import accounts
from dossier.services.context import Context
from dossier.services.views import SearchRequest
from dossier.settings import Settings
from tests.golden.conftest import GoldenArchive
from tests.golden.test_golden_bad_input import HOSTILE
from tests.golden.test_golden_queries import (
    ROWS,
    check,
    check_answer,
    likenesses_of,
    papers_of,
    row_id,
)
from tests.support_list_files import exported
from tests.support_seeded import PASSWORD

pytestmark = pytest.mark.parametrize("engine", ["tantivy"], indirect=True)

EXPORTING = ("archivist", "archivist_west")
IN_A_PROCESS = (
    "4.5-2 exact name", "4.2 initials", "4.3 ID whole", "4.4 forms", "4.5-8 text", "NOT", "explained",
    "4.6 synonyms",
)  # fmt: skip
MOST_OF = 300
"""Lines of the table that must offer somebody while one types; the others are words of papers."""
HIT = re.compile(r'<article class="hit">(.*?)</article>', re.DOTALL)
NUMBER = re.compile(r'data-copy="([^"]+)"')
PAPER = re.compile(r'class="paper-hit">\s*<(?:a class="paper-link" href="/documents/([^?"]+)|div)')
TOTAL = re.compile(r'<h1 id="results-head">([\d,]+) ')
NEXT = re.compile(r'rel="next" href="([^"]+)"')
REMARK = re.compile(r'<p class="notice" role="status">(.*?)</p>', re.DOTALL)
SUGGESTED = re.compile(r'data-href="/customers/([^"?]+)')
MOST_VALUES = 3  # that a remark names
NOT_KNOWN = "\0"
LIKE = re.compile(r'class="snip quiet like">(.*?)</span>', re.DOTALL)
TAG = re.compile(r"<[^>]+>")

Window = Callable[[str], TestClient]
each_row = pytest.mark.parametrize("row", ROWS, ids=row_id)


@pytest.fixture(scope="module")
def window(golden: GoldenArchive) -> Window:
    """A browser without script, logged in as somebody of the archive."""
    application = create_app(golden.context)
    opened: dict[str, TestClient] = {}

    def open_window(who: str) -> TestClient:
        if who not in opened:
            opened[who] = TestClient(application, raise_server_exceptions=False)
            given = {"name": who, "password": PASSWORD}
            answer = opened[who].post("/login", data=given, follow_redirects=False)
            assert answer.status_code == 303
        return opened[who]

    return open_window


# -- the page -----------------------------------------------------------------------------------


@dataclass
class Leafed:
    """A list as its pages show it, first to last; papers without pictures have no address."""

    hits: list[str] = field(default_factory=list)
    papers: list[str] = field(default_factory=list)
    total: int = 0
    remarks: str = ""
    like: set[str] = field(default_factory=set)


def leaf_through(window: TestClient, names: dict[str, str], query: str) -> Leafed:
    """Follow the link to the next page to the end."""
    found = Leafed()
    answer = window.get("/search", params={"q": query})
    while True:
        assert answer.status_code == 200
        _read(html.unescape(answer.text), names, found)
        following = NEXT.search(answer.text)
        if not following:
            return found
        answer = window.get(html.unescape(following[1]))


def _read(text: str, names: dict[str, str], found: Leafed) -> None:
    for hit in HIT.findall(text):
        papers = [names.get(key, "") for key in PAPER.findall(hit)]
        number = NUMBER.search(hit)
        found.hits.append(names[number[1]] if number else papers[0])
        found.papers += papers
        for told in LIKE.findall(hit):
            found.like.update(TAG.sub("", told).split("·"))
    total = TOTAL.search(text)
    found.total = int(total[1].replace(",", "")) if total else 0
    found.remarks += " ".join(REMARK.findall(text))


@each_row
def test_the_page_lists_what_the_table_says(
    golden: GoldenArchive, window: Window, row: dict[str, str]
) -> None:
    found = leaf_through(window(row["as"]), golden.names, row["query"])
    check(found.hits, row["expect"])
    assert found.total == len(found.hits)
    if row["papers"]:
        wanted = papers_of(row)
        shown = set(found.papers)
        assert len(found.papers) == len(wanted)
        assert shown == wanted or shown == {""}  # a role without pictures gets no addresses
    if row["note"]:
        told = notes.note(row["note"], *[NOT_KNOWN] * MOST_VALUES).zh
        assert all(part in found.remarks for part in told.split(NOT_KNOWN))
    if row["like"]:
        assert {_words(each) for each in found.like} == {_words(each) for each in _told(row)}


def _told(row: dict[str, str]) -> set[str]:
    """What a line tells of likeness, without the paper."""
    return {each.partition(" ")[2] for each in likenesses_of(row)}


def _words(told: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", told))


# -- the command line ---------------------------------------------------------------------------


@pytest.fixture
def command(golden: GoldenArchive, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs ``dossier`` in this process on the open archive."""

    @contextmanager
    def opened(_settings: Settings, *, somebody_waits: bool) -> Iterator[Context]:
        yield golden.context

    monkeypatch.setattr(base, "opened", opened)
    monkeypatch.setenv("DOSSIER_HOME", str(golden.context.settings.home))
    return lambda *words: CliRunner().invoke(command_line, words)


@each_row
def test_the_command_prints_what_the_table_says(
    golden: GoldenArchive, command: Callable[..., Any], row: dict[str, str]
) -> None:
    done = command("search", "--as", row["as"], "--size", "100", "--json", "--", row["query"])
    assert done.exit_code == (ExitCode.NOT_FOUND if row["expect"] == "nothing" else 0), done.output
    check_answer(golden, json.loads(done.stdout), row)


@pytest.mark.parametrize("rule", IN_A_PROCESS)
def test_the_command_opens_the_archive_by_itself_and_prints_for_people(
    golden: GoldenArchive, rule: str
) -> None:
    row = next(row for row in ROWS if row["rule"] == rule and row["as"] == "archivist")
    words = ["search", "--as", row["as"], "--", row["query"]]
    done = subprocess.run(
        [sys.executable, "-c", "from dossier.cli import main; main()", *words],
        env=os.environ | {"DOSSIER_HOME": str(golden.context.settings.home), "COLUMNS": "200"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode in {0, ExitCode.NOT_FOUND}, done.stderr
    numbers = re.findall(r"^(\d{10})  ", done.stdout, re.MULTILINE)
    check([golden.names[number] for number in numbers], row["expect"])
    if row["note"]:
        told = notes.note(row["note"], *[NOT_KNOWN] * MOST_VALUES).zh
        assert all(part in done.stderr for part in told.split(NOT_KNOWN))
    for like in _told(row):
        _, asked, instead = _words(like)
        assert f"{asked} → {instead}" in done.stdout


# -- the list as a file -------------------------------------------------------------------------


@pytest.mark.parametrize("row", [row for row in ROWS if row["as"] in EXPORTING], ids=row_id)
def test_the_list_file_holds_what_the_table_says(
    golden: GoldenArchive, row: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rulebook.load("list_export"), "clear_needs_approval", False)
    viewer = accounts.viewer_by_name(golden.context, row["as"])
    wish = ExportWish(SearchRequest(q=row["query"]), "核对", clear=True)
    rows = listed(golden.context, viewer, wish).rows
    # The file names customers; the archive has one paper of nobody.
    check([golden.names[number] if number else "pool" for number, *_ in rows], row["expect"])
    if row["papers"]:
        assert sum(int(papers) for *_, papers in rows) == len(papers_of(row))
    if row["like"] == "none":
        assert "→" not in str(rows)
    for like in _told(row):  # no customer here has two papers of which one is only like it
        assert like in str(rows)


# -- suggestions --------------------------------------------------------------------------------


def test_nobody_is_offered_while_one_types_who_would_not_be_found(
    golden: GoldenArchive, window: Window
) -> None:
    offering = 0
    for row in ROWS:
        answer = window(row["as"]).get("/suggest", params={"q": row["query"]})
        assert answer.status_code == 200
        offered = {golden.names[number] for number in SUGGESTED.findall(answer.text)}
        told = set(row["expect"].replace(">", " ").split())
        assert offered <= told or "..." in told, row
        offering += bool(offered)
    assert offering >= MOST_OF


@pytest.mark.parametrize("who", ["archivist", "agent"])
def test_a_closed_account_is_marked_while_one_types(
    golden: GoldenArchive, window: Window, who: str
) -> None:
    answer = window(who).get("/suggest", params={"q": "张三"})
    marked = {
        golden.names[SUGGESTED.search(row)[1]]: "已销户" in row  # type: ignore[index]
        for row in answer.text.split("<li ")
        if SUGGESTED.search(row)
    }
    assert marked == {"zhang3": False, "zhang3old": True, "zhangsf": False}
    items = window(who).get("/api/v1/suggest", params={"q": "张三"}).json()["items"]
    statuses = {golden.names.get(each["value"]): each["status"] for each in items}
    assert statuses["zhang3old"] == "closed"


# -- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_an_error_on_no_door(
    golden: GoldenArchive, window: Window, command: Callable[..., Any], name: str
) -> None:
    query, told = HOSTILE[name], golden.ask(HOSTILE[name], "archivist")["total"]
    assert leaf_through(window("archivist"), golden.names, query).total == told
    assert window("archivist").get("/suggest", params={"q": query}).status_code == 200
    assert len(exported(window("archivist"), golden.tokens["archivist"], query)) >= 1
    done = command("search", "--json", "--as", "archivist", "--", query)
    assert json.loads(done.stdout)["total"] == told


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/search?q=张三&cursor=nonsense", "翻页位置无效，请从第一页重新开始"),
        ("/search?q=张三&filter.nothing=1", "没有这个筛选项"),
        ("/customers/none?cursor=x", "未找到"),
    ],
)
def test_a_wrong_address_is_a_page_that_says_what_to_do(
    window: Window, address: str, told: str
) -> None:
    answer = window("archivist").get(address)
    assert answer.status_code in {400, 404}
    assert told in answer.text
