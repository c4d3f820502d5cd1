"""An opened archive with a user for each role and scope, and ways to ask it as the tables say."""

from __future__ import annotations

import hashlib
import html
import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select

from dossier.asgi import create_app
from dossier.db.anomaly_tables import Anomaly, WatchedName
from dossier.db.tables import Document, Intake, OrgUnit, User, new_id
from dossier.services import kept_searches
from dossier.services.door import Arrival, digest
from dossier.services.sessions import Login, open_session
from dossier.services.tokens import make_token
from dossier.web import CSRF_HEADER, SESSION_COOKIE
from tests import support_access_rules as rules
from tests import support_list_files as list_files
from tests.support_access_rules import NOBODY, Route
from tests.support_seeded import (
    EAST,
    INK,
    SETUP,
    WEST,
    Person,
    Seeded,
    add_document,
    seeded_archive,
)
from tests.support_seeded import NOBODY as OF_NOBODY

PEOPLE = {"east": EAST, "west": WEST}
MARKS = {"east": "云杉条款", "west": "白桦条款", "absent": "水曲条款"}
"""A word that stands on one page only of each station's papers, and one that stands nowhere."""
ABSENT_ID = "00000000-0000-7000-8000-000000000000"
CONTACT = {
    value
    for person in PEOPLE.values()
    for value in (person.phone, person.phone[3:7] + person.phone[7:], person.hidden_address)
}
"""What crews and district managers see for their work."""
COLLEAGUES = {"east": "colleague_east", "west": "colleague_west"}
SHORTEST_ASKED = 4
"""Characters of a part of an address that is no word of the page itself."""
TIMES = re.compile(
    r'"(?:took_ms|lag_seconds)":[\d.]+|用时 \d+ 毫秒|最早 [\d.]+ 秒前|\d{8}-\d{6}(?=\.)'
)
MEDIA = ("image/jpeg", "image/png")
ABSENT_NO = 999_999
"""Id of a unit, and of a change of the organisation, that there is not."""


@dataclass(frozen=True)
class Request:
    """What is sent."""

    method: str
    url: str
    form: dict[str, Any] | None = None
    body: dict[str, Any] | None = None


@dataclass(frozen=True)
class Probe:
    """A question whose answer shows something of one station's: an output of a kind."""

    kind: str
    name: str
    url: str
    needs: frozenset[str]
    shows: str
    """What stands in the answer when it is shown; empty: a picture, bytes or a list with rows."""


def _probe(kind: str, url: str, needs: str, shows: str = "") -> Probe:
    name = url.split("?")[0].replace("/", ".").strip(".")
    return Probe(kind, name, url, frozenset(needs.split(",")), shows)


DOCUMENT = "/documents/{paper}"
PROBES = (
    _probe("row", "/api/v1/customers/{no}", "read_customer", '"customer_no":"{no}"'),
    _probe("row", "/customers/{no}", "read_customer", "{no}"),
    _probe("row", "/api/v1/customers/{no}/documents", "read_customer", "{paper}"),
    _probe("row", "/api/v1/documents/{paper}", "read_customer", "{no}"),
    _probe("row", "/api/v1/search?q={no}", "search", '"customer_no":"{no}"'),
    _probe("row", "/search?q={no}", "search", "/customers/{no}"),
    _probe("row", "/api/v1/intake", "see_intake", "{paper}"),
    _probe("count", "/api/v1/search?q={no}&size=1", "search", '"total":1,'),
    _probe("count", "/api/v1/search?q={meter}", "search", '"total":1,'),
    _probe("count", "/search?q={meter}", "search", "/customers/{no}"),
    _probe("facet", "/api/v1/search?q=&facets=station,line,district", "search", "{unit}"),
    _probe("facet", "/api/v1/search?q={line}&facets=line", "search", '"label":"{line}"'),
    _probe("suggestion", "/api/v1/suggest?q={part}", "search", '"value":"{no}"'),
    _probe("suggestion", "/suggest?q={part}", "search", "/customers/{no}"),
    _probe("suggestion", "/api/v1/suggest?q={beginning}", "search", "{unit}"),
    _probe("snippet", "/api/v1/search?q={mark}", "search,read_content", "{paper}"),
    _probe("snippet", "/search?q={mark}", "search,read_content", "{paper}"),
    _probe("picture", f"/api/v1{DOCUMENT}/pages/1/image?width=300", "read_content"),
    _probe("picture", f"{DOCUMENT}/pages/1/image?width=300", "read_content"),
    _probe("picture", f"{DOCUMENT}/pages/1/strip?q={{mark}}", "read_content"),
    _probe("text", f"/api/v1{DOCUMENT}/text", "read_content", "{mark}"),
    _probe("text", f"{DOCUMENT}", "read_content,read_customer", "{mark}"),
    _probe("text", f"/api/v1{DOCUMENT}/pages/1/boxes?q={{mark}}", "read_content", '"boxes":[['),
    _probe("download", f"/api/v1{DOCUMENT}/original", "read_original"),
    _probe("download", f"{DOCUMENT}/original", "read_original"),
    _probe("export", "/api/v1/search/export?q={no}", "export,search", "{no}"),
    _probe("export", "/api/v1/search/export?q={mark}", "export,search,read_content", "{no}"),
    _probe("error", "/api/v1/search?q={no}&cursor=broken", "search"),
    _probe("error", "/search?q={no}&cursor=broken", "search"),
    _probe("error", "/api/v1/suggest?q={part}&size=99", "search"),
    _probe("error", "/api/v1/search/export/{paper}", "export"),
    _probe("error", "/api/v1/customers/{no}/documents?cursor=broken&size=0", "read_customer"),
    _probe("error", "/api/v1/documents/{paper}/pages/1/image?width=1", "read_content"),
)  # fmt: skip


