"""What is not there yet, or did not work again, is said where somebody looks for it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update

from dossier.cli.base import OPERATOR
from dossier.cli.intake import print_item
from dossier.db.tables import Intake, WorkItem
from dossier.services import intake, reading, work_status
from dossier.work import queue
from tests.support_seeded import SETUP, Seeded, csrf_token

pytestmark = pytest.mark.parametrize("seeded", ["sqlite"], indirect=True)
Door = Callable[[str], TestClient]


def copy_work(seeded: Seeded, paper: str, **values: str) -> None:
    """The paper's searchable copy is queued, or was (its item has these ``values``)."""
    context = seeded.context
    with context.writing(SETUP) as session:
        session.execute(delete(WorkItem).where(WorkItem.subject == paper))
        queue.enqueue(session, [reading.searchable_task(paper)], now=context.clock.now())
        if values:
            session.execute(update(WorkItem).where(WorkItem.subject == paper).values(**values))


def page(door: Door, who: str, paper: str) -> str:
    answer = door(who).get(f"/documents/{paper}")
    assert answer.status_code == 200
    return html.unescape(answer.text)


def test_a_paper_says_that_its_searchable_copy_is_being_made(seeded: Seeded, door: Door) -> None:
    paper = seeded.documents["东1"]
    assert "no-pdf" not in page(door, "archivist", paper)
    copy_work(seeded, paper)
    shown = page(door, "archivist", paper)
    assert "PDF 制作中" in shown
    assert "正在制作文字可选、可复制的 PDF 副本" in shown
    assert f"/documents/{paper}/pdf" not in shown
    told = seeded.get(f"/api/v1/documents/{paper}", "archivist").json()["searchable_copy"]
    assert told == {"state": "being_made", "error": "", "intake_id": ""}


def test_who_takes_no_copies_away_is_not_told_of_one(seeded: Seeded, door: Door) -> None:
    paper = seeded.documents["东1"]
    copy_work(seeded, paper)
    assert "PDF 制作中" not in page(door, "agent", paper)
    assert seeded.get(f"/api/v1/documents/{paper}", "agent").json()["searchable_copy"] is None


def test_a_copy_that_failed_says_why_and_is_tried_again_from_the_paper(
    seeded: Seeded, door: Door
) -> None:
    paper = seeded.documents["东2"]
    copy_work(seeded, paper, state="failed", error="time_limit")
    one = door("archivist")
    shown = html.unescape(one.get(f"/documents/{paper}").text)
    assert "PDF 未制成" in shown
    assert "可检索副本未生成（原件不受影响）<br>识别超时" in shown
    action = re.search(r'action="(/intake/[^"]+/retry)"', shown)
    assert action
    form = {"csrf_token": csrf_token(shown), "back": f"/documents/{paper}"}
    answer = one.post(action[1], data=form)
    assert answer.status_code == 200
    assert answer.url.path == f"/documents/{paper}"
    assert "PDF 制作中" in html.unescape(answer.text)


def test_once_the_copy_is_made_nothing_more_is_said_of_it(seeded: Seeded, door: Door) -> None:
    paper = seeded.documents["西1"]
    copy_work(seeded, paper, state="done")
    shown = page(door, "archivist", paper)
    assert "copy-state" not in shown
    assert seeded.get(f"/api/v1/documents/{paper}", "archivist").json()["searchable_copy"] is None


def set_aside(seeded: Seeded, paper: str) -> str:
    """The paper cannot be read; returns its row in the intake list."""
    context = seeded.context
    with context.writing(SETUP) as session:
        intake.quarantine(session, paper, context=context, reason="corrupt")
        return session.scalars(select(Intake.id).where(Intake.document_id == paper)).one()


def test_a_file_that_stays_bad_says_when_and_how_often_it_was_tried_again(
    seeded: Seeded, door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    paper = seeded.documents["西2"]
    row = set_aside(seeded, paper)

    def listed() -> str:
        found = door("archivist").get("/intake?state=failed").text
        return " ".join(html.unescape(found[found.index(f'id="file-{row}"') :]).split())

    assert "仍未成功" not in listed()
    for _ in range(2):
        intake.retry(seeded.context, OPERATOR, row)
        told = seeded.get("/api/v1/intake", "archivist").json()["items"]
        assert [one["retries"] for one in told if one["id"] == row] == [0], "it is being tried"
        set_aside(seeded, paper)
    assert "文件已损坏" in listed()
    assert "已重试 2 次（最近一次 20" in listed()
    (told,) = [
        one for one in seeded.get("/api/v1/intake", "archivist").json()["items"] if one["id"] == row
    ]
    assert (told["retries"], told["reason"]) == (2, "corrupt")
    assert told["retried_at"] >= told["received_at"]
    (item,) = [
        one for one in work_status.list_intake(seeded.context, OPERATOR).items if one.id == row
    ]
    print_item(item)
    assert "已重试 2 次，最近一次 20" in capsys.readouterr().out
