"""Invented pages: boxes hold the ink, families stay apart, the same seed gives the same picture."""

import io
import random
from datetime import date

import numpy as np
import pytest
import zxingcpp
from fontTools.ttLib import TTCollection, TTFont
from PIL import Image

from dossier.plugins.demo import families, fonts, names, wording
from dossier.plugins.demo.arrange import arrange
from dossier.plugins.demo.catalogue import TYPES
from dossier.plugins.demo.customers import invent_customers
from dossier.plugins.demo.damage import draw_damage
from dossier.plugins.demo.facts import Facts
from dossier.plugins.demo.pages import pages_for_benchmark
from dossier.plugins.demo.paint import paint
from dossier.plugins.demo.render import render
from dossier.plugins.demo.texts import invent_texts
from dossier.plugins.demo.truth import upright

DAMAGES = [name.split(".")[1] for name in families.DAMAGES]
FONTS = [name.split(".")[1] for name in families.FONTS]
LAYOUTS = [name.split(".")[1] for name in families.LAYOUTS]


def content_of(code, layout="ruled", number=0):
    kind = TYPES[code]
    person = kind.person >= kind.company
    customer = next(c for c in invent_customers(2 + number, 60) if c.is_person == person)
    identity = kind.identities[0]
    facts = Facts(
        customer, layout, date(2021, 3, 8), "260000000001", names.STAFF[0], identity,
        random.Random(number),
    )  # fmt: skip
    return kind.build(facts)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("code", TYPES)
def test_every_type_fills_every_layout_with_its_key_values(code, layout):
    content = content_of(code, layout)
    texts = [text for sheet in arrange(content, layout, "song") for text in sheet.texts()]
    shown = "".join(text.text for text in texts)
    for value in content.fields().values():
        assert value in shown
    assert len(texts) > 12


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("code", ["A02", "A03", "A05"])
def test_a_certificate_fills_one_page_and_no_more(code, layout):
    for family in FONTS:
        assert len(arrange(content_of(code, layout), layout, family)) == 1


def test_there_are_at_least_fourteen_types_with_two_default_layouts_and_one_held_out():
    assert len(TYPES) >= 14
    assert len(families.choices(None, "layout")) >= 2
    for kind in ("layout", "font", "damage"):
        held = {n for n in families.HELD_OUT if n.startswith(f"{kind}.")}
        assert held
        assert not held & {f"{kind}.{n}" for n in families.choices(None, kind)}


def test_a_misspelt_family_is_refused():
    with pytest.raises(ValueError, match=r"layout\.bxed"):
        families.choices(frozenset({"layout.bxed"}), "layout")


def test_naming_one_kind_of_family_leaves_the_others_at_their_default():
    chosen = frozenset({"damage.fax"})
    assert families.choices(chosen, "damage") == ("fax",)
    assert families.choices(chosen, "font") == families.choices(None, "font")


@pytest.mark.parametrize("family", FONTS)
def test_every_line_of_a_clean_page_has_its_ink_inside_its_box(family):
    sheet = arrange(content_of("A01"), "letter", family)[0]
    lone = type(sheet)(sheet.width, sheet.height, list(sheet.texts()))
    page = paint(lone, family, 200, 1)
    left = np.asarray(page.picture.convert("L")).copy()
    for line in page.lines:
        (x0, y0), _, (x1, y1), _ = line.quad
        box = left[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1]
        assert box.min() < 160, line.text
        box[:] = 255
    assert left.min() > 250, "ink outside all boxes"


@pytest.mark.parametrize("damage", DAMAGES)
def test_truth_boxes_lie_on_the_ink_after_every_damage(damage):
    """The box's inside is darker than the strips just above and below it."""
    content = content_of("B02")
    sheet = arrange(content, "letter", "song")[0]
    lone = type(sheet)(sheet.width, sheet.height, list(sheet.texts()))
    page = render(lone, "song", draw_damage(damage, random.Random(3)), 3, 1)
    picture = page.picture.convert("L").rotate(-page.truth.rotation, expand=True)
    pixels = np.asarray(picture, np.float32)
    size = page.picture.size
    darker = 0
    for line in page.truth.lines:
        quad = upright(line.quad, *size, page.truth.rotation)
        assert all(-1 <= x <= picture.width + 1 for x, _ in quad)
        middle, tall = np.mean(quad, axis=0), abs(quad[3][1] - quad[0][1])
        ink = patch(pixels, middle, tall * 0.8, tall * 0.5)
        air = min(
            patch(pixels, middle + np.array([0, tall * 1.05]), tall * 0.8, 2),
            patch(pixels, middle - np.array([0, tall * 1.05]), tall * 0.8, 2),
            key=lambda value: -value,
        )
        darker += ink < air
    assert darker >= 0.9 * len(page.truth.lines)


