"""Stacks: files that hold papers of several customers are cut, by the machine where it is sure.

The original stays as it came and is kept first. Each paper becomes a document of its own with
``source_pages`` and no bytes of the stack: its pictures are drawn from the stack's original, its
text is a copy of what was read there. The stack itself is in nobody's dossier and not in the index;
who may see it is decided by its papers (:mod:`dossier.db.session`).
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from dossier.db import outbox
from dossier.db.correction_tables import FieldCorrection
from dossier.db.rowids import next_rowid
from dossier.db.session import ScopedSession
from dossier.db.stack_tables import Stack
from dossier.db.tables import (
    Content,
    Document,
    DocumentField,
    Page,
    Rendition,
    WorkItem,
    new_id,
)
from dossier.records import DocumentState, PageReading
from dossier.rules import file_names
from dossier.rules.document_types import catalogue
from dossier.rules.stack_pages import evidence_of
from dossier.rules.stack_rules import stack_rules
from dossier.rules.stacks import OTHERS, UNREAD, Part, Proposal, in_order, propose
from dossier.services import audit, custody, reading
from dossier.services.context import Context
from dossier.viewer import Viewer
from dossier.work import queue

PART = "application/vnd.dossier.part+json"
"""Media type of a paper that was cut out of a stack: its content names pages and holds none."""
STACKED = ("application/pdf", "image/tiff")
"""Kinds of files that scanners make of a stack."""
CUT, CUT_DOUBTFUL = "stack.cut", "cut_doubtful"
OWN_TEXT = "pdf text"
"""What the page renderer names as engine for a born-digital page's own text."""
NEVER = 2.0
"""A probability that no cut has."""
_NUMBER = range(6, 17)
"""Lengths of a bar code on a sheet that may be a customer's number."""


@dataclass(frozen=True, slots=True)
class Found:
    """How a file would be cut, and into what the machine cuts it alone."""

    proposal: Proposal
    parts: tuple[Part, ...]

    @property
    def is_stack(self) -> bool:
        """Whether it is cut without a person."""
        return len(self.parts) > 1

    @property
    def is_open(self) -> bool:
        """Whether a cut is likely and not sure."""
        return bool(self.proposal.open_cuts(stack_rules()))


def look(document: Document, pages: Sequence[PageReading]) -> Found | None:
    """How a document would be cut; None where that is no question."""
    if document.source_pages is not None or document.assigned_by is not None:
        return None
    if document.media_type not in STACKED or len(pages) < 2:
        return None
    rules = stack_rules()
    proposal = propose(evidence_of(pages, catalogue(), rules), rules)
    parts = proposal.parts(NEVER if _is_put_together(pages) else rules.cut)
    ordered = (replace(part, pages=in_order(part, proposal.pages)) for part in parts)
    return Found(proposal, tuple(ordered))


def _is_put_together(pages: Sequence[PageReading]) -> bool:
    """Whether somebody made one file of typed pages and a scan: no scanner's stack.

    The copy of an identity card behind an application is a page of it until a person says other.
    """
    own = {page.engine.startswith(OWN_TEXT) for page in pages if page.text}
    return len(own) > 1


def doubts(
    session: ScopedSession, document: Document, found: Found | None = None
) -> tuple[str, ...]:
    """Why a paper is not filed without a person, whoever it seems to belong to.

    Args:
        session: reads what was proposed.
        document: a paper; of a stack or by itself.
        found: what was proposed just now and is not written yet.
    """
    if found is not None:
        kinds = {one.kind for part in found.parts for one in part.remarks}
        return _doubts(kinds - {UNREAD}, is_open=found.is_open)
    stack = session.get(Stack, document.parent_id if document.source_pages else document.id)
    if stack is None or stack.decided_by is not None:
        return ()
    own = set(document.source_pages or range(1, document.page_count + 1))
    rules = stack_rules()
    is_open = any(
        rules.ask <= one["probability"] < rules.cut and one["before"] in own - {min(own)}
        for one in stack.cuts
    )
    kinds = {
        remark["kind"]
        for part in stack.parts
        if own >= set(part["pages"])
        for remark in part["remarks"]
    }
    return _doubts(kinds if document.source_pages else kinds - {UNREAD}, is_open=is_open)


