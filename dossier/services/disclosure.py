"""Masked values shown on click with a reason: of one customer, to one user, for some minutes.

A look that is made while something is open goes through :func:`looking`, after the scope was
checked. It never reaches the search: the index treats the viewer as one who sees masked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, update

from dossier import access
from dossier.db.disclosure_tables import Disclosure
from dossier.db.session import ScopedSession
from dossier.errors import InvalidInputError
from dossier.rules.disclosure import Reason, disclosure_rules
from dossier.services import audit
from dossier.services.context import Context
from dossier.services.heads import customer_in_scope
from dossier.viewer import Field, Opening, Permission, Viewer, system_viewer

ASKED, ENDED = "disclosure.asked", "disclosure.ended"
CLERK = system_viewer("disclosure")
"""Writes down that a time is over; nobody has to be there for it."""
MOST_ENDED = 200
"""Ends written down in one turn."""


def looking(
    context: Context, session: ScopedSession, viewer: Viewer, customer_no: str | None
) -> Viewer:
    """The viewer for a look at this customer: with what is open to it, if anything is.

    Asked at each request, so an end, a role taken away or the time itself counts from the next one.
    """
    if customer_no is None or viewer.sees_clear or not viewer.may(Permission.REVEAL):
        return viewer
    found = _open_of(session, viewer.id, customer_no, context.clock.now())
    return replace(viewer, opening=_opening(found[-1])) if found else viewer


def _open_of(
    session: ScopedSession, user_id: str, customer_no: str, now: datetime
) -> list[Disclosure]:
    query = select(Disclosure).where(
        Disclosure.user_id == user_id,
        Disclosure.customer_no == customer_no,
        Disclosure.ended_at.is_(None),
        Disclosure.until > now,
    )
    return list(session.scalars(query.order_by(Disclosure.asked_at)))


def _opening(row: Disclosure) -> Opening:
    fields = frozenset(Field(each) for each in row.fields)
    return Opening(row.id, row.customer_no, fields, row.until, row.purpose)


def show(
    context: Context,
    viewer: Viewer,
    customer_no: str,
    *,
    fields: Iterable[str],
    reason: str,
    note: str = "",
) -> Opening:
    """Open values of a customer to this viewer; what was open of it to the viewer before ends.

    Args:
        context: the wired product.
        viewer: who asks.
        customer_no: of whom.
        fields: values of :class:`~dossier.viewer.Field`.
        reason: a code of rulebook/disclosure.yaml.
        note: free text; demanded for some reasons.

    Raises:
        ForbiddenError: the role may not.
        NotFoundError: no such customer in the viewer's scope.
        InvalidInputError: no field, an unknown one, or no reason as the rule demands it.
    """
    viewer = access.demand(viewer, Permission.REVEAL)
    chosen, why = _fields(fields), _reason(reason)
    purpose = _purpose(why, " ".join(note.split()))
    with context.writing(viewer) as session:
        customer_in_scope(session, customer_no)
        now = context.clock.now()
        _end(session, viewer, _open_of(session, viewer.id, customer_no, now), now, by="asked_again")
        row = Disclosure(
            user_id=viewer.id,
            customer_no=customer_no,
            fields=sorted(chosen),
            purpose=purpose,
            reason=why.code,
            asked_at=now,
            until=now + timedelta(minutes=minutes(context)),
        )
        session.add(row)
        session.flush()
        facts = {"disclosure": row.id, "fields": row.fields, "reason": why.code}
        asker = replace(viewer, purpose=purpose)
        _note(session, asker, ASKED, customer_no, now, {**facts, "until": row.until.isoformat()})
        return _opening(row)


def minutes(context: Context) -> float:
    """How long values stay open: by the setting, else by the rule."""
    return context.settings.disclosure_minutes or disclosure_rules().minutes


def _fields(given: Iterable[str]) -> frozenset[Field]:
    wanted = set(given)
    unknown = wanted - set(Field)
    if unknown or not wanted:
        raise InvalidInputError(
            f"Choose what to show: {', '.join(Field)}", detail_zh="请选择要显示的内容"
        )
    return frozenset(Field(each) for each in wanted)


def _reason(code: str) -> Reason:
    found = disclosure_rules().reasons.get(code)
    if found is None:
        raise InvalidInputError(
            f"Choose a reason: {', '.join(disclosure_rules().reasons)}", detail_zh="请选择显示原因"
        )
    return found


def _purpose(reason: Reason, note: str) -> str:
    most = disclosure_rules().note_characters
    if len(note) > most:
        raise InvalidInputError(
            f"The note has {most} characters at most", detail_zh=f"说明不超过 {most} 个字"
        )
    if reason.needs_note and not note:
        raise InvalidInputError("Say what it is for", detail_zh="请填写说明")
    return f"{reason.zh}：{note}" if note else reason.zh


def end(context: Context, viewer: Viewer, customer_no: str) -> bool:
    """End at once what is open of this customer to this viewer; False when nothing was.

    Raises:
        NotFoundError: no such customer in the viewer's scope.
    """
    with context.writing(viewer) as session:
        customer_in_scope(session, customer_no)
        now = context.clock.now()
        return _end(
            session, viewer, _open_of(session, viewer.id, customer_no, now), now, by="click"
        )


def end_of_user(context: Context, session: ScopedSession, viewer: Viewer, user_id: str) -> None:
    """End all that is open to a user, because somebody took the right or the account away.

    In the transaction that does so; ``viewer`` is who does.
    """
    now = context.clock.now()
    query = select(Disclosure).where(
        Disclosure.user_id == user_id, Disclosure.ended_at.is_(None), Disclosure.until > now
    )
    _end(session, viewer, list(session.scalars(query)), now, by="right_taken")


def note_ended(context: Context) -> int:
    """Write down those whose time is over; returns how many. A duty of a worker calls it."""
    with context.reading(CLERK) as session:
        over = session.scalars(_over(context)).first()
    if over is None:
        return 0
    with context.writing(CLERK) as session:
        rows = list(session.scalars(_over(context)))
        _end(session, CLERK, rows, context.clock.now(), by="time")
    return len(rows)


def _over(context: Context) -> Select[Any]:
    return (
        select(Disclosure)
        .where(Disclosure.ended_at.is_(None), Disclosure.until <= context.clock.now())
        .order_by(Disclosure.until)
        .limit(MOST_ENDED)
    )


def _end(
    session: ScopedSession, viewer: Viewer, rows: Collection[Disclosure], now: datetime, *, by: str
) -> bool:
    """Mark and note them; of two who end one at once, the second does nothing."""
    for row in rows:
        mark = update(Disclosure).where(Disclosure.id == row.id, Disclosure.ended_at.is_(None))
        if session.execute(mark.values(ended_at=now)).rowcount:  # type: ignore[attr-defined]
            facts = {"disclosure": row.id, "by": by, "user": row.user_id}
            _note(session, viewer, ENDED, row.customer_no, now, facts)
    return bool(rows)


def _note(
    session: ScopedSession,
    viewer: Viewer,
    action: str,
    customer_no: str,
    at: datetime,
    facts: Mapping[str, Any],
) -> None:
    audit.note(
        session,
        viewer,
        action,
        at=at,
        object_kind="customer",
        object_id=customer_no,
        facts=facts,
    )