@dataclass
class House:
    """The archive, its users' ways in, and its application."""

    seeded: Seeded
    app: FastAPI
    client: TestClient
    users: dict[str, str] = field(default_factory=dict)
    logins: dict[str, Login] = field(default_factory=dict)
    _now: Any = None
    _before: Any = None
    _absent: dict[tuple[str, str], Any] = field(default_factory=dict)

    # -- asking

    def ask(self, route: Route, user: str, target: str, *, by_token: bool = False) -> Any:
        return self.send(self.request(route, user, target), user, route, by_token=by_token)

    def send(self, request: Request, user: str, route: Route, *, by_token: bool = False) -> Any:
        by_token = by_token or (route.path.startswith("/api/") and "session" not in route.needs)
        answer = self._send(request, user, by_token=by_token)
        if route.path == "/logout":
            self.logins.pop(user, None)
        return answer

    def _send(self, request: Request, user: str, *, by_token: bool) -> Any:
        headers = {}
        if user != NOBODY and by_token:
            headers["authorization"] = f"Bearer {self.seeded.tokens[user]}"
        elif user != NOBODY:
            login = self.login(user)
            headers["cookie"] = f"{SESSION_COOKIE}={login.secret}"
            headers[CSRF_HEADER] = login.csrf
        return self.client.request(
            request.method, request.url, headers=headers, data=request.form, json=request.body
        )

    def login(self, user: str) -> Login:
        """The user's browser session."""
        if user not in self.logins:
            self.logins[user] = self.fresh_login(user)
        return self.logins[user]

    def fresh_login(self, user: str) -> Login:
        context = self.seeded.context
        with context.writing(SETUP) as session:
            row = session.get_one(User, self.users[user])
            return open_session(context, session, row, Arrival(remote="testclient"))

    def probe(self, probe: Probe, user: str, whose: str) -> Any:
        if probe.kind == "suggestion":  # one's own last searches are offered, whatever they found
            viewer = replace(SETUP, id=self.users.get(user, ""))
            kept_searches.forget_recent(self.seeded.context, viewer)
        if probe.kind == "export":
            return self._exported(probe, user, whose)
        values = {name: quote(value) for name, value in self._values(whose).items()}
        request = Request("GET", probe.url.format(**values))
        return self._send(request, user, by_token=probe.url.startswith("/api/"))

    def _exported(self, probe: Probe, user: str, whose: str) -> Any:
        """What stands in the file of a list, as an answer; or why there is none."""
        q = probe.url.partition("?q=")[2].format(**self._values(whose))
        body = {"q": q, "purpose": "核对"}
        made = self._send(Request("POST", list_files.PATH, body=body), user, by_token=True)
        if made.status_code != 201:
            return made
        file = self._send(Request("GET", made.json()["href"]), user, by_token=True)
        rows = list_files.opened(file.content, made.json()["password"])
        return httpx.Response(file.status_code, text=str(rows), request=made.request)

    # -- what is sent

    def request(self, route: Route, user: str, target: str) -> Request:
        """The route's request, with fresh things of one's own where it names one."""
        thing = self._thing(route, user, target)
        number = PEOPLE[target].customer_no if target in PEOPLE else "9999999999"
        path = route.path.replace(":path", "").format(
            customer_no=number, document_id=thing, number=1, intake_id=thing, session_id=thing,
            token_id=thing, kept_id=thing, anomaly_id=thing, name_id=thing, code="zh_CN",
            grant_id=999_999, delegation_id=999_999, approval_id=thing, file_id=thing, loan_id=thing,
            name=thing, deed="disable", post_id=thing, kind="unit", place_id=ABSENT_NO,
            change_id=ABSENT_NO, waiver_id=ABSENT_ID, difference_id=ABSENT_ID, item_id=999_999,
            mandate_id=ABSENT_ID, campaign_id=ABSENT_ID, correction_id=ABSENT_ID,
            amendment_id=ABSENT_NO, rule_id="no-rule", case_no="K-0", page=1, move_id=999_999,
            finding_id=999_999, room="K99", what="cover", notice_id=ABSENT_ID, batch_id=ABSENT_ID,
        )  # fmt: skip
        if route.sent.startswith("?"):
            return Request(route.method, path + route.sent)
        sent = self._sent(route.sent, user, thing)
        if not route.changes or sent is None:
            return Request(route.method, path)
        return (
            Request(route.method, path, body=sent)
            if route.is_json
            else Request(route.method, path, form=sent)
        )

    def _sent(self, name: str, user: str, thing: str) -> dict[str, Any] | None:
        scope = sorted(rules.permissions(user) - {"anyone", "user", "session", "some", "whole"})
        return {
            "-": None,
            "nothing": {},
            "save": {"name": "合同", "q": "合同"},
            "save_page": {"name": "合同", "search": "/search?q=合同"},
            "day": {"doc_date": "2026-03-12"},
            "token": {"name": "x", "days": 1, "scope": scope[:1]},
            "key": {"token_id": thing},
            "login": {"session_id": thing},
            "code": {"code": "000000"},
            "purpose": {"purpose": "核对"},
            "word": {"values": [], "revision": 999_999},
            "word_back": {"revision": 999_999},
            "word_page": {"name": "name", "none": "1", "revision": "999999"},
            "cuts": {"parts": [{"pages": [1]}]},
            "cuts_page": {"order": "1", "start": "1"},
            "choose": {"customer_no": EAST.customer_no, "revision": 0},
            "last": {"last": f"{thing}.0"},
            "export": {"purpose": "核对", "format": "csv"},
            "note": {"note": "已核对"},
            "show": {"fields": ["phone"], "reason": "complaint"},
            "caller": {"kind": "phone", "last": "0000"},
            "list": {"q": "合同", "purpose": "核对"},
            "list_page": {"search": "q=合同", "purpose": "核对"},
            "waive": {"rule": "no-such-rule", "reason": "not_issued"},
            "name_check": {"result": "verified"},
            "attribute": {"name": "no such", "codes": []},
            "contact_check": {"outcome": "confirmed", "channel": "no such"},
            "mandate": {"account": "1", "account_name": "甲", "bank": "乙"},
            "tick": {"customer_no": "4900000003", "item": "bank", "reason": "试"},
            "difference": {"decision": "keep_ours", "reason": "核对"},
            "why": {"why": "重复"},
            "watch": {"kind": "celebrity", "name": "上官若水"},
        }[name]

    def _thing(self, route: Route, user: str, target: str) -> str:
        if target == "absent" or route.of in ("-", "list", "customer"):
            return ABSENT_ID
        makers: dict[str, Callable[[str, str], str]] = {
            "token": self._fresh_token,
            "login": self._fresh_session,
            "kept": self._fresh_search,
            "watched": self._fresh_name,
            "intake": lambda _, whose: self._intake(whose),
            "anomaly": lambda _, whose: self._anomaly(whose),
        }
        return makers.get(route.of, lambda _, whose: self.paper(whose))(user, target)

    def paper(self, whose: str) -> str:
        """The id of a station's paper, or of one that is nobody's."""
        return self.seeded.documents[whose]

    def _values(self, whose: str) -> dict[str, str]:
        person = PEOPLE.get(whose, ABSENT)
        return {
            "no": person.customer_no,
            "part": person.customer_no[:9],
            "paper": self.seeded.documents.get(whose, ABSENT_ID),
            "unit": person.unit,
            "beginning": person.unit[:2],
            "line": person.line,
            "meter": person.meter_no,
            "mark": MARKS[whose],
        }

    # -- things made for one case

    def _owner(self, user: str, target: str) -> str:
        return user if target == "mine" and user != NOBODY else COLLEAGUES["east"]

    def _fresh_token(self, user: str, target: str) -> str:
        return digest(make_token(self.seeded.context, SETUP, self._owner(user, target)))

    def _fresh_session(self, user: str, target: str) -> str:
        return digest(self.fresh_login(self._owner(user, target)).secret)

    def _fresh_search(self, user: str, target: str) -> str:
        viewer = replace(SETUP, id=self.users[self._owner(user, target)])
        return kept_searches.save(self.seeded.context, viewer, name="合同", q="合同", filters={}).id

    def _fresh_name(self, _user: str, _target: str) -> str:
        context, key = self.seeded.context, new_id()
        with context.writing(SETUP) as session:
            session.add(
                WatchedName(
                    id=key,
                    kind="celebrity",
                    key=key,
                    name=context.keyring.encrypt("上官若水"),
                    added_by="test",
                    added_at=context.clock.now(),
                )
            )
        return key

    def _intake(self, whose: str) -> str:
        with self.seeded.context.reading(SETUP) as session:
            query = select(Intake.id).where(Intake.document_id == self.paper(whose))
            return session.scalars(query).one()

    def _anomaly(self, whose: str) -> str:
        with self.seeded.context.reading(SETUP) as session:
            query = select(Anomaly.id).where(Anomaly.actor == self.users[COLLEAGUES[whose]])
            return session.scalars(query).one()

    # -- looking at answers

    def shows(self, probe: Probe, answer: Any, whose: str) -> bool:
        """Whether the answer shows what the probe asks for."""
        if answer.status_code >= 300:
            return False
        if probe.kind == "picture":
            return answer.headers["content-type"] in MEDIA and not _is_blank(answer)
        if probe.kind == "download":
            return answer.content == self.original(whose)
        return probe.shows.format(**self._values(whose)) in answer.text

    def original(self, whose: str) -> bytes:
        """The bytes of a station's paper."""
        context = self.seeded.context
        with context.reading(SETUP) as session:
            sha256 = session.get_one(Document, self.paper(whose)).sha256
        return Path(context.store.path(sha256)).read_bytes()

    def leaked(self, answer: Any, user: str) -> list[str]:
        """What stands in the answer and is not this user's to see."""
        if answer.headers.get("content-type") in MEDIA:
            return [] if "see_clear" in rules.permissions(user) else _ink(answer)
        said = _without_address(answer)
        return [secret for secret in self.hidden_from(user) if secret in said]

    def hidden_from(self, user: str) -> list[str]:
        """What no answer to this user may hold."""
        may = rules.permissions(user)
        hidden = [] if "see_clear" in may else [*EAST.secrets, *WEST.secrets, OF_NOBODY]
        if "see_contact" in may:
            hidden = [one for one in hidden if one not in CONTACT]
        if "read_content" not in may:
            hidden += [MARKS["east"], MARKS["west"]]
        if user.endswith(rules.EAST_ONLY) or user == NOBODY:
            hidden += [*WEST.secrets, WEST.customer_no, WEST.meter_no, WEST.unit, WEST.line]
            hidden += [WEST.district, MARKS["west"], self.paper("west"), self.paper("pool_west")]
        if "see_pool" not in may:
            hidden.append(OF_NOBODY)
        if (
            "see_pool" not in may and "read_audit" not in may
        ):  # the record names papers by their ids
            hidden += [self.paper(f"pool{end}") for end in ("", "_east", "_west")]
        return hidden

    def plain(self, answer: Any) -> str:
        """The answer without the address that was asked for and the time that it took."""
        said = _without_address(answer)
        return TIMES.sub("·", said)

    def of_absent(self, route: Route, user: str) -> Any:
        """The answer for what does not exist; asked for once."""
        key = (route.name, user)
        if key not in self._absent:
            self._absent[key] = self.ask(route, user, "absent")
        return self._absent[key]

    # -- what is on record

    @contextmanager
    def watched(self) -> Iterator[Callable[[], list[str]]]:
        """What is given tells which tables are not as they were at the beginning.

        As they were a transaction sees them that began before; they are compared only where
        something was committed meanwhile.
        """
        version = _version(self._now)
        self._before.execute("BEGIN")
        self._before.execute("SELECT count(*) FROM sqlite_master").fetchone()

        def changed() -> list[str]:
            if _version(self._now) == version:
                return []
            before = _digests(self._before)
            return [name for name, now in _digests(self._now).items() if before.get(name) != now]

        try:
            yield changed
        finally:
            self._before.execute("ROLLBACK")

    def served(self) -> set[str]:
        """Method and path of each route of the application."""
        return {
            f"{method} {each.path}"
            for each in iter_route_contexts(self.app.routes)
            if each.path != "/openapi.json" and not (each.path or "").startswith("/static")
            for method in (each.methods or ())
            if method != "HEAD"
        }


