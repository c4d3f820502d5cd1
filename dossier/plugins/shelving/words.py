"""What the pages call what is wrong with a room's air, a pair of paper and picture, a batch."""

from __future__ import annotations

from typing import Final

from dossier.plugins.shelving import climate, pairing
from dossier.plugins.shelving.batch_rows import BatchState, Difference, Outcome
from ui.labels import N_

AIR: Final = {
    climate.COLD: N_("too cold"),
    climate.WARM: N_("too warm"),
    climate.DRY: N_("too dry"),
    climate.DAMP: N_("too damp"),
    climate.SWINGS: N_("changes too fast"),
}
HALVES: Final = {
    pairing.LOST: N_("paper lost"),
    pairing.NO_PAPER: N_("picture only"),
    pairing.BAD_PICTURE: N_("not read to its end"),
    pairing.NO_VOLUME: N_("in no volume"),
    pairing.NO_BOX: N_("in no box"),
    pairing.BOTH: N_("both in place"),
}
BATCH: Final = {
    BatchState.LISTING: N_("being listed"),
    BatchState.HANDED: N_("handed over, not received yet"),
    BatchState.DIFFERS: N_("received with differences"),
    BatchState.DONE: N_("received, closed"),
    BatchState.WITHDRAWN: N_("withdrawn by the giving side"),
}
DIFFERENCE: Final = {
    Difference.MISSING: N_("not there"),
    Difference.EXTRA: N_("not on the list"),
    Difference.PAGES: N_("other number of pages"),
}
OUTCOME: Final = {
    Outcome.TAKEN: N_("taken by the receiving side"),
    Outcome.BACK: N_("with the giving side"),
}
