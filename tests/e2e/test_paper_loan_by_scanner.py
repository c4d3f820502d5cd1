"""A paper loan from the request to its box, by the keystrokes of a scanner (issue 7, §6.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select

from dossier.clock import FixedClock, SystemClock
from dossier.db.custody_tables import CustodyEvent
from dossier.db.tables import Document
from dossier.services import custody
from tests.e2e.conftest import Desk, assert_accessible, assert_fits, desks, served_here
from tests.support_seeded import EAST, SETUP, Seeded, seeded_archive

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]
USERS = {
    "borrower": ("crew", EAST.unit), "chief": ("supervisor", None), "clerk": ("archivist", None),
}  # fmt: skip
PAPER = "东1"


@dataclass
class House:
    """The seeded archive, served, with the first paper at the receiving desk."""

    archive: Seeded
    address: str

    def holders(self) -> list[str]:
        with self.archive.context.reading(SETUP) as session:
            query = select(CustodyEvent.to_kind).order_by(CustodyEvent.id)
            return list(session.scalars(query))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with seeded_archive(tmp_path_factory.mktemp("served") / "home", users=USERS) as archive:
        context = archive.context
        with context.writing(SETUP) as session:
            document = session.get_one(Document, archive.documents[PAPER])
            custody.begin(session, SETUP, document, at=context.clock.now())
        fixed = replace(context, clock=FixedClock(SystemClock().now()))
        with served_here(fixed) as address:
            yield House(archive, address)


@pytest.fixture
def desk(chromium, house: House) -> Iterator[Callable[..., Desk]]:
    with desks(chromium, house.address) as sit_down:
        yield sit_down


def assert_fits_and_accessible(page, picture) -> None:
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert_fits(page, f"{picture}-{width}.png")
    assert_accessible(page)


def scan(page, code: str) -> None:
    """As a scanner does it: the code into the field that has the focus, then Enter."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def test_a_paper_goes_out_and_comes_back_by_the_scanner(desk, house: House, tmp_path) -> None:
    look = {"bypass_csp": True}
    borrower, chief, clerk = (desk(user, **look) for user in ("borrower", "chief", "clerk"))
    paper = house.archive.documents[PAPER]
    page = borrower.open(f"/documents/{paper}")
    page.get_by_role("link", name="纸质原件").click()
    assert_fits_and_accessible(page, tmp_path / "ask")
    scan(page, "法院调取原件")
    page.wait_for_url("**/loans#JY*")
    number = page.url.rpartition("#")[2]
    assert_fits_and_accessible(page, tmp_path / "mine")

    page = chief.open("/loans/waiting")
    assert_fits_and_accessible(page, tmp_path / "approve")
    page.get_by_role("button", name="批准").click()
    page.get_by_text("没有待您审批的借阅").wait_for()

    page = clerk.open("/loans/desk")
    assert_fits_and_accessible(page, tmp_path / "desk")
    scan(page, number)
    page.locator("#scanned").get_by_role("button", name="已取件").press("Enter")
    page.locator("#picked").wait_for()
    scan(page, number)
    page.locator("#scanned [name=borrower]").wait_for()
    assert_fits_and_accessible(page, tmp_path / "hand-out")
    scan(page, "borrower")  # the card; Enter leads to the pages, which are not counted yet
    assert page.evaluate("document.activeElement.name") == "pages"
    scan(page, "1")
    page.locator("#out").wait_for()
    assert house.holders()[-1] == "person"

    page = borrower.open("/loans")
    page.get_by_role("button", name="确认已收到").press("Enter")
    page.get_by_text("借出").first.wait_for()

    page = clerk.open("/loans/desk")
    scan(page, number)
    page.locator("#scanned [name=compared]").first.wait_for()
    assert_fits_and_accessible(page, tmp_path / "take-back")
    scan(page, "1")  # Enter leads to the page compared, which nobody answers for the clerk
    assert page.evaluate("document.activeElement.name") == "compared"
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.locator("#left").wait_for()
    assert_fits_and_accessible(page, tmp_path / "left")
    assert house.holders() == ["place", "place", "person", "place"]
    scan(page, number)
    page.get_by_text("没有此编码").wait_for()  # it is settled: nothing of it is open
    page = borrower.open("/loans")
    assert "已归还" in page.inner_text(f"#{number}")
