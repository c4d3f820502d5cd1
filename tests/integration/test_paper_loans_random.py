"""Many people at one desk, anything in any order: one custodian, one loan, a fair line (issue 7)."""

from __future__ import annotations

import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from dossier.clock import FixedClock
from dossier.db.custody_tables import CustodyEvent
from dossier.db.loan_tables import Loan, PaperOriginal
from dossier.db.tables import Content, Customer, Document, User
from dossier.errors import (
    ConflictError,
    DossierError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
)
from dossier.plugins.lending import deciding, paper_acts, paper_asking, paper_desk, paper_loans
from dossier.plugins.lending.asking import Wish
from dossier.plugins.lending.paper_desk import Handed
from dossier.rules import lending
from dossier.rules.loan_states import HOLDS_ORIGINAL, LoanKind, LoanState, ends_of, possible
from dossier.services import custody
from dossier.services.context import Context
from dossier.viewer import EVERYTHING, Permission, Viewer, system_viewer
from tests.support_archive import NOW, make_archive

STEPS = int(os.environ.get("DOSSIER_DESK_STEPS", "150"))
"""Random steps in all; 10,000 are run by hand (docs/howto/lending.md)."""
IN_ONE_RUN = 50
SETUP = system_viewer("test")
PEOPLE = {
    "a": "crew", "b": "crew", "c": "station", "d": "collector",
    "chief": "supervisor", "clerk": "archivist",
}  # fmt: skip
PAPERS = 2
S = LoanState
REFUSALS = (ConflictError, ForbiddenError, InvalidInputError, NotFoundError)
WITH_BORROWER = {S.OUT, S.RECALLED, S.OVERDUE}
AT_DESK = {S.PICKED, S.TO_CHECK, S.DISPUTED}


def archive_with_papers(home: Path) -> tuple[Context, dict[str, Viewer]]:
    context = make_archive(home)
    people = {}
    with context.writing(SETUP) as session:
        session.add(
            Customer(
                customer_no="4200000001", rowid=1, name="王伟", name_key="王伟", category="LR",
                updated_at=NOW,
            )
        )  # fmt: skip
        session.add(Content(sha256="0" * 64, size_bytes=1, stored_at=NOW))
        for name, role in PEOPLE.items():
            row = User(name=name, created_at=NOW)
            session.add(row)
            session.flush()
            can = {
                Permission.SIGNED_IN, Permission.READ_CUSTOMER, Permission.BORROW,
                *({Permission.LEND} if role in ("supervisor", "archivist") else ()),
                *({Permission.HAND_OUT} if role == "archivist" else ()),
            }  # fmt: skip
            people[name] = Viewer(row.id, name, role, frozenset(can), EVERYTHING)
        for number in range(PAPERS):
            document = Document(
                id=f"00000000-0000-0000-0000-00000000000{number}", rowid=number + 1,
                customer_no="4200000001", state="filed", captured_at=NOW, sha256="0" * 64,
                page_count=3,
            )  # fmt: skip
            session.add(document)
            session.flush()
            custody.begin(session, SETUP, document, at=NOW)
    return context, people


