"""A table that is sent as the body of a request: in a file for as long as it is read, and read."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Request
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from dossier.errors import TooLargeError
from dossier.services.named_rows import RowReport

MOST_BYTES = 16 * 1024 * 1024
"""Some 200,000 rows; a larger one is imported on the command line."""


class RowErrorItem(BaseModel):
    """What is wrong with a cell."""

    model_config = ConfigDict(from_attributes=True)
    row: int
    column: str
    message_zh: str
    message_en: str


class ImportAnswer(BaseModel):
    """What an import did, or would do."""

    model_config = ConfigDict(from_attributes=True)
    changed: int
    unchanged: int
    rejected: int
    error_count: int
    errors: list[RowErrorItem]
    dry_run: bool


async def import_sent(request: Request, read: Callable[[Path], RowReport]) -> ImportAnswer:
    """Read the body by a use case, aside from the requests that are answered meanwhile.

    Raises:
        TooLargeError: more than :data:`MOST_BYTES`.
    """
    async with sent_table(request) as path:
        return ImportAnswer.model_validate(await run_in_threadpool(read, path))


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
