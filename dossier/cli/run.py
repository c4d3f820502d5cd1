"""Running it: demo, serve, work."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dossier.cli.base import opened, settings_of

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)]
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
    from dossier import serving

    overrides = {"host": host, "port": port, "workers": workers}
    settings_of(**overrides)
    _in_child("dossier.serving:prepare", {"overrides": {}})
    serving.become_supervisor(overrides, no_workers=no_workers)


def work() -> None:
    """Run one worker in this process until Ctrl-C (for more machines or cores)."""
    from indexer import worker as working

    settings = settings_of()
    with opened(settings) as context:
        working.run(context)


def demo(
    customers: Annotated[int, typer.Option(help="Customers to invent.", min=1)] = 300,
    seed: Annotated[int, typer.Option(help="The same seed gives the same archive.")] = 1,
    papers: Annotated[
        int | None, typer.Option(help="Papers; default scales with customers.", min=0)
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
    from dossier import serving

    overrides = {"host": host, "port": port, "workers": workers}
    settings = settings_of(**overrides)
    if not no_serve:
        serving.demand_free_address(settings)
    plan = {"customers": customers, "seed": seed, "papers": papers}
    _in_child("dossier.cli.demonstration:prepare", plan)
    if no_serve:
        _in_child("dossier.cli.demonstration:fill_inbox", plan)
        return
    serving.become_supervisor(overrides, inventor=plan)


def _in_child(function: str, arguments: dict[str, Any]) -> None:
    """Run a preparation in a process of its own, whose memory is gone afterwards."""
    from indexer.processes import Child, ChildSpec

    if code := Child(ChildSpec(function.partition(":")[2], function, arguments)).wait():
        raise SystemExit(code)
