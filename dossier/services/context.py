"""What the use cases work with: the wired parts, made once by :mod:`dossier.bootstrap`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dossier.clock import Clock
from dossier.db import Database, session_for
from dossier.db.session import ScopedSession
from dossier.ports import FileStore, MalwareScanner
from dossier.rules.role_matrix import Matrices
from dossier.services.keys import Keyring
from dossier.services.pace import Pace
from dossier.services.recorder import ReadRecorder
from dossier.settings import Settings
from dossier.viewer import Viewer

if TYPE_CHECKING:
    from dossier.search.port import SearchIndex
    from dossier.services.plugin_registry import PluginRegistry
    from dossier.services.readers import Readers


@dataclass(frozen=True)
class Context:
    """The wired product.

    Attributes:
        settings: as read at start.
        clock: the present.
        database: reader and writer engines.
        store: originals and renditions.
        index: the search index (reading side; the writer is claimed by a worker).
        keyring: keyed hashes and encryption of personal numbers.
        plugins: registered features.
        readers: inspector, renderer, extractors, OCR, each in a killable child.
        roles: the role matrices; the one in force on a day decides.
        scanner: looks for malware in what comes in; None when none is set.
        recorder: writes the read records, several in one commit.
        search_pace: how long searches took that found nothing.
        suggestion_pace: how long lists of suggestions took that are empty.
    """

    settings: Settings
    clock: Clock
    database: Database
    store: FileStore
    index: SearchIndex
    keyring: Keyring
    plugins: PluginRegistry
    readers: Readers
    roles: Matrices = field(default_factory=Matrices)
    scanner: MalwareScanner | None = None
    recorder: ReadRecorder = field(init=False)
    search_pace: Pace = field(default_factory=Pace)
    suggestion_pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        """Give the read records their writer."""
        object.__setattr__(self, "recorder", ReadRecorder(self.database))

    def reading(self, viewer: Viewer) -> AbstractContextManager[ScopedSession]:
        """A read-only session within the viewer's scope."""
        return session_for(self.database, viewer)

    @contextmanager
    def writing(self, viewer: Viewer, *, durable: bool = True) -> Iterator[ScopedSession]:
        """A writing session within the viewer's scope; commits at the end of the block.

        With ``durable=False`` the commit does not wait for the disk (see ``session_for``).
        """
        with session_for(self.database, viewer, write=True, durable=durable) as session:
            yield session
