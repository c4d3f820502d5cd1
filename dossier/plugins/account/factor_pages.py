"""``/account``: the password, and the second factor with its QR code and recovery codes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import DossierError, InvalidInputError, NotAuthenticatedError
from dossier.plugins.account.qr import qr_picture
from dossier.services import accounts, second_factor
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from dossier.web.arrival import cookie_of

router = APIRouter()
Owner = Annotated[Viewer, requires(Permission.SIGNED_IN, by_session_only=True)]
Secret = Annotated[str, Form(max_length=1024)]
WRONG = (NotAuthenticatedError, InvalidInputError)
"""Answered on the same page, with the form to try again."""


@router.get("/account")
def show_account(request: Request, viewer: Owner, done: str = "") -> Response:
    """Password and second factor."""
    return _account(request, viewer, done=done)


def _account(
    request: Request,
    viewer: Viewer,
    *,
    done: str = "",
    error: DossierError | None = None,
    part: str = "",
) -> Response:
    context = context_of(request)
    return render(
        request,
        "account/account.html",
        status=422 if error else 200,
        factor=second_factor.state(context, viewer),
        least=context.settings.password_min_length,
        done=done,
        error=error,
        part=part,
    )


@router.post("/account/password")
def change_password(
    request: Request, viewer: Owner, old: Secret, new: Secret, again: Secret
) -> Response:
    """Change the password; all other sessions end."""
    try:
        if new != again:
            raise InvalidInputError(
                "The two new passwords differ", detail_zh="两次输入的新密码不一致"
            )
        accounts.set_own_password(
            context_of(request), viewer, old=old, new=new, keep=cookie_of(request)
        )
    except WRONG as error:
        return _account(request, viewer, error=error, part="password")
    return RedirectResponse("/account?done=password", status_code=303)


@router.post("/account/second-factor")
def begin_factor(request: Request, viewer: Owner, password: Secret = "") -> Response:
    """Show the QR code for a fresh secret."""
    try:
        begun = second_factor.begin(context_of(request), viewer, password=password)
    except WRONG as error:
        return _account(request, viewer, error=error, part="factor")
    return _enrolment(request, begun)


def _enrolment(
    request: Request, begun: second_factor.Enrolment, error: DossierError | None = None
) -> Response:
    return render(
        request,
        "account/enrol.html",
        status=422 if error else 200,
        picture=qr_picture(begun.uri),
        secret=begun.secret,
        error=error,
    )


@router.post("/account/second-factor/confirm")
def confirm_factor(request: Request, viewer: Owner, code: Secret) -> Response:
    """Turn it on by a first code; the recovery codes are shown this once."""
    context = context_of(request)
    try:
        codes = second_factor.confirm(context, viewer, code)
    except InvalidInputError as error:
        return _enrolment(request, second_factor.begun(context, viewer), error)
    return render(request, "account/codes.html", codes=codes)


@router.post("/account/second-factor/codes")
def renew_codes(request: Request, viewer: Owner, password: Secret = "") -> Response:
    """Fresh recovery codes; the old ones end."""
    try:
        codes = second_factor.new_codes(context_of(request), viewer, password=password)
    except WRONG as error:
        return _account(request, viewer, error=error, part="factor")
    return render(request, "account/codes.html", codes=codes)


@router.post("/account/second-factor/off")
def end_factor(request: Request, viewer: Owner, password: Secret = "") -> Response:
    """Turn it off."""
    try:
        second_factor.turn_off(context_of(request), viewer, password=password)
    except WRONG as error:
        return _account(request, viewer, error=error, part="factor")
    return RedirectResponse("/account?done=off", status_code=303)
