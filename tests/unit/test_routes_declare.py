"""The application does not start while a route is open, however deep the router lies."""

import pytest
from fastapi import APIRouter, FastAPI

from dossier.errors import ConfigurationError
from dossier.viewer import Permission
from dossier.web import check_routes, requires


def test_a_route_without_requires_stops_the_start_even_in_a_nested_router() -> None:
    inner, outer, app = APIRouter(), APIRouter(), FastAPI()
    inner.add_api_route("/open", lambda: None)
    outer.include_router(inner)
    app.include_router(outer)
    with pytest.raises(ConfigurationError, match="/open"):
        check_routes(app)


def test_routes_that_declare_by_parameter_or_decorator_may_start() -> None:
    router, app = APIRouter(), FastAPI()

    @router.get("/decorated", dependencies=[requires(Permission.PUBLIC)])
    def decorated() -> None: ...

    @router.get("/parameter")
    def parameter(viewer: object = requires(Permission.SIGNED_IN)) -> None: ...

    app.include_router(router)
    check_routes(app)
