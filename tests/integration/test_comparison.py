"""The register against the marketing system's export, on both databases (domain.md S0-24)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update

from dossier.db.tables import Customer
from dossier.db.verification_tables import ComparisonRun, Difference
from dossier.errors import UnavailableError
from dossier.plugins.verification import comparison, facts
from dossier.services import accounts, key_rotation
from tests.support_seeded import EAST, PASSWORD, SETUP, WEST, Seeded, csrf_token

HEAD = "户号,户名,证件号码,用电地址,合同容量,客户类别,表号"
SAME = {
    EAST.customer_no: f"{EAST.customer_no},歐陽霽月,{EAST.id_no},东山滨河路八十八号6-2-1203,,低压居民,{EAST.meter_no}",
    WEST.customer_no: f"{WEST.customer_no},{WEST.name},{WEST.id_no},{WEST.address},,,{WEST.meter_no}",
}
Door = Callable[[str], TestClient]
Send = Callable[..., Any]


@pytest.fixture(scope="module")
def archivist(door: Door) -> TestClient:
    """Who sees the whole company in clear."""
    return door("archivist")


@pytest.fixture(scope="module")
def chief(seeded: Seeded, door: Door) -> TestClient:
    """A supervisor of the eastern station."""
    accounts.add_user(
        seeded.context, SETUP, name="chief", role="supervisor", password=PASSWORD, unit=EAST.unit
    )
    return door("chief")


@pytest.fixture(scope="module")
def marketing(seeded: Seeded, door: Door) -> TestClient:
    """Who sees the whole company masked."""
    accounts.add_user(seeded.context, SETUP, name="mark", role="marketing", password=PASSWORD)
    return door("mark")


@pytest.fixture(autouse=True)
def _as_it_was(seeded: Seeded) -> Any:
    yield
    with seeded.context.writing(SETUP) as session:
        session.execute(delete(Difference))
        session.execute(delete(ComparisonRun))
        for person in (EAST, WEST):
            session.execute(
                update(Customer)
                .where(Customer.customer_no == person.customer_no)
                .values(name=person.name, address=person.address, capacity_kva=None)
            )


def export(*lines: str) -> bytes:
    return "\n".join((HEAD, *lines)).encode()


def row(person: Any, **other: str) -> str:
    columns = ("no", "name", "id", "address", "capacity", "category", "meter")
    said = dict(zip(columns, SAME[person.customer_no].split(","), strict=True)) | other
    return ",".join(said.values())


def compare(client: TestClient, *lines: str, whole: bool = False) -> dict[str, Any]:
    path = f"/api/v1/comparisons{'?whole=true' if whole else ''}"
    answer = client.post(path, content=export(*lines), headers=token(client))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def token(client: TestClient) -> dict[str, str]:
    return {"x-csrf-token": csrf_token(client.get("/account").text)}


def open_ones(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/api/v1/differences{query}").json()["items"]
    return found


def settle(client: TestClient, one: dict[str, Any], decision: str, reason: str = "已核对") -> Any:
    path = f"/api/v1/differences/{one['id']}/settle"
    return client.post(path, json={"decision": decision, "reason": reason}, headers=token(client))


def test_s0_24_other_spellings_of_name_and_address_are_no_difference(
    archivist: TestClient,
) -> None:
    run = compare(archivist, *SAME.values(), whole=True)
    assert (run["rows"], run["done"], run["opened"], run["rejected"]) == (2, 2, 0, 0)
    assert open_ones(archivist) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("襄州区航空路12号3栋2单元501", "襄州航空路十二号3-2-501", True),
        ("襄阳市襄州区航空路12号", "航空路12号", True),
        ("航空大道12号", "航天大道12号", False),
        ("航空路12号3栋", "航空路12号", False),
        ("张家湾村2组", "张家湾村3组", False),
        ("", "航空路12号", False),
    ],
)
def test_s0_24_addresses_are_one_place_only_by_all_words_and_numbers(
    one: str, other: str, same: bool
) -> None:
    assert facts.same_address(one, other) is same


def test_s0_24_each_fact_that_differs_is_listed_and_comes_back_only_when_it_changed(
    archivist: TestClient,
) -> None:
    east = row(EAST, name="欧阳雪", capacity="8", meter="1300001234567890123499")
    assert compare(archivist, east, SAME[WEST.customer_no])["opened"] == 3
    found = {one["fact"]: one for one in open_ones(archivist)}
    assert set(found) == {"name", "capacity_kva", "meter_no"}
    assert found["name"]["theirs"] == [{"text": "欧阳雪", "masked": False}]
    assert found["capacity_kva"]["ours"] == []
    assert settle(archivist, found["name"], "keep_ours").status_code == 204
    assert settle(archivist, found["meter_no"], "clerical").status_code == 204
    assert compare(archivist, east)["opened"] == 0, "what was settled is not asked again"
    assert [one["fact"] for one in open_ones(archivist)] == ["capacity_kva"]
    again = compare(archivist, row(EAST, name="欧阳雨", meter="1300001234567890123499"))
    assert (again["opened"], again["agreed"]) == (1, 1)
    (one,) = open_ones(archivist)
    assert (one["fact"], one["theirs"][0]["text"]) == ("name", "欧阳雨")


def test_s0_24_what_is_taken_over_goes_into_the_register_and_is_asked_again_if_it_did_not_hold(
    seeded: Seeded, archivist: TestClient
) -> None:
    other = row(EAST, address="东山市滨河路99号", capacity="12.5")
    compare(archivist, other)
    for one in open_ones(archivist):
        assert settle(archivist, one, "take_theirs").status_code == 204
    with seeded.context.reading(SETUP) as session:
        now = session.get_one(Customer, EAST.customer_no)
        assert (now.address, now.capacity_kva, now.name) == ("东山市滨河路99号", 12.5, EAST.name)
    assert compare(archivist, other)["opened"] == 0
    with seeded.context.writing(SETUP) as session:
        session.execute(update(Customer).values(address=EAST.address))
    assert compare(archivist, other)["opened"] == 1


def test_s0_24_a_difference_is_settled_once_with_a_reason_and_never_over_a_newer_register(
    seeded: Seeded, archivist: TestClient
) -> None:
    compare(archivist, row(EAST, name="欧阳雪"), row(WEST, id=""))
    by_fact = {one["fact"]: one for one in open_ones(archivist)}
    one = by_fact["name"]
    assert settle(archivist, one, "keep_ours", " ").json()["detail_zh"] == "请填写处理原因"
    assert settle(archivist, one, "perhaps").json()["detail_zh"] == "请选择处理方式"
    nothing = settle(archivist, by_fact["id_no"], "take_theirs")
    assert (nothing.status_code, nothing.json()["detail_zh"]) == (422, "对方没有可采用的内容")
    with seeded.context.writing(SETUP) as session:
        named = update(Customer).where(Customer.customer_no == EAST.customer_no)
        session.execute(named.values(name="欧阳风"))
    stale = settle(archivist, one, "take_theirs")
    assert (stale.status_code, stale.json()["detail_zh"]) == (409, "台账内容已变化，请重新比对")
    assert settle(archivist, one, "keep_ours").status_code == 204
    assert settle(archivist, one, "keep_ours").status_code == 409


def test_s0_24_customers_on_one_side_only_are_named_and_wrong_rows_by_line_and_column(
    archivist: TestClient,
) -> None:
    wrong = f"{WEST.customer_no},慕容秋白,999999199001010017,,,,"
    run = compare(archivist, SAME[EAST.customer_no], "4900000009,某人,,,,,", wrong, whole=True)
    assert (run["unknown"], run["unknown_count"]) == (["4900000009"], 1)
    (error,) = run["errors"]
    assert (error["row"], error["column"]) == (4, "证件号码")
    assert "999999199001010017" not in str(run)
    (one,) = open_ones(archivist)
    assert (one["fact"], one["customer_no"]) == ("customer", WEST.customer_no)
    assert compare(archivist, *SAME.values())["agreed"] == 1
    headless = archivist.post("/api/v1/comparisons", content=b"a,b\n1,2", headers=token(archivist))
    assert headless.status_code == 422


def test_s0_24_a_run_that_was_broken_off_goes_on_where_it_was(
    seeded: Seeded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "BATCH_ROWS", 1)
    file = tmp_path / "export.csv"
    file.write_bytes(export(row(EAST, name="甲"), row(WEST, name="乙")))
    context, seen = seeded.context, []

    def die(done: int, rows: int) -> None:
        seen.append((done, rows))
        raise UnavailableError("killed")

    with pytest.raises(UnavailableError):
        comparison.compare(context, SETUP, file, progress=die)
    with context.reading(SETUP) as session:
        (run,) = session.scalars(select(ComparisonRun)).all()
        assert (run.done, run.rows, run.finished_at) == (1, 2, None)
        assert len(session.scalars(select(Difference)).all()) == 1
    again = comparison.compare(
        context, SETUP, file, progress=lambda done, rows: seen.append((done, rows))
    )
    assert (again, seen) == (run.id, [(1, 2), (2, 2)])
    with context.reading(SETUP) as session:
        assert session.get_one(ComparisonRun, again).opened == 2


def test_s0_24_differences_stay_in_scope_and_masked(
    archivist: TestClient, chief: TestClient, marketing: TestClient
) -> None:
    east = row(EAST, name="欧阳霁雪", id="999999199505050054", address="东山市滨河路7号5栋401室")
    compare(archivist, east, row(WEST, name="慕容冬"))
    assert {one["customer_no"] for one in open_ones(chief)} == {EAST.customer_no}
    foreign = next(one for one in open_ones(archivist) if one["customer_no"] == WEST.customer_no)
    assert settle(chief, foreign, "keep_ours").status_code == 404
    assert chief.get("/api/v1/comparisons").status_code == 403
    for path in ("/api/v1/differences", "/verification/differences"):
        said = marketing.get(path).text
        hidden = [*EAST.secrets, "欧阳霁雪", "霁雪", "99999919950505", "5栋401室", "慕容冬"]
        assert not [one for one in hidden if one in said], path
        assert EAST.customer_no in said


def test_s0_24_the_page_compares_and_settles_without_script(
    seeded: Seeded, archivist: TestClient
) -> None:
    page = "/verification/differences"
    form = {"csrf_token": csrf_token(archivist.get(page).text)}
    file = {"file": ("export.csv", export(row(EAST, name="欧阳雪")), "text/csv")}
    sent = archivist.post(
        "/verification/comparisons", data=form, files=file, follow_redirects=False
    )
    assert (sent.status_code, sent.headers["location"]) == (303, page)
    shown = archivist.get(page).text
    assert "欧阳雪" in shown
    (one,) = open_ones(archivist)
    path = f"{page}/{one['id']}?state=open&fact=name"
    refused = archivist.post(path, data={**form, "decision": "keep_ours", "reason": ""})
    assert (refused.status_code, "请填写处理原因" in refused.text) == (422, True)
    done = archivist.post(
        path, data={**form, "decision": "keep_ours", "reason": "户口本"}, follow_redirects=False
    )
    assert done.headers["location"] == f"{page}?state=open&fact=name"
    assert "户口本" in archivist.get(f"{page}?state=settled").text


def test_s0_24_what_was_settled_stays_so_under_another_key(
    seeded: Seeded, archivist: TestClient
) -> None:
    """Hashes of differences are made anew with the archive's key."""
    from dossier.services.key_stores import STORES, difference_key

    east = row(EAST, name="欧阳雪")
    compare(archivist, east)
    settle(archivist, open_ones(archivist)[0], "keep_ours")
    store = next(one for one in STORES if one.name == "difference")
    with seeded.context.reading(SETUP) as session:
        (one,) = session.scalars(select(Difference)).all()
        clear = seeded.context.keyring.decrypt(one.body)
    assert store.hashes(seeded.context.keyring, clear) == {
        "key": difference_key(seeded.context.keyring, clear)
    }
    assert "difference" in key_rotation.STAGES