ABSENT = Person(
    customer_no="4900000003",
    name="端木清越",
    hidden_name="清越",
    phone="13811112222",
    id_no="999999199505050058",
    address="南原市望江路5号1栋1单元101室",
    hidden_address="1栋1单元101室",
    bank_account="6222020299999999995",
    meter_no="1300005555555555555555",
    unit="南原供电所",
    line="10kV南原线",
    district="望江路1号台区",
)
"""Nobody of this name is in the archive."""


def _version(watch: sqlite3.Connection) -> int:
    """Another one when somebody else committed something."""
    return int(watch.execute("PRAGMA data_version").fetchone()[0])


def _digests(watch: sqlite3.Connection) -> dict[str, str]:
    names = watch.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name: _digest(watch, name) for (name,) in names.fetchall()}


def _digest(watch: sqlite3.Connection, table: str) -> str:
    columns = [row[1] for row in watch.execute(f'PRAGMA table_info("{table}")')]
    kept = ", ".join(f'"{one}"' for one in columns if one != "seen_at")
    rows = watch.execute(f'SELECT {kept} FROM "{table}"').fetchall()
    return hashlib.sha256(repr(sorted(map(repr, rows))).encode()).hexdigest()


def _without_address(answer: Any) -> str:
    """Head and body without what was asked for, which links to other languages and logins repeat."""
    headers = {k: v for k, v in answer.headers.items() if k not in ("etag", "content-length")}
    said = f"{json.dumps(headers, sort_keys=True)}\n{answer.text}"
    url = answer.request.url
    asked = [*url.path.split("/"), *(value for _, value in url.params.multi_items())]
    for part in sorted((one for one in asked if len(one) >= SHORTEST_ASKED), key=len, reverse=True):
        for written in (part, quote(part), quote(quote(part)), html.escape(part)):
            said = said.replace(written, "·")
    return said


