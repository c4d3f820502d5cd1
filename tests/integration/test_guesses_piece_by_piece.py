"""Who sees a value masked learns nothing of it by asking: right and wrong guesses answer alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from dossier.bootstrap import build
from dossier.db import outbox
from dossier.db.tables import (
    Content,
    Customer,
    CustomerPast,
    Document,
    Identifier,
    OrgUnit,
    Page,
    new_id,
)
from dossier.settings import Settings
from tests.support_engines import ENGINES, new_place
from tests.support_seeded import SETUP, Seeded, opened

CODE = "91999900MA08EEBA05"
STREET = "光明巷"
FORMER = "望江村旧屋838"
PAGE = """租赁证明
用电地址：{street}225号12栋3单元422室
原住{former}
统一社会信用代码 {spaced}
押金 4500 元，10kV 2号变压器，2025年装
""".format(street=STREET, former=FORMER, spaced="91999900 MA08 EEBA05")
TAIL = "225号12栋3单元422室"
# What stands masked, and what could as well stand there.
GUESSES = {
    "225": "226", "12": "13", "422": "423", "三单元": "四单元", "3单元": "4单元",
    "225号": "226号", "12栋": "13栋", "422室": "423室", "225号12栋": "225号13栋",
    "12栋3单元": "12栋4单元", "3单元422室": "3单元423室", TAIL: TAIL.replace("422", "423"),
    STREET + "225": STREET + "226", STREET + "225号": STREET + "226号", "号12栋": "号13栋",
    STREET + TAIL: STREET + TAIL.replace("12栋", "13栋"),
    "225-12-3-422": "225-12-3-423", "12-3-422": "12-3-423", "12#422": "12#423", "元422": "元423",
    "旧屋838": "旧屋839", "838": "839", FORMER: FORMER[:-1] + "9",
    "9199": "9198", "91999900": "91999901", "MA08": "MA09", "EEBA05": "EEBA06", "EEBA": "EEBB",
    "柳如烟": "柳如云", "柳": "杨", "scan_7731": "scan_7732", "7731": "7732", "sca": "scb",
    "3300": "3301", "330020.pdf": "330021.pdf", "MA08EEBA": "MA08EEBB", "91999900MA08": "91999900MA09", "91999900 MA08": "91999900 MA09",
}  # fmt: skip
WAYS = (
    "{}", '"{}"', "文件名:{}", "正文:{}", "地址:{}", "题名:{}", "租赁证明 {}",
    STREET + " {}", STREET + " -{}", "-{}", "{} OR 查无此词", "({} 租赁证明)",
    "证件:{}", "4500 {}", "表号:{}", "{}的",
)  # fmt: skip
FACETS = "type,category,station,line,district,year,month,state,status"


def _fill(archive: Seeded) -> None:
    context = archive.context
    with context.writing(SETUP) as session:
        unit = OrgUnit(name="东山供电所")
        session.add_all(
            [unit, Content(sha256="0" * 64, size_bytes=1, stored_at=context.clock.now())]
        )
        session.flush()
        now, key = context.clock.now(), new_id()
        archive.documents["paper"] = key
        session.add(
            Customer(
                customer_no="4200000041", rowid=1, name="佘太君", name_key="佘太君", category="LR",
                status="active", address=STREET + TAIL, unit_id=unit.id, updated_at=now,
            )
        )  # fmt: skip
        session.flush()
        past = CustomerPast(
            customer_no="4200000041", record={"address": FORMER}, valid_from=now, valid_to=now
        )
        hashed, encrypted = context.keyring.hash(CODE), context.keyring.encrypt(CODE)
        identity = Identifier(
            customer_no="4200000041", kind="uscc", hmac=hashed, encrypted=encrypted, last4=CODE[-4:]
        )
        document = Document(
            id=key, rowid=1, customer_no="4200000041", type_code="A09", state="filed", page_count=1,
            title=f"{STREET}225号租赁", captured_at=now, doc_date=date(2025, 2, 2), unit_id=unit.id,
            sha256="0" * 64, file_name="柳如烟 scan_7731 330020.pdf",
        )  # fmt: skip
        session.add_all([past, identity, document])
        session.flush()
        session.add(Page(document_id=key, number=1, text=PAGE))
        outbox.mark_changed(session, outbox.CUSTOMERS, ["4200000041"], at=now)
        outbox.mark_changed(session, outbox.DOCUMENTS, [key], at=now)


@pytest.fixture(scope="module", params=ENGINES)
def probed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seeded]:
    """An archive with one customer and one paper that says where it lives."""
    place = new_place(request.param, tmp_path_factory.mktemp("place") / "index")
    home = tmp_path_factory.mktemp("home")
    archive = Seeded(build(Settings(home=home, workers=1, even_out_ms=0, **place.settings())))
    roles = {"agent": ("agent", None), "archivist": ("archivist", None)}
    with opened(archive, roles, fill=lambda: _fill(archive)):
        yield archive
    place.remove()


def answers(archive: Seeded, who: str, typed: str) -> list[Any]:
    """What search and suggestions say to it, but for the words that were typed themselves."""
    found = archive.get("/api/v1/search", who, params={"q": typed, "facets": FACETS}).json()
    found.pop("took_ms")
    found["did_you_mean"] = [{**near, "q": ""} for near in found["did_you_mean"]]
    return [found, archive.get("/api/v1/suggest", who, params={"q": typed}).json()]


def marks(archive: Seeded, who: str, typed: str) -> list[str]:
    """What an opened paper says to it: marks in its text, boxes on its picture."""
    paper = f"/api/v1/documents/{archive.documents['paper']}"
    doors = ("text", "pages/1/boxes")
    return [archive.get(f"{paper}/{door}", who, params={"q": typed}).text for door in doors]


@pytest.fixture
def pairs(request: pytest.FixtureRequest, way: str) -> list[tuple[str, str]]:
    """All guesses on the embedded engine; the two Elasticsearch, which answer slower, share half."""
    engine, turn = request.node.callspec.params["probed"], WAYS.index(way)
    shares = {
        "elasticsearch-8": slice(turn % 4, None, 4),
        "elasticsearch-9": slice((turn + 2) % 4, None, 4),
    }
    return list(GUESSES.items())[shares.get(engine, slice(None))]


@pytest.mark.parametrize("way", WAYS)
def test_a_right_guess_is_answered_as_a_wrong_one(
    probed: Seeded, way: str, pairs: list[tuple[str, str]]
) -> None:
    for right, wrong in pairs:
        told = [answers(probed, "agent", way.format(guess)) for guess in (right, wrong)]
        assert told[0] == told[1], way.format(right)


def test_an_opened_paper_marks_a_right_guess_no_more_than_a_wrong_one(probed: Seeded) -> None:
    for right, wrong in GUESSES.items():
        assert marks(probed, "agent", right) == marks(probed, "agent", wrong), right


def test_each_guess_that_is_right_is_found_by_who_sees_it_in_clear(probed: Seeded) -> None:
    """Else the test above would hold for an archive in which nothing is found."""
    for right in set(GUESSES) - {"三单元", "12#422"}:
        assert answers(probed, "archivist", right)[0]["total"] == 1, right


@pytest.mark.parametrize(
    "typed",
    [STREET, "租赁证明", "4500", "10kV", "2号变压器", "2025年", "2025年装", "押金 4500", CODE],
)
def test_what_the_agent_reads_on_the_page_the_agent_finds(probed: Seeded, typed: str) -> None:
    assert answers(probed, "agent", typed)[0]["total"] == 1
