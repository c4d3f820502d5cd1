"""Forms of a customer's mandates, and ``/verification/corrections``: what is to be put right."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from dossier.errors import ConflictError, DossierError, InvalidInputError
from dossier.plugins.verification import corrections, mandates, words
from dossier.plugins.verification.customer_pages import back, draw
from dossier.plugins.verification.mandates import OPEN, MandateWish
from dossier.plugins.verification.received import uploaded
from dossier.plugins.verification.standing import Wish, wished
from dossier.services.named_rows import RowReport
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires

router = APIRouter()
HERE = "/verification/corrections"
OF_CUSTOMER = "/customers/{customer_no}/verification/mandate"
Verifying = Annotated[Viewer, requires(Permission.VERIFY)]
Asked = Annotated[Wish, Depends(wished)]
Id = Annotated[str, Path(max_length=36)]
Text = Annotated[str, Form(max_length=1000)]


@router.post(OF_CUSTOMER)
def keep_mandate(
    request: Request,
    customer_no: str,
    viewer: Verifying,
    account: Annotated[str, Form(max_length=60)] = "",
    account_name: Annotated[str, Form(max_length=400)] = "",
    bank: Annotated[str, Form(max_length=400)] = "",
    document_id: Annotated[str, Form(max_length=36)] = "",
) -> Response:
    """Keep it, and back; where that cannot be, the page again with what was typed."""
    wish = MandateWish(account, account_name, bank, document_id or None)
    try:
        mandates.record(context_of(request), viewer, customer_no, wish)
    except (ConflictError, InvalidInputError) as error:
        return draw(request, viewer, customer_no, typed=wish, error=error)
    return back(customer_no)


@router.post(OF_CUSTOMER + "/{mandate_id}/end")
def end_mandate(
    request: Request, customer_no: str, mandate_id: Id, viewer: Verifying, why: Text = ""
) -> Response:
    """End it, and back."""
    try:
        mandates.end(context_of(request), viewer, customer_no, mandate_id, why=why)
    except (ConflictError, InvalidInputError) as error:
        return draw(request, viewer, customer_no, error=error)
    return back(customer_no)


@router.get(HERE)
def show_corrections(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.READ_CUSTOMER)],
    wish: Asked,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """The list, the oldest first."""
    return _draw(request, viewer, wish, cursor=cursor)


@router.post(HERE + "/{correction_id}")
def close(
    request: Request, correction_id: Id, viewer: Verifying, wish: Asked, why: Text = ""
) -> Response:
    """Close one, and back to the list."""
    try:
        corrections.close(context_of(request), viewer, correction_id, reason=why)
    except (ConflictError, InvalidInputError) as error:
        return _draw(request, viewer, wish, error=error)
    return RedirectResponse(HERE, status_code=303)


@router.post("/verification/failed-debits")
async def import_failures(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.VERIFY, whole_company=True)],
    file: UploadFile | None = None,
) -> Response:
    """Take a bank's list, and say what was taken and what was not."""
    context = context_of(request)
    report, wrong = None, None
    try:
        if file is None:
            raise InvalidInputError("Choose a file", detail_zh="请选择文件")
        async with uploaded(file) as path:
            work = partial(corrections.import_failures, context, viewer, path)
            report = await run_in_threadpool(work)
    except InvalidInputError as error:
        wrong = error
    shown = partial(_draw, request, viewer, Wish(), error=wrong, report=report)
    return await run_in_threadpool(shown)


def _draw(
    request: Request,
    viewer: Viewer,
    wish: Wish,
    *,
    cursor: str | None = None,
    error: DossierError | None = None,
    report: RowReport | None = None,
) -> Response:
    chosen = {name: value for name, value in wish.values.items() if value}
    return render(
        request,
        "verification/corrections.html",
        status=error.status if error else 200,
        found=corrections.get(context_of(request), viewer, wish, cursor=cursor),
        state=wish.state or OPEN,
        may_import=viewer.extent(Permission.VERIFY).everything,
        following=lambda at: f"{HERE}?{urlencode({**chosen, 'cursor': at})}",
        words=words,
        report=report,
        error=error,
    )
