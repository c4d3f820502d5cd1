"""Behind a proxy: its word on address and user counts only if the settings name it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dossier.asgi import create_app
from dossier.bootstrap import build
from dossier.errors import ConfigurationError
from dossier.services import accounts, sessions
from dossier.services.context import Context
from dossier.settings import Settings, load_settings
from dossier.viewer import system_viewer

ADMIN = system_viewer("test")
PROXY, STRANGER = ("10.0.0.5", 40000), ("192.0.2.9", 40000)
NAMED = {"X-Remote-User": "wang"}


def house_of(home: Path, **more: Any) -> Context:
    made = build(Settings(home=home, trusted_proxies=("10.0.0.0/24",), **more))
    for name in ("wang", "gone"):
        accounts.add_user(made, ADMIN, name=name, role="archivist", password="correct horse")
    accounts.disable_user(made, ADMIN, "gone")
    return made


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Context]:
    made = house_of(tmp_path / "home", trusted_header="X-Remote-User")
    yield made
    made.readers.close()
    made.index.close()
    made.database.dispose()


def client_at(
    house: Context, peer: tuple[str, int], *, base: str = "http://testserver"
) -> TestClient:
    return TestClient(create_app(house), client=peer, follow_redirects=False, base_url=base)


def test_the_proxy_s_word_opens_a_session_that_lasts_as_long_as_the_word(house: Context) -> None:
    one = client_at(house, PROXY)
    answer = one.get("/login?next=/sessions", headers=NAMED)
    assert answer.headers["location"] == "/sessions"
    assert one.get("/sessions", headers=NAMED).status_code == 200
    (shown,) = sessions.list_sessions(house, ADMIN, everyone=True)
    assert (shown.user, shown.means) == ("wang", "header")
    assert one.get("/sessions").status_code == 303  # logged out at the proxy
    assert one.get("/sessions", headers={"X-Remote-User": "li"}).status_code == 303


@pytest.mark.parametrize("name", ["nobody", "gone"])
def test_a_name_without_account_and_a_disabled_one_are_refused(house: Context, name: str) -> None:
    answer = client_at(house, PROXY).get("/login", headers={"X-Remote-User": name})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_the_header_of_anybody_else_is_nothing(house: Context) -> None:
    one = client_at(house, STRANGER)
    assert 'name="password"' in one.get("/login", headers=NAMED).text
    assert one.get("/sessions", headers=NAMED).status_code == 303
    assert one.get("/api/v1/searches", headers=NAMED).status_code == 401


def test_without_the_setting_the_header_is_nothing_even_of_the_proxy(tmp_path: Path) -> None:
    made = house_of(tmp_path / "home")
    page = client_at(made, PROXY).get("/login", headers=NAMED)
    assert 'name="password"' in page.text
    made.index.close()
    made.database.dispose()


def test_who_logs_out_is_not_logged_in_again_at_once(house: Context) -> None:
    one = client_at(house, PROXY)
    one.get("/login", headers=NAMED)
    token = one.get("/account", headers=NAMED).text.partition('csrf-token" content="')[2][:43]
    answer = one.post("/logout", headers={**NAMED, "x-csrf-token": token})
    assert answer.headers["location"] == "/login?left=1"
    assert 'name="password"' in one.get("/login?left=1", headers=NAMED).text


def test_a_change_by_a_proxy_s_session_needs_its_form_token(house: Context) -> None:
    one = client_at(house, PROXY)
    one.get("/login", headers=NAMED)
    assert one.post("/sessions/end-others", headers=NAMED).status_code == 403


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7, 10.0.0.9", "203.0.113.7"),
        ("", "10.0.0.5"),
        ("203.0.113.7:51034", "203.0.113.7"),
        ("198.51.100.1, [2001:db8::7]:51034", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, unknown", "10.0.0.5"),
        ("guess-1", "10.0.0.5"),
    ],
)
def test_the_address_is_the_last_one_that_no_trusted_proxy_has(
    house: Context, told: str, expected: str
) -> None:
    one = client_at(house, PROXY)
    fields = {"name": "wang", "password": "correct horse"}
    one.post("/login", data=fields, headers={"X-Forwarded-For": told})
    (shown,) = sessions.list_sessions(house, ADMIN, everyone=True)
    assert shown.remote == expected


def test_what_a_browser_sent_before_the_proxy_s_own_line_is_nothing(house: Context) -> None:
    one = client_at(house, PROXY)
    fields = {"name": "wang", "password": "correct horse"}
    lines = [("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "203.0.113.7")]
    one.post("/login", data=fields, headers=lines)
    (shown,) = sessions.list_sessions(house, ADMIN, everyone=True)
    assert shown.remote == "203.0.113.7"
    both = [("X-Remote-User", "wang"), ("X-Remote-User", "li")]
    assert client_at(house, PROXY).get("/sessions", headers=both).status_code == 303
    assert client_at(house, PROXY).get("/login", headers=both).status_code == 200


def test_a_proxy_s_v4_address_is_known_at_a_v6_socket(house: Context) -> None:
    one = client_at(house, ("::ffff:10.0.0.5", 40000))
    assert one.get("/login", headers=NAMED).status_code == 303
    (shown,) = sessions.list_sessions(house, ADMIN, everyone=True)
    assert shown.remote == "10.0.0.5"


def test_a_stranger_cannot_choose_the_address(house: Context) -> None:
    one = client_at(house, STRANGER)
    fields = {"name": "wang", "password": "correct horse"}
    one.post("/login", data=fields, headers={"X-Forwarded-For": "203.0.113.7"})
    (shown,) = sessions.list_sessions(house, ADMIN, everyone=True)
    assert shown.remote == STRANGER[0]


def test_by_tls_cookies_are_for_this_host_and_tls_only_and_browsers_stay(tmp_path: Path) -> None:
    made = house_of(tmp_path / "home", public_url="https://dossier.example")
    one = client_at(made, PROXY, base="https://dossier.example")
    answer = one.post("/login", data={"name": "wang", "password": "correct horse"})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-dossier_session=")
    for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert part in cookie
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert one.get("/sessions").status_code == 200
    made.index.close()
    made.database.dispose()


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"DOSSIER_TRUSTED_HEADER": "X-Remote-User"}, "trusted_proxies"),
        ({"DOSSIER_TRUSTED_PROXIES": "10.0.0.5,proxy.example"}, "proxy.example"),
        ({"DOSSIER_TRUSTED_PROXIES": "0.0.0.0/0"}, "every address"),
        ({"DOSSIER_TRUSTED_PROXIES": "10.0.0.5,::/0"}, "every address"),
        (
            {"DOSSIER_TRUSTED_PROXIES": "10.0.0.5", "DOSSIER_TRUSTED_HEADER": "Cookie"},
            "browsers send themselves",
        ),
        (
            {"DOSSIER_TRUSTED_PROXIES": "10.0.0.5", "DOSSIER_TRUSTED_HEADER": "host"},
            "browsers send themselves",
        ),
        (
            {
                "DOSSIER_OIDC_ISSUER": "http://login.example",
                "DOSSIER_OIDC_CLIENT_ID": "x",
                "DOSSIER_PUBLIC_URL": "https://dossier.example",
            },
            "must be https",
        ),
        ({"DOSSIER_OIDC_ISSUER": "https://id.example"}, "public_url"),
        ({"DOSSIER_PUBLIC_URL": "https://dossier.example/path"}, "public_url"),
    ],
)
def test_settings_that_are_unsafe_alone_stop_the_start(values: dict[str, str], word: str) -> None:
    with pytest.raises(ConfigurationError, match=word):
        load_settings(values)


def test_proxies_are_a_list_with_commas() -> None:
    found = load_settings({"DOSSIER_TRUSTED_PROXIES": "10.0.0.5, 10.1.0.0/16"})
    assert found.trusted_proxies == ("10.0.0.5", "10.1.0.0/16")
