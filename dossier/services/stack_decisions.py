"""What a person says about a stack: where it is cut, what each paper is and whose. It wins.

Every decision checks permission, scope and revision, keeps what stood there before (a labelled
example), leaves an audit row, and can be undone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from dossier.access import demand
from dossier.db import outbox
from dossier.db.session import ScopedSession
from dossier.db.stack_tables import Stack, StackDecision
from dossier.db.tables import Customer, Document, Page
from dossier.errors import ConflictError, InvalidInputError, NotFoundError, NotPossibleError
from dossier.records import DocumentState
from dossier.rules import document_types
from dossier.services import audit, filing, papers, reading, stack_views, stacks
from dossier.services.context import Context
from dossier.services.stack_views import StackView
from dossier.services.stacks import NewPart
from dossier.viewer import Permission, Viewer
from dossier.work import queue

SET, UNDONE = "stack.cuts_set", "stack.cuts_undone"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A paper as a person wants it: its pages in order; what it is and whose, where that is said.

    ``customer_no`` empty: nobody's, to be assigned; None: as it is, or found by the machine.
    """

    pages: tuple[int, ...]
    type_code: str | None = None
    customer_no: str | None = None


def decide(
    context: Context,
    viewer: Viewer,
    document_id: str,
    wanted: Sequence[Wanted],
    *,
    revision: int | None = None,
) -> StackView:
    """Cut a file as a person says; one paper of all pages: it is no stack.

    Raises:
        ForbiddenError: the role may not assign.
        NotFoundError: no such file in the viewer's scope.
        InvalidInputError: a page is lost, doubled or not there; an unknown type or customer.
        ConflictError: it changed since ``revision``, or a paper of it is in use elsewhere.
    """
    viewer = demand(viewer, Permission.ASSIGN)
    for one in wanted:
        if one.type_code is not None and not document_types.exists(one.type_code):
            raise InvalidInputError("no such document type", detail_zh="没有此资料类型")
    with context.reading(viewer) as session:
        document = _checked(papers.in_scope(session, document_id))
        _check_pages(session, document, wanted)
        parts = _kept(context, document, wanted)
    return _apply(context, viewer, document_id, parts, wanted, revision, undoing=None)


def undo(
    context: Context, viewer: Viewer, document_id: str, *, revision: int | None = None
) -> StackView:
    """Take the last decision back: the papers are as they were before it.

    Raises:
        ForbiddenError: the role may not assign.
        NotFoundError: no such file in the viewer's scope.
        ConflictError: it changed since ``revision``, or nothing is left to undo.
    """
    viewer = demand(viewer, Permission.ASSIGN)
    with context.reading(viewer) as session:
        document = _checked(papers.in_scope(session, document_id))
        last = stack_views.last_decision(session, document_id)
        if last is None:
            raise ConflictError("nothing to undo", detail_zh="没有可撤销的操作")
        before = last.before or [{"pages": _all_pages(session, document_id)}]
        wanted = [_as_it_was(one) for one in before]
        parts = _kept(context, document, wanted)
    return _apply(context, viewer, document_id, parts, wanted, revision, undoing=last.id)


def _as_it_was(part: Mapping[str, Any]) -> Wanted:
    """What a machine had filed is found again by it; what a person said is said again."""
    by_hand = part.get("by_hand", False)
    customer_no = (part.get("customer_no") or "") if by_hand else None
    return Wanted(tuple(part["pages"]), part.get("type"), customer_no)


# -- checks -------------------------------------------------------------------------------------


def _locked(session: ScopedSession, document_id: str) -> Document:
    document = filing.lock(session, document_id)
    if document is None:
        raise NotFoundError("no such document", detail_zh="没有此文件")
    return _checked(document)


def _checked(document: Document) -> Document:
    if document.media_type not in stacks.STACKED or document.source_pages is not None:
        raise NotPossibleError("It cannot be cut", detail_zh="此文件不能拆分")
    if document.state not in {
        DocumentState.CUT,
        DocumentState.TO_ASSIGN,
        DocumentState.FILED,
    }:
        raise NotPossibleError(
            "It is not read to its end yet; wait a little", detail_zh="文件尚未识别完成，请稍候"
        )
    return document


def _all_pages(session: ScopedSession, document_id: str) -> list[int]:
    query = select(Page.number).where(Page.document_id == document_id).order_by(Page.number)
    return list(session.scalars(query))


