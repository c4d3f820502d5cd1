"""Who holds a role for one case learns nothing of the other papers and cases of its customer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from dossier.clock import local_date
from dossier.db.case_tables import BusinessCase, CaseNode
from dossier.db.dossier_tables import DossierState, WaiverRow
from dossier.db.tables import AuditEvent, Document
from dossier.plugins.completeness import recount
from dossier.services import accounts, role_grants
from dossier.services.role_grants import Part
from tests.support_seeded import EAST, PASSWORD, SETUP, Seeded, csrf_token, index

Door = Callable[[str], TestClient]
OWN, OTHER = "K-own", "K-other"
CUSTOMER = f"/api/v1/customers/{EAST.customer_no}"
SEARCH = "/api/v1/search?q=&facets=completeness,missing"


@pytest.fixture(scope="module")
def case_archive(seeded: Seeded) -> Seeded:
    """A customer with a paper of one case, another paper, and two cases, each with a waiver."""
    context = seeded.context
    now = context.clock.now()
    with context.writing(SETUP) as session:
        paper = Document.id == seeded.documents["东1"]
        session.execute(update(Document).where(paper).values(case_no=OWN))
        for case_no in (OWN, OTHER):
            session.add(
                BusinessCase(
                    case_no=case_no, customer_no=EAST.customer_no, business="transfer",
                    state="open", opened_at=now, updated_at=now,
                )
            )  # fmt: skip
            session.flush()
            session.add(
                CaseNode(
                    case_no=case_no, node="accept", customer_no=EAST.customer_no, completed_at=now
                )
            )
            session.add(
                WaiverRow(
                    customer_no=EAST.customer_no, case_no=case_no, rule="transfer-application",
                    reason="not_issued", first_day=local_date(now), made_at=now, made_by="test",
                )
            )  # fmt: skip
    while recount.assess_some(context):
        pass
    index(context)
    for name, role, part in (
        ("legal_case", "legal", Part(case_no=OWN)),
        ("supervisor_case", "supervisor", Part(case_no=OWN)),
        ("legal_customer", "legal", Part(customer_no=EAST.customer_no)),
    ):
        accounts.add_user(context, SETUP, name=name, role="agent", password=PASSWORD)
        for held in role_grants.list_grants(context, SETUP, name):
            role_grants.revoke(context, SETUP, held.id)
        role_grants.grant(context, SETUP, user=name, role=role, part=part)
    return seeded


def found(client: TestClient, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_grant_for_a_case_opens_that_case_and_no_other_of_its_customer(
    case_archive: Seeded, door: Door
) -> None:
    client = door("legal_case")
    own = found(client, f"/api/v1/cases/{OWN}")
    assert own["customer_no"] == EAST.customer_no
    assert [one["node"] for one in own["nodes"] if one["completed_at"]] == ["accept"]
    assert not any(one["items"] for one in own["nodes"])
    page = client.get(f"/cases/{OWN}").text
    assert "您的权限仅及此工单" in page
    assert "尚未登记" not in page
    assert "没有要求" not in page
    foreign, absent = (client.get(f"/api/v1/cases/{one}") for one in (OTHER, "K404"))
    assert foreign.status_code == absent.status_code == 404
    assert [one["case_no"] for one in found(client, f"{CUSTOMER}/waivers")["items"]] == [OWN]
    whole = door("legal_customer")
    assert found(whole, f"/api/v1/cases/{OTHER}")["customer_no"] == EAST.customer_no
    assert {one["case_no"] for one in found(whole, f"{CUSTOMER}/waivers")["items"]} == {OWN, OTHER}


def test_a_grant_for_a_case_does_not_tell_which_other_papers_a_dossier_has(
    case_archive: Seeded, door: Door
) -> None:
    client, whole = door("legal_case"), door("legal_customer")
    assert found(whole, f"{CUSTOMER}/completeness")["present"] > 1
    refused = client.get(f"{CUSTOMER}/completeness")
    assert refused.status_code == 403
    assert "整户" in refused.json()["detail_zh"]
    assert client.get(CUSTOMER.removeprefix("/api/v1") + "/completeness").status_code == 403
    assert found(whole, CUSTOMER)["completeness"]
    assert found(client, CUSTOMER)["completeness"] is None
    panel = "资料齐全情况"
    pages = {one: one.get(CUSTOMER.removeprefix("/api/v1")).text for one in (client, whole)}
    assert panel in pages[whole]
    assert f"/customers/{EAST.customer_no}/completeness" not in pages[client]


def test_dossiers_of_which_only_a_case_is_seen_are_in_no_list_count_or_facet(
    case_archive: Seeded, door: Door
) -> None:
    client, whole = door("legal_case"), door("legal_customer")
    for one, expected in ((whole, 1), (client, 0)):
        listed = found(one, "/api/v1/incomplete")
        assert (listed["total"], listed["dossiers"], len(listed["items"])) == (expected,) * 3
        facets = found(one, SEARCH)["facets"]
        assert bool(facets["missing"]) is bool(facets["completeness"]) is bool(expected)
        assert found(one, "/api/v1/search?q=&filter.missing=A01")["total"] == expected
    assert found(client, "/api/v1/search?q=")["total"] == 1  # the customer is found all the same


def test_progress_of_a_recount_is_that_of_the_dossiers_in_scope(
    case_archive: Seeded, door: Door
) -> None:
    context = case_archive.context
    with context.writing(SETUP) as session:
        session.execute(update(DossierState).values(rules="of-yesterday"))
    try:
        assert found(door("archivist"), "/api/v1/incomplete")["recount"] == {"done": 0, "total": 2}
        assert found(door("agent_east"), "/api/v1/incomplete")["recount"]["total"] == 1
        assert found(door("legal_case"), "/api/v1/incomplete")["recount"] is None
    finally:
        while recount.assess_some(context):
            pass


def test_a_role_for_a_case_waives_nothing_of_the_dossier(case_archive: Seeded, door: Door) -> None:
    client = door("supervisor_case")
    client.headers["x-csrf-token"] = csrf_token(client.get("/account").text)
    wanted = {"rule": "new-application", "reason": "not_issued"}
    assert client.post(f"{CUSTOMER}/waivers", json=wanted).status_code == 403


def test_a_look_at_a_case_is_put_down_as_a_look_at_its_customer(
    case_archive: Seeded, door: Door
) -> None:
    def looks() -> int:
        with case_archive.context.reading(SETUP) as session:
            own = AuditEvent.object_id == EAST.customer_no
            query = select(AuditEvent.id).where(AuditEvent.action == "customer.read", own)
            return len(session.scalars(query).all())

    before = looks()
    for user in ("legal_case", "legal_customer"):
        found(door(user), f"/api/v1/cases/{OWN}")
    assert looks() == before + 2
