"""Time comes in as an argument: UTC in storage, Asia/Shanghai in rules and on screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock that a test moves by hand."""

    instant: datetime

    def now(self) -> datetime:
        """The instant that was set."""
        return self.instant

    def advance(self, by: timedelta) -> None:
        """Move forward by ``by``."""
        self.instant += by


def local_date(instant: datetime) -> date:
    """The calendar day in Shanghai of an aware instant."""
    return instant.astimezone(SHANGHAI).date()