def _check_pages(session: ScopedSession, document: Document, wanted: Sequence[Wanted]) -> None:
    """Each page with content in exactly one paper; separators and blank pages may be in none."""
    there = set(_all_pages(session, document.id))
    named = [number for one in wanted for number in one.pages]
    if not wanted or not all(one.pages for one in wanted):
        raise InvalidInputError("A paper without pages", detail_zh="有一份文件没有页")
    if unknown := set(named) - there:
        raise InvalidInputError(
            f"No such page: {min(unknown)}", detail_zh=f"没有第 {min(unknown)} 页"
        )
    if doubled := {number for number in named if named.count(number) > 1}:
        raise InvalidInputError(
            f"Page {min(doubled)} is named twice", detail_zh=f"第 {min(doubled)} 页重复"
        )
    lost = there - set(named) - _without_content(session, document)
    if lost:
        raise InvalidInputError(
            f"Page {min(lost)} is in no paper", detail_zh=f"第 {min(lost)} 页没有归入任何文件"
        )


def _without_content(session: ScopedSession, document: Document) -> set[int]:
    stack = session.get(Stack, document.id)
    noted = {*(stack.separators if stack else ()), *(stack.blanks if stack else ())}
    blank = select(Page.number).where(Page.document_id == document.id, Page.blank.is_(True))
    return noted | set(session.scalars(blank))


def _kept(context: Context, document: Document, wanted: Sequence[Wanted]) -> list[NewPart]:
    given = document.given_customer_no
    parts = [NewPart(one.pages, given, one.type_code) for one in wanted]
    return stacks.kept(context, document, parts)


# -- writing ------------------------------------------------------------------------------------


def _apply(
    context: Context,
    viewer: Viewer,
    document_id: str,
    parts: Sequence[NewPart],
    wanted: Sequence[Wanted],
    revision: int | None,
    *,
    undoing: int | None,
) -> StackView:
    try:
        with context.writing(viewer) as session:
            document = _locked(session, document_id)
            if revision is not None and document.revision != revision:
                raise ConflictError(
                    "the document changed meanwhile; look again and repeat",
                    detail_zh="文件已被更改，请重新查看",
                )
            before = [dict(stacks.facts_of(one)) for one in stacks.parts_of(session, document_id)]
            if len(wanted) > 1:
                _put_parts(context, session, viewer, document, parts, wanted)
            else:
                _make_whole(context, session, viewer, document, wanted[0])
            _keep(context, session, viewer, document, before, wanted, undoing)
    except IntegrityError as err:
        raise NotPossibleError(
            "A paper of it is in use (a loan, an approval); settle that first",
            detail_zh="其中一份文件正在使用（借阅、审批），请先办结",
        ) from err
    return stack_views.get(context, viewer, document_id)


def _put_parts(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    document: Document,
    parts: Sequence[NewPart],
    wanted: Sequence[Wanted],
) -> None:
    """Existing papers are used on where they have the most pages in common; the rest is new."""
    now = context.clock.now()
    there = stacks.parts_of(session, document.id)
    matched = _matched(there, parts)
    used = {one.id for one in matched if one is not None}
    for old in there:
        if old.id not in used:
            stacks.withdraw(session, old, at=now)
    if document.state != DocumentState.CUT:
        _empty(context, session, document)
    for chosen, part, want in zip(matched, parts, wanted, strict=True):
        made = _placed(context, session, document, chosen, part)
        _say(context, session, viewer, made, want)


def _matched(there: Sequence[Document], parts: Sequence[NewPart]) -> list[Document | None]:
    """For each wanted paper the existing one that it goes on as, each used once."""
    shares = sorted(
        (
            (-len(set(old.source_pages or ()) & set(part.pages)), at, nth)
            for nth, old in enumerate(there)
            for at, part in enumerate(parts)
        ),
    )
    chosen: dict[int, Document] = {}
    taken: set[int] = set()
    for share, at, nth in shares:
        if share < 0 and at not in chosen and nth not in taken:
            chosen[at] = there[nth]
            taken.add(nth)
    return [chosen.get(at) for at in range(len(parts))]


