"""Unusual looks: found in the sealed record, shown by right, settled with a note."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from dossier.bootstrap import build
from dossier.clock import SHANGHAI
from dossier.db.anomaly_tables import Anomaly, WatchedName
from dossier.db.tables import AuditEvent, RoleGrant, User
from dossier.errors import (
    ConfigurationError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
)
from dossier.plugins.anomalies import duty, review, rules, watched
from dossier.services import accounts, audit, audit_chain
from dossier.settings import Settings
from dossier.viewer import Viewer
from tests.support_seeded import EAST, PASSWORD, SETUP, WEST, Seeded, csrf_token

NOON = datetime(2026, 11, 23, 12, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def _clean(seeded: Seeded) -> None:
    """No finding and no watched name of another test; its rows count no more."""
    look(seeded)
    with seeded.context.writing(SETUP) as session:
        session.execute(delete(Anomaly))
        session.execute(delete(WatchedName))
        is_there = session.scalar(select(User).where(User.name == "supervisor_east"))
    if is_there is None:
        accounts.add_user(
            seeded.context, SETUP, name="supervisor_east", role="supervisor", password=PASSWORD,
            unit=EAST.unit,
        )  # fmt: skip


def look(seeded: Seeded) -> None:
    """Seal, and look through the record."""
    audit_chain.seal(seeded.context, SETUP)
    while duty.look_through(seeded.context):
        audit_chain.seal(seeded.context, SETUP)


def viewer(seeded: Seeded, name: str) -> Viewer:
    return accounts.viewer_by_name(seeded.context, name)


_days = iter(range(1, 10_000))


@contextmanager
def another_day(seeded: Seeded) -> Iterator[Any]:
    """Notes looks at noon of a day that no other test uses."""
    day = NOON + timedelta(days=next(_days))

    def note(
        user: str, key: str, *, kind: str = "customer", action: str = "", hour: int = 12
    ) -> None:
        at = day.replace(hour=hour)
        with seeded.context.writing(SETUP) as session:
            action = action or f"{kind}.read"
            who = viewer(seeded, user)
            audit.note(session, who, action, at=at, object_kind=kind, object_id=key)

    note.day = day.date()  # type: ignore[attr-defined]
    yield note


def findings(seeded: Seeded, user: str = "auditor", **wanted: Any) -> list[review.Finding]:
    return list(review.list_anomalies(seeded.context, viewer(seeded, user), **wanted).items)


def codes(seeded: Seeded) -> set[tuple[str, str, int]]:
    with seeded.context.reading(SETUP) as session:
        names = dict(session.execute(select(User.id, User.name)).all())  # type: ignore[arg-type]
        rows = session.scalars(select(Anomaly)).all()
    return {(row.rule, names[row.actor], row.count) for row in rows}


# -- what is found ------------------------------------------------------------------------------


def test_dossiers_outside_the_own_area_are_found_through_their_papers_too(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(seeded, monkeypatch, "outside_area", 0)
    with another_day(seeded) as note:
        note("agent_east", EAST.customer_no)
        note("agent", WEST.customer_no)  # of the whole company: has no area of their own
        look(seeded)
        assert codes(seeded) == set()
        note("agent_east", seeded.documents["西1"], kind="document")
        look(seeded)
    assert codes(seeded) == {("outside_area", "agent_east", 1)}
    (one,) = findings(seeded)
    assert (one.person, one.customers, one.day) == ("agent_east", (WEST.customer_no,), note.day)


def test_a_person_who_was_moved_is_judged_by_the_unit_of_that_day(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(seeded, monkeypatch, "outside_area", 0)
    with another_day(seeded) as note:
        west = viewer(seeded, "agent_west").scope.units
        with seeded.context.writing(SETUP) as session:
            user = session.scalar(select(User).where(User.name == "agent_east"))
            assert user is not None
            (unit,) = west
            noon = datetime.combine(note.day, NOON.timetz())
            session.add(
                RoleGrant(
                    user_id=user.id,
                    role="agent",
                    unit_id=unit,
                    valid_from=noon - timedelta(days=1),
                    valid_to=noon + timedelta(days=1),
                )
            )
        note("agent_east", WEST.customer_no)
        look(seeded)
    assert codes(seeded) == set()


def test_many_dossiers_and_night_and_exports_are_found(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("many_dossiers", "many_exported", "night"):
        limit(seeded, monkeypatch, code, 1)
    with another_day(seeded) as note:
        for person in (EAST, WEST):
            note("archivist", person.customer_no, hour=23)
            note("agent", person.customer_no, hour=23)
            note("archivist", person.customer_no, action="customer.exported")
        look(seeded)
    assert codes(seeded) == {
        ("many_dossiers", "archivist", 2),
        ("many_dossiers", "agent", 2),
        ("night", "archivist", 2),
        ("many_exported", "archivist", 2),
    }


def test_s3_15_prints_and_what_leaves_in_bulk_count_and_pictures_in_hits_have_a_limit_of_their_own(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("many_dossiers", "many_exported", "night", "outside_area"):
        limit(seeded, monkeypatch, code, 0)
    limit(seeded, monkeypatch, "many_glimpsed", 1)
    watched.add_name(seeded.context, viewer(seeded, "admin"), kind="celebrity", name=WEST.name)
    east, west = seeded.documents["东1"], seeded.documents["西1"]
    with another_day(seeded) as note:
        note("archivist", east, kind="document", action="document.printed")
        note("archivist", east, kind="document", action="document.exported")
        note("archivist_east", EAST.customer_no, action="contact.told")
        for paper in (east, west):
            note("agent_east", paper, kind="document", action="page.snippet", hour=23)
        note("agent_west", west, kind="document", action="page.snippet")
        look(seeded)
    assert codes(seeded) == {
        ("many_dossiers", "archivist", 1),
        ("many_exported", "archivist", 1),
        ("many_exported", "archivist_east", 1),
        ("many_glimpsed", "agent_east", 2),
    }


def test_a_watched_name_is_found_when_looked_at_and_when_searched_for(seeded: Seeded) -> None:
    admin = viewer(seeded, "admin")
    watched.add_name(seeded.context, admin, kind="celebrity", name=f" {EAST.name} ")
    watched.add_name(seeded.context, admin, kind="colleague", name=WEST.name)
    with another_day(seeded) as note:
        note("archivist", EAST.customer_no)
        note("agent", seeded.context.keyring.hash(WEST.name), kind="query", action="search")
        note("agent", seeded.context.keyring.hash("别的"), kind="query", action="search")
        look(seeded)
    assert codes(seeded) == {("celebrity_name", "archivist", 1), ("colleague_name", "agent", 1)}


def test_what_is_not_sealed_is_not_judged_and_jobs_are_no_people(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(seeded, monkeypatch, "many_dossiers", 0)
    with another_day(seeded) as note:
        note("agent", EAST.customer_no)
        assert not duty.look_through(seeded.context)
        assert codes(seeded) == set()
        with seeded.context.writing(SETUP) as session:
            audit.note(
                session, SETUP, "customer.read", at=NOON, object_kind="customer",
                object_id=EAST.customer_no,
            )  # fmt: skip
        look(seeded)
    assert codes(seeded) == {("many_dossiers", "agent", 1)}


def test_the_record_is_looked_through_in_parts_and_once(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(seeded, monkeypatch, "many_dossiers", 1)
    few = dataclasses.replace(rules.of(seeded.context), rows_at_once=2)
    monkeypatch.setattr(rules, "of", lambda _: few)
    with another_day(seeded) as note:
        for _ in range(5):
            note("agent", EAST.customer_no)
            note("agent", WEST.customer_no)
        look(seeded)
    assert codes(seeded) == {("many_dossiers", "agent", 2)}
    assert not duty.look_through(seeded.context)
    with seeded.context.reading(SETUP) as session:
        (anomaly,) = session.scalars(select(Anomaly))
        told = select(AuditEvent).where(AuditEvent.object_id == anomaly.id)
        assert [row.action for row in session.scalars(told)] == [duty.FOUND]


def test_the_duty_runs_until_it_is_stopped(seeded: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(seeded, monkeypatch, "many_dossiers", 0)
    quick = dataclasses.replace(rules.of(seeded.context), every_seconds=0.02)
    monkeypatch.setattr(rules, "of", lambda _: quick)
    stop = threading.Event()
    thread = threading.Thread(target=duty.run, args=(seeded.context, stop))
    thread.start()
    try:
        with another_day(seeded) as note:
            note("agent", EAST.customer_no)
        audit_chain.seal(seeded.context, SETUP)
        while not codes(seeded):
            time.sleep(0.02)
    finally:
        stop.set()
        thread.join()


def limit(seeded: Seeded, monkeypatch: pytest.MonkeyPatch, code: str, value: int) -> None:
    """Another limit for every role, from now on."""
    file = rules.of(seeded.context)
    changed = tuple(
        dataclasses.replace(rule, limit=value, limits={}) if rule.code == code else rule
        for rule in file.rules
    )
    monkeypatch.setattr(rules, "of", lambda _: dataclasses.replace(file, rules=changed))


OWN = """name: anomalies
effective_from: 2026-01-01
source: 公司通知 12 号
rules:
  - {code: many_dossiers, effective_from: 2026-11-23, source: 公司通知 12 号, limit: 77, limits: {}}
