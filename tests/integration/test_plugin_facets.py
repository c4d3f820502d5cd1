"""A stranger's field in the index: counted, filtered by and shown, on every engine (issue 4, item 7).

What it does is what docs/howto/plugins.md shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from dossier import bootstrap
from dossier.asgi import create_app
from dossier.settings import Settings
from tests.golden import conftest as golden
from tests.support_engines import ENGINES, new_place
from tests.support_seeded import PASSWORD, opened

HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "plugins.md"


def plugin() -> ModuleType:
    """The how-to's own example, as a module."""
    (code,) = (
        each
        for each in re.findall(r"```python\n(.*?)```", HOWTO.read_text("utf-8"), re.DOTALL)
        if "IndexField" in each
    )
    made = ModuleType("stamps")
    exec(code, made.__dict__)
    return made


@pytest.fixture(params=ENGINES)
def archive(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    builtin = bootstrap._builtin_plugins()
    monkeypatch.setattr(bootstrap, "_builtin_plugins", lambda: [*builtin, ("stamps", plugin())])
    place = new_place(request.param, tmp_path / "place")
    settings = Settings(home=tmp_path / "home", workers=1, even_out_ms=0, **place.settings())
    made = golden.GoldenArchive(bootstrap.build(settings))
    told = yaml.safe_load(golden.ARCHIVE.read_text(encoding="utf-8"))
    with opened(made, golden.ROLES, fill=lambda: golden._fill(made, told)):
        yield made
    place.remove()


def test_a_foreign_field_is_counted_filtered_by_and_shown(archive: Any) -> None:
    counted = archive.ask("", "archivist", facets="stamps_length,type")
    counts = {each["value"]: each["count"] for each in counted["facets"]["stamps_length"]}
    assert counts["long"] == 1
    assert counts["long"] + counts["short"] == counted["total_documents"]

    long = archive.ask("", "archivist", facets="stamps_length", **{"filter.stamps_length": "long"})
    assert archive.papers(long) == {"contract"}
    assert archive.hits(long) == ["zhang3"]
    chosen = {each["value"]: each for each in long["facets"]["stamps_length"]}
    assert chosen["short"]["count"] == counts["short"]  # a facet does not filter itself
    assert archive.ask("章珊", "archivist", **{"filter.stamps_length": "long"})["total"] == 0

    with TestClient(create_app(archive.context)) as window:
        window.post("/login", data={"name": "archivist", "password": PASSWORD})
        page = window.get("/search", params={"q": "合同"}).text
        assert "<h2>篇幅</h2>" in page
        assert "filter.stamps_length=long" in page
        narrowed = window.get("/search", params={"q": "合同", "filter.stamps_length": "long"}).text
        assert 'aria-current="true"' in narrowed
