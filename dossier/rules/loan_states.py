"""The closed state machine of a loan: what may follow what, and by whom (domain.md §6.1).

One row is one loan from the request to its end (peers.md, complaint 15): no step makes a second.
What ends by the clock is over at its minute, whoever looks; a duty only writes it down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dossier.errors import ConflictError


class LoanKind(StrEnum):
    """What is lent."""

    ELECTRONIC = "electronic"
    PAPER = "paper"


class LoanState(StrEnum):
    """Where a loan is."""

    REQUESTED = "requested"
    RUNNING = "running"
    WAITING = "waiting"
    TO_PICK = "to_pick"
    PICKED = "picked"
    OUT = "out"
    RECALLED = "recalled"
    OVERDUE = "overdue"
    TO_CHECK = "to_check"
    DISPUTED = "disputed"
    LOST = "lost"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    RETURNED = "returned"
    ENDED = "ended"
    EXPIRED = "expired"
    REPLACED = "replaced"


class LoanEvent(StrEnum):
    """What happens to a loan."""

    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"
    EXTEND = "extend"
    GIVE_BACK = "give_back"
    END = "end"
    EXPIRE = "expire"
    QUEUE = "queue"
    TURN = "turn"
    PICK = "pick"
    HAND_OUT = "hand_out"
    RECALL = "recall"
    FALL_DUE = "fall_due"
    TAKE_BACK = "take_back"
    FIND_WHOLE = "find_whole"
    FIND_FAULT = "find_fault"
    SETTLE = "settle"
    REPORT_LOST = "report_lost"
    FIND_AGAIN = "find_again"
    REPLACE = "replace"


class Actor(StrEnum):
    """Who makes it happen."""

    BORROWER = "borrower"
    APPROVER = "approver"
    ARCHIVIST = "archivist"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow of the machine."""

    before: LoanState
    event: LoanEvent
    after: LoanState
    by: frozenset[Actor]


@dataclass(frozen=True, slots=True)
class Words:
    """What a state is called."""

    zh: str
    en: str


STATES: Mapping[LoanState, Words] = {
    LoanState.REQUESTED: Words("审批中", "waits for approval"),
    LoanState.RUNNING: Words("已授权", "open"),
    LoanState.WAITING: Words("排队", "in the queue"),
    LoanState.TO_PICK: Words("已批准", "approved, to be picked"),
    LoanState.PICKED: Words("待取件", "ready to be collected"),
    LoanState.OUT: Words("借出", "lent out"),
    LoanState.RECALLED: Words("催还", "recalled"),
    LoanState.OVERDUE: Words("超期", "overdue"),
    LoanState.TO_CHECK: Words("归还待核", "returned, to be checked"),
    LoanState.DISPUTED: Words("核查异常", "returned with a fault"),
    LoanState.LOST: Words("遗失", "lost"),
    LoanState.REFUSED: Words("驳回", "refused"),
    LoanState.WITHDRAWN: Words("取消", "withdrawn"),
    LoanState.LAPSED: Words("逾期未批，失效", "lapsed, nobody decided"),
    LoanState.RETURNED: Words("已归还", "given back"),
    LoanState.ENDED: Words("提前收回", "ended early"),
    LoanState.EXPIRED: Words("到期失效", "over"),
    LoanState.REPLACED: Words("已替代结案", "replaced, closed"),
}
_S, _E, _A = LoanState, LoanEvent, Actor


def _steps(lines: Iterable[tuple[LoanState, LoanEvent, LoanState, str]]) -> tuple[Step, ...]:
    return tuple(
        Step(before, event, after, frozenset(map(Actor, by.split())))
        for before, event, after, by in lines
    )