"""


def test_an_archive_sets_its_own_numbers_in_a_file_and_a_broken_one_stops_the_start(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    file = home / "rulebook" / "anomalies.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(OWN, encoding="utf-8")
    context = build(Settings(home=home))
    (rule,) = (one for one in rules.of(context).on(NOON.date()) if one.code == "many_dossiers")
    assert (rule.limit, rule.allowed("archivist")) == (77, 77)
    file.write_text(OWN.replace("limit: 77", "limit: -1"), encoding="utf-8")
    wrong = r"DOSSIER_HOME/rulebook/anomalies\.yaml, rule many_dossiers: a limit is a whole number"
    with pytest.raises(ConfigurationError, match=wrong):
        build(Settings(home=home))
    file.rename(file.with_name("anomaly.yml"))
    with pytest.raises(ConfigurationError, match=r"only roles-NAME\.yaml, anomalies\.yaml[, ]"):
        build(Settings(home=home))


def test_the_page_says_what_counts_for_each_role(seeded: Seeded, door: Any) -> None:
    page = door("auditor").get("/anomalies").text
    assert "档案管理员 500" in page


# -- settling -----------------------------------------------------------------------------------


@pytest.fixture
def found(seeded: Seeded, monkeypatch: pytest.MonkeyPatch) -> Any:
    """One finding about agent_east, and how to look at one more customer."""
    limit(seeded, monkeypatch, "many_dossiers", 0)
    with another_day(seeded) as note:
        note("agent_east", EAST.customer_no)
        look(seeded)
        yield note


def test_settling_needs_a_note_and_is_in_the_record_with_it(seeded: Seeded, found: Any) -> None:
    (one,) = findings(seeded)
    auditor = viewer(seeded, "auditor")
    for empty in ("", "  ", "x" * 201):
        with pytest.raises(InvalidInputError):
            review.acknowledge(seeded.context, auditor, one.id, note=empty)
    review.acknowledge(seeded.context, auditor, one.id, note="已电话核实，属正常工作")
    assert findings(seeded) == []
    (settled,) = findings(seeded, state="acknowledged")
    assert (settled.settled_by, settled.note) == ("auditor", "已电话核实，属正常工作")
    with seeded.context.reading(SETUP) as session:
        query = select(AuditEvent).where(AuditEvent.object_id == one.id)
        event = session.scalars(query.order_by(AuditEvent.id.desc())).first()
    assert event is not None
    assert (event.action, event.purpose) == (review.SETTLED, "已电话核实，属正常工作")


def test_what_was_settled_opens_again_when_it_goes_on(seeded: Seeded, found: Any) -> None:
    (one,) = findings(seeded)
    review.acknowledge(seeded.context, viewer(seeded, "auditor"), one.id, note="正常")
    found("agent_east", EAST.customer_no)
    look(seeded)
    assert findings(seeded) == []
    found("agent_east", WEST.customer_no)
    look(seeded)
    (again,) = findings(seeded)
    assert (again.id, again.count, again.note) == (one.id, 2, "正常")


def test_nobody_settles_what_is_told_of_themselves(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(seeded, monkeypatch, "many_dossiers", 0)
    with another_day(seeded) as note:
        note("supervisor_east", EAST.customer_no)
        look(seeded)
    (one,) = findings(seeded, "supervisor_east")
    assert one.is_self
    with pytest.raises(ForbiddenError, match="yourself"):
        review.acknowledge(seeded.context, viewer(seeded, "supervisor_east"), one.id, note="正常")


def test_a_supervisor_learns_of_the_own_people_s_finding_which_own_customers_it_is_about_only(
    seeded: Seeded, found: Any
) -> None:
    found("agent_east", WEST.customer_no)
    look(seeded)
    (whole,), (part,) = findings(seeded), findings(seeded, "supervisor_east")
    assert (set(whole.customers), whole.outside) == ({EAST.customer_no, WEST.customer_no}, False)
    assert (part.customers, part.outside, part.count) == ((EAST.customer_no,), True, whole.count)


def test_a_supervisor_sees_and_settles_the_own_people_only(seeded: Seeded, found: Any) -> None:
    found("agent_west", WEST.customer_no)
    look(seeded)
    own = findings(seeded, "supervisor_east")
    assert [one.person for one in own] == ["agent_east"]
    (foreign,) = [one for one in findings(seeded) if one.person == "agent_west"]
    with pytest.raises(NotFoundError):
        review.acknowledge(
            seeded.context, viewer(seeded, "supervisor_east"), foreign.id, note="正常"
        )


# -- the pages ----------------------------------------------------------------------------------


def test_an_auditor_reads_and_settles_by_the_page(seeded: Seeded, door: Any, found: Any) -> None:
    one = door("auditor")
    page = one.get("/anomalies").text
    assert "一日内查阅户档过多" in page
    assert "agent_east" in page
    assert f"/audit?actor=agent_east&amp;since={found.day}" in page
    (finding,) = findings(seeded)
    form = {"csrf_token": csrf_token(page), "note": "已核实"}
    assert one.post(f"/anomalies/{finding.id}", data=form).status_code == 200
    assert "没有异常" in one.get("/anomalies").text
    assert "已核实" in one.get("/anomalies?state=acknowledged").text
    assert "已核实" in one.get("/anomalies?state=all&person=agent_east").text
    assert "已核实" not in one.get("/anomalies?state=all&person=agent_west").text
    assert one.get("/anomalies?state=none").status_code == 422
    assert one.post("/anomalies/none", data=form).status_code == 404


@pytest.mark.parametrize("user", ["agent", "archivist", "admin"])
def test_others_get_no_page_of_anomalies(seeded: Seeded, door: Any, user: str) -> None:
    assert door(user).get("/anomalies").status_code == 403
    assert door(user).post("/anomalies/x", data={"note": "y"}).status_code == 403
    assert 'href="/anomalies"' not in door(user).get("/").text


def test_administrators_keep_the_watch_list_and_nobody_else_reads_it(
    seeded: Seeded, door: Any
) -> None:
    one = door("admin")
    form = {"csrf_token": csrf_token(one.get("/watched-names").text), "kind": "celebrity"}
    for name in ("上官云珠", "上官云珠", "诸葛孔亮"):
        page = one.post("/watched-names", data={**form, "name": name})
        assert page.status_code == 200
    assert page.text.count("上官云珠") == 2  # in the row, and on its button
    assert one.post("/watched-names", data={**form, "name": " "}).status_code == 422
    assert one.post("/watched-names", data={**form, "kind": "x", "name": "y"}).status_code == 422
    (first, _) = watched.list_names(seeded.context, viewer(seeded, "admin"))
    removed = one.post(f"/watched-names/{first.id}/remove", data=form)
    assert first.name not in removed.text
    assert one.post(f"/watched-names/{first.id}/remove", data=form).status_code == 404
    for user in ("auditor", "archivist", "agent", "supervisor_east"):
        assert door(user).get("/watched-names").status_code == 403
    with seeded.context.reading(SETUP) as session:
        stored = session.scalars(select(WatchedName)).all()
        noted = session.scalars(select(AuditEvent)).all()
    assert "上官云珠".encode() not in b"".join(row.name for row in stored)
    assert "上官云珠" not in repr([(row.object_id, row.facts, row.purpose) for row in noted])
    assert {watched.ADDED, watched.REMOVED, watched.LISTED} <= {row.action for row in noted}
