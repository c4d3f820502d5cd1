"""Masks of pages, made ahead: no viewer who sees masked, and no rebuild, waits for patterns.

What is kept is a cache beside the text. Its key names the masking rules, all that is known of the
paper's customer, and the text itself; a page whose key is another one is masked anew when it is
shown, so nothing stale is ever believed.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import orjson
from sqlalchemy import select, tuple_, update

from dossier.db.session import ScopedSession
from dossier.db.tables import Document, Page
from dossier.records import DocumentState
from dossier.rules import masking, region
from dossier.rules.masking import MASK, KnownValues, MaskedText, Span
from dossier.rules.normal_form import fold
from dossier.services import personal
from dossier.services.context import Context
from dossier.services.heads import known_of_all
from dossier.viewer import Field, Viewer, system_viewer

MASKING = system_viewer("masking")
DOCUMENTS_TOGETHER = 50
"""Papers of one turn: some 80 ms of work, then one short write."""
PAGES_TOGETHER = 100
"""Pages read and written at a time: a long paper's text is never in memory as a whole."""
KEPT_BASES = 4096
"""Beginnings of keys that are kept, one for each customer that is looked at."""
KEY_BYTES = 16
MASKING_FILES = (
    "rules/address_masks.py",
    "rules/birth_days.py",
    "rules/columns.py",
    "rules/identifiers.py",
    "rules/likely_names.py",
    "rules/masking.py",
    "rules/name_masks.py",
    "rules/names.py",
    "rules/normal_form.py",
    "rules/number_masks.py",
    "rules/organisations.py",
    "rules/region.py",
    "rules/relative_names.py",
    "rules/scattered_numbers.py",
    "rules/signatures.py",
    "rules/word_patterns.py",
    "rulebook/linking.yaml",
    "rulebook/masking.yaml",
    "rulebook/names.yaml",
    "rulebook/organisation_names.yaml",
)
"""Code and data that decide on masks (a test holds this list against the imports): when one of them
changes, all masks are made again."""
KEPT = b"masks, closed spans"
"""What is kept under a key; another text here makes all of it again."""
RULES_HEX = 16
"""Every key begins with so many characters that name the masking rules."""
_SETTLED = (DocumentState.TO_ASSIGN, DocumentState.FILED, DocumentState.QUARANTINED)


@dataclass(frozen=True, slots=True)
class Stored:
    """What a page's row holds of its masks."""

    key: str
    packed: bytes


def text_of(
    context: Context, viewer: Viewer, clear: str, known: KnownValues | None, stored: Stored
) -> MaskedText:
    """A page's text as this viewer may read it: by the stored masks where they are true."""
    if viewer.sees(Field.PAGES) or stored.key != key_of(context, clear, known):
        return personal.text(viewer, clear, known)
    return _apply(clear, _unpack(stored.packed))


def closed_of(
    context: Context, clear: str, known: KnownValues | None, stored: Stored
) -> Sequence[Span] | None:
    """What :func:`dossier.rules.masking.closed_spans` gives, as far as it was made ahead.

    Args:
        context: the wired product.
        clear: the page's text.
        known: what the register knows of the paper's customer.
        stored: the page's closed spans with the key of its masks.

    Returns:
        Spans of the text's normal form; None when those that are kept are not true any more.
    """
    if not stored.key.startswith(_rules()) or stored.key != key_of(context, clear, known):
        return None
    return _unpack(stored.packed)


def key_of(context: Context, clear: str, known: KnownValues | None) -> str:
    """Names rules, knowledge and text; keyed, so that nobody can try values against it."""
    key = _base(context.keyring.hash_key, known or masking.NOTHING_KNOWN).copy()
    key.update(clear.encode("utf-8", "surrogatepass"))
    return _rules() + key.hexdigest()


@lru_cache(maxsize=KEPT_BASES)
def _base(secret: bytes, known: KnownValues) -> hashlib.blake2b:
    parts = [known.names, known.numbers, known.addresses, known.open_numbers]
    return hashlib.blake2b(orjson.dumps(parts) + b"\n", digest_size=KEY_BYTES, key=secret)


def _rules() -> str:
    """A digest of everything that decides on masks: the rules' code, their data, own places."""
    return _digest(region.digest())


@cache
def _digest(own_places: str) -> str:
    package = resources.files("dossier")
    digest = hashlib.sha256(KEPT)
    for name in MASKING_FILES:
        digest.update((package / name).read_bytes())
    digest.update(own_places.encode())
    return digest.hexdigest()[:RULES_HEX]


def _apply(clear: str, spans: Sequence[Span]) -> MaskedText:
    pieces: list[str] = []
    done = 0
    for start, end in spans:
        pieces += clear[done:start], MASK * (end - start)
        done = end
    return MaskedText("".join((*pieces, clear[done:])), tuple(spans))


