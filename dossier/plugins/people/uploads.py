"""A table that is sent as the body of a request, in a file for as long as it is read."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Request

from dossier.errors import TooLargeError

MOST_BYTES = 16 * 1024 * 1024
"""Some 200,000 rows; a larger one is imported on the command line."""


@asynccontextmanager
async def sent_table(request: Request) -> AsyncIterator[Path]:
    """The body as a file.

    Raises:
        TooLargeError: more than :data:`MOST_BYTES`.
    """
    with tempfile.NamedTemporaryFile(suffix=".table") as file:
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size > MOST_BYTES:
                raise TooLargeError(
                    "The table is too large; import it on the command line",
                    detail_zh="文件过大，请用命令行导入",
                )
            file.write(piece)
        file.flush()
        yield Path(file.name)
