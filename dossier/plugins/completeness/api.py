"""Completeness and the catalogue for programs."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from dossier.clock import local_date
from dossier.errors import InvalidInputError, NotFoundError, QueryError
from dossier.plugins.completeness import customer, requirements, wording, worklist
from dossier.plugins.completeness.asked import wished
from dossier.plugins.completeness.customer import DossierView
from dossier.plugins.completeness.items import Item, Waiver
from dossier.plugins.completeness.requirements import Requirement
from dossier.plugins.completeness.worklist import Wish
from dossier.rules import document_types
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.language import speaking
from searchapi.problems import may_answer

router = APIRouter(tags=["completeness"])


class WaiverView(BaseModel):
    """Who decided that a paper need not be there."""

    id: str
    by: str
    reason: str = Field(description="In words, with what was said beside it")
    reason_code: str
    on: date
    until: date | None = Field(description="Its last day")


class CompletenessItem(BaseModel):
    """A paper that is asked for."""

    type: str = Field(description="The first of `any_of`")
    any_of: list[str] = Field(description="Codes of types, any one of which will do")
    label: str
    level: str = Field(description="R required, C required on a condition, O optional")
    state: str = Field(
        description="present, missing, expired, unsigned, unsealed, waived, promised, not_due,"
        " undecided or optional"
    )
    since: date | None = Field(description="Since which day it lacks, as far as that is known")
    until: date | None = Field(description="Last day of a promise, a waiver or of the paper")
    business: str
    node: str
    case_no: str | None
    document_ids: list[str]
    count: int
    rule: str
    source: str
    hangs_on: list[str] = Field(description="Facts that decide and that nobody knows")
    waiver: WaiverView | None


class CompletenessAnswer(BaseModel):
    """A dossier on a day."""

    customer_no: str
    at: date
    required: int
    present: int
    percent: int
    complete: bool
    items: list[CompletenessItem]


class GapItem(BaseModel):
    """A paper that lacks."""

    type: str
    state: str
    since: date | None


class IncompleteItem(BaseModel):
    """A dossier with what lacks in it."""

    customer_no: str
    name: str
    missing: list[GapItem]


class CountItem(BaseModel):
    """A value with the number of dossiers."""

    value: str
    count: int


class RecountItem(BaseModel):
    """How far a recount of all dossiers is."""

    done: int
    total: int


class IncompleteAnswer(BaseModel):
    """Dossiers in which something lacks."""

    items: list[IncompleteItem]
    next_cursor: str | None
    total: int
    dossiers: int = Field(description="All that were assessed")
    complete: int
    facets: dict[str, list[CountItem]]
    recount: RecountItem | None = Field(description="While all are assessed anew")


class RuleItem(BaseModel):
    """A rule of what a dossier must have."""

    id: str
    business: str
    node: str
    any_of: list[str]
    levels: dict[str, str]
    when: str | None
    count: int
    signed: bool
    sealed: bool
    dated: bool
    promised_by: str | None
    since: date
    until: date | None
    source: str


class TypeItem(BaseModel):
    """A document type."""

    code: str
    label_zh: str
    label_en: str
    retention: str
    sensitivity: str


class CatalogueAnswer(BaseModel):
    """Types, and the rules that are in force on a day."""

    at: date
    types: list[TypeItem]
    rules: list[RuleItem]


Day = Annotated[date | None, Query(description="A day up to today; today where none is named")]


@router.get(
    "/customers/{customer_no}/completeness",
    responses=may_answer(NotFoundError, InvalidInputError),
    summary="What a dossier needs, has and lacks",
)
def read_completeness(
    request: Request,
    customer_no: str,
    viewer: Annotated[Viewer, requires(Permission.READ_CUSTOMER)],
    at: Day = None,
) -> CompletenessAnswer:
    """Each paper that is asked for, with its rule and how it stands with it."""
    context = context_of(request)
    speaker = speaking(request, viewer, context.settings.locale)
    return answer(customer.look(context, speaker, customer_no, at), speaker.language)


def answer(view: DossierView, locale: str) -> CompletenessAnswer:
    """A dossier on a day, in a language."""
    language = wording.language_of(locale)
    return CompletenessAnswer(
        customer_no=view.head.customer_no,
        at=view.day,
        required=view.found.required,
        present=view.found.present,
        percent=view.found.percent,
        complete=view.found.is_complete,
        items=[item_answer(view, item, language) for item in view.found.items],
    )


@router.get(
    "/incomplete",
    responses=may_answer(QueryError, InvalidInputError),
    summary="Dossiers in which something lacks",
)
def read_incomplete(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.READ_CUSTOMER)],
    wish: Annotated[Wish, Depends(wished)],
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    size: Annotated[int, Query(ge=1, le=worklist.LARGEST_PAGE)] = 50,
) -> IncompleteAnswer:
    """By customer number; counts are of dossiers in the viewer's scope."""
    context = context_of(request)
    speaker = speaking(request, viewer, context.settings.locale)
    found = worklist.get(context, speaker, wish, cursor=cursor, size=size)
    place, by_place = found.by_place
    return IncompleteAnswer(
        items=[
            IncompleteItem(
                customer_no=one.head.customer_no,
                name=one.head.name.text,
                missing=[
                    GapItem(type=gap.type_code, state=gap.state, since=gap.since)
                    for gap in one.gaps
                ],
            )
            for one in found.items
        ],
        next_cursor=found.next_cursor,
        total=found.total,
        dossiers=found.dossiers,
        complete=found.complete,
        facets={
            "missing": [CountItem(value=one.value, count=one.count) for one in found.by_type],
            place: [CountItem(value=one.value, count=one.count) for one in by_place],
        },
        recount=RecountItem(done=found.going_on.done, total=found.going_on.total)
        if found.going_on
        else None,
    )


