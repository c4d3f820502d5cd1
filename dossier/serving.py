"""The process tree of ``dossier serve``: a thin supervisor, one web process, N workers.

The supervisor imports no engine and no framework, so that an idle product stays small.
"""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from dossier import interrupts, logs
from dossier.errors import AddressTakenError, ConfigurationError, DossierError
from dossier.settings import Settings, load_settings
from indexer.processes import ChildSpec
from indexer.supervisor import Supervisor

ADDRESS_FILE = "web.json"
KEEP_ALIVE_SECONDS = 30
BACKLOG = 256
LOOK_SECONDS = 0.2
MANY_CORES = 4
"""From here on a second web process is worth its 130 MiB: one interpreter is one core."""
START_SECONDS = 120.0
"""A first start on a slow disk imports some 200 MB of libraries."""
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where all addresses answer
ASK_SECONDS = 2.0
MOST_ANSWER_BYTES = 65_536
INVENTOR = "dossier.cli.demonstration:invent_and_show"
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from dossier import interrupts; interrupts.end_at_once(); "
    "from dossier.serving import supervise; supervise(**json.loads(sys.argv[2]))"
)


def become_supervisor(
    overrides: Mapping[str, Any],
    *,
    no_workers: bool = False,
    inventor: Mapping[str, Any] | None = None,
) -> NoReturn:
    """Turn this process into the supervisor of the whole tree, and never come back.

    It is replaced by a fresh interpreter, because the command line has imported by then what a
    supervisor does not need (some 80 MB for nothing, all day long).

    Args:
        overrides: settings from the command line; None means not given.
        no_workers: web only.
        inventor: arguments of the demonstration's inventor, which runs once beside the others.
    """
    order = {"overrides": _given(overrides), "no_workers": no_workers, "inventor": inventor}
    paths = json.dumps([path for path in sys.path if path])
    command = [sys.executable, "-P", "-c", _BOOT, paths, json.dumps(order)]
    sys.stdout.flush()
    sys.stderr.flush()
    interrupts.hold()
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter and code


def supervise(
    overrides: dict[str, Any], *, no_workers: bool, inventor: dict[str, Any] | None
) -> None:
    """Body of the supervisor."""
    try:
        settings = _settings(overrides)
        (settings.home / ADDRESS_FILE).unlink(missing_ok=True)
        workers = 0 if no_workers else worker_count(settings)
        reserved = _reserve(settings)
        found = {**_given(overrides), "port": reserved.getsockname()[1]}
        specs = [*worker_specs(overrides, workers), *web_specs(found, web_count(settings))]
        if inventor is not None:
            specs.append(ChildSpec("inventor", INVENTOR, inventor, once=True))
        supervisor = Supervisor(specs)
        tell = threading.Thread(target=_tell, args=(settings, supervisor.stop), daemon=True)
        try:
            supervisor.run(on_started=tell.start)
        finally:
            forget_address(settings)
    except DossierError as problem:
        told = (f"{problem.title} / {problem.title_zh}", problem.detail, problem.detail_zh)
        sys.stderr.write("\n".join(line for line in told if line) + "\n")
        raise SystemExit(int(problem.exit_code)) from None


def _tell(settings: Settings, stop: threading.Event) -> None:
    if found := wait_for_web(settings, stop):
        sys.stderr.write(f"Dossier answers at {found} (inbox 收件箱: {settings.inbox_path})\n")
        stop.wait()
        sys.stderr.write("Ending in order 正在有序结束…\n")


