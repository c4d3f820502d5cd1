"""The commands. Each is thin: it reads arguments, calls a use case, prints.

Exit codes are those of :class:`dossier.errors.ExitCode`. With ``--json`` the answer goes to
standard output and everything else to standard error.
"""

from __future__ import annotations

import typer

from dossier.cli import (
    care,
    comparing,
    data,
    intake,
    keys,
    learning,
    organisation,
    people,
    record,
    roles,
    rules,
    ways_in,
)
from dossier.cli import run as running
from dossier.cli.base import err
from dossier.cli.usage import BothLanguages
from dossier.errors import DossierError

app = typer.Typer(
    cls=BothLanguages,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="一户一档 customer archive: files in, dossiers out.",
)
running.register(app)
data.register(app)
organisation.register()
comparing.register(app)
care.register(app)
record.register(app)
roles.register(people.app)
learning.register(app)
app.add_typer(people.app, name="user")
app.add_typer(intake.app, name="intake")
app.add_typer(ways_in.session_app, name="session")
app.add_typer(ways_in.token_app, name="token")
app.add_typer(keys.app, name="keys")
app.add_typer(rules.app, name="rules")


def run() -> None:
    """Run a command; every known error ends with its remedy and its exit code."""
    try:
        app(standalone_mode=True)
    except DossierError as problem:
        err.print(f"{problem.title} / {problem.title_zh}", markup=False, style="red")
        if problem.detail:
            err.print(problem.detail, markup=False)
        if problem.detail_zh:
            err.print(problem.detail_zh, markup=False)
        raise SystemExit(int(problem.exit_code)) from None
