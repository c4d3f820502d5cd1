"""Templates: a plugin's page inside our frame; static files as one hashed set."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

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
