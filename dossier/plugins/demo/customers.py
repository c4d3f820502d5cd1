"""Invents the customer register: people and companies, units, lines and districts."""

# ruff: noqa: S311 - a repeatable generator is wanted, nothing here is a secret

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from pathlib import Path

from dossier.plugins.demo import eras, names, numbers

CITY = "襄阳市襄州区"
_FIRST_OPENING = date(2003, 1, 6)
_OPENING_DAYS = 8_300  # until autumn 2025
_PERSON_SHARE = 0.80  # of all customers; the rest are organisations
_SECOND_ACCOUNT_SHARE = 0.02  # people with two customer numbers
_CUSTOMERS_PER_UNIT = 40
_MAX_UNITS = len(names.TOWNS)


@dataclass(frozen=True, slots=True)
class InventedCustomer:
    """One row of ``customers.csv``; attribute names and order are its header.

    ``meter_no``, ``phone`` and ``old_customer_no`` may hold several values separated by ``;``.
    """

    customer_no: str
    name: str
    category: str
    id_type: str
    id_no: str
    phone: str
    address: str
    meter_no: str
    unit: str
    line: str
    district: str
    status: str
    voltage: str
    capacity_kva: str
    opened_on: str
    fee_control: str
    old_customer_no: str

    @property
    def is_person(self) -> bool:
        """Whether the account holder is a natural person."""
        return self.id_type == "居民身份证"

    @property
    def first_meter(self) -> str:
        """The first meter's asset number."""
        return self.meter_no.split(";")[0]

    @property
    def first_phone(self) -> str:
        """The first phone number."""
        return self.phone.split(";")[0]

    @property
    def opened(self) -> date:
        """The day on which the account was opened."""
        return date.fromisoformat(self.opened_on)


HEADER = tuple(field.name for field in fields(InventedCustomer))


