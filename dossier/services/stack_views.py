"""A stack as a person sees it: its pages in rows of papers, where it could be cut, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from dossier.access import demand
from dossier.db.session import ScopedSession
from dossier.db.stack_tables import Stack, StackDecision
from dossier.db.tables import Document, Page
from dossier.errors import NotFoundError
from dossier.rules.stack_rules import stack_rules
from dossier.services import heads, papers, stacks
from dossier.services.context import Context
from dossier.services.labels import type_label
from dossier.services.views import CustomerHead, PartView, Shown
from dossier.viewer import Permission, Viewer


@dataclass(frozen=True, slots=True)
class CutView:
    """A place where a paper may begin.

    Attributes:
        before: the page.
        probability: how sure, 0..1.
        reasons: codes of what speaks for and against, with weights, the heaviest first.
        is_open: likely, and not sure enough to be made without a person.
    """

    before: int
    probability: float
    reasons: tuple[tuple[str, float], ...]
    is_open: bool


@dataclass(frozen=True, slots=True)
class RemarkView:
    """What is odd about the pages of a paper; see :class:`dossier.rules.stacks.Remark`."""

    kind: str
    pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StackPart:
    """One paper as it stands now; ``document_id`` is None while the file is not cut."""

    pages: tuple[int, ...]
    document_id: str | None = None
    type: str | None = None
    type_label: str = ""
    title: Shown | None = None
    state: str = ""
    customer: CustomerHead | None = None
    reasons: tuple[str, ...] = ()
    remarks: tuple[RemarkView, ...] = ()


@dataclass(frozen=True, slots=True)
class StackView:
    """A file with several pages, as papers.

    Attributes:
        is_cut: its papers are documents of their own.
        parts: as it stands, the whole file as one while it is not cut.
        cuts: places where a paper may begin.
        aside: pages that are in no paper: separators, blank ones.
        may_undo: a person's decision can be taken back.
    """

    document_id: str
    file_name: Shown
    state: str
    page_count: int
    is_cut: bool
    parts: tuple[StackPart, ...]
    cuts: tuple[CutView, ...]
    aside: tuple[int, ...]
    decided_by: str | None
    decided_at: datetime | None
    may_undo: bool
    revision: int


def parts(session: ScopedSession, document: Document) -> tuple[PartView, ...]:
    """The papers of a stack, as far as they are in the viewer's scope."""
    return tuple(
        PartView(one.id, one.customer_no, one.type_code, one.state, tuple(one.source_pages or ()))
        for one in stacks.parts_of(session, document.id)
    )


def get(context: Context, viewer: Viewer, document_id: str) -> StackView:
    """How a file is cut, or could be.

    Raises:
        ForbiddenError: the role may not assign.
        NotFoundError: no such document in the viewer's scope, or it is a paper of a stack.
    """
    viewer = demand(viewer, Permission.ASSIGN)
    with context.reading(viewer) as session:
        document = papers.in_scope(session, document_id)
        if document.source_pages is not None:
            raise NotFoundError(
                "It was cut out of a stack; look at that", detail_zh="此文件由一叠扫描件拆分而来"
            )
        stack = session.get(Stack, document_id)
        made = stacks.parts_of(session, document_id)
        told = {tuple(one["pages"]): _remarks(one) for one in (stack.parts if stack else [])}
        shown = tuple(_part(context, session, viewer, one, told) for one in made)
        return StackView(
            document_id=document.id,
            file_name=papers.file_name_of(viewer, document.file_name),
            state=document.state,
            page_count=document.page_count,
            is_cut=bool(made),
            parts=shown or (_whole(session, viewer, document, stack),),
            cuts=_cuts(stack),
            aside=_aside(document, shown),
            decided_by=stack.decided_by if stack else None,
            decided_at=stack.decided_at if stack else None,
            may_undo=last_decision(session, document_id) is not None,
            revision=document.revision,
        )


def waiting(context: Context, viewer: Viewer) -> int:
    """How many files wait because a cut is not sure, in the viewer's scope."""
    viewer = demand(viewer, Permission.ASSIGN)
    query = select(func.count(Stack.document_id)).where(Stack.decided_by.is_(None))
    with context.reading(viewer) as session:
        return session.scalar(query) or 0


def _part(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    part: Document,
    told: Mapping[tuple[int, ...], tuple[RemarkView, ...]],
) -> StackPart:
    owner = [part.customer_no] if part.customer_no else []
    known = heads.known_values(context, session, viewer, owner)
    pages = tuple(part.source_pages or ())
    return StackPart(
        pages=pages,
        document_id=part.id,
        type=part.type_code,
        type_label=type_label(part.type_code, viewer.language),
        title=papers.title_of(viewer, part, known),
        state=part.state,
        customer=heads.heads(session, viewer, owner).get(part.customer_no or ""),
        reasons=tuple(part.link_reasons),
        remarks=told.get(pages, ()),
    )


def _whole(
    session: ScopedSession, viewer: Viewer, document: Document, stack: Stack | None
) -> StackPart:
    query = select(Page.number).where(Page.document_id == document.id).order_by(Page.number)
    owner = [document.customer_no] if document.customer_no else []
    return StackPart(
        pages=tuple(session.scalars(query)),
        type=document.type_code,
        type_label=type_label(document.type_code, viewer.language),
        state=document.state,
        customer=heads.heads(session, viewer, owner).get(document.customer_no or ""),
        reasons=tuple(document.link_reasons),
        remarks=_remarks(stack.parts[0]) if stack and stack.parts else (),
    )


def _remarks(part: Mapping[str, Any]) -> tuple[RemarkView, ...]:
    return tuple(RemarkView(one["kind"], tuple(one["pages"])) for one in part.get("remarks", ()))


def _cuts(stack: Stack | None) -> tuple[CutView, ...]:
    rules = stack_rules()
    return tuple(
        CutView(
            one["before"],
            one["probability"],
            tuple((kind, weight) for kind, weight in one["reasons"]),
            rules.ask <= one["probability"] < rules.cut,
        )
        for one in (stack.cuts if stack else [])
    )


def _aside(document: Document, made: Sequence[StackPart]) -> tuple[int, ...]:
    if not made:
        return ()
    used = {number for part in made for number in part.pages}
    return tuple(number for number in range(1, document.page_count + 1) if number not in used)


def last_decision(session: ScopedSession, document_id: str) -> StackDecision | None:
    """What a person decided last and nobody took back."""
    query = select(StackDecision).where(
        StackDecision.document_id == document_id, StackDecision.undone.is_(False)
    )
    return session.scalar(query.order_by(StackDecision.id.desc()).limit(1))
