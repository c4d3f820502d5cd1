"""Stations, lines and districts by name through every door, and only those of one's own scope."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from fastapi.testclient import TestClient

from dossier.asgi import create_app
from dossier.db import create_database, migrate
from dossier.db.tables import District, Line, OrgUnit
from dossier.services import accounts, place_names
from tests.support_list_files import exported
from tests.support_seeded import COMMON, EAST, WEST, Seeded, seeded_archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with (
        seeded_archive(tmp_path_factory.mktemp("places") / "home") as made,
        TestClient(create_app(made.context)) as client,
    ):
        made.client = client
        yield made


def asked(archive: Seeded, user: str, q: str) -> dict:
    answer = archive.get("/api/v1/search", user, params={"q": q})
    assert answer.status_code == 200, answer.text
    return answer.json()


def numbers(answer: dict) -> list[str]:
    return [hit["customer"]["customer_no"] for hit in answer["hits"] if hit["customer"]]


@pytest.mark.parametrize("name", [EAST.unit, EAST.line, EAST.district])
def test_a_place_by_its_name_gives_its_customers_and_says_why(archive: Seeded, name: str) -> None:
    answer = asked(archive, "archivist", name)
    assert EAST.customer_no in numbers(answer)
    assert WEST.customer_no not in numbers(answer)
    assert "place" in answer["hits"][0]["matched_on"]
    (place,) = answer["places"]
    assert place["text"] == name
    filtered = archive.get(
        "/api/v1/search", "archivist", params={f"filter.{place['facet']}": place["values"]}
    ).json()
    assert numbers(filtered) == [EAST.customer_no]


def test_a_unit_stands_for_the_units_below_it(archive: Seeded) -> None:
    found = numbers(asked(archive, "archivist", "供电所:示例供电公司"))
    assert sorted(found) == sorted([EAST.customer_no, WEST.customer_no])
    # A user of one station below knows neither the company's other stations nor its name.
    assert numbers(asked(archive, "agent_east", "供电所:示例供电公司")) == []


@pytest.mark.parametrize("name", [WEST.unit, WEST.line, WEST.district])
def test_a_place_elsewhere_is_a_word_like_any_other(archive: Seeded, name: str) -> None:
    there, nowhere = (asked(archive, "agent_east", q) for q in (name, "不知何处供电所"))
    for key in ("hits", "total", "places", "notes", "did_you_mean"):
        assert there[key] == nowhere[key]
    field, missing = (asked(archive, "agent_east", f"线路:{q}") for q in (WEST.line, "无此线"))
    assert field["notes"] == missing["notes"] == ["unknown_place"]
    offered = archive.get("/api/v1/suggest", "agent_east", params={"q": name}).json()["items"]
    assert offered == []


def test_places_are_offered_while_one_types(archive: Seeded) -> None:
    for length in range(len(EAST.unit), 1, -1):
        typed = {"q": EAST.unit[:length]}
        items = archive.get("/api/v1/suggest", "agent_east", params=typed).json()["items"]
        assert EAST.unit in [item["label"] for item in items if item["kind"] == "station"], typed
    (offer,) = [item for item in items if item["kind"] == "station"]
    assert offer["label"] == EAST.unit
    rows = archive.get("/suggest", "agent_east", params={"q": EAST.unit[:2]}).text
    assert f"/search?filter.station={offer['value']}" in rows


def test_a_station_is_offered_before_what_below_it_is_called_alike(archive: Seeded) -> None:
    asked = {"q": EAST.unit[:2]}
    items = archive.get("/api/v1/suggest", "agent_east", params=asked).json()["items"]
    places = [item["label"] for item in items if item["matched_on"] == "place"]
    assert places == [EAST.unit, EAST.line]


def test_the_file_of_the_list_understands_names_too(archive: Seeded) -> None:
    q = f"供电所:{WEST.unit[:2]} {COMMON}"
    rows = exported(archive.client, archive.tokens["archivist"], q)
    assert [row[0] for row in rows[1:]] == [WEST.customer_no]


def test_the_page_offers_the_place_as_a_filter(archive: Seeded) -> None:
    text = archive.get("/search", "archivist", params={"q": f"{EAST.line} {COMMON}"}).text
    link = re.search(r'href="(/search\?q=[^"]*filter\.line=\d+)">只看这里', text)
    assert link
    narrowed = archive.get(link[1].replace("&amp;", "&"), "archivist").text
    assert WEST.customer_no not in narrowed


def test_who_has_one_line_knows_the_line_and_its_districts(archive: Seeded) -> None:
    context = archive.context
    everyone = accounts.viewer_by_name(context, "archivist")
    with context.reading(everyone) as session:
        line = session.scalar(sa.select(Line.id).where(Line.name == EAST.line))
        assert line is not None
        scope = type(everyone.scope)(lines=frozenset({line}))
        viewer = type(everyone)("x", "x", "agent", everyone.permissions, scope)
        names = (EAST.unit, EAST.line, EAST.district, WEST.district)
        offered = [place_names.beginning_with(session, viewer, name) for name in names]
    assert [len(each) for each in offered] == [0, 1, 1, 0]


def test_places_that_were_there_before_get_their_keys(database_url: str) -> None:
    database = create_database(database_url)
    config = migrate.migration_config()
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    ours = next(script for script in scripts if "places' names" in script.doc)
    with database.writer.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, str(ours.down_revision))
        for table in ("org_unit", "line", "district"):
            connection.execute(sa.text(f"insert into {table} {_ROWS[table]}"))
    migrate.upgrade(database)
    with database.reader.connect() as connection:
        keys = [connection.scalar(sa.select(table.name_key)) for table in (OrgUnit, Line, District)]
    assert keys == ["城东所", "东风线", "李湾1号变"]


_ROWS = {
    "org_unit": "(name, kind) values ('城东供电所', 'station')",
    "line": "(name) values ('10kV东风线')",
    "district": "(name) values ('李湾1#变')",
}
