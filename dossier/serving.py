"""The process tree of ``dossier serve``: a thin supervisor, one web process, N workers.

The supervisor imports no engine and no framework, so that an idle product stays small.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dossier import logs
from dossier.errors import ConfigurationError
from dossier.settings import Settings, load_settings
from indexer.processes import ChildSpec
from indexer.supervisor import Supervisor

ADDRESS_FILE = "web.json"
KEEP_ALIVE_SECONDS = 30
BACKLOG = 256
LOOK_SECONDS = 0.2


def specs(overrides: Mapping[str, Any], *, workers: int) -> list[ChildSpec]:
    """The children, workers first: at the end the web process stops taking files before they go."""
    web_spec = ChildSpec("web", "dossier.serving:web", {"overrides": _given(overrides)})
    return [*worker_specs(overrides, workers), web_spec]


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


def worker_count(settings: Settings) -> int:
    """Workers as set, or one for each core."""
    return settings.workers or len(os.sched_getaffinity(0))


def supervise(settings: Settings, overrides: Mapping[str, Any], *, workers: int) -> Supervisor:
    """A supervisor for the settings; the caller runs it."""
    (settings.home / ADDRESS_FILE).unlink(missing_ok=True)
    return Supervisor(specs(overrides, workers=workers))


def prepare(overrides: dict[str, Any]) -> None:
    """Make the home, the key and the tables before children race for them; a process of its own.

    The supervisor thereby stays without engines and frameworks.
    """
    from dossier.bootstrap import build

    context = build(_settings(overrides))
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

    from dossier.asgi import create_app
    from dossier.bootstrap import build

    settings = _settings(overrides)
    listener = _listen(settings)
    app = create_app(build(settings))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
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


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as err:
        raise ConfigurationError(
            f"Port {settings.port} on {settings.host} cannot be used ({err.strerror}); "
            "choose another with --port, or 0 for a free one"
        ) from err
    listener.listen(BACKLOG)
    return listener


def _announce(server: Any, settings: Settings, listener: socket.socket) -> None:
    """Write the address down once requests are answered, for whoever started us."""
    while not server.started:
        time.sleep(0.02)
    host, port = listener.getsockname()[:2]
    file = settings.home / ADDRESS_FILE
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps({"host": host, "port": port, "pid": os.getpid()}))
    draft.replace(file)


def address(settings: Settings) -> str | None:
    """Where the running web process answers, None while it does not."""
    file = settings.home / ADDRESS_FILE
    if not file.exists():
        return None
    found = json.loads(file.read_text())
    host = f"[{found['host']}]" if ":" in found["host"] else found["host"]
    return f"http://{host}:{found['port']}"


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
