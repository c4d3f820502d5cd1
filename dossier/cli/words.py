"""Codes and file names as words in a terminal: both languages, no character that moves the text."""

from __future__ import annotations

from datetime import datetime

from dossier.clock import SHANGHAI


def in_both(kind: str, code: str) -> str:
    """A code in both languages, as the pages say it."""
    from ui.locales import in_words

    return f"{in_words(kind, code, 'zh_CN')} / {in_words(kind, code, 'en')}"


def moment(at: datetime | None) -> str:
    """An instant in Shanghai, to the minute; a dash for none."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if at else "–"


def printable(name: str) -> str:
    """A file name on one line: line breaks, control characters and writing marks as escapes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
