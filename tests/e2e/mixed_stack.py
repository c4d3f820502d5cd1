"""A stack as it comes from the scanner: papers of twelve customers in one file, forty sides."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from dossier.plugins.demo.customers import InventedCustomer, invent_customers
from dossier.plugins.demo.stacks import PAPER, InventedStack, StackedPaper, invent_stacks

SEED = 5
SIDES = 40
HOLDERS = 12


def register() -> list[InventedCustomer]:
    """Sixteen customers; two people have one name, so that a name alone does not tell them apart."""
    people = list(invent_customers(SEED, 16))
    first, second = [at for at, one in enumerate(people) if one.is_person][:2]
    people[second] = replace(people[second], name=people[first].name)
    return people


def write_register(people: Sequence[InventedCustomer], path: Path) -> None:
    rows = [asdict(one) for one in people]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def stack(people: Sequence[InventedCustomer]) -> InventedStack:
    """Papers of twelve customers, one of which names nobody alone, on exactly forty sides."""
    whole = invent_stacks(people, SEED, stacks=1, papers=60)[0]
    sides = [[one for one in whole.sheets if one.paper == at] for at in range(len(whole.papers))]
    order = sorted(range(len(sides)), key=lambda at: (not is_doubtful(whole.papers[at]), at))
    chosen: list[int] = []
    holders: set[str] = set()
    for widening in (True, False):  # each holder's first paper before anybody's second
        for at in order:
            paper = whole.papers[at]
            number = paper.plan.customer.customer_no
            is_new = number not in holders
            if at in chosen or not paper.plan.known or is_new is not widening:
                continue
            if is_doubtful(paper) and any(is_doubtful(whole.papers[n]) for n in chosen):
                continue
            if is_new and len(holders) == HOLDERS:
                continue
            if sum(len(sides[n]) for n in chosen) + len(sides[at]) <= SIDES - (
                HOLDERS - len(holders) - is_new
            ):
                chosen.append(at)
                holders.add(number)
    chosen.sort()
    sheets = [replace(one, paper=place) for place, at in enumerate(chosen) for one in sides[at]]
    assert (len(sheets), len(holders)) == (SIDES, HOLDERS)
    return InventedStack(tuple(sheets), tuple(whole.papers[at] for at in chosen), whole.manner)


def is_doubtful(paper: StackedPaper) -> bool:
    """Whether nothing but a name that two customers have tells whose it is."""
    return paper.plan.identity == "name" and not paper.plan.unique_name


def pages_of(stack: InventedStack) -> dict[int, StackedPaper]:
    """Which paper a side with something of it belongs to, by the side's place from 1."""
    return {
        at: stack.papers[one.paper] for at, one in enumerate(stack.sheets, 1) if one.kind == PAPER
    }
