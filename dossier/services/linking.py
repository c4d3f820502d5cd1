"""Whose paper is it? Folder, file name, bar codes and pages, checked with the register.

The rules that weigh are pure (:mod:`dossier.rules.evidence`), their numbers are data
(rulebook/linking.yaml). Here the register is asked and the outcome is written. What is decided
alone is meant to be right (99 % and more, benchmarks/linking.py); the rest waits in "to be
assigned".
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date

from sqlalchemy import select

from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, Document, DocumentField
from dossier.records import DocumentState, DocumentText
from dossier.rules import evidence, page_fields, page_labels
from dossier.rules.document_types import solid
from dossier.rules.evidence import Candidate, Findings, Verdict
from dossier.rules.paper import (
    LinkingRules,
    Paper,
    PaperNumber,
    read_paper,
    with_loose_names,
    with_number,
)
from dossier.services import (
    audit,
    filing,
    one_file,
    reading,
    register_lookup,
    sent_together,
    stacks,
    thresholds,
)
from dossier.services.assigning import (
    assign,
    list_to_assign,
    set_type,
    skip,
    undo,
)
from dossier.services.context import Context
from dossier.services.register_lookup import Lookup
from dossier.viewer import Viewer, system_viewer

__all__ = [
    "assign",
    "find_owner",
    "link",
    "link_waiting",
    "list_to_assign",
    "set_type",
    "skip",
    "take_fields",
    "undo",
    "weigh",
    "write",
]

LINKING = system_viewer("linking")
"""Looks in the whole register, whoever sent the paper."""
log = logging.getLogger(__name__)


def link(context: Context, viewer: Viewer, document_id: str) -> Verdict | None:
    """Find the owner of a document and write it down, with state, reasons and candidates.

    May be called again, for instance after the register grew: it then decides anew, except that a
    person's decision stays. Reads first, with no transaction open; writes in one short one.

    Returns:
        What was found; None when there is no such document or a person decided already.
    """
    verdict = weigh(context, document_id)
    if verdict is not None:
        with context.writing(LINKING) as session:
            write(context, session, viewer, document_id, verdict)
    return verdict


def weigh(
    context: Context,
    document_id: str,
    text: DocumentText | None = None,
    found: stacks.Found | None = None,
) -> Verdict | None:
    """The owner of a document by what is known of it now; reads only.

    Args:
        context: the wired parts.
        document_id: of the document.
        text: what it says, where the caller has that already.
        found: whether it is several papers, where the caller has looked.

    Returns:
        None when there is no such document or a person decided already.
    """
    with context.reading(LINKING) as session:
        document = session.get(Document, document_id)
        if document is None or _is_settled(document):
            return None
        verdict = find_owner(
            context,
            session,
            text or reading.text_of(session, document_id),
            parent=sent_together.hint(session, document),
            inside=one_file.owners(session, document),
        )
        for doubt in reversed(stacks.doubts(session, document, found)):
            verdict = _doubted(verdict, doubt)
        return verdict


def _is_settled(document: Document) -> bool:
    """Whether nothing is to be found: a person decided, or it is a stack and nobody's."""
    return document.assigned_by is not None or document.state == DocumentState.CUT


