"""A person's word on what was read on a paper: it wins over every reading, and can be taken back.

A word settles one field as a whole: its values, or that there is none. It outlives reading,
recognising and indexing the paper anew, whatever type the paper gets. It is kept as a labelled
example: what had been read, how sure, where, and whether it is right (``dossier learn``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from dossier.access import demand, demand_at
from dossier.db.correction_tables import FieldCorrection
from dossier.db.session import ScopedSession
from dossier.db.tables import Document, DocumentField, Page, User
from dossier.errors import ConflictError, InvalidInputError, NotFoundError, NotPossibleError
from dossier.records import DocumentState
from dossier.rules import identifiers
from dossier.services import audit, filing, reading, sealed_fields
from dossier.services.context import Context
from dossier.viewer import Permission, Place, Viewer
from dossier.work import queue

CORRECTED, TAKEN_BACK = "document.field_corrected", "document.field_word_taken_back"
TYPE = "type"
DATES = frozenset({"doc_date", "valid_until"})
SEEN = frozenset({"signature", "seal", "handwriting"})
"""Fields that are there or not."""
PRESENT, ABSENT = "present", "absent"
NUMBERS = frozenset({"customer_no", "meter_no", "id_no", "uscc", "phone", "bank_account"})
"""Fields that are kept without what parts their digits."""
NAMES = (
    "doc_date", "valid_until", "name", "customer_no", "meter_no", "case_no", "contract_no", "id_no",
    "uscc", "phone", "address", "bank_account", "capacity", "signature", "seal", "seal_text",
    "handwriting", "ticked", "copy_note",
)  # fmt: skip
"""What may be said of any paper; of a paper on which something else was read, that too."""
ONE_ONLY = DATES
MOST_VALUES = 20
LONGEST = 400
_MASK = re.compile(r"[*＊●•]")


@dataclass(frozen=True, slots=True)
class RightValue:
    """A value as it is; ``page`` 0 and no box where nobody says where it stands."""

    value: str
    page: int = 0
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A standing word of a person, without its values: those are among the paper's fields."""

    name: str
    none: bool
    made_at: datetime
    made_by: str


def correct(
    context: Context,
    viewer: Viewer,
    document_id: str,
    name: str,
    values: Sequence[RightValue],
    *,
    revision: int,
) -> int:
    """Say what a field of a paper is; no values: there is none. Gives the new revision.

    Raises:
        ForbiddenError: the role may not correct, or not read this paper.
        NotFoundError: no such document in the viewer's scope.
        InvalidInputError: no such field, or no value of its kind.
        ConflictError: the document changed since ``revision``.
    """
    viewer = demand(viewer, Permission.ASSIGN)
    now = context.clock.now()
    with context.writing(viewer) as session:
        document = _locked(session, viewer, document_id, revision)
        rows = _rows(session, document_id, name)
        if name not in NAMES and not rows:
            raise InvalidInputError("No such field", detail_zh="没有此项目")
        right = _checked(name, values, document.page_count)
        before = _standing(session, document_id, name)
        read = _read(context, session, rows, right) if before is None else before.read
        if before is not None:
            before.ended_at, before.ended_by = now, viewer.id
            session.flush()
        word = FieldCorrection(
            document_id=document_id,
            name=name,
            read=[{**one} for one in read],
            none=not right,
            made_at=now,
            made_by=viewer.id,
        )
        session.add(word)
        session.flush()
        _write(context, session, document, word, right)
        filing.touch(session, document, at=now)
        facts = {"fields": [name], "count": len(right)}
        _note(session, viewer, CORRECTED, document, now, facts)
        session.flush()
        return document.revision


def take_back(
    context: Context, viewer: Viewer, document_id: str, name: str, *, revision: int
) -> int:
    """End a word: what is read on the paper counts again, once it was recognised anew.

    Raises:
        ForbiddenError: the role may not correct, or not read this paper.
        NotFoundError: no such document in the viewer's scope, or no word on this field.
        ConflictError: the document changed since ``revision``.
    """
    viewer = demand(viewer, Permission.ASSIGN)
    now = context.clock.now()
    with context.writing(viewer) as session:
        document = _locked(session, viewer, document_id, revision)
        word = _standing(session, document_id, name)
        if word is None:
            raise NotFoundError("Nobody corrected this field", detail_zh="此项目没有更正")
        word.ended_at, word.ended_by = now, viewer.id
        _drop(session, document_id, name)
        if name == "doc_date":
            document.doc_date = None
        if name == "case_no":
            document.case_no = None
        filing.touch(session, document, at=now)
        _note(session, viewer, TAKEN_BACK, document, now, {"fields": [name]})
        queue.requeue(session, [reading.recognise_task(document_id)], now=now)
        session.flush()
        return document.revision


def of_document(context: Context, viewer: Viewer, document_id: str) -> tuple[Word, ...]:
    """Words that stand, by the names of their fields.

    Raises:
        ForbiddenError: the role may not correct, or not read this paper.
        NotFoundError: no such document in the viewer's scope.
    """
    viewer = demand(viewer, Permission.ASSIGN)
    with context.reading(viewer) as session:
        query = (
            select(FieldCorrection, User.name)
            .outerjoin(User, User.id == FieldCorrection.made_by)
            .where(FieldCorrection.document_id == document_id, FieldCorrection.ended_at.is_(None))
        )
        return tuple(
            Word(row.name, row.none, row.made_at, who or row.made_by)
            for row, who in session.execute(query.order_by(FieldCorrection.name))
        )


