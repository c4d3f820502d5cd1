"""Generations on the server: which one is live, swapping by aliases, and what is not ours.

A generation is two indices, ``NAME-customers-HEX`` and ``NAME-documents-HEX``. The aliases
``NAME-customers`` and ``NAME-documents`` say which one is live. Each index tells in its mapping's
``_meta`` which archive made it, and with which fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from uuid6 import uuid7

from dossier.adapters.elasticsearch.faults import REMEDY, RebuildNeededError, in_trouble
from dossier.adapters.elasticsearch.server import Server
from dossier.adapters.elasticsearch.translate import index_body
from dossier.errors import SearchNameTakenError
from dossier.search.fields import FieldList
from dossier.search.port import RowKind

_PLACE_TIME = "10s"
"""A healthy cluster gives a new index its place within a second."""
_WORDS = {RowKind.CUSTOMER: "customers", RowKind.DOCUMENT: "documents"}


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation's indices."""

    name: str
    customers: str
    documents: str
    schema_fingerprint: str

    @property
    def both(self) -> str:
        """Both names, as searches name several indices."""
        return f"{self.customers},{self.documents}"

    def index_of(self, kind: RowKind) -> str:
        """The index that holds rows of a kind."""
        return self.customers if kind is RowKind.CUSTOMER else self.documents


class Generations:
    """The generations of one archive on a server.

    Args:
        archive: the archive's keyed mark: another archive's index of the same name is not touched.
    """

    def __init__(self, server: Server, fields: FieldList, *, archive: str) -> None:
        self._server = server
        self._fields = fields
        self._archive = archive
        self._prefix = server.address.name

    def alias(self, kind: RowKind) -> str:
        """The alias of a kind's live index."""
        return f"{self._prefix}-{_WORDS[kind]}"

    def live_or_none(self) -> Generation | None:
        """The live generation; None when none was ever published.

        Raises:
            SearchNameTakenError: a name of ours holds something that this archive did not make.
            UnavailableError: the server does not answer, refuses us, or is the wrong one.
        """
        found = self._server.read(
            "looking up the search index",
            lambda client: client.indices.get(
                index=[self.alias(kind) for kind in RowKind],
                ignore_unavailable=True,
                filter_path="*.aliases,*.mappings._meta,*.settings.index.uuid",
            ),
        ).body
        indices = [self._one(found, kind) for kind in RowKind]
        if not all(indices):
            return None
        customers, documents = indices
        about = found[documents]["mappings"]["_meta"]["dossier"]
        return Generation(about["generation"], customers, documents, about["fingerprint"])

    def live(self) -> Generation:
        """The live generation.

        Raises:
            RebuildNeededError: there is none, or it was built with other fields.
            UnavailableError: as :meth:`live_or_none`.
        """
        found = self.live_or_none()
        if found is None:
            raise RebuildNeededError("there is no search index on the server yet")
        if found.schema_fingerprint != self._fields.fingerprint:
            raise RebuildNeededError("the search index was built with other fields")
        return found

    def create(self) -> Generation:
        """Make an empty generation; it is not live before :meth:`publish`.

        Raises:
            UnavailableError: the cluster gives it no place.
        """
        mark = uuid7().hex
        names = {kind: f"{self.alias(kind)}-{mark}" for kind in RowKind}
        about = {
            "archive": self._archive,
            "name": self._prefix,
            "generation": f"gen-{mark}",
            "fingerprint": self._fields.fingerprint,
        }
        generation = Generation(
            about["generation"],
            names[RowKind.CUSTOMER],
            names[RowKind.DOCUMENT],
            about["fingerprint"],
        )
        try:
            for kind in RowKind:
                self._create(names[kind], index_body(self._fields.bodies[kind], about))
        except BaseException:
            self.remove(generation)
            raise
        return generation

    def _create(self, name: str, body: dict[str, Any]) -> None:
        made = self._server.manage(
            "creating a search index",
            lambda client: client.indices.create(
                index=name,
                settings=body["settings"],
                mappings=body["mappings"],
                timeout=_PLACE_TIME,
            ),
        )
        if not made["shards_acknowledged"]:
            raise in_trouble("it gives a new index no place")

    def refresh_by_itself(self, generation: Generation, *, on: bool) -> None:
        """Stop and start the regular refreshes: a build makes fewer segments without them."""
        for kind in RowKind:
            usual = self._fields.bodies[kind]["settings"]["index"]["refresh_interval"]
            self._set(generation.index_of(kind), {"refresh_interval": usual if on else "-1"})

    def _set(self, index: str, settings: dict[str, str]) -> None:
        self._server.manage(
            "setting up a search index",
            lambda client: client.indices.put_settings(index=index, settings={"index": settings}),
        )

    def publish(self, generation: Generation) -> None:
        """Make a generation live for every process in one step, then remove the others."""
        actions: list[dict[str, Any]] = []
        for kind in RowKind:
            alias = self.alias(kind)
            old = {"index": f"{alias}-*", "alias": alias, "must_exist": False}
            actions += [
                {"remove": old},
                {"add": {"index": generation.index_of(kind), "alias": alias}},
            ]
        self._server.manage(
            "publishing a search index",
            lambda client: client.indices.update_aliases(actions=actions),
        )
        self.sweep()

    def sweep(self) -> None:
        """Remove our generations that are not live; for the holder of the right to write only."""
        live = self.live_or_none()
        keep = {live.customers, live.documents} if live else set()
        found = self._server.manage(
            "looking for old search indices",
            lambda client: client.indices.get(
                index=[f"{self.alias(kind)}-*" for kind in RowKind],
                filter_path="*.mappings._meta.dossier",
            ),
        ).body
        for name, entry in found.items():
            if name not in keep and self._is_ours(entry):
                self._delete(name)

    def remove(self, generation: Generation) -> None:
        """Remove a generation that is not to become live."""
        for kind in RowKind:
            self._delete(generation.index_of(kind))

    def _delete(self, name: str) -> None:
        self._server.manage(
            "removing an old search index",
            lambda client: client.indices.delete(index=name, ignore_unavailable=True),
        )

    def _one(self, found: dict[str, Any], kind: RowKind) -> str:
        """The one index behind a kind's alias, or nothing.

        Raises:
            SearchNameTakenError: an index of that very name, an alias to several, or not ours.
        """
        alias = self.alias(kind)
        if alias in found:
            raise _taken(f"'{alias}' is an index there, not our alias")
        behind = [name for name, entry in found.items() if alias in entry.get("aliases", {})]
        if len(behind) > 1:
            raise _taken(f"the alias '{alias}' points to {len(behind)} indices")
        if behind and not self._is_ours(found[behind[0]]):
            raise _taken(f"the index behind '{alias}' was not made by this archive")
        return behind[0] if behind else ""

    def _is_ours(self, entry: dict[str, Any]) -> bool:
        about = entry.get("mappings", {}).get("_meta", {}).get("dossier", {})
        return bool(about.get("archive") == self._archive and about.get("name") == self._prefix)


def _taken(what: str) -> SearchNameTakenError:
    return SearchNameTakenError(
        f"{what}; nothing was changed: set DOSSIER_SEARCH_INDEX to a free name (or remove what is "
        f"there, if nobody needs it), then {REMEDY}",
        detail_zh="检索服务器上的同名索引或别名不属于本系统，未作任何更改：请用 "
        "DOSSIER_SEARCH_INDEX 另设名称，再运行 dossier reindex",
    )
