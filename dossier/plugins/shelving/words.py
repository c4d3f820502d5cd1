"""What the pages call what is wrong with a room's air, and with a pair of paper and picture."""

from __future__ import annotations

from typing import Final

from dossier.plugins.shelving import climate, pairing
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