def _doubts(remarks: Collection[str], *, is_open: bool) -> tuple[str, ...]:
    """Codes of the reasons; a page of a stack on which nothing was read may be anybody's."""
    kinds = tuple(kind for kind in (OTHERS, UNREAD) if kind in remarks)
    return (*((CUT_DOUBTFUL,) if is_open else ()), *kinds)


def has_remarks(found: Found) -> bool:
    """Whether something is odd about the pages of a file that is one paper."""
    return any(part.remarks for part in found.parts)


# -- writing ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewPart:
    """A paper to be made of a stack's pages.

    Attributes:
        pages: of the stack, in the paper's order.
        given: the customer that its sheet names, or the sender of the stack.
        type_code: what a person said that it is.
        content: sha256 of what names its pages, in the store already.
        size: of that content.
    """

    pages: tuple[int, ...]
    given: str | None = None
    type_code: str | None = None
    content: str = ""
    size: int = 0


def kept(context: Context, document: Document, parts: Iterable[NewPart]) -> list[NewPart]:
    """The parts with what names their pages put into the store; before any transaction."""
    made = []
    for part in parts:
        stated = {"stack": document.id, "sha256": document.sha256, "pages": list(part.pages)}
        body = json.dumps(stated, sort_keys=True).encode()
        stored = context.store.put(io.BytesIO(body))
        made.append(replace(part, content=stored.sha256, size=stored.size_bytes))
    return made


def new_parts(document: Document, found: Found) -> list[NewPart]:
    """What the machine makes of a stack."""
    return [
        NewPart(part.pages, _customer_of(part.code) or document.given_customer_no)
        for part in found.parts
    ]


def _customer_of(code: str) -> str | None:
    """The number on a bar-code sheet, where it may be a customer's; the register is asked later."""
    return code if code.isdecimal() and code.isascii() and len(code) in _NUMBER else None


def note(session: ScopedSession, document: Document, found: Found, *, at: datetime) -> None:
    """Keep how a file would be cut, in the caller's transaction."""
    rules = stack_rules()
    stack = session.get(Stack, document.id)
    if stack is None:
        stack = Stack(document_id=document.id)
        session.add(stack)
    stack.cuts = [
        {
            "before": one.before,
            "probability": round(one.probability, 4),
            "reasons": [list(reason) for reason in one.reasons],
        }
        for one in found.proposal.boundaries
        if one.probability >= rules.remark
    ]
    pages = found.proposal.pages
    stack.separators = [page.number for page in pages if page.separator]
    stack.blanks = [page.number for page in pages if page.is_blank]
    stack.parts = [_plain(part) for part in found.parts]
    stack.decided_by, stack.decided_at = None, at
    session.flush()


def _plain(part: Part) -> dict[str, Any]:
    remarks = [{"kind": one.kind, "pages": list(one.pages)} for one in part.remarks]
    return {"pages": list(part.pages), "code": part.code, "remarks": remarks}


def cut(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    document: Document,
    parts: Sequence[NewPart],
) -> list[str]:
    """Make papers of a stack's pages, in the caller's transaction; returns their ids."""
    now = context.clock.now()
    stack_out(session, document)
    ids = [make_part(context, session, document, part) for part in parts]
    document.state, document.customer_no = DocumentState.CUT, None
    document.link_confidence, document.link_reasons, document.candidates = None, [], []
    document.revision += 1
    session.flush()
    outbox.mark_changed(session, outbox.DOCUMENTS, [document.id], at=now)
    audit.note(
        session,
        viewer,
        CUT,
        at=now,
        object_kind="document",
        object_id=document.id,
        facts={"parts": [pages_in_words(part.pages) for part in parts]},
    )
    return ids


def stack_out(session: ScopedSession, document: Document) -> None:
    """A stack has no searchable copy: nobody searches it, and its papers have theirs."""
    session.execute(
        delete(WorkItem)
        .where(WorkItem.dedupe_key == f"searchable:{document.id}", WorkItem.state != "leased")
        .execution_options(synchronize_session=False)
    )


def make_part(context: Context, session: ScopedSession, document: Document, part: NewPart) -> str:
    """One paper of a stack, with the text of its pages, queued to be recognised and linked."""
    now = context.clock.now()
    keep_content(session, part, at=now)
    made = Document(
        id=new_id(),
        rowid=next_rowid(session, Document),
        parent_id=document.id,
        case_no=document.case_no,
        type_code=part.type_code,
        state=DocumentState.READING,
        captured_at=document.captured_at,
        captured_unit_id=document.captured_unit_id,
        file_name=part_name(document.file_name, part.pages),
        folder=document.folder,
        media_type=PART,
        sha256=part.content,
        given_customer_no=part.given,
    )
    session.add(made)
    session.flush()
    custody.begin_part(session, document.id, made.id)
    put_pages(context, session, document, made, part.pages)
    return made.id


