"""Amending the rules of what a dossier needs: tried, saved for a day to come, taken back.

Checked is the whole of the rules as it would be, by the same reader as at start. An amendment
counts from today on at the earliest: what was completed before keeps the rule of its day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, cast, func, select

from dossier.access import demand_whole
from dossier.clock import local_date
from dossier.db.dossier_tables import RuleAmendment, one_editor
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer
from dossier.errors import ConfigurationError, InvalidInputError, NotFoundError, NotPossibleError
from dossier.plugins.completeness import amendments, dossiers, requirements
from dossier.plugins.completeness.amendments import Amendment
from dossier.plugins.completeness.items import Completeness
from dossier.plugins.completeness.requirements import Requirement, Requirements
from dossier.rules import rulebook
from dossier.services import audit
from dossier.services.account_names import account_names
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer

SAVED, ENDED, WITHDRAWN = "rule.amended", "rule.ended", "rule.amendment_withdrawn"
TRIED = 400
"""Dossiers that a trial looks at, about, scattered over all it may concern: about a second."""
SCATTER, MODULUS = 48_271, 65_521
"""A multiplicative hash of customers' small numbers; two primes."""
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
MOST_PAPERS = 20
"""Of one type that a rule may ask for."""
LONGEST = 200
"""Characters of a reason or a source."""