def _is_blank(answer: Any) -> bool:
    picture = Image.open(io.BytesIO(answer.content)).convert("L")
    return bool(np.asarray(picture).std() < 1)


def _ink(answer: Any) -> list[str]:
    """Whether the colour of masked characters is on a picture."""
    pixels = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"), dtype=int)
    return ["ink"] if (abs(pixels - INK) < 60).all(axis=2).any() else []


@contextmanager
def opened_house(home: Path) -> Iterator[House]:
    """Fill it, open both doors, and log everybody in."""
    colleagues = {"colleague_east": ("agent", EAST.unit), "colleague_west": ("agent", WEST.unit)}
    users: dict[str, tuple[str, str | None]] = {**rules.users(), **colleagues}
    with seeded_archive(home, users=users, more=_more) as seeded:
        app = create_app(seeded.context)
        client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
        house = House(seeded, app, client)
        house._now = sqlite3.connect(home / "dossier.db", isolation_level=None)
        house._before = sqlite3.connect(home / "dossier.db", isolation_level=None)
        with seeded.context.reading(SETUP) as session:
            house.users = dict(session.execute(select(User.name, User.id)).all())
        _add_anomalies(house)
        for user in rules.users():
            for by_token in (True, False):  # the first use is written down
                house._send(Request("GET", "/healthz"), user, by_token=by_token)
        try:
            yield house
        finally:
            house._now.close()
            house._before.close()


def _more(archive: Seeded) -> None:
    """A paper with a word of its own for each station, and papers of nobody in each."""
    context = archive.context
    with context.writing(SETUP) as session:
        for at, (whose, person) in enumerate(PEOPLE.items()):
            text = f"补充协议\n用电人：{person.name}\n{MARKS[whose]}"
            archive.documents[whose] = add_document(context, session, person, 40 + at, [text])
            unit = session.scalars(select(OrgUnit).where(OrgUnit.name == person.unit)).one()
            waiting = add_document(context, session, None, 50 + at, [f"登记表{at}"])
            session.get_one(Document, waiting).unit_id = unit.id
            archive.documents[f"pool_{whose}"] = waiting


def _add_anomalies(house: House) -> None:
    context = house.seeded.context
    now = context.clock.now()
    with context.writing(SETUP) as session:
        for name in COLLEAGUES.values():
            session.add(
                Anomaly(
                    rule="many_dossiers",
                    actor=house.users[name],
                    day=now.date(),
                    count=300,
                    allowed=200,
                    rule_from=now.date(),
                    first_event=1,
                    last_event=2,
                    found_at=now,
                )
            )
