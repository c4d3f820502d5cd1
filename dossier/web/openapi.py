"""What ``/openapi.json`` says of credentials: which there are, and which each operation takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI

from dossier.settings import Settings
from dossier.viewer import Permission
from dossier.web.app import all_routes
from dossier.web.arrival import HOST_PREFIX, SESSION_COOKIE, is_secure
from dossier.web.guard import CSRF_HEADER, SAFE_METHODS, Requirement, requirement_of

BEARER, SESSION, CSRF = "bearerToken", "sessionCookie", "csrfToken"
Alternatives = list[dict[str, list[str]]]
"""OpenAPI 3.1, Security Requirement Object: one entry is enough, all that it names together."""


def declare_credentials(app: FastAPI, settings: Settings) -> None:
    """Put the schemes and each operation's alternatives into the application's document."""
    for route in all_routes(app.routes):
        if demanded := requirement_of(route):
            taken = {"security": alternatives(demanded, route.methods or ())}
            route.openapi_extra = (route.openapi_extra or {}) | taken
    made, schemes = app.openapi, _schemes(settings)

    def openapi() -> dict[str, Any]:
        document = made()
        document.setdefault("components", {})["securitySchemes"] = schemes
        return document

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to extend the document


def alternatives(requirement: Requirement, methods: Iterable[str]) -> Alternatives:
    """What lets a request in; empty where nothing is asked for.

    Args:
        requirement: the route's.
        methods: the route's; one of them that changes something is enough for the form's token.
    """
    if requirement.permission is Permission.PUBLIC:
        return []
    by_cookie: dict[str, list[str]] = {SESSION: []}
    if not SAFE_METHODS.issuperset(methods):
        by_cookie[CSRF] = []
    return [by_cookie] if requirement.by_session_only else [{BEARER: []}, by_cookie]


def _schemes(settings: Settings) -> dict[str, dict[str, str]]:
    prefix = HOST_PREFIX if is_secure(settings) else ""
    return {
        BEARER: {
            "type": "http",
            "scheme": "bearer",
            "description": "An API token of a user: /tokens, or dossier user token NAME.",
        },
        SESSION: {
            "type": "apiKey",
            "in": "cookie",
            "name": f"{prefix}{SESSION_COOKIE}",
            "description": "The login of a browser: POST /login.",
        },
        CSRF: {
            "type": "apiKey",
            "in": "header",
            "name": CSRF_HEADER,
            "description": "With the cookie, for whatever changes something: the csrf-token that "
            "the head of every page of the same login carries.",
        },
    }
