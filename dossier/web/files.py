"""Sending bytes: only a file that was released against a read record has a way out."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import FileResponse, Response

from dossier.services.views import PageImage, ReleasedFile

PRIVATE = "private, no-cache"
"""The browser may keep it but must ask each time: rights may be gone, and reads are recorded."""
UNKEPT = "no-store"
SHOWN_INLINE = frozenset({"application/pdf", "image/jpeg", "image/png"})
"""Types that a browser shows without running anything in them; all others are downloads."""
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
"""Foreign files are never a page of ours, even when somebody opens one in the browser."""


def send_file(request: Request, file: ReleasedFile, *, inline: bool = False) -> Response:
    """The file with ETag and byte ranges; ``inline`` shows it in the browser where that is safe."""
    shown = inline and file.media_type in SHOWN_INLINE
    headers = {
        "ETag": f'"{file.sha256}"',
        "Cache-Control": PRIVATE,
        "Content-Security-Policy": SANDBOX,
    }
    if is_fresh(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    name = file.file_name.encode("utf-8", "replace").decode() or "document"
    return FileResponse(
        file.path,
        media_type=file.media_type,
        filename=name,
        headers=headers,
        content_disposition_type="inline" if shown else "attachment",
    )


def send_picture(request: Request, picture: PageImage) -> Response:
    """A page's picture; a placeholder says so in its header and is not kept.

    Nor is what was opened for a time: a browser shows its copy while it asks whether it is old.
    """
    headers = {"ETag": f'"{picture.etag}"', "Cache-Control": PRIVATE}
    if picture.placeholder:
        headers = {"Cache-Control": UNKEPT, "X-Dossier-Placeholder": picture.placeholder}
    elif picture.is_passing:
        headers = {"Cache-Control": UNKEPT}
    elif is_fresh(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(picture.body, media_type=picture.media_type, headers=headers)


def is_fresh(request: Request, etag: str) -> bool:
    """Whether the browser has this very state already."""
    given = request.headers.get("if-none-match", "")
    return etag in (each.strip().removeprefix("W/") for each in given.split(","))
