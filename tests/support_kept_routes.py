"""What FastAPI works out of a route is kept for the next application of the same process.

An application looks through the signature of each of its four hundred routes anew, and so do the
hundreds that the tests put together, though the routes are those of the modules. What belongs to
one application alone is made for each: what answers, and whose dependencies may be put in place
of others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

from fastapi import routing
from fastapi._body_limit import wrap_app_with_body_limit
from fastapi.datastructures import DefaultPlaceholder

Worked = routing._EffectiveRouteContext
KEPT = "_dossier_tests_kept"
"""Where a route of a module keeps them, so that one which goes takes them along."""
OWN = ("included_router", "dependency_overrides_provider")
"""Of how a router is included: what says which application it is, and not how."""


@contextmanager
def kept_routes() -> Iterator[None]:
    """Until the end, a route that is included the same way again is not looked through again."""
    own = Worked.from_api_route

    def from_api_route(*, original_route: Any, include_context: Any) -> Any:
        known = vars(original_route).setdefault(KEPT, {})
        how = repr((_how(include_context), original_route.openapi_extra))
        if how not in known:
            known[how] = own(original_route=original_route, include_context=include_context)
            return known[how]
        made = copy(known[how])
        made.dependency_overrides_provider = include_context.dependency_overrides_provider
        token = routing._effective_route_context_var.set(made)
        try:
            answers = routing.request_response(original_route.get_route_handler())
        finally:
            routing._effective_route_context_var.reset(token)
        made.app = wrap_app_with_body_limit(answers, made.max_body_size)
        return made

    Worked.from_api_route = staticmethod(from_api_route)  # type: ignore[method-assign]
    try:
        yield
    finally:
        Worked.from_api_route = own  # type: ignore[method-assign]


def _how(include_context: Any) -> list[tuple[str, Any]]:
    said = sorted((name, each) for name, each in vars(include_context).items() if name not in OWN)
    return [
        (name, each.value if isinstance(each, DefaultPlaceholder) else each) for name, each in said
    ]
