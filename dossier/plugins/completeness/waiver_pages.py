"""The forms beside a paper that lacks: waive it, withdraw that again. They work without script."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import ConflictError, InvalidInputError
from dossier.plugins.completeness import waivers
from dossier.plugins.completeness.completeness_pages import draw_dossier
from dossier.plugins.completeness.waivers import WaiverWish
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires

router = APIRouter(prefix="/customers/{customer_no}/waivers")
Waiving = Annotated[Viewer, requires(Permission.WAIVE)]
Code = Annotated[str, Form(max_length=60)]
Text = Annotated[str, Form(max_length=1000)]


@router.post("")
def waive(
    request: Request,
    customer_no: str,
    viewer: Waiving,
    rule: Code = "",
    reason: Code = "",
    case_no: Annotated[str, Form(max_length=40)] = "",
    note: Text = "",
    until: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Waive a paper, and back; where that cannot be, the page again with what was typed."""
    wish = WaiverWish(rule=rule, reason=reason, note=note, case_no=case_no or None)
    try:
        wish = WaiverWish(rule, reason, note, case_no or None, last_day=_day(until))
        waivers.make(context_of(request), viewer, customer_no, wish)
    except (ConflictError, InvalidInputError) as error:
        return draw_dossier(request, viewer, customer_no, typed=wish, error=error)
    return _back(customer_no)


@router.post("/{waiver_id}/withdraw")
def withdraw(
    request: Request,
    customer_no: str,
    waiver_id: Annotated[str, Path(max_length=36)],
    viewer: Waiving,
    why: Text = "",
) -> Response:
    """End it from today on, and back."""
    try:
        waivers.withdraw(context_of(request), viewer, customer_no, waiver_id, why=why)
    except (ConflictError, InvalidInputError) as error:
        return draw_dossier(request, viewer, customer_no, error=error)
    return _back(customer_no)


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as err:
        raise InvalidInputError(
            f"'{text}' is no day; write 2026-12-31",
            detail_zh=f"“{text}”不是日期，请按 2026-12-31 的格式填写",
        ) from err


def _back(customer_no: str) -> Response:
    return RedirectResponse(f"/customers/{quote(customer_no)}/completeness", status_code=303)
