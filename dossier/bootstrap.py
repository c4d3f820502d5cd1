"""The one place that wires all: settings in, a ready :class:`Context` out.

Nothing is built at import.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import os
import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from dossier.clock import Clock, SystemClock, local_date
from dossier.db import Database, create_database, migrate, session_for
from dossier.db.engines import BUSY_SECONDS
from dossier.db.session import ScopedSession
from dossier.db.tables import RuleSet
from dossier.errors import ConfigurationError
from dossier.ports import FileStore, MalwareScanner
from dossier.rules import approvals, lending, region
from dossier.rules.limits import ChildLimits, ReadingLimits
from dossier.rules.role_matrix import Matrices, in_order
from dossier.rules.role_matrix_file import read_matrix
from dossier.rules.role_words import load_words
from dossier.search.fields import Field, FieldList, load_fields
from dossier.search.port import SearchIndex
from dossier.services import key_check
from dossier.services.context import Context
from dossier.services.keys import Keyring, load_keyring
from dossier.services.plugin_faults import FaultFolder
from dossier.services.plugin_registry import PluginRegistry
from dossier.services.role_files import FOLDER, ROLES, own_file, role_files
from dossier.settings import Settings
from dossier.viewer import system_viewer
from dossier.work.guarded_readers import GuardedReaders, ReaderFactories, ReaderTimes

BUILTIN_PLUGINS = (
    "recognition",
    "stacks",
    "corrections",
    "completeness",
    "verification",
    "image_quality",
    "list_export",
    "audit_trail",
    "anomalies",
    "printing",
    "account",
    "roles",
    "approvals",
    "lending",
    "shelving",
    "notices",
    "people",
    "oidc",
)
"""Built-in features. A tuple, not entry points: those go stale in editable checkouts."""
PEOPLE_PACKAGES = ("indexer", "searchapi", "ui", "mappings")
SETUP = system_viewer("setup")
OWNER_ONLY = 0o700
"""Permissions of folders with pages' words in clear."""


def build(
    settings: Settings, *, clock: Clock | None = None, busy_seconds: float = BUSY_SECONDS
) -> Context:
    """Wire the product.

    Makes the home folder, the key and the tables of a new archive.

    Args:
        settings: as read at start.
        clock: the present.
        busy_seconds: how long a transaction waits for a database that others keep locked.

    Raises:
        ConfigurationError: a setting, plugin, rule file or the installation itself is wrong.
    """
    check_installation()
    _check_extras(settings)
    clock = clock or SystemClock()
    settings = settings.model_copy(update={"home": settings.home.absolute()})
    region.use(_own_places(settings, clock))
    _make_folders(settings)
    database = create_database(settings.sqlalchemy_url, busy_seconds=busy_seconds)
    is_new = migrate.is_new(database)
    keyring = load_keyring(
        settings.secret_key.get_secret_value() if settings.secret_key else None,
        settings.home / "secret.key",
        may_create=is_new,
        older=settings.secret_key_old.get_secret_value() if settings.secret_key_old else None,
    )
    migrate.upgrade(database)
    mark = key_check.settle(database, keyring, clock)
    plugins = PluginRegistry(
        _builtin_plugins(),
        off=settings.plugins_off,
        fault_folder=FaultFolder(settings.home / "plugin-faults"),
    )
    roles = _load_roles(database, settings, clock, _check_own_rules(settings, plugins))
    return Context(
        settings=settings,
        clock=clock,
        database=database,
        store=_file_store(settings),
        index=_search_index(settings, keyring, plugins, mark),
        keyring=keyring,
        plugins=plugins,
        readers=GuardedReaders(
            reader_factories(settings, plugins),
            ChildLimits(
                memory_bytes=settings.child_memory_bytes,
                idle_seconds=settings.idle_release_seconds,
            ),
            ReaderTimes(settings.page_seconds, settings.file_seconds),
        ),
        roles=roles,
        scanner=_scanner(settings),
    )


def check_installation() -> None:
    """Refuse to start when another distribution's ``indexer`` or ``ui`` shadows ours.

    Raises:
        ConfigurationError: names the package and the remedy.
    """
    ours = Path(__file__).resolve().parent.parent
    for name in PEOPLE_PACKAGES:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as err:
            raise ConfigurationError(
                f"The package '{name}' is missing; install dossier-archive again"
            ) from err
        found = Path(module.__file__ or "").resolve().parent.parent
        if found != ours:
            raise ConfigurationError(
                f"The package '{name}' comes from another distribution and hides ours; install "
                "dossier-archive into an environment of its own"
            )


