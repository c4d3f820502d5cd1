"""From the records to what the rules look at: a few queries for any number of dossiers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from dossier.clock import local_date
from dossier.db.case_tables import BusinessCase, CaseNode
from dossier.db.dossier_tables import WaiverRow
from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document, DocumentField
from dossier.errors import ForbiddenError
from dossier.plugins.completeness import requirements
from dossier.plugins.completeness.cases import CaseState
from dossier.plugins.completeness.conditions import FactKind
from dossier.plugins.completeness.items import Affair, Completeness, Paper, Waiver, assess
from dossier.plugins.completeness.requirements import Fact, Requirements
from dossier.records import DocumentState
from dossier.viewer import Place, Viewer, system_viewer

LOOKING = system_viewer("completeness")
"""Counts every paper of a dossier; whose eyes it is for is settled by who shows it."""
ORGANISATIONS = frozenset({"uscc", "org_code"})
"""Kinds of identity papers that only organisations have."""
IMPORTANT, RESIDENT = "IM", "LR"
SIGNATURE, SEAL, LAST_DAY = "signature", "seal", "valid_until"
"""Fields of a paper that rules ask for; ``present`` or ``absent``, and a day."""
_SEEN = {"present": True, "absent": False}


@dataclass(frozen=True, slots=True)
class Dossier:
    """What the rules look at of one customer."""

    customer_no: str
    category: str
    affairs: tuple[Affair, ...]
    papers: tuple[Paper, ...]
    waivers: tuple[Waiver, ...]
    rules: Requirements

    def on(self, day: date) -> Completeness:
        """How it stood at the end of this day."""
        return assess(self.rules, self.category, self.affairs, self.papers, self.waivers, day)


def is_reached(viewer: Viewer, customer: Customer) -> bool:
    """Whether the viewer sees the whole dossier; who holds one case of it sees that alone."""
    return viewer.scope.covers(replace(Place.of_customer(customer), is_record=False))


def demand_reached(viewer: Viewer, customer: Customer) -> None:
    """Let pass who sees the whole dossier.

    Args:
        viewer: as the permission reaches that is used.
        customer: whose dossier it is, and whom the viewer knows of.

    Raises:
        ForbiddenError: a case of it is all that the viewer sees.
    """
    if not is_reached(viewer, customer):
        raise ForbiddenError(
            "Your role reaches a case of this customer, not the whole dossier",
            detail_zh="您的权限仅及该户的个别工单，不能查看或办理整户资料齐全情况",
        )


def read(
    session: ScopedSession, rules: Requirements, numbers: Collection[str]
) -> dict[str, Dossier]:
    """The dossiers of these customers, as far as they exist; six queries.

    Args:
        session: of :data:`LOOKING`: a paper that somebody may not see is there all the same.
        rules: of the archive.
        numbers: of customers.
    """
    customers = session.scalars(select(Customer).where(Customer.customer_no.in_(numbers)))
    papers, waivers = _papers(session, numbers), _waivers(session, numbers)
    cases = _cases(session, rules, numbers)
    return {
        one.customer_no: Dossier(
            one.customer_no,
            one.category,
            _affairs(one, cases.get(one.customer_no, ())),
            tuple(papers.get(one.customer_no, ())),
            tuple(waivers.get(one.customer_no, ())),
            rules,
        )
        for one in customers
    }


def _affairs(customer: Customer, cases: Sequence[Affair]) -> tuple[Affair, ...]:
    """What was done for a customer; a case of a new supply is the connection, told better."""
    facts = _facts(customer)
    told = [replace(case, facts={**facts, **case.facts}) for case in cases]
    if all(case.business != requirements.NEW for case in told):
        return (_connection(customer), *told)
    return tuple(
        _told_connection(customer, one) if one.business == requirements.NEW else one for one in told
    )


def _told_connection(customer: Customer, case: Affair) -> Affair:
    """Nodes that nobody told of were passed on the register's day, if that is after the begin."""
    day = customer.opened_on
    is_later = day is not None and (case.opened is None or day > case.opened)
    return replace(case, takes_all=True, done=case.done or (day if is_later else None))


def _connection(customer: Customer) -> Affair:
    """By it everybody became a customer; the register knows its day, or that it was."""
    return Affair(
        business=requirements.NEW,
        facts=_facts(customer),
        opened=customer.opened_on,
        done=customer.opened_on,
        day_unknown=customer.opened_on is None,
    )