@router.get("/catalogue", responses=may_answer(), summary="Document types and what is asked for")
def read_catalogue(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.SIGNED_IN)],  # noqa: ARG001 - asked for by requires
    at: Day = None,
) -> CatalogueAnswer:
    """All types, and the rules in force on a day."""
    context = context_of(request)
    day = at or local_date(context.clock.now())
    types = [
        TypeItem(
            code=one.code,
            label_zh=one.label_zh,
            label_en=one.label_en,
            retention=one.retention,
            sensitivity=one.sensitivity,
        )
        for one in document_types.catalogue().types.values()
    ]
    rules = [_rule(one) for one in requirements.of(context).rules if one.holds_on(day)]
    return CatalogueAnswer(at=day, types=types, rules=rules)


def item_answer(view: DossierView, item: Item, language: str) -> CompletenessItem:
    """A paper that is asked for, in a language."""
    rule, waiver = item.rule, item.waiver
    return CompletenessItem(
        type=rule.any_of[0],
        any_of=list(rule.any_of),
        label=wording.asked(item, language),
        level=item.level,
        state=item.state,
        since=item.since,
        until=item.until,
        business=item.business,
        node=rule.node,
        case_no=item.case_no,
        document_ids=view.shown(item.papers),
        count=rule.count,
        rule=rule.id,
        source=rule.source,
        hangs_on=list(item.hangs_on),
        waiver=_waiver(view, waiver, language) if waiver else None,
    )


def _waiver(view: DossierView, waiver: Waiver, language: str) -> WaiverView:
    return WaiverView(
        id=waiver.id,
        by=view.people.get(waiver.by, waiver.by),
        reason=wording.waived_why(waiver.reason, waiver.note, language),
        reason_code=waiver.reason,
        on=waiver.on,
        until=waiver.until,
    )


def _rule(rule: Requirement) -> RuleItem:
    return RuleItem(
        id=rule.id,
        business=rule.business,
        node=rule.node,
        any_of=list(rule.any_of),
        levels=dict(rule.levels),
        when=rule.when.text if rule.when else None,
        count=rule.count,
        signed=rule.signed,
        sealed=rule.sealed,
        dated=rule.dated,
        promised_by=rule.promised_by,
        since=rule.first,
        until=rule.last,
        source=rule.source,
    )
