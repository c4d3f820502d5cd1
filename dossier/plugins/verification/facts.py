"""Which facts of a customer are held against another system's, and when two values are the same.

Spelling is no difference: width, script and marks of names, other wordings of one address (S0-24).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from dossier.rules.addresses import address_key
from dossier.rules.customer_file import CustomerRecord
from dossier.rules.normal_form import fold
from dossier.rules.same_names import Likeness, compare_names
from dossier.services.register_lookup import normal_id

FEWEST_WORDS = 2
"""Characters of an address that is the end of another one: less names no place."""


class Fact(StrEnum):
    """What is compared; by the customer file's columns."""

    NAME = "name"
    ID_NO = "id_no"
    ADDRESS = "address"
    CAPACITY = "capacity_kva"
    CATEGORY = "category"
    METER = "meter_no"
    CUSTOMER = "customer"


COMPARED = tuple(one for one in Fact if one is not Fact.CUSTOMER)
Values = Mapping[Fact, Any]
"""What one side says: texts, a number, ``[number, kind]`` of an ID, meters as a list of pairs."""


def is_same(fact: Fact, ours: Any, theirs: Any) -> bool:
    """Whether both sides say the same of a fact."""
    return ours == theirs or _SAME.get(fact, _differ)(ours, theirs)


def _differ(_ours: Any, _theirs: Any) -> bool:
    return False


def _same_name(ours: str, theirs: str) -> bool:
    return compare_names(ours, theirs) is Likeness.SAME


def _same_number(ours: list[str], theirs: list[str]) -> bool:
    return normal_id(ours[0]) == normal_id(theirs[0])


def same_address(ours: str, theirs: str) -> bool:
    """Whether two wordings are of one place: province and city may be missing on one side.

    Example:
        >>> same_address("襄州区航空路12号3栋2单元501", "襄州航空路十二号3-2-501")
        True
    """
    if fold(ours) == fold(theirs):
        return True
    one, other = address_key(ours), address_key(theirs)
    if one.numbers != other.numbers or not one.words or not other.words:
        return False
    shorter, longer = sorted((one.words, other.words), key=len)
    is_end = bool(one.numbers) and len(shorter) >= FEWEST_WORDS and longer.endswith(shorter)
    return one.words == other.words or is_end


def _same_meters(ours: list[list[str]], theirs: list[list[str]]) -> bool:
    return {key for _, key in ours} == {key for _, key in theirs}


_SAME: Mapping[Fact, Callable[[Any, Any], bool]] = {
    Fact.NAME: _same_name,
    Fact.ID_NO: _same_number,
    Fact.ADDRESS: same_address,
    Fact.METER: _same_meters,
}


def of_record(record: CustomerRecord, *, is_category_told: bool) -> dict[Fact, Any]:
    """What a row of the other system's export says; of columns that it has."""
    said: dict[Fact, Any] = {Fact.NAME: record.name}
    if record.id_no is not None:
        said[Fact.ID_NO] = [record.id_no, record.id_type or ""]
    if record.address is not None:
        said[Fact.ADDRESS] = record.address
    if Fact.CAPACITY in record.columns:
        said[Fact.CAPACITY] = record.capacity_kva
    if record.category is not None and is_category_told:
        said[Fact.CATEGORY] = record.category
    if record.meters is not None:
        said[Fact.METER] = [list(pair) for pair in record.meters]
    return said


def taken(base: CustomerRecord, fact: Fact, theirs: Any) -> CustomerRecord:
    """A row that gives the register this one value of theirs."""
    if fact is Fact.NAME:
        return replace(base, name=theirs)
    if fact is Fact.ID_NO:
        return replace(base, id_no=theirs[0], id_type=theirs[1] or None)
    if fact is Fact.ADDRESS:
        return replace(base, address=theirs)
    if fact is Fact.CAPACITY:
        return replace(base, capacity_kva=theirs, columns=frozenset({Fact.CAPACITY.value}))
    if fact is Fact.CATEGORY:
        return replace(base, category=theirs)
    return replace(base, meters=tuple((value, key) for value, key in theirs))
