"""Weighing what a paper says about its customer: how sure, why, and whether that is enough.

Findings add up as natural logarithms of likelihood ratios (rulebook/linking.yaml), so every
decision can be explained as a sum. A machine decides alone only when it is nearly certain and
nobody else comes near; everything else waits for a person, with candidates.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dossier.rules import addresses, page_labels, paper_people
from dossier.rules.addresses import AddressKey, Agreement
from dossier.rules.paper import LinkingRules, Paper, PaperNumber
from dossier.rules.paper_people import PersonOnPaper

_UNLIKE = 0.5
"""A name is another name when more than half of its characters differ."""
NAME_KINDS = ("name", "name_unlabelled", "name_near")
NUMBER_KINDS = ("customer_no", "customer_no_unlabelled", "old_customer_no", "meter_no")
GIVEN_KINDS = ("given", "folder", "barcode", "file_name")
_MISNUMBERED = frozenset({"customer_no_unknown", "customer_no_differs_by_one"})
"""The paper states a customer number, and it is not this customer's."""
_PUT_THERE = frozenset({"given", "folder"})
"""A person chose the customer."""
_REASONS = {
    "customer_no_unlabelled": "customer_no",
    "customer_no_corrected": "customer_no",
    "customer_no_near": "customer_no",
    "customer_no_repeated": "customer_no",
    "old_customer_no": "customer_no",
    "meter_no_short": "meter_no",
    "name_unlabelled": "name",
    "name_near": "name",
    "former_name": "name",
    "address_near": "address",
    "poorly_read": "",
    "customer_no_differs_by_one": "customer_no_differs",
    "customer_no_unknown": "customer_no_differs",
    "customer_no_other": "customer_no",
    "id_no_other": "id_no",
    "phone_other": "phone",
    "parent_by_hand": "parent",
    "inside_other": "inside",
}
_FOLLOWING = frozenset({"inside", "parent_by_hand"})
"""Findings that alone decide about a paper which names nobody."""


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """What the register says about a candidate. Names and numbers are folded and solid."""

    customer_no: str
    name: str
    former_names: frozenset[str] = frozenset()
    address: AddressKey | None = None
    meters: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    old_numbers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found for each candidate outside the page's text, or by looking it up.

    Attributes:
        hints: customer → kinds such as ``given``, ``folder``, ``barcode``, ``file_name``.
        by_id: customers whose ID number stands on the paper.
        by_other_id: customers whose ID number stands there as somebody else's (an agent's).
        near: customers whose number differs from a stated one by one digit.
        plugin: customer → what a plugin's linker says, 0..1.
    """

    hints: Mapping[str, Collection[str]] = field(default_factory=dict)
    by_id: Collection[str] = ()
    by_other_id: Collection[str] = ()
    near: Collection[str] = ()
    plugin: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer with all that speaks for and against, in nats.

    Attributes:
        parts: finding → weight; the sum and the prior make the confidence.
    """

    customer_no: str
    score: float
    parts: Mapping[str, float]

    @property
    def confidence(self) -> float:
        """Sureness 0..1, as if no other candidate were there."""
        return _confidence(self.score)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Stable codes of what speaks for and against, most telling first."""
        ordered = sorted(self.parts, key=lambda kind: -abs(self.parts[kind]))
        codes = [_REASONS.get(kind, kind) for kind in ordered]
        if "name" in codes and {"address", "address_near"} & self.parts.keys():
            codes = ["name_address" if code == "name" else code for code in codes]
            codes = [code for code in codes if code != "address"]
        return tuple(dict.fromkeys(code for code in codes if code))


def _confidence(score: float) -> float:
    return 1.0 / (1.0 + math.exp(-score))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whose paper it is, or who it might be.

    Attributes:
        decided: the customer, None for a person to decide.
        confidence: of the first candidate, 0 without any.
        reasons: of the decision, or why none was made (``several_customers``, ``ambiguous``,
            ``contradiction``, ``other_person``, ``id_no_impossible``, ``weak``, ``nothing_found``).
        candidates: best first.
    """

    decided: str | None
    confidence: float
    reasons: tuple[str, ...]
    candidates: tuple[Candidate, ...]


# -- weighing -----------------------------------------------------------------------------------


def weigh(
    paper: Paper, entries: Iterable[RegisterEntry], findings: Findings, rules: LinkingRules
) -> Verdict:
    """Decide, or rank the candidates.

    Args:
        paper: what the pages say.
        entries: every customer that anything points to.
        findings: what points to them besides the page's own words.
        rules: weights and thresholds.
    """
    entries = list(entries)
    known = {n for entry in entries for n in (entry.customer_no, *entry.old_numbers)}
    weighed = [_weighed(paper, entry, findings, known, rules) for entry in entries]
    ranked = sorted(
        (one for one in weighed if any(weight > 0 for weight in one.parts.values())),
        key=lambda one: (-one.score, one.customer_no),
    )
    people = paper_people.people(paper, {e.customer_no: e.name for e in entries}, _kinds(ranked))
    doubts = tuple(_doubts(ranked, people, rules))
    if ranked and ranked[0].parts.keys() & _MISNUMBERED and _is_well_read(paper):
        doubts = ("customer_no_differs", *doubts)
    if paper.impossible_id:
        doubts = ("id_no_impossible", *doubts)
    shown = tuple(_shown(ranked, rules))
    if not ranked:
        return Verdict(None, 0.0, (*doubts, "nothing_found"), ())
    first = ranked[0]
    if doubts:
        return Verdict(None, _shared_confidence(ranked), doubts, shown)
    return Verdict(first.customer_no, first.confidence, first.reasons, shown)


