"""The audit, unusual looks and the watch list by hand: who kept, who looked, who checks."""

from __future__ import annotations

import csv
import time

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.conftest import CUSTOMER_NO, NAME, PASSWORD, run

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]
FOUND_WITHIN = 120
"""Seconds; sealing takes about one, the record is looked through every twenty."""
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def keepers(served) -> None:
    """An administrator and a supervisor."""
    for name, role in (("keeper", "administrator"), ("supervisor", "supervisor")):
        run(served.home, "user", "add", name, "--role", role, "--password-stdin", given=PASSWORD)


def assert_accessible(page) -> None:
    faults = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in faults] == []


def wait_for_finding(one, title: str, of: str):
    """The page of findings, once it shows this one of this user: others' may come before it."""
    until = time.monotonic() + FOUND_WITHIN
    while time.monotonic() < until:
        page = one.open("/anomalies")
        findings = page.get_by_role("listitem").filter(has_text=of)
        if findings.filter(has=page.get_by_role("heading", name=title)).count():
            return page
        page.wait_for_timeout(500)
    raise AssertionError(one.page.inner_text("main"))


def test_a_look_at_a_watched_name_goes_from_the_list_to_the_settled_finding(
    desk, served, keepers, tmp_path
) -> None:
    keeper = desk("keeper", bypass_csp=True)
    page = keeper.open("/watched-names")
    page.fill("[name=name]", NAME)
    page.select_option("[name=kind]", "celebrity")
    page.keyboard.press("Enter")
    page.get_by_role("cell", name=NAME, exact=True).wait_for()
    assert_accessible(page)
    page.screenshot(path=tmp_path / "watched.png", full_page=True)

    agent = desk("agent")
    agent.open(f"/customers/{CUSTOMER_NO}")
    assert agent.page.get_by_role("heading", name="谁看过").count() == 0
    assert agent.open("/anomalies").get_by_text("您的岗位无此权限").count()

    auditor = desk("auditor", bypass_csp=True)
    page = wait_for_finding(auditor, "查阅知名人士户档", of="agent")
    page.screenshot(path=tmp_path / "anomalies.png", full_page=True)
    assert_accessible(page)
    page.set_viewport_size(PHONE)
    page.screenshot(path=tmp_path / "anomalies-phone.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
    of_agent = page.get_by_role("listitem").filter(has_text="agent")  # others may have looked too
    of_agent.get_by_role("link", name="查看当日查阅记录").first.click()
    page.wait_for_url("**/audit?**")
    assert page.input_value("[name=actor]") == "agent"
    assert page.locator(".audit-rows").get_by_text("127.0.0.1").count()
    page.go_back()
    settled = page.get_by_role("button", name="核查完毕")
    for left in range(settled.count(), 0, -1):  # with what other tests looked at, by night too
        page.locator("[name=note]").first.fill("已与坐席核对工单，属正常业务")
        settled.first.click()
        settled.nth(left - 1).wait_for(state="detached")
    page.get_by_role("heading", name="没有异常").wait_for()


def test_the_auditor_narrows_the_record_down_and_takes_it_as_a_file(
    desk, served, keepers, tmp_path
) -> None:
    desk("agent").open(f"/customers/{CUSTOMER_NO}")
    auditor = desk("auditor", bypass_csp=True)
    page = auditor.open("/audit")
    page.fill("[name=actor]", "agent")
    page.fill("[name=customer_no]", CUSTOMER_NO)
    page.get_by_role("button", name="筛选").click()
    page.wait_for_url("**customer_no=**")
    assert_accessible(page)
    page.screenshot(path=tmp_path / "audit.png", full_page=True)
    page.set_viewport_size(PHONE)
    page.screenshot(path=tmp_path / "audit-phone.png", full_page=True)
    page.fill("[name=purpose]", "季度核查")
    with page.expect_download() as started:
        page.get_by_role("button", name="CSV").click()
    started.value.save_as(tmp_path / "audit.csv")
    rows = list(csv.reader((tmp_path / "audit.csv").open(encoding="utf-8-sig")))
    assert {row[2] for row in rows[1:]} == {"agent"}
    page = auditor.open("/audit?action=audit.exported")
    assert page.get_by_text("用途：季度核查").count()


def test_a_supervisor_sees_who_looked_beside_the_dossier(desk, served, keepers, tmp_path) -> None:
    desk("agent").open(f"/customers/{CUSTOMER_NO}")
    one = desk("supervisor", bypass_csp=True)
    page = one.open(f"/customers/{CUSTOMER_NO}")
    panel = page.locator("section.panel", has=page.get_by_role("heading", name="谁看过"))
    assert "agent · 档案" in panel.inner_text()
    assert_accessible(page)
    page.screenshot(path=tmp_path / "who-looked.png", full_page=True)


def test_a_print_asks_what_for_and_says_so_on_the_sheet(desk, filed, tmp_path) -> None:
    one = desk("archivist", bypass_csp=True)
    page = one.open(f"/documents/{filed}")
    page.get_by_role("link", name="打印").click()
    page.fill("[name=purpose]", "法院调证 2026-17")
    assert_accessible(page)
    page.get_by_role("button", name="显示待打印页").click()
    page.locator("figcaption").get_by_text("法院调证 2026-17").wait_for()
    picture = page.locator(".sheet img").first
    while not picture.evaluate("image => image.complete && image.naturalWidth > 0"):
        page.wait_for_timeout(100)
    assert_accessible(page)
    page.emulate_media(media="print")
    assert not page.get_by_text("已记录。请用浏览器打印").is_visible()
    page.screenshot(path=tmp_path / "sheet.png", full_page=True)