def _facts(customer: Customer) -> Mapping[str, Any]:
    """What the register knows of what conditions ask; the rest is unknown."""
    return {
        "organisation": _is_organisation(customer),
        "fee_control": customer.fee_control,
        "important": customer.category == IMPORTANT,
        "capacity_kva": customer.capacity_kva,
    }


def _is_organisation(customer: Customer) -> bool | None:
    if customer.id_type:
        return customer.id_type in ORGANISATIONS
    return False if customer.category == RESIDENT else None


def _papers(session: ScopedSession, numbers: Collection[str]) -> dict[str, list[Paper]]:
    query = select(
        Document.id,
        Document.customer_no,
        Document.type_code,
        Document.case_no,
        Document.doc_date,
        Document.captured_at,
    ).where(
        Document.customer_no.in_(numbers),
        Document.type_code.is_not(None),
        Document.state != DocumentState.QUARANTINED,
    )
    rows = session.execute(query).all()
    fields = _fields(session, [row.id for row in rows])
    found: dict[str, list[Paper]] = defaultdict(list)
    for row in rows:
        taken = local_date(row.captured_at)
        own = fields.get(row.id, {})
        found[row.customer_no].append(
            Paper(
                id=row.id,
                type_code=row.type_code,
                on=row.doc_date or taken,
                taken=taken,
                case_no=row.case_no or None,
                signed=_SEEN.get(own.get(SIGNATURE, "")),
                sealed=_SEEN.get(own.get(SEAL, "")),
                last_day=_day(own.get(LAST_DAY)),
            )
        )
    return found


def _cases(
    session: ScopedSession, rules: Requirements, numbers: Collection[str]
) -> dict[str, list[Affair]]:
    """The cases of each customer, the oldest first; one that was cancelled asks for nothing."""
    query = select(BusinessCase).where(
        BusinessCase.customer_no.in_(numbers), BusinessCase.state != CaseState.CANCELLED
    )
    nodes: dict[str, dict[str, date]] = defaultdict(dict)
    for node in session.scalars(select(CaseNode).where(CaseNode.customer_no.in_(numbers))):
        nodes[node.case_no][node.node] = local_date(node.completed_at)
    found: dict[str, list[Affair]] = defaultdict(list)
    for row in session.scalars(query.order_by(BusinessCase.case_no)):
        done = nodes.get(row.case_no, {})
        opened = local_date(row.opened_at) if row.opened_at else min(done.values(), default=None)
        found[row.customer_no].append(
            Affair(
                business=row.business,
                facts=_told(row.facts, rules.facts),
                case_no=row.case_no,
                opened=opened,
                nodes_done=done,
                done=_ended(row),
            )
        )
    return found


def _ended(case: BusinessCase) -> date | None:
    if case.state != CaseState.DONE or case.ended_at is None:
        return None
    return local_date(case.ended_at)


def _told(facts: Mapping[str, Any], known: Mapping[str, Fact]) -> Mapping[str, Any]:
    """Of what a case's events said, what conditions may ask and is of the right kind."""
    kinds = {FactKind.FLAG: {bool}, FactKind.NUMBER: {int, float}, FactKind.TYPES: set[type]()}
    return {
        name: value
        for name, value in facts.items()
        if name in known and type(value) in kinds[known[name].kind]
    }


def _waivers(session: ScopedSession, numbers: Collection[str]) -> dict[str, list[Waiver]]:
    """Of each customer; ``by`` is a user's id."""
    query = select(WaiverRow).where(WaiverRow.customer_no.in_(numbers)).order_by(WaiverRow.id)
    found: dict[str, list[Waiver]] = defaultdict(list)
    for row in session.scalars(query):
        ends = [row.last_day]
        if row.withdrawn_at is not None:
            ends.append(local_date(row.withdrawn_at) - timedelta(days=1))
        found[row.customer_no].append(
            Waiver(
                rule_id=row.rule,
                by=row.made_by,
                reason=row.reason,
                on=row.first_day,
                case_no=row.case_no,
                until=min(filter(None, ends), default=None),
                note=row.note,
                id=row.id,
            )
        )
    return found


def _fields(session: ScopedSession, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Of each paper; where a name was read more than once, the first that was."""
    query = (
        select(DocumentField.document_id, DocumentField.name, DocumentField.value)
        .where(
            DocumentField.document_id.in_(ids),
            DocumentField.name.in_([SIGNATURE, SEAL, LAST_DAY]),
        )
        .order_by(DocumentField.id.desc())
    )
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for document_id, name, value in session.execute(query):
        found[document_id][name] = value
    return found


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
