"""Static files, held in memory and served under the hash of them all.

One hash for the whole set keeps relative imports of the ES modules working, and lets a browser keep
every file for a year: a new release has a new address.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from dossier.errors import ConfigurationError

HTMX_PACKAGE: Final = "django-js-lib-htmx"
"""Carries htmx as plain files (0BSD); Django itself is neither needed nor imported."""
HTMX_FILE: Final = "js_lib_htmx/static/htmx/htmx.min.js"
FOREVER: Final = "public, max-age=31536000, immutable"
MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "txt": "text/plain; charset=utf-8",
}
COMPRESSED: Final = frozenset({"css", "js", "svg", "txt"})
HASH_LENGTH: Final = 16
"""64 bits of SHA-256: names a release's files, is no secret."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file with its compressed form (empty where compressing does not help)."""

    body: bytes
    packed: bytes
    media_type: str


class Assets:
    """All static files of the pages."""

    def __init__(self, files: dict[str, bytes]) -> None:
        """Hash and compress ``files`` (name → content)."""
        digest = hashlib.sha256()
        for name in sorted(files):
            digest.update(name.encode() + b"\0" + files[name] + b"\0")
        self.hash = digest.hexdigest()[:HASH_LENGTH]
        self._assets = {name: _asset(name, body) for name, body in files.items()}

    @property
    def names(self) -> list[str]:
        """The names that :meth:`url` knows."""
        return sorted(self._assets)

    def url(self, name: str) -> str:
        """The address of a file.

        Raises:
            KeyError: no such file; a template is wrong.
        """
        if name not in self._assets:
            raise KeyError(name)
        return f"/static/{self.hash}/{name}"

    async def serve(self, request: Request) -> Response:
        """Answer ``/static/{hash}/{name}``; an old hash gets the present file, but is not kept."""
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            return Response(status_code=404)
        current = request.path_params["hash"] == self.hash
        headers = {"Cache-Control": FOREVER if current else "no-cache", "Vary": "Accept-Encoding"}
        packed = asset.packed and "gzip" in request.headers.get("accept-encoding", "")
        if packed:
            headers["Content-Encoding"] = "gzip"
        body = asset.packed if packed else asset.body
        return Response(body, media_type=asset.media_type, headers=headers)


def load_assets() -> Assets:
    """Our own files, and htmx from its package.

    Raises:
        ConfigurationError: the package with htmx is not installed whole.
    """
    files = dict(_walk(resources.files("ui") / "static", ""))
    files["htmx.js"] = _htmx()
    return Assets(files)


def _asset(name: str, body: bytes) -> Asset:
    suffix = name.rpartition(".")[2]
    packed = gzip.compress(body, mtime=0) if suffix in COMPRESSED else b""
    return Asset(body, packed, MEDIA_TYPES[suffix])


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.rpartition(".")[2] in MEDIA_TYPES:
            found.append((prefix + entry.name, entry.read_bytes()))
    return found


def _htmx() -> bytes:
    try:
        path = metadata.distribution(HTMX_PACKAGE).locate_file(HTMX_FILE)
        with open(str(path), "rb") as file:  # noqa: PTH123 - locate_file promises no pathlib object
            return file.read()
    except (metadata.PackageNotFoundError, OSError) as err:
        raise ConfigurationError(f"{HTMX_PACKAGE} is not installed; repeat: pip install .") from err