def _pack(spans: Sequence[Span]) -> bytes:
    numbers = array("I", [edge for span in spans for edge in span])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _unpack(packed: bytes) -> list[Span]:
    numbers = array("I", packed)
    if sys.byteorder == "big":
        numbers.byteswap()
    edges = iter(numbers)
    return list(zip(edges, edges, strict=True))


# -- making them ahead --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Due:
    id: str
    customer_no: str
    mark: int
    """The document's ``masks_due`` as it was read; a change meanwhile has raised it."""


def make_due(context: Context) -> int:
    """Make the masks of some papers whose text or customer changed; returns how many papers."""
    with context.reading(MASKING) as session:
        rows = session.execute(_DUE.limit(DOCUMENTS_TOGETHER)).all()
        if not rows:
            return 0
        due = [_Due(row.id, row.customer_no or "", row.masks_due) for row in rows]
        known = known_of_all(context, session, {paper.customer_no for paper in due} - {""})
    made: list[dict[str, Any]] = []
    for page in _made(context, due, known):
        made.append(page)
        if len(made) >= PAGES_TOGETHER:
            _write(context, made)
            made = []
    _write(context, made, done=due)
    return len(due)


def _made(
    context: Context, due: Sequence[_Due], known: Mapping[str, KnownValues]
) -> Iterator[dict[str, Any]]:
    """The pages whose masks are not those of today, with the new ones."""
    owners = {paper.id: known.get(paper.customer_no) for paper in due}
    for document_id, number, text, key_before in _pages(context, list(owners)):
        key = key_of(context, text, owners[document_id])
        if key != key_before:
            owner = owners[document_id] or masking.NOTHING_KNOWN
            yield {
                "document_id": document_id,
                "number": number,
                "masks": _pack(masking.mask_text(text, owner).spans),
                "closed": _pack(masking.closed_spans(fold(text), owner)),
                "masks_key": key,
            }


def _pages(context: Context, document_ids: Sequence[str]) -> Iterator[Any]:
    """Paper, number, text and key of pages, some at a time, without a session held between."""
    place = tuple_(Page.document_id, Page.number)
    last = ("", 0)
    query = _PAGES.where(Page.document_id.in_(document_ids))
    while True:
        with context.reading(MASKING) as session:
            pages = session.execute(query.where(place > last)).all()
        yield from pages
        if len(pages) < PAGES_TOGETHER:
            return
        last = (pages[-1].document_id, pages[-1].number)


def _write(context: Context, pages: Sequence[dict[str, Any]], *, done: Sequence[_Due] = ()) -> None:
    if not pages and not done:
        return
    with context.writing(MASKING) as session:
        if pages:
            session.execute(update(Page), list(pages))
        for paper in done:
            session.execute(
                update(Document)
                .where(Document.id == paper.id, Document.masks_due == paper.mark)
                .values(masks_due=0)
                .execution_options(synchronize_session=False)
            )


def call_all_due_if_rules_changed(context: Context) -> bool:
    """After an upgrade: masks by other rules are never believed, so all papers become due.

    The newest paper tells for all, because the newest are made first; and what is due stays due
    over a crash.
    """
    with context.reading(MASKING) as session:
        key = session.scalar(_NEWEST_KEY)
    if key is None or key.startswith(_rules()):
        return False
    with context.writing(MASKING) as session:
        session.execute(
            update(Document)
            .where(Document.masks_due == 0)
            .values(masks_due=1)
            .execution_options(synchronize_session=False)
        )
    return True


def call_due(session: ScopedSession, document_ids: Iterable[str]) -> None:
    """Say that these papers' masks are to be made ahead again; in the caller's transaction."""
    ids = list(document_ids)
    if not ids:
        return
    session.execute(
        update(Document)
        .where(Document.id.in_(ids))
        .values(masks_due=Document.masks_due + 1)
        .execution_options(synchronize_session=False)
    )


_PAGES = (
    select(Page.document_id, Page.number, Page.text, Page.masks_key)
    .order_by(Page.document_id, Page.number)
    .limit(PAGES_TOGETHER)
)
_NEWEST_KEY = (
    select(Page.masks_key)
    .join(Document, Document.id == Page.document_id)
    .where(Document.masks_due == 0, Page.masks_key != "")
    .order_by(Document.id.desc())
    .limit(1)
)
_DUE = (
    select(Document.id, Document.customer_no, Document.masks_due)
    .where(Document.masks_due > 0, Document.state.in_(_SETTLED))
    .order_by(Document.id.desc())
)
"""The newest first: they are asked for soonest."""
