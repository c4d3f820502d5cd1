"""What a person holds in the core, and how it goes to a successor; features add theirs by a hook.

Nothing of who did something in the past changes: whoever received, assigned or settled stays named.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update

from dossier.db.organisation_tables import StaffChange
from dossier.db.session import ScopedSession
from dossier.db.tables import Document, Intake, KeptSearch
from dossier.hookspecs import Holding
from dossier.records import DocumentState, IntakeOutcome
from dossier.services.context import Context
from dossier.services.kept_searches import RECENT, SAVED
from dossier.viewer import Permission

UNFINISHED = (DocumentState.RECEIVED, DocumentState.READING, DocumentState.QUARANTINED)
OPEN_FILES = (
    IntakeOutcome.QUEUED,
    IntakeOutcome.RUNNING,
    IntakeOutcome.QUARANTINED,
    IntakeOutcome.FAILED,
)


def all_holdings(context: Context) -> tuple[Holding, ...]:
    """The core's, then the features'.

    Raises:
        UnavailableError: a feature cannot say what it has.
    """
    return (*CORE, *context.plugins.holdings(context))


# -- files that somebody brought in ---------------------------------------------------------------


def _files(user_id: str) -> ColumnElement[bool]:
    """Still under way, or set aside and waiting for somebody who looks after them."""
    unfinished = exists().where(Document.id == Intake.document_id, Document.state.in_(UNFINISHED))
    under_way = or_(and_(Intake.document_id.is_(None), Intake.outcome.in_(OPEN_FILES)), unfinished)
    return and_(func.coalesce(Intake.handed_to, Intake.received_by) == user_id, under_way)


def _count_files(session: ScopedSession, user_id: str) -> int:
    return session.scalar(select(func.count(Intake.id)).where(_files(user_id))) or 0


def _hand_over_files(session: ScopedSession, user_id: str, to: str | None, _at: datetime) -> int:
    done: Any = session.execute(
        update(Intake)
        .where(_files(user_id))
        .values(handed_to=to)
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)


# -- searches -------------------------------------------------------------------------------------


def _count_saved(session: ScopedSession, user_id: str) -> int:
    return _count_searches(session, user_id, SAVED)


def _count_recent(session: ScopedSession, user_id: str) -> int:
    return _count_searches(session, user_id, RECENT)


def _count_searches(session: ScopedSession, user_id: str, kind: str) -> int:
    query = select(func.count(KeptSearch.id)).where(
        KeptSearch.user_id == user_id, KeptSearch.kind == kind
    )
    return session.scalar(query) or 0


def _hand_over_saved(session: ScopedSession, user_id: str, to: str | None, _at: datetime) -> int:
    rows = list(session.scalars(_searches(user_id, SAVED)))
    own = {row.key for row in session.scalars(_searches(to or "", SAVED))}
    for row in rows:
        if to is None or row.key in own:
            session.delete(row)  # the successor keeps the same search under a name of the own
        else:
            row.user_id = to
    return len(rows)


def _searches(user_id: str, kind: str) -> Any:
    return select(KeptSearch).where(KeptSearch.user_id == user_id, KeptSearch.kind == kind)


def _forget_recent(session: ScopedSession, user_id: str, _to: str | None, _at: datetime) -> int:
    done: Any = session.execute(
        delete(KeptSearch)
        .where(KeptSearch.user_id == user_id, KeptSearch.kind == RECENT)
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)


# -- what belongs to a post -----------------------------------------------------------------------


def _count_to_assign(session: ScopedSession, _user_id: str) -> int:
    query = select(func.count(Document.id)).where(Document.state == DocumentState.TO_ASSIGN)
    return session.scalar(query) or 0


def _count_accounts(session: ScopedSession, user_id: str) -> int:
    """Staff changes that are planned; and the accounts themselves always need somebody."""
    query = select(func.count(StaffChange.id)).where(
        StaffChange.state == "planned", StaffChange.user_id != user_id
    )
    return 1 + (session.scalar(query) or 0)


CORE = (
    Holding(
        "files",
        "收进来仍在处理或被搁置的文件",
        "Files brought in that are under way or set aside",
        _count_files,
        permission=Permission.UPLOAD,
        hand_over=_hand_over_files,
    ),
    Holding(
        "saved_searches",
        "已保存的检索",
        "Saved searches",
        _count_saved,
        permission=Permission.SEARCH,
        hand_over=_hand_over_saved,
        needs_successor=False,
        is_personal=True,
    ),
    Holding(
        "recent_searches",
        "最近检索（删除）",
        "Last searches (deleted)",
        _count_recent,
        hand_over=_forget_recent,
        needs_successor=False,
        is_personal=True,
    ),
    Holding(
        "to_assign",
        "待归户的资料",
        "Papers to be assigned",
        _count_to_assign,
        permission=Permission.ASSIGN,
        beside=Permission.SEE_POOL,
    ),
    Holding(
        "accounts",
        "账号与人员变动的管理",
        "Accounts and staff changes to look after",
        _count_accounts,
        permission=Permission.MANAGE_USERS,
    ),
)
