"""What scanners, copiers and cameras do to a page, as numbers drawn from wide ranges.

Each profile is a recipe: ranges from which a page's :class:`Damage` is drawn. Widen a range here
and every generated page set follows. The ranges follow domain.md §3.2 (200 to 300 dpi, skew up
to and past the 3° that a municipal rule allows) and what stack.md lists as met in practice.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Damage:
    """One page's damage.

    Attributes:
        name: plain name of the profile.
        dpi: resolution of the scan.
        mode: ``rgb``, ``grey``, ``bilevel`` or ``dithered``.
        turn: degrees clockwise by which the paper lay turned (0, 90, 180, 270).
        skew: further degrees clockwise.
        perspective: how far the corners move, as share of the page's side.
        curl: height of the page's bow, as share of its height.
        fade: ink that is left, 1 is all.
        paper: colour of the paper (red, green, blue).
        shadow: how dark the darkest part of an uneven light is, 0 none.
        blur: standard deviation in pixels.
        noise: standard deviation in grey levels.
        stains: number of stains.
        folds: number of fold lines.
        holes: punched or stapled at the left edge.
        speckle: share of pixels turned black or white.
        edges: dark copier edges.
        streaks: number of toner streaks.
        threshold: grey level that divides black from white in ``bilevel``.
        seals_over: number of seals that lie over filled-in values.
        bleed: how strongly the back side shines through, 0 none.
        glare: how strongly a flash washes a spot out, 0 none.
        motion: length of a camera shake in pixels.
        moire: strength of the stripes that a photographed screen shows, 0 none.
        desk: surroundings show, as in a photograph.
        lift: factor of the contrast that a program or a copier adds.
        quality: of the JPEG.
    """

    name: str
    dpi: int = 200
    mode: str = "rgb"
    turn: int = 0
    skew: float = 0.0
    perspective: float = 0.0
    curl: float = 0.0
    fade: float = 1.0
    paper: tuple[int, int, int] = (255, 255, 255)
    shadow: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    stains: int = 0
    folds: int = 0
    holes: bool = False
    speckle: float = 0.0
    edges: bool = False
    streaks: int = 0
    threshold: int = 150
    seals_over: int = 0
    bleed: float = 0.0
    glare: float = 0.0
    motion: int = 0
    moire: float = 0.0
    desk: bool = False
    lift: float = 1.0
    quality: int = 82


def draw_damage(name: str, rng: random.Random) -> Damage:
    """Draws one page's damage from the profile ``name`` (see ``families.DAMAGES``)."""
    return _PROFILES[name](rng)


def sibling(damage: Damage, rng: random.Random) -> Damage:
    """The damage of the next page in the same scanner run: all alike but for the way it lay."""
    return replace(damage, skew=damage.skew + rng.uniform(-0.3, 0.3), seals_over=0)


def _clean(rng: random.Random) -> Damage:
    return Damage(
        "clean", rng.choice((200, 200, 300)), skew=rng.uniform(-0.2, 0.2), noise=2, quality=88
    )


def _office(rng: random.Random) -> Damage:
    return Damage(
        "office", rng.choice((150, 200, 200, 300)), rng.choice(("rgb", "grey")),
        skew=rng.uniform(-1.6, 1.6), noise=rng.uniform(2, 6), blur=rng.uniform(0, 0.6),
        paper=_paper(rng, 246), holes=rng.random() < 0.4, quality=rng.randint(60, 85),
    )  # fmt: skip


def _bilevel(rng: random.Random) -> Damage:
    return Damage(
        "bilevel", rng.choice((200, 300)), "bilevel", skew=rng.uniform(-1.5, 1.5),
        noise=rng.uniform(4, 12), blur=rng.uniform(0.3, 0.7), threshold=rng.randint(155, 195),
        speckle=rng.uniform(0, 0.0008), holes=rng.random() < 0.5,
    )  # fmt: skip


def _faded(rng: random.Random) -> Damage:
    return Damage(
        "faded", 200, rng.choice(("rgb", "grey")), skew=rng.uniform(-1, 1),
        fade=rng.uniform(0.28, 0.5), paper=_paper(rng, 228), noise=rng.uniform(3, 6), blur=0.4,
        quality=75,
    )  # fmt: skip


def _stained(rng: random.Random) -> Damage:
    return Damage(
        "stained", 200, skew=rng.uniform(-1.5, 1.5), paper=_paper(rng, 232), noise=4,
        stains=rng.randint(2, 5), folds=rng.randint(1, 3), holes=True, shadow=0.1, quality=75,
    )  # fmt: skip


def _sealed(rng: random.Random) -> Damage:
    return Damage(
        "sealed", rng.choice((200, 300)), rng.choice(("rgb", "rgb", "rgb", "grey")),
        skew=rng.uniform(-1, 1), noise=3, seals_over=rng.randint(1, 2), paper=_paper(rng, 248),
        quality=80,
    )  # fmt: skip


def _turned(rng: random.Random) -> Damage:
    return replace(_office(rng), name="turned", turn=rng.choice((90, 180, 270)))


def _photocopy(rng: random.Random) -> Damage:
    return Damage(
        "photocopy", 200, "grey", skew=rng.uniform(-2.5, 2.5), noise=8, blur=0.6,
        edges=True, streaks=rng.randint(1, 3), speckle=rng.uniform(0.0002, 0.0015),
        paper=(236, 236, 236), quality=70,
    )  # fmt: skip


def _photo(rng: random.Random) -> Damage:
    return Damage(
        "photo", rng.choice((180, 200, 230)), turn=rng.choice((0, 0, 0, 90, 270, 180)),
        skew=rng.uniform(-4, 4), perspective=rng.uniform(0.01, 0.05), shadow=rng.uniform(0.15, 0.5),
        blur=rng.uniform(0.3, 0.9), noise=rng.uniform(3, 7), paper=_warm(rng), desk=True,
        folds=rng.randint(0, 2), quality=rng.randint(62, 85),
    )  # fmt: skip