class Desk(RuleBasedStateMachine):
    """Four borrowers, two papers, an approver and a clerk, and the clock."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.context, self.people = archive_with_papers(Path(self.folder.name) / "home")
        self.clock = FixedClock(NOW)
        object.__setattr__(self.context, "clock", self.clock)
        self.loans: list[str] = []
        self.states: dict[str, tuple[int, str, str]] = {}

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.context.database.dispose()
            self.folder.cleanup()

    def tries(self, act: Any, *given: Any, **more: Any) -> Any:
        """Do it, or be refused with a reason; nothing else may come of it."""
        try:
            return act(self.context, *given, **more)
        except DossierError as error:
            refused = error
        assert isinstance(refused, REFUSALS)
        assert refused.detail_zh or isinstance(refused, ForbiddenError)
        return None

    @rule(who=strategies.sampled_from("abcd"), paper=strategies.integers(0, PAPERS - 1))
    def ask(self, who: str, paper: int) -> None:
        document = f"00000000-0000-0000-0000-00000000000{paper}"
        wish = Wish(documents=(document,), purpose="核对", days=3)
        made = self.tries(paper_asking.ask, self.people[who], wish)
        self.loans += [one.id for one in made or ()]

    @rule(
        which=strategies.integers(0, 30),
        who=strategies.sampled_from([*PEOPLE, "clerk", "clerk", "chief"]),
        act=strategies.sampled_from(
            [
                "approve", "approve", "approve", "refuse", "withdraw", "pick", "issue", "issue",
                "back", "whole", "whole", "fault", "settle", "renew", "recall", "lost", "found",
                "replace", "confirm",
            ]
        ),
    )  # fmt: skip
    def happens(self, which: int, who: str, act: str) -> None:
        if not self.loans:
            return
        loan = self.loans[-1 - which % len(self.loans)]
        whole = Handed(pages=3, condition="intact", matches=True)
        fault = Handed(pages=2, condition="damaged", matches=False)
        acts: dict[str, Any] = {
            "approve": (deciding.approve, (), {}),
            "refuse": (deciding.refuse, (), {"reason": "理由"}),
            "withdraw": (paper_loans.withdraw, (), {}),
            "pick": (paper_desk.pick, (), {}),
            "issue": (paper_desk.hand_out, (Handed(pages=3),), {}),
            "back": (paper_desk.take_back, (Handed(),), {}),
            "whole": (paper_desk.take_back, (whole,), {}),
            "fault": (paper_desk.take_back, (fault,), {}),
            "settle": (paper_desk.settle, (), {"note": "已补"}),
            "renew": (paper_loans.extend, (), {}),
            "recall": (paper_desk.recall, (), {"reason": ""}),
            "lost": (paper_loans.report_lost, (), {"note": "遗失"}),
            "found": (paper_loans.find_again, (), {}),
            "replace": (paper_loans.replace_lost, (), {"note": "核证"}),
            "confirm": (paper_loans.confirm, (), {}),
        }
        does, given, more = acts[act]
        self.tries(does, self.people[who], loan, *given, **more)

    @rule(hours=strategies.sampled_from([1, 24, 24 * 4]))
    def time_goes_by(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))
        paper_acts.note_due(self.context)

    @invariant()
    def all_is_well(self) -> None:
        if not hasattr(self, "context"):
            return
        with self.context.reading(SETUP) as session:
            loans = session.scalars(select(Loan).order_by(Loan.number)).all()
            originals = session.scalars(select(PaperOriginal)).all()
            trail: dict[str, tuple[str, str]] = {}
            for event in session.scalars(select(CustodyEvent).order_by(CustodyEvent.id)):
                before = trail.get(event.original_id, ("", ""))
                assert (event.from_kind, event.from_holder) == before
                trail[event.original_id] = (event.to_kind, event.to_holder)
        for original in originals:
            assert trail[original.id] == (original.custodian_kind, original.custodian)
            self.check_paper(original, [one for one in loans if one.original_id == original.id])
        turned = {one.id: (one.number, one.original_id or "", one.state) for one in loans}
        self.check_line(turned)
        self.states = turned

    def check_paper(self, original: PaperOriginal, loans: list[Loan]) -> None:
        holding = [one for one in loans if one.state in HOLDS_ORIGINAL]
        assert len(holding) <= 1
        desk = lending.load().desk
        if not holding:
            assert original.state == "lost" or original.custodian_kind == "place"
            assert not [one for one in loans if one.state == S.WAITING]
        elif holding[0].state in WITH_BORROWER:
            assert original.custodian == holding[0].borrower_id
        elif holding[0].state in AT_DESK:
            assert original.custodian == desk
        for one in loans:
            state = LoanState(one.state)
            assert state in ends_of(LoanKind.PAPER) or list(possible(LoanKind.PAPER, state))

    def check_line(self, now: dict[str, tuple[int, str, str]]) -> None:
        """Whoever got a turn was the first of those who waited and still wait."""
        for loan, (number, original, state) in now.items():
            before = self.states.get(loan)
            if before is None or (before[2], state) != (S.WAITING, S.TO_PICK):
                continue
            still = [other[0] for other in now.values() if other[1:] == (original, S.WAITING)]
            assert all(number < other for other in still)


def test_S2_14_many_people_in_any_order_never_break_custody_or_the_line() -> None:
    run_state_machine_as_test(
        Desk,
        settings=settings(
            max_examples=max(STEPS // IN_ONE_RUN, 1), stateful_step_count=IN_ONE_RUN, deadline=None
        ),
    )
