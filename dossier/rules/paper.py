"""What a paper says about its customer, gathered from its pages, and the rules for using it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from dossier.records import PageReading
from dossier.rules import addresses, identifiers, page_fields, page_labels, rulebook
from dossier.rules.addresses import AddressKey
from dossier.rules.document_types import solid
from dossier.rules.page_fields import FoundField
from dossier.rules.page_labels import PageLabels
from dossier.rules.paper_roles import PageRoles, RoleWords

_LENGTHS = range(6, 23)
"""Lengths of customer, old customer and meter numbers."""
_ACCOUNTS = frozenset(
    {
        page_labels.CUSTOMER_NO,
        page_labels.OLD_CUSTOMER_NO,
        page_labels.METER_NO,
        page_labels.NUMBER,
    }
)
_NAME_NOTE = re.compile(r"\((?:本人|个人|签字|签章|盖章|签名|公章|代|户主)\)$")


@dataclass(frozen=True, slots=True)
class LinkingRules:
    """The numbers of rulebook/linking.yaml."""

    prior: float
    weights: Mapping[str, float]
    confidence: float
    margin: float
    well_read: float
    list_customers: int
    list_customers_in_folder: int
    shown: int
    least_confidence: float
    pages: int
    numbers: int
    names: int
    same_name: int
    labels: PageLabels
    roles: RoleWords

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> LinkingRules:
        """Read the rule file's content."""
        decide, shown, limits = body["decide"], body["candidates"], body["limits"]
        return LinkingRules(
            prior=float(body["prior"]),
            weights={kind: float(weight) for kind, weight in body["weights"].items()},
            confidence=float(decide["confidence"]),
            margin=float(decide["margin"]),
            well_read=float(decide["well_read"]),
            list_customers=int(decide["list_customers"]),
            list_customers_in_folder=int(decide["list_customers_in_folder"]),
            shown=int(shown["shown"]),
            least_confidence=float(shown["least_confidence"]),
            pages=int(limits["pages"]),
            numbers=int(limits["numbers"]),
            names=int(limits["names"]),
            same_name=int(limits["same_name"]),
            labels=PageLabels(body["labels"]),
            roles=RoleWords(body["roles"], reach=int(limits["role_rows"])),
        )


@cache
def linking_rules() -> LinkingRules:
    """The built-in rules, compiled once a process."""
    return LinkingRules.from_body(rulebook.load("linking"))


@dataclass(frozen=True, slots=True)
class PaperNumber:
    """A number on a paper that may name a customer.

    Attributes:
        label: ``customer_no``, ``old_customer_no``, ``meter_no``, or ``number`` without label.
        places: how often it stands there.
        well_read: its characters were read well.
        corrected: letters were taken for digits.
    """

    digits: str
    label: str
    places: int = 1
    well_read: bool = True
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Others:
    """What the paper says of people who act, let, vouch or serve: not of the customer.

    Attributes:
        numbers: of the accounts and meters that they have themselves.
    """

    id_nos: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    addresses: tuple[AddressKey, ...] = ()
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Paper:
    """What a paper says about its customer, ready for the register.

    Attributes:
        principals: names that the paper gives the customer's role (户名, 委托人, 本人…).
        others: what belongs to somebody in another role (受托人, 出租方, 担保人…).
        listed: customers' names in the further rows of a list.
        delegation: whether somebody acts for somebody on this paper.
        impossible_id: an ID number on it has a right check digit and no day of birth.
        text: everything on it, folded and solid, to see whether a name stands anywhere.
    """

    numbers: tuple[PaperNumber, ...] = ()
    id_nos: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    holders: frozenset[str] = frozenset()
    loose_names: tuple[str, ...] = ()
    addresses: tuple[AddressKey, ...] = ()
    principals: frozenset[str] = frozenset()
    others: Others = Others()
    listed: frozenset[str] = frozenset()
    delegation: bool = False
    impossible_id: bool = False
    text: str = ""

    @property
    def stated_numbers(self) -> tuple[PaperNumber, ...]:
        """Numbers that the paper itself calls the customer number."""
        return tuple(number for number in self.numbers if number.label == page_labels.CUSTOMER_NO)


