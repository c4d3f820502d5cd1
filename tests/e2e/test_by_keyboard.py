"""From two letters in the box to the word boxed on the picture, without touching the mouse."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import OTHER_NO
from tests.e2e.test_main_path import assert_the_box_is_on_the_word, wait_for_picture

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]
INITIALS = "zs"


@pytest.fixture
def typed(desk, filed_other):
    """The letters are in the box of the start page, and the list under it offers the customer."""

    def type_into_the_box(user: str):
        page = desk(user).open("/")
        page.keyboard.press("/")
        page.keyboard.type(INITIALS)
        page.locator(f'#suggestions li[data-href^="/customers/{OTHER_NO}"]').wait_for()
        return page

    return type_into_the_box


@pytest.mark.parametrize("user", ["archivist", "agent"])
def test_the_initials_lead_over_the_hit_to_the_boxed_name(typed, served, filed_other, user) -> None:
    page = typed(user)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/search?q={INITIALS}")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.matches('.paper-link')")
    page.keyboard.press("Enter")
    see_the_name_boxed(page, served, filed_other)


@pytest.mark.parametrize("user", ["archivist", "agent"])
def test_the_initials_lead_over_the_suggestion_to_the_boxed_name(
    typed, served, filed_other, user
) -> None:
    page = typed(user)
    while OTHER_NO not in (page.evaluate(MARKED) or ""):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/customers/{OTHER_NO}?*")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    see_the_name_boxed(page, served, filed_other)


MARKED = "document.querySelector('#suggestions [aria-selected=true]')?.dataset.href"


def see_the_name_boxed(page, served, document_id: str) -> None:
    """The paper is open, its picture is there, and the box is on the name, inside the window."""
    page.wait_for_url(f"**/documents/{document_id}?*")
    wait_for_picture(page, ".desk img")
    assert_the_box_is_on_the_word(page, served.other_places["name"])
    box = page.locator(".desk .box-hit").bounding_box()
    window = page.viewport_size
    assert 0 < box["x"] < box["x"] + box["width"] < window["width"]
    assert 0 < box["y"] < box["y"] + box["height"] < window["height"]
    assert page.locator(".desk .box-hit").is_visible()
    page.keyboard.press("n")
    assert page.inner_text("[data-hit-count]") == "1 / 1"
