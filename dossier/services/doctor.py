"""``dossier doctor``: is everything there that the product needs, and what to do if not."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache

from dossier.db import engines, locked, outbox
from dossier.errors import DossierError
from dossier.hookspecs import EnvironmentCheck
from dossier.services import audit_chain, audit_checkpoints, audit_keys, unfinished
from dossier.services.context import Context
from dossier.services.plugin_registry import PluginRegistry
from dossier.services.unfinished import Remaining
from dossier.viewer import system_viewer

Check = Callable[[Context], EnvironmentCheck]
VIEWER = system_viewer("doctor")
LOW_DISK_BYTES = 2 * 1024**3
"""Below this a day's intake of one office (some 2,000 scans of 500 kB) does not fit."""
LAG_SECONDS = 60.0
"""An index further behind than this has no worker, or a broken one."""
NEEDED = {
    "ocrmypdf": "searchable PDFs",
    "rapidocr": "OCR",
    "onnxruntime": "OCR",
    "cv2": "OCR",
    "pypdfium2": "PDF pages",
    "iscc_tika": "office files",
    "ofdkit": "OFD files",
    "zxingcpp": "bar codes",
    "tantivy": "search",
}


def examine(context: Context) -> Iterator[EnvironmentCheck]:
    """One check after the other; none is stopped by another's failure."""
    yield EnvironmentCheck(
        "python", sys.version_info >= (3, 11), sys.version.split()[0], "Python 3.11+"
    )
    for module, purpose in NEEDED.items():
        found = importlib.util.find_spec(module) is not None
        yield EnvironmentCheck(f"package {module}", found, purpose, "install dossier-archive again")
    for name, check in (_CHECKS | _inbox_checks(context)).items():
        yield _guarded(name, check, context)
    yield from context.plugins.environment()
    yield from _plugins(context.plugins)


def _plugins(plugins: PluginRegistry) -> Iterator[EnvironmentCheck]:
    """The built-in ones in a line, a line for each installed one, and one for each failure."""
    faults = plugins.known_faults()
    failed = {fault.plugin for fault in faults}
    foreign = plugins.installed
    ours = ", ".join(sorted(set(plugins.names) - set(foreign)))
    yield EnvironmentCheck("plugins", ok=True, detail=f"built in: {ours}")
    for name in foreign:
        if name not in failed:
            yield EnvironmentCheck(f"plugin {name}", ok=True, detail=plugins.origin(name))
    for fault in faults:
        detail = f"{plugins.origin(fault.plugin)} {fault.hook}: {fault.error}".lstrip()
        remedy = "mend or remove it"
        yield EnvironmentCheck(f"plugin {fault.plugin}", ok=False, detail=detail, remedy=remedy)


def _guarded(name: str, check: Check, context: Context) -> EnvironmentCheck:
    try:
        return check(context)
    except DossierError as err:
        return EnvironmentCheck(name, ok=False, detail=err.title, remedy=err.detail)
    except OSError as err:
        detail = err.strerror or "failed"
        return EnvironmentCheck(name, ok=False, detail=detail, remedy="check the folder's rights")


def _disk(context: Context) -> EnvironmentCheck:
    free = shutil.disk_usage(context.settings.home).free
    return EnvironmentCheck(
        "disk",
        free > LOW_DISK_BYTES,
        f"{free / 1024**3:.1f} GiB free",
        "make room or move DOSSIER_HOME",
    )


def _file_system(context: Context) -> EnvironmentCheck:
    kind = engines.file_system_of(context.settings.home)
    ok = not context.database.is_sqlite or kind not in engines.NETWORK_FILE_SYSTEMS
    return EnvironmentCheck("file system", ok, kind, "SQLite needs a local disk")


def _database(context: Context) -> EnvironmentCheck:
    locked.demand_writable(context.database)
    return EnvironmentCheck("database", ok=True, detail=context.database.writer.dialect.name)


def _key_file(context: Context) -> EnvironmentCheck:
    if context.settings.secret_key is not None:
        return EnvironmentCheck("secret key", ok=True, detail="from the settings")
    mode = (context.settings.home / "secret.key").stat().st_mode & 0o077
    return EnvironmentCheck(
        "secret key",
        mode == 0,
        "readable by its owner only" if not mode else "open to others",
        "chmod 600 secret.key; and keep a copy apart from the data",
    )