def keep_content(session: ScopedSession, part: NewPart, *, at: datetime) -> None:
    """The row of what names a part's pages."""
    if session.get(Content, part.content) is None:
        row = Content(sha256=part.content, size_bytes=part.size, media_type=PART, stored_at=at)
        session.add(row)
        session.flush()


def put_pages(
    context: Context,
    session: ScopedSession,
    document: Document,
    part: Document,
    pages: Sequence[int],
) -> None:
    """Give a part these pages of the stack, in place of those that it had; it is linked anew."""
    _drop_readings(session, part.id)
    query = select(Page).where(Page.document_id == document.id, Page.number.in_(pages))
    by_number = {page.number: page for page in session.scalars(query)}
    session.add_all(
        _copied(by_number[number], part.id, at)
        for at, number in enumerate(pages, 1)
        if number in by_number
    )
    part.source_pages, part.page_count = list(pages), len(pages)
    part.failed_pages = sum(bool(by_number[n].error) for n in pages if n in by_number)
    part.truncated = any(by_number[n].truncated for n in pages if n in by_number)
    part.masks_due += 1
    part.revision += 1
    session.flush()
    now = context.clock.now()
    task = reading.recognise_task(part.id, max_attempts=context.settings.max_attempts)
    queue.requeue(session, [task], now=now)
    outbox.mark_changed(session, outbox.DOCUMENTS, [part.id], at=now)


def _copied(page: Page, document_id: str, number: int) -> Page:
    """The reading of a page as a page of a part: its boxes refer to the same picture."""
    left = {"document_id", "number", "rendition_id", "masks", "masks_key", "closed"}
    columns = (one.key for one in Page.__mapper__.column_attrs if one.key not in left)
    values = {name: getattr(page, name) for name in columns}
    return Page(document_id=document_id, number=number, **values)


def part_name(file_name: str, pages: Sequence[int]) -> str:
    """What a part is called before it has a title: the stack's name and the pages."""
    ending = file_names.kind_ending(file_name)
    stem = file_name.removesuffix(ending) if ending else file_name
    first, last = min(pages), max(pages)
    return f"{stem} {first}–{last}{ending}" if first != last else f"{stem} {first}{ending}"


def pages_in_words(pages: Sequence[int]) -> str:
    """Pages as people write them: ``2–4, 7``; in the order that they have."""
    runs: list[list[int]] = []
    for number in pages:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def _drop_readings(session: ScopedSession, document_id: str) -> None:
    for table in (Page, DocumentField, FieldCorrection, Rendition):
        session.execute(
            delete(table)
            .where(table.document_id == document_id)
            .execution_options(synchronize_session=False)
        )


def withdraw(session: ScopedSession, part: Document, *, at: datetime) -> None:
    """Take a part away again; its pages are the stack's, so nothing is lost."""
    owners = [part.customer_no] if part.customer_no else []
    _drop_readings(session, part.id)
    custody.withdraw(session, part.id)
    session.execute(
        delete(WorkItem)
        .where(WorkItem.subject == part.id)
        .execution_options(synchronize_session=False)
    )
    outbox.mark_changed(session, outbox.DOCUMENTS, [part.id], at=at)
    outbox.mark_changed(session, outbox.CUSTOMERS, owners, at=at)
    session.delete(part)
    session.flush()


def parts_of(session: ScopedSession, document_id: str) -> list[Document]:
    """The papers of a stack that the viewer may see, as they lie in it."""
    query = select(Document).where(
        Document.parent_id == document_id, Document.source_pages.is_not(None)
    )
    return sorted(session.scalars(query), key=lambda one: (min(one.source_pages or [0]), one.rowid))


def facts_of(part: Document) -> Mapping[str, Any]:
    """A part as a decision keeps it: what an undo and the learning need."""
    return {
        "id": part.id,
        "pages": list(part.source_pages or ()),
        "type": part.type_code,
        "customer_no": part.customer_no,
        "by_hand": part.assigned_by is not None,
    }