def _placed(
    context: Context,
    session: ScopedSession,
    document: Document,
    old: Document | None,
    part: NewPart,
) -> Document:
    if old is None:
        return session.get_one(Document, stacks.make_part(context, session, document, part))
    if tuple(old.source_pages or ()) == part.pages:
        return old
    now = context.clock.now()
    stacks.keep_content(session, part, at=now)
    old.sha256, old.title = part.content, ""
    old.file_name = stacks.part_name(document.file_name, part.pages)
    old.state, old.assigned_by, old.doc_date = DocumentState.READING, None, None
    old.type_code = None
    stacks.put_pages(context, session, document, old, part.pages)
    return old


def _say(
    context: Context, session: ScopedSession, viewer: Viewer, part: Document, want: Wanted
) -> None:
    """What a person said of a paper: its type, its customer."""
    now = context.clock.now()
    if want.type_code is not None:
        part.type_code = want.type_code
    if want.customer_no is None or (want.customer_no or None) == part.customer_no:
        filing.touch(session, part, at=now)
        return
    customer = _customer(session, want.customer_no) if want.customer_no else None
    part.assigned_by = viewer.id
    filing.place(
        session,
        part,
        customer,
        confidence=1.0 if customer else None,
        reasons=(filing.PERSON,),
        at=now,
    )


def _customer(session: ScopedSession, customer_no: str) -> Customer:
    found = session.scalar(select(Customer).where(Customer.customer_no == customer_no))
    if found is None:
        raise InvalidInputError(
            "No customer of this number; check it", detail_zh=f"没有户号 {customer_no}，请核对"
        )
    return found


def _empty(context: Context, session: ScopedSession, document: Document) -> None:
    """A file that is a stack from now on belongs to nobody and is not searched."""
    filing.place(session, document, None, confidence=None, reasons=(), at=context.clock.now())
    document.candidates, document.assigned_by = [], None
    document.state = DocumentState.CUT
    stacks.stack_out(session, document)


def _make_whole(
    context: Context, session: ScopedSession, viewer: Viewer, document: Document, want: Wanted
) -> None:
    """It is one paper: what was cut out of it goes, and it is recognised and linked as such."""
    now = context.clock.now()
    for old in stacks.parts_of(session, document.id):
        stacks.withdraw(session, old, at=now)
    if document.state == DocumentState.CUT:
        document.state = DocumentState.READING
    if document.assigned_by is None:
        task = reading.recognise_task(document.id, max_attempts=context.settings.max_attempts)
        queue.requeue(session, [task], now=now)
    _say(context, session, viewer, document, want)


def _keep(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    document: Document,
    before: list[dict[str, Any]],
    wanted: Sequence[Wanted],
    undoing: int | None,
) -> None:
    now = context.clock.now()
    after = [dict(stacks.facts_of(one)) for one in stacks.parts_of(session, document.id)]
    stack = session.get(Stack, document.id)
    if stack is None:
        stack = Stack(document_id=document.id, cuts=[], separators=[], blanks=[], parts=[])
        session.add(stack)
    remarks = {tuple(one["pages"]): one.get("remarks", []) for one in stack.parts}
    stack.parts = [
        {"pages": list(one.pages), "code": "", "remarks": remarks.get(one.pages, [])}
        for one in wanted
    ]
    stack.decided_by, stack.decided_at = viewer.id, now
    if undoing is not None and not _decided_before(session, document.id, undoing):
        stack.decided_by = None  # it is as the machine had left it
    if undoing is None:
        decision = StackDecision(
            document_id=document.id, at=now, by=viewer.id, before=before, after=after, undone=False
        )
        session.add(decision)
    else:
        session.get_one(StackDecision, undoing).undone = True
    document.revision += 1
    session.flush()
    outbox.mark_changed(session, outbox.DOCUMENTS, [document.id], at=now)
    audit.note(
        session,
        viewer,
        SET if undoing is None else UNDONE,
        at=now,
        object_kind="document",
        object_id=document.id,
        facts={
            "parts": [stacks.pages_in_words(one.pages) for one in wanted],
            "parts_before": [stacks.pages_in_words(one["pages"]) for one in before],
        },
    )


def _decided_before(session: ScopedSession, document_id: str, undoing: int) -> bool:
    query = select(StackDecision.id).where(
        StackDecision.document_id == document_id,
        StackDecision.undone.is_(False),
        StackDecision.id < undoing,
    )
    return session.scalar(query.limit(1)) is not None