def patch(pixels, middle, half_width, half_height):
    x, y = middle
    part = pixels[
        max(0, int(y - half_height)) : int(y + half_height) + 1,
        max(0, int(x - half_width)) : int(x + half_width) + 1,
    ]
    return part.mean() if part.size else 255.0


def test_turning_a_box_upright_agrees_with_turning_the_picture():
    picture = np.zeros((40, 60), np.uint8)
    picture[5:9, 10:30] = 255
    quad = ((10, 5), (30, 5), (30, 9), (10, 9))
    for rotation in (0, 90, 180, 270):
        turned = np.rot90(picture, -rotation // 90)
        xs, ys = zip(*upright(quad, 60, 40, rotation), strict=True)
        assert turned[int(min(ys)) : int(max(ys)), int(min(xs)) : int(max(xs))].min() == 255


def test_the_part_of_a_line_stands_between_its_edges():
    page = next(pages_for_benchmark(4, 1, frozenset({"damage.clean"})))
    line = max(page.truth.lines, key=lambda line: len(line.text))
    whole, half = line.quad, line.part(0, len(line.text) // 2)
    assert half[0][0] == pytest.approx(whole[0][0], abs=6)
    assert half[1][0] < whole[1][0]


def test_benchmark_pages_are_the_same_for_the_same_seed_and_decode():
    first = list(pages_for_benchmark(7, 3))
    again = list(pages_for_benchmark(7, 3))
    assert [page.image for page in first] == [page.image for page in again]
    for page in first:
        picture = Image.open(io.BytesIO(page.image))
        assert picture.size == (page.truth.width, page.truth.height)
        assert page.fields


def test_default_benchmark_pages_use_nothing_that_is_held_out():
    pages = list(pages_for_benchmark(8, 12))
    used = {f"layout.{p.layout}" for p in pages} | {f"font.{p.font}" for p in pages}
    used |= {f"damage.{p.damage}" for p in pages}
    assert not used & families.HELD_OUT
    held = next(pages_for_benchmark(8, 1, families.HELD_OUT))
    assert f"layout.{held.layout}" in families.HELD_OUT
    assert f"font.{held.font}" in families.HELD_OUT
    assert f"damage.{held.damage}" in families.HELD_OUT


def test_every_damage_meets_every_layout_in_a_long_enough_run():
    chosen = frozenset({"damage.clean", "damage.fax", *families.LAYOUTS})
    met = {(page.damage, page.layout) for page in pages_for_benchmark(2, 6, chosen)}
    assert len(met) == 6


def test_a_printed_bar_code_reads_back_as_the_customer_number():
    chosen = frozenset({"damage.clean"})
    pages = [p for p in pages_for_benchmark(3, 11, chosen) if p.truth.codes]
    assert pages
    for page in pages:
        found = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.image)).convert("L"))
        assert page.customer.customer_no in [code.text for code in found]


def test_every_printed_character_is_in_every_face_or_in_the_supplement():
    needed = {c for c in "".join(every_word()) if c.isprintable() and not c.isspace()}
    for family in (*FONTS, "pen"):
        missing = needed - coverage(family) - fonts.SUPPLEMENT
        assert not missing, (family, missing)
    assert not (fonts.SUPPLEMENT | needed) - coverage("supplement")


def every_word():
    for module in (names, wording):
        for value in vars(module).values():
            if isinstance(value, (str, tuple)):
                yield str(value)
    for number, code in enumerate(TYPES):
        for layout in LAYOUTS:
            for sheet in arrange(content_of(code, layout, number), layout, "hei"):
                yield from (text.text for text in sheet.texts())


def coverage(family):
    path, index = fonts.face_path(family), fonts.FACES[family].index
    font = TTCollection(path).fonts[index] if path.suffix == ".ttc" else TTFont(path)
    return {chr(code) for code in font.getBestCmap()}


def test_the_pages_view_can_have_a_chinese_font_file():
    assert fonts.hei_path().is_file()
    assert "档" in coverage("hei")


def test_texts_for_load_tests_have_about_the_measured_length_and_the_customers_values():
    customers = list(invent_customers(1, 10))
    texts = list(invent_texts(1, 200, customers))
    assert texts == list(invent_texts(1, 200, customers))
    assert 700 < sum(len(text.text) for text in texts) / 200 < 900
    assert all(text.customer.customer_no in text.text for text in texts)
