"""Over 200 secrets are seeded; all that each role can reach is searched for those it may not see."""

from __future__ import annotations

import html
import io
import logging
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select
from typer.testing import CliRunner

from dossier.adapters.rapidocr import RapidOcrEngine
from dossier.asgi import create_app
from dossier.cli.commands import app as commands
from dossier.db.tables import User
from dossier.services.door import Arrival
from dossier.services.sessions import open_session
from dossier.web import SESSION_COOKIE
from tests import support_access_rules as rules
from tests.integration import secret_facts
from tests.support_list_files import clear
from tests.support_secrets import PERSONAL, SETUP, Secret, Secrets, secret_archive
from tests.support_seeded import csrf_token

SCOPED = sorted(user for user in rules.users() if user.endswith(rules.EAST_ONLY))
CRAWLED = sorted({rules.permissions(user): user for user in reversed(SCOPED)}.values())
"""One of each kind of role: each has own papers and foreign ones."""
COMMANDING = [f"{role}{rules.EAST_ONLY}" for role in ("administrator", "agent", "archivist")]
MOST_ALIKE = 2
"""Addresses of one kind that are followed: links of paged and filtered lists combine without end."""
NAMED = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?:YK|GD)?[0-9]+|(?<=/rules/).+")
PAGES = {
    "/customers/*": {"read_customer"}, "/documents/*": {"read_content"},
    "/customers/*/completeness": {"read_customer"}, "/customers/*/verification": {"read_customer"},
    "/verification": {"read_customer"}, "/verification/contacts": {"read_customer"},
    "/verification/corrections": {"read_customer"}, "/verification/campaigns/*": {"read_customer"},
    "/verification/differences": {"settle_differences"}, "/late-papers": {"read_customer"},
    "/rescans": {"read_customer"}, "/incomplete": {"read_customer"}, "/loans": {"borrow"},
    "/loans/waiting": {"lend"}, "/audit": {"read_audit"}, "/anomalies": {"read_audit"},
    "/intake": {"see_intake"}, "/assign": {"assign"},
}  # fmt: skip
"""Pages that the crawl must have come to by links, and a permission that opens them."""
LINK = re.compile(r'(?:href|src|hx-get|data-src)="([^"#]+)')
NOT_FOLLOWED = ("/language/", "/static/", "/logout", "/login")
SAID = ("image/", "font/", "application/vnd")


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secrets]:
    with secret_archive(tmp_path_factory.mktemp("secrets") / "home") as made:
        secret_facts.add(made)
        yield made


@pytest.fixture(scope="module")
def app(secrets: Secrets) -> FastAPI:
    return create_app(secrets.seeded.context)


def browser(app: FastAPI, secrets: Secrets, user: str) -> TestClient:
    context = secrets.seeded.context
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    with context.writing(SETUP) as session:
        row = session.scalars(select(User).where(User.name == user)).one()
        login = open_session(context, session, row, Arrival())
    client.headers["cookie"] = f"{SESSION_COOKIE}={login.secret}"
    return client


def test_there_are_more_than_two_hundred_secrets_and_all_are_different(secrets: Secrets) -> None:
    assert len(secrets.all) > 200
    assert len({one.value for one in secrets.all}) == len(secrets.all)