def note_type(
    session: ScopedSession,
    viewer: Viewer,
    document: Document,
    type_code: str | None,
    *,
    at: datetime,
) -> None:
    """Keep that a person said what a paper is, or that nobody knows; in the caller's transaction.

    Which type had been set and how sure that was is worked out anew from the page by who learns.
    """
    before = _standing(session, document.id, TYPE)
    if before is not None:
        before.ended_at, before.ended_by = at, viewer.id
        session.flush()
    was = document.type_code
    read = before.read if before is not None else [{"type": was, "right": was == type_code}]
    session.add(
        FieldCorrection(
            document_id=document.id,
            name=TYPE,
            read=[{**one, "right": one["type"] == type_code} for one in read],
            none=type_code is None,
            made_at=at,
            made_by=viewer.id,
        )
    )
    session.flush()


# -- parts --------------------------------------------------------------------------------------


def _locked(session: ScopedSession, viewer: Viewer, document_id: str, revision: int) -> Document:
    document = filing.lock(session, document_id)
    if document is None:
        raise NotFoundError("no such document", detail_zh="没有此文件")
    demand_at(viewer, Permission.READ_CONTENT, Place.of_document(document))
    if document.state == DocumentState.CUT:
        raise NotPossibleError(
            "It is a stack that was cut; its papers are corrected one by one",
            detail_zh="这是已拆分的一叠文件，请逐份更正",
        )
    if document.revision != revision:
        raise ConflictError("the document changed meanwhile; look again and repeat")
    return document


def _checked(name: str, values: Sequence[RightValue], page_count: int) -> list[RightValue]:
    found: dict[str, RightValue] = {}
    for one in values:
        value = _value(name, one.value)
        if value:
            box = one.box if 1 <= one.page <= page_count else None
            page = one.page if 1 <= one.page <= page_count else 0
            found.setdefault(value, RightValue(value, page, box))
    if len(found) > (1 if name in ONE_ONLY else MOST_VALUES):
        raise InvalidInputError("Too many values", detail_zh="填写的值过多")
    return list(found.values())


def _value(name: str, typed: str) -> str:
    """In the form in which it is kept; a value that its viewer sees masked is none."""
    text = " ".join(typed.split())
    if _MASK.search(text):
        raise InvalidInputError(
            "A masked value cannot be kept; type it whole",
            detail_zh="不能保存被遮蔽的值，请完整填写",
        )
    if len(text) > LONGEST:
        raise InvalidInputError(f"{LONGEST} characters at most", detail_zh=f"不超过 {LONGEST} 个字")
    if name in DATES and text:
        return _day(text)
    if name in SEEN and text and text not in (PRESENT, ABSENT):
        raise InvalidInputError("present or absent", detail_zh="请选择有或无")
    return identifiers.compact(text).upper() if name in NUMBERS else text


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as err:
        raise InvalidInputError(
            f"'{text}' is no day; write 2026-12-31",
            detail_zh=f"“{text}”不是日期，请按 2026-12-31 的格式填写",
        ) from err


def _rows(session: ScopedSession, document_id: str, name: str) -> list[DocumentField]:
    query = select(DocumentField).where(
        DocumentField.document_id == document_id, DocumentField.name == name
    )
    return list(session.scalars(query.order_by(DocumentField.id)))


def _standing(session: ScopedSession, document_id: str, name: str) -> FieldCorrection | None:
    query = select(FieldCorrection).where(
        FieldCorrection.document_id == document_id,
        FieldCorrection.name == name,
        FieldCorrection.ended_at.is_(None),
    )
    return session.scalars(query).first()


def _read(
    context: Context,
    session: ScopedSession,
    rows: Iterable[DocumentField],
    right: Sequence[RightValue],
) -> list[dict[str, Any]]:
    """What had been read, by its place, and whether it is right."""
    values = {one.value for one in right}
    return [
        {
            "page": row.page,
            "box": row.box,
            "confidence": row.confidence,
            "reader": _reader(session, row),
            "right": sealed_fields.clear(context.keyring, row) in values,
        }
        for row in rows
    ]


def _reader(session: ScopedSession, row: DocumentField) -> str:
    """What read the page."""
    query = select(Page.engine).where(Page.document_id == row.document_id, Page.number == row.page)
    return session.scalar(query) or ""


def _drop(session: ScopedSession, document_id: str, name: str) -> None:
    for row in _rows(session, document_id, name):
        session.delete(row)
    session.flush()


def _write(
    context: Context,
    session: ScopedSession,
    document: Document,
    word: FieldCorrection,
    right: Sequence[RightValue],
) -> None:
    """The right values in place of those that were read; the paper's own day and case with them."""
    _drop(session, document.id, word.name)
    session.add_all(
        DocumentField(
            document_id=document.id,
            name=word.name,
            page=one.page,
            box=list(one.box) if one.box else None,
            confidence=1.0,
            correction_id=word.id,
            **sealed_fields.columns(context.keyring, word.name, one.value),
        )
        for one in right
    )
    first = right[0].value if right else None
    if word.name == "doc_date":
        document.doc_date = date.fromisoformat(first) if first else None
    if word.name == "case_no":
        document.case_no = first[:40] if first else None


def _note(
    session: ScopedSession,
    viewer: Viewer,
    action: str,
    document: Document,
    at: datetime,
    facts: dict[str, Any],
) -> None:
    """Names of fields and never their values: those may be personal."""
    audit.note(
        session, viewer, action, at=at, object_kind="document", object_id=document.id, facts=facts
    )
