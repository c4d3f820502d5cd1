"""A room's air and building: readings against the limits, and what is known of the room (S0-23)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from dossier.access import demand
from dossier.db.session import ScopedSession
from dossier.db.shelving_tables import RoomReading
from dossier.errors import InvalidInputError
from dossier.plugins.shelving import rooms
from dossier.rules import shelving
from dossier.rules.shelving import Climate
from dossier.services import audit
from dossier.services.account_names import account_names
from dossier.services.context import Context
from dossier.viewer import Permission, Viewer

NOTED = "room.noted"
SHOWN = 30
LONGEST_NOTE, LONGEST_PROFILE = 200, 200
CHANGE_HOURS = 24
LATE, COLD, WARM, DRY, DAMP, SWINGS = "late", "cold", "warm", "dry", "damp", "swings"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the instruments showed, with what is not as it should be, as codes."""

    at: datetime
    temperature_c: float
    humidity_percent: float
    by: str
    note: str
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoomAir:
    """The last readings of a room, the newest first."""

    readings: tuple[Reading, ...]
    is_late: bool
    limits: Climate


def note_reading(
    context: Context,
    viewer: Viewer,
    room_code: str,
    *,
    temperature_c: float,
    humidity_percent: float,
    note: str = "",
    measured_at: datetime | None = None,
) -> None:
    """Put a reading down; it cannot be changed, a later one corrects it.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
        NotFoundError: no such room.
        InvalidInputError: no instrument shows that, it lies ahead, or too long a note.
    """
    viewer = demand(viewer, Permission.SHELVE)
    now = context.clock.now()
    measured_at = measured_at or now
    note = " ".join(note.split())
    _check(temperature_c, humidity_percent)
    if measured_at > now or len(note) > LONGEST_NOTE:
        raise InvalidInputError(
            "A reading is of now or before, its note short",
            detail_zh="读数时间不能晚于现在，说明不超过 200 字",
        )
    with context.writing(viewer) as session:
        room = rooms.room_of(session, room_code)
        session.add(
            RoomReading(
                room_code=room.code,
                measured_at=measured_at,
                temperature_c=temperature_c,
                humidity_percent=humidity_percent,
                noted_at=now,
                noted_by=viewer.id,
                note=note,
            )
        )
        audit.note(session, viewer, NOTED, at=now, object_kind="room", object_id=room.code)


def describe(context: Context, viewer: Viewer, room_code: str, profile: Mapping[str, str]) -> None:
    """Write what is known of a room; items that are not named stay.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
        NotFoundError: no such room.
        InvalidInputError: an unknown item, or too long a text.
    """
    viewer = demand(viewer, Permission.SHELVE)
    known = shelving.load().profile
    said = {code: " ".join(text.split()) for code, text in profile.items()}
    if not said.keys() <= known.keys() or any(len(t) > LONGEST_PROFILE for t in said.values()):
        raise InvalidInputError(
            "Unknown item, or too long a text", detail_zh="项目不存在，或内容超过 200 字"
        )
    now = context.clock.now()
    with context.writing(viewer) as session:
        room = rooms.room_of(session, room_code)
        room.profile = {**room.profile, **said}
        room.revision += 1
        facts = {"items": sorted(said)}
        audit.note(
            session, viewer, NOTED, at=now, object_kind="room", object_id=room.code, facts=facts
        )


def air(context: Context, viewer: Viewer, room_code: str) -> RoomAir:
    """The last readings of a room.

    Raises:
        ForbiddenError: the role has nothing to do with shelves.
        NotFoundError: no such room.
    """
    viewer = demand(viewer, Permission.SHELVE)
    with context.reading(viewer) as session:
        return air_of(context, session, rooms.room_of(session, room_code).code)


def air_of(context: Context, session: ScopedSession, room_code: str) -> RoomAir:
    """The same, for a room that is known."""
    limits = shelving.load().climate
    rows = session.scalars(
        select(RoomReading)
        .where(RoomReading.room_code == room_code)
        .order_by(RoomReading.measured_at.desc(), RoomReading.id.desc())
        .limit(SHOWN)
    ).all()
    names = account_names(session, {row.noted_by for row in rows})
    readings = tuple(
        Reading(
            row.measured_at,
            row.temperature_c,
            row.humidity_percent,
            names.get(row.noted_by, row.noted_by),
            row.note,
            tuple(_wrong(row, [one for one in rows if _is_before(one, row)], limits)),
        )
        for row in rows
    )
    last = rows[0].measured_at if rows else None
    since = context.clock.now() - timedelta(hours=limits.every_hours)
    return RoomAir(readings, last is None or last < since, limits)


def _is_before(one: RoomReading, other: RoomReading) -> bool:
    day = timedelta(hours=CHANGE_HOURS)
    return one.measured_at < other.measured_at <= one.measured_at + day


def _wrong(row: RoomReading, day: list[RoomReading], limits: Climate) -> list[str]:
    (cold, warm), (dry, damp) = limits.temperature_c, limits.humidity_percent
    found = {
        COLD: row.temperature_c < cold,
        WARM: row.temperature_c > warm,
        DRY: row.humidity_percent < dry,
        DAMP: row.humidity_percent > damp,
        SWINGS: any(
            abs(one.temperature_c - row.temperature_c) > limits.temperature_change_c
            or abs(one.humidity_percent - row.humidity_percent) > limits.humidity_change_percent
            for one in day
        ),
    }
    return [code for code, is_so in found.items() if is_so]


def _check(temperature_c: float, humidity_percent: float) -> None:
    bounds = shelving.load().instruments
    shown = {"temperature_c": temperature_c, "humidity_percent": humidity_percent}
    for name, value in shown.items():
        low, high = bounds[name]
        if not low <= value <= high:  # False for NaN as well
            raise InvalidInputError(
                f"{name}: instruments show {low:g} to {high:g}",
                detail_zh="读数不合理，请核对温度和湿度",
            )
