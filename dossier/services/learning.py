"""``dossier learn``: what persons said of papers, and the thresholds that this speaks for.

Examples are made anew from the records each time: what persons said is kept by reference (types and
assignments stand with the papers), and what the machine would say now is worked out by the rules of
now. So a rule that was mended since is judged as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from sqlalchemy import and_, func, or_, select, update

from dossier.access import demand_whole
from dossier.db.correction_tables import FieldCorrection
from dossier.db.learning_tables import LearnedThreshold
from dossier.db.session import ScopedSession
from dossier.db.tables import Document
from dossier.errors import NotFoundError
from dossier.records import DocumentState
from dossier.rules.document_types import catalogue
from dossier.rules.learning import Estimate, Example, Outcome, estimate, learning_rules
from dossier.rules.paper import linking_rules
from dossier.rules.paper_types import best_type
from dossier.rules.titles import find_title
from dossier.services import audit, corrections, linking, reading, thresholds
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer

LEARNED, UNDONE = "thresholds.learned", "thresholds.undone"


@dataclass(frozen=True, slots=True)
class Report:
    """What the examples say, and what was set."""

    estimates: tuple[Estimate, ...]
    applied: bool


def learn(context: Context, viewer: Viewer, *, apply: bool) -> Report:
    """Estimate each threshold; with ``apply`` those that change are set, from now on.

    Raises:
        ForbiddenError: the role does not run the system of the whole company.
    """
    viewer = demand_whole(viewer, Permission.OPERATE)
    rules = learning_rules()
    with context.reading(linking.LINKING) as session:
        now = thresholds.in_force(session)
        examples = {
            thresholds.FILING: list(_filing(context, session)),
            thresholds.TYPES: list(_types(context, session)),
        }
    found = tuple(estimate(name, own, now[name], rules) for name, own in examples.items())
    changed = [one for one in found if one.outcome in (Outcome.LOWER, Outcome.HIGHER)]
    if apply and changed:
        _apply(context, viewer, changed)
    return Report(found, applied=apply and bool(changed))


def undo(context: Context, viewer: Viewer) -> int:
    """Take back what was set last; gives how many thresholds that were.

    Raises:
        ForbiddenError: the role does not run the system of the whole company.
        NotFoundError: nothing learned is in force.
    """
    viewer = demand_whole(viewer, Permission.OPERATE)
    now = context.clock.now()
    standing = LearnedThreshold.undone_at.is_(None)
    with context.writing(viewer) as session:
        last = session.scalar(select(func.max(LearnedThreshold.made_at)).where(standing))
        if last is None:
            raise NotFoundError("Nothing learned is in force", detail_zh="目前没有由样例确定的阈值")
        mine = select(LearnedThreshold).where(standing, LearnedThreshold.made_at == last)
        rows = list(session.scalars(mine))
        ids = [row.id for row in rows]
        session.execute(
            update(LearnedThreshold).where(LearnedThreshold.id.in_(ids)).values(undone_at=now)
        )
        facts = {"fields": [row.name for row in rows]}
        audit.note(
            session, viewer, UNDONE, at=now, object_kind="thresholds", object_id="", facts=facts
        )
        return len(rows)


def _apply(context: Context, viewer: Viewer, changed: list[Estimate]) -> None:
    now = context.clock.now()
    with context.writing(viewer) as session:
        session.add_all(
            LearnedThreshold(
                name=one.name,
                value=one.new.threshold,
                report=asdict(one),
                made_at=now,
                made_by=viewer.id,
            )
            for one in changed
        )
        facts = {"fields": [one.name for one in changed]}
        audit.note(
            session, viewer, LEARNED, at=now, object_kind="thresholds", object_id="", facts=facts
        )


# -- examples -----------------------------------------------------------------------------------


def _filing(context: Context, session: ScopedSession) -> Iterator[Example]:
    """Papers that a person assigned; and those that filed themselves and stood so."""
    rules = learning_rules()
    least = replace(linking_rules(), confidence=rules.thresholds[thresholds.FILING].least)
    since = context.clock.now() - timedelta(days=rules.unchallenged_days)
    whole = Document.source_pages.is_(None), Document.state == DocumentState.FILED
    query = select(Document).where(
        *whole,
        Document.customer_no.is_not(None),
        or_(
            Document.assigned_by.is_not(None),
            and_(Document.link_confidence < 1.0, Document.captured_at < since),
        ),
    )
    newest = query.order_by(Document.rowid.desc()).limit(rules.most_documents)
    for document in session.scalars(newest):
        text = reading.text_of(session, document.id)
        if document.assigned_by is None and document.link_confidence is not None:
            yield Example(document.link_confidence, right=True, said=False)
            continue
        # neither the sender's word nor the papers beside it: who assigns may have set those
        alone = replace(text, given_customer_no=None, folder="")
        found = linking.find_owner(context, session, alone, rules=least)
        if found.decided is not None:
            yield Example(found.confidence, right=found.decided == document.customer_no)


def _types(context: Context, session: ScopedSession) -> Iterator[Example]:
    """Papers whose type a person set; and those whose type was recognised and stood so."""
    rules, known = learning_rules(), catalogue()
    since = context.clock.now() - timedelta(days=rules.unchallenged_days)
    said = select(FieldCorrection.document_id).where(
        FieldCorrection.name == corrections.TYPE, FieldCorrection.ended_at.is_(None)
    )
    query = select(Document, Document.id.in_(said)).where(
        or_(
            Document.id.in_(said),
            and_(Document.type_code.is_not(None), Document.captured_at < since),
        )
    )
    newest = query.order_by(Document.rowid.desc()).limit(rules.most_documents)
    for document, by_person in session.execute(newest):
        pages = reading.text_of(session, document.id).pages
        best = best_type(pages, find_title(pages, known), known, known.threshold)
        if best is None or (not by_person and best.code != document.type_code):
            continue  # whoever sent it named the type
        yield Example(best.confidence, right=best.code == document.type_code, said=by_person)
