"""Decides which papers an archive gets: whose, what, in which form, format and damage."""

# ruff: noqa: S311 - a repeatable generator is wanted, nothing here is a secret

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from dossier.plugins.demo import eras
from dossier.plugins.demo import families as family_names
from dossier.plugins.demo.catalogue import TYPES
from dossier.plugins.demo.customers import InventedCustomer, invent_customers
from dossier.plugins.demo.sheet import Ink

DIGITAL = ("pdf", "docx", "xlsx", "eml", "ofd")
SCANNED = ("image-pdf", "jpeg", "tiff", "mixed-pdf")
SUFFIX = {"image-pdf": "pdf", "mixed-pdf": "pdf", "jpeg": "jpg", "tiff": "tif"}
_FORMAT_WEIGHTS = {
    "pdf": 12, "docx": 6, "xlsx": 3, "eml": 3, "ofd": 5,
    "image-pdf": 31, "jpeg": 22, "tiff": 13, "mixed-pdf": 5,
}  # fmt: skip
_WITHOUT_CODE = frozenset({"docx", "xlsx", "eml"})  # nothing to print a bar code on
_ROUTES = {"content": 50, "file_name": 18, "folder": 16, "barcode": 16}
_CAMERA = frozenset(
    {"photo", "night-photo", "curled", "messenger", "glare", "motion", "screen", "harsh"}
)
_STRANGER_SHARE = 0.012
_DUPLICATE_SHARE = 0.015
_FILLED = {Ink.PRINT: 70, Ink.DOTS: 16, Ink.PEN: 14}  # how scanned forms were filled in
_BLANK_BACK_SHARE = 0.06
_DOSSIER_SIZES = {0: 25, 1: 35, 2: 25, 6: 15}  # papers per customer, weights
LAST_DAY = date(2026, 2, 27)
"""No paper is younger; the archive is scanned in the month after."""
_STRANGER_TYPES = ("C01", "A01", "D01")
_NAME_ONLY = ("A08", "A09", "G01", "G02", "J01", "J02")  # can hide all but the name
MIN_PAPERS = 40
"""Enough for every type and format even when there are three customers."""


@dataclass(frozen=True, slots=True)
class PaperPlan:
    """Everything that decides one file's bytes.

    Attributes:
        number: place in the archive, 0-based.
        path: relative path with ``/``.
        format: one of :data:`DIGITAL` or :data:`SCANNED`.
        type_code: key of ``catalogue.TYPES``.
        customer: whose paper it is.
        known: whether the register knows that customer.
        unique_name: whether the register holds the name once only.
        unique_id: likewise the identity number.
        route: how it is meant to be linked: ``content file_name folder barcode``.
        identity: what the paper tells about the customer, see ``facts.IDENTITIES``.
        layout: plain layout name.
        font: plain font name.
        damage: plain damage name, "" for born-digital.
        filled: ink of filled-in values.
        on: the paper's date.
        seed: of everything else.
        blank_back: an empty last page was scanned with it.
        duplicate_of: path of the paper of which it is a copy.
    """

    number: int
    path: str
    format: str
    type_code: str
    customer: InventedCustomer
    known: bool
    unique_name: bool
    unique_id: bool
    route: str
    identity: str
    layout: str
    font: str
    damage: str
    filled: Ink
    on: date
    seed: int
    blank_back: bool = False
    duplicate_of: str = ""


Subject = tuple[InventedCustomer, str, bool]
"""Customer, type code and whether the register knows the customer."""


