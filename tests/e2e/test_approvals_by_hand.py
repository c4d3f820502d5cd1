"""By hand: asked for, approved by somebody else, open, and over at its minute by a moved clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from dossier.clock import FixedClock, SystemClock
from tests.e2e.conftest import Desk, assert_fits_and_accessible, desks, served_here
from tests.support_seeded import EAST, seeded_archive

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]
USERS = {"marketing": ("marketing", None), "chief": ("supervisor", EAST.unit)}
PAGE = f"/customers/{EAST.customer_no}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, FixedClock]]:
    """The seeded archive, served by a clock that the test moves; address and clock."""
    with seeded_archive(tmp_path_factory.mktemp("served") / "home", users=USERS) as archive:
        clock = FixedClock(SystemClock().now())
        with served_here(replace(archive.context, clock=clock)) as address:
            yield address, clock


@pytest.fixture
def desk(chromium, house: tuple[str, FixedClock]) -> Iterator[Callable[..., Desk]]:
    with desks(chromium, house[0]) as sit_down:
        yield sit_down


@pytest.mark.parametrize("width", [390, 1440])
def test_asked_approved_open_and_over(desk, house, tmp_path, width: int) -> None:
    look = {"bypass_csp": True}
    asker, chief = desk("marketing", **look), desk("chief", **look)
    for one in (asker, chief):
        one.page.set_viewport_size({"width": width, "height": 844})
    page = asker.open(PAGE)
    assert EAST.name not in page.inner_text("main")
    page.get_by_role("link", name="申请审批：查看未遮盖的个人信息").click()
    assert_fits_and_accessible(page, tmp_path / f"ask-{width}.png")
    page.fill("[name=purpose]", "核对合同主体")
    page.keyboard.press("Enter")
    page.get_by_text("待审批").first.wait_for()
    assert_fits_and_accessible(page, tmp_path / f"mine-{width}.png")

    other = chief.open("/approvals/waiting")
    assert "核对合同主体" in other.inner_text("main")
    assert_fits_and_accessible(other, tmp_path / f"waiting-{width}.png")
    other.get_by_role("button", name="批准").focus()
    other.keyboard.press("Enter")
    other.get_by_text("没有待您审批的申请").wait_for()
    assert_fits_and_accessible(other, tmp_path / f"approved-{width}.png")

    assert EAST.name in asker.open(PAGE).inner_text("main")
    house[1].advance(timedelta(hours=2))
    again = desk("marketing", **look)
    assert EAST.name not in again.open(PAGE).inner_text("main")
    assert "已结束" in again.open("/approvals").inner_text("main")
