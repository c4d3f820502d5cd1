"""The pages and the API of people and the organisation, without script, by the administrator."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from dossier.asgi import create_app
from dossier.bootstrap import build
from dossier.clock import FixedClock, local_date
from dossier.db.tables import OrgUnit
from dossier.services import accounts
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import system_viewer

SYSTEM = system_viewer("test")
PASSWORD = "correct horse battery"
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
PEOPLE = {
    "root": "administrator",
    "boss": "administrator",
    "wang": "archivist",
    "li": "archivist",
    "zhao": "agent",
    "audit": "auditor",
}


def today() -> date:
    """Asked for when it is needed: a whole run may go on over midnight."""
    return local_date(datetime.now(UTC))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    home = tmp_path_factory.mktemp("people") / "home"
    made = build(Settings(home=home), clock=FixedClock(datetime.now(UTC)))
    for name, role in PEOPLE.items():
        accounts.add_user(made, SYSTEM, name=name, role=role, password=PASSWORD)
    yield made
    made.readers.close()
    made.index.close()
    made.database.dispose()


@pytest.fixture(scope="module")
def client(house: Context) -> Callable[[str], TestClient]:
    app = create_app(house)
    open_ones: dict[str, TestClient] = {}

    def log_in(name: str) -> TestClient:
        if name not in open_ones:
            one = TestClient(app, raise_server_exceptions=False)
            form = {"name": name, "password": PASSWORD}
            assert one.post("/login", data=form, follow_redirects=False).status_code == 303
            open_ones[name] = one
        return open_ones[name]

    return log_in


@pytest.fixture
def admin(client: Callable[[str], TestClient]) -> TestClient:
    return client("root")


def send(one: TestClient, path: str, **fields: Any) -> Any:
    token = TOKEN.search(one.get("/account").text)
    assert token
    data = {"csrf_token": token[1], **fields}
    return one.post(path, data=data, follow_redirects=False)


def found(one: TestClient, name: str, kind: str = "unit", **more: Any) -> int:
    fields = {"change": "founded", "kind": kind, "name": name, "on": "2020-01-01", "reason": "设立"}
    answer = send(one, "/organisation/changes", **(fields | more))
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rpartition("/")[2])


def tree_of(one: TestClient, asked: str = "") -> str:
    """The tree on the page, without the forms below it."""
    page = one.get(f"/organisation{asked}").text
    return page[page.index("org-tree") : page.index("</section>")]


def test_the_tree_is_founded_moved_and_seen_on_another_day(admin: TestClient) -> None:
    top = found(admin, "襄州供电公司")
    station = found(admin, "古驿供电所", unit=top)
    line = found(admin, "10kV东山线", "line", unit=station)
    district = found(admin, "东山012", "district", line=line)
    page = admin.get("/organisation").text
    assert page.index("襄州供电公司") < page.index("古驿供电所") < page.index("1 条线路")
    assert "古驿供电所" not in tree_of(admin, "?on=2019-12-31")
    sent = send(
        admin,
        "/organisation/changes",
        change="renamed",
        kind="unit",
        place_id=station,
        name="古驿中心供电所",
        on=(today() + timedelta(days=9)).isoformat(),
        reason="更名批复",
    )
    assert sent.status_code == 303
    assert "更名批复" in admin.get(sent.headers["location"]).text
    assert "古驿中心供电所" not in tree_of(admin)
    assert "古驿中心供电所" in tree_of(admin, f"?on={(today() + timedelta(days=9))}")
    page = admin.get("/organisation").text
    withdraw = re.search(r"/organisation/changes/\d+/withdraw", page)
    assert withdraw
    assert send(admin, withdraw[0]).status_code == 303
    assert "古驿中心供电所" not in admin.get("/organisation").text
    assert "10kV东山线" in admin.get(f"/organisation/district/{district}").text
    assert "东山012" in admin.get(f"/organisation/line/{line}").text


def test_a_cycle_is_refused_on_the_page_and_by_the_api_with_what_to_do(
    house: Context, admin: TestClient
) -> None:
    up, down = found(admin, "甲单位"), found(admin, "乙单位")
    wish = {"change": "moved", "kind": "unit", "on": "2021-01-01", "reason": "划转"}
    assert send(admin, "/organisation/changes", **wish, place_id=down, unit=up).status_code == 303
    page = send(admin, "/organisation/changes", **wish, place_id=up, unit=down)
    assert (page.status_code, "不能成为其上级" in page.text) == (422, True)
    token = accounts.make_token(house, SYSTEM, "root")
    headers = {"Authorization": f"Bearer {token}"}
    api = admin.post(
        "/api/v1/organisation/changes",
        json=wish | {"place_id": up, "unit_id": down},
        headers=headers,
    )
    assert (api.status_code, api.json()["code"]) == (422, "organisation_refused")
    with house.reading(SYSTEM) as session:
        assert session.scalars(select(OrgUnit.parent_id).where(OrgUnit.id == up)).one() is None


def test_a_staff_change_is_shown_first_and_then_done_with_its_report(
    house: Context, admin: TestClient
) -> None:
    fields = {"kind": "leave", "on": today().isoformat(), "successor": "li", "reason": "退休"}
    asked = send(admin, "/people/wang/change", **fields, step="ask")
    assert asked.status_code == 200
    assert "立即办理" in asked.text
    assert accounts.viewer_by_name(house, "wang")
    done = send(admin, "/people/wang/change", **fields, step="do")
    assert done.headers["location"] == "/people/wang?done=done"
    page = admin.get("/people/wang").text
    assert ("已停用" in page, "退休" in page, "登录会话" in page) == (True, True, True)
    again = send(admin, "/people/boss/change", **(fields | {"on": "2020-01-01"}), step="ask")
    assert (again.status_code, "日期已过" in again.text) == (422, True)
    nobody = send(admin, "/people/boss/change", **(fields | {"successor": "没有"}), step="ask")
    assert (nobody.status_code, "接任人的账号" in nobody.text) == (404, True)


def test_nobody_changes_the_own_standing(admin: TestClient) -> None:
    page = admin.get("/people/root").text
    assert "这是您本人" in page
    assert "/people/root/account/disable" not in page
    fields = {"kind": "leave", "on": today().isoformat(), "successor": "li", "reason": "x"}
    for path, data in (
        ("/people/root/change", fields),
        ("/people/root/account/disable", {}),
        ("/people/root/posts", {"unit": "1", "title": "所长", "since": "2026-01-01"}),
    ):
        assert send(admin, path, **data).status_code == 403, path


def test_a_person_is_added_described_given_a_post_disabled_and_found(admin: TestClient) -> None:
    unit = found(admin, "双沟供电所")
    sent = send(
        admin,
        "/people",
        name="qian",
        display_name="钱多",
        staff_no="E7",
        role="agent",
        unit=unit,
        password=PASSWORD,
    )
    assert sent.headers["location"] == "/people/qian"
    taken = send(admin, "/people", name="qian", role="agent")
    assert taken.status_code == 409
    assert "请换一个" in taken.text
    assert "数据已变化" not in taken.text
    assert send(admin, "/people", name="sun", staff_no="E7", role="agent").status_code == 409
    post = {"unit": unit, "title": "坐席", "since": "2026-01-01"}
    assert send(admin, "/people/qian/posts", **post).status_code == 303
    twice = send(admin, "/people/qian/posts", **(post | {"title": "班长"}))
    assert (twice.status_code, "兼岗" in twice.text) == (409, True)
    assert "钱多" in admin.get("/people?q=E7").text
    assert "钱多" in admin.get(f"/people?unit={unit}&role=agent&state=active").text
    assert send(admin, "/people/qian/account/disable").status_code == 303
    assert "没有符合条件的人员" in admin.get("/people?q=E7&state=active").text
    assert send(admin, "/people/qian/account/burn").status_code == 404
    assert admin.get("/people/nobody").status_code == 404
    assert admin.get("/people?state=dead").status_code == 422


@pytest.mark.parametrize("name", ["zhao", "audit", "li"])
def test_other_roles_see_and_do_nothing_here(
    client: Callable[[str], TestClient], name: str
) -> None:
    one = client(name)
    for path in (
        "/people",
        "/people/root",
        "/organisation",
        "/organisation/unit/1",
        "/api/v1/people",
        "/api/v1/people/root",
        "/api/v1/organisation",
    ):
        assert one.get(path).status_code == 403, path
    assert send(one, "/people/root/account/disable").status_code == 403
    assert "/people" not in one.get("/account").text


def test_the_api_lists_previews_changes_and_imports(house: Context, admin: TestClient) -> None:
    headers = {"Authorization": f"Bearer {accounts.make_token(house, SYSTEM, 'root')}"}
    api = "/api/v1"
    table = "类型,名称,上级单位\n单位,丙单位,\n单位,丁单位,丙单位\n单位,戊单位,没有\n"
    sent = admin.post(f"{api}/organisation/import", content=table.encode(), headers=headers)
    assert sent.json() | {"errors": 0} == {
        "changed": 2,
        "unchanged": 0,
        "rejected": 1,
        "error_count": 1,
        "errors": 0,
        "dry_run": False,
    }
    assert sent.json()["errors"][0] | {"message_zh": "", "message_en": ""} == {
        "row": 4,
        "column": "parent",
        "message_zh": "",
        "message_en": "",
    }
    tree = admin.get(f"{api}/organisation", headers=headers).json()
    assert "丙单位" in {one["name"] for one in tree["roots"]}
    rows = "账号,姓名,单位,岗位,任职日期\nwu,吴,丙单位,营业员,2026-01-01\n"
    people = admin.post(f"{api}/people-import?dry_run=true", content=rows.encode(), headers=headers)
    assert (people.json()["changed"], people.json()["dry_run"]) == (1, True)
    assert admin.get(f"{api}/people/wu", headers=headers).status_code == 404
    body = {"kind": "leave", "on": today().isoformat(), "reason": "调离", "successor": "boss"}
    shown = admin.post(f"{api}/people/zhao/staff-change/preview", json=body, headers=headers)
    assert shown.json()["is_possible"], shown.json()
    body["on"] = (today() + timedelta(days=9)).isoformat()
    planned = admin.post(f"{api}/people/zhao/staff-change", json=body, headers=headers)
    assert (planned.status_code, planned.json()["state"]) == (201, "planned")
    listed = admin.get(f"{api}/people?state=leaving", headers=headers).json()
    assert [one["name"] for one in listed["items"]] == ["zhao"]
    change = planned.json()["id"]
    assert admin.delete(f"{api}/staff-changes/{change}", headers=headers).status_code == 204
    assert admin.get(f"{api}/people/zhao", headers=headers).json()["changes"][0]["state"] == (
        "withdrawn"
    )
    words = {"display_name": "赵", "staff_no": "E9"}
    assert admin.patch(f"{api}/people/zhao", json=words, headers=headers).status_code == 204
    assert date.fromisoformat(tree["today"]) == today()
