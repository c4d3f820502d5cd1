"""Login, sessions, tokens and the second factor as a browser and a program meet them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from fastapi.testclient import TestClient

from dossier.asgi import create_app
from dossier.bootstrap import build
from dossier.clock import FixedClock
from dossier.db.tables import RoleGrant
from dossier.services import accounts, sessions, tokens
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import system_viewer

ADMIN = system_viewer("test")
PASSWORD = "correct horse"
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
SECRET = re.compile(r'class="secret">([^<]+)<')
PEOPLE = {"wang": "archivist", "li": "agent", "root": "administrator", "audit": "auditor"}


@dataclass
class Browser:
    """A browser without script, with a cookie jar of its own."""

    client: TestClient

    def log_in(self, name: str, password: str = PASSWORD, **options: Any) -> Any:
        fields = {"name": name, "password": password}
        return self.client.post("/login", data=fields, follow_redirects=False, **options)

    def get(self, path: str) -> Any:
        return self.client.get(path, follow_redirects=False)

    def post(self, path: str, page: str = "/account", **fields: Any) -> Any:
        token = TOKEN.search(self.get(page).text)
        assert token, page
        data = {"csrf_token": token[1], **fields}
        return self.client.post(path, data=data, follow_redirects=False)


@pytest.fixture
def clock() -> FixedClock:
    """Stands still near the present: the client's cookie jar has a clock of its own."""
    return FixedClock(datetime.now(UTC))


@pytest.fixture
def house(tmp_path, clock: FixedClock) -> Iterator[Context]:
    made = build(Settings(home=tmp_path / "home"), clock=clock)
    for name, role in PEOPLE.items():
        accounts.add_user(made, ADMIN, name=name, role=role, password=PASSWORD)
    yield made
    made.readers.close()
    made.index.close()
    made.database.dispose()


@pytest.fixture
def browser(house: Context) -> Callable[..., Browser]:
    app = create_app(house)

    def open_browser(name: str | None = None, **options: Any) -> Browser:
        one = Browser(TestClient(app, raise_server_exceptions=False, **options))
        if name:
            assert one.log_in(name).status_code == 303
        return one

    return open_browser


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


# -- the session ends ---------------------------------------------------------------------------


def test_a_disabled_user_s_session_is_refused_at_the_next_request(
    house: Context, browser: Any
) -> None:
    li = browser("li")
    assert li.get("/api/v1/searches").status_code == 200
    accounts.disable_user(house, ADMIN, "li")
    assert li.get("/api/v1/searches").status_code == 401
    assert li.get("/").headers["location"].startswith("/login")
    assert li.log_in("li").status_code == 401


@pytest.mark.parametrize("by_token", [False, True])
def test_a_role_taken_away_in_mid_session_counts_at_the_next_request(
    house: Context, browser: Any, by_token: bool
) -> None:
    li = browser() if by_token else browser("li")
    headers = bearer(accounts.make_token(house, ADMIN, "li")) if by_token else {}

    def status() -> int:
        return li.client.get("/api/v1/searches", headers=headers).status_code

    assert status() == 200
    with house.writing(ADMIN) as session:
        session.query(RoleGrant).delete()
    assert status() == 403


