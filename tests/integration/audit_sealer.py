"""A process that seals without end, in seals of few rows; its parent kills it."""

from __future__ import annotations

import sys
from pathlib import Path

from dossier.rules import rulebook
from dossier.services import audit_chain
from tests.support_archive import make_archive
from tests.support_audit import VIEWER

FEW = 7


def main(home: str, url: str) -> None:
    rulebook.load(audit_chain.RULES)["rows_of_a_seal"] = FEW
    context = make_archive(Path(home), database_url=url)
    print("ready", flush=True)
    while True:
        audit_chain.seal(context, VIEWER)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
