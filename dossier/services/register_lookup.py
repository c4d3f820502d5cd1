"""Looking up in the customer register what a paper says: few, indexed, bounded queries.

Linking one paper stays below 20 ms at 100,000 customers (benchmarks/linking.py), so nothing here
reads more rows than the limits of rulebook/linking.yaml.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, select

from dossier.db.session import ScopedSession
from dossier.db.tables import Customer, CustomerNumber, CustomerPast, Identifier
from dossier.rules import addresses, identifiers
from dossier.rules.addresses import AddressKey
from dossier.rules.dates import parse_date
from dossier.rules.evidence import RegisterEntry
from dossier.rules.normal_form import fold
from dossier.rules.paper import LinkingRules, Paper
from dossier.search.analysis import keyword
from dossier.services.keys import Keyring

METER, PHONE, OLD_NO = "meter", "phone", "old_no"
MOST_ENTRIES = 80
"""Candidates that are weighed; a page that points to more is a list."""
NEAR_LIMIT = 9
"""Neighbours by one digit that are kept when no name tells them apart: as many as keys decide."""
MOST_STATED = 2
"""Stated customer numbers whose neighbours are looked up; more of them make a list."""
_HINT_DIGITS = re.compile(r"(?<![0-9])[0-9]{6,22}(?![0-9])")


@dataclass(slots=True)
class Lookup:
    """Customers that a paper points to, and by what.

    Attributes:
        hints: customer → ``folder``, ``file_name``, ``barcode``, ``given``.
        pointed: every customer that something points to, strongest finding first.
    """

    hints: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_id: set[str] = field(default_factory=set)
    by_other_id: set[str] = field(default_factory=set)
    near: set[str] = field(default_factory=set)
    pointed: dict[str, None] = field(default_factory=dict)

    def point(self, customers: Iterable[str]) -> None:
        """Add candidates; the first to come are the first to be kept."""
        self.pointed.update(dict.fromkeys(customers))


def customers_by_number(
    session: ScopedSession, digits: Collection[str]
) -> dict[str, list[tuple[str, str]]]:
    """``digits → [(customer_no, kind)]`` for customer, old and meter numbers that are known."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    if not digits:
        return found
    own = select(Customer.customer_no).where(Customer.customer_no.in_(digits))
    for (number,) in session.execute(own):
        found[number].append((number, "customer_no"))
    others = select(CustomerNumber.key, CustomerNumber.customer_no, CustomerNumber.kind).where(
        CustomerNumber.key.in_(digits), CustomerNumber.kind.in_((METER, OLD_NO))
    )
    for key, number, kind in session.execute(others.limit(MOST_ENTRIES * 4)):
        found[key].append((number, kind))
    return found


def customers_by_id(session: ScopedSession, keyring: Keyring, id_nos: Iterable[str]) -> set[str]:
    """Customers that have one of these identity numbers, by keyed hash."""
    hashes = [each for number in id_nos for each in keyring.hashes(normal_id(number))]
    if not hashes:
        return set()
    query = select(Identifier.customer_no).where(Identifier.hmac.in_(hashes)).limit(MOST_ENTRIES)
    return set(session.scalars(query))


def customers_by_phone(session: ScopedSession, phones: Collection[str]) -> set[str]:
    """Customers that have one of these phones; a phone of many (a hotline) tells nothing."""
    if not phones:
        return set()
    query = (
        select(CustomerNumber.customer_no)
        .where(CustomerNumber.key.in_(phones), CustomerNumber.kind == PHONE)
        .limit(MOST_ENTRIES)
    )
    found = set(session.scalars(query))
    return found if len(found) < MOST_ENTRIES else set()


def customers_by_name(session: ScopedSession, paper: Paper, rules: LinkingRules) -> set[str]:
    """Bearers of the names on the paper; of a common name only those at the paper's address."""
    found: set[str] = set()
    for name in sorted(paper.names | paper.holders):
        bearers = _bearers(session, (name,), rules.same_name)
        if bearers is None:
            bearers = _bearers_at(session, name, paper.addresses, rules.same_name)
        found |= bearers or set()
    first = (*sorted(paper.others.names), *paper.loose_names)[: rules.names]
    return found | (_bearers(session, first, rules.same_name) or set())


