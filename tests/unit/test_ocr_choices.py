"""Which of several readings of a line counts, and what a shape says that the network does not."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from dossier.adapters.rapidocr.engine import _agreed, _surer
from dossier.adapters.rapidocr.folds import without_folds
from dossier.adapters.rapidocr.layout import ReadLine
from dossier.adapters.rapidocr.lookalikes import with_variants
from dossier.adapters.rapidocr.marks import find_marks
from dossier.adapters.rapidocr.picture import brightness_of_darkest
from dossier.adapters.rapidocr.recognition import LineText, crop_line
from dossier.adapters.rapidocr.script import in_one_script
from dossier.adapters.rapidocr.wording import in_words

# A face that has 𠮷; its third is the Simplified Chinese one.
FONT = str(files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc")


def reading(text: str, confidence: float = 0.98, simpler: str = "") -> LineText:
    edges = tuple(np.linspace(0, 1, len(text) + 1).tolist())
    return LineText(text, confidence, (confidence,) * len(text), edges, simpler)


def line(text: str, simpler: str = "") -> ReadLine:
    corners = np.array([[0, 0], [100, 0], [100, 20], [0, 20]], np.float32)
    return ReadLine(corners, reading(text, simpler=simpler))


def test_the_reading_with_figures_that_the_other_melted_counts() -> None:
    melted, whole = reading("身份证号9199990MA", 0.995), reading("身份证号91999900MA", 0.975)
    assert _surer(melted, whole) == whole
    assert _surer(whole, melted) == whole


def test_a_reading_with_more_than_figures_counts_only_when_it_is_surer() -> None:
    assert _surer(reading("供电企业", 0.96), reading("供电企业口", 0.95)).text == "供电企业"
    assert _surer(reading("2013年11月", 0.99), reading("20131年11月", 0.9)).text == "2013年11月"


def test_two_of_three_readings_outvote_a_surer_one() -> None:
    readings = [
        reading("襄州区唐通", 0.95),
        reading("襄州区唐曦", 0.9),
        reading("襄州区唐曦", 0.92),
    ]
    assert _agreed(readings).text == "襄州区唐曦"
    assert _agreed(readings).confidence == 0.9


def test_of_as_many_votes_the_reading_that_passed_nothing_over_counts() -> None:
    whole, short = reading("2008年4月15日", 0.95), reading("2008年月15日", 0.998)
    assert _agreed([replace(short, doubt=2.0), replace(whole, doubt=0.8)]).text == whole.text


def test_spaces_and_widths_divide_no_votes_and_the_first_spelling_stays() -> None:
    readings = [reading("户名: 张三", 0.9), reading("户名:张叁", 0.99), reading("户名：张三", 0.92)]
    assert _agreed(readings).text == "户名: 张三"


def test_the_rare_variant_is_not_outvoted_by_softened_readings_of_its_twin() -> None:
    readings = [reading("万𠮷怀", 0.9), reading("万吉怀", 0.99), reading("万吉怀", 0.98)]
    assert _agreed(readings).text == "万𠮷怀"


def test_punctuation_that_the_surest_reading_passed_over_comes_back() -> None:
    readings = [reading("停电。", 0.98), reading("停电", 1.0), reading("停电", 0.99)]
    assert _agreed(readings).text == "停电。"


def doubtful(text: str, at: int, chance: float, *others: tuple[str, float]) -> LineText:
    """A reading that is sure of all characters but one."""
    line = reading(text)
    chances = [*line.chances]
    chances[at] = chance
    options: list[tuple[tuple[str, float], ...]] = [()] * len(text)
    options[at] = ((text[at], chance), *others)
    return replace(line, chances=tuple(chances), options=tuple(options))


def test_a_doubtful_character_is_the_one_that_makes_a_word_and_is_marked_less_sure() -> None:
    found = in_words(doubtful("电量消算可用余额", 2, 0.55, ("测", 0.3)))
    assert found.text == "电量测算可用余额"
    assert found.chances[2] == 0.3


def test_a_sure_character_is_never_exchanged_for_a_commoner_word() -> None:
    line = doubtful("电量消算可用余额", 2, 0.96, ("测", 0.03))
    assert in_words(line) is line


@pytest.mark.parametrize("name", ("晁翠䶮", "种若曦", "仉昶翀"))
def test_a_doubtful_name_stays_when_no_alternative_makes_a_word(name: str) -> None:
    for at in range(len(name)):
        line = doubtful(f"户名{name}", 2 + at, 0.5, ("暖", 0.2), ("的", 0.2), ("强", 0.1))
        assert in_words(line) is line


def test_an_alternative_that_the_network_hardly_allows_makes_no_word() -> None:
    line = doubtful("电量消算可用余额", 2, 0.9, ("测", 0.004))
    assert in_words(line) is line


def test_words_in_traditional_characters_count_as_much() -> None:
    assert in_words(doubtful("檢奇日期", 1, 0.5, ("查", 0.3))).text == "檢查日期"
    line = doubtful("檢查日期", 0, 0.6, ("检", 0.35))
    assert in_words(line) is line


def test_a_softened_crop_shows_the_same_place_without_grain() -> None:
    page = np.full((120, 300), 250, np.uint8)
    page[50:70, 100:160] = 20
    grain = np.random.default_rng(5).integers(-40, 1, page.shape)
    grainy = np.clip(page + grain, 0, 255).astype(np.uint8)
    corners = np.array([[80, 40], [200, 40], [200, 80], [80, 80]], np.float32)
    sharp, soft = crop_line(grainy, corners), crop_line(grainy, corners, soften=1.1)
    assert sharp.shape == soft.shape
    assert np.abs(soft.astype(int) - sharp).mean() < 20
    assert soft[:, -30:].std() < 0.7 * sharp[:, -30:].std()


def test_a_slip_into_traditional_is_put_right_on_a_simplified_page() -> None:
    page = [line("设备检查记录，供电企业与用电客户各执一份"), line("检查項目", "检查项目")]
    assert [item.line.text for item in in_one_script(page)][1] == "检查项目"


def test_a_name_in_traditional_characters_stays() -> None:
    page = [line("设备检查记录，供电企业与用电客户各执一份"), line("户名許應龍", "户名许应龍")]
    assert [item.line.text for item in in_one_script(page)][1] == "户名許應龍"


def test_a_traditional_page_stays() -> None:
    page = [line("設備檢查記錄，供電企業與用電客戶"), line("檢查項目", "檢查项目")]
    assert in_one_script(page) == page


@pytest.mark.parametrize("size", (18, 26, 40))
@pytest.mark.parametrize("printed", ("吉", "𠮷"))
def test_the_bars_tell_the_variant_of_ji(printed: str, size: int) -> None:
    face = ImageFont.truetype(FONT, size, index=2)
    face.set_variation_by_axes([400])
    cell = Image.new("L", (size, round(size * 1.4)), "white")
    ImageDraw.Draw(cell).text((0, 0), printed, font=face, fill="black")
    crop = np.asarray(cell.resize((round(48 / 1.4), 48), Image.Resampling.BICUBIC))
    assert with_variants(crop, "吉", (0.0, 1.0)) == printed


def test_a_fold_is_brightened_and_the_print_on_it_is_not() -> None:
    page = np.full((400, 300), 255, np.uint8)
    page[100:130, 140:160] = 20
    shade = np.ones((400, 1))
    shade[110:118] = 0.4
    flat = without_folds((page * shade).astype(np.uint8))
    assert flat[112:116, 20:130].min() > 225
    assert flat[112:116, 145:155].max() < 60


def test_clean_paper_is_left_as_it_is() -> None:
    page = np.full((400, 300), 255, np.uint8)
    page[100:120, 100:120] = 0
    assert without_folds(page) is page


def box_line(*, filled: bool, broken: bool = False) -> np.ndarray:
    """A crop 48 high with one box of 28 pixels at x 40, a thin bar touching it on the right."""
    crop = np.full((48, 110), 250, np.uint8)
    crop[10:38, 34:62] = 30
    if filled:
        crop[20:26, 62:100] = 30
    else:
        crop[13:35, 37:59] = 250
    if broken:
        crop[10:13, 44:46] = 250
        crop[20:22, 34:37] = 250
    return crop


@pytest.mark.parametrize(("filled", "broken", "mark"), ((True, False, "■"), (False, True, "□")))
def test_a_box_that_touches_print_or_whose_rim_has_gaps_is_found(
    filled: bool,
    broken: bool,
    mark: str,
) -> None:
    (found,) = find_marks(box_line(filled=filled, broken=broken), [0.9], squeeze=1.0)
    assert found.character == mark
    assert abs(found.center - 48 / 110) < 0.03


@pytest.mark.parametrize("share", [0.0, 0.005, 0.05, 0.5, 1.0])
def test_the_darkest_are_counted_as_a_percentile_says(share: float) -> None:
    random = np.random.default_rng(7)
    for shape in ((48, 301), (1, 1), (3, 2), (117, 83)):
        gray = random.integers(0, 256, shape, dtype=np.uint8)
        assert brightness_of_darkest(gray, share) == pytest.approx(np.percentile(gray, 100 * share))
