"""Places where a search index can be put, one of each engine: the same tests run on all of them."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from dossier.search.fields import FieldList, load_fields
from dossier.search.port import SearchIndex
from tests.support_elasticsearch import server_url

ENGINES = ("tantivy", "elasticsearch-8", "elasticsearch-9")
"""Names for ``pytest.mark.parametrize``; :func:`new_place` skips what is not on this machine."""
AGGREGATING = "tantivy-aggregating"
"""tantivy as it answers where many rows match, in an archive of a few."""
WAYS = (*ENGINES, AGGREGATING)
"""Every engine and every way in which it answers; for tests of the port."""
_FEW_ROWS = {"tantivy": 1000, AGGREGATING: 2}


class Place(Protocol):
    """Room for one archive's index."""

    def open(
        self, number_hash: Callable[[str], str] = str, fields: FieldList | None = None
    ) -> SearchIndex:
        """The index here; a further one is as another process has it."""
        ...

    def settings(self) -> dict[str, Any]:
        """Settings of an archive that has its index here."""
        ...

    def generations(self) -> list[str]:
        """Names of what is stored, live or not."""
        ...

    def holds(self, digits: str) -> bool:
        """Whether these digits are found anywhere in what is stored."""
        ...

    def damage(self) -> None:
        """Break the live generation."""
        ...

    def remove(self) -> None:
        """Remove all of it, as somebody who does not know what it is."""
        ...


def new_place(engine: str, folder: Path) -> Place:
    """An empty place; ``folder`` is for what the engine keeps on this machine."""
    if engine in _FEW_ROWS:
        return TantivyPlace(folder, _FEW_ROWS[engine])
    url = server_url(engine.removeprefix("elasticsearch-"))
    return ElasticsearchPlace(url, f"test{uuid4().hex[:12]}", folder)


def place_again(description: str) -> Place:
    """A place by its text, for another process."""
    kind, *values = json.loads(description)
    if kind == "tantivy":
        return TantivyPlace(Path(values[0]), values[1])
    return ElasticsearchPlace(values[0], values[1], Path(values[2]))


@dataclass(frozen=True)
class TantivyPlace:
    """A folder."""

    root: Path
    few_rows: int

    def __str__(self) -> str:
        return json.dumps(["tantivy", str(self.root), self.few_rows])

    def open(
        self, number_hash: Callable[[str], str] = str, fields: FieldList | None = None
    ) -> SearchIndex:
        from dossier.adapters.tantivy import TantivyIndex

        return TantivyIndex(
            self.root,
            fields=fields or load_fields(),
            number_hash=number_hash,
            few_rows=self.few_rows,
        )

    def settings(self) -> dict[str, Any]:
        return {}  # the embedded index is in the archive's own home

    def generations(self) -> list[str]:
        return [path.name for path in self.root.glob("gen-*")]

    def holds(self, digits: str) -> bool:
        files = (path for path in self.root.rglob("*") if path.is_file())
        return any(digits.encode() in path.read_bytes() for path in files)

    def damage(self) -> None:
        folder = next(self.root.glob("gen-*"))
        (folder / "meta.json").write_text("{broken")

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


@dataclass(frozen=True)
class ElasticsearchPlace:
    """A prefix of names on a server."""

    url: str
    name: str
    folder: Path

    def __str__(self) -> str:
        return json.dumps(["elasticsearch", self.url, self.name, str(self.folder)])

    def open(
        self, number_hash: Callable[[str], str] = str, fields: FieldList | None = None
    ) -> SearchIndex:
        from dossier.adapters.elasticsearch import ElasticsearchIndex, ServerAddress

        return ElasticsearchIndex(
            ServerAddress((self.url,), name=self.name),
            lock_folder=self.folder,
            fields=fields or load_fields(),
            number_hash=number_hash,
        )

    def settings(self) -> dict[str, Any]:
        return {"search_url": self.url, "search_index": self.name}

    def generations(self) -> list[str]:
        return sorted(self.request("GET", f"/{self.name}-documents-*"))

    def holds(self, digits: str) -> bool:
        fields = load_fields().all.values()
        anywhere = [
            {"wildcard": {field.name: {"value": f"*{digits}*"}}}
            for field in fields
            if field.type in {"text", "keyword"}
        ]
        query = {"query": {"bool": {"should": anywhere}}}
        return bool(self.request("POST", f"/{self.name}-*/_count", query)["count"])

    def damage(self) -> None:
        self._delete(f"{self.name}-documents-*")

    def remove(self) -> None:
        self._delete(f"{self.name}-*")

    def _delete(self, pattern: str) -> None:
        """By name: a server may refuse patterns."""
        names = ",".join(self.request("GET", f"/{pattern}?filter_path=*.settings.index.uuid"))
        if names:
            self.request("DELETE", f"/{names}")

    def request(self, method: str, path: str, body: object = None) -> Any:
        """The server's answer, past our own client."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.load(answer)
