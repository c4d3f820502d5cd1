"""Hands on keys, mouse and phone: what script adds, and that nothing moves or is out of reach."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import CUSTOMER_NO, NAME, WORD

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]
STILL = 0.01
"""Layout shift that nobody sees; Web Vitals call 0.1 good."""
FINGER = 44
"""Pixels a finger needs (ui.md)."""
SHIFTS = """() => new Promise((tell) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const e of list.getEntries()) sum += e.value; })
    .observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => tell(sum), 300);
})"""


def test_keys_reach_the_box_the_help_and_the_way_out(desk, filed) -> None:
    page = desk("archivist").open("/")
    page.keyboard.press("?")
    assert page.locator("dialog.help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("dialog.help").is_visible()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") != "q"


def test_a_suggestion_is_chosen_by_keys_and_opens_the_dossier(desk, filed) -> None:
    page = desk("archivist").open("/")
    page.keyboard.press("/")
    page.keyboard.type(NAME[:2])
    page.locator("#suggestions li").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert page.locator("#suggestions li[aria-selected=true]").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/customers/{CUSTOMER_NO}?*")


def test_an_agent_s_suggestions_are_masked(desk, filed) -> None:
    page = desk("agent").open("/")
    page.keyboard.press("/")
    page.keyboard.type(CUSTOMER_NO[:7])
    page.locator("#suggestions li").first.wait_for()
    assert NAME not in page.inner_text("#suggestions")


def test_enter_opens_the_paper_that_the_arrow_marked_and_previewed(desk, filed) -> None:
    one = desk("archivist")
    for keys in (["ArrowDown"], ["j"], []):
        page = one.open(f"/search?q={WORD}")
        page.locator("#preview img").wait_for()
        page.evaluate("document.activeElement.blur()")
        for key in keys:
            page.keyboard.press(key)
            assert page.locator(".paper-link.is-shown:focus").count() == 1
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/documents/{filed}?*")


def until(page, condition: str) -> None:
    """Wait without ``wait_for_function``, which evaluates in the page, where the policy forbids it."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


def test_nothing_moves_while_pictures_come(desk, filed) -> None:
    one = desk("archivist")
    for path in (f"/search?q={WORD}", f"/documents/{filed}?q={WORD}", f"/customers/{CUSTOMER_NO}"):
        page = one.open(path)
        until(page, "[...document.images].every((i) => i.complete || i.loading === 'lazy')")
        assert page.evaluate(SHIFTS) < STILL, path


MARKS_ON = """[...document.querySelectorAll('[data-text] mark')]
  .flatMap((mark, at) => mark.classList.contains('on') ? [at] : [])"""


def test_keys_zoom_turn_and_walk_through_hits(desk, filed) -> None:
    page = desk("archivist").open(f"/documents/{filed}?q=电")
    total = page.locator(".desk .box-hit").count()
    assert total > 2
    page.locator(".box-hit.on").wait_for(state="attached")
    page.keyboard.press("n")
    assert page.inner_text("[data-hit-count]") == f"2 / {total}"
    number = page.locator(".box-hit.on").get_attribute("data-mark")
    assert page.evaluate(MARKS_ON) == [int(number)]
    page.keyboard.press("p")
    assert page.inner_text("[data-hit-count]") == f"1 / {total}"
    before = page.locator(".desk img").bounding_box()["width"]
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert page.locator(".desk img").bounding_box()["width"] > before
    page.keyboard.press("r")
    page.wait_for_url("**turn=90**")
    assert page.locator(".turned .box-hit").count() == total


def test_a_number_is_copied_without_its_gaps(desk, filed) -> None:
    one = desk("archivist")
    one.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = one.open(f"/customers/{CUSTOMER_NO}")
    page.click(f'[data-copy="{CUSTOMER_NO}"]')
    page.locator("[data-copied]").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == CUSTOMER_NO


