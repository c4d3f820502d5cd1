"""Rules of what a dossier needs, amended in the records from a day on (S1-21, S2-07)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from dossier.clock import FixedClock, local_date
from dossier.db.dossier_tables import DossierState
from dossier.db.tables import AuditEvent, Customer
from dossier.errors import ForbiddenError, InvalidInputError, NotPossibleError
from dossier.plugins.completeness import amending, dossiers, recount, requirements
from dossier.plugins.completeness.amending import RuleWish
from dossier.services import accounts
from dossier.services.context import Context
from dossier.viewer import system_viewer
from tests.support_archive import NOW, make_archive
from tests.support_seeded import EAST, PASSWORD, SETUP, Seeded, csrf_token

Door = Callable[[str], TestClient]
EDITOR = system_viewer("editor")
TODAY = local_date(NOW)
LATER = TODAY + timedelta(days=10)
OLD, NEWER, NO_DAY = "4200000001", "4200000002", "4200000003"
PHOTO = RuleWish(
    rule="own-photo", business="new", node="survey", any_of=("G05",), levels={"LR": "R"},
    first=LATER, source="公司〔2026〕31号", why="现场留痕",
)  # fmt: skip


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Context]:
    yield from opened(make_archive(tmp_path))


@pytest.fixture
def either(tmp_path: Path, database_url: str) -> Iterator[Context]:
    """On both databases."""
    yield from opened(make_archive(tmp_path, database_url=database_url))


def opened(context: Context) -> Iterator[Context]:
    with context.writing(EDITOR) as session:
        for rowid, (number, day) in enumerate(
            [(OLD, date(2019, 5, 1)), (NEWER, LATER + timedelta(days=3)), (NO_DAY, None)]
        ):
            session.add(
                Customer(
                    customer_no=number,
                    rowid=rowid,
                    name="客户",
                    name_key="客户",
                    category="LR",
                    opened_on=day,
                    updated_at=NOW,
                )
            )
    yield context
    context.database.dispose()


def asked(context: Context, number: str, day: date) -> set[str]:
    with context.reading(dossiers.LOOKING) as session:
        found = dossiers.read(session, requirements.of(context), [number])[number]
    return {item.rule.id for item in found.on(day).items}


def settle(context: Context) -> None:
    while recount.assess_some(context):
        pass


def states(context: Context) -> dict[str, tuple[int, str]]:
    with context.reading(EDITOR) as session:
        return {
            one.customer_no: (one.required, one.rules)
            for one in session.scalars(select(DossierState))
        }


def progress(context: Context) -> recount.Progress:
    with context.reading(EDITOR) as session:
        return recount.progress(context, session)


def test_s1_21_an_amendment_counts_from_its_day_in_every_process_without_a_start(
    either: Context,
) -> None:
    archive, other = either, replace(either)
    assert "own-photo" not in {one.id for one in requirements.of(other).rules}
    amending.save(archive, EDITOR, PHOTO)
    assert "own-photo" in {one.id for one in requirements.of(other).rules}
    after = LATER + timedelta(days=5)
    assert "own-photo" not in asked(other, OLD, after), "its node keeps the rule of its day"
    assert "own-photo" in asked(other, NEWER, after)
    assert "own-photo" in asked(other, NO_DAY, after)
    assert "own-photo" not in asked(other, NO_DAY, LATER - timedelta(days=1))


def test_s2_07_a_built_in_rule_is_amended_and_ended_from_a_day_on(archive: Context) -> None:
    rule = next(one for one in requirements.load().rules if one.id == "new-loads")
    wish = replace(amending.wish_of(rule), first=LATER, source="公司〔2026〕32号", why="改为必需")
    amending.save(archive, EDITOR, replace(wish, levels={**wish.levels, "LR": "R"}))
    own = [one for one in requirements.of(archive).rules if one.id == "new-loads"]
    assert [(one.levels["LR"], one.first, one.last) for one in own] == [
        ("O", rule.first, LATER - timedelta(days=1)),
        ("R", LATER, None),
    ]
    last = LATER + timedelta(days=30)
    amending.save(archive, EDITOR, RuleWish("new-loads", ends=True, first=last, why="不再需要"))
    own = [one for one in requirements.of(archive).rules if one.id == "new-loads"]
    assert own[-1].last == last - timedelta(days=1)
    with archive.reading(EDITOR) as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.object_kind == "rule")).all()
    assert [row.action for row in rows] == [amending.SAVED, amending.ENDED]
    assert rows[0].facts["reason"] == "改为必需"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"any_of": ("Z99",)}, "rule own-photo: 'Z99' is unknown"),
    ({"node": "notice"}, "new has no node 'notice'"),
    ({"levels": {"LR": "C"}}, "`when` goes with level C"),
    ({"levels": {"LR": "C"}, "when": "rich"}, "rich"),
    ({"levels": {"XX": "R"}}, "'XX' is no category"),
    ({"levels": {}}, "at least one category"),
    ({"any_of": ("A08",), "promised_by": "A05"}, "in a circle"),
    ({"first": TODAY - timedelta(days=1)}, "what was completed before keeps its rule"),
    ({"rule": "Own Photo"}, "is no id of a rule"),
    ({"source": " "}, "Name what the rule rests on"),
    ({"why": ""}, "Say why"),
]


def test_s1_21_what_would_not_hold_together_is_refused_with_its_reason(
    archive: Context,
) -> None:
    for change, reason in REFUSED:
        with pytest.raises(InvalidInputError) as caught:
            amending.save(archive, EDITOR, replace(PHOTO, **change))
        assert reason in caught.value.detail
        assert caught.value.detail_zh
    assert not amending.made(archive)


def test_two_texts_of_one_rule_do_not_overlap(archive: Context) -> None:
    amending.save(archive, EDITOR, PHOTO)
    earlier = replace(PHOTO, first=TODAY, levels={"LN": "R"})
    with pytest.raises(NotPossibleError, match=f"set from {LATER} on"):
        amending.save(archive, EDITOR, earlier)
    planned = amending.made(archive)[0]
    amending.withdraw(archive, EDITOR, planned.id, why="另行安排")
    amending.save(archive, EDITOR, earlier)
    begun = amending.made(archive)[0]
    with pytest.raises(NotPossibleError, match="in force already"):
        amending.withdraw(archive, EDITOR, begun.id, why="算了")
    assert [one.withdrawn_why for one in amending.made(archive)] == ["", "另行安排"]


def test_a_trial_says_how_many_dossiers_change_and_saves_nothing(archive: Context) -> None:
    settle(archive)
    found = amending.try_out(archive, EDITOR, replace(PHOTO, first=TODAY))
    assert (found.total, found.looked_at, found.changed) == (3, 3, 2), "one was connected before"
    assert not amending.made(archive)
    assert progress(archive).done == 3


def test_who_amends_rules_does_so_for_the_whole_company(archive: Context) -> None:
    nobody = replace(EDITOR, permissions=frozenset())
    with pytest.raises(ForbiddenError):
        amending.save(archive, nobody, PHOTO)


def test_a_recount_that_is_killed_midway_goes_on_and_loses_nothing(
    archive: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recount, "AT_ONCE", 1)
    settle(archive)
    before = states(archive)
    amending.save(archive, EDITOR, replace(PHOTO, first=TODAY, levels={"LR": "R"}))
    assert progress(archive) == recount.Progress(0, 3)
    assert recount.assess_some(archive)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(recount.outbox, "mark_changed", die)
        with pytest.raises(KeyboardInterrupt):
            recount.assess_some(archive)
    assert progress(archive) == recount.Progress(1, 3)
    settle(replace(archive))
    assert progress(archive) == recount.Progress(3, 3)
    required = {number: one[0] - before[number][0] for number, one in states(archive).items()}
    assert required == {OLD: 0, NEWER: 0, NO_DAY: 1}


def test_the_day_on_which_a_rule_begins_recounts_with_progress(archive: Context) -> None:
    amending.save(archive, EDITOR, PHOTO)
    settle(archive)
    there = replace(archive, clock=FixedClock(NOW + timedelta(days=10)))
    assert progress(archive) == recount.Progress(3, 3)
    assert progress(there) == recount.Progress(0, 3)
    settle(there)
    assert progress(there) == recount.Progress(3, 3)


def test_s1_21_the_catalogue_is_read_and_amended_on_its_pages(seeded: Seeded, door: Door) -> None:
    accounts.add_user(
        seeded.context, SETUP, name="rules", role="marketing", password=PASSWORD, unit=None
    )
    editor = door("rules")
    page = editor.get("/catalogue", params={"view": "table", "business": "new", "category": "LR"})
    assert page.status_code == 200
    assert "有授权委托书" in page.text.replace("/单位介绍信", ""), "a condition in words"
    assert editor.get("/catalogue", params={"at": "1990-01-01"}).status_code == 200
    day = (local_date(seeded.context.clock.now()) + timedelta(days=7)).isoformat()
    token = csrf_token(editor.get("/catalogue/new-rule").text)
    form = {
        "step": "new survey", "any_of": "g05", "levels": ["LR=R", "", "HV=C"], "first": day,
        "source": "公司〔2026〕31号", "why": "现场留痕", "csrf_token": token, "deed": "save",
    }  # fmt: skip
    refused = editor.post("/catalogue/rules", data=form)
    assert refused.status_code == 422
    assert "`when` goes with level C" in refused.text
    form["when"] = "capacity_kva > 100"
    tried = editor.post("/catalogue/rules", data={**form, "deed": "try"})
    assert "尚未保存" in tried.text
    saved = editor.post("/catalogue/rules", data=form)
    assert saved.status_code == 200
    assert "own-new-g05" in saved.text
    history = editor.get("/catalogue/rules/own-new-g05").text
    assert "容量（kVA） 大于 100" in history
    assert "现场留痕" in history
    answer = editor.get("/api/v1/catalogue/changes").json()
    assert [one["rule"] for one in answer["items"]] == ["own-new-g05"]
    made = answer["items"][0]["id"]
    back = editor.post(
        f"/catalogue/amendments/{made}/withdraw", data={"why": "作废", "csrf_token": token}
    )
    assert "作废" in back.text
    assert EAST.customer_no not in back.text