class Planner:
    """Draws plans for a register, all from one seed."""

    def __init__(
        self, customers: Sequence[InventedCustomer], seed: int, families: frozenset[str] | None
    ) -> None:
        self._customers = customers
        self._seed = seed
        self._rng = random.Random(seed * 31 + 7)
        self._layouts = family_names.choices(families, "layout")
        self._fonts = family_names.choices(families, "font")
        self._damages = family_names.choices(families, "damage")
        self._names = Counter(customer.name for customer in customers)
        self._ids = Counter(customer.id_no for customer in customers)
        self._turn: Counter[str] = Counter()
        self._paths: set[str] = set()
        self._deck = list(_FORMAT_WEIGHTS)

    def plans(self, count: int) -> list[PaperPlan]:
        """``count`` plans, born-digital ones first so that there is something to find at once."""
        subjects = self._subjects(count)
        plans = [self._plan(number, subject) for number, subject in enumerate(subjects)]
        plans += self._duplicates(plans, count)
        return sorted(plans, key=lambda plan: plan.format not in DIGITAL)

    def _subjects(self, count: int) -> list[Subject]:
        """Customer, type and whether the register knows them, ``count`` times."""
        if not self._customers or count <= 0:
            return []
        chosen: list[Subject] = []
        waiting: list[InventedCustomer] = []
        while len(chosen) < count:
            if not waiting:
                waiting = list(self._customers)
                self._rng.shuffle(waiting)
            customer = waiting.pop()
            chosen += [(customer, code, True) for code in self._types_of(customer)]
        strangers = list(invent_customers(self._seed + 987_654, round(count * _STRANGER_SHARE)))
        for stranger in strangers:
            spot = self._rng.randrange(count)
            chosen[spot] = (stranger, self._rng.choice(_STRANGER_TYPES), False)
        return chosen[:count]

    def _types_of(self, customer: InventedCustomer) -> list[str]:
        many = self._rng.choices(list(_DOSSIER_SIZES), list(_DOSSIER_SIZES.values()))[0]
        weights = {c: t.person if customer.is_person else t.company for c, t in TYPES.items()}
        found: list[str] = []
        for _ in range(many):
            left = [code for code, weight in weights.items() if weight and code not in found]
            found.append(self._rng.choices(left, [weights[code] for code in left])[0])
        if self._names[customer.name] > 1 and self._rng.random() < 0.5:
            found.append(self._rng.choice(_NAME_ONLY))
        return found

    def _plan(self, number: int, subject: Subject) -> PaperPlan:
        customer, code, known = subject
        kind = TYPES[code]
        rng = self._rng
        file_format = self._format(code)
        coded = file_format not in _WITHOUT_CODE
        routes = {name: w for name, w in _ROUTES.items() if name != "barcode" or coded}
        route = rng.choices(list(routes), list(routes.values()))[0] if known else "content"
        identity = rng.choice(kind.identities)
        if self._names[customer.name] > 1 and code in _NAME_ONLY and rng.random() < 0.7:
            route, identity = "content", "name"  # nobody can know which of the two it is
        layout = self._next(f"layout {code}", self._layouts)
        start = max(customer.opened, eras.first_day(code, file_format))
        span = max(1, (LAST_DAY - start).days)
        damage = self._damage(file_format) if file_format in SCANNED else ""
        plan = PaperPlan(
            number=number, path="", format=file_format, type_code=code, customer=customer,
            known=known, unique_name=self._names[customer.name] == 1,
            unique_id=self._ids[customer.id_no] == 1, route=route,
            identity=identity, layout=layout,
            font=self._next("font", self._fonts), damage=damage,
            filled=self._filled() if damage else Ink.PRINT,
            on=start + timedelta(days=rng.randrange(min(span, 1_500))),
            seed=self._seed * 1_000_003 + number,
            blank_back=file_format in {"image-pdf", "tiff"} and rng.random() < _BLANK_BACK_SHARE,
        )  # fmt: skip
        return replace(plan, path=self._path(plan))

    def _format(self, code: str) -> str:
        """The next format of the deck that suits the type; each comes up early in an archive."""
        barred = set(DIGITAL) | {"mixed-pdf"} if TYPES[code].scan_only else set()
        if code == "C01":
            barred.add("jpeg")  # a contract has several pages
        while True:
            for at, file_format in enumerate(self._deck):
                if file_format not in barred:
                    return self._deck.pop(at)
            again = [f for f, weight in _FORMAT_WEIGHTS.items() for _ in range(weight)]
            self._rng.shuffle(again)
            self._deck += again

    def _damage(self, file_format: str) -> str:
        """The next damage that such a file can have; cameras make JPEGs."""
        fitting = [d for d in self._damages if (d in _CAMERA) == (file_format == "jpeg")]
        if file_format == "jpeg":
            fitting += [d for d in self._damages if d in {"office", "sealed", "turned"}]
        return self._next(f"damage {file_format}", tuple(fitting) or self._damages)

    def _filled(self) -> Ink:
        return self._rng.choices(list(_FILLED), list(_FILLED.values()))[0]

    def _next(self, what: str, names: tuple[str, ...]) -> str:
        """Takes turns, so that small archives have every kind too."""
        self._turn[what] += 1
        return names[self._turn[what] % len(names)]

    def _path(self, plan: PaperPlan) -> str:
        label, number = TYPES[plan.type_code].label, plan.customer.customer_no
        name = {
            "folder": f"{number}/{label}",
            "file_name": self._rng.choice(
                (f"{number}_{label}_{plan.on:%Y%m%d}", f"{label}-{number}")
            ),
            "barcode": f"SCAN_{plan.number:05d}",
            "content": self._anonymous(plan),
        }[plan.route]
        suffix = SUFFIX.get(plan.format, plan.format)
        path = f"papers/{name}.{suffix}"
        if path in self._paths:
            path = f"papers/{name} ({plan.number}).{suffix}"
        self._paths.add(path)
        return path

    def _anonymous(self, plan: PaperPlan) -> str:
        n = plan.number
        if plan.format == "jpeg":
            return self._rng.choice(
                (f"IMG_20260{n % 9 + 1}11_{100000 + n * 37}", f"微信图片_{20260301000 + n}")
            )
        names = (
            f"扫描件{n:04d}",
            f"新建文档 {n}",
            f"{plan.on:%Y-%m}/批次扫描{n:03d}",
            f"doc{n:05d}",
        )
        return self._rng.choice(names)

    def _duplicates(self, plans: list[PaperPlan], count: int) -> list[PaperPlan]:
        """Exact copies of some papers under other names."""
        many = max(1, round(count * _DUPLICATE_SHARE)) if plans else 0
        copies = []
        for at, plan in enumerate(self._rng.sample(plans, min(many, len(plans)))):
            suffix = SUFFIX.get(plan.format, plan.format)
            path = f"papers/副本{at:03d}.{suffix}"
            copies.append(replace(plan, path=path, duplicate_of=plan.path))
        return copies
