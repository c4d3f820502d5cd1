"""Every route, every role, own and foreign station: who gets what status."""

from __future__ import annotations

from typing import Any

import pytest

from dossier.services import accounts
from tests.support_seeded import EAST, SETUP, WEST, Seeded

ROUTES = {
    # route: (administrator, archivist, agent, auditor, nobody)
    "/api/v1/search?q=合同": (200, 200, 200, 403, 401),
    "/api/v1/suggest?q=欧": (200, 200, 200, 403, 401),
    "/api/v1/searches": (200, 200, 200, 403, 401),
    f"/api/v1/customers/{EAST.customer_no}": (200, 200, 200, 403, 401),
    f"/api/v1/customers/{EAST.customer_no}/documents": (200, 200, 200, 403, 401),
    "/api/v1/documents/{east}": (200, 200, 200, 403, 401),
    "/api/v1/documents/{east}/original": (403, 200, 403, 403, 401),
    "/api/v1/documents/{east}/pdf": (403, 404, 403, 403, 401),
    "/api/v1/documents/{east}/text": (403, 200, 200, 403, 401),
    "/api/v1/documents/{east}/pages/1/image": (403, 200, 200, 403, 401),
    "/api/v1/documents/{east}/pages/1/boxes?q=合同": (403, 200, 200, 403, 401),
    "/api/v1/documents/{pool}": (200, 200, 404, 403, 401),
    "/api/v1/documents/{pool}/text": (403, 200, 404, 403, 401),
    "/api/v1/intake": (200, 200, 403, 403, 401),
    "/api/v1/audit": (403, 403, 403, 200, 401),
    "/healthz": (200, 200, 200, 200, 200),
    "/readyz": (200, 200, 200, 200, 200),
    "/metrics": (200, 200, 200, 200, 200),
    "/openapi.json": (200, 200, 200, 200, 200),
}
ROLES = ("admin", "archivist", "agent", "auditor", None)


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("column", range(len(ROLES)))
def test_each_role_gets_what_the_matrix_says(seeded: Seeded, path: str, column: int) -> None:
    address = path.format(east=seeded.documents["东1"], pool=seeded.documents["pool"])
    answer = seeded.get(address, ROLES[column])
    assert answer.status_code == ROUTES[path][column], answer.text


@pytest.mark.parametrize("column", range(len(ROLES)))
def test_changing_routes_are_for_archivists(seeded: Seeded, column: int) -> None:
    user = ROLES[column]
    headers = {"Authorization": f"Bearer {seeded.tokens[user]}"} if user else {}
    expected = (403, 422, 403, 403, 401)[column]
    upload = seeded.client.post("/api/v1/documents", headers=headers)
    assert upload.status_code == expected
    change = seeded.client.patch(
        f"/api/v1/documents/{seeded.documents['东1']}", headers=headers, json={"nothing": 1}
    )
    assert change.status_code == expected
    retry = seeded.client.post("/api/v1/intake/none/retry", headers=headers)
    assert retry.status_code == (404, 404, 403, 403, 401)[column]


def test_every_route_of_the_door_is_in_the_matrix(seeded: Seeded) -> None:
    described = seeded.client.get("/openapi.json").json()["paths"]
    read = {path for path, methods in described.items() if "get" in methods}
    tested = {_shape(path) for path in ROUTES} - {"/openapi.json"}
    assert {_shape(path) for path in read} == tested


def _shape(path: str) -> str:
    parts = path.split("?")[0].split("/")
    return "/".join(
        "*" if part.startswith("{") or part in ("1", EAST.customer_no) else part for part in parts
    )


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


def test_a_disabled_user_is_out_at_the_next_request(seeded: Seeded) -> None:
    accounts.add_user(seeded.context, SETUP, name="leaver", role="agent", password="long enough")
    seeded.tokens["leaver"] = accounts.make_token(seeded.context, SETUP, "leaver")
    assert seeded.get("/api/v1/search?q=合同", "leaver").status_code == 200
    accounts.disable_user(seeded.context, SETUP, "leaver")
    assert seeded.get("/api/v1/search?q=合同", "leaver").status_code == 401


@pytest.mark.parametrize(
    "value",
    ["Bearer wrong", "Bearer ", "Basic YTpi", "Bearer a b c", "nonsense", "Bearer " + "x" * 9000],
)
def test_a_wrong_token_opens_nothing(seeded: Seeded, value: str) -> None:
    answer = seeded.client.get("/api/v1/search?q=合同", headers={"Authorization": value})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_an_expired_token_opens_nothing(seeded: Seeded) -> None:
    from datetime import timedelta

    seeded.tokens["late"] = accounts.make_token(
        seeded.context, SETUP, "agent", lifetime=timedelta(seconds=-1)
    )
    assert seeded.get("/api/v1/search?q=合同", "late").status_code == 401


def test_a_change_by_cookie_needs_the_session_s_token(seeded: Seeded) -> None:
    login = accounts.log_in(
        seeded.context, name="archivist", password="correct horse battery", remote=""
    )
    cookies = {"dossier_session": login.secret}
    path = f"/api/v1/documents/{seeded.documents['东1']}"
    body = {"title": "改名"}
    seeded.client.cookies.update(cookies)
    try:
        assert seeded.client.get(path).status_code == 200
        assert seeded.client.patch(path, json=body).status_code == 403
        wrong = {"x-csrf-token": "wrong"}
        assert seeded.client.patch(path, json=body, headers=wrong).status_code == 403
        right = {"x-csrf-token": login.csrf}
        assert seeded.client.patch(path, json=body, headers=right).status_code == 200
        files = {"file": ("a.txt", b"text", "text/plain")}
        assert seeded.client.post("/api/v1/documents", files=files).status_code == 403
        late = {"zz_last": "x"}
        assert (
            seeded.client.post(
                "/api/v1/documents", data={**late, "csrf_token": login.csrf}, files=files
            ).status_code
            == 202
        )
    finally:
        seeded.client.cookies.clear()


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
