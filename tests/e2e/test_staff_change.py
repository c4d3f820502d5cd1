"""The administrator does a staff change by keyboard alone, on a real page."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import PASSWORD, run

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]

MOST_TABS = 120


def tab_to(page, selector: str) -> None:
    """Press Tab until what is meant has the focus, as one does who has no mouse."""
    for _ in range(MOST_TABS):
        if page.evaluate("s => document.activeElement?.matches(s) ?? false", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


def go(page, selector: str) -> None:
    tab_to(page, selector)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_an_administrator_lets_somebody_leave_by_keyboard_and_reads_the_report(
    served, desk
) -> None:
    for name, role in (("steward", "administrator"), ("leaver", "agent"), ("heir", "agent")):
        run(served.home, "user", "add", name, "--role", role, "--password-stdin", given=PASSWORD)
    page = desk("steward").open("/account")
    go(page, "nav a[href='/people']")
    go(page, "main a[href='/people/leaver']")
    tab_to(page, "#staff-change [name=successor]")
    page.keyboard.type("heir")
    tab_to(page, "#staff-change [name=reason]")
    page.keyboard.type("退休")
    go(page, "#staff-change button[value=ask]")
    report = page.inner_text("section[aria-labelledby=report]")
    assert "登录会话" in report
    assert "退休" in report
    go(page, "button[value=do]")
    assert "已停用" in page.inner_text("h1")
    assert "已办理" in page.inner_text("main")
    go(page, "nav a[href='/organisation']")
    assert "古驿供电所" in page.inner_text(".org-tree")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
