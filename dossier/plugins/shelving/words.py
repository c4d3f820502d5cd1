"""What the pages call what is wrong with a room's air."""

from __future__ import annotations

from typing import Final

from dossier.plugins.shelving import climate
from ui.labels import N_

AIR: Final = {
    climate.COLD: N_("too cold"),
    climate.WARM: N_("too warm"),
    climate.DRY: N_("too dry"),
    climate.DAMP: N_("too damp"),
    climate.SWINGS: N_("changes too fast"),
}
