"""What a browser calls itself, in two words that its owner knows."""

from __future__ import annotations

from typing import Final

BROWSERS: Final = (
    ("Edg", "Edge"),
    ("MicroMessenger", "微信"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS: Final = (
    ("HarmonyOS", "HarmonyOS"),
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
"""The more special first: most names stand in each other's."""
LONGEST = 60


def in_words(device: str) -> str:
    """Browser and system; what is none of the known ones is shown as it is, shortened.

    Example:
        >>> in_words("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0")
        'Firefox · Windows'
    """
    found = [
        next((word for mark, word in marks if mark in device), "") for marks in (BROWSERS, SYSTEMS)
    ]
    return " · ".join(word for word in found if word) or device[:LONGEST]
