"""What scopes cost a search, and whether its time tells of what one may not see.

    python -m benchmarks.scopes [--customers 20000] [--documents 100000] [--tries 1000] [--home DIR]

Cost: one viewer of an agent's rights with 30 places as scope, the same with everything, and an
administrator, asked the same questions in turns; p50 and p95 by processor time and by the clock.

Time: an agent of one station asks for customers of other stations and, in turns, for customers that
do not exist, each question once. Whether the two can be told apart is the Mann-Whitney rank test's
matter: p, and the effect as the share of pairs in which what is hidden took longer (AUC; 0.5 is none).
The archive is made by ``benchmarks.one_box_archive``; with ``--home`` it is kept and taken again.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.one_box import percentile
from benchmarks.one_box_archive import make_archive
from benchmarks.query_classes import questions
from dossier.bootstrap import build
from dossier.db.tables import Customer, District, Line, OrgUnit
from dossier.plugins.demo.customers import InventedCustomer, invent_customers
from dossier.services import search, suggesting
from dossier.services.context import Context
from dossier.services.views import SearchRequest
from dossier.settings import Settings
from dossier.viewer import EVERYTHING, Permission, Scope, Viewer, system_viewer

SETUP = system_viewer("benchmark")
AGENT = frozenset({Permission.SEARCH, Permission.READ_CUSTOMER, Permission.READ_CONTENT})
ADMINISTRATOR = frozenset({Permission.SEARCH, Permission.READ_CUSTOMER, Permission.SEE_POOL})
CLOCKS: dict[str, Callable[[], float]] = {"cpu": time.process_time, "clock": time.perf_counter}
PLACES = 30
Told = dict[str, list[float]]


# -- the rank test ------------------------------------------------------------------------------


def rank_test(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Two-sided p by the normal approximation with ties, and the AUC of ``first`` over ``second``."""
    values = sorted((value, at < len(first)) for at, value in enumerate([*first, *second]))
    ranks, ties, at = 0.0, 0.0, 0
    while at < len(values):
        end = at
        while end < len(values) and values[end][0] == values[at][0]:
            end += 1
        among = sum(of_first for _, of_first in values[at:end])
        ranks += among * (at + 1 + end) / 2
        ties += (end - at) ** 3 - (end - at)
        at = end
    n, m = len(first), len(second)
    over = ranks - n * (n + 1) / 2
    spread = math.sqrt(n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1))))
    z = (over - n * m / 2) / spread if spread else 0.0
    return math.erfc(abs(z) / math.sqrt(2)), over / (n * m)


# -- asking -------------------------------------------------------------------------------------


def taken(call: Callable[[], Any]) -> dict[str, float]:
    """Milliseconds of one call, by each clock."""
    began = {name: clock() for name, clock in CLOCKS.items()}
    call()
    return {name: (clock() - began[name]) * 1000 for name, clock in CLOCKS.items()}


def search_for(context: Context, viewer: Viewer) -> Callable[[str], Any]:
    return lambda q: search.search(context, viewer, SearchRequest(q=q))


def suggest_for(context: Context, viewer: Viewer) -> Callable[[str], Any]:
    return lambda q: suggesting.suggest(context, viewer, q)


