"""From the records to late papers, and the flags, which are put down once and for good (S3-03).

A paper is held against the last completed of the nodes that ask for its type, in the case whose
number it bears. One that bears none is held against the case in whose time its own day lies, and
only where no paper of that type was there in time: a later one need not be of that case at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from dossier.clock import local_date
from dossier.db import outbox
from dossier.db.case_tables import BusinessCase, CaseNode
from dossier.db.late_tables import LateFlag
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document, DocumentField
from dossier.plugins.completeness import late_rules, requirements
from dossier.plugins.completeness.cases import CaseState
from dossier.plugins.completeness.late_rules import LateRule, LateRules, Times
from dossier.plugins.completeness.requirements import Requirements
from dossier.records import DocumentState
from dossier.rules import page_labels
from dossier.services import audit
from dossier.services.context import Context
from dossier.viewer import Viewer

FLAGGED = "paper.flagged_late"
DATE, CASE_NO = page_labels.DOC_DATE, "case_no"
"""Fields that were read on a paper."""


@dataclass(frozen=True, slots=True)
class Dated:
    """The day that stands on a paper, and where; a person's word has no place."""

    day: date | None = None
    page: int | None = None
    box: Sequence[Any] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A paper with the node that it is held against, by what is known now.

    Attributes:
        reasons: the rules by which it is late; none where it is not.
        dated: as it stands on the paper; ``times`` leaves out a day that says nothing.
    """

    document_id: str
    customer_no: str
    unit_id: int | None
    type_code: str
    case_no: str
    node: str
    times: Times
    dated: Dated
    reasons: tuple[LateRule, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """A case with when its nodes were completed."""

    row: BusinessCase
    done: Mapping[str, datetime]

    def is_about(self, day: date, rules: LateRules) -> bool:
        """Whether a paper of that day may be of this case though it does not say so."""
        begins = min(filter(None, (self.row.opened_at, *self.done.values())))
        ends = self.row.ended_at or max(self.done.values())
        return local_date(begins) <= day <= local_date(ends + rules.near)

    def node_of(self, book: Requirements, category: str, type_code: str) -> str | None:
        """The last completed of the nodes that ask for the type; None while one is to come."""
        nodes = {
            rule.node
            for rule in book.of(self.row.business, category)
            if type_code in rule.any_of
            and (rule.node not in self.done or rule.holds_on(local_date(self.done[rule.node])))
        }
        if not nodes or any(node not in self.done for node in nodes):
            return None
        return max(nodes, key=lambda node: (self.done[node], node))


def judge(context: Context, session: ScopedSession, numbers: Collection[str]) -> dict[str, Judged]:
    """All papers of these customers that are held against a node, by id; four queries.

    Args:
        context: whose rules count.
        session: one that sees the whole dossiers.
        numbers: of customers.
    """
    cases = _cases(session, numbers)
    if not cases:
        return {}
    rules, book = late_rules.of(context), requirements.of(context)
    papers, fields = _papers(session, cases, rules)
    found: dict[str, Judged] = {}
    for number, own in papers.items():
        found |= _of_customer(rules, book, own, fields, cases[number])
    return found


def flag(
    context: Context, session: ScopedSession, viewer: Viewer, judged: Iterable[Judged]
) -> list[str]:
    """Put down what is late and was not put down before; gives the customers concerned."""
    late = {
        f"{one.document_id}:{rule.reason}": (one, rule) for one in judged for rule in one.reasons
    }
    if not late:
        return []
    known = set(session.scalars(select(LateFlag.id).where(LateFlag.id.in_(late))))
    now = context.clock.now()
    for key in sorted(late.keys() - known):
        one, rule = late[key]
        session.add(_row(key, one, rule, now))
        audit.note(
            session,
            viewer,
            FLAGGED,
            at=now,
            object_kind="document",
            object_id=one.document_id,
            facts={"reason": rule.reason, "case_no": one.case_no, "rule": rule.first.isoformat()},
        )
    session.flush()
    new = sorted({late[key][0].document_id for key in late.keys() - known})
    outbox.mark_changed(session, outbox.DOCUMENTS, new, at=now)
    return [late[key][0].customer_no for key in late.keys() - known]


def _row(key: str, one: Judged, rule: LateRule, now: datetime) -> LateFlag:
    return LateFlag(
        id=key,
        document_id=one.document_id,
        customer_no=one.customer_no,
        unit_id=one.unit_id,
        type_code=one.type_code,
        case_no=one.case_no,
        node=one.node,
        reason=rule.reason,
        dated=one.dated.day,
        page=one.dated.page,
        box=list(one.dated.box) if one.dated.box else None,
        completed_at=one.times.completed,
        captured_at=one.times.captured,
        produced_at=one.times.produced,
        allowed_hours=rule.allowed.total_seconds() / 3600,
        rule_from=rule.first,
        found_at=now,
    )


def _of_customer(
    rules: LateRules,
    book: Requirements,
    papers: Sequence[Any],
    fields: Mapping[str, Mapping[str, Any]],
    cases: Sequence[_Case],
) -> dict[str, Judged]:
    named: dict[str, Judged] = {}
    nameless: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for row in papers:
        own = fields.get(row.id, {})
        case_no = row.case_no or own.get(CASE_NO)
        dated: Dated = own.get(DATE, Dated())
        if row.doc_date not in (None, dated.day):  # a person's word, which has no place
            dated = Dated(row.doc_date)
        by_number = [case for case in cases if case.row.case_no == case_no]
        case = by_number[0] if by_number else _by_day(rules, cases, row, dated)
        judged = _held_against(rules, book, row, dated, case) if case else None
        if judged is None:
            continue
        if by_number:
            named[row.id] = judged
        elif not case_no:
            nameless[judged.case_no, judged.type_code].append(judged)
    in_time = {(one.case_no, one.type_code) for one in named.values() if not one.reasons}
    for key, several in nameless.items():
        if key not in in_time and all(one.reasons for one in several):
            named |= {one.document_id: one for one in several}
    return named


def _by_day(rules: LateRules, cases: Sequence[_Case], row: Any, dated: Dated) -> _Case | None:
    """The case that began last of those in whose time the paper's day lies."""
    day = dated.day or local_date(row.captured_at)
    fitting = [case for case in cases if case.is_about(day, rules)]
    return max(fitting, key=lambda case: max(case.done.values()), default=None)