def _check_extras(settings: Settings) -> None:
    if settings.oidc_issuer and importlib.util.find_spec("authlib") is None:
        raise ConfigurationError(
            "DOSSIER_OIDC_ISSUER needs Authlib: pip install 'dossier-archive[oidc]'"
        )


def _make_folders(settings: Settings) -> None:
    for folder in (
        settings.home,
        settings.inbox_path,
        settings.done_path,
        settings.quarantine_path,
        settings.index_path,
    ):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise ConfigurationError(
                f"The folder for '{folder.name}' cannot be made ({err.strerror}); "
                "set DOSSIER_HOME to a folder that this user may write"
            ) from err
    for folder in (settings.index_path, settings.home / "tmp"):
        _keep_to_its_owner(folder)


def _keep_to_its_owner(folder: Path) -> None:
    """The words of all pages stand there in clear; nobody but us has to look in."""
    with contextlib.suppress(OSError):  # what cannot be made is said by who needs it
        folder.mkdir(exist_ok=True)
        state = folder.stat()
        if state.st_uid == os.geteuid() and stat.S_IMODE(state.st_mode) & ~OWNER_ONLY:
            folder.chmod(OWNER_ONLY)


def _builtin_plugins() -> list[tuple[str, Any]]:
    return [(name, importlib.import_module(f"dossier.plugins.{name}")) for name in BUILTIN_PLUGINS]


def _file_store(settings: Settings) -> FileStore:
    from dossier.adapters.filestore.local import LocalFileStore

    if settings.files_url and not settings.files_url.startswith("file://"):
        raise ConfigurationError("DOSSIER_FILES_URL must begin with file:// in this version")
    return LocalFileStore(settings.files_path)


def _scanner(settings: Settings) -> MalwareScanner | None:
    if not settings.scanner_url:
        return None
    from dossier.adapters.clamav import ClamdScanner

    return ClamdScanner(settings.scanner_url, seconds=settings.scanner_seconds)


def _search_index(
    settings: Settings, keyring: Keyring, plugins: PluginRegistry, mark: str
) -> SearchIndex:
    fields = load_fields(plugin_fields=_plugin_fields(plugins), rules=region.digest())
    if settings.search_url:
        return _search_server(settings, keyring, fields, mark)
    from dossier.adapters.tantivy import TantivyIndex

    return TantivyIndex(settings.index_path, fields=fields, number_hash=keyring.hasher)


def _search_server(
    settings: Settings, keyring: Keyring, fields: FieldList, mark: str
) -> SearchIndex:
    """The index on Elasticsearch; nothing is asked of the server yet.

    Raises:
        ConfigurationError: the client is not installed, or the address or CA file cannot be used.
    """
    try:
        from dossier.adapters.elasticsearch import ElasticsearchIndex, ServerAddress
    except ModuleNotFoundError as err:
        raise ConfigurationError(
            "DOSSIER_SEARCH_URL needs the Elasticsearch client: "
            "pip install 'dossier-archive[elasticsearch]'"
        ) from err
    password, key = settings.search_password, settings.search_api_key
    address = ServerAddress(
        tuple(url.strip() for url in settings.search_url.split(",")),
        user=settings.search_user,
        password=password.get_secret_value() if password else "",
        api_key=key.get_secret_value() if key else "",
        ca_file=settings.search_ca_file,
        name=settings.search_index,
        seconds=settings.search_seconds,
    )
    return ElasticsearchIndex(
        address,
        lock_folder=settings.index_path,
        fields=fields,
        number_hash=keyring.hasher,
        mark=mark,
    )


def _plugin_fields(plugins: PluginRegistry) -> list[Field]:
    """Plugins' index fields as the index knows them: keywords named ``plugin_field``."""
    return [
        Field(
            name=f"{plugin}_{field.name}",
            type="keyword",
            kind=field.kind,
            facet=field.facet,
            label_zh=field.label_zh,
            label_en=field.label_en,
        )
        for plugin, fields in plugins.index_fields().items()
        for field in fields
    ]


