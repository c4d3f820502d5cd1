"""Every place where a plugin may take part. Built-in features use the same hooks.

A plugin is a module or object with functions of these names, marked by :data:`hookimpl`; strangers'
are found by the entry point group ``dossier.plugins``. Hooks are called one by one: a plugin that
raises is named, reported and left out, and the others go on (architecture.md, Plugins).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pluggy

from dossier.records import DocumentText, FieldValue, LinkCandidate
from dossier.viewer import Permission, Viewer

if TYPE_CHECKING:
    from fastapi import APIRouter
    from pydantic import BaseModel

    from dossier.db.session import ScopedSession
    from dossier.ports import OcrEngine, TextExtractor
    from dossier.services.context import Context

PROJECT = "dossier"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step found; all optional. The core writes it with the step's own commit."""

    fields: tuple[FieldValue, ...] = ()
    type_code: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step that every document goes through after it was read.

    ``run`` is called in the worker process, without a transaction open. When it raises, the
    document is quarantined with the plugin's name and the rest goes on.
    """

    name: str
    run: Callable[[DocumentText], StepResult]
    order: int = 100


@dataclass(frozen=True, slots=True)
class Linker:
    """Finds whose paper a document is. ``find`` may be called several times for one document."""

    name: str
    find: Callable[[DocumentText], Sequence[LinkCandidate]]


@dataclass(frozen=True, slots=True)
class Panel:
    """A section on a customer's or document's page.

    ``render`` gives plain values (never HTML); the door escapes and lays them out:
    ``rows`` of label and value; ``href`` of ours, where the title leads as a button.
    """

    name: str
    title_zh: str
    title_en: str
    rows: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class ListLink:
    """Something that can be done with a list of hits, as a link above it.

    Attributes:
        title_zh: what the link says.
        title_en: the same in English.
        href: an address of this site, usually of a route of the plugin's own.
        download: the answer is a file.
    """

    title_zh: str
    title_en: str
    href: str
    download: bool = False


@dataclass(frozen=True, slots=True)
class EnvironmentCheck:
    """One line of ``dossier doctor``; a ``warning`` works, but its remedy is advised."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True)