def find_owner(
    context: Context,
    session: ScopedSession,
    document: DocumentText,
    *,
    parent: tuple[str, str] | None = None,
    inside: Iterable[str] = (),
    rules: LinkingRules | None = None,
) -> Verdict:
    """Weigh everything known about a document; reads only.

    Args:
        context: the wired parts (keyring, plugins).
        session: a reading session that sees the whole register.
        document: text and origin.
        parent: the customer of the mail or archive that it came in, and the hint that this is.
        inside: customers of the file that it is a picture in, or of the pictures in it.
        rules: to weigh by; those in force where none are given.
    """
    rules = rules or thresholds.linking(session)
    paper = _with_outer_names(read_paper(document.pages, rules), document)
    said = _ask_plugins(context, document)
    paper, lookup, unknown = _look_up(context, session, document, paper, rules)
    lookup.point(said)
    if parent is not None:
        owner, hint = parent
        lookup.point([owner])
        lookup.hints[owner].add(hint)
    for owner in inside:
        lookup.point([owner])
        lookup.hints[owner].add(one_file.INSIDE)
    findings = Findings(lookup.hints, lookup.by_id, lookup.by_other_id, lookup.near, said)
    numbers = list(lookup.pointed)[: register_lookup.MOST_ENTRIES]
    verdict = evidence.weigh(paper, register_lookup.entries(session, numbers), findings, rules)
    return _doubted(verdict, "given_unknown") if unknown else verdict


def link_waiting(context: Context, viewer: Viewer, *, limit: int) -> int:
    """Ask again about the oldest papers that wait, now that the register has grown.

    Returns:
        How many found their customer.
    """
    waiting = select(Document.id).where(
        Document.state == DocumentState.TO_ASSIGN, Document.assigned_by.is_(None)
    )
    with context.reading(LINKING) as session:
        ids = list(session.scalars(waiting.order_by(Document.rowid).limit(limit)))
    verdicts = [link(context, viewer, document_id) for document_id in ids]
    return sum(verdict is not None and verdict.decided is not None for verdict in verdicts)


# -- evidence -----------------------------------------------------------------------------------


def _with_outer_names(paper: Paper, document: DocumentText) -> Paper:
    """The paper with the names that its file and folder are called by."""
    outer = page_fields.loose_words(f"{document.folder}/{document.file_name.rpartition('.')[0]}")
    return with_loose_names(paper, (solid(word) for word in outer))


def _look_up(
    context: Context,
    session: ScopedSession,
    document: DocumentText,
    paper: Paper,
    rules: LinkingRules,
) -> tuple[Paper, Lookup, bool]:
    """Who the paper points to. Also tells whether the sender named somebody unknown."""
    outer = _outer_numbers(document)
    digits = {number.digits for number in paper.numbers}.union(*outer.values())
    known = register_lookup.customers_by_number(session, digits)
    lookup = Lookup()
    for kind, numbers in outer.items():
        for number in sorted(numbers):
            paper = _take_hint(lookup, paper, kind, number, known.get(number, ()))
    lookup.point(customer for owners in known.values() for customer, _ in owners)
    vouching = register_lookup.customers_by_number(session, paper.others.numbers)
    lookup.point(customer for owners in vouching.values() for customer, _ in owners)
    lookup.by_id |= register_lookup.customers_by_id(session, context.keyring, paper.id_nos)
    others = paper.others
    lookup.by_other_id |= register_lookup.customers_by_id(session, context.keyring, others.id_nos)
    lookup.point(sorted(lookup.by_id | lookup.by_other_id))
    lookup.near |= register_lookup.neighbours(session, paper, rules)
    lookup.point(sorted(lookup.near))
    lookup.point(sorted(register_lookup.customers_by_name(session, paper, rules)))
    lookup.point(sorted(register_lookup.customers_by_phone(session, paper.phones | others.phones)))
    unknown = bool(outer["given"]) and not any(known.get(number) for number in outer["given"])
    return paper, lookup, unknown


def _outer_numbers(document: DocumentText) -> dict[str, set[str]]:
    """Numbers outside the pages' text, by where they stand."""
    given = (document.given_customer_no or "").strip()
    parts = {part for part in document.folder.split("/") if part}
    codes = (code.text for page in document.pages for code in page.barcodes)
    return {
        "given": {given} if given else set(),
        "folder": set().union(*map(register_lookup.hint_numbers, parts)),
        "file_name": register_lookup.hint_numbers(document.file_name),
        "barcode": set().union(*map(register_lookup.hint_numbers, codes)),
    }


