"""Every word on the pages is translated, and translations fill the same places."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from dossier.viewer import Permission
from ui.formatting import grouped, hatched, marked, percent, span
from ui.labels import KINDS, PERMISSION
from ui.locales import in_words

ROOT = Path(__file__).parents[2]
PLACES = re.compile(r"%\((\w+)\)s")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"**/templates/**.html": {"extensions": "jinja2.ext.do", "silent": "false"}}


def ids() -> set[str]:
    found = extract_from_dir(ROOT / "ui", METHODS, OPTIONS, KEYWORDS, comment_tags=())
    return {m if isinstance(m, str) else m[0] for _, _, m, _, _ in found}


def catalogue(locale: str):
    path = ROOT / "ui" / "locale" / locale / "LC_MESSAGES" / "dossier.po"
    return read_po(path.open("rb"), locale=locale, abort_invalid=True)


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW", "en"])
def test_every_message_is_in_every_catalogue_and_none_is_left_over(locale: str) -> None:
    known = {m.id if isinstance(m.id, str) else m.id[0] for m in catalogue(locale) if m.id}
    assert known == ids()


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW"])
def test_every_message_is_translated_with_its_places(locale: str) -> None:
    for message in catalogue(locale):
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[1]
        target = message.string if isinstance(message.string, str) else message.string[0]
        assert target, source
        assert set(PLACES.findall(target)) <= set(PLACES.findall(source)) | {"num"}, source


def test_traditional_pages_hold_no_simplified_words() -> None:
    from opencc import OpenCC

    convert = OpenCC("s2t").convert
    for message in catalogue("zh_TW"):
        target = message.string if isinstance(message.string, str) else message.string[0]
        assert all(convert(c) == c or c in "台只后里面于云" for c in target), target


def test_every_code_has_words() -> None:
    assert all(text.strip() for words in KINDS.values() for text in words.values())


def test_every_permission_has_a_name_in_each_language() -> None:
    assert set(PERMISSION) == set(Permission)
    for locale in ("zh_CN", "zh_TW"):
        assert all(
            in_words("permission", code, locale) != name for code, name in PERMISSION.items()
        )


def test_numbers_are_grouped_without_spaces_to_copy() -> None:
    assert grouped("4200000001") == (
        '<span class="num"><span>4200</span><span>0000</span><span>01</span></span>'
    )


def test_marks_and_masks_are_drawn_and_the_rest_is_escaped() -> None:
    assert marked("a<b 张** c", [(2, 3)]) == (
        'a&lt;<mark>b</mark> 张<span class="hatch">**</span> c'
    )
    assert hatched("<i>") == "&lt;i&gt;"


def test_a_share_that_is_not_whole_is_never_shown_as_hundred() -> None:
    assert [percent(x) for x in (0.0, 0.5, 0.999, 1.0)] == ["0%", "50%", "99%", "100%"]


def test_spans_are_told_in_their_largest_unit() -> None:
    assert [span(s) for s in (5, 61, 7200, 200_000)] == [
        ("seconds", 5),
        ("minutes", 1),
        ("hours", 2),
        ("days", 2),
    ]
