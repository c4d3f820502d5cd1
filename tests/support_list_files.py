"""A list saved as a file: made, fetched and opened with its password."""

from __future__ import annotations

import io
from typing import Any

import msoffcrypto
import python_calamine

PATH = "/api/v1/search/export"


def make(client: Any, token: str, q: str = "", **more: Any) -> Any:
    """The answer to a wish for a file."""
    wish = {"q": q, "purpose": "核对"} | more
    return client.post(PATH, json=wish, headers=bearer(token))


def exported(client: Any, token: str, q: str = "", **more: Any) -> list[list[str]]:
    """The rows of a list's file, the head first."""
    made = make(client, token, q, **more)
    assert made.status_code == 201, made.text
    file = client.get(made.json()["href"], headers=bearer(token))
    assert file.status_code == 200, file.text
    return opened(file.content, made.json()["password"])


def opened(body: bytes, password: str) -> list[list[str]]:
    """The rows of a protected workbook."""
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(clear(body, password)))
    return [[str(cell) for cell in row] for row in sheet.get_sheet_by_index(0).to_python()]


def clear(body: bytes, password: str) -> bytes:
    """The workbook without its password."""
    file = msoffcrypto.OfficeFile(io.BytesIO(body))
    assert file.is_encrypted()
    file.load_key(password=password, verify_password=True)
    out = io.BytesIO()
    file.decrypt(out)
    return out.getvalue()


def bearer(token: str) -> dict[str, str]:
    """The head that a program sends."""
    return {"Authorization": f"Bearer {token}"}