def _take_hint(
    lookup: Lookup, paper: Paper, kind: str, number: str, owners: Iterable[tuple[str, str]]
) -> Paper:
    """Note whom a number outside the text names; a meter's bar code is a meter number."""
    for customer, sort in owners:
        lookup.point([customer])
        if sort == register_lookup.METER:
            found = PaperNumber(number, page_labels.METER_NO)
            paper = with_number(paper, found)
        else:
            lookup.hints[customer].add(kind)
    return paper


def _ask_plugins(context: Context, document: DocumentText) -> dict[str, float]:
    """What the plugins' linkers say; one that raises is named and left out."""
    said: dict[str, float] = {}
    for plugin, linker in context.plugins.linkers():
        try:
            for candidate in linker.find(document):
                sureness = min(1.0, max(0.0, candidate.confidence))
                said[candidate.customer_no] = max(sureness, said.get(candidate.customer_no, 0.0))
        except Exception as err:  # noqa: BLE001 - a plugin may raise anything; it is named
            context.plugins.blame(plugin, f"linkers: {linker.name}", err)
    return said


def _doubted(verdict: Verdict, reason: str) -> Verdict:
    """The same verdict, left to a person."""
    reasons = tuple(dict.fromkeys((reason, *(() if verdict.decided else verdict.reasons))))
    return Verdict(None, verdict.confidence, reasons, verdict.candidates)


# -- writing ------------------------------------------------------------------------------------


def write(
    context: Context, session: ScopedSession, viewer: Viewer, document_id: str, verdict: Verdict
) -> bool:
    """Write down what :func:`weigh` found, in the caller's transaction.

    Returns:
        Whether the document changed: not when a person decided meanwhile, nor when it waits as
        before.
    """
    document = filing.lock(session, document_id)
    if document is None or _is_settled(document):
        return False
    now = context.clock.now()
    customer = session.get(Customer, verdict.decided) if verdict.decided else None
    candidates = [_as_json(one) for one in verdict.candidates]
    if _waits_as_before(document, customer, verdict, candidates):
        return False
    take_fields(session, document)
    document.candidates = candidates
    filing.place(
        session,
        document,
        customer,
        confidence=round(verdict.confidence, 4) if verdict.candidates else None,
        reasons=verdict.reasons,
        at=now,
    )
    audit.note(
        session,
        viewer,
        "document.filed" if customer else "document.to_assign",
        at=now,
        object_kind="document",
        object_id=document.id,
        facts={
            "customer_no": document.customer_no,
            "reasons": list(verdict.reasons),
            "confidence": document.link_confidence,
        },
    )
    return True


def _waits_as_before(
    document: Document,
    customer: Customer | None,
    verdict: Verdict,
    candidates: list[dict[str, object]],
) -> bool:
    """Whether the paper was asked about before, with the same outcome: then nothing is written."""
    return (
        customer is None
        and document.state == DocumentState.TO_ASSIGN
        and document.link_reasons == list(verdict.reasons)
        and document.candidates == candidates
    )


def _as_json(candidate: Candidate) -> dict[str, object]:
    return {
        "customer_no": candidate.customer_no,
        "confidence": round(candidate.confidence, 4),
        "reasons": list(candidate.reasons),
    }


def take_fields(session: ScopedSession, document: Document) -> None:
    """The paper's date and case, as the steps read them, unless somebody named them before."""
    query = select(DocumentField).where(DocumentField.document_id == document.id)
    fields = sorted(session.scalars(query), key=lambda one: (-one.confidence, one.page, one.id))
    first: dict[str, str] = {}
    for one in fields:
        first.setdefault(one.name, one.value)
    if document.doc_date is None and page_labels.DOC_DATE in first:
        document.doc_date = date.fromisoformat(first[page_labels.DOC_DATE])
    if document.case_no is None:
        document.case_no = first.get(page_labels.CASE_NO, "")[:40] or None
