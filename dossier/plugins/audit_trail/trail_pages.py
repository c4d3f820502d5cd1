"""Who did and saw what, for those who check it; nothing can be changed here."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from dossier.errors import InvalidInputError
from dossier.plugins.audit_trail import table
from dossier.plugins.audit_trail.words import FactWords, Translate
from dossier.services import audit_log
from dossier.services.audit_log import AuditFilter
from dossier.services.table_export import MEDIA_TYPES, as_csv, as_xlsx
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires
from ui.labels import ACTION
from ui.locales import locale_of

router = APIRouter()
PAGE: Final = "audit_trail/audit.html"
PAGE_SIZE: Final = 50
LONGEST: Final = 80
"""Characters of an actor or an id in the record."""
LONGEST_PURPOSE: Final = 200
"""Characters of a purpose in the record."""
Text = Annotated[str, Field(max_length=LONGEST)]


class Typed(BaseModel):
    """The filter as it was typed."""

    actor: Text = ""
    customer_no: Text = ""
    object_id: Text = ""
    action: Text = ""
    since: Text = ""
    until: Text = ""
    cursor: str = ""

    @property
    def wanted(self) -> AuditFilter:
        """The filter.

        Raises:
            InvalidInputError: a day is none.
        """
        return AuditFilter(
            actor=self.actor.strip(),
            customer_no=self.customer_no.replace(" ", ""),
            object_id=self.object_id.strip(),
            action=self.action,
            since=_day(self.since),
            until=_day(self.until),
        )


class ExportForm(Typed):
    """The filter, with what the file is for."""

    purpose: Annotated[str, Field(max_length=LONGEST_PURPOSE)]
    format: Literal["csv", "xlsx"]


@router.get("/audit")
def show_audit(
    request: Request,
    typed: Annotated[Typed, Query()],
    viewer: Viewer = requires(Permission.READ_AUDIT),
) -> Response:
    """The record, newest first, with how far it is sealed."""
    wanted = typed.wanted
    found, seals = audit_log.list_audit(
        context_of(request), viewer, wanted=wanted, cursor=typed.cursor or None, size=PAGE_SIZE
    )
    return render(
        request,
        PAGE,
        found=found,
        seals=seals,
        wanted=wanted,
        actions=sorted({*ACTION, wanted.action} - {""}),
        next=_address(wanted, found.next_cursor) if found.next_cursor else "",
        facts_of=_words(request).lines,
        object_address=_object_address,
        actor_address=lambda name: _address(replace(wanted, actor=name)),
    )


@router.post("/audit/export")
def export_audit(
    request: Request,
    form: Annotated[ExportForm, Form()],
    viewer: Viewer = requires(Permission.READ_AUDIT),
) -> Response:
    """The rows that fit as a file; that it was taken, and why, is in the record itself."""
    purpose = form.purpose.strip()
    if not purpose:
        raise InvalidInputError("Say what the file is for", detail_zh="请填写导出用途")
    context = context_of(request)
    items = audit_log.export_audit(
        context, replace(viewer, purpose=purpose), wanted=form.wanted, file_format=form.format
    )
    head, rows = table.of(items, _translate(request), _words(request))
    body = as_csv(head, rows) if form.format == "csv" else as_xlsx(head, rows, widths=table.WIDTHS)
    name = f"audit-{context.clock.now():%Y%m%d-%H%M%S}.{form.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=MEDIA_TYPES[form.format], headers=headers)


def _words(request: Request) -> FactWords:
    context = context_of(request)
    locale = locale_of(request, context.settings.locale)
    return FactWords(locale, _translate(request), context.roles.words.actions)


def _translate(request: Request) -> Translate:
    locale = locale_of(request, context_of(request).settings.locale)
    found: Translate = request.app.state.catalogues[locale].of(PAGE).gettext
    return found


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed.strip()) if typed.strip() else None
    except ValueError as err:
        raise InvalidInputError(
            "A day is written 2026-11-22", detail_zh="日期请写作 2026-11-22"
        ) from err


def _object_address(kind: str, key: str) -> str:
    return _address(
        AuditFilter(customer_no=key) if kind == "customer" else AuditFilter(object_id=key)
    )


def _address(wanted: AuditFilter, cursor: str = "") -> str:
    values = {name: str(getattr(wanted, name)) for name in wanted.used}
    pairs = values | ({"cursor": cursor} if cursor else {})
    return f"/audit?{urlencode(pairs)}" if pairs else "/audit"
