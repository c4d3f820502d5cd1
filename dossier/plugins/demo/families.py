"""Names of what varies between papers, and which of it is held out from tuning.

A family name is ``kind.name``: ``layout.*`` how a form is arranged, ``font.*`` the face of its
print, ``damage.*`` what the scanner or camera did to it, ``hand.*`` how somebody signs, ``stamp.*``
a seal's shape, ``place.*`` where beside its label somebody signs, ``decoy.*`` what looks like
a seal and is none. Measurements that are to be believed use names that nobody tuned on, so every
type has a layout, and there is a face, several damages, a hand and two seals, that the default demo
never uses. Signatures and seals were later tuned on those as well; :data:`MARKS_HELD_OUT` is what
was kept back from that.
"""

from __future__ import annotations

LAYOUTS = ("layout.ruled", "layout.letter", "layout.boxed")
FONTS = ("font.hei", "font.song", "font.light-hei", "font.narrow-song", "font.micro-hei")
DAMAGES = (
    "damage.clean",
    "damage.office",
    "damage.bilevel",
    "damage.faded",
    "damage.stained",
    "damage.sealed",
    "damage.turned",
    "damage.photocopy",
    "damage.photo",
    "damage.night-photo",
    "damage.messenger",
    "damage.bleed",
    "damage.glare",
    "damage.curled",
    "damage.carbon",
    "damage.motion",
    "damage.screen",
    "damage.harsh",
    "damage.fax",
    "damage.dithered",
    "damage.app",
    "damage.recopied",
)
HANDS = (
    "hand.pen",
    "hand.scrawl",
    "hand.quick",
    "hand.brush",
    "hand.thumb",
    "hand.cursive",
    "hand.tailed",
)
STAMPS = (
    "stamp.round",
    "stamp.oval",
    "stamp.square",
    "stamp.barred",
    "stamp.carved",
    "stamp.small",
    "stamp.invoice",
    "stamp.upright",
)
PLACES = (
    "place.beside",
    "place.below",
    "place.crossing",
    "place.lined",
    "place.apart",
    "place.celled",
)
DECOYS = (
    "decoy.none",
    "decoy.copy",
    "decoy.checked",
    "decoy.date",
    "decoy.logo",
    "decoy.heading",
    "decoy.paid",
    "decoy.ringed",
)
ALL = frozenset((*LAYOUTS, *FONTS, *DAMAGES, *HANDS, *STAMPS, *PLACES, *DECOYS))
HELD_OUT = frozenset(
    (
        "layout.boxed",
        "font.micro-hei",
        "damage.curled",
        "damage.carbon",
        "damage.motion",
        "damage.screen",
        "damage.harsh",
        "damage.fax",
        "damage.dithered",
        "hand.brush",
        "stamp.barred",
        "stamp.carved",
    )
)
MARKS_HELD_OUT = frozenset(
    (
        "damage.app",
        "damage.recopied",
        "hand.cursive",
        "hand.tailed",
        "stamp.invoice",
        "stamp.upright",
        "place.apart",
        "place.celled",
        "decoy.paid",
        "decoy.ringed",
    )
)
DEFAULT = ALL - HELD_OUT - MARKS_HELD_OUT


def choices(families: frozenset[str] | None, kind: str) -> tuple[str, ...]:
    """Plain names of ``kind`` that ``families`` allows, in fixed order.

    Args:
        families: allowed family names; a kind of which it names none keeps its default, None
            keeps all defaults.
        kind: ``layout``, ``font``, ``damage``, ``hand``, ``stamp``, ``place`` or ``decoy``.

    Raises:
        ValueError: when a name is not a family (a misspelling would silently widen the choice).
    """
    wanted = families or DEFAULT
    if unknown := wanted - ALL:
        raise ValueError(f"unknown families: {', '.join(sorted(unknown))}")
    every = {
        "layout": LAYOUTS, "font": FONTS, "damage": DAMAGES, "hand": HANDS, "stamp": STAMPS,
        "place": PLACES, "decoy": DECOYS,
    }[kind]  # fmt: skip
    chosen = [name for name in every if name in wanted]
    chosen = chosen or [name for name in every if name in DEFAULT]
    return tuple(name.split(".", 1)[1] for name in chosen)
