"""The main job in a real browser: drop a scan, search a word on it, see the box on the picture."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image, ImageStat

from tests.e2e.conftest import CUSTOMER_NO, NAME, SIZE, WORD

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]
MASKED = "欧阳**"
NEAR = 12
"""Pixels of the scan by which a box may differ from the ink."""
INK = 120
"""Grey value below which a pixel is ink."""


def picture(desk, document_id: str) -> Image.Image:
    """The page's picture as this user's browser gets it, in the scan's own size."""
    answer = desk.context.request.get(
        f"{desk.address}/documents/{document_id}/pages/1/image?width={SIZE[0]}"
    )
    assert answer.ok
    return Image.open(io.BytesIO(answer.body())).convert("L").resize(SIZE)


def darkest(image: Image.Image, place: tuple[int, int, int, int]) -> int:
    return ImageStat.Stat(image.crop(place)).extrema[0][0]


def boxes_on_screen(page) -> list[list[float]]:
    """The drawn boxes as shares of the picture's sides, measured where they really are."""
    return json.loads(
        page.evaluate("""() => {
          const picture = document.querySelector('.desk img').getBoundingClientRect();
          return JSON.stringify([...document.querySelectorAll('.desk .box-hit')].map((box) => {
            const r = box.getBoundingClientRect();
            return [(r.left - picture.left) / picture.width, (r.top - picture.top) / picture.height,
                    (r.right - picture.left) / picture.width, (r.bottom - picture.top) / picture.height];
          }));
        }""")
    )


def wait_for_picture(page, selector: str) -> None:
    page.locator(selector).first.scroll_into_view_if_needed()
    # Not wait_for_function: it evaluates in the page, where the content policy forbids it.
    for _ in range(600):
        if page.evaluate(
            "(s) => { const i = document.querySelector(s);"
            " return Boolean(i && i.complete && i.naturalWidth > 300) }",
            selector,
        ):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"no picture at {selector}")


def assert_the_box_is_on_the_word(page, place: tuple[int, int, int, int]) -> None:
    found = boxes_on_screen(page)
    assert len(found) == 1
    scaled = [share * side for share, side in zip(found[0], (*SIZE, *SIZE), strict=True)]
    assert scaled == pytest.approx(place, abs=NEAR + 3)


def test_an_archivist_finds_the_word_boxed_on_the_clear_picture(desk, served, filed) -> None:
    one = desk("archivist")
    page = one.open("/")
    page.keyboard.press("/")
    page.keyboard.type(WORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    assert page.locator(".who-name").inner_text() == NAME
    assert page.locator(".hit mark").first.inner_text() == WORD
    wait_for_picture(page, ".strip img")
    wait_for_picture(page, "#preview img")
    assert page.locator("#preview .box-hit").count() == 1

    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/documents/{filed}?*")
    wait_for_picture(page, ".desk img")
    assert_the_box_is_on_the_word(page, served.places["word"])
    assert page.locator(".page-text mark").inner_text() == WORD
    assert darkest(picture(one, filed), served.places["name"]) < INK


def test_an_agent_finds_the_same_box_and_sees_the_name_nowhere(desk, served, filed) -> None:
    one = desk("agent")
    page = one.open(f"/search?q={WORD}")
    assert page.locator(".who-name").inner_text() == MASKED
    wait_for_picture(page, ".strip img")
    assert NAME not in page.content()

    page = one.open(f"/documents/{filed}?q={WORD}")
    wait_for_picture(page, ".desk img")
    assert_the_box_is_on_the_word(page, served.places["word"])
    assert NAME not in page.content()
    assert MASKED in page.inner_text(".side")
    masked = picture(one, filed)
    x0, y0, x1, y1 = served.places["name"]
    hidden_part = (x0 + (x1 - x0) // 2 + 8, y0, x1, y1)
    assert darkest(masked, hidden_part) >= INK
    assert darkest(masked, served.places["word"]) < INK
    for path in ("original", "pdf"):
        answer = one.context.request.get(f"{one.address}/documents/{filed}/{path}")
        assert answer.status == 403


def test_without_script_the_box_is_on_the_picture_too(desk, served, filed) -> None:
    page = desk("archivist", java_script_enabled=False).page
    page.fill("#q", WORD)
    page.click(".box button[type=submit]")
    page.click(".paper-link")
    assert page.locator(".desk .box-hit").count() == 1
    box, sheet = page.locator(".box-hit").bounding_box(), page.locator(".desk img").bounding_box()
    left, top = served.places["word"][:2]
    assert (box["x"] - sheet["x"]) / sheet["width"] == pytest.approx(left / SIZE[0], abs=0.02)
    assert (box["y"] - sheet["y"]) / sheet["height"] == pytest.approx(top / SIZE[1], abs=0.02)


def test_the_dossier_shows_the_paper_that_was_filed_by_itself(desk, filed) -> None:
    page = desk("archivist").open(f"/customers/{CUSTOMER_NO}")
    assert page.locator("h1").inner_text() == NAME
    assert page.locator(f'.contact-sheet a[href="/documents/{filed}"]').count() == 1
    assert page.locator(".who .num").inner_text() == CUSTOMER_NO


def test_an_auditor_lands_on_the_record_and_has_no_search_box(desk) -> None:
    page = desk("auditor").open("/")
    assert page.locator("#q").count() == 0
    assert page.url.endswith("/audit")
    assert "审计员" in page.inner_text("main")
