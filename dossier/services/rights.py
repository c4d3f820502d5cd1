"""What may this person do, and why: each action with the grant and the line of the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from dossier import access
from dossier.clock import local_date
from dossier.db import grants
from dossier.db.grants import HeldRole
from dossier.db.session import ScopedSession
from dossier.db.tables import User
from dossier.rules.role_matrix import Cell, Condition, Matrix, Way
from dossier.rules.role_words import Action, Role, Words
from dossier.services import role_grants
from dossier.services.context import Context
from dossier.services.role_grants import Names, midnight
from dossier.viewer import Permission, Viewer

YES, ON_REQUEST, BY_CLICK, NOT_HERE = "yes", "on_request", "by_click", "not_here"
"""What a ground comes to; ``not_here``: the rule asks for another kind of grant."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Why somebody may do something, or nearly.

    Attributes:
        verdict: ``yes``, ``by_click``, ``on_request`` or ``not_here``.
        said_zh: scope and conditions of the rule in words.
        kind: what the grant names (:class:`dossier.rules.role_matrix.Held`).
        part: the name of that.
        holder: account of whose grant it is, where it was lent.
        until: when it ends; None while no end is known.
    """

    verdict: str
    said_zh: str
    said_en: str
    role: Role
    kind: str
    part: str
    holder: str
    until: datetime | None
    cell: Cell


@dataclass(frozen=True, slots=True)
class RightsLine:
    """One action with what speaks for it; nothing speaks for it: no."""

    action: Action
    grounds: tuple[Ground, ...]

    @property
    def verdict(self) -> str:
        """The best of the grounds, or ``no``."""
        found = {one.verdict for one in self.grounds}
        return next((one for one in (YES, BY_CLICK, ON_REQUEST) if one in found), "no")


@dataclass(frozen=True, slots=True)
class Rights:
    """All actions for one person at one moment.

    Attributes:
        matrix: the one in force; None: nobody may anything.
        is_disabled: the account does not come in, whatever its roles.
    """

    user: str
    at: datetime
    is_disabled: bool
    matrix: Matrix | None
    lines: tuple[RightsLine, ...]


def explain(context: Context, viewer: Viewer, user: str) -> Rights:
    """What a user may do now, action by action.

    Raises:
        ForbiddenError: it is somebody else, and the viewer may not see others' rights.
        NotFoundError: no such user.
    """
    now = context.clock.now()
    matrix = context.roles.on(local_date(now))
    with context.reading(viewer) as session:
        account = role_grants.person(session, viewer, user)
        held = grants.held_by(session, account.id, at=now)
        teller = _Teller(session, context.roles.words, matrix, held)
        lines = tuple(
            RightsLine(action, tuple(teller.grounds(action, held, now)))
            for action in context.roles.words.actions.values()
        )
        return Rights(account.name, now, account.disabled, matrix, lines)


def people(context: Context, viewer: Viewer) -> tuple[str, ...]:
    """Accounts whose rights the viewer may see, by name.

    Raises:
        ForbiddenError: the viewer may not see others' rights.
    """
    access.demand(viewer, Permission.SEE_RIGHTS)
    with context.reading(viewer) as session:
        return tuple(session.scalars(select(User.name).order_by(User.name)))


def said(words: Words, way: Way) -> tuple[str, str]:
    """A way in Chinese and English."""
    codes = [way.scope.value, *sorted(one.value for one in way.conditions)]
    each = [words.of_cells[code] for code in codes]
    return " · ".join(one.zh for one in each), " · ".join(one.en for one in each)


class _Teller:
    """Finds the grounds, with what the grants' places and holders are called."""

    def __init__(
        self,
        session: ScopedSession,
        words: Words,
        matrix: Matrix | None,
        held: Sequence[HeldRole],
    ) -> None:
        self._words = words
        self._matrix = matrix
        self._matrix_until = matrix.until if matrix else None
        self._names = Names(session, [(one.kind, one.key) for one in held])
        self._holders = role_grants.account_names(
            session, {one.delegated_by for one in held if one.delegated_by}
        )

    def grounds(self, action: Action, held: Sequence[HeldRole], now: datetime) -> Iterator[Ground]:
        """What the grants give for an action, in the order of the grants."""
        for one in held:
            cell = (
                self._matrix.cell(one.role, action.code, local_date(now)) if self._matrix else None
            )
            if cell is not None:
                yield self._ground(one, cell)

    def _ground(self, held: HeldRole, cell: Cell) -> Ground:
        counting = [way for way in cell.ways if way.counts_for(held.kind)]
        told = [said(self._words, way) for way in counting or cell.ways]
        return Ground(
            verdict=_verdict(counting),
            said_zh="；".join(zh for zh, _ in told),
            said_en="; ".join(en for _, en in told),
            role=self._words.roles[held.role],
            kind=held.kind.value,
            part=self._names.of(held.kind, held.key),
            holder=self._holders.get(held.delegated_by, ""),
            until=_first(held.until, cell.until, self._matrix_until),
            cell=cell,
        )


def _first(grant: datetime | None, *days: date | None) -> datetime | None:
    """The first of the ends of grant, entry and matrix; None while none is known."""
    ends = [grant, *(midnight(day) for day in days if day is not None)]
    return min((one for one in ends if one is not None), default=None)


def _verdict(ways: Sequence[Way]) -> str:
    opening = [way for way in ways if way.opens]
    if any(Condition.CLICK not in way.conditions for way in opening):
        return YES
    if opening:
        return BY_CLICK
    if any(Condition.APPROVAL in way.conditions for way in ways):
        return ON_REQUEST
    return NOT_HERE
