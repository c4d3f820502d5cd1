"""In which language labels are answered: ``lang`` in the query, else ``Accept-Language``."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request

from dossier.viewer import Viewer
from dossier.web.languages import choose


def speaking(request: Request, viewer: Viewer, default: str) -> Viewer:
    """The viewer with the language that this request asked for."""
    asked = request.query_params.get("lang") or request.headers.get("accept-language") or ""
    return replace(viewer, language=choose(asked, default))
