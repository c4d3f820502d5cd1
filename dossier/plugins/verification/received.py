"""A table that is sent, as a body or by a form: in a file for as long as it is read."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Request, UploadFile

from dossier.errors import TooLargeError

MOST_BYTES = 16 * 1024 * 1024
"""Some 100,000 rows; a larger one is compared on the command line."""
PIECE = 256 * 1024


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[Path]:
    """The body as a file.

    Raises:
        TooLargeError: more than :data:`MOST_BYTES`.
    """
    async with _kept(request.stream()) as path:
        yield path


@asynccontextmanager
async def uploaded(file: UploadFile) -> AsyncIterator[Path]:
    """The file of a form.

    Raises:
        TooLargeError: more than :data:`MOST_BYTES`.
    """

    async def pieces() -> AsyncIterator[bytes]:
        while piece := await file.read(PIECE):
            yield piece

    async with _kept(pieces()) as path:
        yield path


@asynccontextmanager
async def _kept(pieces: AsyncIterator[bytes]) -> AsyncIterator[Path]:
    with tempfile.NamedTemporaryFile(suffix=".table") as file:
        size = 0
        async for piece in pieces:
            size += len(piece)
            if size > MOST_BYTES:
                raise TooLargeError(
                    "The table is too large; use the command line",
                    detail_zh="文件过大，请用命令行处理",
                )
            file.write(piece)
        file.flush()
        yield Path(file.name)
