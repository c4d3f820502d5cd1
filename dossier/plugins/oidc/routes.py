"""``/login/oidc``: to the provider, and back with a code that is good once and for this browser."""

from __future__ import annotations

import hmac
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import ForbiddenError, NotFoundError
from dossier.rules.login import login_rules
from dossier.services import login_steps, logins
from dossier.services.context import Context
from dossier.services.door import DOOR
from dossier.viewer import Permission
from dossier.web import context_of, requires
from dossier.web.arrival import STEP_COOKIE, arrival_of, cookie_of
from dossier.web.coming_in import give_step, go_on, inside

router = APIRouter()


@router.get("/login/oidc", dependencies=[requires(Permission.PUBLIC)])
def to_provider(request: Request, next: str = "/") -> Response:
    """Send the browser to the provider.

    Raises:
        NotFoundError: no provider is set.
    """
    context = context_of(request)
    if not context.settings.oidc_issuer:
        raise NotFoundError
    from dossier.plugins.oidc import provider

    begun = provider.begin(context.settings)
    body = {
        "state": begun.state,
        "nonce": begun.nonce,
        "verifier": begun.verifier,
        "next": inside(next),
    }
    with context.writing(DOOR) as session:
        step = login_steps.begin(
            context, session, login_steps.OIDC, body, within=login_rules().oidc_within
        )
    response = RedirectResponse(begun.url, status_code=303)
    give_step(request, response, step)
    return response


@router.get("/login/oidc/callback", dependencies=[requires(Permission.PUBLIC)])
def from_provider(request: Request, state: str = "", code: str = "", error: str = "") -> Response:
    """Take the provider's answer.

    Raises:
        NotFoundError: no provider is set.
        ForbiddenError: the answer belongs to no login of this browser, was refused there, or
            cannot be trusted; or there is no account.
    """
    context = context_of(request)
    if not context.settings.oidc_issuer:
        raise NotFoundError
    from dossier.plugins.oidc import provider

    body = _take_step(context, cookie_of(request, STEP_COOKIE), state)
    if error or not code:
        raise ForbiddenError("The login was refused there", detail_zh="统一身份认证未通过")
    who = provider.finish(
        context.settings,
        code=code,
        nonce=body["nonce"],
        verifier=body["verifier"],
        now=context.clock.now(),
    )
    entered = logins.by_provider(
        context,
        issuer=who.issuer,
        subject=who.subject,
        name=who.name,
        arrival=arrival_of(request, means="oidc"),
        shown_code=who.showed_second_factor,
    )
    return go_on(request, entered, body["next"])


def _take_step(context: Context, secret: str, state: str) -> dict[str, Any]:
    """What was kept when this browser was sent away; each answer is taken once."""
    with context.writing(DOOR) as session:
        body = login_steps.look(context, session, login_steps.OIDC, secret) if secret else None
        known = body is not None and hmac.compare_digest(body["state"].encode(), state.encode())
        if body is None or not known or not login_steps.end(session, secret):
            raise ForbiddenError(
                "This answer belongs to no login that was begun here; begin anew",
                detail_zh="登录已失效，请重新登录",
            )
    return body