def _is_well_read(paper: Paper) -> bool:
    """Whether a stated number that is nobody's stands so on the paper, and was not misread."""
    return all(one.well_read and not one.corrected for one in paper.stated_numbers)


def _weighed(
    paper: Paper,
    entry: RegisterEntry,
    findings: Findings,
    known: Collection[str],
    rules: LinkingRules,
) -> Candidate:
    kinds = {
        *findings.hints.get(entry.customer_no, ()),
        *_number_kinds(paper, entry),
        *_person_kinds(paper, entry),
    }
    if entry.customer_no in findings.by_id:
        kinds.add("id_no")
    elif entry.customer_no in findings.by_other_id:
        kinds.add("id_no" if entry.name in paper.names | paper.holders else "id_no_other")
    if kinds & _FOLLOWING and not _may_be_of(paper, entry):
        kinds = kinds - _FOLLOWING | {"inside_other"}
    if "parent_by_hand" in kinds and _is_elsewhere(paper, entry):
        kinds = kinds - {"parent_by_hand"} | {"inside_other"}
    if entry.customer_no in findings.near and not kinds & set(NUMBER_KINDS):
        kinds.add("customer_no_near")
    if _number_differs(paper, entry):
        kinds.add(_how_number_differs(paper, entry, findings, known))
    parts = {kind: rules.weights[kind] for kind in sorted(_without_doubles(kinds))}
    if (said := findings.plugin.get(entry.customer_no)) is not None:
        parts["plugin"] = rules.weights["plugin"] * said
    return Candidate(entry.customer_no, rules.prior + sum(parts.values()), parts)


def _without_doubles(kinds: Collection[str]) -> set[str]:
    """One finding of each sort: a hint told twice is one hint."""
    kept = set(kinds)
    for group in (
        ("folder", "given"),
        ("inside", "parent_by_hand", "parent"),
        NAME_KINDS,
        ("address", "address_near"),
    ):
        present = [kind for kind in group if kind in kept]
        kept -= set(present[1:])
    return kept


def _number_kinds(paper: Paper, entry: RegisterEntry) -> Iterable[str]:
    for number in paper.numbers:
        if number.digits == entry.customer_no:
            yield from _own_number(number)
        elif number.digits in entry.old_numbers:
            yield "old_customer_no"
        elif number.digits in entry.meters:
            yield "meter_no"
        elif any(_is_short_meter(number.digits, meter) for meter in entry.meters):
            yield "meter_no_short"

    if paper.others.numbers & {entry.customer_no, *entry.old_numbers, *entry.meters}:
        yield "customer_no_other"


def _own_number(number: PaperNumber) -> Iterable[str]:
    if number.corrected:
        yield "customer_no_corrected"
        return
    labelled = number.label == page_labels.CUSTOMER_NO
    yield "customer_no" if labelled else "customer_no_unlabelled"
    if number.places > 1:
        yield "customer_no_repeated"
    if not number.well_read:
        yield "poorly_read"


def _is_short_meter(digits: str, meter: str) -> bool:
    """Whether it is the 12-digit address inside a 22-digit asset number (domain.md §4.3)."""
    return len(digits) == 12 and len(meter) == 22 and meter[-13:-1] == digits


def _person_kinds(paper: Paper, entry: RegisterEntry) -> Iterable[str]:
    own = entry.name in paper.names | paper.holders
    others = paper.others.phones & entry.phones
    if paper.phones & entry.phones or (own and others):
        yield "phone"
    elif others:
        yield "phone_other"
    if entry.address is not None:
        places = (*paper.addresses, *(paper.others.addresses if own else ()))
        agreement = max(
            (addresses.compare(one, entry.address) for one in places),
            default=Agreement.NONE,
        )
        if agreement:
            yield "address" if agreement == Agreement.FULL else "address_near"
    yield from _name_kinds(paper, entry)


def _name_kinds(paper: Paper, entry: RegisterEntry) -> Iterable[str]:
    labelled = paper.names | paper.holders
    if entry.name in labelled:
        yield "name"
    elif any(_differs_by_one(name, entry.name) for name in labelled):
        yield "name_near"
    elif entry.name in paper.loose_names and entry.name not in paper.others.names:
        yield "name_unlabelled"
    elif entry.former_names & labelled.union(paper.loose_names):
        yield "former_name"
    elif paper.names and all(_is_another(name, entry.name) for name in paper.names):
        yield "name_differs"