@pytest.mark.parametrize("secret", ["", "wrong", "x" * 5000, "%00", "a b"])
def test_a_wrong_or_expired_token_and_cookie_open_nothing(
    house: Context, browser: Any, secret: str
) -> None:
    nobody = browser()
    for headers in (bearer(secret), {"Cookie": f"dossier_session={secret}"}):
        answer = nobody.client.get("/api/v1/searches", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_expired_token_and_session_are_refused(
    house: Context, browser: Any, clock: FixedClock
) -> None:
    li = browser("li")
    wang = accounts.viewer_by_name(house, "wang")
    made = tokens.make_own_token(house, wang, name="", days=1)
    clock.advance(timedelta(days=1, seconds=1))
    assert li.get("/api/v1/searches").status_code == 401
    answer = li.client.get("/api/v1/searches", headers=bearer(made.secret))
    assert answer.status_code == 401


# -- coming in ----------------------------------------------------------------------------------


def test_wrong_tries_are_told_with_the_time_to_wait(house: Context, browser: Any) -> None:
    one = browser()
    for _ in range(house.settings.login_attempts):
        assert one.log_in("wang", "wrong").status_code == 401
    answer = one.log_in("wang")
    assert answer.status_code == 429
    assert "1 分钟后再试" in answer.text
    assert "dossier_session" not in answer.cookies
    accounts.unlock(house, ADMIN, "wang")
    assert one.log_in("wang").status_code == 303


def test_a_form_of_another_site_logs_nobody_in(browser: Any) -> None:
    one = browser()
    for site in ("cross-site", "same-site"):
        assert one.log_in("wang", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert one.log_in("wang", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://testserver", 303),
        ("http://elsewhere.example", 403),
        ("http://testserver.elsewhere.example", 403),
        ("http://testserver:8443", 403),
        ("null", 403),
    ],
)
def test_by_plain_http_a_form_of_another_origin_logs_nobody_in(
    browser: Any, origin: str, status: int
) -> None:
    """Browsers send no Fetch Metadata by plain HTTP to another machine."""
    one = browser()
    assert one.get("/login").headers["referrer-policy"] == "same-origin"
    assert one.log_in("wang", headers={"Origin": origin}).status_code == status
    assert ("dossier_session" in one.client.cookies) is (status == 303)


def test_each_login_has_a_session_of_its_own_and_an_offered_cookie_is_not_taken_on(
    house: Context, browser: Any
) -> None:
    one = browser()
    one.client.cookies.set("dossier_session", "chosen-by-somebody")
    first = one.log_in("wang").cookies["dossier_session"]
    assert first != "chosen-by-somebody"
    assert sessions.viewer_by_cookie(house, "chosen-by-somebody", remote="") is None
    one.post("/logout")
    assert sessions.viewer_by_cookie(house, first, remote="") is None


def test_the_second_factor_from_the_qr_code_to_the_login(
    house: Context, browser: Any, clock: FixedClock
) -> None:
    wang = browser("wang")
    assert wang.post("/account/second-factor", password="wrong").status_code == 422
    page = wang.post("/account/second-factor", password=PASSWORD)
    assert "data:image/svg+xml;base64," in page.text
    telephone = pyotp.TOTP(SECRET.findall(page.text)[0])
    again = wang.post("/account/second-factor/confirm", code="000000")
    assert again.status_code == 422
    assert telephone.secret in again.text
    done = wang.post("/account/second-factor/confirm", code=telephone.at(clock.now()))
    codes = SECRET.findall(done.text)
    assert len(codes) == 10
    clock.advance(timedelta(seconds=30))

    other = browser()
    answer = other.client.post(
        "/login",
        data={"name": "wang", "password": PASSWORD, "next": "/tokens"},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/login/code?next=/tokens"
    assert other.get("/tokens").headers["location"].startswith("/login?")
    assert 'name="code"' in other.get("/login/code?next=/tokens").text
    wrong = other.client.post("/login/code", data={"code": "000000", "next": "/tokens"})
    assert wrong.status_code == 401
    right = other.client.post(
        "/login/code",
        data={"code": telephone.at(clock.now()), "next": "/tokens"},
        follow_redirects=False,
    )
    assert right.headers["location"] == "/tokens"
    assert other.get("/tokens").status_code == 200
    assert wang.post("/account/second-factor/off", password=PASSWORD).status_code == 303
    assert browser("wang").get("/account").status_code == 200


def test_the_qr_code_says_what_the_secret_says(house: Context) -> None:
    import base64

    import zxingcpp
    from fpdf.svg import SVGObject  # draws nothing; only makes sure that it is well-formed

    from dossier.plugins.account.qr import qr_picture

    uri = pyotp.TOTP("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").provisioning_uri(
        name="王芳", issuer_name="Dossier"
    )
    drawn = base64.b64decode(qr_picture(uri).partition("base64,")[2])
    SVGObject(drawn.decode())
    code = zxingcpp.create_barcode(uri, zxingcpp.BarcodeFormat.QRCode)
    (read,) = zxingcpp.read_barcodes(zxingcpp.write_barcode_to_image(code, scale=4))
    assert read.text == uri


# -- sessions and tokens ------------------------------------------------------------------------


def test_a_login_is_seen_and_ended_by_its_owner_and_by_the_administrator(
    house: Context, browser: Any
) -> None:
    here, there, root = browser("wang"), browser("wang"), browser("root")
    listed = here.get("/api/v1/sessions").json()
    assert [one["is_this"] for one in listed["items"]].count(True) == 1
    other = next(one["id"] for one in listed["items"] if not one["is_this"])
    assert browser("li").post("/sessions/end", session_id=other).status_code == 404
    assert here.post("/sessions/end", session_id=other).status_code == 303
    assert there.get("/sessions").status_code == 303
    assert "wang" in root.get("/sessions?all=1").text
    for name in ("wang", "li", "audit"):
        assert browser(name).get("/sessions?all=1").status_code == 403
        assert browser(name).get("/tokens?all=1").status_code == 403
    mine = root.get("/api/v1/sessions?all=1").json()["items"]
    victim = next(one["id"] for one in mine if one["user"] == "wang")
    assert root.post("/sessions/end", session_id=victim, all="1").status_code == 303


def test_a_token_is_made_on_the_page_shown_once_and_revoked(house: Context, browser: Any) -> None:
    wang = browser("wang")
    page = wang.post("/tokens", name="夜间导入", days="30", scope=["search", "upload"])
    (secret,) = SECRET.findall(page.text)
    assert secret not in wang.get("/tokens").text
    headers = bearer(secret)
    assert wang.client.get("/api/v1/searches", headers=headers).status_code == 200
    assert wang.client.get("/api/v1/intake", headers=headers).status_code == 403
    assert wang.post("/tokens", name="x", days="30", scope="manage_users").status_code == 422
    assert wang.post("/tokens", name="x", days="30").status_code == 422
    (listed,) = wang.get("/api/v1/tokens").json()["items"]
    assert listed["scope"] == ["search", "upload"]
    assert secret not in str(listed)
    assert "夜间导入" in browser("root").get("/tokens?all=1").text
    assert wang.post("/tokens/revoke", token_id=listed["id"]).status_code == 303
    answer = browser().client.get("/api/v1/searches", headers=headers)
    assert answer.status_code == 401


def test_a_token_makes_no_other_keys(house: Context, browser: Any) -> None:
    headers = bearer(accounts.make_token(house, ADMIN, "root"))
    client = browser().client
    wish = {"name": "x", "scope": None, "days": 1}
    assert client.post("/api/v1/tokens", json=wish, headers=headers).status_code == 403
    for path in ("/account", "/sessions", "/tokens", "/api/v1/tokens", "/api/v1/sessions"):
        assert client.get(path, headers=headers).status_code == 403


def test_programs_make_and_revoke_tokens_by_a_session(house: Context, browser: Any) -> None:
    wang = browser("wang")
    csrf = {"x-csrf-token": TOKEN.search(wang.get("/account").text)[1]}  # type: ignore[index]
    client = wang.client
    assert client.post("/api/v1/tokens", json={"name": "x"}).status_code == 403  # no form token
    made = client.post("/api/v1/tokens", json={"scope": ["search"], "days": 1}, headers=csrf)
    assert made.status_code == 201
    token_id = made.json()["id"]
    assert client.delete(f"/api/v1/tokens/{token_id}", headers=csrf).status_code == 204
    assert client.delete(f"/api/v1/tokens/{token_id}", headers=csrf).status_code == 404
    for wish in ({"days": 0}, {"days": 9999}, {"scope": ["all"]}, {"who": "li"}):
        assert client.post("/api/v1/tokens", json=wish, headers=csrf).status_code == 422


def test_the_password_is_changed_on_the_page(house: Context, browser: Any) -> None:
    wang, elsewhere = browser("wang"), browser("wang")
    fields = {"old": PASSWORD, "new": "battery staple", "again": "battery staple"}
    assert wang.post("/account/password", **{**fields, "again": "other words"}).status_code == 422
    assert wang.post("/account/password", **{**fields, "old": "wrong"}).status_code == 422
    assert wang.post("/account/password", **fields).status_code == 303
    assert wang.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303
    assert browser().log_in("wang", "battery staple").status_code == 303
