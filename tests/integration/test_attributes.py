"""Payment channel, smart service and the like: imported, written, kept with history (S0-17)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from dossier.db.tables import CustomerPast, IndexChange
from dossier.db.verification_tables import CustomerAttribute
from dossier.errors import ConfigurationError
from dossier.rules import attributes
from dossier.services.customer_import import import_customers
from dossier.viewer import system_viewer
from tests.support_seeded import EAST, SETUP, WEST, Seeded, csrf_token, index

CLERK = system_viewer("test")
HERE = f"/api/v1/customers/{EAST.customer_no}/attributes"
PAGE = f"/customers/{EAST.customer_no}/verification"
Door = Callable[[str], TestClient]


def load(archive: Seeded, folder: Path, *lines: str, dry_run: bool = False) -> Any:
    file = folder / "customers.csv"
    file.write_text("\n".join(("户号,户名,缴费方式,智能电管家", *lines)), encoding="utf-8")
    return import_customers(archive.context, CLERK, file, dry_run=dry_run)


def post(client: TestClient, **body: Any) -> Any:
    headers = {"x-csrf-token": csrf_token(client.get("/account").text)}
    return client.post(HERE, headers=headers, json=body)


def test_s0_17_a_customer_file_brings_attributes_and_says_nothing_twice(
    seeded: Seeded, tmp_path: Path, door: Door
) -> None:
    line = f"{EAST.customer_no},{EAST.name},微信;银行代扣,是"
    assert load(seeded, tmp_path, line, dry_run=True).updated == 1
    assert door("archivist").get(HERE).json() == {"present": {}, "said": []}
    report = load(seeded, tmp_path, line)
    assert (report.updated, report.left_out, report.errors) == (1, (), ())
    with seeded.context.reading(SETUP) as session:
        assert not session.scalar(select(func.count(CustomerPast.id)))  # the register is the same
        waiting = {one.key for one in session.scalars(select(IndexChange))}
    assert EAST.customer_no in waiting
    assert waiting.isdisjoint({seeded.documents["东1"], seeded.documents["东2"]})
    index(seeded.context)
    assert load(seeded, tmp_path, line).unchanged == 1
    present = {"pay_channel": ["bank_debit", "online"], "smart_service": ["on"]}
    said = door("archivist").get(HERE).json()
    assert said["present"] == present
    assert {one["source"] for one in said["said"]} == {"customer_file"}
    wrong = load(seeded, tmp_path, f"{EAST.customer_no},{EAST.name},火星,是")
    assert (wrong.rejected, wrong.errors[0].column) == (1, "pay_channel")
    assert "银行代扣" in wrong.errors[0].message_zh
    emptied = load(seeded, tmp_path, f"{EAST.customer_no},{EAST.name},微信,")
    assert emptied.updated == 1
    said = door("archivist").get(HERE).json()
    assert said["present"] == {"pay_channel": ["online"]}
    assert [one["ended_at"] is None for one in said["said"]] == [True, False, False]


def test_s0_17_a_program_and_a_person_write_them_within_their_rights(
    seeded: Seeded, door: Door
) -> None:
    archivist = door("archivist")
    wanted = {"name": "cashless", "codes": ["on"], "source": "marketing"}
    assert post(archivist, **wanted).status_code == 204
    assert post(archivist, **wanted).status_code == 409
    for wrong in ({"name": "shoe_size"}, {"codes": ["maybe"]}, {"codes": ["on", "off"]}):
        assert post(archivist, **wanted | wrong).status_code == 422
    assert post(archivist, **wanted | {"source": EAST.name}).status_code == 422
    assert post(door("agent"), **wanted).status_code == 403
    assert door("agent_west").get(HERE).status_code == 404
    page = archivist.get(PAGE).text
    assert "<strong>非现金缴费</strong>" in page
    form = {"csrf_token": csrf_token(page), "name": "pay_channel", "code": ["counter", "prepaid"]}
    sent = archivist.post(f"{PAGE}/attribute", data=form, follow_redirects=False)
    assert sent.status_code == 303
    assert "营业厅柜台、购电卡" in archivist.get(f"/customers/{EAST.customer_no}").text
    newest = archivist.get(HERE).json()["said"][0]
    assert (newest["codes"], newest["source"]) == (["counter", "prepaid"], "person")
    assert newest["noted_by"]
    assert archivist.post(f"{PAGE}/attribute", data=form).status_code == 409
    with seeded.context.reading(SETUP) as session:
        others = select(CustomerAttribute).where(CustomerAttribute.customer_no == WEST.customer_no)
        assert not session.scalars(others).all()


@pytest.mark.parametrize(
    ("name", "codes", "said"),
    [("Pay", {}, "no name"), ("a", {1: {}}, "no code"), ("a", {"x": {}, "y": {}}, "two values")],
)
def test_s0_17_a_rule_file_that_cannot_be_read_is_refused(
    name: str, codes: dict[Any, Any], said: str
) -> None:
    values = {
        code: {"label_zh": f"{code}", "label_en": f"{code}", "words": ["同"]} for code in codes
    }
    row = {"label_zh": "甲", "label_en": "a", "headings": [], "many": False, "values": values}
    with pytest.raises(ConfigurationError, match=said):
        attributes._attribute(name, row)
