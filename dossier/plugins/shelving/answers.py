"""Printed sheets as answers: shown in the browser, kept nowhere."""

from __future__ import annotations

from starlette.responses import Response

from dossier.web.files import SANDBOX, UNKEPT


def as_pdf(name: str, body: bytes) -> Response:
    """A PDF of our own making; ``name`` is plain ASCII."""
    headers = {
        "Content-Disposition": f'inline; filename="{name}.pdf"',
        "Cache-Control": UNKEPT,
        "Content-Security-Policy": SANDBOX,
    }
    return Response(body, media_type="application/pdf", headers=headers)