def _audit_key(context: Context) -> EnvironmentCheck:
    last = audit_chain.newest(context, VIEWER)
    if last is None:
        return EnvironmentCheck("audit seals", ok=True, detail="nothing sealed yet")
    key = audit_keys.load_signing_key(context.settings.home, may_create=False)
    trusted = audit_keys.trusted_keys(context.settings.home)
    is_open = (context.settings.home / audit_keys.PRIVATE).stat().st_mode & 0o077
    if lost := audit_checkpoints.set_aside(context):
        return EnvironmentCheck(
            "audit seals",
            ok=False,
            detail="the database lost seals that were made: " + ", ".join(one.name for one in lost),
            remedy="dossier verify; was a copy of the database put back, keep these files with the "
            "papers on that and take them out of the home folder",
        )
    return EnvironmentCheck(
        "audit seals",
        not is_open and {key.id, last.key_id} <= set(trusted),
        f"{last.id} seals, key {key.id}" + (", open to others" if is_open else ""),
        "chmod 600 audit.key; put audit.key and audit.pub of this archive back from their backup",
    )


def _index(context: Context) -> EnvironmentCheck:
    reason = context.index.needs_rebuild()
    if reason is not None:
        return EnvironmentCheck("index", ok=False, detail=reason, remedy="dossier reindex")
    state = context.index.state()
    detail = f"{state.engine}, generation {state.name}, {state.rows} rows"
    return EnvironmentCheck("index", ok=True, detail=detail)


def _lag(context: Context) -> EnvironmentCheck:
    with context.reading(VIEWER) as session:
        behind = outbox.backlog(session)
    lag = behind.lag_seconds(context.clock.now())
    return EnvironmentCheck(
        "index lag",
        lag < LAG_SECONDS,
        f"{behind.pending} pending, {lag:.0f} s",
        "start dossier serve or work",
    )


def _scanner(context: Context) -> EnvironmentCheck:
    if context.scanner is None:
        return EnvironmentCheck(
            "malware scanner",
            ok=True,
            detail="none: files are taken in unchecked",
            remedy="set DOSSIER_SCANNER_URL to a clamd",
            warning=True,
        )
    return EnvironmentCheck("malware scanner", ok=True, detail=context.scanner.describe())


def _inbox_checks(context: Context) -> dict[str, Check]:
    """Three checks of one walk through the inbox, which may hold thousands of files."""
    look = cache(lambda: unfinished.list_remaining(context, VIEWER))
    return {
        "unfinished files": lambda _: _unfinished(look()),
        "files passed over": lambda _: _passed_over(look()),
        "inbox folders": lambda _: _inbox_folders(look()),
    }


def _unfinished(found: Remaining) -> EnvironmentCheck:
    names = "; ".join(
        f"{each.path} ({each.size_bytes / 1024:.0f} KiB, {each.age_seconds / 3600:.1f} h)"
        for each in found.unfinished
    )
    return EnvironmentCheck(
        "unfinished files", not found.unfinished, names or "none", unfinished.REMEDY
    )


def _passed_over(found: Remaining) -> EnvironmentCheck:
    more = found.passed_over_count - len(found.passed_over)
    names = "; ".join(found.passed_over) + (f"; and {more} more" if more else "")
    return EnvironmentCheck(
        "files passed over",
        ok=True,
        detail=f"{found.passed_over_count}: {names}" if names else "none",
        remedy=unfinished.PASSED_OVER_REMEDY if names else "",
        warning=bool(names),
    )


def _inbox_folders(found: Remaining) -> EnvironmentCheck:
    names = "; ".join(found.unlisted)
    told = f"cannot be listed: {names}" if names else "all can be listed"
    return EnvironmentCheck("inbox folders", not names, told, unfinished.FOLDER_REMEDY)


_CHECKS: dict[str, Check] = {
    "disk": _disk,
    "file system": _file_system,
    "database": _database,
    "secret key": _key_file,
    "audit seals": _audit_key,
    "index": _index,
    "index lag": _lag,
    "malware scanner": _scanner,
}
