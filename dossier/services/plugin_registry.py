"""Plugins: found, checked, called one by one; one that raises is named and left out.

pluggy's own multi-call throws all results away when one implementation raises, and ignores a
misspelt hook (architecture.md, Plugins); so hooks are called one plugin at a time here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pluggy

from dossier import hookspecs
from dossier.errors import ConfigurationError, UnavailableError
from dossier.hookspecs import (
    Duty,
    EnvironmentCheck,
    Holding,
    IndexField,
    Linker,
    ListLink,
    PageLink,
    Panel,
    RouteSet,
    Step,
)
from dossier.search.port import DOSSIER_FACETS
from dossier.services.plugin_faults import FaultFolder, PluginFault
from dossier.viewer import Viewer

if TYPE_CHECKING:
    from dossier.services.context import Context

ENTRY_POINTS = "dossier.plugins"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one plugin gave for a hook."""

    plugin: str
    value: Any


class PluginRegistry:
    """The registered plugins of this process."""

    def __init__(
        self,
        builtin: Iterable[tuple[str, Any]],
        *,
        off: Iterable[str] = (),
        fault_folder: FaultFolder | None = None,
    ) -> None:
        """Register built-in plugins, then strangers' from the entry points.

        Args:
            builtin: names and modules of ours.
            off: names of plugins that take no part.
            fault_folder: where failures are kept for other processes; None keeps them here only.

        Raises:
            ConfigurationError: a built-in plugin has a hook that does not exist.
        """
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs.Hooks)
        self._off = frozenset(off)
        self._distributions: dict[str, metadata.Distribution] = {}
        self._fault_folder = fault_folder
        self.faults: list[PluginFault] = []
        for name, plugin in builtin:
            self._register(name, plugin)
        for entry in metadata.entry_points(group=ENTRY_POINTS):
            self._register_foreign(entry)

    @property
    def names(self) -> list[str]:
        """Names of the plugins that take part."""
        return [name for name, _ in self._manager.list_name_plugin()]

    @property
    def installed(self) -> list[str]:
        """Names of the strangers' plugins that take part."""
        return [name for name in self.names if name in self._distributions]

    def title(self, plugin: str) -> str:
        """How people know a plugin: its name, with its distribution's where that is another."""
        found = self._distributions.get(plugin)
        return plugin if found is None or found.name == plugin else f"{plugin} ({found.name})"

    def origin(self, plugin: str) -> str:
        """The distribution and version that brought a plugin; empty for a built-in one."""
        found = self._distributions.get(plugin)
        return f"{found.name} {found.version}" if found else ""

    def known_faults(self) -> list[PluginFault]:
        """What failed here, and lately in other processes with the versions that are here."""
        kept = list(self._fault_folder.fresh()) if self._fault_folder else []
        of_these = [
            one
            for one in kept
            if one.plugin not in self._off and one.version == self._version(one.plugin)
        ]
        return list(dict.fromkeys([*self.faults, *of_these]))

    def _version(self, plugin: str) -> str:
        found = self._distributions.get(plugin)
        return found.version if found else ""

    def packages(self) -> list[tuple[str, str]]:
        """Each plugin's name with its Python package, where the pages look for its templates."""
        return [
            (name, getattr(plugin, "__name__", type(plugin).__module__))
            for name, plugin in self._manager.list_name_plugin()
            if plugin is not None
        ]

    def _register_foreign(self, entry: metadata.EntryPoint) -> None:
        if entry.name in self._off:
            return
        if entry.dist is not None:
            self._distributions[entry.name] = entry.dist
        try:
            self._register(entry.name, entry.load())
        except Exception as err:  # noqa: BLE001 - a stranger's plugin may raise anything; it is named
            self.blame(entry.name, "load", err)

    def _register(self, name: str, plugin: Any) -> None:
        if name in self._off:
            return
        self._manager.register(plugin, name)
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as err:
            self._manager.unregister(plugin)
            raise ConfigurationError(f"Plugin {name}: {err}") from err

    def blame(self, plugin: str, hook: str, err: BaseException) -> None:
        """Name a plugin that failed, in the log and for ``dossier doctor``."""
        fault = PluginFault(plugin, hook, type(err).__name__, self._version(plugin))
        self.faults.append(fault)
        if self._fault_folder is not None:
            self._fault_folder.note(fault)
        fields = {"plugin": self.title(plugin), "hook": hook, "error": fault.error}
        log.error("plugin failed", extra=fields)

    def _each(self, hook: str, **arguments: Any) -> list[Contribution]:
        found = []
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            wanted = {name: arguments[name] for name in implementation.argnames}
            try:
                value = implementation.function(**wanted)
            except Exception as err:  # noqa: BLE001 - a plugin may raise anything; it is named and left out
                self.blame(implementation.plugin_name, hook, err)
                continue
            if value is not None:
                found.append(Contribution(implementation.plugin_name, value))
        return found

    def _flat(self, hook: str) -> list[Any]:
        return [item for one in self._each(hook) for item in one.value]

    def own_rules(self) -> dict[str, Callable[[str, str], object]]:
        """What reads each rule file that an archive may add, by the file's name without ending."""
        return {name: read for one in self._each("own_rules") for name, read in one.value.items()}

    def steps(self) -> list[tuple[str, Step]]:
        """All steps in their order, each with its plugin's name."""
        found = [(one.plugin, step) for one in self._each("steps") for step in one.value]
        return sorted(found, key=lambda pair: pair[1].order)

    def linkers(self) -> list[tuple[str, Linker]]:
        """All linkers, each with its plugin's name."""
        return [(one.plugin, linker) for one in self._each("linkers") for linker in one.value]

    def extractor_factories(self) -> list[Any]:
        """Factories of the plugins' extractors."""
        return self._flat("text_extractors")

    def engine_factories(self) -> dict[str, Any]:
        """Factories of OCR engines by name."""
        return {name: make for one in self._each("ocr_engines") for name, make in one.value.items()}

    def index_fields(self) -> dict[str, list[IndexField]]:
        """Index fields by plugin."""
        return self._index_fields

    @cached_property
    def _index_fields(self) -> dict[str, list[IndexField]]:
        return {one.plugin: list(one.value) for one in self._each("index_fields")}

    def facets(self) -> dict[str, IndexField]:
        """The plugins' fields that are counted and filtered by, by their names in the index."""
        return {
            f"{plugin}_{field.name}": field
            for plugin, fields in self._index_fields.items()
            for field in fields
            if field.facet
        }

    def of_dossiers(self) -> frozenset[str]:
        """The facets that count dossiers: the core's, and the plugins' that say so."""
        return self._of_dossiers

    @cached_property
    def _of_dossiers(self) -> frozenset[str]:
        own = (name for name, field in self.facets().items() if field.of_dossiers)
        return DOSSIER_FACETS.union(own)

    def index_values(self, record: Mapping[str, Any]) -> dict[str, list[str]]:
        """Values of the plugins' index fields for a record; a field that fails is left empty."""
        found: dict[str, list[str]] = {}
        for plugin, fields in self._index_fields.items():
            for field in fields:
                if field.values is None or (field.of_dossiers and record["kind"] != "customer"):
                    continue
                try:
                    found[f"{plugin}_{field.name}"] = [str(value) for value in field.values(record)]
                except Exception as err:  # noqa: BLE001 - a plugin may raise anything; it is named
                    self.blame(plugin, f"index_fields: {field.name}", err)
        return found

    def api_routes(self) -> list[tuple[str, RouteSet]]:
        """Routes of the JSON door with the plugin's name."""
        return [(one.plugin, routes) for one in self._each("api_routes") for routes in one.value]

    def page_routes(self) -> list[tuple[str, RouteSet]]:
        """Routes of the HTML door with the plugin's name."""
        return [(one.plugin, routes) for one in self._each("pages") for routes in one.value]

    def environment(self) -> list[EnvironmentCheck]:
        """What ``dossier doctor`` says for the plugins."""
        return self._flat("check_environment")

    def page_links(self) -> tuple[PageLink, ...]:
        """Links that plugins put into the head of every page."""
        return tuple(link for _, routes in self.page_routes() for link in routes.links)

    def waiting(self, link: PageLink, context: Context, viewer: Viewer) -> int:
        """How many things wait behind a link; none where its plugin cannot tell."""
        if link.count is None:
            return 0
        try:
            return link.count(context, viewer)
        except Exception as err:  # noqa: BLE001 - no page is lost for a number in its head
            self.blame(link.href.strip("/"), "pages: count", err)
            return 0

    def duties(self, context: Context) -> list[Duty]:
        """Duties of the plugins, named ``plugin.duty``."""
        return [
            replace(duty, name=f"{one.plugin}.{duty.name}")
            for one in self._each("duties", context=context)
            for duty in one.value
        ]

    def holdings(self, context: Context) -> list[Holding]:
        """What a person may hold in the features.

        Raises:
            UnavailableError: a plugin failed: what somebody holds there is not known.
        """
        before = len(self.faults)
        found = [one for each in self._each("holdings", context=context) for one in each.value]
        for fault in self.faults[before:]:
            raise UnavailableError(
                f"The plugin {fault.plugin} cannot say what this person holds",
                detail_zh=f"插件 {fault.plugin} 无法说明此人名下的事项",
            )
        return found

    def customer_panels(
        self, viewer: Viewer, customer_no: str, context: Context
    ) -> Sequence[Panel]:
        """Panels for a customer's page; a plugin that fails shows as a panel that says so."""
        given = {"viewer": viewer, "customer_no": customer_no, "context": context}
        return self._panels("customer_panels", given)

    def customer_parts(
        self, viewer: Viewer, customer_no: str, context: Context
    ) -> Mapping[str, Any]:
        """What features add to a customer's record; of one that fails there is nothing."""
        given = {"viewer": viewer, "customer_no": customer_no, "context": context}
        each = self._each("customer_parts", **given)
        return {name: part for one in each for name, part in one.value.items()}

    def document_panels(
        self, viewer: Viewer, document_id: str, context: Context
    ) -> Sequence[Panel]:
        """Panels for a document's page; a plugin that fails shows as a panel that says so."""
        given = {"viewer": viewer, "document_id": document_id, "context": context}
        return self._panels("document_panels", given)

    def list_links(self, viewer: Viewer, asked: str) -> list[ListLink]:
        """Links above a list of hits; of a plugin that fails there are none."""
        return [
            link
            for one in self._each("list_links", viewer=viewer, asked=asked)
            for link in one.value
        ]

    def _panels(self, hook: str, arguments: Mapping[str, Any]) -> list[Panel]:
        before = len(self.faults)
        panels = [panel for one in self._each(hook, **arguments) for panel in one.value]
        failed = self.faults[before:]
        return panels + [
            Panel(fault.plugin, fault.plugin, fault.plugin, problem=fault.error) for fault in failed
        ]
