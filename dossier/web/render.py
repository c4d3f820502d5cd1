"""Pages of plugins: drawn with the HTML door's templates, without knowing that door."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Draw a template such as ``lending/loans.html`` for the viewer of this request.

    A plugin's templates lie in its package's ``templates`` folder and extend ``ui/base.html``. The
    route must have declared ``requires``: that is where the page's viewer and token come from.
    """
    page: Response = request.app.state.draw(request, template, values, status=status)
    return page