def wait_for_web(settings: Settings, stop: threading.Event) -> str | None:
    """The address once the web process answers; None when it was stopped before."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and not stop.wait(LOOK_SECONDS):
        if found := address(settings):
            return found
    return None


def web_specs(overrides: Mapping[str, Any], count: int) -> list[ChildSpec]:
    """As many web processes, which share the port."""
    return [
        ChildSpec(f"web {number}", "dossier.serving:web", {"overrides": _given(overrides)})
        for number in range(1, count + 1)
    ]


def worker_specs(overrides: Mapping[str, Any], count: int) -> list[ChildSpec]:
    """As many workers."""
    return [
        ChildSpec(f"worker {number}", "dossier.serving:worker", {"overrides": _given(overrides)})
        for number in range(1, count + 1)
    ]


def _given(overrides: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _plain(value) for key, value in overrides.items() if value is not None}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def web_count(settings: Settings) -> int:
    """Web processes as set; else one, or two where the workers leave cores for them."""
    return settings.web_processes or (2 if len(os.sched_getaffinity(0)) >= MANY_CORES else 1)


def worker_count(settings: Settings) -> int:
    """Workers as set, or one for each core."""
    return settings.workers or len(os.sched_getaffinity(0))


def prepare(overrides: dict[str, Any]) -> None:
    """Make the home, the key, the tables and a new archive's empty index; a process of its own.

    Before the children race for them, and before the web process answers. The supervisor thereby
    stays without engines and frameworks.
    """
    from dossier.bootstrap import build
    from indexer import rebuild

    context = build(_settings(overrides))
    try:
        rebuild.make_first(context)
    finally:
        context.index.close()
        context.database.dispose()


def worker(overrides: dict[str, Any]) -> None:
    """Body of a worker process."""
    from dossier.bootstrap import build
    from indexer import worker as working

    settings = _settings(overrides)
    context = build(settings)
    try:
        working.run(context)
    finally:
        context.readers.close()
        context.index.close()
        context.database.dispose()


def web(overrides: dict[str, Any]) -> None:
    """Body of the web process.

    Raises:
        ConfigurationError: the port is taken.
    """
    import uvicorn

    from dossier.asgi import serving_app
    from dossier.web.long_addresses import LongAddresses

    settings = _settings(overrides)
    listener = _bound(settings, shared=True)
    listener.listen(BACKLOG)
    app = serving_app(settings)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=LongAddresses,
            access_log=False,  # queries in addresses are personal data
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=5,
        )
    )
    announce = threading.Thread(target=_announce, args=(server, settings, listener), daemon=True)
    announce.start()
    server.run(sockets=[listener])


def _settings(overrides: dict[str, Any]) -> Settings:
    settings = load_settings(os.environ, **overrides)
    logs.configure(settings.log_level)
    return settings


def _reserve(settings: Settings) -> socket.socket:
    """Hold the port (a free one for 0) without listening, so that the web processes can share it.

    Raises:
        ConfigurationError: the port is taken, also by another product of ours.
    """
    if settings.port:
        _bound(settings, shared=False).close()  # sharing would let two products take turns
    return _bound(settings, shared=True)


def demand_free_address(settings: Settings) -> None:
    """Refuse an address that cannot be had, before work that would be for nothing.

    Raises:
        ConfigurationError: the port is taken, also by another product of ours.
    """
    _reserve(settings).close()


def _bound(settings: Settings, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        found.bind((settings.host, settings.port))
    except OSError as err:
        found.close()
        if err.errno == errno.EADDRINUSE:
            raise _taken(settings) from err
        raise ConfigurationError(
            f"Port {settings.port} on {settings.host} cannot be used ({err.strerror}); "
            "choose another with --port, or 0 for a free one",
            detail_zh=f"{settings.host} 的 {settings.port} 端口不能使用，请用 --port 另选",
        ) from err
    return found


def _taken(settings: Settings) -> AddressTakenError:
    """Says who answers there: this product, started before, or another program."""
    host = LOOPBACK.get(settings.host, settings.host)
    found = _url(host, settings.port)
    if _is_dossier(found):
        return AddressTakenError(
            f"Dossier runs already at {found}; open that address, "
            "or start a second one with another DOSSIER_HOME and --port",
            detail_zh=f"户档已在运行：{found}；直接打开即可，另起一套请更换 DOSSIER_HOME 和 --port",
        )
    return AddressTakenError(
        f"Another program uses port {settings.port} on {settings.host}; "
        "choose another with --port, or 0 for a free one",
        detail_zh=f"{settings.host} 的 {settings.port} 端口已被占用，请用 --port 另选（0 为任选）",
    )


def _is_dossier(url: str) -> bool:
    """Whether our readiness answers there; ready or not, its parts are named."""
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=ASK_SECONDS) as answer:  # noqa: S310
            state = json.loads(answer.read(MOST_ANSWER_BYTES))
    except urllib.error.HTTPError as refused:
        try:
            state = json.loads(refused.read(MOST_ANSWER_BYTES))
        except (OSError, ValueError):
            return False
    except (OSError, ValueError, http.client.HTTPException):
        return False
    return isinstance(state, dict) and state.keys() >= {"status", "database", "index"}


def _announce(server: Any, settings: Settings, listener: socket.socket) -> None:
    """Write the address down once requests are answered, for whoever started us."""
    while not server.started:
        time.sleep(0.02)
    host, port = listener.getsockname()[:2]
    file = settings.home / ADDRESS_FILE
    draft = file.with_suffix(f".{os.getpid()}.new")  # each web process says it
    draft.write_text(json.dumps({"host": host, "port": port, "pid": os.getpid()}))
    draft.replace(file)


def forget_address(settings: Settings) -> None:
    """Remove the note of where the web process answered, once that process is gone."""
    file = settings.home / ADDRESS_FILE
    try:
        os.kill(json.loads(file.read_text())["pid"], 0)
    except (FileNotFoundError, ProcessLookupError):
        file.unlink(missing_ok=True)


def address(settings: Settings) -> str | None:
    """Where the running web process answers, None while it does not."""
    file = settings.home / ADDRESS_FILE
    if not file.exists():
        return None
    found = json.loads(file.read_text())
    return _url(found["host"], found["port"])


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def lone_workers(settings: Settings) -> Iterator[None]:
    """Workers without a web process, for the length of a command."""
    supervisor = Supervisor(worker_specs({}, worker_count(settings)))
    supervisor.start_all()
    over = threading.Event()

    def look_after() -> None:
        while not over.wait(LOOK_SECONDS):
            supervisor.look_after_all()

    thread = threading.Thread(target=look_after, name="lone workers", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        supervisor.end_all()
