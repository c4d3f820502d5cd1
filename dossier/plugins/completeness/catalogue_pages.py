"""``/catalogue``: what papers are asked for on a day, what changed when; amending a rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from dossier.clock import local_date
from dossier.errors import ConflictError, DossierError, InvalidInputError, NotFoundError
from dossier.plugins.completeness import (
    amending,
    dossiers,
    recount,
    requirements,
    wording,
)
from dossier.plugins.completeness.amending import RuleWish, Trial
from dossier.plugins.completeness.requirements import Level, Requirement, Requirements
from dossier.rules import document_types, rulebook, sources
from dossier.rules.limits import LARGEST_INTEGER
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, render, requires

router = APIRouter(prefix="/catalogue")
Reader = Annotated[Viewer, requires(Permission.SIGNED_IN)]
Editor = Annotated[
    Viewer, requires(Permission.AMEND_RULES, by_session_only=True, whole_company=True)
]
Code = Annotated[str, Form(max_length=60)]
Text = Annotated[str, Form(max_length=400)]
VIEWS = ("list", "table")


@router.get("")
def show_catalogue(
    request: Request,
    viewer: Reader,
    business: Annotated[str, Query(max_length=40)] = requirements.NEW,
    category: Annotated[str, Query(max_length=2)] = "",
    at: date | None = None,
    view: Annotated[str, Query(max_length=5)] = VIEWS[0],
) -> Response:
    """The types with what one keeps them for, and the rules of one business on a day."""
    context = context_of(request)
    today = local_date(context.clock.now())
    day = at or today
    rules = requirements.of(context)
    chosen = rules.businesses.get(business, rules.businesses[requirements.NEW])
    categories = rulebook.load("categories")["categories"]
    asked = [
        rule
        for rule in rules.in_force(chosen.code, day)
        if category not in categories or category in rule.levels
    ]
    rested = (one for rule in asked for one in sources.cited(rule.source))
    return _draw(
        request,
        viewer,
        "catalogue",
        rules=rules,
        chosen=chosen,
        nodes=_by_node(asked),
        rested=list(dict.fromkeys(rested)),
        category=category if category in categories else "",
        day=day,
        today=today,
        view=view if view in VIEWS else VIEWS[0],
    )


@router.get("/changes")
def show_changes(request: Request, viewer: Reader) -> Response:
    """On which days rules began and ended, who amended them and why, how far a recount is."""
    context = context_of(request)
    rules = requirements.of(context)
    with context.reading(dossiers.LOOKING) as session:
        progress = recount.progress(context, session)
    return _draw(
        request,
        viewer,
        "catalogue_changes",
        rules=rules,
        rule_days=_days(rules),
        today=local_date(context.clock.now()),
        made=amending.made(context),
        progress=progress,
    )


@router.get("/rules/{rule_id}")
def show_rule(
    request: Request, viewer: Reader, rule_id: Annotated[str, Path(max_length=60)]
) -> Response:
    """A rule as it was, is and will be; for who may amend it, the form."""
    return _draw_rule(request, viewer, rule_id)


@router.get("/new-rule")
def show_new(
    request: Request,
    viewer: Editor,
    business: Annotated[str, Query(max_length=40)] = requirements.NEW,
) -> Response:
    """The form of a rule that there is not yet."""
    return _draw_new(request, viewer, RuleWish("", business=business))


@router.post("/rules")
def amend(  # noqa: PLR0913 - the fields of the form
    request: Request,
    viewer: Editor,
    rule: Code = "",
    step: Code = "",
    any_of: Text = "",
    levels: Annotated[list[str] | None, Form(max_length=12)] = None,
    when: Text = "",
    count: Annotated[str, Form(max_length=4)] = "1",
    needs: Annotated[list[str] | None, Form(max_length=12)] = None,
    promised_by: Code = "",
    first: Annotated[str, Form(max_length=10)] = "",
    source: Text = "",
    why: Text = "",
    deed: Code = "try",
) -> Response:
    """Try or save an amendment; what cannot be is told above the form as it was typed."""
    business, _, node = step.partition(" ")
    asked = set(needs or ())
    wish = RuleWish(
        rule.strip(),
        business,
        node,
        tuple(any_of.replace(",", " ").replace("，", " ").replace("、", " ").upper().split()),
        dict(pair.split("=", 1) for pair in levels or () if pair[-2:] in _LEVELS),
        when,
        signed="signed" in asked,
        sealed="sealed" in asked,
        dated="dated" in asked,
        promised_by=promised_by.strip().upper(),
        ends=deed in _ENDING,
        source=source,
        why=why,
    )
    return _act(request, viewer, wish, first, count, deed)


@router.post("/amendments/{amendment_id}/withdraw")
def withdraw(
    request: Request,
    viewer: Editor,
    amendment_id: Annotated[int, Path(ge=1, le=LARGEST_INTEGER)],
    why: Text = "",
) -> Response:
    """Take back an amendment whose day has not come."""
    amending.withdraw(context_of(request), viewer, amendment_id, why=why)
    return RedirectResponse("/catalogue/changes", status_code=303)


# -- parts --------------------------------------------------------------------------------------

_LEVELS = tuple(f"={level}" for level in Level)
_ENDING = ("try-end", "end")
_SAVING = ("save", "end")


def _act(
    request: Request, viewer: Viewer, wish: RuleWish, first: str, count: str, deed: str
) -> Response:
    context = context_of(request)
    try:
        wish = _with_numbers(wish, first, count)
        if not wish.rule:
            wish = _named(wish, requirements.of(context))
        if deed not in _SAVING:
            tried = amending.try_out(context, viewer, wish)
            return _draw_form(request, viewer, wish, tried=tried)
        amending.save(context, viewer, wish)
    except (ConflictError, InvalidInputError) as error:
        return _draw_form(request, viewer, wish, error=error)
    return RedirectResponse("/catalogue/changes", status_code=303)


def _with_numbers(wish: RuleWish, first: str, count: str) -> RuleWish:
    try:
        day = date.fromisoformat(first.strip()) if first.strip() else None
        number = int(count or 1)
    except ValueError as err:
        raise InvalidInputError(
            "A day is written 2027-01-31, a number in digits",
            detail_zh="日期格式应为 2027-01-31，份数应为数字",
        ) from err
    if not 1 <= number <= amending.MOST_PAPERS:
        raise InvalidInputError(
            f"1 to {amending.MOST_PAPERS} papers", detail_zh=f"份数应为 1 至 {amending.MOST_PAPERS}"
        )
    return replace(wish, first=day, count=number)


def _named(wish: RuleWish, rules: Requirements) -> RuleWish:
    """A new rule's id: of the business and the paper, with the first number that is free."""
    taken = {one.id for one in rules.rules}
    stem = f"own-{wish.business}-{''.join(wish.any_of[:1])}".lower().replace("_", "-")[:50]
    numbers = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(taken) + 2))
    return replace(wish, rule=next(one for one in numbers if one not in taken))


