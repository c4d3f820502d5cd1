"""Wrong ways in open nothing: tokens, forms without their token, users who are gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dossier.services import accounts
from tests.support_seeded import SETUP, Seeded


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