@pytest.mark.parametrize("user", CRAWLED)
def test_a_crawl_of_all_links_and_the_openapi_finds_no_secret_that_the_role_may_not_see(
    secrets: Secrets, app: FastAPI, user: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client, hidden = browser(app, secrets, user), secrets.hidden_from(user)
    found: set[str] = set()
    asked = list(questions(secrets))
    typed = " ".join(each for url in asked for _, each in parse_qsl(urlsplit(url).query))
    waiting, seen = ["/", *described(app, secrets), *asked], set[str]()
    alike: Counter[str] = Counter()
    while waiting:
        url = waiting.pop(0)
        if url in seen:
            continue
        seen.add(url)
        answer = client.get(url)
        assert answer.status_code < 500, url
        if not answer.headers.get("content-type", "").startswith(SAID):
            offers_own = not url.startswith("/api/") or "suggest" in url  # one's last searches
            lying = leaks(answer.text, url, hidden, typed=typed if offers_own else "")
            found |= {f"{url}: {lies}" for lies in lying}
            for link in links(answer.text, url):
                if link not in seen and alike[kind_of(link)] < MOST_ALIKE:
                    alike[kind_of(link)] += 1
                    waiting.append(link)
    assert sorted(found) == []
    told = "\n".join(one.getMessage() for one in caplog.records if not one.name.startswith("httpx"))
    assert [one.lies for one in secrets.all if one.value in told] == []
    assert len(seen) > 100
    reached = {kind_of(url) for url in seen}
    assert {page for page, needs in PAGES.items() if needs & rules.permissions(user)} <= reached


def kind_of(url: str) -> str:
    """An address without what it names: pages of one kind are alike."""
    return NAMED.sub("*", urlsplit(url).path)


def described(app: FastAPI, secrets: Secrets) -> Iterator[str]:
    """Each address of the OpenAPI that reads, for own and foreign things."""
    for path, methods in app.openapi()["paths"].items():
        if "get" not in methods:
            continue
        for whose in ("east", "west"):
            for paper in secrets.papers[whose][:2]:
                number = secrets.people[whose][0]["customer_no"]
                yield path.format_map(
                    dict.fromkeys(re.findall(r"{(\w+)}", path), "1")
                    | {"customer_no": number, "document_id": paper}
                )


def questions(secrets: Secrets) -> Iterator[str]:
    """Searches for every kind of secret of an own and a foreign person."""
    facets = "type,category,station,line,district,year,state,status"
    for whose in ("east", "west"):
        person = secrets.people[whose][0]
        for kind, value in person.items():
            yield f"/api/v1/search?{urlencode({'q': value, 'facets': facets})}"
            if kind in PERSONAL:
                yield f"/api/v1/suggest?{urlencode({'q': value[: len(value) // 2 + 1]})}"
                yield f"/search?{urlencode({'q': value})}"
        yield f"/api/v1/audit?actor=colleague_{whose}"
    yield from (
        "/api/v1/search?q=合同&size=100",
        "/api/v1/search?q=&cursor=broken",
        "/api/v1/intake",
    )
    yield from ("/api/v1/nothing", "/nothing", "/metrics", "/readyz", "/openapi.json")


def links(page: str, url: str) -> Iterator[str]:
    """The page's links that stay with us."""
    for found in LINK.findall(page):
        address = urlsplit(urljoin(f"http://testserver{url}", html.unescape(found)))
        if address.netloc == "testserver" and not address.path.startswith(NOT_FOLLOWED):
            yield address.path + (f"?{address.query}" if address.query else "")


def leaks(said: str, url: str, hidden: list[Secret], *, typed: str = "") -> list[str]:
    """Kinds of the secrets in what was said, without those that were asked with."""
    asked = unquote(urlsplit(url).path) + " ".join(v for _, v in parse_qsl(urlsplit(url).query))
    told = unquote(said)
    return [one.lies for one in hidden if one.value in told and one.value not in asked + typed]


def test_the_crawl_would_find_them(secrets: Secrets, app: FastAPI) -> None:
    """Who may see everything finds every kind of secret at the same addresses."""
    client = browser(app, secrets, "archivist")
    person = secrets.people["west"][0]
    paper = secrets.papers["west"][0]
    said = "".join(
        client.get(url).text
        for url in (
            f"/customers/{person['customer_no']}",
            f"/documents/{paper}",
            f"/api/v1/documents/{paper}",
            f"/api/v1/customers/{person['customer_no']}",
            "/api/v1/intake?size=200",
        )
    )
    lacking = {kind for kind, value in person.items() if value not in said}
    assert lacking <= {"old_phone", "note_word"}


@pytest.mark.parametrize("user", CRAWLED)
def test_saved_files_and_prints_tell_no_secret_that_the_role_may_not_see(
    secrets: Secrets, app: FastAPI, user: str
) -> None:
    """What is made by a form: no link leads there, and a workbook has to be opened to be searched."""
    client, may = browser(app, secrets, user), rules.permissions(user)
    said = list(saved(client, secrets))
    found = {
        f"{kind}: {one.lies}"
        for kind, text in said
        for one in secrets.hidden_from(user)
        if one.value in text
    }
    assert sorted(found) == []
    needs = {"list": "export", "record": "read_audit", "print": "print"}
    assert {kind for kind, permission in needs.items() if permission in may} <= {
        kind for kind, _ in said
    }


def saved(client: TestClient, secrets: Secrets) -> Iterator[tuple[str, str]]:
    """The list of hits and the record of looks as workbooks, and papers' sheets; what is given."""
    form = {"csrf_token": csrf_token(client.get("/account").text), "purpose": "核对"}
    for name in ("", *(people[0]["name"] for people in secrets.people.values())):
        page = client.post("/search/export", data={**form, "search": urlencode({"q": name})})
        password = re.search(r'id="password">([^<]+)<', page.text)
        link = re.search(r'href="(/search/export/[^"]+)"', page.text)
        if password and link:
            file = client.get(link.group(1)).content
            yield "list", told(clear(file, password.group(1)))
    record = client.post("/audit/export", data={**form, "format": "xlsx"})
    if record.status_code == 200:
        yield "record", told(record.content)
    for papers in secrets.papers.values():
        sheets = client.post(f"/documents/{papers[0]}/print", data=form)
        if sheets.status_code == 200:
            yield "print", sheets.text


def told(workbook: bytes) -> str:
    """Every part of a workbook, the properties too."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        return "".join(parts.read(name).decode(errors="replace") for name in parts.namelist())


@pytest.mark.parametrize("user", ["agent", "archivist"])
def test_an_ocr_of_the_picture_reads_what_the_role_may_see_and_no_more(
    secrets: Secrets, app: FastAPI, user: str, tmp_path: Path
) -> None:
    client, engine = browser(app, secrets, user), RapidOcrEngine()
    person, paper = secrets.people["west"][0], secrets.papers["west"][0]
    answer = client.get(f"/documents/{paper}/pages/1/image?width=1100")
    picture = tmp_path / "page.png"
    Image.open(io.BytesIO(answer.content)).convert("RGB").save(picture)
    read = "".join(engine.read(picture, page_number=1).text.split())
    assert person["page_word"] in read
    values = {kind: person[kind] for kind in ("phone", "id_no", "account", "hidden_address")}
    found = {kind for kind, value in values.items() if value in read or value[:-4] in read}
    may = "see_clear" in rules.permissions(user)
    assert found == (set(values) if may else set())


@pytest.mark.parametrize("user", COMMANDING)
def test_no_command_as_a_user_tells_what_the_user_may_not_see(
    secrets: Secrets, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOSSIER_HOME", str(secrets.seeded.context.settings.home))
    hidden = secrets.hidden_from(user)
    for whose in ("east", "west"):
        person = secrets.people[whose][0]
        for q in ("低压供用电合同", person["name"], person["id_no"], person["page_word"]):
            for more in ((), ("--json",)):
                done = CliRunner().invoke(commands, ["search", q, "--as", user, *more])
                said = done.output + done.stderr
                assert leaks(said, f"/?q={quote(q)}", hidden) == [], (q, user)


@pytest.mark.parametrize(
    "command",
    ["doctor", "doctor --json", "reconcile", "reconcile --json", "user list", "session list",
     "verify", "search", "search x --as nobody-of-this-name", "import customers /no/such/file"],
)  # fmt: skip
def test_commands_of_the_house_tell_nothing_of_anybody(
    secrets: Secrets, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOSSIER_HOME", str(secrets.seeded.context.settings.home))
    done = CliRunner().invoke(commands, command.split())
    said = done.output + done.stderr + str(done.exception or "")
    assert [one.lies for one in secrets.all if one.value in said] == []
    assert said


def test_personal_numbers_lie_encrypted_or_hashed_in_the_register_and_the_index(
    secrets: Secrets,
) -> None:
    """What lies in clear on disk, and why, is told in docs/security.md ("On the disk")."""
    home = secrets.seeded.context.settings.home
    index = b"".join(each.read_bytes() for each in home.glob("index/**/*") if each.is_file())
    assert index
    numbers = [one for one in secrets.all if one.lies in ("id_no", "account")]
    assert [one.lies for one in numbers if one.value.lower().encode() in index.lower()] == []
