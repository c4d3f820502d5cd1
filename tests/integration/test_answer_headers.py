"""Every route and every kind of answer carries the headers, and no page has script of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from dossier.asgi import create_app
from dossier.services import accounts
from dossier.viewer import Permission
from dossier.web import requires
from dossier.web.files import SANDBOX
from tests.support_seeded import EAST, PASSWORD, Seeded, seeded_archive

INLINE = re.compile(r"<script(?![^>]*\bsrc=)|\son[a-z]+\s*=|\sstyle\s*=|<style|javascript:", re.I)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_archive(tmp_path_factory.mktemp("headers") / "home") as made:
        yield made


@pytest.fixture(scope="module")
def app(archive: Seeded) -> FastAPI:
    made = create_app(archive.context)

    @made.get("/test-that-fails", dependencies=[requires(Permission.PUBLIC)])
    def fail() -> None:
        raise RuntimeError("as a fault of ours would")

    return made


def addresses(app: FastAPI, archive: Seeded) -> list[tuple[str, str]]:
    """Each route once, with ids that exist where the path wants some."""
    values = {
        "document_id": archive.documents["东1"],
        "customer_no": EAST.customer_no,
        "number": "1",
        "page": "1",
        "code": "zh_CN",
    }
    found = []
    for route in iter_route_contexts(app.routes):  # with the prefix that each is mounted under
        path = re.sub(r"{(\w+)(?::\w+)?}", lambda m: values.get(m[1], "1"), route.path or "/")
        found += [(method, path) for method in route.methods or ()]
    return [
        *sorted(set(found)),
        ("GET", "/no/such/page"),
        ("GET", "/api/v1/no-such"),
        ("DELETE", "/login"),
        ("GET", "/openapi.json"),
        ("GET", "/search?q=%E5%90%88%E5%90%8C"),
        ("GET", "/api/v1/search?q=x&cursor=broken"),
    ]


def check(method: str, path: str, answer: Any) -> list[str]:
    headers = answer.headers
    policy = headers.get("content-security-policy", "")
    is_login_form = (
        path in ("/login", "/login/code") and "<main" in answer.text and answer.is_success
    )
    wrong = [
        name
        for name, value in {
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "same-origin" if is_login_form else "no-referrer",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
        }.items()
        if headers.get(name) != value
    ]
    if policy != SANDBOX and (
        "default-src 'none'" not in policy
        or "script-src 'self';" not in policy
        or "unsafe" in policy
        or "frame-ancestors 'none'" not in policy
        or "base-uri 'none'" not in policy
        or "object-src 'none'" not in policy
    ):
        wrong.append("content-security-policy")
    if not re.search(r"no-store|no-cache|immutable", headers.get("cache-control", "")):
        wrong.append("cache-control")
    if "server" in headers or "x-powered-by" in headers:
        wrong.append("names the server")
    if "text/html" in headers.get("content-type", "") and (found := INLINE.search(answer.text)):
        wrong.append(f"inline: {found[0]}")
    return [f"{method} {path} {answer.status_code}: {each}" for each in wrong]


@pytest.mark.parametrize("user", ["admin", "archivist", "agent", "auditor", None])
def test_every_route_answers_with_the_headers_and_without_inline_script(
    app: FastAPI, archive: Seeded, user: str | None
) -> None:
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    if user:
        fields = {"name": user, "password": PASSWORD}
        assert client.post("/login", data=fields).status_code == 303
    wrong, seen = [], 0
    for method, path in addresses(app, archive):
        if path in ("/logout",):
            continue
        answer = client.request(method, path)
        seen += 1
        wrong += check(method, path, answer)
    assert wrong == []
    assert seen > 80


def test_a_fault_of_ours_carries_them_too(app: FastAPI) -> None:
    client = TestClient(app, raise_server_exceptions=False)
    for headers in ({}, {"Accept": "application/json"}):
        answer = client.get("/test-that-fails", headers=headers)
        assert answer.status_code == 500
        assert check("GET", "/test-that-fails", answer) == []
        assert "as a fault" not in answer.text


def test_logging_out_clears_the_browser_s_copies(archive: Seeded, app: FastAPI) -> None:
    client = TestClient(app, follow_redirects=False)
    login = accounts.log_in(archive.context, name="agent", password=PASSWORD, remote="")
    client.cookies.set("dossier_session", login.secret)
    answer = client.post("/logout", headers={"x-csrf-token": login.csrf})
    assert answer.headers["clear-site-data"] == '"cache", "storage"'


def test_static_files_are_sent_as_what_they_are(app: FastAPI) -> None:
    client = TestClient(app)
    page = client.get("/login").text
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        answer = client.get(address)
        assert answer.status_code == 200
        assert check("GET", address, answer) == []
