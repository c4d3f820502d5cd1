"""Adds the HTML door to the application: pages, static files, and errors drawn for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.routing import Route

from dossier.errors import DossierError, ForbiddenError, NotAuthenticatedError
from dossier.services.context import Context
from dossier.viewer import Permission
from dossier.web.asking import way_to_ask
from ui.assets import load_assets
from ui.labels import N_, PERMISSION
from ui.locales import load_catalogues, locale_of
from ui.pages import (
    assign,
    customers,
    disclosure,
    documents,
    intake,
    login,
    page_images,
    saved_searches,
    search,
    upload,
)
from ui.rendering import OWN, Renderer

PAGES = (
    login,
    search,
    saved_searches,
    customers,
    disclosure,
    documents,
    page_images,
    upload,
    intake,
    assign,
)


def add_ui(app: FastAPI, context: Context) -> None:
    """Mount the pages on ``app``; the kit of :mod:`dossier.web` must be there already.

    Raises:
        ConfigurationError: the package with htmx is missing.
    """
    assets = load_assets()
    plugins = dict(context.plugins.packages())
    catalogues = load_catalogues(plugins)
    app.state.catalogues = catalogues
    app.state.renderer = Renderer(assets, catalogues, plugins, context.plugins.page_links())
    app.state.draw = app.state.renderer.page
    app.router.routes.append(Route("/static/{hash}/{name:path}", assets.serve, methods=["GET"]))
    for (
        page
    ) in PAGES:  # each by itself: a router of routers is put together and looked through twice
        app.include_router(page.router, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something that a person may do now."""

    text: str
    href: str = ""


STEPS: dict[int, tuple[tuple[str, str], ...]] = {
    401: ((N_("Log in"), "/login"),),
    403: (
        (N_("Go back with the browser's own button; nothing was changed."), ""),
        (N_("If you need it for your work, ask the administrator for the right."), ""),
        (N_("Back to the search"), "/"),
    ),
    404: (
        (N_("Check the address; papers of stations that are not yours are not shown."), ""),
        (N_("Search for the customer or the paper"), "/"),
    ),
    409: (
        (N_("Load the page again; somebody may have decided it meanwhile."), ""),
        (N_("Back to the search"), "/"),
    ),
    422: (
        (N_("Go back with the browser's own button and mend what is named above."), ""),
        (N_("Back to the search"), "/"),
    ),
    429: ((N_("Wait a minute, then try again."), ""),),
    503: (
        (N_("Wait a moment and load the page again; papers that came in are safe."), ""),
        (N_("If it lasts, the administrator finds the cause by: dossier doctor"), ""),
    ),
    500: (
        (N_("Load the page again; papers that came in are safe."), ""),
        (N_("If it happens again, tell the administrator the time; the log names the cause."), ""),
        (N_("Back to the search"), "/"),
    ),
}


LACKS = N_("It needs the right “%(name)s”.")
ASK = N_("Ask somebody else to approve it")

STEPS_BY_CODE: dict[str, tuple[tuple[str, str], ...]] = {
    "not_possible": (
        (N_("Go back with the browser's own button; first do what is named above."), ""),
        (N_("The same once more is refused again; nothing was changed."), ""),
        (N_("Back to the search"), "/"),
    )
}
"""Where the number alone does not tell what helps."""


def error_page(request: Request, error: DossierError) -> Response:
    """An error as a page: what happened, English beside the Chinese, and what one can do now."""
    app = request.app
    locale = locale_of(request, app.state.context.settings.locale)
    translate = app.state.catalogues[locale].ours.gettext
    chinese = locale.startswith("zh")
    steps = _steps(error)
    if ask := way_to_ask(request, error):
        steps = ((ASK, ask), *steps[1:])
    values = {
        "status": error.status,
        "title": error.title_zh if chinese else error.title,
        "other_title": error.title if chinese else "",
        "detail": _lacks(error, translate) or (error.detail_zh if chinese else error.detail),
        "next_steps": [NextStep(translate(text), href) for text, href in _useful(steps, request)],
    }
    renderer: Renderer = app.state.renderer
    response = renderer.page(request, f"{OWN}/problem.html", values, status=error.status)
    if isinstance(error, NotAuthenticatedError):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _lacks(error: DossierError, translate: Callable[[str], str]) -> str:
    """Which right is missing, by its readable name; empty where the error is another."""
    name = PERMISSION.get(error.permission) if isinstance(error, ForbiddenError) else None
    return translate(LACKS) % {"name": translate(name)} if name else ""


def _steps(error: DossierError) -> tuple[tuple[str, str], ...]:
    kinds = [kind.code for kind in type(error).__mro__ if issubclass(kind, DossierError)]
    own = next((STEPS_BY_CODE[code] for code in kinds if code in STEPS_BY_CODE), None)
    return own or STEPS.get(error.status, STEPS[422] if error.status < 500 else STEPS[500])


def _useful(steps: tuple[tuple[str, str], ...], request: Request) -> list[tuple[str, str]]:
    """The steps without a way to a search that this viewer may not use."""
    viewer = getattr(request.state, "viewer", None)
    searches = viewer is not None and viewer.may(Permission.SEARCH)
    return [(text, href) for text, href in steps if href != "/" or searches]