def test_an_uploaded_paper_is_assigned_and_undone_by_single_keys(desk, filed) -> None:
    page = desk("archivist").open("/upload")
    page.set_input_files(
        "[data-drop] input",
        {
            "name": "便条.txt",
            "mimeType": "text/plain",
            "buffer": "会议便条，没有写明是谁的。".encode(),
        },
    )
    page.locator("[data-upload-chosen] .uploaded").wait_for()
    page.fill("[name=customer_no]", "")
    page.get_by_role("button", name="收入", exact=True).click()
    row = page.locator("[data-upload-list] .uploaded")
    row.locator("a").wait_for()
    document_id = row.locator("a").get_attribute("href").rpartition("/")[2]
    row.get_by_text("待归户").wait_for(timeout=120_000)  # by itself, once it was read
    for _ in range(240):
        page.goto(f"{page.url.split('/upload')[0].split('/assign')[0]}/assign/{document_id}")
        if page.locator("[data-assign]").count():
            break
        page.wait_for_timeout(500)
    page.fill(".choose input[name=find]", NAME)
    page.keyboard.press("Enter")
    page.locator('[data-choose="1"]').wait_for()
    page.locator(".desk").focus()
    page.keyboard.press("1")
    page.locator("[data-undo]").wait_for()
    if page.locator("[data-skip]").count():
        with page.expect_navigation():
            page.keyboard.press("s")
        page.locator("[data-undo]").wait_for()
    page.keyboard.press("u")
    page.wait_for_url(f"**/assign/{document_id}")
    assert page.locator("[data-skip]").count() == 1


def test_chosen_files_wait_for_the_button_and_are_sent_with_what_the_fields_then_say(
    desk, served
) -> None:
    page = desk("archivist").open("/upload")
    page.get_by_role("button", name="收入", exact=True).click()
    assert page.locator("[data-upload-empty]").is_visible()
    for name in ("一.txt", "二.txt"):
        note = {
            "name": name,
            "mimeType": "text/plain",
            "buffer": f"便条{name}，与户无关。".encode(),
        }
        page.set_input_files("[data-drop] input", note)
    assert not page.locator("[data-upload-empty]").is_visible()
    waiting = page.locator("[data-upload-chosen] .uploaded")
    waiting.nth(1).wait_for()
    page.wait_for_timeout(300)
    assert page.locator("[data-upload-list] .uploaded").count() == 0
    waiting.nth(1).get_by_role("button").click()
    page.fill("[name=customer_no]", "4299999999")
    page.get_by_role("button", name="收入", exact=True).click()
    page.locator("[data-upload-list] [data-outcome=failed]").get_by_text("没有此户号").wait_for()
    assert waiting.count() == 0
    assert page.locator("[data-upload-list] .uploaded").count() == 1


def test_on_a_phone_box_and_camera_are_at_the_thumb_and_nothing_overflows(desk, filed) -> None:
    one = desk("archivist", is_mobile=True, has_touch=True)
    one.page.set_viewport_size({"width": 390, "height": 844})
    paths = (
        "/",
        f"/search?q={WORD}",
        f"/documents/{filed}?q={WORD}",
        "/upload",
        "/intake",
        "/assign",
    )
    for path in (*paths, f"/customers/{CUSTOMER_NO}"):
        page = one.open(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page = one.open("/")
    for entry in page.locator(".nav a").all():
        box = entry.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["height"] >= FINGER
    box, camera = page.locator("#q").bounding_box(), page.locator(".box-camera").bounding_box()
    assert box["y"] > 700
    assert min(box["height"], camera["height"], camera["width"]) >= FINGER


def test_the_intake_list_refreshes_itself_without_losing_the_place(desk, filed) -> None:
    page = desk("archivist").open("/intake")
    with page.expect_response(lambda answer: answer.url.endswith("/intake") and answer.ok):
        page.locator("#state-filed").focus()
    page.wait_for_timeout(300)
    assert page.evaluate("document.activeElement.id") == "state-filed"
    assert page.evaluate(SHIFTS) < STILL


def test_the_marked_place_stays_in_view_when_the_page_is_made_larger(desk, filed) -> None:
    page = desk("archivist").open(f"/documents/{filed}?q={WORD}")
    page.locator(".box-hit.on").wait_for()
    for _ in range(2):
        page.keyboard.press("+")
        inside = page.evaluate(
            "() => {"
            " const box = document.querySelector('.box-hit.on').getBoundingClientRect();"
            " const desk = document.querySelector('[data-desk]').getBoundingClientRect();"
            " return box.top >= desk.top && box.bottom <= desk.bottom"
            "  && box.left >= desk.left && box.right <= desk.right; }"
        )
        assert inside