MACHINES: Mapping[LoanKind, tuple[Step, ...]] = {
    LoanKind.ELECTRONIC: _steps(
        [
            (_S.REQUESTED, _E.APPROVE, _S.RUNNING, "approver"),
            (_S.REQUESTED, _E.REFUSE, _S.REFUSED, "approver"),
            (_S.REQUESTED, _E.WITHDRAW, _S.WITHDRAWN, "borrower"),
            (_S.REQUESTED, _E.LAPSE, _S.LAPSED, "clock"),
            (_S.RUNNING, _E.EXTEND, _S.RUNNING, "borrower approver"),
            (_S.RUNNING, _E.GIVE_BACK, _S.RETURNED, "borrower"),
            (_S.RUNNING, _E.END, _S.ENDED, "approver"),
            (_S.RUNNING, _E.EXPIRE, _S.EXPIRED, "clock"),
        ]
    ),
    LoanKind.PAPER: _steps(
        [
            (_S.REQUESTED, _E.APPROVE, _S.TO_PICK, "approver"),
            (_S.REQUESTED, _E.QUEUE, _S.WAITING, "approver"),
            (_S.REQUESTED, _E.REFUSE, _S.REFUSED, "approver"),
            (_S.REQUESTED, _E.WITHDRAW, _S.WITHDRAWN, "borrower"),
            (_S.REQUESTED, _E.LAPSE, _S.LAPSED, "clock"),
            (_S.WAITING, _E.TURN, _S.TO_PICK, "clock"),
            (_S.WAITING, _E.WITHDRAW, _S.WITHDRAWN, "borrower archivist"),
            (_S.TO_PICK, _E.PICK, _S.PICKED, "archivist"),
            (_S.TO_PICK, _E.WITHDRAW, _S.WITHDRAWN, "borrower archivist"),
            (_S.PICKED, _E.HAND_OUT, _S.OUT, "archivist"),
            (_S.PICKED, _E.WITHDRAW, _S.WITHDRAWN, "borrower archivist clock"),
            (_S.OUT, _E.EXTEND, _S.OUT, "borrower"),
            (_S.OUT, _E.RECALL, _S.RECALLED, "archivist"),
            (_S.OUT, _E.FALL_DUE, _S.OVERDUE, "clock"),
            (_S.RECALLED, _E.FALL_DUE, _S.OVERDUE, "clock"),
            (_S.OUT, _E.TAKE_BACK, _S.TO_CHECK, "archivist"),
            (_S.RECALLED, _E.TAKE_BACK, _S.TO_CHECK, "archivist"),
            (_S.OVERDUE, _E.TAKE_BACK, _S.TO_CHECK, "archivist"),
            (_S.OUT, _E.REPORT_LOST, _S.LOST, "borrower archivist"),
            (_S.RECALLED, _E.REPORT_LOST, _S.LOST, "borrower archivist"),
            (_S.OVERDUE, _E.REPORT_LOST, _S.LOST, "borrower archivist"),
            (_S.TO_CHECK, _E.FIND_WHOLE, _S.RETURNED, "archivist"),
            (_S.TO_CHECK, _E.FIND_FAULT, _S.DISPUTED, "archivist"),
            (_S.DISPUTED, _E.SETTLE, _S.RETURNED, "archivist"),
            (_S.DISPUTED, _E.REPORT_LOST, _S.LOST, "archivist"),
            (_S.LOST, _E.FIND_AGAIN, _S.TO_CHECK, "archivist"),
            (_S.LOST, _E.REPLACE, _S.REPLACED, "archivist"),
        ]
    ),
}
FIRST: Mapping[LoanKind, frozenset[LoanState]] = {
    LoanKind.ELECTRONIC: frozenset({_S.REQUESTED, _S.RUNNING}),
    LoanKind.PAPER: frozenset({_S.REQUESTED}),
}
"""Where a loan begins: an electronic one within one's rights is open at once."""
HOLDS_ORIGINAL = frozenset(
    {_S.TO_PICK, _S.PICKED, _S.OUT, _S.RECALLED, _S.OVERDUE, _S.TO_CHECK, _S.DISPUTED, _S.LOST}
)
"""States of a paper loan that keep its original from everybody else: one loan of it at a time."""
WITH_BORROWER = frozenset({_S.OUT, _S.RECALLED, _S.OVERDUE, _S.LOST})
"""States in which the borrower answers for the original; in all others the archive does."""


def after(kind: LoanKind, state: LoanState, event: LoanEvent, by: Actor) -> LoanState:
    """Where an event leads.

    Raises:
        ConflictError: a loan in this state knows no such event, or it is not this actor's.
    """
    for step in MACHINES[kind]:
        if step.before is state and step.event is event and by in step.by:
            return step.after
    words = STATES[state]
    raise ConflictError(
        f"The loan is {words.en}; load the page again to see what can be done",
        detail_zh=f"该借阅状态为“{words.zh}”，不能进行此操作；请刷新页面查看可进行的操作",
    )


def possible(kind: LoanKind, state: LoanState) -> Iterator[Step]:
    """The arrows that leave a state."""
    return (step for step in MACHINES[kind] if step.before is state)


def states_of(kind: LoanKind) -> frozenset[LoanState]:
    """All states that a loan of this kind may be in."""
    ends = {state for step in MACHINES[kind] for state in (step.before, step.after)}
    return FIRST[kind] | ends


def ends_of(kind: LoanKind) -> frozenset[LoanState]:
    """The states from which nothing follows."""
    return states_of(kind) - {step.before for step in MACHINES[kind]}


def drawing(kind: LoanKind) -> str:
    """The machine as a Mermaid diagram; the docs hold it, and a test compares them."""
    lines = ["stateDiagram-v2"]
    ordered = [state for state in LoanState if state in states_of(kind)]
    lines += [f"    {state}: {STATES[state].zh} ({STATES[state].en})" for state in ordered]
    lines += [f"    [*] --> {state}" for state in ordered if state in FIRST[kind]]
    for step in MACHINES[kind]:
        actors = ", ".join(one for one in Actor if one in step.by)
        lines.append(f"    {step.before} --> {step.after}: {step.event} ({actors})")
    lines += [f"    {state} --> [*]" for state in ordered if state in ends_of(kind)]
    return "\n".join(lines)
