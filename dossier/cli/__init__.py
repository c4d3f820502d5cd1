"""The ``dossier`` command; :mod:`dossier.cli.commands` holds what it can do.

Apart, because importing that takes a second or more, in which Ctrl-C must be answered already.
"""

from __future__ import annotations

from dossier import interrupts


def main() -> None:
    """Entry point of the installed command."""
    interrupts.end_at_once()
    from dossier.cli.commands import run

    run()


__all__ = ["main"]
