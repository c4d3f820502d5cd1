"""The page and the routes on which a person cuts a stack, through the application."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from dossier.asgi import create_app
from dossier.services import accounts
from dossier.services.context import Context
from dossier.web import CSRF_FIELD, CSRF_HEADER
from indexer.worker import Worker
from tests.faults.archive_samples import VIEWER
from tests.integration.test_stacks import (
    HUANG,
    LI,
    ZHAO,
    application,
    archive,
    contract,
    parts,
    run_all,
    take,
    three_papers,
    worker,
)

__all__ = ["archive", "worker"]
NAME, PASSWORD = "wang-archivist", "a long pass phrase of nobody"


@pytest.fixture(scope="module")
def door(archive: Context) -> TestClient:
    """An archivist's browser without script."""
    accounts.add_user(archive, VIEWER, name=NAME, role="archivist", password=PASSWORD)
    client = TestClient(
        create_app(archive), base_url="http://127.0.0.1", headers={"accept-language": "zh-CN"}
    )
    form = {"name": NAME, "password": PASSWORD}
    assert client.post("/login", data=form, follow_redirects=False).status_code == 303
    return client


def hidden(page: str) -> dict[str, str]:
    """What the form sends by itself."""
    form = page[page.index('action="/stacks/') :]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return dict(reversed(found))


def as_shown(page: str) -> dict[str, list[str]]:
    """Types, customers and ticks as the page shows them."""
    customers = re.findall(r'name="(customer\.\d+)" value="(\d*)"', page)
    starts = re.findall(r'name="start" value="(\d+)" checked', page)
    sent: dict[str, list[str]] = {name: [value] for name, value in customers}
    for select in re.findall(r'<select name="(type\.\d+)">(.*?)</select>', page, re.S):
        sent[select[0]] = re.findall(r'value="(\w*)" selected', select[1]) or [""]
    return sent | {"start": starts}


def test_the_pages_stand_in_rows_of_papers_with_their_customers(
    archive: Context, worker: Worker, door: TestClient
) -> None:
    stack = take(archive, worker, *three_papers())
    page = door.get(f"/stacks/{stack}").text
    assert re.findall(r'name="start" value="(\d+)" checked', page) == ["1", "2", "4"]
    assert [number for number in (HUANG, LI, ZHAO) if f'value="{number}"' in page] == [
        HUANG,
        LI,
        ZHAO,
    ]
    part = parts(archive, stack)[(2, 3)]
    pictures = [f"/documents/{stack}/pages/3/image", f"/documents/{part.id}/pages/2/image"]
    drawn = [door.get(one, params={"width": 160}) for one in pictures]
    assert [one.status_code for one in drawn] == [200, 200]
    assert {one.headers["content-type"] for one in drawn} == {"image/jpeg"}, "no placeholder"
    assert "<script>" not in page
    assert "style=" not in page[page.index('class="stack"') :]


def test_a_form_without_script_moves_a_cut_and_says_whose_a_paper_is(
    archive: Context, worker: Worker, door: TestClient
) -> None:
    stack = take(archive, worker, *three_papers())
    page = door.get(f"/stacks/{stack}").text
    sent = hidden(page) | as_shown(page) | {"start": ["1", "2", "3"], "customer.2": [HUANG]}
    answer = door.post(f"/stacks/{stack}", data=sent, follow_redirects=False)
    assert answer.status_code == 303
    run_all(worker)
    found = parts(archive, stack)
    assert set(found) == {(1,), (2,), (3, 4)}
    assert found[(2,)].customer_no == HUANG
    undone = door.post(f"/stacks/{stack}/undo", data=hidden(door.get(f"/stacks/{stack}").text))
    assert undone.status_code == 200
    run_all(worker)
    assert set(parts(archive, stack)) == {(1,), (2, 3), (4,)}


def test_a_form_that_says_what_is_there_changes_nothing(
    archive: Context, worker: Worker, door: TestClient
) -> None:
    stack = take(archive, worker, *three_papers())
    before = {pages: one.id for pages, one in parts(archive, stack).items()}
    page = door.get(f"/stacks/{stack}").text
    door.post(f"/stacks/{stack}", data=hidden(page) | as_shown(page))
    run_all(worker)
    found = parts(archive, stack)
    assert {pages: one.id for pages, one in found.items()} == before
    assert {one.assigned_by for one in found.values()} == {None}


def test_a_wrong_customer_number_is_told_and_changes_nothing(
    archive: Context, worker: Worker, door: TestClient
) -> None:
    stack = take(archive, worker, *three_papers())
    page = door.get(f"/stacks/{stack}").text
    sent = hidden(page) | as_shown(page) | {"customer.1": ["1040106099"]}
    answer = door.post(f"/stacks/{stack}", data=sent)
    assert answer.status_code == 422
    assert "没有户号 1040106099" in answer.text
    assert parts(archive, stack)[(1,)].customer_no == HUANG


def test_a_missing_page_is_named_in_words(
    archive: Context, worker: Worker, door: TestClient
) -> None:
    pages = [contract(LI, "李梅芳", 1, 3), contract(LI, "李梅芳", 3, 3)]
    stack = take(archive, worker, *pages, application(HUANG, "黄超"))
    assert "第2页缺" in door.get(f"/stacks/{stack}").text


def test_the_cuts_are_read_and_set_as_json(
    archive: Context, worker: Worker, door: TestClient
) -> None:
    stack = take(archive, worker, *three_papers())
    path = f"/api/v1/documents/{stack}/cuts"
    read = door.get(path)
    said = read.json()
    assert [one["pages"] for one in said["parts"]] == [[1], [2, 3], [4]]
    assert [one["before"] for one in said["cuts"]] == [2, 4]
    assert said["cuts"][0]["reasons"][0][0]
    document = door.get(f"/api/v1/documents/{stack}").json()
    assert [one["source_pages"] for one in document["parts"]] == [[1], [2, 3], [4]]
    assert document["state"] == "cut"
    token = hidden(door.get(f"/stacks/{stack}").text)[CSRF_FIELD]
    headers = {"If-Match": read.headers["etag"], CSRF_HEADER: token}
    body = {"parts": [{"pages": [1]}, {"pages": [2]}, {"pages": [3, 4]}]}
    answer = door.put(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert [one["pages"] for one in answer.json()["parts"]] == [[1], [2], [3, 4]]
    assert door.put(path, json=body, headers=headers).status_code == 409
