"""``/verification/differences``: what the marketing system says differently, one after another."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from dossier.errors import ConflictError, DossierError, InvalidInputError
from dossier.plugins.verification import comparison, differences, words
from dossier.plugins.verification.differences import DifferenceWish
from dossier.plugins.verification.differences_api import wished
from dossier.plugins.verification.received import uploaded
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from ui.locales import speaking

router = APIRouter(prefix="/verification")
HERE = "/verification/differences"
Settling = Annotated[Viewer, requires(Permission.SETTLE)]
Comparing = Annotated[Viewer, requires(Permission.SETTLE, whole_company=True)]
Asked = Annotated[DifferenceWish, Depends(wished)]


@router.get("/differences")
def show_differences(
    request: Request,
    viewer: Settling,
    wish: Asked,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """The list, and the last comparisons for who makes them."""
    return _draw(request, viewer, wish, cursor=cursor)


@router.post("/differences/{difference_id}")
def settle(
    request: Request,
    difference_id: Annotated[str, Path(max_length=36)],
    viewer: Settling,
    wish: Asked,
    decision: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Settle one, and back to the same list; where that cannot be, the page with the reason."""
    try:
        differences.settle(context_of(request), viewer, difference_id, decision, reason)
    except (ConflictError, InvalidInputError) as error:
        return _draw(request, viewer, wish, error=error)
    return RedirectResponse(_address(wish.values), status_code=303)


@router.post("/comparisons")
async def compare(
    request: Request,
    viewer: Comparing,
    file: UploadFile | None = None,
    whole: Annotated[str, Form(max_length=4)] = "",
) -> Response:
    """Compare the form's file; one that was broken off goes on."""
    context = context_of(request)
    try:
        if file is None:
            raise InvalidInputError("Choose a file", detail_zh="请选择文件")
        async with uploaded(file) as path:
            work = partial(comparison.compare, context, viewer, path, is_whole=bool(whole))
            await run_in_threadpool(work)
    except InvalidInputError as error:
        wish = DifferenceWish()
        return await run_in_threadpool(partial(_draw, request, viewer, wish, error=error))
    return RedirectResponse(HERE, status_code=303)


def _draw(
    request: Request,
    viewer: Viewer,
    wish: DifferenceWish,
    *,
    cursor: str | None = None,
    error: DossierError | None = None,
) -> Response:
    context = context_of(request)
    viewer = speaking(request, viewer)
    chosen = wish.values
    compares = viewer.extent(Permission.SETTLE).everything
    return render(
        request,
        "verification/differences.html",
        status=error.status if error else 200,
        found=differences.get(context, viewer, wish, cursor=cursor),
        runs=differences.runs(context, viewer) if compares else None,
        chosen=chosen,
        here=_address(chosen),
        query=_address(chosen).removeprefix(HERE),
        address=lambda **other: _address({**chosen, **other}),
        words=words,
        error=error,
    )


def _address(values: Mapping[str, Any]) -> str:
    """This page with these choices; an empty state is said, as none means the open ones."""
    kept = {name: value for name, value in values.items() if value or name == "state"}
    return f"{HERE}?{urlencode(kept)}"
