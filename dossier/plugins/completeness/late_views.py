"""Late papers as one viewer may see them: of a paper, of a customer, listed and counted (S3-03)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, distinct, func, or_, select

from dossier import access
from dossier.db.late_tables import LateExplanation, LateFlag
from dossier.db.session import ScopedSession
from dossier.db.tables import Document, OrgUnit
from dossier.errors import InvalidInputError, NotPossibleError
from dossier.plugins.completeness import dossiers, late_papers
from dossier.plugins.completeness.late_papers import Judged
from dossier.services import audit, audit_bulk, audit_scope, cursors, exports, papers, remarks
from dossier.services.account_names import account_names
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer

LISTING, EXPLAINED = "late-papers", "paper.late_explained"
LONGEST = 400
"""Characters of an explanation."""
LARGEST_PAGE = 100
MOST_IN_FILE = 20_000
"""Rows of a file that spreadsheets open at once."""
NO_UNIT = 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """What somebody said of it; people by their account names."""

    at: datetime
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class LatePaper:
    """A paper with its flags, the first that was put down before the others.

    Attributes:
        customer_no: whose it was when it was found; empty where that customer is not in the
            viewer's scope, as after a paper moved.
        case_no: of that customer.
        now: by what is known now; None where it is held against no node any more.
        is_there: the paper itself still is.
    """

    document_id: str
    customer_no: str
    case_no: str
    flags: tuple[LateFlag, ...]
    now: Judged | None
    explanations: tuple[Explanation, ...]
    is_there: bool

    @property
    def first(self) -> LateFlag:
        """What was known when it was found."""
        return self.flags[0]

    @property
    def reasons_now(self) -> tuple[str, ...]:
        """Codes of the reasons that hold by what is known now."""
        return tuple(rule.reason for rule in self.now.reasons) if self.now else ()

    @property
    def has_changed(self) -> bool:
        """Whether what is known now says otherwise than some flag."""
        return any(flag.reason not in self.reasons_now for flag in self.flags)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; empty: all.

    Attributes:
        unit: id of the unit that the paper was in; 0: in none.
        reason: a code of ``late_papers.yaml``.
        explained: ``yes`` or ``no``.
    """

    unit: int | None = None
    reason: str = ""
    explained: str = ""


@dataclass(frozen=True, slots=True)
class UnitRate:
    """Late papers of a unit and all of it; those that are there today."""

    unit_id: int
    name: str
    late: int
    papers: int

    @property
    def percent(self) -> float | None:
        """Late ones of a hundred (补录率); None where there are no papers at all."""
        return round(100 * self.late / self.papers, 2) if self.papers else None


@dataclass(frozen=True, slots=True)
class LateList:
    """A page of the list; the newest first.

    Attributes:
        total: papers that fit.
        units: of all papers in scope, whatever is asked for.
        whole: the same for all units together.
    """

    items: tuple[LatePaper, ...]
    total: int
    units: tuple[UnitRate, ...]
    whole: UnitRate
    next_cursor: str | None


