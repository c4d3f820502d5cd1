"""Logging in at a real OpenID provider (over HTTP, with signed tokens), and forged answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from oidc_provider_mock import User, run_server_in_thread

from dossier.asgi import create_app
from dossier.bootstrap import build
from dossier.errors import ForbiddenError, UnavailableError
from dossier.plugins.oidc import provider
from dossier.services import accounts, second_factor, sessions
from dossier.services.context import Context
from dossier.services.door import Arrival
from dossier.services.logins import by_provider
from dossier.settings import Settings
from dossier.viewer import system_viewer

ADMIN = system_viewer("test")
US = "http://dossier.test"
PEOPLE = {
    "sub-wang": "wang",
    "sub-other-wang": "wang",
    "sub-nobody": "nobody",
    "sub-gone": "gone",
}


@dataclass
class House:
    """Dossier beside a provider."""

    context: Context
    app: Any

    def browser(self) -> TestClient:
        return TestClient(self.app, base_url=US, follow_redirects=False)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    users = [User(sub=sub, claims={"preferred_username": name}) for sub, name in PEOPLE.items()]
    with run_server_in_thread(require_nonce=True, user_claims=users) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def house(tmp_path, issuer: str) -> Iterator[House]:
    made = build(
        Settings(
            home=tmp_path / "home",
            public_url=US,
            oidc_issuer=issuer,
            oidc_client_id="dossier",
            oidc_client_secret="of ours",
            oidc_name="示例统一认证",
        )
    )
    accounts.add_user(made, ADMIN, name="wang", role="archivist")
    accounts.add_user(made, ADMIN, name="gone", role="archivist")
    accounts.disable_user(made, ADMIN, "gone")
    yield House(made, create_app(made))
    made.readers.close()
    made.index.close()
    made.database.dispose()


def begin(browser: TestClient, next: str = "/") -> str:
    """Press the button; the address at the provider."""
    answer = browser.get("/login/oidc", params={"next": next})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def agree(address: str, sub: str) -> str:
    """Log in at the provider; the path that it sends the browser back to."""
    answer = httpx.post(address, data={"sub": sub})
    assert answer.status_code == 302, answer.text
    back = answer.headers["location"]
    assert back.startswith(f"{US}/login/oidc/callback?")
    return back.removeprefix(US)


def test_the_button_leads_to_the_provider_and_back_into_the_page_that_was_asked_for(
    house: House,
) -> None:
    browser = house.browser()
    page = browser.get("/login?next=/sessions").text
    assert "示例统一认证" in page
    assert re.search(r'href="/login/oidc\?next=/sessions"', page)
    address = begin(browser, "/sessions")
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["nonce"][0]) == len(asked["state"][0]) == 48
    answer = browser.get(agree(address, "sub-wang"))
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/sessions"
    shown = browser.get("/sessions")
    assert shown.status_code == 200
    assert "wang" in shown.text
    (one,) = sessions.list_sessions(house.context, ADMIN, everyone=True)
    assert one.means == "oidc"


def test_an_answer_is_taken_once_and_only_from_the_browser_that_was_sent(house: House) -> None:
    browser = house.browser()
    path = agree(begin(browser), "sub-wang")
    assert house.browser().get(path).status_code == 403  # somebody else was given the link
    begun_elsewhere = house.browser()
    begin(begun_elsewhere)
    assert begun_elsewhere.get(path).status_code == 403  # and began a login of the own
    assert browser.get(path).status_code == 303
    browser.cookies.delete("dossier_session")
    assert browser.get(path).status_code == 403


def test_a_stranger_and_a_disabled_user_do_not_come_in(house: House) -> None:
    for sub in ("sub-nobody", "sub-gone"):
        browser = house.browser()
        answer = browser.get(agree(begin(browser), sub))
        assert answer.status_code == 403
        assert "没有账号" in answer.text
        assert "dossier_session" not in browser.cookies


def test_a_name_that_changed_hands_at_the_provider_opens_nobody_s_account(house: House) -> None:
    first = house.browser()
    assert first.get(agree(begin(first), "sub-wang")).status_code == 303
    other = house.browser()
    assert other.get(agree(begin(other), "sub-other-wang")).status_code == 403
    accounts.unbind(house.context, ADMIN, "wang")
    assert other.get(agree(begin(other), "sub-other-wang")).status_code == 303
    assert first.get(agree(begin(first), "sub-wang")).status_code == 403


def test_who_refuses_at_the_provider_or_comes_without_code_is_told_so(house: House) -> None:
    browser = house.browser()
    state = parse_qs(urlsplit(begin(browser)).query)["state"][0]
    answer = browser.get("/login/oidc/callback", params={"error": "access_denied", "state": state})
    assert answer.status_code == 403
    for params in ({}, {"code": "x"}, {"code": "x", "state": "wrong"}):
        assert browser.get("/login/oidc/callback", params=params).status_code == 403


def test_a_wrong_code_is_refused(house: House) -> None:
    browser = house.browser()
    state = parse_qs(urlsplit(begin(browser)).query)["state"][0]
    answer = browser.get("/login/oidc/callback", params={"code": "forged", "state": state})
    assert answer.status_code == 403


def test_the_second_factor_is_asked_for_after_the_provider_too(house: House) -> None:
    import pyotp

    context = house.context
    wang = accounts.viewer_by_name(context, "wang")
    secret = second_factor.begin(context, wang, password="").secret
    second_factor.confirm(context, wang, pyotp.TOTP(secret).at(context.clock.now()))
    browser = house.browser()
    answer = browser.get(agree(begin(browser, "/sessions"), "sub-wang"))
    assert answer.headers["location"] == "/login/code?next=/sessions"
    assert browser.get("/sessions").status_code == 303
    later = context.clock.now() + timedelta(seconds=30)
    fields = {"code": pyotp.TOTP(secret).at(later), "next": "/sessions"}
    assert browser.post("/login/code", data=fields).headers["location"] == "/sessions"


def test_a_provider_that_is_away_is_named_and_passwords_still_work(house: House) -> None:
    away = house.context.settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:9"})
    object.__setattr__(house.context, "settings", away)
    answer = house.browser().get("/login/oidc")
    assert answer.status_code == 503
    assert "统一身份认证" in answer.text
    accounts.set_password(house.context, ADMIN, "wang", "correct horse")
    fields = {"name": "wang", "password": "correct horse"}
    assert house.browser().post("/login", data=fields).status_code == 303


class _Odd(BaseHTTPRequestHandler):
    """A provider of which one address answers with something that no provider should answer."""

    odd: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        here = f"http://{self.headers['Host']}"
        ways = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        settings = {"issuer": here} | {name: f"{here}/{name}" for name in ways}
        right = {
            "/.well-known/openid-configuration": settings,
            "/token_endpoint": {"access_token": "a", "id_token": "b", "token_type": "Bearer"},
            "/jwks_uri": {"keys": [KEY.as_dict(private=False)]},
        }
        body = self.odd.get(self.path, json.dumps(right.get(self.path)).encode())
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Not among the test's own lines."""


