"""Single damaged pages with their truth, spread evenly over types, layouts, faces and damages."""

# ruff: noqa: S311 - a repeatable generator is wanted, nothing here is a secret

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from dossier.plugins.demo import eras, scans
from dossier.plugins.demo import families as family_names
from dossier.plugins.demo.catalogue import TYPES
from dossier.plugins.demo.content import Content
from dossier.plugins.demo.customers import InventedCustomer, invent_customers
from dossier.plugins.demo.make import compose, lay_out, render_all
from dossier.plugins.demo.plan import LAST_DAY, PaperPlan
from dossier.plugins.demo.render import RenderedPage
from dossier.plugins.demo.sheet import Ink, Sheet, SigningPlace
from dossier.plugins.demo.signing import signed_by_chance, with_decoy
from dossier.plugins.demo.truth import TruthField, TruthPage, fields_of

_CODED_EVERY = 7  # so many pages have one with a bar code
_PEN_EVERY = 9  # so many pages have one filled in by hand, and one by a needle printer


@dataclass(frozen=True, slots=True)
class BenchmarkPage:
    """One page as a file and what is known about it.

    Attributes:
        image: PNG for black and white pages, JPEG for others.
        suffix: ``png`` or ``jpg``.
        dpi: of the scan.
        type_code: code of domain.md §2.1.
        layout: plain family name; likewise ``font`` and ``damage``.
        filled: ink of the filled-in values, ``print``, ``pen`` or ``dots``.
        customer: whose paper it is.
        truth: lines and boxes.
        fields: the key values that stand on this page in one line.
    """

    image: bytes
    suffix: str
    dpi: int
    type_code: str
    layout: str
    font: str
    damage: str
    filled: str
    customer: InventedCustomer
    truth: TruthPage
    fields: tuple[TruthField, ...]


def pages_for_benchmark(
    seed: int, count: int, families: frozenset[str] | None = None
) -> Iterator[BenchmarkPage]:
    """Yields ``count`` pages; every allowed damage comes up once in each round of damages.

    Args:
        seed: of everything; use another than the one tuned on.
        count: number of pages.
        families: allowed family names; None is the default set, ``families.ALL`` everything,
            ``families.HELD_OUT`` what nobody tuned on.
    """
    layouts, fonts, damages = (
        family_names.choices(families, kind) for kind in ("layout", "font", "damage")
    )
    rng = random.Random(seed * 13 + 5)
    customers = list(invent_customers(seed, max(300, count)))
    codes = list(TYPES)
    rng.shuffle(codes)
    for number in range(count):
        code = codes[number % len(codes)]
        plan = _plan(seed, number, code, _customer(customers, code, number), rng)
        yield _page(
            replace(
                plan,
                layout=layouts[sum(divmod(number, len(damages))) % len(layouts)],
                font=rng.choice(fonts),
                damage=damages[number % len(damages)],
            )
        )


def signing_pages(
    seed: int, count: int, families: frozenset[str] | None = None
) -> Iterator[BenchmarkPage]:
    """Pages on which somebody is to sign or seal, and a few others; some did, by all means.

    Of each signing side it is drawn whether it signed, in which hand, whether its name is only
    typed, and whether and how it sealed. Arguments as of :func:`pages_for_benchmark`.
    """
    layouts, fonts, damages = (
        family_names.choices(families, kind) for kind in ("layout", "font", "damage")
    )
    rng = random.Random(seed * 17 + 3)
    customers = list(invent_customers(seed, max(300, count)))
    codes = list(TYPES)
    rng.shuffle(codes)
    for number in range(count):
        code = codes[number % len(codes)]
        plan = replace(
            _plan(seed, number, code, _customer(customers, code, number), rng),
            layout=layouts[sum(divmod(number, len(damages))) % len(layouts)],
            font=rng.choice(fonts),
            damage=damages[number % len(damages)],
        )
        inner = random.Random(plan.seed)
        content = signed_by_chance(compose(plan, inner), families, inner)
        sheets = lay_out(plan, content)
        signing = [s for s in sheets if any(isinstance(m, SigningPlace) for m in s.marks)]
        chosen = signing if signing and inner.random() < _MOSTLY_SIGNING else sheets
        sheet = with_decoy(inner.choice(chosen), families, inner)
        yield page_of(plan, content, sheet, inner)


_MOSTLY_SIGNING = 0.85


def _customer(customers: list[InventedCustomer], code: str, number: int) -> InventedCustomer:
    """The next customer of the kind that has such papers."""
    person = TYPES[code].person >= TYPES[code].company
    found = customers[number % len(customers) :] + customers
    return next(customer for customer in found if customer.is_person == person)


def _plan(
    seed: int, number: int, code: str, customer: InventedCustomer, rng: random.Random
) -> PaperPlan:
    start = max(customer.opened, eras.first_day(code))
    return PaperPlan(
        number=number,
        path="",
        format="jpeg",
        type_code=code,
        customer=customer,
        known=True,
        unique_name=True,
        unique_id=True,
        route="barcode" if number % _CODED_EVERY == 3 else "content",
        identity=rng.choice(TYPES[code].identities),
        layout="",
        font="",
        damage="",
        filled={4: Ink.PEN, 7: Ink.DOTS}.get(number % _PEN_EVERY, Ink.PRINT),
        on=start + timedelta(days=rng.randrange(6_000) % max(1, (LAST_DAY - start).days)),
        seed=seed * 1_000_003 + number,
    )


def _page(plan: PaperPlan) -> BenchmarkPage:
    """Makes the plan's page; of a paper with several, a random one."""
    rng = random.Random(plan.seed)
    content = compose(plan, rng)
    sheets = lay_out(plan, content)
    return page_of(plan, content, sheets[rng.randrange(len(sheets))], rng)


def page_of(plan: PaperPlan, content: Content, sheet: Sheet, rng: random.Random) -> BenchmarkPage:
    """One sheet of a paper as its scan and truth."""
    (page,), damage = render_all(plan, [sheet], rng)
    fields = fields_of((page.truth,), content.fields())
    black = page.picture.mode == "1"
    return BenchmarkPage(
        image=_png(page) if black else scans.jpeg(page, damage.quality),
        suffix="png" if black else "jpg",
        dpi=page.dpi,
        type_code=plan.type_code,
        layout=plan.layout,
        font=plan.font,
        damage=plan.damage,
        filled=plan.filled.value,
        customer=plan.customer,
        truth=page.truth,
        fields=tuple(field for field in fields if field.quad),
    )


def _png(page: RenderedPage) -> bytes:
    buffer = io.BytesIO()
    page.picture.save(buffer, "PNG", dpi=(page.dpi, page.dpi))
    return buffer.getvalue()