def of_document(context: Context, viewer: Viewer, document_id: str) -> LatePaper | None:
    """A paper's flags; None where it has none.

    Raises:
        ForbiddenError: the role may not read records.
        NotFoundError: no such paper in the viewer's scope.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        papers.in_scope(session, document_id)
        flags = _flags(session, LateFlag.document_id == document_id)
        return next(iter(_whole(context, session, viewer, flags)), None)


def may_explain(context: Context, viewer: Viewer, document_id: str) -> bool:
    """Whether :func:`explain` lets this viewer."""
    if not viewer.may(Permission.ASSIGN):
        return False
    viewer = access.demand(viewer, Permission.ASSIGN)
    with context.reading(viewer) as session:
        own = select(Document.id).where(Document.id == document_id)
        return session.scalar(own) is not None


def of_customer(context: Context, viewer: Viewer, customer_no: str) -> tuple[LatePaper, ...]:
    """Those of a customer that the viewer may see, the newest first."""
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    with context.reading(viewer) as session:
        flags = _flags(session, LateFlag.customer_no == customer_no)
        return tuple(_whole(context, session, viewer, flags))


def explain(context: Context, viewer: Viewer, document_id: str, text: str) -> None:
    """Say something of a late paper; the flag stays.

    Raises:
        ForbiddenError: the role may not.
        NotFoundError: no such paper in the viewer's scope.
        InvalidInputError: nothing is said, or too much.
        NotPossibleError: it is not late.
    """
    viewer = access.demand(viewer, Permission.ASSIGN)
    said = " ".join(text.split())
    with context.writing(viewer) as session:
        document = papers.in_scope(session, document_id)
        if not said or len(said) > LONGEST:
            raise InvalidInputError(
                f"Explain it in at most {LONGEST} characters",
                detail_zh=f"请填写说明，不超过 {LONGEST} 字",
            )
        own = select(LateFlag.id).where(LateFlag.document_id == document_id)
        if session.scalar(own.limit(1)) is None:
            raise NotPossibleError(
                "This paper has no flag", detail_zh="此文件没有补做标记，无须说明"
            )
        now = context.clock.now()
        session.add(LateExplanation(document_id=document.id, at=now, by=viewer.id, text=said))
        audit.note(
            session, viewer, EXPLAINED, at=now, object_kind="document", object_id=document.id
        )


def get(
    context: Context, viewer: Viewer, wish: Wish, *, cursor: str | None = None, size: int = 50
) -> LateList:
    """A page of the list with the counts of units.

    Raises:
        ForbiddenError: the role may not read records.
        QueryError: the cursor is broken.
    """
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    after = cursors.unpack(context.keyring, LISTING, cursor) if cursor else None
    noted = _noted(context, viewer, wish)
    with context.reading(viewer) as session:
        keys = _keys(session, wish, after, size + 1)
        shown = keys[:size]
        flags = _flags(session, LateFlag.document_id.in_([key for key, _ in shown]))
        found = {one.document_id: one for one in _whole(context, session, viewer, flags)}
        units = _units(session)
        total = _count(session, wish)
    last = [shown[-1][1].isoformat(), shown[-1][0]] if len(keys) > size else None
    noted.wait()
    return LateList(
        tuple(found[key] for key, _ in shown),
        total,
        units,
        UnitRate(NO_UNIT, "", sum(one.late for one in units), sum(one.papers for one in units)),
        cursors.pack(context.keyring, LISTING, last) if last else None,
    )


def in_file(context: Context, viewer: Viewer, wish: Wish, *, purpose: str) -> tuple[LatePaper, ...]:
    """All that fit, as far as a file takes them: in the record, each of them, before they leave.

    Raises:
        ForbiddenError: the role may not export lists, or not read records.
        InvalidInputError: nobody says what for.
    """
    viewer = access.demand(access.demand(viewer, Permission.EXPORT), Permission.READ_CUSTOMER)
    viewer = exports.for_purpose(viewer, purpose)
    with context.reading(viewer) as session:
        keys = [key for key, _ in _keys(session, wish, None, MOST_IN_FILE)]
        fitting = select(LateFlag.document_id).where(*_conditions(wish))
        by_id: Mapping[str, LatePaper] = {
            one.document_id: one
            for one in _whole(
                context, session, viewer, _flags(session, LateFlag.document_id.in_(fitting))
            )
        }
    audit_bulk.record_each(
        context,
        viewer,
        {"action": "late.exported", "facts": {**_asked(wish), "rows": len(keys)}},
        action="document.exported",
        object_kind="document",
        object_ids=keys,
    )
    return tuple(by_id[key] for key in keys)


def _noted(context: Context, viewer: Viewer, wish: Wish) -> Any:
    return audit.begin_read(
        context, viewer, "late.listed", object_kind="", object_id="", facts=_asked(wish)
    )


def _asked(wish: Wish) -> dict[str, Any]:
    asked = {"unit": wish.unit is not None, "reason": wish.reason, "explained": wish.explained}
    return {"filtered_by": [name for name, value in asked.items() if value]}


def _conditions(wish: Wish) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wish.unit is not None:
        own = LateFlag.unit_id == wish.unit
        found.append(LateFlag.unit_id.is_(None) if wish.unit == NO_UNIT else own)
    if wish.reason:
        found.append(LateFlag.reason == wish.reason)
    said = select(LateExplanation.document_id)
    if wish.explained == "yes":
        found.append(LateFlag.document_id.in_(said))
    elif wish.explained == "no":
        found.append(LateFlag.document_id.not_in(said))
    return found


def _keys(
    session: ScopedSession, wish: Wish, after: Sequence[str] | None, most: int
) -> list[tuple[str, datetime]]:
    newest = func.max(LateFlag.found_at).label("newest")
    query = (
        select(LateFlag.document_id, newest)
        .where(*_conditions(wish))
        .group_by(LateFlag.document_id)
        .order_by(newest.desc(), LateFlag.document_id.desc())
    )
    if after:
        at, key = datetime.fromisoformat(after[0]), after[1]
        behind = or_(newest < at, and_(newest == at, LateFlag.document_id < key))
        query = query.having(behind)
    return [(row.document_id, row.newest) for row in session.execute(query.limit(most))]


def _count(session: ScopedSession, wish: Wish) -> int:
    counted = select(func.count(distinct(LateFlag.document_id))).where(*_conditions(wish))
    return session.scalar(counted) or 0


def _units(session: ScopedSession) -> tuple[UnitRate, ...]:
    """By the unit that each paper is in today, the most late ones first."""
    owned = Document.customer_no.is_not(None)
    all_papers = select(Document.unit_id, func.count(Document.id)).where(owned)
    counts = dict(session.execute(all_papers.group_by(Document.unit_id)).all())
    flagged = select(LateFlag.document_id)
    late = select(Document.unit_id, func.count(Document.id)).where(owned, Document.id.in_(flagged))
    found = dict(session.execute(late.group_by(Document.unit_id)).all())
    known = select(OrgUnit.id, OrgUnit.name).where(OrgUnit.id.in_([key for key in counts if key]))
    names = dict(session.execute(known).all())
    rates = [
        UnitRate(key or NO_UNIT, names.get(key or NO_UNIT, ""), found.get(key, 0), count)
        for key, count in counts.items()
    ]
    return tuple(sorted(rates, key=lambda one: (-one.late, one.name)))


def _flags(session: ScopedSession, condition: ColumnElement[bool]) -> list[LateFlag]:
    query = select(LateFlag).where(condition)
    return list(session.scalars(query.order_by(LateFlag.found_at.desc(), LateFlag.id)))


def _whole(
    context: Context, session: ScopedSession, viewer: Viewer, flags: Sequence[LateFlag]
) -> list[LatePaper]:
    """The papers of these flags, in their order; what is known now is asked for anew."""
    by_paper: dict[str, list[LateFlag]] = defaultdict(list)
    for flag in flags:
        by_paper[flag.document_id].append(flag)
    ids = list(by_paper)
    there = set(session.scalars(select(Document.id).where(Document.id.in_(ids))))
    told = remarks.of_papers(context, session, viewer, ids) if ids else None
    explained = _explanations(session, ids, told) if told else {}
    mine = audit_scope.own_keys(session, "customer", {flag.customer_no for flag in flags})
    now = _now(context, {flag.customer_no for flag in flags}, ids)
    return [
        _paper(key, own, now.get(key), explained.get(key, ()), mine, is_there=key in there)
        for key, own in by_paper.items()
    ]


def _paper(
    key: str,
    own: Sequence[LateFlag],
    now: Judged | None,
    explanations: Sequence[Explanation],
    mine: Collection[str],
    *,
    is_there: bool,
) -> LatePaper:
    flags = tuple(sorted(own, key=lambda flag: (flag.found_at, flag.id)))
    first = flags[0]
    whose = (first.customer_no, first.case_no) if first.customer_no in mine else ("", "")
    return LatePaper(key, *whose, flags, now, tuple(explanations), is_there)


def _now(context: Context, numbers: Collection[str], ids: Collection[str]) -> dict[str, Judged]:
    """A paper may belong to another customer now than when it was found."""
    if not ids:
        return {}
    with context.reading(dossiers.LOOKING) as session:
        owners = select(Document.customer_no).where(Document.id.in_(ids))
        today = {number for number in session.scalars(owners) if number}
        judged = late_papers.judge(context, session, today | set(numbers))
    return {key: one for key, one in judged.items() if key in set(ids)}


def _explanations(
    session: ScopedSession, ids: Collection[str], told: remarks.Told
) -> dict[str, list[Explanation]]:
    query = select(LateExplanation).where(LateExplanation.document_id.in_(ids))
    rows = session.scalars(query.order_by(LateExplanation.id)).all()
    names = account_names(session, {row.by for row in rows})
    found: dict[str, list[Explanation]] = defaultdict(list)
    for row in rows:
        found[row.document_id].append(
            Explanation(row.at, names[row.by], told(row.document_id, row.text))
        )
    return found