ODD_ANSWERS = [
    ("/.well-known/openid-configuration", b"[1]"),
    ("/.well-known/openid-configuration", b"7"),
    ("/.well-known/openid-configuration", b"<html>"),
    ("/token_endpoint", b"[]"),
    ("/token_endpoint", b'"x"'),
    ("/token_endpoint", b"null"),
    ("/jwks_uri", b"{}"),
    ("/jwks_uri", b'{"keys": null}'),
    ("/jwks_uri", b"[[]]"),
]


@pytest.mark.parametrize(("path", "body"), ODD_ANSWERS)
def test_a_provider_that_answers_nonsense_is_named_as_one_that_is_away(
    path: str, body: bytes
) -> None:
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Odd", (_Odd,), {"odd": {path: body}})
    ) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            issuer = f"http://127.0.0.1:{server.server_address[1]}"
            settings = SETTINGS.model_copy(update={"oidc_issuer": issuer})
            with pytest.raises(UnavailableError):
                provider.finish(settings, code="c", nonce="n", verifier="v", now=NOW)
        finally:
            server.shutdown()
            thread.join()


def test_without_a_provider_there_is_no_such_page(context: Context) -> None:
    client = TestClient(create_app(context))
    for path in ("/login/oidc", "/login/oidc/callback"):
        assert client.get(path).status_code == 404


