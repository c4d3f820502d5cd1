"""Walking the chain: names each row, seal and checkpoint that is not as it was sealed.

Rows and seals are two ascending streams that are merged, so that an archive of any size is checked
in little memory. What is not sealed yet is counted apart and never called sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import InstrumentedAttribute

from dossier.db.session import ScopedSession
from dossier.db.settled import handed_out_to, ids_have_no_holes
from dossier.db.tables import AuditEvent, AuditSeal
from dossier.rules import rulebook
from dossier.services import audit_checkpoints, audit_keys, audit_seals
from dossier.services.audit_checkpoints import Checkpoint
from dossier.services.audit_keys import PublicKeys
from dossier.services.audit_seals import COLUMNS, NOTHING_BEFORE, Statement
from dossier.services.context import Context
from dossier.viewer import Viewer

RULES = "audit"
ROWS_AT_ONCE = 5000
SEALS_AT_ONCE = 200
UNREADABLE = (ValueError, TypeError, AttributeError, SQLAlchemyError)
"""What a column raises that holds what our program never wrote."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was sealed.

    Attributes:
        kind: ``row_changed``, ``row_removed``, ``row_inserted``, ``seal_changed``,
            ``seal_removed``, ``seal_unsigned`` (no valid signature), ``key_unknown``,
            ``checkpoint_forged``, ``checkpoint_differs``, ``removed_unsealed`` (before a seal named
            it), ``counter_moved`` (the database's numbering went on by more than could be written),
            ``head_missing`` (this home has sealed, and its note of the newest seal is gone, so that
            nothing here tells whether rows and seals are missing at the end).
        first: id of the row, or number of the seal.
        last: the same, or the end of a run.
        source: file name of the checkpoint.
    """

    kind: str
    first: int
    last: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of walking the seals.

    Attributes:
        seals: seals that were walked.
        sealed: rows that the seals name.
        unsealed: rows after the last seal. Nothing vouches for them yet.
        unsealed_since: instant of the oldest of these.
        late: that one is older than a running worker would leave it.
        holes: ids missing after the last seal where this proves nothing (PostgreSQL: a write that
            was taken back uses an id up).
        checkpoints: signed copies that were compared.
        broken: findings; empty when all is as it was sealed.
    """

    seals: int
    sealed: int
    unsealed: int
    unsealed_since: datetime | None
    late: bool
    holes: int
    checkpoints: int
    broken: tuple[Finding, ...]


def verify(
    context: Context,
    viewer: Viewer,
    *,
    checkpoints: Sequence[Checkpoint] = (),
    keys: PublicKeys | None = None,
) -> Verification:
    """Walk all seals and rows, and compare with the signed copies.

    Args:
        context: the archive.
        viewer: on whose behalf; whoever runs commands, as a rule.
        checkpoints: copies that were kept elsewhere; this home's own is always compared.
        keys: trusted public keys; None takes this home's.

    Raises:
        ConfigurationError: the file of public keys is unreadable.
        InvalidInputError: this home's own copy is unreadable.
    """
    trusted = audit_keys.trusted_keys(context.settings.home) if keys is None else keys
    copies = [*audit_checkpoints.head(context), *checkpoints]
    with context.reading(viewer) as session:
        no_holes = ids_have_no_holes(context.database)
        walk = _Walk(session, trusted, copies, has_no_holes=no_holes)
        findings = list(_merged(_rows(session), walk))
        findings += walk.after_the_end()
        tail = _tail(context, session, walk)
    findings += tail.found
    if _lacks_head(context, walk, tail):
        findings.append(Finding("head_missing", walk.number, walk.number, audit_checkpoints.HEAD))
    return Verification(
        seals=walk.number,
        sealed=walk.total,
        unsealed=tail.count,
        unsealed_since=tail.since,
        late=tail.late,
        holes=tail.holes,
        checkpoints=len(copies),
        broken=(*walk.findings, *findings),
    )


def _lacks_head(context: Context, walk: _Walk, tail: _Tail) -> bool:
    """Whether the note of the newest seal is gone.

    A sealer that was killed around its very first seal leaves a key and no note yet: that is told
    once a running one would have written it.
    """
    if not audit_checkpoints.lacks_head(context):
        return False
    if walk.number == 0 or walk.last_at is None:
        return tail.count == 0
    return walk.number > 1 or context.clock.now() - walk.last_at > _late_after()


def _late_after() -> timedelta:
    return timedelta(seconds=float(rulebook.load(RULES)["late_after_seconds"]))


# -- the seals ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Expected:
    """A row as a seal names it; ``digest`` None: of ids up to this one the seal is gone."""

    id: int
    digest: bytes | None


class _Walk:
    """One pass over the seals; what it found is complete once ``entries`` is used up."""

    def __init__(
        self,
        session: ScopedSession,
        trusted: PublicKeys,
        copies: Sequence[Checkpoint],
        *,
        has_no_holes: bool,
    ) -> None:
        self._session = session
        self._trusted = trusted
        self._copies = {(one.statement.number, one.source): one for one in copies}
        self._has_no_holes = has_no_holes
        self._unknown: set[str] = set()
        self._before: Statement | None = None
        self.last_at: datetime | None = None
        """Instant of the seal before; what lies between two seals was written between them."""
        self.findings: list[Finding] = []
        self.number = self.total = self.reached = 0

    def entries(self) -> Iterator[_Expected]:
        """What the rows must be, ascending."""
        end = self._session.scalar(select(func.max(AuditSeal.id))) or 0
        is_whole = True
        for number, seal in _seals(self._session, end):
            if number - self.number > 1:
                self._blame("seal_removed", self.number + 1, number - 1)
                is_whole = False
            self.number = number
            said = _said(seal)
            if said is None or seal is None:
                self._blame("seal_changed", number)
                is_whole = False
                continue
            if not is_whole:
                self._before = None
                self.reached = max(self.reached, said.first_event - 1)
                yield _Expected(self.reached, None)
                is_whole = True
            yield from self._rows_of(seal)
            self._check(seal, said)
            self.last_at = seal.sealed_at

    def _rows_of(self, seal: AuditSeal) -> Iterator[_Expected]:
        most = _most_between(self.last_at, seal.sealed_at)
        for event_id, digested in audit_seals.unpack(seal.rows):
            if event_id <= self.reached:
                continue
            hole = _hole(self.reached, event_id, most, proves_removal=self._has_no_holes)
            self.findings += [hole] if hole else []
            self.reached = event_id
            self.total += 1
            yield _Expected(event_id, digested)

    def _check(self, seal: AuditSeal, said: Statement) -> None:
        found = len(self.findings)
        if said.hash != seal.hash or not _fits(seal, said) or not self._is_linked(said):
            self._blame("seal_changed", said.number)
        unsigned = Finding("seal_unsigned", said.number, said.number)
        self._check_signature(said, seal.signature, unsigned)
        for number, source in list(self._copies):
            if number == said.number:
                self._compare(self._copies.pop((number, source)), said)
        # A seal that follows a changed one is not blamed for the other's hash.
        self._before = said if len(self.findings) == found else None

    def _is_linked(self, said: Statement) -> bool:
        if said.number == 1:
            return (said.previous, said.total) == (NOTHING_BEFORE, said.count)
        before = self._before
        if before is None:
            return True
        return (said.previous, said.total) == (before.hash, before.total + said.count)

    def _check_signature(self, said: Statement, signature: Any, otherwise: Finding) -> None:
        key = self._trusted.get(said.key_id)
        if key is None:
            if said.key_id not in self._unknown:
                self._unknown.add(said.key_id)
                self._blame("key_unknown", said.number, source=otherwise.source)
        elif not isinstance(signature, bytes) or not audit_keys.is_signed(
            said.to_sign, signature, key
        ):
            self.findings.append(otherwise)

    def _compare(self, copy: Checkpoint, said: Statement) -> None:
        number = said.number
        forged = Finding("checkpoint_forged", number, number, copy.source)
        before = len(self.findings)
        self._check_signature(copy.statement, copy.signature, forged)
        if len(self.findings) == before and copy.statement != said:
            self._blame("checkpoint_differs", number, source=copy.source)

    def after_the_end(self) -> list[Finding]:
        """Seals that a signed copy knows and the archive does not: the end was cut off."""
        found: list[Finding] = []
        for copy in self._copies.values():
            number, before = copy.statement.number, len(self.findings)
            forged = Finding("checkpoint_forged", number, number, copy.source)
            self._check_signature(copy.statement, copy.signature, forged)
            if len(self.findings) == before:
                first = min(self.number + 1, number)
                found.append(Finding("seal_removed", first, number, copy.source))
        return found

    def _blame(self, kind: str, first: int, last: int | None = None, *, source: str = "") -> None:
        self.findings.append(Finding(kind, first, first if last is None else last, source))


def _seals(session: ScopedSession, end: int) -> Iterator[tuple[int, AuditSeal | None]]:
    """All seals by number; None for one whose columns cannot be read."""
    after: int | None = None
    while True:
        query = select(AuditSeal.id).where(_behind(AuditSeal.id, after), AuditSeal.id <= end)
        numbers = session.scalars(query.order_by(AuditSeal.id).limit(SEALS_AT_ONCE)).all()
        if not numbers:
            return
        found = _readable_seals(session, numbers)
        for number in numbers:
            yield number, found.get(number)
        session.expunge_all()
        after = numbers[-1]


def _readable_seals(session: ScopedSession, numbers: Sequence[int]) -> dict[int, AuditSeal]:
    query = select(AuditSeal).where(AuditSeal.id.in_(numbers))
    try:
        return {seal.id: seal for seal in session.scalars(query)}
    except UNREADABLE:
        if len(numbers) == 1:
            return {}
    return {k: v for one in numbers for k, v in _readable_seals(session, [one]).items()}


def _said(seal: AuditSeal | None) -> Statement | None:
    try:
        return None if seal is None else audit_seals.statement_of(seal)
    except UNREADABLE:
        return None


def _fits(seal: AuditSeal, said: Statement) -> bool:
    """Whether the numbers of a seal are those of the rows it names."""
    ids = [event_id for event_id, _ in audit_seals.unpack(seal.rows)]
    ascending = all(one < other for one, other in pairwise(ids))
    return (
        bool(ids)
        and ascending
        and (ids[0], ids[-1], len(ids))
        == (
            said.first_event,
            said.last_event,
            said.count,
        )
    )


# -- the rows -----------------------------------------------------------------------------------


def _rows(session: ScopedSession) -> Iterator[tuple[int, bytes | None]]:
    """All rows, ascending, with their digests now; None for one that is not as we write them."""
    after: int | None = None
    while True:
        following = _behind(AuditEvent.id, after)
        query = select(*COLUMNS).where(following).order_by(AuditEvent.id).limit(ROWS_AT_ONCE)
        found: list[tuple[int, bytes | None]]
        try:
            found = [(row.id, audit_seals.digest(row)) for row in session.execute(query)]
        except UNREADABLE:
            ids = select(AuditEvent.id).where(following).order_by(AuditEvent.id)
            listed = session.scalars(ids.limit(ROWS_AT_ONCE)).all()
            found = [(one, _digest(session, one)) for one in listed]
        if not found:
            return
        yield from found
        after = found[-1][0]


def _behind(column: InstrumentedAttribute[int], after: int | None) -> ColumnElement[bool]:
    """Greater ids; None: all. How low a column goes is the database's: a row may lie there too."""
    return true() if after is None else column > after


def _digest(session: ScopedSession, event_id: int) -> bytes | None:
    try:
        row = session.execute(select(*COLUMNS).where(AuditEvent.id == event_id)).one()
        return audit_seals.digest(row)
    except UNREADABLE:
        return None


def _merged(rows: Iterator[tuple[int, bytes | None]], walk: _Walk) -> Iterator[Finding]:
    """Rows against what the seals say of them."""
    row = next(rows, None)
    for one in walk.entries():
        while row is not None and (row[0] < one.id or (one.digest is None and row[0] == one.id)):
            if one.digest is not None:
                yield Finding("row_inserted", row[0], row[0])
            row = next(rows, None)
        if one.digest is None:
            continue
        if row is None or row[0] != one.id:
            yield Finding("row_removed", one.id, one.id)
            continue
        if row[1] != one.digest:
            yield Finding("row_changed", one.id, one.id)
        row = next(rows, None)
    while row is not None and row[0] <= walk.reached:
        yield Finding("row_inserted", row[0], row[0])
        row = next(rows, None)


# -- what is not sealed yet ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tail:
    count: int
    since: datetime | None
    late: bool
    holes: int
    found: tuple[Finding, ...]


def _tail(context: Context, session: ScopedSession, walk: _Walk) -> _Tail:
    reached, now = walk.reached, context.clock.now()
    after = select(AuditEvent.id).where(AuditEvent.id > reached)
    ids = session.scalars(after.order_by(AuditEvent.id)).all()
    handed_out = handed_out_to(session)
    forged: list[int] = []
    no_holes = ids_have_no_holes(context.database)
    if not no_holes and handed_out >= reached:  # a sequence knows nothing of a number put in
        forged = [one for one in ids if one > handed_out]
        ids = ids[: len(ids) - len(forged)]
    last = max([reached, *ids])
    since = _oldest(session, reached, last)
    late = bool(ids) and (since is None or now - since > _late_after())
    found = [Finding("row_inserted", one, one) for one in forged]
    holes, most = 0, _most_between(walk.last_at, now)
    for before, following in _gaps(reached, ids, handed_out):
        hole = _hole(before, following, most, proves_removal=no_holes, at_end=following > last)
        found += [hole] if hole else []
        holes += 0 if hole else following - before - 1
    return _Tail(len(ids), since, late, holes, tuple(found))


def _oldest(session: ScopedSession, reached: int, last: int) -> datetime | None:
    query = select(func.min(AuditEvent.at)).where(AuditEvent.id > reached, AuditEvent.id <= last)
    try:
        return session.scalar(query)
    except UNREADABLE:
        return None


def _gaps(reached: int, ids: Sequence[int], end: int) -> Iterable[tuple[int, int]]:
    """Pairs of numbers between which some are missing; the end counts as one."""
    for before, following in pairwise([reached, *ids, max(end, *ids, reached) + 1]):
        if following - before > 1:
            yield before, following


# -- missing numbers ----------------------------------------------------------------------------


def _most_between(since: datetime | None, until: datetime) -> int:
    """How many rows this program could write at most between two instants."""
    rules = rulebook.load(RULES)
    seconds = max(0.0, (until - since).total_seconds()) if since else 0.0
    return int(rules["most_rows_at_once"] + seconds * rules["most_rows_a_second"])


def _hole(
    before: int, following: int, most: int, *, proves_removal: bool, at_end: bool = False
) -> Finding | None:
    """What missing numbers between two rows tell; None for nothing, or where none is missing.

    Of more numbers than rows could be written in that time nobody removed the rows: the one behind
    them was put in with a number of its own, or the counter was moved on.

    Args:
        before: the last number that is there.
        following: the next one.
        most: rows that could be written in that time.
        proves_removal: a number that is missing had a row.
        at_end: ``following`` is no row, but where the counter stands.
    """
    first, last = before + 1, following - 1
    if last < first:
        return None
    if following - first > most:
        return (
            Finding("counter_moved", first, last)
            if at_end
            else Finding("row_inserted", following, following)
        )
    return Finding("removed_unsealed", first, last) if proves_removal else None
