"""The JSON door: routes under ``/api/v1`` and the three for those who run it."""

from __future__ import annotations

from fastapi import FastAPI

from dossier import web
from dossier.services.context import Context
from searchapi.routes import (
    audit,
    customers,
    disclosure,
    documents,
    health,
    intake,
    saved_searches,
    search,
)

PREFIX = "/api/v1"
VERSIONED = (search, saved_searches, customers, disclosure, documents, intake, audit)


def add_api(app: FastAPI, context: Context) -> None:  # noqa: ARG001 - both doors are added alike
    """Put this door into an application that has the kit."""
    for module in VERSIONED:
        app.include_router(module.router, prefix=PREFIX)
    app.include_router(health.router)


def create_api(context: Context) -> FastAPI:
    """This door alone, for tests, benchmarks and installations without pages."""
    app = FastAPI(title="Dossier", docs_url=None, redoc_url=None)
    web.add_kit(app, context)
    add_api(app, context)
    web.check_routes(app)
    web.declare_credentials(app, context.settings)
    return app
