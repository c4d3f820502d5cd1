"""A right that ends in mid-session is gone at the next request, at every door it opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from dossier.asgi import create_app
from dossier.clock import local_date
from dossier.db.tables import OrgUnit
from dossier.services import accounts, delegations, role_grants
from dossier.services.role_grants import Part
from tests.support_seeded import COMMON, EAST, PASSWORD, SETUP, WEST, Seeded, seeded_archive

AREA = "东部片区"


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """On SQLite alone: what a viewer may is worked out alike, however the rows are kept."""
    with seeded_archive(tmp_path_factory.mktemp("seeded") / "home") as made:
        yield made


@pytest.fixture(scope="module")
def app(seeded: Seeded) -> FastAPI:
    return create_app(seeded.context)


def doors(seeded: Seeded) -> list[str]:
    """Each kind of answer that an archivist of the station gets of its customer."""
    paper, number = seeded.documents["东1"], EAST.customer_no
    return [
        f"/customers/{number}",
        f"/customers/{number}/verification",
        f"/documents/{paper}",
        f"/search?q={COMMON}",
        f"/api/v1/search?q={COMMON}",
        f"/api/v1/suggest?q={EAST.name[:2]}",
        f"/api/v1/customers/{number}",
        f"/api/v1/customers/{number}/documents",
        f"/api/v1/documents/{paper}",
        f"/api/v1/documents/{paper}/text",
        f"/api/v1/documents/{paper}/pages/1/image?width=80",
        f"/api/v1/documents/{paper}/original",
        "/api/v1/contacts",
    ]


def open_doors(client: TestClient, paths: list[str]) -> set[str]:
    """Those that give something of the customer: a file or picture, or its number or name."""
    found = set()
    for path in paths:
        answer = client.get(path, follow_redirects=False)
        is_text = "html" in answer.headers.get("content-type", "") or answer.text.startswith("{")
        told = answer.text.replace(" ", "")
        asked = path.count(EAST.customer_no)
        says = EAST.name in told or (told.count(EAST.customer_no) > asked and answer.is_success)
        if says or (answer.is_success and not is_text):
            found.add(path)
    return found


def revoked(seeded: Seeded, name: str) -> Callable[[], Any]:
    """The role itself, taken away."""
    role_grants.grant(seeded.context, SETUP, user=name, role="archivist", part=Part(unit=EAST.unit))
    return lambda: role_grants.revoke_role(seeded.context, SETUP, name, "archivist")


def lent(seeded: Seeded, name: str) -> Callable[[], Any]:
    """The role of somebody else, given back by its holder."""
    holder = accounts.viewer_by_name(seeded.context, "archivist_east")
    today = local_date(seeded.context.clock.now())
    (made,) = delegations.delegate(
        seeded.context, holder, role="archivist", to=name, first=today,
        last=today + timedelta(days=2), reason="年休假",
    )  # fmt: skip
    return lambda: delegations.end(seeded.context, holder, made)


def moved(seeded: Seeded, name: str) -> Callable[[], Any]:
    """The role for an area, out of which the station is moved."""
    context = seeded.context
    with context.writing(SETUP) as session:
        station = session.scalars(select(OrgUnit).where(OrgUnit.name == EAST.unit)).one()
        before = station.parent_id
        area = session.scalars(select(OrgUnit).where(OrgUnit.name == AREA)).first()
        area = area or OrgUnit(name=AREA, parent_id=before)
        session.add(area)
        session.flush()
        station.parent_id = area.id
    role_grants.grant(context, SETUP, user=name, role="archivist", part=Part(unit=AREA))

    def move() -> None:
        with context.writing(SETUP) as session:
            session.execute(
                update(OrgUnit).where(OrgUnit.name == EAST.unit).values(parent_id=before)
            )

    return move


@pytest.mark.parametrize("way", [revoked, lent, moved])
def test_a_right_that_ends_in_mid_session_opens_no_door_at_the_next_request(
    seeded: Seeded, app: FastAPI, way: Callable[[Seeded, str], Callable[[], Any]]
) -> None:
    name = f"mid_{way.__name__}"
    context = seeded.context
    accounts.add_user(context, SETUP, name=name, role="agent", password=PASSWORD, unit=WEST.unit)
    end = way(seeded, name)
    client = TestClient(app, base_url="http://127.0.0.1")
    form = {"name": name, "password": PASSWORD}
    assert client.post("/login", data=form, follow_redirects=False).status_code == 303
    token = accounts.make_token(context, SETUP, name)
    program = TestClient(app, headers={"authorization": f"Bearer {token}"})
    pages = doors(seeded)
    answers = [path for path in pages if path.startswith("/api/")]
    assert open_doors(client, pages) == set(pages)
    assert open_doors(program, answers) == set(answers)
    end()
    assert open_doors(client, pages) == set()
    assert open_doors(program, answers) == set()
