"""The words of plugins' pages are translated, in the plugin's own catalogue or in the pages'."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from opencc import OpenCC

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent.name for path in ROOT.glob("dossier/plugins/*/locale"))
LOCALES = ("zh_CN", "zh_TW", "en")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"**/templates/**.html": {"extensions": "jinja2.ext.do", "silent": "false"}}


def ids(folder: Path) -> set[str]:
    found = extract_from_dir(folder, METHODS, OPTIONS, KEYWORDS, comment_tags=())
    return {m if isinstance(m, str) else m[0] for _, _, m, _, _ in found}


def catalogue(plugin: str, locale: str) -> dict[str, str]:
    file = f"dossier/plugins/{plugin}/locale/{locale}/LC_MESSAGES/{plugin}.po"
    messages = read_po((ROOT / file).open("rb"), locale=locale, abort_invalid=True)
    return {
        m.id if isinstance(m.id, str) else m.id[0]: (
            m.string if isinstance(m.string, str) else m.string[0]
        )
        for m in messages
        if m.id
    }


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_word_of_a_plugin_is_translated_and_none_is_left_over(
    plugin: str, locale: str
) -> None:
    pages = ids(ROOT / "ui")
    known = catalogue(plugin, locale)
    assert set(known) == ids(ROOT / "dossier" / "plugins" / plugin) - pages
    if locale != "en":
        assert all(known.values())


@pytest.mark.parametrize("plugin", PLUGINS)
def test_traditional_words_hold_no_simplified_characters(plugin: str) -> None:
    convert = OpenCC("s2t").convert
    for target in catalogue(plugin, "zh_TW").values():
        assert all(convert(c) == c or c in "台只后里面于云" for c in target), target


@pytest.mark.parametrize("plugin", ["recognition", *PLUGINS])
def test_a_plugin_without_words_leaves_the_pages_words_as_they_are(plugin: str) -> None:
    from ui.locales import load_catalogues

    found = load_catalogues({plugin: f"dossier.plugins.{plugin}", "single": "orjson"})
    assert found["zh_CN"].ours.gettext("Search") == load_catalogues()["zh_CN"].ours.gettext(
        "Search"
    )


def test_a_word_that_two_plugins_use_means_in_each_what_that_one_means() -> None:
    from ui.locales import load_catalogues

    found = load_catalogues({plugin: f"dossier.plugins.{plugin}" for plugin in PLUGINS})
    for locale in ("zh_CN", "zh_TW"):
        for plugin in PLUGINS:
            speaks = found[locale].of(f"{plugin}/page.html").gettext
            own = catalogue(plugin, locale)
            assert {word: speaks(word) for word in own} == own


@pytest.mark.parametrize(
    ("plugin", "word"), [("completeness", "须盖章"), ("audit_trail", "已封存")]
)
def test_a_page_of_a_plugin_is_drawn_in_its_own_words(
    plugin: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui.assets import load_assets
    from ui.locales import load_catalogues
    from ui.rendering import Renderer

    # The product's own loader over packages with pages: it decides what a template is called.
    base = '{{ _("sealed") }}{{ _("Search") }}{% block more %}{% endblock %}'
    child = '{% extends "other/base.html" %}{% block more %}{{ _("sealed") }}{% endblock %}'
    for package, page, text in (("other_pages", "base", base), ("own_pages", "page", child)):
        folder = tmp_path / package / "templates"
        folder.mkdir(parents=True)
        (tmp_path / package / "__init__.py").touch()
        (folder / f"{page}.html").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    other = {"completeness": "audit_trail", "audit_trail": "completeness"}[plugin]
    names = {name: f"dossier.plugins.{name}" for name in (plugin, other)}
    renderer = Renderer(
        load_assets(), load_catalogues(names), {plugin: "own_pages", "other": "other_pages"}
    )
    drawn = renderer._environments["zh_CN"].get_template(f"{plugin}/page.html").render()
    # The base page is nobody's: it finds the word of the plugin that comes first.
    assert drawn == f"{word}查询{word}"
