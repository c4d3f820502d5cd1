"""Lists, counts and the pool keep to the own station, on both databases; looks leave a record."""

from __future__ import annotations

from typing import Any

from dossier.db.tables import Customer, Document
from dossier.services import filing
from tests.support_seeded import EAST, SETUP, WEST, Seeded


def test_hits_counts_facets_and_suggestions_are_of_the_own_station(seeded: Seeded) -> None:
    def ask(user: str, path: str) -> Any:
        return seeded.get(path, user).json()

    everything = ask("archivist", "/api/v1/search?q=合同&facets=station,type,state")
    east = ask("agent_east", "/api/v1/search?q=合同&facets=station,type,state")
    assert everything["total"] == 3
    assert east["total"] == east["total_documents"] == 1
    assert [value["label"] for value in east["facets"]["station"]] == [EAST.unit]
    assert east["facets"]["state"] == [{"value": "filed", "label": "已归档", "count": 1}]
    assert ask("agent_east", "/api/v1/suggest?q=慕容")["items"] == []
    assert ask("agent_west", "/api/v1/suggest?q=慕容")["items"] != []


def test_the_pool_is_seen_by_those_who_may_only(seeded: Seeded) -> None:
    def without_customer(user: str) -> int:
        hits = seeded.get("/api/v1/search?q=合同", user).json()["hits"]
        return sum(hit["customer"] is None for hit in hits)

    assert without_customer("archivist") == without_customer("archivist_east") == 1
    assert without_customer("admin") == 1
    assert without_customer("agent") == without_customer("agent_east") == 0


def test_intake_of_another_station_is_not_listed(seeded: Seeded) -> None:
    shown = seeded.get("/api/v1/intake", "archivist_east").json()
    ids = {item["document_id"] for item in shown["items"]}
    assert seeded.documents["东1"] in ids
    assert seeded.documents["西1"] not in ids
    assert shown["total"] == len(shown["items"])


def test_another_station_is_as_if_it_did_not_exist(seeded: Seeded) -> None:
    foreign = seeded.documents["西1"]
    for user in ("agent_east", "archivist_east"):
        for path in (
            f"/api/v1/customers/{WEST.customer_no}",
            f"/api/v1/customers/{WEST.customer_no}/documents",
            f"/api/v1/documents/{foreign}",
            f"/api/v1/documents/{foreign}/text",
            f"/api/v1/documents/{foreign}/pages/1/image",
            f"/api/v1/documents/{foreign}/pages/1/boxes?q=合同",
        ):
            absent = path.replace(WEST.customer_no, "9999999999").replace(foreign, "0" * 36)
            hidden, missing = seeded.get(path, user), seeded.get(absent, user)
            assert hidden.status_code == 404
            assert hidden.json() == missing.json()
            assert seeded.get(path, "agent_west").status_code == 200


def test_every_read_leaves_a_record_and_no_personal_data_in_it(seeded: Seeded) -> None:
    from sqlalchemy import select

    from dossier.db.tables import AuditEvent

    document = seeded.documents["东1"]
    seeded.get(f"/api/v1/search?q={EAST.name}", "agent")
    seeded.get(f"/api/v1/customers/{EAST.customer_no}", "agent")
    seeded.get(f"/api/v1/documents/{document}/pages/1/image", "agent")
    seeded.get(f"/api/v1/documents/{document}/text", "agent")
    seeded.get(f"/api/v1/documents/{document}/original", "archivist")
    with seeded.context.reading(SETUP) as session:
        events = list(session.scalars(select(AuditEvent)))
    actions = {event.action for event in events}
    assert {"search", "customer.read", "page.read", "text.read", "original.read"} <= actions
    noted = repr([(event.object_id, event.facts) for event in events])
    assert not [secret for secret in (*EAST.secrets, *WEST.secrets) if secret in noted]


def test_a_copy_of_a_foreign_paper_is_taken_in_like_any_other(seeded: Seeded) -> None:
    def send(user: str, **form: str) -> Any:
        answer = seeded.client.post(
            "/api/v1/documents",
            headers={"Authorization": f"Bearer {seeded.tokens[user]}"},
            files={"file": ("抄件.txt", "西河的一份说明".encode())},
            data=form,
        )
        return answer.status_code, answer.json()["id"]

    status, first = send("archivist", customer_no=WEST.customer_no)
    assert status == 202
    assert send("archivist") == (200, first)
    with seeded.context.writing(SETUP) as session:  # as the worker files it
        paper = session.get_one(Document, first)
        owner = session.get_one(Customer, WEST.customer_no)
        now = seeded.context.clock.now()
        filing.place(session, paper, owner, confidence=1.0, reasons=(), at=now)
    status, copy = send("archivist_east")
    assert status == 202
    assert copy != first
    assert send("archivist_east") == (200, copy)
