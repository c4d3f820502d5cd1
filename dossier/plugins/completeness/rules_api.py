"""Amending the catalogue's rules for programs: tried, saved, listed, withdrawn."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.plugins.completeness import amending, dossiers, recount
from dossier.plugins.completeness.amending import RuleWish
from dossier.plugins.completeness.requirements import Level
from dossier.rules.limits import LARGEST_INTEGER
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, may_answer

router = APIRouter(prefix="/catalogue/changes", tags=["completeness"])
Reader = Annotated[Viewer, requires(Permission.SIGNED_IN)]
Editor = Annotated[Viewer, requires(Permission.AMEND_RULES, whole_company=True)]
Code = Annotated[str, Field(max_length=60)]


class RuleWanted(BaseModel):
    """A rule as it is to be from a day on."""

    model_config = ConfigDict(extra="forbid")
    rule: Code = Field(description="Its id; a new rule where there is none of that id")
    ends: bool = Field(default=False, description="From that day on there is no such rule")
    business: Code = ""
    node: Code = ""
    any_of: list[Annotated[str, Field(max_length=8)]] = Field([], max_length=20)
    levels: dict[str, Level] = Field({}, description="By category: R, C or O", max_length=20)
    when: str = Field("", max_length=400, description="Decides where a level is C")
    count: int = Field(1, ge=1, le=amending.MOST_PAPERS)
    signed: bool = False
    sealed: bool = False
    dated: bool = False
    promised_by: str = Field("", max_length=8)
    since: date | None = Field(None, description="Its first day; today where none is named")
    source: str = Field("", max_length=1000, description="What it rests on")
    why: str = Field("", max_length=1000)
    try_only: bool = Field(default=False, description="Says what it would do and saves nothing")


class TrialItem(BaseModel):
    """What an amendment would do on its first day."""

    total: int = Field(description="Dossiers that the rule speaks of")
    looked_at: int = Field(description="Of these; fewer where there are many")
    changed: int = Field(description="Of those looked at, in which something else is asked for")
    complete_before: int
    complete_after: int


class AmendmentItem(BaseModel):
    """An amendment that was saved."""

    id: int
    rule: str
    since: date
    ends: bool
    entry: dict[str, Any] = Field(description="The rule as a rule file would say it")
    why: str
    made_at: datetime
    made_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str
    withdrawn_why: str


class AmendmentList(BaseModel):
    """All of them, the newest first, and how far a recount of all dossiers is."""

    items: list[AmendmentItem]
    assessed: int = Field(description="Dossiers assessed by the rules of today")
    dossiers: int


class Amended(BaseModel):
    """What became of it."""

    id: int | None = Field(description="Null where it was only tried")
    trial: TrialItem | None


class WithdrawnWhy(BaseModel):
    """Why an amendment is taken back."""

    model_config = ConfigDict(extra="forbid")
    why: str = Field(max_length=1000)


@router.get("", responses=may_answer(), summary="Amendments of the rules")
def list_amendments(
    request: Request,
    viewer: Reader,  # noqa: ARG001 - asked for by requires
) -> AmendmentList:
    """Who amended which rule from which day on, and why."""
    context = context_of(request)
    done, total = _progress(context)
    items = [
        AmendmentItem(
            id=one.id,
            rule=one.rule,
            since=one.first,
            ends=one.ends,
            entry=dict(one.entry),
            why=one.why,
            made_at=one.made_at,
            made_by=one.made_by,
            withdrawn_at=one.withdrawn_at,
            withdrawn_by=one.withdrawn_by,
            withdrawn_why=one.withdrawn_why,
        )
        for one in amending.made(context)
    ]
    return AmendmentList(items=items, assessed=done, dossiers=total)


@router.post(
    "",
    status_code=201,
    responses=CHANGING,
    summary="Amend a rule from a day on",
)
def amend(request: Request, viewer: Editor, wanted: RuleWanted) -> Amended:
    """Checked as at start; nothing is saved where the rules would not hold together."""
    context = context_of(request)
    wish = RuleWish(
        rule=wanted.rule,
        business=wanted.business,
        node=wanted.node,
        any_of=tuple(wanted.any_of),
        levels={code: level.value for code, level in wanted.levels.items()},
        when=wanted.when,
        count=wanted.count,
        signed=wanted.signed,
        sealed=wanted.sealed,
        dated=wanted.dated,
        promised_by=wanted.promised_by,
        first=wanted.since,
        ends=wanted.ends,
        source=wanted.source,
        why=wanted.why,
    )
    if not wanted.try_only:
        return Amended(id=amending.save(context, viewer, wish), trial=None)
    found = amending.try_out(context, viewer, wish)
    trial = TrialItem(
        total=found.total,
        looked_at=found.looked_at,
        changed=found.changed,
        complete_before=found.complete_before,
        complete_after=found.complete_after,
    )
    return Amended(id=None, trial=trial)


@router.post(
    "/{amendment_id}/withdraw",
    status_code=204,
    responses=CHANGING,
    summary="Take back an amendment whose day has not come",
)
def withdraw(
    request: Request,
    viewer: Editor,
    amendment_id: Annotated[int, Path(ge=1, le=LARGEST_INTEGER)],
    said: WithdrawnWhy,
) -> None:
    """It stays on record that there was one."""
    amending.withdraw(context_of(request), viewer, amendment_id, why=said.why)


def _progress(context: Context) -> tuple[int, int]:
    with context.reading(dossiers.LOOKING) as session:
        found = recount.progress(context, session)
    return found.done, found.total
