"""Loans go by a closed machine: no way out of it, none without a way out, one custodian always."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from dossier.errors import ConfigurationError, ConflictError
from dossier.rules import lending, rulebook
from dossier.rules.loan_states import (
    FIRST,
    HOLDS_ORIGINAL,
    MACHINES,
    STATES,
    WITH_BORROWER,
    Actor,
    LoanEvent,
    LoanKind,
    LoanState,
    after,
    drawing,
    ends_of,
    possible,
    states_of,
)
from dossier.rules.role_words import load_words

DOCS = Path(__file__).parents[2] / "docs" / "howto" / "lending.md"
STEPS = int(os.environ.get("DOSSIER_LOAN_STEPS", "400"))
"""Random steps in all; 10,000 are run by hand (docs/howto/lending.md)."""
IN_ONE_RUN = 50


@pytest.mark.parametrize("kind", LoanKind)
def test_every_state_is_reached_and_leads_to_an_end(kind: LoanKind) -> None:
    reached = set(FIRST[kind])
    for _ in states_of(kind):
        reached |= {step.after for one in reached for step in possible(kind, one)}
    assert reached == states_of(kind)
    ending = set(ends_of(kind))
    for _ in states_of(kind):
        ending |= {step.before for step in MACHINES[kind] if step.after in ending}
    assert ending == states_of(kind)


@pytest.mark.parametrize("kind", LoanKind)
def test_what_the_machine_does_not_say_is_refused(kind: LoanKind) -> None:
    said = {(step.before, step.event, by) for step in MACHINES[kind] for by in step.by}
    for state in states_of(kind):
        for event in LoanEvent:
            for by in Actor:
                if (state, event, by) not in said:
                    with pytest.raises(ConflictError) as told:
                        after(kind, state, event, by)
                    assert STATES[state].zh in (told.value.detail_zh or "")


def test_the_docs_draw_the_machine_of_the_code() -> None:
    docs = DOCS.read_text(encoding="utf-8")
    for kind in LoanKind:
        assert f"```mermaid\n{drawing(kind)}\n```" in docs


def test_a_rule_file_with_an_unknown_word_is_refused() -> None:
    body = rulebook.load("lending")
    lines = [dict(line) for line in body["electronic"]["approvers"]]
    for changed, reason in (
        ({"by": ["nobody"]}, "unknown role"),
        ({"by": ["auditor"]}, "separated"),
        ({"categories": ["XX"]}, "unknown category"),
        ({"categories": ["HV"]}, "nobody approves"),
    ):
        wrong = dict(body) | {
            "electronic": dict(body["electronic"]) | {"approvers": [lines[0] | changed, lines[1]]}
        }
        with pytest.raises(ConfigurationError, match=reason):
            lending.read(wrong, load_words())


@dataclass
class Lent:
    """A paper loan of the random run."""

    borrower: int
    original: int
    state: LoanState = LoanState.REQUESTED
    queued: int = 0


class Desk(RuleBasedStateMachine):
    """Many borrowers, few originals, any event in any order; the queue is served first come."""

    @initialize()
    def open(self) -> None:
        self.loans: list[Lent] = []
        self.number = 0
        self.served: dict[int, list[int]] = {0: [], 1: [], 2: []}

    def holder(self, original: int) -> list[Lent]:
        return [
            one for one in self.loans if one.original == original and one.state in HOLDS_ORIGINAL
        ]

    @rule(borrower=strategies.integers(0, 4), original=strategies.integers(0, 2))
    def ask(self, borrower: int, original: int) -> None:
        self.loans.append(Lent(borrower, original))

    @rule(
        which=strategies.integers(0, 200),
        event=strategies.sampled_from(LoanEvent),
        by=strategies.sampled_from(Actor),
    )
    def happens(self, which: int, event: LoanEvent, by: Actor) -> None:
        if not self.loans:
            return
        loan = self.loans[which % len(self.loans)]
        taken = bool(self.holder(loan.original))
        first = min(
            (
                one.queued
                for one in self.loans
                if one.original == loan.original and one.state is LoanState.WAITING
            ),
            default=0,
        )
        if event is LoanEvent.APPROVE and (taken or first):
            event = LoanEvent.QUEUE
        if event is LoanEvent.TURN and (taken or loan.queued != first):
            return
        try:
            loan.state = after(LoanKind.PAPER, loan.state, event, by)
        except ConflictError:
            return
        if event is LoanEvent.QUEUE:
            self.number += 1
            loan.queued = self.number
        if event is LoanEvent.TURN:
            self.served[loan.original].append(loan.queued)

    @invariant()
    def one_active_loan_and_one_custodian(self) -> None:
        for original in range(3):
            holding = self.holder(original)
            assert len(holding) <= 1
            assert sum(one.state in WITH_BORROWER for one in holding) <= 1

    @invariant()
    def the_queue_is_served_in_its_order(self) -> None:
        for served in self.served.values():
            assert served == sorted(served)

    @invariant()
    def nothing_is_stuck(self) -> None:
        for loan in self.loans:
            out = list(possible(LoanKind.PAPER, loan.state))
            assert out or loan.state in ends_of(LoanKind.PAPER)


def test_random_desks_keep_one_custodian_and_the_order_of_the_queue() -> None:
    run_state_machine_as_test(
        Desk,
        settings=settings(
            max_examples=max(STEPS // IN_ONE_RUN, 1), stateful_step_count=IN_ONE_RUN, deadline=None
        ),
    )
