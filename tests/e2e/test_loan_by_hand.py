"""By hand: a page is borrowed in one click from search, and out of sight at its minute (S0-19)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from dossier.clock import SystemClock
from dossier.plugins.lending import loan_rows
from dossier.plugins.notices import planning
from dossier.services.context import Context
from tests.e2e.conftest import Desk, assert_fits_and_accessible, desks, served_here
from tests.support_seeded import EAST, seeded_archive

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]
USERS = {"office": ("general_office", None), "chief": ("supervisor", None)}
EARLY, LAST = timedelta(minutes=10), timedelta(seconds=20)
"""Before the end: time to log in, and to see the page once more on a busy machine."""
CLOSED = ".paper-hit form.borrow button"


@dataclass
class MovedClock:
    """The machine's clock, put forward; it goes on."""

    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead


@dataclass
class House:
    address: str
    clock: MovedClock
    context: Context


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The seeded archive, served by a clock that the test puts forward."""
    with seeded_archive(tmp_path_factory.mktemp("served") / "home", users=USERS) as archive:
        clock = MovedClock()
        context = replace(archive.context, clock=clock)
        with served_here(context) as address:
            yield House(address, clock, context)


@pytest.fixture
def desk(chromium, house: House) -> Iterator[Callable[..., Desk]]:
    with desks(chromium, house.address) as sit_down:
        yield sit_down


def test_borrowed_in_one_click_from_search_and_out_of_sight_at_its_minute(
    desk, house: House, tmp_path
) -> None:
    reader = desk("office", bypass_csp=True)
    page = reader.open(f"/search?q={EAST.customer_no}")
    page.locator(CLOSED).first.click()
    page.wait_for_url("**/documents/**")
    page.locator(".desk img").wait_for()
    paper = page.url.split("/documents/")[1].split("?")[0]
    picture = f"/documents/{paper}/pages/1/image?width=400"
    ways = (picture, f"/documents/{paper}", f"/api/v1/documents/{paper}/text")
    shut = tuple(f"/documents/{paper}/{way}" for way in ("original", "pdf", "print"))

    def statuses(paths: tuple[str, ...]) -> set[int]:
        return {reader.context.request.get(house.address + path).status for path in paths}

    assert statuses(ways) == {200}
    assert statuses(shut) <= {403, 404}
    assert EAST.id_no not in page.inner_text("main")
    assert_fits_and_accessible(page, tmp_path / "open.png")

    house.clock.ahead += timedelta(hours=24) - EARLY
    again = desk("office")  # the login of the day before is over
    house.clock.ahead += EARLY - LAST
    page = again.open(f"/documents/{paper}")
    page.locator(".desk img").wait_for()
    page.locator(".desk img").wait_for(state="detached")
    page.screenshot(path=tmp_path / "over.png")  # nobody touched it
    assert EAST.customer_no not in page.inner_text("main")
    reader = again
    assert statuses((*ways, *shut)) <= {403, 404}
    assert "到期失效" in page.goto(f"{house.address}/loans").text()


def test_extended_ended_early_and_told_of_it(desk, house: House, tmp_path) -> None:
    reader, chief = desk("office", bypass_csp=True), desk("chief", bypass_csp=True)
    page = reader.open(f"/customers/{EAST.customer_no}")
    page.locator(".contact-sheet form.borrow button").first.click()
    page.wait_for_url("**/documents/**")
    paper = page.url.split("/documents/")[1].split("?")[0]
    reader.open("/loans").get_by_role("button", name="续期一次").first.click()
    page.get_by_role("button", name="续期一次").wait_for(state="detached")
    page.screenshot(path=tmp_path / "extended.png", full_page=True)
    reader.open("/loans")
    with page.expect_navigation():
        page.get_by_role("button", name="立即归还").first.click()
    assert reader.open(f"/documents/{paper}").locator(".desk img").count() == 0

    reader.open(f"/loans/ask?document_id={paper}")
    for what in ("clear", "print", "download"):
        page.check(f"[value={what}]")
    page.fill("[name=purpose]", "核对合同")
    page.get_by_role("button", name="借阅").last.click()
    page.get_by_text("审批中").first.wait_for()
    planning.plan(house.context)
    other = chief.open("/notices")
    assert "待审批" in other.inner_text("main")
    assert other.locator(".nav-count").inner_text() == "1"
    for width in (390, 1440):
        other.set_viewport_size({"width": width, "height": 844})
        assert_fits_and_accessible(other, tmp_path / f"asked-{width}.png")
    other.get_by_role("link", name="待审批").last.click()
    other.get_by_role("button", name="批准").focus()
    other.keyboard.press("Enter")
    other.get_by_text("没有待您审批的借阅").wait_for()
    assert EAST.name in reader.open(f"/documents/{paper}").inner_text("main")
    for way in ("original", "print"):
        assert reader.context.request.get(f"{house.address}/documents/{paper}/{way}").ok
    other.locator("form[action$='/recall'] [name=reason]").first.fill("用途已变")
    with other.expect_navigation():
        other.locator("form[action$='/recall'] button").first.click()
    assert page.goto(f"{house.address}/documents/{paper}").status in (403, 404)
    page.screenshot(path=tmp_path / "ended.png", full_page=True)
    loan_rows.note_ended(house.context)
    planning.plan(house.context)
    page = reader.open("/notices")
    assert "已提前收回" in page.inner_text("main")
    page.screenshot(path=tmp_path / "told.png", full_page=True)
    page.get_by_role("button", name="全部标为已读").focus()
    page.keyboard.press("Enter")
    page.locator(".nav-count").wait_for(state="detached")