class IndexField:
    """A field that a plugin adds to the index; its name is prefixed with the plugin's.

    Attributes:
        facet: may be counted and filtered by.
        values: of a record's plain columns; ``attributes`` has a customer's attributes by name.
        of_dossiers: only customers' own rows have it: it counts dossiers, and a filter by it holds
            for all of a customer's papers. A change of it writes one row, not all papers' rows.
        labels: what values are called, in Chinese and English; others are shown as they are.
    """

    name: str
    kind: str
    label_zh: str
    label_en: str
    facet: bool = False
    values: Callable[[Mapping[str, Any]], Sequence[str]] | None = None
    of_dossiers: bool = False
    labels: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link in the head of every page, for those who hold the permission.

    ``icon`` is a name of ``ui/templates/parts/icons.html``; ``in_menu`` puts the link under the
    user's name instead, among what is one's own. ``only`` leaves it out for further viewers, to
    whom the page would have nothing to say. ``count`` tells how many things wait there; it is asked
    for on every page and must be one quick look.
    """

    href: str
    icon: str
    title_zh: str
    title_en: str
    permission: Permission
    in_menu: bool = False
    only: Callable[[Viewer], bool] | None = None
    count: Callable[[Context, Viewer], int] | None = None

    def is_for(self, viewer: Viewer) -> bool:
        """Whether this viewer gets the link."""
        return viewer.may(self.permission) and (self.only is None or self.only(viewer))


@dataclass(frozen=True, slots=True)
class RouteSet:
    """Routes of a plugin for a door; ``links`` of pages stand in the head of every page."""

    router: APIRouter
    prefix: str = ""
    tags: tuple[str, ...] = field(default=())
    links: tuple[PageLink, ...] = ()


@dataclass(frozen=True, slots=True)
class Duty:
    """Something that one worker does for all until ``stop`` is set.

    ``run`` is called in a thread of its own, in the one worker that holds the duty's lock; when it
    raises, it begins anew a second later. It must wait by ``stop.wait``.

    Attributes:
        name: a stable code.
        run: does it.
        is_behind: whether changes wait for it that may alter what the index shows; a command that
            brings its own workers ends them when nothing is behind. None: nothing ever.
    """

    name: str
    run: Callable[[threading.Event], None]
    is_behind: Callable[[ScopedSession], bool] | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """Something that a person may hold in a feature, and how it goes to a successor (S3-10).

    Both functions work in the caller's transaction; when one raises, nothing of the staff change is
    done. Without ``hand_over`` it belongs to a post and not to a person: a queue that several work
    on. Then somebody else must hold ``permission`` as far as the leaver did.

    Attributes:
        name: a stable code.
        title_zh: what it is, in the report.
        title_en: the same in English.
        count: how many the user of this id has open now.
        permission: what who takes over must be allowed; None: nothing special.
        beside: a second permission that the work needs of the same person.
        hand_over: gives all of a user's to another, or ends it where there is None; how many.
        needs_successor: it cannot simply end.
        is_personal: kept when the person only goes to another post.
    """

    name: str
    title_zh: str
    title_en: str
    count: Callable[[ScopedSession, str], int]
    permission: Permission | None = None
    beside: Permission | None = None
    hand_over: Callable[[ScopedSession, str, str | None, datetime], int] | None = None
    needs_successor: bool = True
    is_personal: bool = False


class Hooks:
    """The hook specifications."""

    @hookspec(firstresult=True)
    def settings_model(self) -> type[BaseModel] | None:
        """The plugin's settings, a pydantic model with ``extra="forbid"``. At start."""

    @hookspec
    def check_environment(self) -> Sequence[EnvironmentCheck]:  # type: ignore[empty-body]
        """What the plugin needs and whether it is there. At start and in ``dossier doctor``."""

    @hookspec
    def own_rules(self) -> Mapping[str, Callable[[str, str], object]]:  # type: ignore[empty-body]
        """Rule files that an archive may add in ``DOSSIER_HOME/rulebook/``: name → what reads one.

        The reader is given the text and what messages call the file, and raises
        ``ConfigurationError`` where it is wrong: that stops the start. In every process.
        """

    @hookspec
    def ocr_engines(self) -> Mapping[str, Callable[[], OcrEngine]]:  # type: ignore[empty-body]
        """OCR engines by name; the factory is called in the reading child and must be picklable."""

    @hookspec
    def text_extractors(self) -> Sequence[Callable[[], TextExtractor]]:  # type: ignore[empty-body]
        """Factories of extractors, called in the reading child; must be picklable."""

    @hookspec
    def steps(self) -> Sequence[Step]:  # type: ignore[empty-body]
        """Steps for every document. At start, in each worker."""

    @hookspec
    def linkers(self) -> Sequence[Linker]:  # type: ignore[empty-body]
        """Linkers, asked beside the built-in ones. At start, in each worker."""

    @hookspec
    def index_fields(self) -> Sequence[IndexField]:  # type: ignore[empty-body]
        """Fields for the index. At start, in every process."""

    @hookspec
    def api_routes(self) -> Sequence[RouteSet]:  # type: ignore[empty-body]
        """Routes under ``/api/v1``; each must declare ``requires``. At start of the web process."""

    @hookspec
    def pages(self) -> Sequence[RouteSet]:  # type: ignore[empty-body]
        """HTML routes; each must declare ``requires``. At start of the web process."""

    @hookspec
    def duties(self, context: Context) -> Sequence[Duty]:  # type: ignore[empty-body]
        """What goes on in the background, in one worker at a time. At start, in each worker."""

    @hookspec
    def holdings(self, context: Context) -> Sequence[Holding]:  # type: ignore[empty-body]
        """What somebody may hold here, and how it is handed over. When a staff change is made.

        One that raises stops the staff change: nothing may be left behind unseen.
        """

    @hookspec
    def customer_panels(  # type: ignore[empty-body]
        self, viewer: Viewer, customer_no: str, context: Context
    ) -> Sequence[Panel]:
        """Panels for a customer's page. In a request; must not be slow."""

    @hookspec
    def customer_parts(  # type: ignore[empty-body]
        self, viewer: Viewer, customer_no: str, context: Context
    ) -> Mapping[str, Any]:
        """Parts of a customer's record in the API by their names: plain values, or models.

        Only what ``searchapi.schemas.CustomerRecord`` names is given. In a request; must not be
        slow.
        """

    @hookspec
    def document_panels(  # type: ignore[empty-body]
        self, viewer: Viewer, document_id: str, context: Context
    ) -> Sequence[Panel]:
        """Panels for a document's page. In a request; must not be slow."""

    @hookspec
    def list_links(self, viewer: Viewer, asked: str) -> Sequence[ListLink]:  # type: ignore[empty-body]
        """What this viewer may do with a list of hits. In a request; must not be slow.

        ``asked`` is the list's own query string (``q=…&filter.station=7``), without a page.
        """