def _bearers(
    session: ScopedSession, names: Collection[str], limit: int, *where: ColumnElement[bool]
) -> set[str] | None:
    """Who is called so; None when there are more than ``limit``."""
    if not names:
        return set()
    query = select(Customer.customer_no).where(Customer.name_key.in_(names), *where)
    found = set(session.scalars(query.limit(limit + 1)))
    return found if len(found) <= limit else None


def _bearers_at(
    session: ScopedSession, name: str, places: Iterable[AddressKey], limit: int
) -> set[str]:
    found: set[str] = set()
    for place in places:
        if place.numbers:
            same = and_(*(Customer.address.contains(number) for number in place.numbers))
            found |= _bearers(session, (name,), limit, same) or set()
    return found


def neighbours(session: ScopedSession, paper: Paper, rules: LinkingRules) -> set[str]:
    """Customers whose number differs by one digit from one that the paper states.

    Numbers are given out densely, so a neighbour is a candidate only when its name stands on the
    paper too, or when the paper has no name at all.
    """
    variants = {v for one in paper.stated_numbers[:MOST_STATED] for v in _one_digit_off(one.digits)}
    if not variants:
        return set()
    query = select(Customer.customer_no, Customer.name_key).where(
        Customer.customer_no.in_(sorted(variants))
    )
    rows = list(session.execute(query))
    names = paper.names | paper.holders | set(paper.loose_names)
    named = {number for number, name in rows if name in names}
    if named or paper.names or paper.holders:
        return named
    return {number for number, _ in rows[: min(NEAR_LIMIT, rules.shown)]}


def _one_digit_off(digits: str) -> Iterable[str]:
    for place, digit in enumerate(digits):
        for other in "0123456789":
            if other != digit:
                yield digits[:place] + other + digits[place + 1 :]


def entries(session: ScopedSession, numbers: Collection[str]) -> list[RegisterEntry]:
    """What the register says about these customers; three queries."""
    rows = session.execute(
        select(Customer.customer_no, Customer.name_key, Customer.address).where(
            Customer.customer_no.in_(numbers)
        )
    ).all()
    keys = _number_keys(session, numbers)
    former = _former_names(session, numbers)
    return [
        RegisterEntry(
            customer_no=row.customer_no,
            name=row.name_key,
            former_names=frozenset(former[row.customer_no] - {row.name_key}),
            address=addresses.address_key(row.address) if row.address else None,
            meters=frozenset(keys[row.customer_no][METER]),
            phones=frozenset(keys[row.customer_no][PHONE]),
            old_numbers=frozenset(keys[row.customer_no][OLD_NO]),
        )
        for row in rows
    ]


def _number_keys(
    session: ScopedSession, numbers: Collection[str]
) -> Mapping[str, Mapping[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    query = select(CustomerNumber.customer_no, CustomerNumber.kind, CustomerNumber.key)
    for number, kind, key in session.execute(query.where(CustomerNumber.customer_no.in_(numbers))):
        found[number][kind].add(key)
    return found


def _former_names(session: ScopedSession, numbers: Collection[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    query = select(CustomerPast.customer_no, CustomerPast.record)
    for number, record in session.execute(query.where(CustomerPast.customer_no.in_(numbers))):
        if record.get("name"):
            found[number].add(keyword(record["name"]))
    return found


def normal_id(number: str) -> str:
    """The form of an identity number that is hashed: 18 places, lower case, no spaces."""
    value = identifiers.compact(number)
    return identifiers.id_no_18(value) if identifiers.is_id_no(value) else value


def hint_numbers(text: str) -> set[str]:
    """Numbers in a folder, file name or bar code that may name a customer; dates do not."""
    return {number for number in _HINT_DIGITS.findall(fold(text)) if not _is_moment(number)}


def _is_moment(digits: str) -> bool:
    """Whether a number is a date, or a date with a time or a serial, as cameras name files."""
    return len(digits) in (8, 12, 14, 17) and parse_date(digits[:8]) is not None