def reading_limits(settings: Settings) -> ReadingLimits:
    """What one file may cost, from the settings."""
    return ReadingLimits(
        file_bytes=settings.max_file_bytes,
        pages=settings.max_pages,
        image_pixels=settings.max_page_pixels,
        picture_pixels=settings.min_picture_pixels,
    )


def reader_factories(settings: Settings, plugins: PluginRegistry) -> ReaderFactories:
    """Picklable makers of the readers: adapters are imported in the children, not here."""
    limits = reading_limits(settings)
    return ReaderFactories(
        pages=_made("dossier.adapters.pages.files", "PageFiles", limits),
        extractors=(
            *plugins.extractor_factories(),
            _made("dossier.adapters.plaintext.extractor", "PlainTextExtractor", limits),
            _made("dossier.adapters.archive.mails", "MailExtractor", limits),
            _made("dossier.adapters.archive.zips", "ZipExtractor", limits),
            _made("dossier.adapters.ofdkit.extractor", "OfdExtractor", limits),
            _made("dossier.adapters.iscc_tika.extractor", "TikaExtractor", limits),
        ),
        inner_files=_made("dossier.adapters.archive.inner_files", "OfficeFiles", limits),
        typesetter=_made("dossier.adapters.textview.view", "TextView", limits),
        ocr=_ocr_factory(plugins),
        looker=_made("dossier.adapters.sightings.looker", "PictureLooker"),
        measurer=_made("dossier.adapters.image_quality.measuring", "PictureMeasurer"),
        pdf=_made("dossier.adapters.ocrmypdf.maker", "OcrmypdfMaker"),
    )


def _ocr_factory(plugins: PluginRegistry) -> Callable[[], Any]:
    engines = plugins.engine_factories()
    if engines:
        return next(iter(engines.values()))
    return _made("dossier.adapters.rapidocr.engine", "RapidOcrEngine")


def _made(module: str, name: str, *args: Any) -> Callable[[], Any]:
    return _Maker(module, name, args)


@dataclass(frozen=True)
class _Maker:
    """Imports and builds in the process that calls it."""

    module: str
    name: str
    args: tuple[Any, ...]

    def __call__(self) -> Any:
        return getattr(importlib.import_module(self.module), self.name)(*self.args)


def _check_own_rules(settings: Settings, plugins: PluginRegistry) -> Collection[str]:
    """Have plugins read the rule files that the operator put there; names of those there may be.

    Raises:
        ConfigurationError: one is wrong.
    """
    readers = plugins.own_rules()
    for name, read in readers.items():
        if found := own_file(settings.home, name):
            read(*found)
    return readers.keys()


def _load_roles(
    database: Database, settings: Settings, clock: Clock, others: Collection[str]
) -> Matrices:
    """All role matrices, each noted in ``rule_set`` when its text is new.

    Raises:
        ConfigurationError: a matrix is wrong, or its file would be passed over; names file, line
            and reason.
    """
    words = load_words()
    lending.load()
    approvals.load()  # a wrong word in it stops the start like one in a matrix
    texts = role_files(settings.home, others)
    matrices = {file: read_matrix(text, file, words) for file, text in texts.items()}
    ordered = in_order(list(matrices.values()))
    digests = {file: hashlib.sha256(text.encode()).hexdigest() for file, text in texts.items()}
    with session_for(database, SETUP) as session:
        if set(digests.values()) <= _known_roles(session):
            return ordered  # asked of the reader: a start must not wait for who writes
    with session_for(database, SETUP, write=True) as session:
        known = _known_roles(session)
        for file, digest in digests.items():
            if digest not in known:
                session.add(
                    RuleSet(
                        name=ROLES,
                        effective_from=matrices[file].since,
                        sha256=digest,
                        body=texts[file],
                        author="built-in" if file.startswith(FOLDER) else "operator",
                        loaded_at=clock.now(),
                    )
                )
    return ordered


def _known_roles(session: ScopedSession) -> set[str]:
    return set(session.scalars(select(RuleSet.sha256).where(RuleSet.name == ROLES)))


def _own_places(settings: Settings, clock: Clock) -> tuple[str, ...]:
    """Names of places that the operator put beside the built-in rules; none without a file.

    Raises:
        ConfigurationError: the file is wrong; names it and the word.
    """
    found = own_file(settings.home, region.RULES)
    if found is None:
        return ()
    text, name = found
    return region.read(text, name, at=local_date(clock.now()))
