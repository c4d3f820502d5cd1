"""What is measured on a page's picture, and what is bad by the rules (domain.md §3.2, DA/T 31)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFilter

from dossier.adapters.image_quality.measuring import PictureMeasurer
from dossier.adapters.pages.files import PageFiles
from dossier.records import PageMeasures, PageReading, ScanFacts, Sighting, SightingKind, WordBox
from dossier.rules import image_quality
from dossier.rules.image_quality import FAILS, ScannedPage
from dossier.work.guarded_readers import LookingReader

DAY = date(2026, 11, 23)
SIZE = (1654, 2339)
"""A4 at 200 dpi."""
HIGH = 32
GOOD = PageMeasures(
    *SIZE, paper=250, contrast=200, faintest=180, softness=0.012, text_height=44, border=0, cut=0,
    likeness="00", digest="d",
    facts=ScanFacts(*SIZE, dpi=200, is_measured_dpi=True, mode="colour", size_bytes=300_000),
)  # fmt: skip


def boxes(left: int = 140, top: int = 160) -> list[tuple[int, int, int, int]]:
    return [
        (x, y, x + 220, y + HIGH) for y in range(top, SIZE[1] - 200, 90) for x in (left, left + 700)
    ]


def drawn(left: int = 140) -> Image.Image:
    """A page of strokes in place of words."""
    picture = Image.new("L", SIZE, 250)
    draw = ImageDraw.Draw(picture)
    for x0, y0, x1, y1 in boxes(left):
        for x in range(x0, x1, 16):
            draw.rectangle((x, y0 + 4, x + 3, y1 - 4), fill=30)
            draw.rectangle((x, y0 + 14, x + 10, y0 + 17), fill=30)
    return picture


def reading(left: int = 140, **more: Any) -> PageReading:
    words = tuple(WordBox(0, 1, tuple(map(float, box))) for box in boxes(left))
    return PageReading(1, text="合同", words=words, width=SIZE[0], height=SIZE[1], **more)


def measured(picture: Image.Image, folder: Path, page: PageReading | None = None) -> PageMeasures:
    path = folder / "page.png"
    picture.save(path)
    return PictureMeasurer().measure(path, page or reading())


def codes(page: PageReading, **more: Any) -> dict[str, str]:
    given: dict[str, Any] = {
        "media_type": "application/pdf", "file_name": "a.pdf", "type_code": "C01", "taken": DAY,
    } | more  # fmt: skip
    return {
        one.check.code: one.check.severity
        for one in image_quality.judge(ScannedPage(page, **given))
    }


def of(measures: PageMeasures, page: PageReading | None = None) -> dict[str, str]:
    return codes(replace(page or reading(), measures=measures))


def with_facts(measures: PageMeasures) -> PageMeasures:
    return replace(measures, facts=GOOD.facts)


def test_3_2_a_good_scan_is_not_found_fault_with(tmp_path: Path) -> None:
    assert of(with_facts(measured(drawn(), tmp_path))) == {}
    assert of(GOOD) == {}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda p: p.point(lambda v: 250 - (250 - v) // 5), {"contrast": FAILS}),
        (lambda p: p.point(lambda v: 250 - (250 - v) * 2 // 5), {"contrast": "warns"}),
        (lambda p: p.filter(ImageFilter.GaussianBlur(2.6)), {"blur": FAILS}),
        (lambda p: p.point(lambda v: v // 3), {"too_dark": FAILS}),
    ],
)
def test_3_2_faint_blurred_and_dark_pages_are_told(
    tmp_path: Path, change: Any, wrong: dict[str, str]
) -> None:
    found = of(with_facts(measured(change(drawn()), tmp_path)))
    assert wrong.items() <= found.items()


def test_3_2_a_dark_border_counts_and_dark_print_does_not(tmp_path: Path) -> None:
    framed = drawn()
    ImageDraw.Draw(framed).rectangle((0, 0, 60, SIZE[1]), fill=10)
    assert of(with_facts(measured(framed, tmp_path))) == {"border": "warns"}
    heading = drawn()
    ImageDraw.Draw(heading).rectangle((300, 20, 1300, 140), fill=10)
    assert of(with_facts(measured(heading, tmp_path))) == {}


def test_3_2_words_that_run_over_the_edge_are_cut_off(tmp_path: Path) -> None:
    cut = measured(drawn(-65), tmp_path, reading(-65))
    assert cut.cut >= 10
    assert codes(replace(reading(-65), measures=with_facts(cut)))["cut_off"] == FAILS


def test_3_2_a_watermark_that_runs_over_the_edge_is_no_cut_word(tmp_path: Path) -> None:
    picture = drawn()
    draw = ImageDraw.Draw(picture)
    words = list(reading().words)
    for y in range(200, 2000, 300):
        draw.line((0, y, 130, y + 120), fill=200, width=14)
        draw.line((0, y + 60, 130, y + 60), fill=200, width=14)
        words.append(WordBox(0, 1, (-40.0, float(y), 130.0, float(y + 130))))
        draw.line((0, y + 150, 120, y + 150), fill=205, width=6)
        words.append(WordBox(0, 1, (-5.0, float(y + 140), 120.0, float(y + 172))))
    page = replace(reading(), words=tuple(words))
    assert of(with_facts(measured(picture, tmp_path, page))) == {}


def test_3_2_a_picture_that_lies_is_measured_upright(tmp_path: Path) -> None:
    lying = drawn().transpose(Image.Transpose.ROTATE_90)
    found = measured(lying, tmp_path, reading(rotation=90))
    assert (found.width, found.height) == SIZE
    assert of(with_facts(found)) == {}
    assert codes(replace(reading(rotation=90), measures=GOOD)) == {"turned": "warns"}


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        (ScanFacts(1240, 1754, 150, True), {"resolution": FAILS}),
        (ScanFacts(1240, 1754, 150), {"resolution": FAILS}),
        (ScanFacts(1240, 1754), {"resolution": FAILS}),
        # the tag says 300, the pixels are those of A4 at 150
        (ScanFacts(1240, 1754, 300), {"resolution": FAILS, "false_dpi": "warns"}),
        # a telephone says 72 of whatever it takes
        (ScanFacts(3000, 4000, 72), {}),
        (ScanFacts(1600, 2263, 194), {"resolution": FAILS}),
        (ScanFacts(1653, 2339, 199.9), {}),
        # a till slip: its size cannot be told, and it claims a credible one
        (ScanFacts(640, 2400, 203), {}),
        (ScanFacts(640, 2400), {}),
    ],
)
def test_3_2_resolution_is_worked_out_from_the_papers_size(
    facts: ScanFacts, wrong: dict[str, str]
) -> None:
    found = of(replace(GOOD, facts=replace(facts, size_bytes=300_000)))
    assert {key: found[key] for key in found if key in ("resolution", "false_dpi")} == wrong


def test_3_2_a_card_is_measured_by_the_size_of_cards() -> None:
    card = replace(GOOD, facts=ScanFacts(1011, 638, size_bytes=200_000))
    assert "resolution" not in codes(replace(reading(), measures=card), type_code="A02")


def test_3_2_small_print_wants_more() -> None:
    assert of(replace(GOOD, text_height=15)) == {"small_print": "warns"}
    fine = replace(
        GOOD, text_height=15, facts=replace(GOOD.facts, width=2480, height=3508, dpi=300)
    )
    assert of(fine) == {}


def test_3_2_a_seal_asks_for_colour_unless_the_paper_is_a_copy() -> None:
    sealed = reading(sightings=(Sighting(SightingKind.SEAL, (0, 0, 9, 9), confidence=0.9),))
    grey = replace(GOOD, facts=replace(GOOD.facts, mode="grey"))
    assert of(grey, sealed) == {"colour": FAILS}
    assert of(GOOD, sealed) == {}
    assert of(grey) == {}
    assert of(grey, replace(sealed, text="与原件一致")) == {}


def test_3_2_skew_blank_damage_format_and_size() -> None:
    assert of(GOOD, reading(skew=1.4)) == {"skew": "warns"}
    assert of(GOOD, reading(skew=-3.4)) == {"skew": FAILS}
    assert of(GOOD, reading(blank=True)) == {"blank": "warns"}
    assert of(GOOD, reading(truncated=True)) == {"damaged": FAILS}
    assert of(replace(GOOD, facts=replace(GOOD.facts, size_bytes=4_000))) == {"too_small": "warns"}
    good = replace(reading(), measures=GOOD)
    assert codes(PageReading(1, error="corrupt")) == {"opens": FAILS}
    assert codes(good, media_type="image/png", file_name="a.png") == {"format": "warns"}
    assert codes(good, media_type="image/jpeg", file_name="a.tif") == {"ending": "warns"}
    assert codes(good, media_type="image/jpeg", file_name="合同.2021") == {}


def test_3_2_no_rule_counts_before_its_first_day() -> None:
    bad = replace(reading(skew=9), measures=GOOD)
    assert codes(bad, taken=date(2017, 8, 1)) == {}


def test_3_2_the_same_sheet_twice_is_known_and_the_same_form_filled_otherwise_is_not(
    tmp_path: Path,
) -> None:
    text = "低压供用电合同 用电人 张三 户号 4200000001 用电地址 滨河路八十八号 签订日期"
    one = replace(reading(), text=text, measures=measured(drawn(), tmp_path))
    again = drawn().filter(ImageFilter.GaussianBlur(0.8)).point(lambda v: min(255, v + 4))
    two = replace(one, measures=measured(again, tmp_path))
    assert one.measures is not None
    assert two.measures is not None
    assert one.measures.digest != two.measures.digest
    assert image_quality.is_same_page(one, two)
    other = replace(two, text=text.replace("4200000001", "4200000002"))
    assert not image_quality.is_same_page(one, other)
    assert not image_quality.is_same_page(one, replace(two, blank=True))


def test_the_reader_measures_what_it_reads_and_the_file_tells_of_the_scan(tmp_path: Path) -> None:
    class Engine:
        name = "drawn"

        def read(self, picture: Path, *, page_number: int, dpi: int = 200) -> PageReading:
            assert picture.exists()
            return replace(reading(), number=page_number, confidence=float(dpi > 0))

        def release(self) -> None:
            """Nothing is held."""

    path = tmp_path / "page.png"
    drawn().save(path, dpi=(200, 200))
    found = LookingReader(Engine(), None, PictureMeasurer()).read(path, page_number=3)
    assert found.measures is not None
    assert (found.number, found.measures.cut) == (3, 0)
    for mode, name in (("RGB", "colour"), ("L", "grey"), ("1", "bilevel")):
        for ending, is_measured in (("pdf", True), ("tif", False), ("png", False)):
            file = tmp_path / f"{mode}.{ending}"
            more: dict[str, Any] = {"resolution": 200} if is_measured else {"dpi": (200, 200)}
            drawn().convert(mode).save(file, **more)
            facts = PageFiles().scan_facts(file, page_number=1)
            assert (facts.width, facts.height) == SIZE
            assert (facts.mode, facts.is_measured_dpi) == (name, is_measured)
            assert facts.dpi == pytest.approx(200, abs=1)
            assert facts.size_bytes > 0