def _may_be_of(paper: Paper, entry: RegisterEntry) -> bool:
    """Whether the paper names this customer as its own, or nobody at all.

    The identity card pasted into an application may be the agent's, the deed in a lease the
    landlord's: whom the paper itself names goes before whose card lies in it.
    """
    own = paper.names | paper.holders | paper.principals
    if own:
        return any(entry.name == name or _differs_by_one(name, entry.name) for name in own)
    return not (paper.others.names or paper.others.id_nos)


def _is_elsewhere(paper: Paper, entry: RegisterEntry) -> bool:
    """Whether the paper tells of another place than this customer's."""
    own = entry.address
    if own is None or not paper.addresses:
        return False
    return not any(addresses.compare(one, own) for one in paper.addresses)


def _differs_by_one(read: str, name: str) -> bool:
    """One character misread, in a name of three and more."""
    if len(read) != len(name) or len(name) < 3:
        return False
    return sum(a != b for a, b in zip(read, name, strict=True)) == 1


def _is_another(read: str, name: str) -> bool:
    """Whether a name that was read cannot be a misreading or another wording of ``name``."""
    if read in name or name in read:
        return False
    same = sum(1 for a, b in zip(read, name, strict=False) if a == b)
    return same < max(len(read), len(name)) * _UNLIKE


def _number_differs(paper: Paper, entry: RegisterEntry) -> bool:
    """Whether the paper states another customer number than this one's."""
    own = {entry.customer_no, *entry.old_numbers}
    stated = [one for one in paper.stated_numbers if len(one.digits) == len(entry.customer_no)]
    return bool(stated) and not any(one.digits in own for one in paper.stated_numbers)


def _how_number_differs(
    paper: Paper, entry: RegisterEntry, findings: Findings, known: Collection[str]
) -> str:
    """Another customer's number contradicts; one that nobody has was rather misread."""
    if entry.customer_no in findings.near:
        return "customer_no_differs_by_one"
    if any(number.digits in known for number in paper.stated_numbers):
        return "customer_no_differs"
    return "customer_no_unknown"


# -- deciding -----------------------------------------------------------------------------------


def _kinds(ranked: Iterable[Candidate]) -> Mapping[str, Collection[str]]:
    return {one.customer_no: one.parts.keys() for one in ranked}


def _doubts(
    ranked: Sequence[Candidate], people: Mapping[str, PersonOnPaper], rules: LinkingRules
) -> Iterable[str]:
    """Why a person has to look; none when the first may be taken."""
    if not ranked:
        return
    first = ranked[0]
    if _is_list(ranked, people, rules):
        yield "several_customers"
    if _is_contradicted(first, ranked[1:], rules):
        yield "contradiction"
    others = [people[one.customer_no] for one in ranked[1:]]
    yield from paper_people.doubts(people[first.customer_no], others)
    if len(ranked) > 1 and (
        first.score - ranked[1].score < rules.margin or _only_follows(first, rules)
    ):
        yield "ambiguous"
    if first.confidence < rules.confidence:
        yield "weak"


def _only_follows(first: Candidate, rules: LinkingRules) -> bool:
    """Whether nothing else decides than where a person put the mail that the paper came in.

    Then anything that points to another customer as well keeps the paper back.
    """
    score = first.score - first.parts.get("parent_by_hand", 0.0)
    return "parent_by_hand" in first.parts and _confidence(score) < rules.confidence


def _is_contradicted(first: Candidate, others: Sequence[Candidate], rules: LinkingRules) -> bool:
    """Whether a finding excludes the first, or a person or bar code named another customer."""
    if any(weight <= -abs(rules.prior) for weight in first.parts.values()):
        return True
    named = set(GIVEN_KINDS)
    return not named & first.parts.keys() and any(named & one.parts.keys() for one in others)


def _is_list(
    ranked: Sequence[Candidate], people: Mapping[str, PersonOnPaper], rules: LinkingRules
) -> bool:
    """Whether the paper names several customers by number, as a list of failed debits does.

    A transfer names two as well: who put it into the folder of one of them has decided.
    """
    first = ranked[0]
    is_put = _PUT_THERE & first.parts.keys() and people[first.customer_no].named_by_number
    most = rules.list_customers_in_folder if is_put else rules.list_customers
    named = [one for one in ranked if people[one.customer_no].named_by_number]
    return len(named) >= most


def _shared_confidence(ranked: Sequence[Candidate]) -> float:
    """The first's share among all candidates and nobody: two equals can have a half at most."""
    weights = [math.exp(one.score) for one in ranked]
    return weights[0] / (1.0 + sum(weights))


def _shown(ranked: Sequence[Candidate], rules: LinkingRules) -> Iterable[Candidate]:
    for place, one in enumerate(ranked[: rules.shown]):
        if place == 0 or one.confidence >= rules.least_confidence:
            yield one
