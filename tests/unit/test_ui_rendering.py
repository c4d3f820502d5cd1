"""Templates: a plugin's page inside our frame; static files as one hashed set."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from dossier.services.views import PageBoxes
from dossier.viewer import EVERYTHING, Permission, Viewer
from dossier.web import render
from ui.assets import Assets, load_assets
from ui.locales import load_catalogues
from ui.pages.login import inside
from ui.rendering import Renderer

PAGE = """{% extends "ui/base.html" %}{% block main %}<h1>{{ words }}</h1>{% endblock %}"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    package = tmp_path / "sample_lending"
    (package / "templates").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "templates" / "loans.html").write_text(PAGE)
    monkeypatch.syspath_prepend(tmp_path)
    yield "sample_lending"
    sys.modules.pop("sample_lending", None)


def test_a_plugin_draws_its_page_in_our_frame_and_escaped(plugin: str) -> None:
    app = FastAPI()
    app.state.context = SimpleNamespace(settings=SimpleNamespace(locale="zh_CN"), scanner=None)
    app.state.draw = Renderer(load_assets(), load_catalogues(), {"lending": plugin}).page

    @app.get("/loans")
    def loans(request: Request) -> Any:
        request.state.viewer = Viewer("u", "wang", "archivist", frozenset(Permission), EVERYTHING)
        return render(request, "lending/loans.html", words="<借阅>")

    text = TestClient(app).get("/loans").text
    assert "<h1>&lt;借阅&gt;</h1>" in text
    assert 'id="q"' in text  # the box is on every page


def test_a_plugin_without_templates_is_no_fault() -> None:
    Renderer(load_assets(), load_catalogues(), {"bare": "json"})


def test_a_changed_file_changes_every_address() -> None:
    one, other = Assets({"a.css": b"x", "b.js": b"y"}), Assets({"a.css": b"x", "b.js": b"z"})
    assert one.url("a.css") != other.url("a.css")


def test_htmx_comes_from_its_package_and_our_own_files_are_there() -> None:
    names = load_assets().names
    assert {"htmx.js", "tokens.css", "js/main.js", "mark.svg"} <= set(names)


@pytest.mark.parametrize(
    ("address", "result"),
    [
        ("/search?q=a", "/search?q=a"),
        ("//evil", "/"),
        ("https://evil", "/"),
        ("/\\evil", "/"),
        ("/a\nb", "/"),
        ("", "/"),
    ],
)
def test_addresses_lead_inside_only(address: str, result: str) -> None:
    assert inside(address) == result


def test_a_hit_over_a_line_end_is_counted_once_beside_its_two_boxes() -> None:
    """A phrase that went over a line's end was told as two hits on the page."""
    boxes = PageBoxes(1000, 1400, ((10, 10, 90, 30), (10, 40, 50, 60), (10, 80, 50, 99)), (0, 0, 1))
    environment = Renderer(load_assets(), load_catalogues({}), {})._environments["en"]
    macro = environment.get_template("ui/parts/sheet.html").module.overlay
    drawn = str(macro(boxes))
    assert drawn.count('class="box-hit"') == 3
    assert "2 hits on this page" in drawn