def _night_photo(rng: random.Random) -> Damage:
    return replace(
        _photo(rng), name="night-photo", shadow=rng.uniform(0.5, 0.7), noise=rng.uniform(8, 14),
        blur=rng.uniform(0.7, 1.2), fade=0.85, quality=rng.randint(55, 70),
    )  # fmt: skip


def _messenger(rng: random.Random) -> Damage:
    """A photograph as a chat program passes it on: small and much compressed."""
    return replace(
        _photo(rng), name="messenger", dpi=rng.randint(120, 145), noise=3, perspective=0.02,
        quality=rng.randint(38, 55), blur=rng.uniform(0.2, 0.5),
    )  # fmt: skip


def _bleed(rng: random.Random) -> Damage:
    return Damage(
        "bleed", 200, rng.choice(("rgb", "grey")), skew=rng.uniform(-1.2, 1.2), noise=3,
        bleed=rng.uniform(0.12, 0.3), paper=_paper(rng, 240), quality=75,
    )  # fmt: skip


def _glare(rng: random.Random) -> Damage:
    return replace(_photo(rng), name="glare", glare=rng.uniform(0.45, 0.8), shadow=0.25)


def _motion(rng: random.Random) -> Damage:
    return replace(_photo(rng), name="motion", motion=rng.randint(4, 7), blur=0.5, dpi=200)


def _harsh(rng: random.Random) -> Damage:
    """Much at once: a small, soft photograph of a stained, folded, faded copy."""
    return replace(
        _night_photo(rng), name="harsh", dpi=rng.randint(115, 150), fade=rng.uniform(0.45, 0.7),
        stains=rng.randint(2, 4), folds=2, bleed=rng.uniform(0.1, 0.2), blur=rng.uniform(0.6, 0.9),
        shadow=rng.uniform(0.4, 0.6), noise=rng.uniform(5, 10), perspective=rng.uniform(0.03, 0.07),
        skew=rng.uniform(-6, 6), quality=rng.randint(40, 55),
    )  # fmt: skip


def _screen(rng: random.Random) -> Damage:
    """A photograph of a computer screen that shows the page."""
    return replace(
        _photo(rng), name="screen", moire=rng.uniform(0.08, 0.2), folds=0, paper=(226, 236, 255),
        turn=0,
    )  # fmt: skip


def _curled(rng: random.Random) -> Damage:
    return replace(
        _photo(rng), name="curled", turn=0, curl=rng.choice((-1, 1)) * rng.uniform(0.008, 0.022),
        perspective=0.015, skew=rng.uniform(-2, 2),
    )  # fmt: skip


def _carbon(rng: random.Random) -> Damage:
    return Damage(
        "carbon", 200, skew=rng.uniform(-1.5, 1.5), fade=rng.uniform(0.4, 0.6),
        paper=rng.choice(((250, 214, 222), (252, 240, 190), (206, 226, 244))),
        blur=rng.uniform(0.9, 1.3), noise=7, stains=1, quality=75,
    )  # fmt: skip


def _fax(rng: random.Random) -> Damage:
    return Damage(
        "fax", 150, "bilevel", skew=rng.uniform(-1, 1), noise=14, blur=0.6,
        threshold=rng.randint(165, 190), speckle=0.001, streaks=1,
    )  # fmt: skip


def _app(rng: random.Random) -> Damage:
    """A page as a telephone's scanning program gives it: flat, whitened, much contrast."""
    return Damage(
        "app", rng.choice((160, 200)), skew=rng.uniform(-1.5, 1.5), noise=3,
        lift=rng.uniform(1.3, 1.7),
        perspective=0.006, blur=rng.uniform(0.4, 0.8), quality=rng.randint(55, 75),
    )  # fmt: skip


def _recopied(rng: random.Random) -> Damage:
    """A copy of a copy: thick, soft, grey or black alone."""
    return Damage(
        "recopied", 200, rng.choice(("grey", "bilevel")), skew=rng.uniform(-2, 2), noise=10,
        blur=rng.uniform(0.9, 1.2), lift=1.25, edges=True, streaks=1, speckle=0.0008,
        paper=(226,) * 3, threshold=rng.randint(150, 175), quality=70,
    )  # fmt: skip


def _dithered(rng: random.Random) -> Damage:
    return Damage(
        "dithered", 200, "dithered", skew=rng.uniform(-0.8, 0.8), noise=3, paper=(244,) * 3
    )


def _paper(rng: random.Random, level: int) -> tuple[int, int, int]:
    return (level + rng.randint(0, 6), level + rng.randint(0, 4), level - rng.randint(0, 12))


def _warm(rng: random.Random) -> tuple[int, int, int]:
    return (rng.randint(232, 250), rng.randint(226, 242), rng.randint(200, 238))


_PROFILES: dict[str, Callable[[random.Random], Damage]] = {
    "clean": _clean,
    "office": _office,
    "bilevel": _bilevel,
    "faded": _faded,
    "stained": _stained,
    "sealed": _sealed,
    "turned": _turned,
    "photocopy": _photocopy,
    "photo": _photo,
    "night-photo": _night_photo,
    "messenger": _messenger,
    "bleed": _bleed,
    "glare": _glare,
    "motion": _motion,
    "screen": _screen,
    "harsh": _harsh,
    "curled": _curled,
    "carbon": _carbon,
    "fax": _fax,
    "dithered": _dithered,
    "app": _app,
    "recopied": _recopied,
}