def _held_against(
    rules: LateRules, book: Requirements, row: Any, dated: Dated, case: _Case
) -> Judged | None:
    node = case.node_of(book, row.category, row.type_code)
    if node is None:
        return None
    told = None if row.type_code in book.standing else dated.day
    times = Times(told, case.done[node], row.captured_at)
    reasons = tuple(late_rules.judge(rules, times))
    return Judged(
        row.id, row.customer_no, row.unit_id, row.type_code, case.row.case_no, node, times, dated,
        reasons,
    )  # fmt: skip


def _cases(session: ScopedSession, numbers: Collection[str]) -> dict[str, list[_Case]]:
    """The cases of each customer of which some node was completed; none that was cancelled."""
    done: dict[str, dict[str, datetime]] = defaultdict(dict)
    for node in session.scalars(select(CaseNode).where(CaseNode.customer_no.in_(numbers))):
        done[node.case_no][node.node] = node.completed_at
    found: dict[str, list[_Case]] = defaultdict(list)
    if not done:
        return found
    query = select(BusinessCase).where(
        BusinessCase.customer_no.in_(numbers), BusinessCase.state != CaseState.CANCELLED
    )
    for row in session.scalars(query.order_by(BusinessCase.case_no)):
        if row.case_no in done:
            found[row.customer_no].append(_Case(row, done[row.case_no]))
    return found


def _papers(
    session: ScopedSession, numbers: Collection[str], rules: LateRules
) -> tuple[dict[str, list[Any]], dict[str, dict[str, Any]]]:
    query = (
        select(
            Document.id, Document.customer_no, Document.unit_id, Document.type_code,
            Document.case_no, Document.doc_date, Document.captured_at, Customer.category,
        )
        .join(Customer, Customer.customer_no == Document.customer_no)
        .where(
            Document.customer_no.in_(numbers),
            Document.type_code.is_not(None),
            Document.state == DocumentState.FILED,
        )
        .order_by(Document.id)
    )  # fmt: skip
    found: dict[str, list[Any]] = defaultdict(list)
    ids = []
    for row in session.execute(query):
        found[row.customer_no].append(row)
        ids.append(row.id)
    return found, _fields(session, ids, rules)


def _fields(
    session: ScopedSession, ids: Sequence[str], rules: LateRules
) -> dict[str, dict[str, Any]]:
    """The day and the case's number that were read on each paper; the first of each."""
    query = select(DocumentField).where(
        DocumentField.document_id.in_(ids),
        DocumentField.name.in_([DATE, CASE_NO]),
        DocumentField.confidence >= rules.least_confidence,
    )
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in session.scalars(query.order_by(DocumentField.id.desc())):
        if row.name == CASE_NO:
            found[row.document_id][CASE_NO] = row.value
        else:
            found[row.document_id][DATE] = Dated(date.fromisoformat(row.value), row.page, row.box)
    return found
