"""Secrets are seeded; every byte that every role can reach over every route is searched for them."""

from __future__ import annotations

import io
import logging
import urllib.parse
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from tests.support_seeded import EAST, INK, NOBODY, USERS, WEST, Seeded, index

MASKED = ("admin", "agent", "agent_east", "agent_west", "auditor", None)
QUERIES = (
    "", "合同", "供用电合同", EAST.name, WEST.name, EAST.phone, WEST.phone, EAST.id_no, WEST.id_no,
    EAST.id_no[-4:], EAST.address, EAST.hidden_address, "1203", EAST.bank_account, EAST.customer_no,
    WEST.meter_no, NOBODY, "欧阳", "身份证", "姓名:" + EAST.name, f'"{EAST.name}"', EAST.name[:1],
)  # fmt: skip
FACETS = "type,category,station,line,district,year,state,status"


def paths(archive: Seeded) -> Iterator[str]:
    """Everything that can be read."""
    for query in QUERIES:
        q = urllib.parse.quote(query)
        yield f"/api/v1/search?q={q}&facets={FACETS}"
        yield f"/api/v1/suggest?q={q}"
    for person in (EAST, WEST):
        yield f"/api/v1/customers/{person.customer_no}"
        yield f"/api/v1/customers/{person.customer_no}/documents"
    for document in archive.documents.values():
        base = f"/api/v1/documents/{document}"
        yield from (base, f"{base}/original", f"{base}/pdf", f"{base}/text")
        for query in (EAST.name, EAST.phone, "合同"):
            q = urllib.parse.quote(query)
            yield f"{base}/text?q={q}"
            yield f"{base}/pages/1/boxes?q={q}"
            yield f"{base}/pages/1/image?q={q}&strip=1"
        yield f"{base}/pages/1/image"
    yield from ("/api/v1/intake", "/api/v1/intake?state=to_assign,filed", "/metrics", "/readyz")
    yield from ("/healthz", "/openapi.json", "/api/v1/nothing", "/nothing")


def secrets_for(user: str | None) -> list[str]:
    """What this user must not find."""
    if user in MASKED:
        return [*EAST.secrets, *WEST.secrets, NOBODY, NOBODY[2:], "13611112222"]
    return list(WEST.secrets) if user == "archivist_east" else []


@pytest.mark.parametrize("user", [*USERS, None])
def test_no_byte_that_a_role_can_reach_holds_what_it_may_not_see(
    seeded: Seeded, user: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = secrets_for(user)
    for path in paths(seeded):
        answer = seeded.get(path, user)
        assert answer.status_code < 500, (path, answer.text)
        if "image/" in answer.headers.get("content-type", ""):
            continue
        body = answer.content + repr(answer.headers).encode()
        asked = urllib.parse.unquote(path)
        for secret in secrets:
            assert secret.encode() not in body, (user, path, secret)
            escaped = secret.encode("unicode_escape")
            assert not (escaped != secret.encode() and escaped in body), (user, path, asked)
    everything = [*EAST.secrets, *WEST.secrets, NOBODY]
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("httpx")]
    assert not [secret for secret in everything if any(secret in line for line in ours)]


@pytest.mark.parametrize(("user", "clear"), [("archivist", True), ("agent", False)])
def test_the_archivist_sees_in_clear_what_the_agent_sees_masked(
    seeded: Seeded, user: str, clear: bool
) -> None:
    record = seeded.get(f"/api/v1/customers/{EAST.customer_no}", user).json()
    assert (record["name"] == EAST.name) is clear
    assert (record["ids"][0]["value"] == EAST.id_no) is clear
    assert record["ids"][0]["value"].endswith(EAST.id_no[-4:])
    assert (record["phones"] == [EAST.phone]) is clear
    assert record["meters"] == [EAST.meter_no]