def viewers(context: Context, seed: int) -> dict[str, Viewer]:
    """Whom the questions are asked by."""
    rng = random.Random(seed)
    with context.reading(SETUP) as session:
        ids = [list(session.scalars(select(each.id))) for each in (OrgUnit, Line, District)]
    units, lines, districts = (rng.sample(each, min(PLACES // 3, len(each))) for each in ids)
    rest = rng.sample(ids[2], PLACES - len(units) - len(lines) - len(districts))
    scope = Scope(
        units=frozenset(units), lines=frozenset(lines), districts=frozenset([*districts, *rest])
    )
    return {
        "administrator": Viewer("a", "a", "administrator", ADMINISTRATOR, EVERYTHING),
        f"the same, {PLACES} places": Viewer("e", "e", "administrator", ADMINISTRATOR, scope),
        "agent, everything": Viewer("b", "b", "agent", AGENT, EVERYTHING),
        f"agent, {PLACES} places": Viewer("c", "c", "agent", AGENT, scope),
    }


def cost(context: Context, asking: dict[str, Viewer], asked: Sequence[str]) -> None:
    found: dict[str, Told] = {name: {kind: [] for kind in CLOCKS} for name in asking}
    for at, question in enumerate(asked):
        names = list(asking)
        for name in names[at % len(names) :] + names[: at % len(names)]:  # nobody is always first
            ask = search_for(context, asking[name])
            for kind, value in taken(partial(ask, question)).items():
                found[name][kind].append(value)
    for kind in CLOCKS:
        least = percentile(found["administrator"][kind], 0.95)
        for name, told in found.items():
            p50, p95 = (percentile(told[kind], share) for share in (0.5, 0.95))
            print(
                f"  {name:22} {kind:6} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   {p95 / least:.2f} x"
            )


# -- can they be told apart? --------------------------------------------------------------------


def pairs(
    people: Sequence[InventedCustomer], unit: str, seed: int, tries: int
) -> dict[str, tuple[list[str], list[str]]]:
    """Of each kind, what stands outside ``unit`` and what stands nowhere, of the same form."""
    rng = random.Random(seed)
    outside = [one for one in people if one.unit != unit]
    inside = [one for one in people if one.unit == unit]
    known = {one.name for one in people}
    strangers = [one for one in invent_customers(seed + 1, len(people)) if one.name not in known]

    def numbers(of: Callable[[InventedCustomer], str]) -> tuple[list[str], list[str]]:
        there = {of(one) for one in people}
        mine = {of(one) for one in inside}
        hidden = rng.sample(sorted({of(one) for one in outside} - mine - {""}), tries)
        absent = []
        while len(absent) < tries:
            like = rng.choice(hidden)
            made = like[:-5] + "".join(rng.choices("0123456789", k=5))
            if made not in there:
                absent.append(made)
        return hidden, absent

    own = {one.name for one in inside}
    names = sorted({one.name for one in outside if one.is_person} - own)
    fresh = sorted({one.name for one in strangers if one.is_person})
    count = min(tries, len(names), len(fresh))
    return {
        "customer number": numbers(lambda one: one.customer_no),
        "meter number": numbers(lambda one: one.meter_no.split(";")[0]),
        "phone": numbers(lambda one: one.first_phone),
        "name": (rng.sample(names, count), rng.sample(fresh, count)),
    }


def told_apart(
    ask: Callable[[str], Any], hidden: Sequence[str], absent: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """p and AUC by each clock, asked in turns in a random order within each pair."""
    rng = random.Random(len(hidden))
    found: dict[bool, Told] = {each: {kind: [] for kind in CLOCKS} for each in (True, False)}
    for pair in zip(hidden, absent, strict=True):
        order = [True, False]
        rng.shuffle(order)
        for is_hidden in order:
            question = pair[0] if is_hidden else pair[1]
            for kind, value in taken(partial(ask, question)).items():
                found[is_hidden][kind].append(value)
    return {kind: rank_test(found[True][kind], found[False][kind]) for kind in CLOCKS}


def timing(context: Context, people: Sequence[InventedCustomer], seed: int, tries: int) -> None:
    with context.reading(SETUP) as session:
        unit = session.scalars(select(OrgUnit).where(OrgUnit.parent_id.is_not(None))).first()
    assert unit is not None
    agent = Viewer("d", "d", "agent", AGENT, Scope(units=frozenset({unit.id})))
    for warm in people[:50]:
        search_for(context, agent)(warm.customer_no)
    for name, (hidden, absent) in pairs(people, unit.name, seed, tries).items():
        for kind, ask in (
            ("search", search_for(context, agent)),
            ("suggest", suggest_for(context, agent)),
        ):
            result = told_apart(ask, hidden, absent)
            told = "   ".join(
                f"{clock}: p {p:.3f} AUC {auc:.3f}" for clock, (p, auc) in result.items()
            )
            print(f"  {kind:8} {name:16} {len(hidden)} each   {told}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--tries", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--home", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        context = build(Settings(home=asked.home or Path(folder) / "home"))
        people = list(invent_customers(asked.seed, asked.customers))
        with context.reading(SETUP) as session:
            is_made = session.scalar(select(Customer.customer_no).limit(1)) is not None
        if not is_made:
            make_archive(context, asked.seed, asked.customers, asked.documents, with_masks=False)
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
            f"{asked.customers} customers, {asked.documents} documents"
        )
        print("cost of scopes")
        cost(context, viewers(context, asked.seed), questions(11, people, asked.questions))
        print(f"hidden against absent, load {os.getloadavg()[0]:.1f}")
        timing(context, people, asked.seed, asked.tries)
        context.readers.close()
        context.index.close()
        context.database.dispose()


if __name__ == "__main__":
    main()