def read_paper(pages: Sequence[PageReading], rules: LinkingRules) -> Paper:
    """Gather what a document's pages say about its customer."""
    chosen = [page for page in _telling_pages(pages, rules.pages) if page.text]
    roles = [PageRoles(page.text, rules.roles) for page in chosen]
    told = [one for page, its in zip(chosen, roles, strict=True) for one in _told(page, its, rules)]
    fields = [one.field for one in told]
    account = [one.field for one in told if not one.is_others_account]
    own = [one.field for one in told if one.other is not True]
    loose = dict.fromkeys(
        solid(piece) for page in chosen for piece in page_fields.loose_names(page)
    )
    names = _names(own, page_labels.NAME)
    introduced = frozenset(solid(name) for its in roles for name in its.introduced())
    claimed = _names((one.field for one in told if one.other is False), page_labels.HOLDER)
    return Paper(
        numbers=tuple(_numbers(account, rules)),
        id_nos=_id_nos(own),
        phones=_phones(own),
        names=names,
        holders=_names(own, page_labels.HOLDER) | introduced,
        loose_names=tuple(loose),
        addresses=_addresses(own),
        principals=names | claimed | introduced,
        others=replace(
            _others([one.field for one in told if one.other], own, roles),
            numbers=_digits(one.field for one in told if one.is_others_account) - _digits(account),
        ),
        listed=_names((one for one in own if one.listed), page_labels.NAME),
        delegation=any(rules.roles.is_delegation(page.text) for page in chosen),
        impossible_id=any(one.kind == page_labels.IMPOSSIBLE_ID for one in fields),
        text=solid("".join(page.text for page in chosen)),
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """A field and whether it is somebody else's than the customer's; None where no role is near."""

    field: FoundField
    other: bool | None
    is_others_account: bool = False


def _told(page: PageReading, roles: PageRoles, rules: LinkingRules) -> Iterable[_Told]:
    fields = page_fields.read_fields(page, rules.labels)
    rows: dict[tuple[str, int], list[FoundField]] = defaultdict(list)
    for found in fields:
        rows[found.kind, roles.row_of(found.start)].append(found)
    for row in rows.values():
        for nth, found in enumerate(row):
            if found.kind == page_labels.NAME:
                yield _Told(found, other=False)
                continue
            place = {"nth": nth, "of": len(row)}
            mark = roles.mark_of(found.start, found.end, **place)
            is_others = False
            if found.kind in _ACCOUNTS:
                is_others = roles.has_other_account(found.start, found.end, **place)
            yield _Told(found, mark.other if mark else None, is_others)


def _others(
    fields: Sequence[FoundField], own: Sequence[FoundField], roles: Iterable[PageRoles]
) -> Others:
    """What is somebody else's and nowhere the customer's."""
    named = {solid(name) for its in roles for name in its.other_names()}
    return Others(
        id_nos=_id_nos(fields) - _id_nos(own),
        phones=_phones(fields) - _phones(own),
        names=_names(fields, page_labels.HOLDER).union(named),
        addresses=_addresses(fields),
    )


def _digits(fields: Iterable[FoundField]) -> frozenset[str]:
    return frozenset(
        one.value for one in fields if one.kind in _ACCOUNTS and len(one.value) in _LENGTHS
    )


def _id_nos(fields: Iterable[FoundField]) -> frozenset[str]:
    return frozenset(_identity(one.value) for one in fields if one.kind == page_labels.ID_NO)


def _phones(fields: Iterable[FoundField]) -> frozenset[str]:
    return frozenset(one.value for one in fields if one.kind == page_labels.PHONE)


def with_loose_names(paper: Paper, names: Iterable[str]) -> Paper:
    """The paper with further pieces that may be names."""
    more = (name for name in names if len(name) >= 2)
    return replace(paper, loose_names=tuple(dict.fromkeys((*more, *paper.loose_names))))


def with_number(paper: Paper, number: PaperNumber) -> Paper:
    """The paper with a further number."""
    return replace(paper, numbers=(*paper.numbers, number))


def _telling_pages(pages: Sequence[PageReading], limit: int) -> Sequence[PageReading]:
    """The first pages and the last, where papers name their customer."""
    return pages if len(pages) <= limit else [*pages[: limit - 1], pages[-1]]


def _numbers(fields: Iterable[FoundField], rules: LinkingRules) -> Iterable[PaperNumber]:
    gathered: dict[tuple[str, bool], list[FoundField]] = {}
    for found in fields:
        if found.kind in _ACCOUNTS and len(found.value) in _LENGTHS:
            gathered.setdefault((found.value, found.corrected), []).append(found)
    ordered = sorted(gathered.values(), key=lambda places: not places[0].labelled)
    for places in ordered[: rules.numbers]:
        best = min(places, key=lambda one: not one.labelled)
        label = best.kind if best.labelled else page_labels.NUMBER
        read = max(one.confidence for one in places) >= rules.well_read
        yield PaperNumber(best.value, label, len(places), read, best.corrected)


def _identity(number: str) -> str:
    return identifiers.id_no_18(number) if identifiers.is_id_no(number) else number


def _names(fields: Iterable[FoundField], kind: str) -> frozenset[str]:
    return frozenset(solid(_NAME_NOTE.sub("", f.value)) for f in fields if f.kind == kind)


def _addresses(fields: Iterable[FoundField]) -> tuple[AddressKey, ...]:
    keys = (addresses.address_key(f.value) for f in fields if f.kind == page_labels.ADDRESS)
    return tuple(dict.fromkeys(keys))
