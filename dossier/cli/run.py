"""Running it: demo, serve, work."""

from __future__ import annotations

import threading
import time
from typing import Annotated

import typer

from dossier import serving
from dossier.cli import demonstration
from dossier.cli.base import err, opened, out, settings_of
from dossier.settings import Settings
from indexer import worker as working
from indexer.processes import Child, ChildSpec
from indexer.supervisor import Supervisor

START_SECONDS = 60.0
LOOK_SECONDS = 0.1

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")]
Workers = Annotated[int | None, typer.Option(help="Worker processes; default one for each core.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(demo)
    app.command()(serve)
    app.command()(work)


def serve(
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    no_workers: Annotated[
        bool, typer.Option("--no-workers", help="Web only; workers run elsewhere.")
    ] = False,
) -> None:
    """Start everything: web, workers, watched folder. Ctrl-C ends it in order."""
    overrides = {"host": host, "port": port, "workers": workers}
    settings = settings_of(**overrides)
    prepare()
    count = 0 if no_workers else serving.worker_count(settings)
    supervisor = serving.supervise(settings, overrides, workers=count)

    def tell() -> None:
        threading.Thread(target=_tell, args=(settings, supervisor), daemon=True).start()

    supervisor.run(on_started=tell)


def prepare() -> None:
    """Make the home, the key and the tables before children race for them."""
    child = Child(ChildSpec("prepare", "dossier.serving:prepare", {"overrides": {}}))
    code = child.wait()
    if code:
        raise SystemExit(code)


def _tell(settings: Settings, supervisor: Supervisor) -> None:
    found = wait_for_web(settings, supervisor)
    if found:
        err.print(
            f"Dossier answers at {found}  (inbox 收件箱: {settings.inbox_path})", markup=False
        )


def wait_for_web(settings: Settings, supervisor: Supervisor) -> str | None:
    """The address once the web process answers; None when it was stopped before."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and not supervisor.stop.is_set():
        if found := serving.address(settings):
            return found
        time.sleep(LOOK_SECONDS)
    return None


def work() -> None:
    """Run one worker in this process until Ctrl-C (for more machines or cores)."""
    settings = settings_of()
    with opened(settings) as context:
        working.run(context)


def demo(
    customers: Annotated[int, typer.Option(help="Customers to invent.", min=1)] = 300,
    seed: Annotated[int, typer.Option(help="The same seed gives the same archive.")] = 1,
    papers: Annotated[
        int | None, typer.Option(help="Papers; default scales with customers.")
    ] = None,
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Invent and fill the inbox only.")
    ] = False,
) -> None:
    """Invent an archive, start everything, print address and accounts.

    Run again it goes on where it was. The archive lies in DOSSIER_HOME (default ./dossier-data).
    """
    overrides = {"host": host, "port": port, "workers": workers}
    settings = settings_of(**overrides)
    plan = demonstration.Plan(customers=customers, seed=seed, papers=papers)
    with opened(settings) as context:
        demonstration.prepare(context, plan)
    if no_serve:
        demonstration.fill(settings, plan)
        out.print(f"The inbox is filled 收件箱已就绪: {settings.inbox_path}", markup=False)
        return
    count = serving.worker_count(settings)
    supervisor = serving.supervise(settings, overrides, workers=count)
    show = threading.Thread(target=_show, args=(settings, supervisor, plan), daemon=True)
    supervisor.run(on_started=show.start)


def _show(settings: Settings, supervisor: Supervisor, plan: demonstration.Plan) -> None:
    found = wait_for_web(settings, supervisor)
    if found is None:
        err.print("The web process did not start; see the lines above 网页服务未能启动")
        supervisor.stop.set()
        return
    demonstration.announce(settings, found)
    demonstration.fill(settings, plan, stop=supervisor.stop)
    demonstration.show_progress(settings, stop=supervisor.stop)
