"""CloudEvents 1.0 as they come over HTTP: one, a batch, or one in headers (binary mode).

The package ``cloudevents`` (2.2, Apache-2.0) was looked at and left: it has no batches, and gives
an event without id or time a fresh one, so that a repeated event would be a new one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import unquote

import orjson
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from dossier.clock import SHANGHAI
from dossier.errors import InvalidInputError
from dossier.rules.dates import parse_date

SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PLAIN = "application/json"
PREFIX = "ce-"
MOST_EVENTS = 500
"""Of one batch; each is folded in one transaction with the others."""
LARGEST_BYTES = 4 * 1024 * 1024
FIRST_YEAR, LAST_YEAR = 1900, 2199
"""As for papers (:mod:`dossier.rules.dates`)."""
_FACT = re.compile(r"[a-z_]{1,40}")
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]


def _sensible(at: datetime) -> datetime:
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError("a year that no event has")
    return at


class Event(BaseModel):
    """An event; what the specification does not name are its extensions."""

    model_config = ConfigDict(extra="allow")
    specversion: Literal["1.0"]
    id: Text
    source: Text
    type: Text
    time: Annotated[AwareDatetime, AfterValidator(_sensible)] | None = None
    subject: Text | None = None
    datacontenttype: Text | None = None
    data: Any = None

    @property
    def content(self) -> bytes:
        """All that it says, in one form whatever way it came: for telling repeated ones apart."""
        said = self.model_dump(mode="json", exclude_none=True, exclude={"datacontenttype"})
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)

    @property
    def digest(self) -> str:
        """Of its content."""
        return hashlib.sha256(self.content).hexdigest()


def read(body: bytes, headers: Mapping[str, str]) -> list[Event]:
    """The events of a request.

    Args:
        body: as it came.
        headers: names in small letters.

    Raises:
        InvalidInputError: says which event and what is wrong with it; nothing was taken.
    """
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    in_headers = {
        name.removeprefix(PREFIX): unquote(value)
        for name, value in headers.items()
        if name.startswith(PREFIX)
    }
    if in_headers and media not in (SINGLE, BATCH):
        data = {"data": _json(body)} if body else {}
        return [_event({**in_headers, "datacontenttype": media or PLAIN, **data}, 0)]
    if media not in (SINGLE, BATCH, PLAIN):
        raise InvalidInputError(
            f"Send {SINGLE}, {BATCH} or {PLAIN}",
            detail_zh=f"请以 {SINGLE}、{BATCH} 或 {PLAIN} 格式发送",
        )
    found = _json(body)
    many = found if isinstance(found, list) else [found]
    if isinstance(found, list) is (media == SINGLE) and media != PLAIN:
        raise InvalidInputError(
            f"{SINGLE} is one event, {BATCH} a list of them",
            detail_zh=f"{SINGLE} 为单个事件，{BATCH} 为事件列表",
        )
    if len(many) > MOST_EVENTS:
        raise InvalidInputError(
            f"A batch holds {MOST_EVENTS} events at most",
            detail_zh=f"每批最多 {MOST_EVENTS} 个事件",
        )
    return [_event(one, at) for at, one in enumerate(many)]


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as err:
        raise InvalidInputError("This is not JSON", detail_zh="内容不是有效的 JSON") from err


def _event(found: Any, at: int) -> Event:
    if isinstance(found, dict) and "data_base64" in found:
        found = {**found, "data": _decoded(found["data_base64"], at)}
        del found["data_base64"]
    try:
        return Event.model_validate(found)
    except ValidationError as err:
        places = ", ".join(
            ".".join(str(part) for part in one["loc"]) or "event" for one in err.errors()
        )
        raise _wrong(at, places) from err


def _decoded(value: Any, at: int) -> Any:
    try:
        return orjson.loads(base64.b64decode(str(value), validate=True))
    except (binascii.Error, ValueError) as err:  # orjson's error is a ValueError
        raise _wrong(at, "data_base64") from err


def _wrong(at: int, places: str) -> InvalidInputError:
    return InvalidInputError(
        f"Event {at + 1}: check {places}; nothing of this request was taken",
        detail_zh=f"第 {at + 1} 个事件有误：{places}；本次请求未接收任何事件",
    )


def instant(value: Any) -> datetime | None:
    """An instant of an event's data: ISO with a zone, or without one, or a day, in Shanghai.

    Raises:
        ValueError: it is none.
    """
    if value in (None, ""):
        return None
    text = str(value).strip()
    day = parse_date(text) if len(text) <= len("2026-01-01") else None
    if day is not None:
        return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    found = datetime.fromisoformat(text)
    return _sensible(found if found.tzinfo else found.replace(tzinfo=SHANGHAI))


def scalars(value: Any) -> dict[str, bool | float]:
    """The facts of an event's data that are true, false or a number."""
    if not isinstance(value, Mapping):
        return {}
    return {
        name: one
        for name, one in value.items()
        if isinstance(one, bool | int | float) and _FACT.fullmatch(name)
    }


def names_of(events: Sequence[Event]) -> list[tuple[str, str]]:
    """Source and id of each: an event's name in the whole world."""
    return [(one.source, one.id) for one in events]
