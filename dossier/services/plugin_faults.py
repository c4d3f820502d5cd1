"""What plugins failed at lately, kept for ``dossier doctor``, which is another process.

One small file for each plugin and hook beside the archive; a later failure takes its place. It is
shown while it is fresh and the plugin has the version that failed: a mended one starts clean.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

FRESH_SECONDS = 24 * 3600.0
"""A failure of an older day either came again since, or is over."""
NOTE_AGAIN_SECONDS = 60.0
"""A panel that fails in each request is written down once a minute by each process."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PluginFault:
    """A plugin that failed, where, and the kind of error (not its text: it may hold data).

    Attributes:
        plugin: its name at the entry point.
        hook: what was asked of it.
        error: the exception's class.
        version: of its distribution; empty for a built-in one.
    """

    plugin: str
    hook: str
    error: str
    version: str = ""


class FaultFolder:
    """The kept faults of an archive."""

    def __init__(self, folder: Path) -> None:
        """Keep them in ``folder``, which is made when there is something to keep."""
        self._folder = folder
        self._noted: dict[PluginFault, float] = {}

    def note(self, fault: PluginFault) -> None:
        """Keep it; where that is not possible the log has it."""
        now = time.monotonic()
        if now - self._noted.get(fault, -NOTE_AGAIN_SECONDS) < NOTE_AGAIN_SECONDS:
            return
        self._noted[fault] = now
        name = hashlib.sha256(f"{fault.plugin}\0{fault.hook}".encode()).hexdigest()[:32]
        draft = self._folder / f"{name}.{os.getpid()}.tmp"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(orjson.dumps(asdict(fault)))
            draft.replace(self._folder / f"{name}.json")
        except OSError as err:
            log.warning("a plugin's failure cannot be kept", extra={"why": err.strerror})

    def fresh(self) -> Iterator[PluginFault]:
        """Those of the last day."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                if time.time() - path.stat().st_mtime < FRESH_SECONDS:
                    yield PluginFault(**orjson.loads(path.read_bytes()))
            except (OSError, ValueError, TypeError) as err:
                fields = {"error": type(err).__name__}
                log.warning("a kept failure of a plugin cannot be read", extra=fields)
