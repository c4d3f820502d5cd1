"""The web application: JSON door, HTML door and the plugins' routes in one process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

import searchapi.app
import ui.app
from dossier import web
from dossier.bootstrap import build
from dossier.services.context import Context
from dossier.settings import Settings, load_settings

TITLE = "Dossier"


def create_app(context: Context) -> FastAPI:
    """Put the doors together and check that every route declares what it demands.

    Raises:
        ConfigurationError: a route does not.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        context.readers.close()
        context.index.close()
        context.database.dispose()

    app = FastAPI(
        title=TITLE, openapi_url="/openapi.json", docs_url=None, redoc_url=None, lifespan=lifespan
    )
    web.add_kit(app, context, error_page=ui.app.error_page)
    searchapi.app.add_api(app, context)
    ui.app.add_ui(app, context)
    _add_plugins(app, context)
    web.check_routes(app)
    web.declare_credentials(app, context.settings)
    return app


def _add_plugins(app: FastAPI, context: Context) -> None:
    for plugin, routes in context.plugins.api_routes():
        app.include_router(routes.router, prefix=f"/api/v1{routes.prefix}", tags=[plugin])
    for _plugin, routes in context.plugins.page_routes():
        app.include_router(routes.router, prefix=routes.prefix, include_in_schema=False)


def application() -> FastAPI:
    """For a server that takes an import string: ``uvicorn --factory dossier.asgi:application``."""
    return serving_app(load_settings(os.environ))


def serving_app(settings: Settings) -> FastAPI:
    """The application as it is served: who asks is told soon that the database is locked."""
    return create_app(build(settings, busy_seconds=settings.database_wait_seconds))
