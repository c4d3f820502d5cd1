"""``/roles``: the matrix in force, and what may this person do, and why? Without script."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from fastapi.testclient import TestClient

from dossier.clock import local_date
from dossier.services import accounts, role_grants
from tests.support_seeded import EAST, PASSWORD, SETUP, WEST, Seeded, csrf_token

Door = Callable[[str], TestClient]


def row_of(page: str, action: str) -> str:
    """The table's row of an action, by its Chinese name."""
    rows = re.findall(r"<tr[ >].*?</tr>", page, flags=re.S)
    return next(row for row in rows if f">{action}<" in row)


def test_everybody_logged_in_reads_the_matrix_in_both_languages(door: Door) -> None:
    page = door("agent").get("/roles").text
    assert "系统管理员" in page
    assert "System administrator" in page
    assert 'class="mine"' in page
    assert "未启用" in row_of(page, "提出鉴定销毁")
    assert "遮盖" in row_of(page, "检索与查看登记信息")


def test_one_role_s_column_alone_fits_a_phone(door: Door) -> None:
    page = door("agent").get("/roles?role=district_manager").text
    row = row_of(page, "查看未遮盖的电话与地址")
    assert row.count("<td>") == 1
    assert "台区" in row
    assert "D4.7 个人信息的遮盖与披露（法律" in row


def test_what_the_rules_rest_on_is_said_so_that_a_reader_can_find_it(door: Door) -> None:
    for path in ("/roles", "/roles?role=administrator", "/roles/rights"):
        page = door("admin").get(path).text
        assert "domain.md" not in page
        assert "《中华人民共和国个人信息保护法》第五、六" in page
        assert "本产品建议" in page


def test_one_sees_the_own_rights_with_grant_and_rule(door: Door) -> None:
    page = door("agent_east").get("/roles/rights").text
    yes, no = row_of(page, "查看影像与文字"), row_of(page, "上传与扫描")
    assert 'data-verdict="yes"' in yes
    assert EAST.unit in yes
    assert re.search(r"rulebook/roles\.yaml:\d+", yes)
    assert 'data-verdict="no"' in no
    assert 'data-verdict="by_click"' in row_of(page, "查看未遮盖的个人信息")


def test_others_rights_are_for_those_entitled(door: Door) -> None:
    for user in ("agent", "archivist"):
        for other in ("agent_west", "nobody of this name"):
            assert door(user).get(f"/roles/rights?user={other}").status_code == 403
    for user in ("admin", "auditor"):
        page = door(user).get("/roles/rights?user=agent_west")
        assert page.status_code == 200
        assert WEST.unit in page.text
        assert door(user).get("/roles/rights?user=nobody+of+this+name").status_code == 404


def test_an_administrator_gives_and_takes_a_role_by_form(seeded: Seeded, door: Door) -> None:
    accounts.add_user(seeded.context, SETUP, name="fang", role="agent", password=PASSWORD)
    admin = door("admin")
    form = {
        "csrf_token": csrf_token(admin.get("/roles/rights?user=fang").text),
        "user": "fang",
        "role": "district_manager",
        "kind": "district",
        "part": EAST.district,
    }
    assert admin.post("/roles/grant", data=form).status_code == 200
    rights = door("fang").get("/roles/rights").text
    assert EAST.district in row_of(rights, "查看未遮盖的电话与地址")
    twice = admin.post("/roles/grant", data=form)
    assert twice.status_code == 409
    assert "已有该岗位" in twice.text
    (held,) = [
        one
        for one in role_grants.list_grants(seeded.context, SETUP, "fang")
        if one.role == "district_manager"
    ]
    taken = {"csrf_token": form["csrf_token"], "user": "fang", "grant_id": str(held.id)}
    assert admin.post("/roles/revoke", data=taken).status_code == 200
    assert EAST.district not in door("fang").get("/roles/rights").text


def test_a_form_with_a_mistake_says_so_on_the_page(door: Door) -> None:
    admin = door("admin")
    token = csrf_token(admin.get("/roles/rights?user=agent").text)
    for wrong in (
        {"role": "agent", "kind": "unit", "part": "不存在"},
        {"role": "agent", "kind": "unit", "part": ""},
        {"role": "agent", "kind": "planet", "part": "x"},
        {"role": "agent", "kind": "company", "first": "morgen"},
    ):
        answer = admin.post("/roles/grant", data={"csrf_token": token, "user": "agent", **wrong})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    himself = admin.post(
        "/roles/grant", data={"csrf_token": token, "user": "admin", "role": "archivist"}
    )
    assert himself.status_code == 403
    assert "不能给本人授予岗位" in himself.text


def test_one_lends_a_role_by_form_and_the_other_gives_it_back(seeded: Seeded, door: Door) -> None:
    for name, unit in (("ma", EAST.unit), ("hu", WEST.unit)):
        role = "archivist" if name == "ma" else "agent"
        accounts.add_user(seeded.context, SETUP, name=name, role=role, password=PASSWORD, unit=unit)
    holder, other = door("ma"), door("hu")
    today = local_date(seeded.context.clock.now())
    form = {
        "csrf_token": csrf_token(holder.get("/roles/rights").text),
        "role": "archivist",
        "to": "hu",
        "first": str(today),
        "last": str(today + timedelta(days=1)),
        "reason": "培训",
    }
    assert holder.post("/roles/lend", data=form).status_code == 200
    page = other.get("/roles/rights").text
    row = row_of(page, "下载原始文件")
    assert 'data-verdict="yes"' in row
    assert "由 ma 委托" in row
    lent = re.search(r'name="delegation_id" value="(\d+)"', page)
    assert lent is not None
    back = {"csrf_token": csrf_token(page), "delegation_id": lent.group(1)}
    assert other.post("/roles/give-back", data=back).status_code == 200
    assert 'data-verdict="no"' in row_of(other.get("/roles/rights").text, "下载原始文件")
    past = holder.post("/roles/lend", data={**form, "first": str(today - timedelta(days=1))})
    assert past.status_code == 422
    assert "不能从过去开始" in past.text


def test_programs_read_the_matrix_and_rights(seeded: Seeded, door: Door) -> None:
    admin = door("admin")
    matrix = admin.get("/api/v1/roles").json()
    assert len(matrix["roles"]) == 14
    cells = {(one["action"], one["role"]): one for one in matrix["cells"]}
    assert cells["unmask", "agent"]["ways"] == [{"scope": "everything", "conditions": ["click"]}]
    before = admin.get("/api/v1/roles?day=2020-01-01").json()
    assert before["cells"] == []
    rights = admin.get("/api/v1/rights?user=agent_east").json()
    verdicts = {one["action"]: one["verdict"] for one in rights["items"]}
    assert verdicts["read_image"] == "yes"
    assert verdicts["upload"] == "no"
    head = {"x-csrf-token": csrf_token(admin.get("/roles/rights?user=agent_west").text)}
    wish = {"user": "agent_west", "role": "agent", "customer_no": EAST.customer_no}
    made = admin.post("/api/v1/grants", json=wish, headers=head)
    assert made.status_code == 201
    (grant_id,) = made.json()["ids"]
    listed = admin.get("/api/v1/grants?user=agent_west").json()["items"]
    assert {(one["kind"], one["part"]) for one in listed} == {
        ("unit", WEST.unit),
        ("customer", EAST.customer_no),
    }
    assert admin.delete(f"/api/v1/grants/{grant_id}", headers=head).status_code == 204
    assert role_grants.list_grants(seeded.context, SETUP, "agent_west")[0].part == WEST.unit
