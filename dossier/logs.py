"""Logs: one line an event, ``name=value`` fields; never document text, names or paths of people."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
NOISY = ("ocrmypdf", "pikepdf", "fontTools", "PIL", "fpdf", "rapidocr", "watchdog", "alembic")
"""Libraries that quote documents or file names in their messages."""

PLACES = 5


class FieldFormatter(logging.Formatter):
    """Adds the fields given by ``extra=`` to the line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = {key: value for key, value in vars(record).items() if key not in STANDARD}
        line = super().format(record)
        return f"{line} {_pairs(fields)}" if fields else line


def _pairs(fields: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in sorted(fields.items()))


def configure(level: str) -> None:
    """Log to standard error at ``level``; libraries that quote documents only from errors on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FieldFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.getLogger("uvicorn").setLevel(max(logging.WARNING, logging.getLogger().level))


def place_of(error: BaseException) -> str:
    """Type of an error and the places that it came through, innermost first; never its message."""
    frames = traceback.extract_tb(error.__traceback__)[-PLACES:]
    places = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))
    return f"{type(error).__name__} at {places}"
