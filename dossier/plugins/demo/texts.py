"""Documents as plain text without pictures, fast, for load tests of search.

An index does not care how a page was scanned: a hundred thousand documents of contract-like text
with the customer's real values take seconds here and hours as pictures.
"""

# ruff: noqa: S311 - a repeatable generator is wanted, nothing here is a secret

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dossier.plugins.demo import eras, names, wording
from dossier.plugins.demo.catalogue import TYPES
from dossier.plugins.demo.content import chinese_date
from dossier.plugins.demo.customers import InventedCustomer
from dossier.plugins.demo.plan import LAST_DAY

LENGTH = 775
"""Characters of a document, as in the measurements of the search engines (docs/performance.md)."""


@dataclass(frozen=True, slots=True)
class InventedText:
    """A document as search sees it.

    Attributes:
        number: 0-based.
        type_code: code of domain.md §2.1.
        title: its title.
        customer: whose it is.
        on: its date.
        text: about :data:`LENGTH` characters, lines separated by line ends.
    """

    number: int
    type_code: str
    title: str
    customer: InventedCustomer
    on: date
    text: str


def invent_texts(
    seed: int, count: int, customers: Sequence[InventedCustomer], length: int = LENGTH
) -> Iterator[InventedText]:
    """Yields ``count`` documents, the same for the same arguments; about 20,000 a second.

    Args:
        seed: of everything.
        count: number of documents.
        customers: whose documents they are, taken in turns.
        length: characters of each, about.
    """
    rng = random.Random(seed)
    pool, codes = _sentences(), list(TYPES)
    for number in range(count):
        customer = customers[number % len(customers)]
        code = rng.choice(codes)
        start = max(customer.opened, eras.first_day(code))
        on = start + timedelta(days=rng.randrange(8_400) % max(1, (LAST_DAY - start).days))
        text = _text(rng, pool, customer, TYPES[code].label, on, length)
        yield InventedText(number, code, TYPES[code].label, customer, on, text)


def _sentences() -> list[str]:
    clauses = [text for _, text in (*wording.SUPPLY_CONTRACT, *wording.SETTLEMENT)]
    prose = [*clauses, *wording.GUIDE, *wording.PROMISE, *wording.MANDATE, *wording.BANK_MANDATE]
    prose += [*wording.CUT_NOTICE, *wording.DEFECTS, *wording.PLAN_LINES]
    parts = (part for text in prose for part in text.split("。") if part and "{" not in part)
    return [f"{part}。" for part in dict.fromkeys(parts)]


def _text(
    rng: random.Random,
    pool: list[str],
    customer: InventedCustomer,
    title: str,
    on: date,
    length: int,
) -> str:
    witness = rng.choice(names.COMMON_SURNAMES) + "".join(rng.choices(names.GIVEN, k=2))
    lines = [
        title,
        f"户号：{customer.customer_no}\t户名：{customer.name}",
        f"用电地址：{customer.address}",
        f"资产编号：{customer.first_meter}\t联系电话：{customer.first_phone}",
        f"日期：{chinese_date(on)}\t经办人：{rng.choice(names.STAFF)}\t见证人：{witness}",
    ]
    left = length - sum(map(len, lines))
    while left > 0:
        sentence = pool[int(rng.random() * len(pool))]
        lines.append(sentence)
        left -= len(sentence) + 1
    return "\n".join(lines)
