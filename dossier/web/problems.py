"""Errors as RFC 9457 problem documents: a stable code, a title, no personal data, no stack."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse

from dossier.errors import DossierError

MEDIA_TYPE = "application/problem+json"


def problem_body(error: DossierError, *, ask: str = "") -> dict[str, Any]:
    """The document's members; ``ask``: where one may ask for what was refused."""
    return ({"ask": ask} if ask else {}) | {
        "type": f"urn:dossier:problem:{error.code}",
        "title": error.title,
        "title_zh": error.title_zh,
        "status": error.status,
        "code": error.code,
        "detail": error.detail or error.title,
        "detail_zh": error.detail_zh or error.title_zh,
    }


def problem_response(error: DossierError, *, ask: str = "") -> JSONResponse:
    """The answer for an error; ``ask``: where one may ask for what was refused."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    if error.status in (429, 503):
        headers["Retry-After"] = "5"
    return JSONResponse(
        problem_body(error, ask=ask),
        status_code=error.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )
