"""From the index's ids to what a viewer sees: rows read through the viewer's own session.

The number of queries does not depend on the number of hits (peers.md §4, complaint 13). What the
index still names but the records or the scope no longer have is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam, or_, select

from dossier.access import search_rights
from dossier.db.prepared import Prepared
from dossier.db.session import ScopedSession
from dossier.db.tables import Document, Page
from dossier.kept import Kept
from dossier.rules.masking import KnownValues
from dossier.search import port
from dossier.search.port import Group, MatchReason
from dossier.search.query import Everything, Query
from dossier.services import likeness, marks, page_masks, papers
from dossier.services.context import Context
from dossier.services.heads import head_of, known_values, register_rows
from dossier.services.labels import type_label
from dossier.services.likeness import Like
from dossier.services.page_masks import Stored
from dossier.services.views import CustomerHead, DocumentHit, Hit, Snippet
from dossier.viewer import Permission, Viewer

PAGES_READ = 30
"""Pages of a paper whose text is fetched for snippets; of longer ones those that hold the words
literally come besides (a contract has ten pages, a scanned volume thousands)."""
_ON_PAGES = frozenset({MatchReason.TEXT, MatchReason.ACCOUNT})
SNIPPETS_SHOWN = 3
"""Snippets of one paper."""
PAGES_KEPT = 20_000
"""Pages whose snippets for a query are kept, half a kilobyte each: common words find the same."""
PageRow = tuple[int, str, Stored]
"""A page's number, its clear text and its stored masks."""


@dataclass(frozen=True, slots=True)
class _PageShown:
    """What is shown of pages: masked snippets, what stands there instead of words, and which do."""

    snippets: tuple[Snippet, ...] = ()
    like: tuple[Like, ...] = ()
    exact: frozenset[str] = frozenset()


NOTHING_SHOWN = _PageShown()
_kept: Kept[_PageShown] = Kept(PAGES_KEPT)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read for a page of hits."""

    customers: Mapping[str, CustomerHead]
    documents: Mapping[str, Any]
    known: Mapping[str, KnownValues]
    pages: Mapping[str, list[PageRow]]


def hits(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    query: Query,
    groups: Sequence[Group],
) -> tuple[Hit, ...]:
    """The groups as hits, in their order, without those that are gone."""
    found = _read(context, session, viewer, query, groups)
    shown = (_hit(context, viewer, query, group, found) for group in groups)
    return tuple(hit for hit in shown if hit is not None)


def _read(
    context: Context,
    session: ScopedSession,
    viewer: Viewer,
    query: Query,
    groups: Sequence[Group],
) -> _Found:
    numbers = [group.customer_no for group in groups if group.customer_no is not None]
    ids = [document.document_id for group in groups for document in group.documents]
    documents = {row.id: row for row in _DOCUMENTS.rows(session, ids=ids)}
    register = register_rows(session, numbers)
    owners = _owners(documents.values())
    with_text = _with_text(viewer, query, groups) & documents.keys()
    return _Found(
        customers={number: head_of(viewer, row) for number, row in register.items()},
        documents=documents,
        known=known_values(context, session, viewer, owners, rows=register),
        pages=_page_texts(session, query, [documents[each] for each in with_text]),
    )


def _owners(rows: Iterable[Any]) -> set[str]:
    return {row.customer_no for row in rows if row.customer_no is not None}


def _with_text(viewer: Viewer, query: Query, groups: Sequence[Group]) -> set[str]:
    """Papers that matched by their text, if the viewer may read that and there is a word in it."""
    if not viewer.may(Permission.READ_CONTENT) or isinstance(query.node, Everything):
        return set()
    return {
        document.document_id
        for group in groups
        for document in group.documents
        if _ON_PAGES.intersection(document.matched_on)
    }


def _page_texts(
    session: ScopedSession, query: Query, documents: Collection[Any]
) -> Mapping[str, list[PageRow]]:
    found: dict[str, list[PageRow]] = defaultdict(list)
    if not documents:
        return found
    ids = [document.id for document in documents]
    if any(document.page_count > PAGES_READ for document in documents):
        rows = session.execute(_ALL_PAGES.where(_worth_reading(query)), {"ids": ids})
    else:
        rows = _PAGES.rows(session, ids=ids)
    for document_id, number, text, key, masks in rows:
        found[document_id].append((number, text, Stored(key, masks)))
    return found


def _worth_reading(query: Query) -> ColumnElement[bool]:
    """Of a long paper the first pages, and those that hold a word literally."""
    words = marks.literal_words(query)
    literally = (Page.text.contains(word, autoescape=True) for word in words)
    return or_(Page.number <= PAGES_READ, *literally)


def _hit(context: Context, viewer: Viewer, query: Query, group: Group, found: _Found) -> Hit | None:
    customer = found.customers.get(group.customer_no or "")
    documents = tuple(
        _document_hit(context, viewer, query, each, found)
        for each in group.documents
        if _is_current(group, found.documents.get(each.document_id))
    )
    if customer is None and not documents:
        return None
    return Hit(customer, _reasons(group, documents), group.document_count, documents)


def _reasons(group: Group, documents: Iterable[DocumentHit]) -> tuple[str, ...]:
    """Why the customer is in the list: by its own record first, then by the papers shown of it."""
    own = [str(reason) for reason in group.matched_on]
    papers_reasons = [str(reason) for document in documents for reason in document.matched_on]
    return tuple(dict.fromkeys([*own, *papers_reasons]))


def _is_current(group: Group, row: Any) -> bool:
    """Whether the paper is there and still belongs where the index has it."""
    return row is not None and row.customer_no == group.customer_no


def _document_hit(
    context: Context, viewer: Viewer, query: Query, hit: port.DocumentHit, found: _Found
) -> DocumentHit:
    row = found.documents[hit.document_id]
    viewer = viewer.at_document(row)
    title = papers.title_of(viewer, row, found.known)
    shown = _pages_shown(context, viewer, query, row, found)
    named = likeness.of_name(query, hit.matched_on, row.type_code, title.text)
    likes = [*(each for each in named if each.asked not in shown.exact), *shown.like]
    return DocumentHit(
        id=row.id,
        title=title,
        file_name=papers.file_name_of(viewer, row.file_name),
        type=row.type_code,
        type_label=type_label(row.type_code, viewer.language),
        state=row.state,
        doc_date=row.doc_date,
        page_count=row.page_count,
        matched_on=tuple(hit.matched_on),
        snippets=shown.snippets,
        like=likeness.told(likes, viewer.language),
        readable=viewer.may(Permission.READ_CONTENT),
    )


def _pages_shown(
    context: Context, viewer: Viewer, query: Query, row: Any, found: _Found
) -> _PageShown:
    """Snippets of a paper, kept by everything that decides them; only masked text is kept."""
    if not viewer.may(Permission.READ_CONTENT):
        return NOTHING_SHOWN
    shown: list[Snippet] = []
    like: list[Like] = []
    exact: set[str] = set()
    known = found.known.get(row.customer_no or "")
    sight = (viewer.sees_clear, search_rights(viewer), known)
    for number, text, stored in found.pages.get(row.id, ()):
        if not viewer.reads_page(row, number):
            continue
        limit = SNIPPETS_SHOWN - len(shown)
        key = (row.id, number, hash(text), query.text, limit, sight)
        page = _kept.get(
            key,
            partial(_page_shown, context, viewer, query, known, (number, text, stored), limit),
        )
        shown += page.snippets
        like += page.like
        exact |= page.exact
        if len(shown) >= SNIPPETS_SHOWN:
            break
    return _PageShown(tuple(shown), tuple(like), frozenset(exact))


def _page_shown(
    context: Context,
    viewer: Viewer,
    query: Query,
    known: KnownValues | None,
    page: PageRow,
    limit: int,
) -> _PageShown:
    number, text, stored = page
    found = marks.find_first(context, viewer, query, text, limit=limit)
    if not found.spans:
        return NOTHING_SHOWN
    masked = page_masks.text_of(context, viewer, text, known, stored)
    snippets = marks.snippets(number, masked, marks.visible(text, masked, found.spans), limit=limit)
    return _PageShown(snippets, likeness.of_page(masked, found.like), frozenset(found.exact))


_IDS: BindParameter[list[str]] = bindparam("ids", expanding=True)
_DOCUMENTS = Prepared(papers.summary_query().where(Document.id.in_(_IDS)))
_ALL_PAGES = (
    select(Page.document_id, Page.number, Page.text, Page.masks_key, Page.masks)
    .where(Page.document_id.in_(_IDS))
    .order_by(Page.document_id, Page.number)
)
_PAGES = Prepared(_ALL_PAGES.where(Page.number <= PAGES_READ))
