"""The archive of the golden queries, filled once per engine and asked through the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from dossier.bootstrap import build
from dossier.db import outbox
from dossier.db.tables import (
    Content,
    Customer,
    CustomerNumber,
    CustomerPast,
    District,
    Document,
    Identifier,
    Line,
    OrgUnit,
    Page,
    new_id,
)
from dossier.rules import identifiers
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import system_viewer
from tests.support_engines import ENGINES, new_place
from tests.support_seeded import opened

SETUP = system_viewer("test")
ARCHIVE = Path(__file__).parent / "archive.yaml"
STATIONS = {"east": "东山供电所", "west": "西河供电所"}
ROLES = {
    "archivist": ("archivist", None),
    "agent": ("agent", None),
    "administrator": ("administrator", None),
    "archivist_west": ("archivist", STATIONS["west"]),
    "agent_east": ("agent", STATIONS["east"]),
}
"""As whom a query is asked: role and unit (None: the whole company)."""
OWN_PLACES = "name: organisation_names\nsource: tests\neffective_from: 2026-01-01\nregion: 应城\n"
"""A town that the built-in rules do not know, as an archive adds it."""
NO_BYTES = "0" * 64


@dataclass
class GoldenArchive:
    """The filled archive: ids to the names that queries.csv uses, and a way to ask."""

    context: Context
    client: TestClient | None = None
    names: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(self, query: str, who: str, **parameters: Any) -> dict[str, Any]:
        """The API's answer."""
        assert self.client is not None
        answer = self.client.get(
            "/api/v1/search",
            params={"q": query, "size": 100, **parameters},
            headers={"Authorization": f"Bearer {self.tokens[who]}"},
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def hits(self, answer: dict[str, Any]) -> list[str]:
        """Names of the customers, and of papers of nobody, in order."""
        found = []
        for hit in answer["hits"]:
            customer = hit["customer"]
            key = customer["customer_no"] if customer else hit["documents"][0]["id"]
            found.append(self.names[key])
        return found

    def likenesses(self, answer: dict[str, Any]) -> set[str]:
        """Which words are matched by what is like them, and on which paper."""
        return {
            f"{self.names[document['id']]} {like['label']}"
            for hit in answer["hits"]
            for document in hit["documents"]
            for like in document["like"]
        }

    def papers(self, answer: dict[str, Any]) -> set[str]:
        """Names of the papers shown (no customer here has more than are shown)."""
        return {
            self.names[document["id"]] for hit in answer["hits"] for document in hit["documents"]
        }


@pytest.fixture(scope="session", params=ENGINES)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """Settings that choose the engine."""
    place = new_place(request.param, tmp_path_factory.mktemp("place") / "index")
    yield place.settings()
    place.remove()


@pytest.fixture(scope="session")
def golden(engine: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The archive on an engine."""
    with _opened(tmp_path_factory.mktemp("golden"), engine) as archive:
        yield archive


@contextmanager
def _opened(home: Path, engine: dict[str, Any]) -> Iterator[GoldenArchive]:
    rules = home / "rulebook"
    rules.mkdir(parents=True)
    (rules / "organisation_names.yaml").write_text(OWN_PLACES, encoding="utf-8")
    archive = GoldenArchive(build(Settings(home=home, workers=1, even_out_ms=0, **engine)))
    told = yaml.safe_load(ARCHIVE.read_text(encoding="utf-8"))
    with opened(archive, ROLES, fill=lambda: _fill(archive, told)):
        yield archive


def _fill(archive: GoldenArchive, told: dict[str, Any]) -> None:
    context = archive.context
    numbers = {name: entry["number"] for name, entry in told["customers"].items()}
    archive.names.update({number: name for name, number in numbers.items()})
    with context.writing(SETUP) as session:
        units = {key: OrgUnit(name=name) for key, name in STATIONS.items()}
        session.add_all([*units.values(), _no_bytes(context)])
        session.flush()
        places = _add_places(session, told["places"], units)
        for rowid, entry in enumerate(told["customers"].values(), 1):
            where = {"unit_id": units[entry["at"]].id, **places.get(entry.get("place"), {})}
            _add_customer(context, session, rowid, entry, where)
        for rowid, (name, entry) in enumerate(told["documents"].items(), 1):
            owner = told["customers"].get(entry["of"])
            unit_id = units[owner["at"]].id if owner else None
            number = numbers.get(entry["of"])
            key = _add_document(context, session, rowid, entry, number, unit_id)
            archive.names[key] = name


def _add_places(
    session: Any, told: dict[str, Any], units: dict[str, OrgUnit]
) -> dict[str, dict[str, int]]:
    """Where customers of a line or district belong, by its key in archive.yaml."""
    where: dict[str, dict[str, int]] = {}
    for key, entry in told["lines"].items():
        line = Line(name=entry["name"], unit_id=units[entry["at"]].id)
        session.add(line)
        session.flush()
        where[key] = {"unit_id": line.unit_id or 0, "line_id": line.id}
    for key, entry in told["districts"].items():
        above = where[entry["line"]]
        district = District(name=entry["name"], **above)
        session.add(district)
        session.flush()
        where[key] = {**above, "district_id": district.id}
    return where


def _no_bytes(context: Context) -> Content:
    return Content(sha256=NO_BYTES, size_bytes=1, stored_at=context.clock.now())


def _add_customer(
    context: Context, session: Any, rowid: int, entry: dict[str, Any], where: dict[str, int]
) -> None:
    now, number = context.clock.now(), entry["number"]
    session.add(
        Customer(
            customer_no=number, rowid=rowid, name=entry["name"], name_key=entry["name"],
            category=entry.get("category", "LR"), status=entry.get("status", "active"),
            address=entry.get("address", ""), updated_at=now, **where,
        )
    )  # fmt: skip
    session.flush()
    for kind, name in (("phone", "phones"), ("meter", "meters"), ("old_no", "old")):
        for value in entry.get(name, ()):
            key = identifiers.compact(value).upper()
            session.add(CustomerNumber(customer_no=number, kind=kind, value=value, key=key))
    for value in entry.get("ids", ()):
        session.add(
            Identifier(
                customer_no=number, kind="id_no", hmac=context.keyring.hash(value),
                encrypted=context.keyring.encrypt(value), last4=value[-4:],
            )
        )  # fmt: skip
    for former in entry.get("former", ()):
        past = CustomerPast(
            customer_no=number, record={"name": former}, valid_from=now, valid_to=now
        )
        session.add(past)
    outbox.mark_changed(session, outbox.CUSTOMERS, [number], at=now)


def _add_document(
    context: Context,
    session: Any,
    rowid: int,
    entry: dict[str, Any],
    customer_no: str | None,
    unit_id: int | None,
) -> str:
    now, key = context.clock.now(), new_id()
    day = entry["date"]
    assert isinstance(day, date)
    session.add(
        Document(
            id=key, rowid=rowid, customer_no=customer_no, type_code=entry["type"] or None,
            title=entry["title"], state="filed" if customer_no else "to_assign", captured_at=now,
            doc_date=day, case_no=entry.get("case"), reference_code=entry.get("code"),
            secrecy=entry.get("secrecy", 0), unit_id=unit_id, sha256=NO_BYTES,
            page_count=len(entry["pages"]), file_name=entry.get("file", ""),
        )
    )  # fmt: skip
    session.flush()
    for number, text in enumerate(entry["pages"], 1):
        session.add(Page(document_id=key, number=number, text=text))
    outbox.mark_changed(session, outbox.DOCUMENTS, [key], at=now)
    return key