def invent_customers(seed: int, count: int) -> Iterator[InventedCustomer]:
    """Yields ``count`` customers, the same for the same seed; about 40,000 a second.

    The first few of every archive cover the hard kinds of names (outside the BMP, compound and
    rare surnames, Traditional script, interpunct, shared names), so that small archives have them.
    """
    rng = random.Random(seed)
    units = max(2, min(_MAX_UNITS, count // _CUSTOMERS_PER_UNIT))
    last: InventedCustomer | None = None
    for index in range(count):
        customer = _invent(rng, seed, index, units)
        again = rng.random() < _SECOND_ACCOUNT_SHARE and index >= len(_HARD_KINDS)
        if again and last and customer.is_person:
            customer = _second_account(customer, last)
        last = customer if customer.is_person else last
        yield customer


def write_customers(path: Path, customers: Iterable[InventedCustomer]) -> int:
    """Writes the register as UTF-8 CSV with header; gives the number of rows."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for customer in customers:
            writer.writerow([getattr(customer, name) for name in HEADER])
            count += 1
    return count


def _invent(rng: random.Random, seed: int, index: int, units: int) -> InventedCustomer:
    town = names.TOWNS[rng.randrange(units)]
    person = index < len(_HARD_KINDS) or rng.random() < _PERSON_SHARE
    category = _category(rng, person=person)
    line, district = _place_on_grid(rng, town, category)
    meters = 1 if rng.random() < 0.94 else 2
    identity = numbers.identity_no(seed * 100_003 % 1_000_000 + index)
    credit = seed % 1_000 * 200_000 + index
    customer = InventedCustomer(
        customer_no=numbers.customer_no(seed, index),
        name=_person(rng, index) if person else _organisation(rng, town, category),
        category=category,
        id_type="居民身份证" if person else "统一社会信用代码",
        id_no=identity if person else numbers.credit_code(credit),
        phone=_phones(rng, seed, index, person=person),
        address=_address(rng, town, person=person),
        meter_no=";".join(numbers.meter_no(seed, index, turn) for turn in range(meters)),
        unit=f"{town}供电所",
        line=line,
        district=district,
        status=rng.choices(("在用", "已销户", "暂停"), (92, 6, 2))[0],
        voltage="10kV" if category in {"HV", "IM"} else rng.choice(("220V", "220V", "380V")),
        capacity_kva=str(_capacity(rng, category)),
        opened_on=(_FIRST_OPENING + timedelta(days=rng.randrange(_OPENING_DAYS))).isoformat(),
        fee_control="是" if rng.random() < 0.6 else "否",
        old_customer_no=numbers.old_customer_no(seed, index) if rng.random() < 0.3 else "",
    )
    if person:
        return _of_age(customer)
    if eras.has_begun("credit_code", customer.opened):
        return customer
    return replace(customer, id_no=numbers.credit_code(credit, is_old=True))


def _of_age(customer: InventedCustomer) -> InventedCustomer:
    """The account of somebody who was of age when it was opened."""
    adult = eras.adult_on(numbers.birth_of(customer.id_no))
    if adult <= customer.opened:
        return customer
    return replace(customer, opened_on=adult.isoformat())


def _second_account(customer: InventedCustomer, owner: InventedCustomer) -> InventedCustomer:
    """Another account of the same person: own number, meter and address."""
    return _of_age(replace(customer, name=owner.name, id_no=owner.id_no, phone=owner.phone))


def _category(rng: random.Random, *, person: bool) -> str:
    if person:
        return rng.choices(("LR", "LN", "PV"), (86, 7, 7))[0]
    return rng.choices(("LN", "HV", "IM", "PV"), (52, 36, 8, 4))[0]


def _place_on_grid(rng: random.Random, town: str, category: str) -> tuple[str, str]:
    line = f"10kV{town[0]}{rng.choice('东南西北')}线"
    if category in {"HV", "IM"}:
        return line, ""
    return line, f"{town}{line[5]}{rng.randint(1, 5)}组{rng.randint(1, 3)}#公变"


_HARD_KINDS = ("supplementary", "compound", "rare", "minority", "traditional", "twin", "twin")


def _person(rng: random.Random, index: int) -> str:
    if index < len(_HARD_KINDS):
        kind = _HARD_KINDS[index]
    else:
        kind = rng.choices(
            ("plain", "compound", "rare", "rare_given", "minority", "traditional", "repeated"),
            (80, 5, 5, 3, 2, 2, 3),
        )[0]
    return _NAME_KINDS[kind](rng)


def _given(rng: random.Random) -> str:
    length = 1 if rng.random() < 0.2 else 2
    return "".join(rng.choices(names.GIVEN, k=length))


_NAME_KINDS: dict[str, Callable[[random.Random], str]] = {
    "plain": lambda rng: rng.choice(names.COMMON_SURNAMES) + _given(rng),
    "compound": lambda rng: rng.choice(names.COMPOUND_SURNAMES) + _given(rng),
    "rare": lambda rng: rng.choice(names.RARE_SURNAMES) + _given(rng),
    "rare_given": lambda rng: rng.choice(names.COMMON_SURNAMES) + rng.choice(names.RARE_GIVEN),
    "supplementary": lambda rng: rng.choice(names.COMMON_SURNAMES) + "𠮷" + rng.choice(names.GIVEN),
    "minority": lambda rng: rng.choice(names.MINORITY_NAMES),
    "traditional": lambda rng: rng.choice(names.TRADITIONAL_NAMES),
    "twin": lambda _: names.REPEATED_NAMES[0],
    "repeated": lambda rng: rng.choice(names.REPEATED_NAMES),
}


def _organisation(rng: random.Random, town: str, category: str) -> str:
    if category == "IM":
        return f"襄阳市襄州区{town}{rng.choice(names.IMPORTANT)}"
    if category == "LN" and rng.random() < 0.4:
        owner = rng.choice(names.COMMON_SURNAMES) + _given(rng)
        return f"襄州区{owner}{rng.choice(names.SHOPS)}"
    brand, trade = rng.choice(names.BRANDS), rng.choice(names.TRADES)
    return f"{rng.choice(('襄阳', '襄阳市', '湖北'))}{brand}{trade}{rng.choice(names.COMPANY_ENDS)}"


def _address(rng: random.Random, town: str, *, person: bool) -> str:
    kind = rng.random() if person else 0.0
    street = f"{rng.choice(names.STREETS)}{rng.randint(1, 320)}号"
    if not person:
        return f"{CITY}{town}镇{street}"
    if kind < 0.45:
        room = f"{rng.randint(1, 6)}{rng.randint(0, 2)}{rng.randint(1, 4)}"
        return f"{CITY}{street}{rng.randint(1, 22)}栋{rng.randint(1, 4)}单元{room}室"
    if kind < 0.7:
        estate = rng.choice(names.ESTATES)
        return f"{CITY}{estate}{rng.randint(1, 18)}-{rng.randint(1, 3)}-{rng.randint(1, 28)}02"
    village = rng.choice(names.VILLAGES)
    return f"{CITY}{town}镇{village}{rng.randint(1, 9)}组{rng.randint(1, 99)}号"


SECOND_PHONE = 50_000_017
"""Beyond every first number, and not round: the last four digits, which a mask shows, differ."""


def _phones(rng: random.Random, seed: int, index: int, *, person: bool) -> str:
    first = numbers.mobile(seed * 7_907 + index)
    if not person:
        return f"{first};{numbers.landline(seed + index)}"
    if rng.random() < 0.1:
        return f"{first};{numbers.mobile(seed * 7_907 + index + SECOND_PHONE)}"
    return first


def _capacity(rng: random.Random, category: str) -> int:
    if category in {"HV", "IM"}:
        return rng.choice((100, 200, 250, 315, 400, 630, 800, 1250, 2000))
    return rng.choice((4, 6, 8)) if category == "LR" else rng.choice((10, 15, 20, 30, 50))
