"""Forms with files, streamed to disk as they arrive: memory stays flat whatever the size.

Starlette's own form parser spools to the system's temporary folder and looks at sizes when all is
there. Here each file goes to a folder on the archive's own disk, and limits count while it comes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from dossier.errors import InvalidInputError, TooLargeError
from dossier.web.guard import CSRF_FIELD, CSRF_HEADER, check_form_token

MAX_FIELD_BYTES = 64 * 1024
"""A form's plain fields are numbers and codes."""
MAX_FIELDS = 100
MAX_HEADER_BYTES = 16 * 1024
DRAIN_BYTES = 64 * 1024 * 1024
"""After a refusal so much of the rest is read and dropped, so that the sender sees the answer."""


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file of a form, on disk until the form is left."""

    field: str
    file_name: str
    path: Path
    size_bytes: int


@dataclass(slots=True)
class IncomingForm:
    """What a form brought."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[IncomingFile] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Most bytes of one file, most files of one form."""

    file_bytes: int
    files: int


@asynccontextmanager
async def receive(
    request: Request, folder: Path, limits: UploadLimits
) -> AsyncIterator[IncomingForm]:
    """The form of this request; its files are gone when the block ends.

    Raises:
        InvalidInputError: no multipart form, or a broken one.
        TooLargeError: a file, a field or the number of files is above its limit.
        ForbiddenError: by cookie, and the form's token is not there before the first file.
    """
    place = await run_in_threadpool(_make_place, folder)
    receiver = _Receiver(request, place, limits)
    try:
        yield await _read(request, receiver)
    finally:
        receiver.close()
        await run_in_threadpool(shutil.rmtree, place, ignore_errors=True)


def _make_place(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=folder))


async def _read(request: Request, receiver: _Receiver) -> IncomingForm:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise InvalidInputError("Send the files as multipart/form-data, field name: file")
    parser = MultipartParser(boundary, receiver.callbacks())
    stream = request.stream()
    try:
        async for piece in stream:
            await run_in_threadpool(parser.write, piece)
        parser.finalize()
    except FormParserError as err:
        raise InvalidInputError("The multipart form is broken") from err
    except (TooLargeError, InvalidInputError):
        await _drain(stream)
        raise
    if not receiver.finished:
        raise InvalidInputError("The multipart form ends too early; send it again")
    receiver.check_token()
    return receiver.form


async def _drain(stream: AsyncIterator[bytes]) -> None:
    dropped = 0
    async for piece in stream:
        dropped += len(piece)
        if dropped > DRAIN_BYTES:
            return


class _Receiver:
    """Takes the parser's events; writes files as they come."""

    def __init__(self, request: Request, place: Path, limits: UploadLimits) -> None:
        self._request = request
        self._place = place
        self._limits = limits
        self.form = IncomingForm()
        self.finished = False
        self._headers: dict[bytes, bytes] = {}
        self._header = (bytearray(), bytearray())
        self._name = ""
        self._file_name: str | None = None
        self._text = bytearray()
        self._out: BinaryIO | None = None
        self._size = 0
        self._fields = 0

    def callbacks(self) -> Any:
        """The parser's callbacks by name (its type for them exists for checkers only)."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._add_header(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._add_header(1, data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._open_part,
            "on_part_data": lambda data, start, end: self._take(data[start:end]),
            "on_part_end": self._end_part,
            "on_end": self._finish,
        }

    def close(self) -> None:
        """Let go of a file that is still open."""
        if self._out is not None:
            self._out.close()

    def check_token(self) -> None:
        """The form's token, from the header or from a field that came before the files."""
        given = self._request.headers.get(CSRF_HEADER) or self.form.fields.get(CSRF_FIELD)
        check_form_token(self._request, given)

    def _begin(self) -> None:
        self._headers = {}
        self._text = bytearray()
        self._size = 0

    def _add_header(self, part: int, piece: bytes) -> None:
        self._header[part].extend(piece)
        if len(self._header[part]) > MAX_HEADER_BYTES:
            raise TooLargeError("A part's header is too long")

    def _end_header(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _open_part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = _decoded(options.get(b"name", b""))
        raw = options.get(b"filename")
        self._file_name = _decoded(raw) if raw else None
        if self._file_name is None:
            self._fields += 1
            if self._fields > MAX_FIELDS:
                raise TooLargeError("Too many fields in the form")
            return
        self.check_token()
        if len(self.form.files) >= self._limits.files:
            raise TooLargeError(
                f"More than {self._limits.files} files at once; send them in several uploads",
                detail_zh=f"一次最多上传 {self._limits.files} 个文件",
            )
        self._out = (self._place / str(len(self.form.files))).open("wb")

    def _take(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._out is None:
            if self._size > MAX_FIELD_BYTES:
                raise TooLargeError("A field of the form is too long")
            self._text.extend(piece)
            return
        if self._size > self._limits.file_bytes:
            raise TooLargeError(
                f"A file is larger than {self._limits.file_bytes} bytes (max_file_bytes)",
                detail_zh="文件大小超出限制",
            )
        self._out.write(piece)

    def _end_part(self) -> None:
        if self._out is None:
            if self._name and self._file_name is None:
                self.form.fields[self._name] = _decoded(bytes(self._text))
            return
        path = Path(self._out.name)
        self._out.close()
        self._out = None
        self.form.files.append(IncomingFile(self._name, self._file_name or "", path, self._size))

    def _finish(self) -> None:
        self.finished = True


def _decoded(raw: bytes) -> str:
    """Names in whatever encoding the browser has; bytes that are none survive as surrogates."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "surrogateescape")