def _draw_form(
    request: Request,
    viewer: Viewer,
    wish: RuleWish,
    *,
    tried: Trial | None = None,
    error: DossierError | None = None,
) -> Response:
    known = {one.id for one in requirements.of(context_of(request)).rules}
    draw = _draw_rule if wish.rule in known else _draw_new
    subject: Any = wish.rule if wish.rule in known else wish
    return draw(request, viewer, subject, wish=wish, tried=tried, error=error)


def _draw_rule(
    request: Request,
    viewer: Viewer,
    rule_id: str,
    *,
    wish: RuleWish | None = None,
    tried: Trial | None = None,
    error: DossierError | None = None,
) -> Response:
    context = context_of(request)
    rules = requirements.of(context)
    own = sorted((one for one in rules.rules if one.id == rule_id), key=lambda one: one.first)
    made = [one for one in amending.made(context) if one.rule == rule_id]
    if not own and not made:
        raise NotFoundError("No such rule", detail_zh="没有此规则")
    newest = wish or (amending.wish_of(own[-1]) if own else RuleWish(rule_id))
    return _draw(
        request,
        viewer,
        "catalogue_rule",
        status=error.status if error else 200,
        rules=rules,
        rule_id=rule_id,
        states=own,
        made=made,
        wish=newest,
        tried=tried,
        error=error,
        today=local_date(context.clock.now()),
    )


def _draw_new(
    request: Request,
    viewer: Viewer,
    subject: RuleWish,
    *,
    wish: RuleWish | None = None,
    tried: Trial | None = None,
    error: DossierError | None = None,
) -> Response:
    context = context_of(request)
    return _draw(
        request,
        viewer,
        "catalogue_rule",
        status=error.status if error else 200,
        rules=requirements.of(context),
        rule_id="",
        states=[],
        made=[],
        wish=wish or subject,
        tried=tried,
        error=error,
        today=local_date(context.clock.now()),
    )


def _draw(
    request: Request, viewer: Viewer, page: str, *, status: int = 200, **values: Any
) -> Response:
    return render(
        request,
        f"completeness/{page}.html",
        status=status,
        may_amend=_may_amend(viewer),
        categories=rulebook.load("categories")["categories"],
        types=document_types.catalogue().types,
        types_file=rulebook.load("document_types"),
        rules_file=requirements.head(),
        longest=amending.LONGEST,
        most=amending.MOST_PAPERS,
        **rule_words(context_of(request)),
        **values,
    )


def rule_words(context: Context) -> Mapping[str, Any]:
    """What templates use to say rules in words."""
    return {"wording": wording, "book": requirements.of(context), "cited": sources.cited}


def _may_amend(viewer: Viewer) -> bool:
    """Rules hold for the whole company, and so must the role that amends them."""
    may = viewer.may(Permission.AMEND_RULES)
    return may and viewer.under(Permission.AMEND_RULES).scope.everything


def _by_node(rules: Iterable[Requirement]) -> list[tuple[str, list[Requirement]]]:
    return [(node, list(found)) for node, found in groupby(rules, key=lambda rule: rule.node)]


@dataclass(frozen=True, slots=True)
class RulesDay:
    """A day on which rules changed."""

    day: date
    begin: tuple[Requirement, ...]
    end: tuple[Requirement, ...]


def _days(rules: Requirements) -> Sequence[RulesDay]:
    """The newest first; a rule ends on the day after its last, and one that goes on does not."""
    ended = {one: one.last + timedelta(days=1) for one in rules.rules if one.last is not None}
    starts = {(one.id, one.first) for one in rules.rules}
    days = sorted({one.first for one in rules.rules} | set(ended.values()), reverse=True)
    return [
        RulesDay(
            day,
            tuple(one for one in rules.rules if one.first == day),
            tuple(o for o, last in ended.items() if last == day and (o.id, day) not in starts),
        )
        for day in days
    ]