# -- tokens that are not the provider's ---------------------------------------------------------

KEY = RSAKey.generate_key(2048, {"kid": "one"})
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
SETTINGS = Settings(oidc_issuer="https://id.example", oidc_client_id="dossier", public_url=US)
GOOD = {
    "iss": "https://id.example",
    "aud": "dossier",
    "sub": "7",
    "nonce": "n",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 300,
    "preferred_username": "wang",
}


def read(claims: dict[str, Any], *, key: Any = KEY, alg: str = "RS256") -> provider.Identity:
    algorithms = [alg]
    token = jwt.encode({"alg": alg, "kid": "one"}, claims, key, algorithms=algorithms)
    keys = {"keys": [KEY.as_dict(private=False)]}
    answer = {"id_token": token, "access_token": "a"}
    return provider.read_token(SETTINGS, answer, keys=keys, nonce="n", now=NOW)


def test_a_right_token_tells_who_it_is() -> None:
    found = read(GOOD)
    assert (found.subject, found.name, found.showed_second_factor) == ("7", "wang", False)
    assert read({**GOOD, "amr": ["pwd", "otp"]}).showed_second_factor
    for odd in ([["otp"]], [{"otp": 1}], [5, None]):
        assert not read({**GOOD, "amr": odd}).showed_second_factor
    for odd in (["wang"], {"wang": 1}, 5, True):
        assert read({**GOOD, "preferred_username": odd}).name == ""


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": int(NOW.timestamp()) - 120},
        {"exp": None},
        {"iat": int(NOW.timestamp()) + 3600},
        {"azp": "another", "aud": ["dossier", "another"]},
        {"sub": ""},
        {"sub": "s" * 256},
        {"sub": ["7"]},
        {"at_hash": ["x"]},
        {"amr": "otp"},
    ],
    ids=str,
)
def test_a_token_for_others_of_others_or_out_of_time_is_refused(change: dict[str, Any]) -> None:
    claims = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(ForbiddenError):
        read(claims)


def test_a_token_that_somebody_else_signed_is_refused() -> None:
    with pytest.raises(ForbiddenError):
        read(GOOD, key=RSAKey.generate_key(2048, {"kid": "one"}))
    shared = OctKey.import_key("a secret of thirty-two characters!", {"kid": "one"})
    with pytest.raises(ForbiddenError):
        read(GOOD, key=shared, alg="HS256")
    for token in ("", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0."):
        with pytest.raises(ForbiddenError):
            provider.read_token(
                SETTINGS,
                {"id_token": token},
                keys={"keys": [KEY.as_dict(private=False)]},
                nonce="n",
                now=NOW,
            )


def test_an_account_is_bound_to_one_subject_on_both_databases(tmp_path, database_url: str) -> None:
    made = build(Settings(home=tmp_path / "bound", database_url=database_url))
    accounts.add_user(made, ADMIN, name="wang", role="agent")

    def come(subject: str, name: str = "wang") -> Any:
        return by_provider(
            made,
            issuer="https://id.example",
            subject=subject,
            name=name,
            arrival=Arrival(means="oidc"),
            shown_code=False,
        )

    assert come("7").secret
    assert come("7", name="renamed there").secret
    with pytest.raises(ForbiddenError):
        come("8")
    made.index.close()
    made.database.dispose()
