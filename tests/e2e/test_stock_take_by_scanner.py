"""A stock-take by the keystrokes of a scanner, with its sounds, to its close (issue 7, point 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from dossier.db.tables import Document
from dossier.plugins.shelving import boxes, rooms, volumes
from dossier.rules.shelving import ColumnShape
from dossier.services import custody
from tests.e2e.conftest import Desk, assert_accessible, assert_fits, desks, served_here
from tests.support_seeded import EAST, SETUP, seeded_archive

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]
SLOT = "K01-01-A-01-1-01"
HEARD = """
window.heard = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...at) {
  window.heard.push(this.frequency.value);
  return start.apply(this, at);
};
"""


@dataclass
class Room:
    address: str
    box: str
    codes: tuple[str, ...]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    users = {"clerk": ("archivist", None)}
    with seeded_archive(tmp_path_factory.mktemp("stock") / "home", users=users) as archive:
        context = archive.context
        rooms.make(context, SETUP, "K01", "一号库房")
        rooms.add_column(context, SETUP, "K01", 1, ColumnShape("A", 1, 1, 2, 70))
        with context.writing(SETUP) as session:
            mine = select(Document).where(Document.customer_no == EAST.customer_no)
            for document in session.scalars(mine).all():
                custody.begin(session, SETUP, document, at=document.captured_at)
        codes = volumes.file_papers(context, SETUP, EAST.customer_no)
        (box,) = boxes.make(context, SETUP, "H30", 1, "")
        volumes.put(context, SETUP, codes[0], box)
        boxes.move(context, SETUP, box, SLOT)
        with served_here(context) as address:
            yield Room(address, box, codes)


@pytest.fixture
def desk(chromium, room: Room) -> Iterator[Callable[..., Desk]]:
    with desks(chromium, room.address) as sit_down:
        yield sit_down


def assert_fits_and_accessible(page, picture) -> None:
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert_fits(page, f"{picture}-{width}.png")
    assert_accessible(page)


def test_a_shelf_is_counted_by_the_scanner_alone(desk, room: Room, tmp_path) -> None:
    clerk = desk("clerk", bypass_csp=True)
    clerk.page.set_default_timeout(30_000)
    clerk.context.add_init_script(HEARD)
    page = clerk.open("/shelves/stock")
    page.get_by_label("库房（K01）、列（K01-03）或盒码").focus()
    page.keyboard.type("K01-01")
    page.keyboard.press("Enter")
    page.locator("[data-bench]").wait_for()
    here = page.url
    assert page.evaluate("document.activeElement.name") == "code"
    for code in (SLOT, room.box, room.codes[0], "6901234567892", "UNDO"):  # as fast as it comes
        page.keyboard.type(code)
        page.keyboard.press("Enter")
    page.locator("[data-bench]").get_by_text("已撤销").first.wait_for()
    assert page.url == here, "no page is left meanwhile"
    page.wait_for_function("window.heard.length >= 5")
    assert page.evaluate("window.heard.includes(880) && window.heard.includes(180)")
    page.get_by_role("button", name="提示音").press("Enter")
    heard = page.evaluate("window.heard.length")
    page.locator("[name=code]").first.focus()
    page.keyboard.type(room.codes[0])
    page.keyboard.press("Enter")
    page.locator("[data-bench=right]").get_by_text("在位").wait_for()
    assert page.evaluate("window.heard.length") == heard, "the switch is off"
    assert page.locator("[data-bench]").get_by_text(room.codes[1]).count() == 1
    assert_fits_and_accessible(page, tmp_path / "count")
    page.get_by_role("button", name="扫描完毕，与账面比对").press("Enter")
    page.get_by_label("处理方式").first.wait_for()
    assert_fits_and_accessible(page, tmp_path / "found")
    while page.get_by_label("处理方式").count():
        left = page.get_by_label("处理方式").count()
        page.get_by_label("处理方式").first.focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.type("原处")
        page.keyboard.press("Enter")
        page.wait_for_function(f"document.querySelectorAll('[name=outcome]').length < {left}")
    page.get_by_role("button", name="盘点结案").press("Enter")
    page.get_by_text("已结案").first.wait_for()
