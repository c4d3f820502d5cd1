"""Printing asks what for, writes it down first, and is for those who may."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from dossier.db.tables import AuditEvent
from dossier.plugins.printing import printing
from tests.support_seeded import EAST, SETUP, Seeded, csrf_token


def prints(seeded: Seeded) -> list[AuditEvent]:
    with seeded.context.reading(SETUP) as session:
        query = select(AuditEvent).where(AuditEvent.action == printing.PRINTED)
        return list(session.scalars(query.order_by(AuditEvent.id)))


def test_a_print_is_written_down_with_its_purpose_and_says_both_on_each_sheet(
    seeded: Seeded, door: Any
) -> None:
    one, document = door("archivist"), seeded.documents["东1"]
    path = f"/documents/{document}/print"
    assert f'href="{path}"' in one.get(f"/documents/{document}").text
    asked = one.get(path)
    assert "打印用途" in asked.text
    assert prints(seeded) == []
    form = {"csrf_token": csrf_token(asked.text)}
    for purpose in ("", "  ", "x" * 201):
        assert one.post(path, data={**form, "purpose": purpose}).status_code == 422
    assert prints(seeded) == []
    sheets = one.post(path, data={**form, "purpose": "法院调证"})
    assert sheets.status_code == 200
    assert f"/documents/{document}/pages/1/image" in sheets.text
    assert re.search(r"<figcaption>archivist.*法院调证.*1 / 1", sheets.text)
    (row,) = prints(seeded)
    assert (row.object_id, row.purpose, row.facts) == (document, "法院调证", {"pages": 1})
    assert one.post(path, data={"purpose": "x"}).status_code == 403


@pytest.mark.parametrize("user", ["agent", "admin", "auditor"])
def test_who_may_not_print_gets_neither_button_nor_sheets(
    seeded: Seeded, door: Any, user: str
) -> None:
    one, document = door(user), seeded.documents["东1"]
    assert one.get(f"/documents/{document}/print").status_code == 403
    assert "/print" not in one.get(f"/documents/{document}").text


def test_a_paper_of_another_station_is_as_if_it_did_not_exist(seeded: Seeded, door: Any) -> None:
    one = door("archivist_east")
    form = {"csrf_token": csrf_token(one.get("/").text), "purpose": "x"}
    for document in (seeded.documents["西1"], "0" * 36):
        assert one.get(f"/documents/{document}/print").status_code == 404
        assert one.post(f"/documents/{document}/print", data=form).status_code == 404


def test_a_program_says_in_a_header_what_a_request_is_for(seeded: Seeded) -> None:
    path = f"/api/v1/customers/{EAST.customer_no}"
    seeded.get(path, "agent", headers={"X-Purpose": quote("工单 20261122-7")})
    seeded.get(path, "agent", headers={"X-Purpose": "%FF" + "y" * 300})
    seeded.get(path, "agent")
    with seeded.context.reading(SETUP) as session:
        query = select(AuditEvent.purpose).where(AuditEvent.action == "customer.read")
        said = session.scalars(query.order_by(AuditEvent.id.desc()).limit(3)).all()
    assert (said[0], len(said[1]), said[2]) == ("", 200, "工单 20261122-7")