@dataclass(frozen=True, slots=True)
class RuleWish:
    """A rule as somebody wants it.

    Attributes:
        rule: its id; a new one where there is none of that id.
        levels: R, C or O by category; those that are not named are not asked.
        first: the first day on which it is so; None for today.
        ends: from that day on there is no such rule; the rest is not looked at.
        why: for the record.
    """

    rule: str
    business: str = ""
    node: str = ""
    any_of: tuple[str, ...] = ()
    levels: Mapping[str, str] = field(default_factory=dict)
    when: str = ""
    count: int = 1
    signed: bool = False
    sealed: bool = False
    dated: bool = False
    promised_by: str = ""
    first: date | None = None
    ends: bool = False
    source: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What an amendment would do on its first day, with the papers that are there now.

    Attributes:
        total: dossiers that the rule speaks of.
        looked_at: of these; fewer where there are many.
        changed: of those looked at, in which a paper is asked for that was not, or no longer is, or
            is asked for in another way.
        complete_before: of those looked at, in which nothing lacks without the amendment.
        complete_after: the same with it.
    """

    total: int
    looked_at: int
    changed: int
    complete_before: int
    complete_after: int


@dataclass(frozen=True, slots=True)
class MadeAmendment:
    """One as the page tells of it; people by their account names."""

    id: int
    rule: str
    first: date
    ends: bool
    entry: Mapping[str, Any]
    why: str
    made_at: datetime
    made_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str
    withdrawn_why: str


def try_out(context: Context, viewer: Viewer, wish: RuleWish) -> Trial:
    """What it would do; nothing is written.

    Raises:
        ForbiddenError: the role may not, or not for the whole company.
        InvalidInputError: the rules would not hold together; says why and where.
        NotPossibleError: another amendment of the rule begins on that day or later.
    """
    viewer = demand_whole(viewer, Permission.AMEND_RULES)
    made = amendments.standing(context)
    wanted, after = _checked(context, made, wish)
    before = requirements.amended(context.settings.home, made)
    spoken = [one for one in (*before.rules, *after.rules) if one.id == wanted.rule]
    day = wanted.first
    with context.reading(dossiers.LOOKING) as session:
        total, numbers = _numbers(session, {code for one in spoken for code in one.levels})
        pairs = [
            (old.on(day), new.on(day))
            for old, new in zip(
                dossiers.read(session, before, numbers).values(),
                dossiers.read(session, after, numbers).values(),
                strict=True,
            )
        ]
    return Trial(
        total,
        len(pairs),
        sum(_told(old) != _told(new) for old, new in pairs),
        sum(old.is_complete for old, _ in pairs),
        sum(new.is_complete for _, new in pairs),
    )


def save(context: Context, viewer: Viewer, wish: RuleWish) -> int:
    """Write an amendment; gives its id. All dossiers are assessed anew in the background.

    Raises:
        ForbiddenError: the role may not, or not for the whole company.
        InvalidInputError: the rules would not hold together, or nobody says why or by what.
        NotPossibleError: another amendment of the rule begins on that day or later.
    """
    viewer = demand_whole(viewer, Permission.AMEND_RULES)
    now, why = context.clock.now(), _said(wish.why)
    if not why:
        raise InvalidInputError("Say why the rule is amended", detail_zh="请填写修订原因")
    with context.writing(viewer) as session:
        made = _locked(session)
        wanted, after = _checked(context, made, wish)
        if after.rules == requirements.amended(context.settings.home, made).rules:
            raise NotPossibleError("The rule says that already", detail_zh="修订内容与现行规则相同")
        entry = None if wish.ends else _entry(wish)
        row = RuleAmendment(
            rule=wanted.rule,
            first_day=wanted.first,
            entry=entry,
            why=why,
            made_at=now,
            made_by=viewer.id,
        )
        session.add(row)
        session.flush()
        facts = {"rule": row.rule, "from": row.first_day.isoformat(), "reason": why}
        _note(session, viewer, ENDED if wish.ends else SAVED, row, now, facts)
        return row.id


def withdraw(context: Context, viewer: Viewer, amendment_id: int, *, why: str) -> None:
    """Take back an amendment whose day has not come.

    Raises:
        ForbiddenError: the role may not, or not for the whole company.
        NotFoundError: there is no such amendment.
        InvalidInputError: nobody says why, or the rules would not hold together without it.
        NotPossibleError: its day has come: it is amended again instead; or it was withdrawn.
    """
    viewer = demand_whole(viewer, Permission.AMEND_RULES)
    now, said = context.clock.now(), _said(why)
    if not said:
        raise InvalidInputError("Say why it is withdrawn", detail_zh="请填写撤销原因")
    with context.writing(viewer) as session:
        made = _locked(session)
        row = session.get(RuleAmendment, amendment_id)
        if row is None:
            raise NotFoundError("No such amendment", detail_zh="没有此修订")
        if row.withdrawn_at is not None:
            raise NotPossibleError("It was withdrawn already", detail_zh="此修订已撤销")
        if row.first_day <= local_date(now):
            raise NotPossibleError(
                "It is in force already; amend the rule again from another day on",
                detail_zh="此修订已生效，请另行修订并指定新的生效日期",
            )
        own = amendments.of_row(row)
        _whole(context, tuple(one for one in made if one != own))
        row.withdrawn_at, row.withdrawn_by, row.withdrawn_why = now, viewer.id, said
        facts = {"rule": row.rule, "from": row.first_day.isoformat(), "reason": said}
        _note(session, viewer, WITHDRAWN, row, now, facts)


def made(context: Context) -> tuple[MadeAmendment, ...]:
    """All that were ever saved, the newest first: how the rules came to be is no secret."""
    with context.reading(amendments.LOOKING) as session:
        rows = list(session.scalars(select(RuleAmendment).order_by(RuleAmendment.id.desc())))
        people = [one for row in rows for one in (row.made_by, row.withdrawn_by) if one]
        names = account_names(session, people)
        return tuple(
            MadeAmendment(
                row.id,
                row.rule,
                row.first_day,
                row.entry is None,
                row.entry or {},
                row.why,
                row.made_at,
                names[row.made_by],
                row.withdrawn_at,
                names[row.withdrawn_by] if row.withdrawn_by else "",
                row.withdrawn_why,
            )
            for row in rows
        )


def wish_of(rule: Requirement) -> RuleWish:
    """A rule as it is, to be changed."""
    return RuleWish(
        rule=rule.id,
        business=rule.business,
        node=rule.node,
        any_of=rule.any_of,
        levels={code: level.value for code, level in rule.levels.items()},
        when=rule.when.text if rule.when else "",
        count=rule.count,
        signed=rule.signed,
        sealed=rule.sealed,
        dated=rule.dated,
        promised_by=rule.promised_by or "",
    )


# -- parts --------------------------------------------------------------------------------------


def _checked(
    context: Context, made: tuple[Amendment, ...], wish: RuleWish
) -> tuple[Amendment, Requirements]:
    """The amendment and the rules with it."""
    today = local_date(context.clock.now())
    first = wish.first or today
    if first < today:
        raise InvalidInputError(
            f"It can count from {today} on: what was completed before keeps its rule",
            detail_zh=f"生效日期不得早于今天（{today}）：此前完成的环节适用当时的规则",
        )
    _check_form(wish)
    before = _whole(context, made)
    _check_no_later(before, wish, first)
    wanted = Amendment(wish.rule, first, "" if wish.ends else amendments.packed(_entry(wish)))
    return wanted, _whole(context, (*made, wanted))


def _check_form(wish: RuleWish) -> None:
    if not _ID.fullmatch(wish.rule):
        raise InvalidInputError(
            f"'{wish.rule}' is no id of a rule: small letters, digits and hyphens, 60 at most",
            detail_zh=f"规则编号“{wish.rule}”有误：请用小写字母、数字和连字符，不超过 60 字",
        )
    categories = rulebook.load("categories")["categories"]
    if unknown := sorted(set(wish.levels) - set(categories)):
        raise InvalidInputError(
            f"'{unknown[0]}' is no category; there are {', '.join(categories)}",
            detail_zh=f"没有“{unknown[0]}”这一客户类别",
        )
    if not wish.ends and not wish.levels:
        raise InvalidInputError(
            "Say of at least one category whether the paper is asked for",
            detail_zh="请至少为一个客户类别选择必需、按条件或可选",
        )
    if not wish.ends and not _said(wish.source):
        raise InvalidInputError("Name what the rule rests on", detail_zh="请填写依据")


def _check_no_later(before: Requirements, wish: RuleWish, first: date) -> None:
    """Days must not overlap: what is planned for later would silently go."""
    own = [one for one in before.rules if one.id == wish.rule]
    if wish.ends and not any(one.last is None or one.last >= first for one in own):
        raise InvalidInputError("No such rule on that day", detail_zh="该日没有此规则")
    later = min((one.first for one in own if one.first >= first), default=None)
    if later is not None:
        raise NotPossibleError(
            f"For rule {wish.rule} another text is set from {later} on;"
            " withdraw that, or choose a later day",
            detail_zh=f"规则 {wish.rule} 自 {later} 起已有另一规定，请先撤销，或另选更晚的生效日期",
        )


def _whole(context: Context, made: tuple[Amendment, ...]) -> Requirements:
    try:
        return requirements.amended(context.settings.home, made)
    except ConfigurationError as err:
        raise InvalidInputError(
            f"The rules would not hold together: {err.detail}; nothing was changed",
            detail_zh=f"规则校验未通过，未作任何更改：{err.detail}",
        ) from err


def _entry(wish: RuleWish) -> dict[str, Any]:
    """As the rule file would say it, without what goes without saying."""
    entry: dict[str, Any] = {
        "business": wish.business,
        "node": wish.node,
        "any_of": list(wish.any_of),
        **wish.levels,
        "source": _said(wish.source),
    }
    optional = {
        "when": wish.when.strip(),
        "count": wish.count if wish.count != 1 else None,
        "signed": wish.signed,
        "sealed": wish.sealed,
        "dated": wish.dated,
        "promised_by": wish.promised_by,
    }
    return {**entry, **{key: value for key, value in optional.items() if value}}


def _said(text: str) -> str:
    said = " ".join(text.split())
    if len(said) > LONGEST:
        raise InvalidInputError(f"{LONGEST} characters at most", detail_zh=f"不超过 {LONGEST} 个字")
    return said


def _numbers(session: ScopedSession, categories: Iterable[str]) -> tuple[int, list[str]]:
    """How many customers of these categories there are, and some of them, scattered over all."""
    concerned = Customer.category.in_(sorted(categories))
    total = session.scalar(select(func.count(Customer.customer_no)).where(concerned)) or 0
    # scattered: every tenth customer may be of one estate, or without a day
    place = cast(Customer.rowid, BigInteger) * SCATTER % MODULUS
    some = concerned, place * max(total, 1) < MODULUS * TRIED
    query = select(Customer.customer_no).where(*some).order_by(Customer.rowid).limit(2 * TRIED)
    found = list(session.scalars(query))
    if not found:
        found = list(session.scalars(select(Customer.customer_no).where(concerned).limit(TRIED)))
    return total, found


def _told(found: Completeness) -> list[tuple[Any, ...]]:
    """What a dossier is asked for and how it stands."""
    return sorted(
        (item.rule.id, item.case_no or "", item.state.value, item.level.value)
        for item in found.items
    )


def _locked(session: ScopedSession) -> tuple[Amendment, ...]:
    """Those that stand, and nobody else amends until the end of the transaction."""
    one_editor(session)
    query = select(RuleAmendment).where(RuleAmendment.withdrawn_at.is_(None))
    return tuple(map(amendments.of_row, session.scalars(query.order_by(RuleAmendment.id))))


def _note(
    session: ScopedSession,
    viewer: Viewer,
    action: str,
    row: RuleAmendment,
    now: datetime,
    facts: Mapping[str, Any],
) -> None:
    audit.note(session, viewer, action, at=now, object_kind="rule", object_id=row.rule, facts=facts)
