"""The small kit that both doors and the plugins' routes use: who asks, may they, and answers."""

from dossier.web.app import add_kit, check_routes, context_of
from dossier.web.arrival import SESSION_COOKIE
from dossier.web.guard import CSRF_FIELD, CSRF_HEADER, requires
from dossier.web.openapi import declare_credentials
from dossier.web.problems import problem_response
from dossier.web.render import render

__all__ = [
    "CSRF_FIELD",
    "CSRF_HEADER",
    "SESSION_COOKIE",
    "add_kit",
    "check_routes",
    "context_of",
    "declare_credentials",
    "problem_response",
    "render",
    "requires",
]
