"""What a dossier has and lacks on a day, and since when (domain.md §2.2, S2-07, S2-17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dossier.plugins.completeness import items, requirements
from dossier.plugins.completeness.items import Affair, Completeness, Item, ItemState, Paper, Waiver
from dossier.plugins.completeness.requirements import Level

OPENED, TODAY = date(2020, 5, 1), date(2026, 11, 23)
RESIDENT = {"organisation": False, "fee_control": True, "important": False, "capacity_kva": 8.0}
CONNECTED = Affair("new", RESIDENT, opened=OPENED, done=OPENED)


def paper(code: str, on: date = OPENED, **more: object) -> Paper:
    return replace(Paper(f"{code}-{on}", code, on, on), **more)  # type: ignore[arg-type]


def look(
    *papers: Paper,
    affair: Affair = CONNECTED,
    waivers: Sequence[Waiver] = (),
    day: date = TODAY,
    category: str = "LR",
) -> Completeness:
    return items.assess(requirements.load(), category, [affair], papers, waivers, day)


def item(found: Completeness, rule: str) -> Item:
    return next(one for one in found.items if one.rule.id == rule)


def test_a_paper_that_is_not_there_is_missing_since_its_node() -> None:
    found = item(look(), "new-contract")
    assert (found.state, found.since) == (ItemState.MISSING, OPENED)


def test_s2_17_nothing_is_missing_by_a_rule_that_was_not_in_force_at_its_node() -> None:
    """The real-name check is asked since 2014, and a dossier of 2008 stays without."""
    old = replace(CONNECTED, opened=date(2008, 3, 5), done=date(2008, 3, 5))
    assert "new-real-name" in {one.rule.id for one in look().items}
    assert "new-real-name" not in {one.rule.id for one in look(affair=old).items}


def test_a_customer_of_unknown_age_lacks_papers_since_nobody_knows_when() -> None:
    found = item(look(affair=Affair("new", RESIDENT, day_unknown=True)), "new-contract")
    assert (found.state, found.since) == (ItemState.MISSING, None)


def test_nothing_is_due_before_its_node_is_completed() -> None:
    case = Affair("new", RESIDENT, "K1", OPENED, nodes_done={"accept": OPENED})
    found = look(affair=case)
    assert item(found, "new-application").state is ItemState.MISSING
    assert item(found, "new-contract").state is ItemState.NOT_DUE
    assert found.required == sum(
        one.rule.node == "accept" and one.state in items.ASKED for one in found.items
    )


def test_a_case_counts_papers_of_its_number_and_those_of_its_days_without_one() -> None:
    case = Affair("transfer", RESIDENT, "K1", OPENED, done=OPENED)
    day = timedelta(days=1)
    older = paper("F01", OPENED - day)
    assert item(look(older, affair=case), "transfer-application").state is ItemState.MISSING
    for counted in (replace(older, case_no="K1"), paper("F01", OPENED + day)):
        assert item(look(counted, affair=case), "transfer-application").papers == (counted.id,)
    foreign = paper("F01", case_no="K2")
    assert item(look(foreign, affair=case), "transfer-application").papers == ()


def test_a_certificate_that_is_older_than_the_case_counts_when_it_was_handed_in_for_it() -> None:
    """A deed of 2010 proves who owns the place in 2020; the application of then is another one."""
    case = Affair("transfer", RESIDENT, "K1", OPENED, done=OPENED)
    issued, day = date(2010, 1, 1), timedelta(days=1)
    for code, rule, counts in (("A05", "ownership", True), ("F01", "application", False)):
        handed_in = paper(code, issued, taken=OPENED + day)
        assert bool(item(look(handed_in, affair=case), f"transfer-{rule}").papers) is counts
        before = paper(code, issued, taken=OPENED - day)
        assert not item(look(before, affair=case), f"transfer-{rule}").papers


def test_of_a_group_any_one_will_do_and_a_count_counts_all_of_them() -> None:
    case = Affair("transfer", RESIDENT, "K1", OPENED, done=OPENED)
    one, other = paper("A02"), paper("A03")
    assert item(look(one, affair=case), "transfer-identities").state is ItemState.MISSING
    assert item(look(one, other, affair=case), "transfer-identities").state is ItemState.PRESENT


def test_a_paper_behind_its_own_last_day_is_expired_since_the_day_after() -> None:
    card = paper("A02", last_day=date(2025, 1, 1))
    found = item(look(card), "new-identity")
    assert (found.state, found.since) == (ItemState.EXPIRED, date(2025, 1, 2))
    before = look(card, day=date(2025, 1, 1))
    assert item(before, "new-identity").state is ItemState.PRESENT
    assert before.changes_on == date(2025, 1, 2)
    newer = paper("A02", date(2025, 3, 1), last_day=date(2045, 1, 1))
    assert item(look(card, newer), "new-identity").state is ItemState.PRESENT


def test_a_paper_without_signature_or_seal_is_not_whole_where_somebody_looked() -> None:
    contract = paper("C01")
    assert item(look(contract), "new-contract").state is ItemState.PRESENT
    unsigned = item(look(replace(contract, signed=False, sealed=False)), "new-contract")
    assert (unsigned.state, unsigned.since) == (ItemState.UNSIGNED, OPENED)
    assert item(look(replace(contract, sealed=False)), "new-contract").state is ItemState.UNSEALED


def test_a_letter_of_commitment_promises_a_paper_up_to_its_term_and_no_longer() -> None:
    letter = paper("A08")
    last = OPENED + requirements.load().promise
    promised = look(letter, day=last)
    assert item(promised, "new-ownership").state is ItemState.PROMISED
    assert item(promised, "new-ownership").until == last
    assert "A05" not in promised.missing_types
    assert promised.changes_on == last + timedelta(days=1)
    late = item(look(letter, day=last + timedelta(days=1)), "new-ownership")
    assert (late.state, late.since) == (ItemState.MISSING, last + timedelta(days=1))


def test_a_waiver_settles_one_paper_of_one_affair_for_its_time_and_says_who_and_why() -> None:
    waiver = Waiver("new-contract", "zhao", "老户，合同毁于水灾", date(2026, 1, 1), until=TODAY)
    found = item(look(waivers=[waiver]), "new-contract")
    assert (found.state, found.waiver) == (ItemState.WAIVED, waiver)
    later = TODAY + timedelta(days=1)
    assert item(look(waivers=[waiver], day=later), "new-contract").state is ItemState.MISSING
    other = replace(waiver, case_no="K9")
    assert item(look(waivers=[other]), "new-contract").state is ItemState.MISSING


def test_the_day_on_which_a_waiver_begins_or_a_node_is_reached_is_a_day_of_change() -> None:
    """Else what is kept of the dossier would stay as it was assessed before."""
    day = timedelta(days=1)
    waiver = Waiver("new-contract", "zhao", "lost", TODAY + 5 * day)
    assert look(waivers=[waiver]).changes_on == TODAY + 5 * day
    to_come = replace(CONNECTED, opened=TODAY + 3 * day, done=TODAY + 3 * day)
    assert look(affair=to_come).changes_on == TODAY + 3 * day


def test_a_waiver_counts_by_no_rule_that_was_not_in_force() -> None:
    old = replace(CONNECTED, opened=date(2008, 3, 5), done=date(2008, 3, 5))
    waiver = Waiver("new-real-name", "zhao", "lost", date(2026, 1, 1))
    found = look(affair=old, waivers=[waiver])
    assert all(one.waiver is None for one in found.items)


def test_what_hangs_on_a_fact_that_nobody_knows_is_neither_there_nor_missing() -> None:
    found = item(look(), "new-agent")
    assert (found.state, found.hangs_on) == (ItemState.UNDECIDED, ("agent",))
    told = replace(CONNECTED, facts={**RESIDENT, "agent": False})
    assert item(look(affair=told), "new-agent").state is ItemState.OPTIONAL
    mandate = look(paper("A06"))
    assert item(mandate, "new-agent").state is ItemState.MISSING


def test_a_dossier_is_shown_as_it_stood_on_an_earlier_day() -> None:
    late = paper("C01", date(2024, 1, 1))
    assert item(look(late), "new-contract").state is ItemState.PRESENT
    assert item(look(late, day=date(2023, 12, 31)), "new-contract").state is ItemState.MISSING


CODES = sorted({code for rule in requirements.load().rules for code in rule.any_of})
DAYS = st.dates(date(1995, 1, 1), date(2027, 1, 1))
PAPERS = st.lists(st.builds(lambda code, on: paper(code, on), st.sampled_from(CODES), DAYS))


@settings(max_examples=200, deadline=None)
@given(PAPERS, DAYS, DAYS, st.sampled_from(["LR", "LN", "HV", "IM", "PV"]))
def test_counts_are_those_of_a_plain_recount(
    papers: list[Paper], opened: date, day: date, category: str
) -> None:
    """A slow reading of the table: what is required outright, type by type, of one that is in."""
    affair = Affair("new", {}, opened=opened, done=opened)
    found = items.assess(requirements.load(), category, [affair], papers, (), day)
    here = {one.type_code for one in papers if one.taken <= day}
    letters = [one.on for one in papers if one.taken <= day and one.type_code == "A08"]
    promised = bool(letters) and day <= max(letters) + requirements.load().promise
    lacking = set()
    for rule in requirements.load().rules:
        must = rule.business == "new" and rule.levels.get(category) is Level.REQUIRED
        if not must or opened > day or not rule.holds_on(opened) or here & set(rule.any_of):
            continue
        if not (rule.promised_by and promised):
            lacking.add(rule.any_of[0])
    required = [one for one in found.items if one.level is Level.REQUIRED]
    assert {one.rule.any_of[0] for one in required if one.state in items.LACKING} == lacking
    assert found.present <= found.required
    assert found.is_complete == (found.percent == 100)
