"""Whose number it is, when several people of the register stand on one paper.

Agents, landlords and guarantors are customers too. A number or address that tells who somebody is
does not tell whose paper it is: that takes the customer's role, an account's number, or nobody
else of the register on the paper.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from dossier.rules.paper import Paper

_ACCOUNT = frozenset(
    {
        *("given", "folder", "barcode", "file_name", "plugin"),
        *("parent", "parent_by_hand", "inside"),
        *("customer_no", "customer_no_unlabelled", "customer_no_corrected", "old_customer_no"),
        *("meter_no", "meter_no_short"),
    }
)
"""Findings that name an account, not a person."""
_OTHERS = frozenset({"customer_no_other", "id_no_other", "phone_other", "inside_other"})
_PERSONAL = frozenset({"address", "id_no"})
"""Findings that tell the customer from whoever signs in the customer's place."""
_CLAIMS = frozenset({"name", "id_no"})
"""Findings by which a second person of the register may well be the paper's customer."""


@dataclass(frozen=True, slots=True)
class PersonOnPaper:
    """How a candidate stands on the paper.

    Attributes:
        name: as the register has it, folded and solid.
        kinds: what was found.
        titled: the paper calls this name the customer's (户名, 用电人).
        listed: it does so in a further row of a list.
        principal: titled, or named in another role of the customer's (委托人, 本人).
        in_other_role: named as somebody who acts, lets or vouches.
        named: the name stands anywhere.
        another_is_titled: the paper calls somebody else the customer.
        delegation: somebody acts for somebody on this paper.
    """

    name: str
    kinds: frozenset[str]
    titled: bool
    listed: bool
    principal: bool
    in_other_role: bool
    named: bool
    another_is_titled: bool
    delegation: bool

    @property
    def by_account(self) -> bool:
        """Whether the account is named, not only a person."""
        return bool(self.kinds & _ACCOUNT)

    @property
    def named_by_number(self) -> bool:
        """Whether the paper names this customer by number, as a row of a list does."""
        if self.kinds & {"customer_no", "meter_no"}:
            return True
        return "customer_no_unlabelled" in self.kinds and self.named


def people(
    paper: Paper, names: Mapping[str, str], kinds: Mapping[str, Collection[str]]
) -> dict[str, PersonOnPaper]:
    """How each candidate stands on the paper.

    Args:
        paper: what the pages say.
        names: customer -> name.
        kinds: candidate -> what was found.
    """
    return {one: _person(paper, names[one], frozenset(found)) for one, found in kinds.items()}


def _person(paper: Paper, name: str, kinds: frozenset[str]) -> PersonOnPaper:
    return PersonOnPaper(
        name=name,
        kinds=kinds,
        titled=name in paper.names,
        listed=name in paper.listed,
        principal=name in paper.principals,
        in_other_role=name in paper.others.names,
        named=name in paper.text,
        another_is_titled=bool(paper.names) and name not in paper.names,
        delegation=paper.delegation,
    )


def doubts(first: PersonOnPaper, others: Iterable[PersonOnPaper]) -> Iterator[str]:
    """Why the first, found by who somebody is, may not be the paper's customer."""
    if first.by_account:
        return
    if not first.principal and _is_somebody_else(first):
        yield "other_person"
    if any(_may_be_instead(one, first) for one in others if one.name != first.name):
        yield "several_customers"


def _is_somebody_else(first: PersonOnPaper) -> bool:
    """Whether the first stands there in another role, or where another is called the customer."""
    if first.kinds & _OTHERS or first.in_other_role:
        return True
    if first.another_is_titled and "name_near" not in first.kinds:
        return True
    return first.delegation and not first.kinds & {"address"}


def _may_be_instead(other: PersonOnPaper, first: PersonOnPaper) -> bool:
    """Whether another person of the register has as good a claim."""
    if first.titled and other.titled and not (first.listed or other.listed):
        return not first.kinds & _PERSONAL or bool(other.kinds & _PERSONAL)
    if first.titled or other.titled:
        return other.titled or "address" in other.kinds - first.kinds
    if first.principal:
        return other.principal
    if other.kinds & _CLAIMS:
        return True
    return other.named and (other.kinds & {"address", "phone"} != set() or not first.named)
