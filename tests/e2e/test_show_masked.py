"""By hand: an agent checks a caller, shows masked values, and sees them masked again."""

from __future__ import annotations

import time

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.conftest import CUSTOMER_NO, NAME

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]
PHONE, LAST = "13900001234", "1234"
MASKED_WITHIN = 60
"""Seconds; the values stay open for eighteen."""


def wait_until(page, is_so) -> None:
    until = time.monotonic() + MASKED_WITHIN
    while not is_so():
        assert time.monotonic() < until, page.inner_text("main")
        page.wait_for_timeout(500)


def assert_accessible(page) -> None:
    faults = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in faults] == []


@pytest.mark.parametrize("script", [True, False])
def test_masked_values_are_shown_with_a_reason_and_mask_themselves_again(
    desk, filed, tmp_path, script: bool
) -> None:
    agent = desk("agent", java_script_enabled=script)
    page = agent.open(f"/customers/{CUSTOMER_NO}")
    assert PHONE not in page.inner_text("main")
    page.get_by_text("显示被遮蔽的内容").click()
    page.screenshot(path=tmp_path / "ask.png", full_page=True)
    page.get_by_role("checkbox", name="户名").check()
    page.get_by_role("checkbox", name="资料的图片和文字").check()
    page.get_by_role("checkbox", name="电话").check()
    page.select_option("[name=reason]", "complaint")
    page.get_by_role("button", name="显示", exact=True).click()
    page.get_by_text("显示至").wait_for()
    assert NAME in page.inner_text("h1")
    assert PHONE in page.inner_text("main")
    page.screenshot(path=tmp_path / "shown.png", full_page=True)
    paper = agent.context.new_page()
    paper.goto(f"{agent.address}/documents/{filed}")
    assert NAME in paper.inner_text(".page-text")
    paper.screenshot(path=tmp_path / "paper.png")
    wait_until(page, lambda: PHONE not in page.inner_text("main"))
    assert page.get_by_text("显示至").count() == 0
    wait_until(paper, lambda: NAME not in paper.inner_text(".page-text"))
    paper.screenshot(path=tmp_path / "masked.png")


def test_a_caller_is_checked_and_the_page_is_accessible(desk, filed, tmp_path) -> None:
    agent = desk("agent", bypass_csp=True)
    page = agent.open(f"/customers/{CUSTOMER_NO}")
    page.select_option(".caller [name=kind]", "phone")
    page.fill(".caller [name=last]", LAST)
    page.keyboard.press("Enter")
    page.get_by_text("是，相符").wait_for()
    page.screenshot(path=tmp_path / "yes.png")
    assert_accessible(page)
    page.fill(".caller [name=last]", "4321")
    page.keyboard.press("Enter")
    page.get_by_text("否，与留存不符").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=tmp_path / "no-phone.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