@pytest.mark.parametrize(("user", "shows_ink"), [("archivist", True), ("agent", False)])
@pytest.mark.parametrize("width", [1000, 640])
def test_personal_values_are_painted_over_on_the_picture(
    seeded: Seeded, user: str, shows_ink: bool, width: int
) -> None:
    document = seeded.documents["东1"]
    answer = seeded.get(f"/api/v1/documents/{document}/pages/1/image?width={width}", user)
    assert answer.status_code == 200
    assert "x-dossier-placeholder" not in answer.headers
    picture = Image.open(io.BytesIO(answer.content)).convert("RGB")
    assert picture.width == width
    share = ink_share(picture)
    assert share > 0.01 if shows_ink else share == 0


def ink_share(picture: Image.Image) -> float:
    """Share of pixels near the colour that masked characters are drawn in."""
    red, green, blue = INK
    pixels = np.asarray(picture, dtype=int)
    near = (abs(pixels - (red, green, blue)) < 60).all(axis=2)
    return float(near.mean())


def test_a_page_that_was_not_read_gives_the_agent_no_picture(seeded: Seeded) -> None:
    from dossier.db.tables import Page
    from tests.support_seeded import SETUP

    document = seeded.documents["西2"]
    with seeded.context.writing(SETUP) as session:
        page = session.get_one(Page, (document, 1))
        session.delete(page)
    agent = seeded.get(f"/api/v1/documents/{document}/pages/1/image", "agent")
    archivist = seeded.get(f"/api/v1/documents/{document}/pages/1/image", "archivist")
    assert agent.headers["x-dossier-placeholder"] == "not_read_yet"
    assert "x-dossier-placeholder" not in archivist.headers


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (EAST.phone, True), (EAST.phone[:7], False), (EAST.phone[3:7], False), ("7650", False),
        (EAST.id_no, True), (EAST.id_no[:6], False), (EAST.id_no[6:14], False),
        (EAST.name, True), ("霁月", False), ("霁", False), ("6栋", False), ("合同", True),
        (EAST.hidden_address, False), (EAST.address, False), ("路88号", False), ("滨河路", True),
        (EAST.customer_no, True), (EAST.customer_no[-4:], True),
    ],
)  # fmt: skip
def test_a_box_on_a_masked_value_is_given_for_the_whole_value_only(
    seeded: Seeded, query: str, found: bool
) -> None:
    document = seeded.documents["东1"]
    q = urllib.parse.quote(query)
    boxes = seeded.get(f"/api/v1/documents/{document}/pages/1/boxes?q={q}", "agent").json()
    assert bool(boxes["boxes"]) is found
    text = seeded.get(
        f"/api/v1/documents/{document}/text?q={q}", "agent", headers={"accept": "application/json"}
    ).json()
    assert bool(text["items"][0]["highlights"]) is found


def test_a_stale_index_neither_leaks_nor_crashes(seeded: Seeded) -> None:
    """Rows that are gone or moved since the index was fed are left out of the answer."""
    from dossier.db.tables import Customer, Document
    from tests.support_seeded import SETUP

    before = seeded.get("/api/v1/search?q=居民身份证", "agent_east").json()
    assert [hit["customer"]["customer_no"] for hit in before["hits"]] == [EAST.customer_no]
    with seeded.context.writing(SETUP) as session:
        west = session.get_one(Customer, WEST.customer_no)
        customer = session.get_one(Customer, EAST.customer_no)
        old = (customer.unit_id, customer.line_id, customer.district_id)
        customer.unit_id, customer.line_id = west.unit_id, west.line_id
        document = session.get_one(Document, seeded.documents["东2"])
        document.unit_id, document.line_id = west.unit_id, west.line_id
    try:
        after = seeded.get("/api/v1/search?q=居民身份证", "agent_east")
        assert after.status_code == 200
        assert after.json()["hits"] == []
    finally:
        with seeded.context.writing(SETUP) as session:
            for entity, key in ((Customer, EAST.customer_no), (Document, seeded.documents["东2"])):
                row = session.get_one(entity, key)
                row.unit_id, row.line_id, row.district_id = old
        index(seeded.context)
