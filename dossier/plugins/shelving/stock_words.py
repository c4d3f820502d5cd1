"""What the pages call the words of stock-taking."""

from __future__ import annotations

from typing import Final

from dossier.plugins.shelving import stock_findings as findings
from dossier.plugins.shelving import stock_scans as scans
from dossier.plugins.shelving import stock_takes as takes
from ui.labels import N_

STATES: Final = {
    takes.COUNTING: N_("being counted"),
    takes.WORKED_OFF: N_("counted, to be worked off"),
    takes.CLOSED_STATE: N_("closed, all worked off"),
    takes.ABANDONED: N_("given up"),
}
DEPTHS: Final = {
    takes.BOX: N_("boxes only"),
    takes.VOLUME: N_("boxes and volumes"),
    takes.PAPER: N_("boxes and single papers"),
}
KINDS: Final = {
    scans.SLOT: N_("slot"),
    takes.BOX: N_("box"),
    takes.VOLUME: N_("volume"),
    takes.PAPER: N_("single paper"),
    scans.UNDO: N_("taken back"),
    scans.NOTHING: N_("unknown code"),
}
VERDICTS: Final = {
    scans.RIGHT: N_("in its place"),
    findings.MISSING: N_("missing"),
    scans.MISPLACED: N_("misplaced"),
    scans.UNKNOWN: N_("unknown code"),
    scans.OUT: N_("there, though the books have it out"),
}
OUTCOMES: Final = {
    findings.FOUND: N_("found in its place"),
    findings.BACK: N_("put back to its place"),
    findings.CORRECTED: N_("place corrected in the books"),
    findings.LOST: N_("reported lost"),
    findings.REPLACED: N_("replaced by a certified copy"),
    findings.EXPLAINED: N_("explained"),
}
