"""What people found out and wrote down of the customers of the archive of secrets, with secrets in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import select

from dossier.clock import local_date
from dossier.db.case_tables import BusinessCase
from dossier.db.dossier_tables import WaiverRow
from dossier.db.late_tables import LateExplanation, LateFlag
from dossier.db.loan_tables import Loan, LoanThing
from dossier.db.quality_tables import PageFinding, Rescan, ScanState
from dossier.db.tables import AuditEvent, OrgUnit, User
from dossier.db.verification_tables import (
    BankMandate,
    Campaign,
    CampaignTick,
    ComparisonRun,
    ContactCheck,
    Correction,
    Difference,
    OutgoingEvent,
    RealNameCheck,
)
from dossier.rules import identifiers
from dossier.services.key_stores import difference_key
from tests.support_secrets import SETUP, STATIONS, Secret, Secrets

GIVEN = "沄沅泓洹浔涵淳渌渊湜溥滢潇澍澜澈瀚灏"
CLEAR, REGISTER = frozenset({"read_customer", "see_clear"}), frozenset({"read_customer"})


def add(secrets: Secrets) -> None:
    """For the first two people of each station: every feature that keeps words or values of them."""
    names = _names()
    with secrets.seeded.context.writing(SETUP) as session:
        for whose, station in STATIONS.items():
            unit = session.scalars(select(OrgUnit).where(OrgUnit.name == station.unit)).one()
            of_unit = _OfUnit(secrets, session, whose, unit.id, names)
            for at in range(2):
                of_unit.add(at)


def _names() -> Iterator[str]:
    return (f"{surname}{a}{b}" for surname, (a, b) in zip(
        itertools.cycle(("司徒", "陈", "宇文", "刘")), itertools.combinations(GIVEN, 2), strict=False
    ))  # fmt: skip


class _OfUnit:
    """Facts of one station's people."""

    def __init__(
        self, secrets: Secrets, session: Any, whose: str, unit_id: int, names: Iterator[str]
    ) -> None:
        self._secrets, self._session, self._whose = secrets, session, whose
        self._unit_id, self._names = unit_id, names
        self._context = secrets.seeded.context
        self._now = self._context.clock.now()
        self._today = local_date(self._now)
        self._by = session.scalars(select(User.id).where(User.name == f"colleague_{whose}")).one()
        self._foreign = secrets.papers["west" if whose == "east" else "east"]
        self._campaign = self._made(
            Campaign(
                title="修签", place="station", place_id=unit_id, items=["contract", "bank"],
                since=self._today, until=self._today + timedelta(days=9), made_at=self._now,
                made_by=self._by,
            )
        )  # fmt: skip
        self._run = self._made(
            ComparisonRun(
                sha256="0" * 64, is_whole=False, rows=1, started_at=self._now, started_by=self._by,
                finished_at=self._now,
            )
        )  # fmt: skip

    def add(self, at: int) -> None:
        """All of one person."""
        person = self._secrets.people[self._whose][at]
        paper = self._secrets.papers[self._whose][2 * at]
        number = person["customer_no"]
        self._hide(paper, REGISTER, "customer_no")  # the record of looks names both
        self._contact(number, person)
        self._name(number, person, paper)
        mandate = self._mandate(number, paper)
        self._corrections(number, mandate)
        self._differences(number, person)
        self._session.add(
            CampaignTick(
                campaign_id=self._campaign.id, customer_no=number, item="bank",
                reason=self._words("tick"), at=self._now, by=self._by,
            )
        )  # fmt: skip
        self._late(number, person, paper)
        self._scan(paper, self._foreign[2 * at])
        self._waiver(number, person)
        self._loan(number)

    def _made(self, row: Any) -> Any:
        self._session.add(row)
        self._session.flush()
        return row

    def _hide(self, value: str, needs: frozenset[str], lies: str) -> str:
        self._secrets.all.append(Secret(value, self._whose, needs, lies))
        return value

    def _name_of(self, lies: str) -> str:
        name = next(self._names)
        self._hide(name[-2:], CLEAR, lies)
        return name

    def _phone(self, lies: str) -> str:
        at = len(self._secrets.all)
        self._hide(value := f"135{at * 7919 % 10**8:08d}", CLEAR, "phone")
        self._hide(value[3:], CLEAR, lies)
        return value

    def _words(self, lies: str) -> str:
        """A note as people write them, of somebody whom the register does not know."""
        return f"户主{self._name_of(f'{lies} note')}来电，电话{self._phone(f'{lies} note')}"

    def _contact(self, number: str, person: dict[str, str]) -> None:
        check = self._made(
            ContactCheck(
                customer_no=number, outcome="changed", channel="phone",
                old_number=person["old_phone"], new_number=self._phone("phone"),
                note=self._words("contact"), checked_at=self._now, checked_by=self._by,
            )
        )  # fmt: skip
        self._session.add(
            OutgoingEvent(
                kind="dossier.contact.changed",
                customer_no=number,
                subject_id=check.id,
                at=self._now,
            )
        )

    def _name(self, number: str, person: dict[str, str], paper: str) -> None:
        self._session.add(
            RealNameCheck(
                customer_no=number, document_id=paper, legal_name=self._name_of("legal name"),
                register_name=person["name"], result="mismatch", note=self._words("name"),
                checked_at=self._now, checked_by=self._by,
            )
        )  # fmt: skip

    def _mandate(self, number: str, paper: str) -> BankMandate:
        at = len(self._secrets.all)
        body = f"62284{at * 104729 % 10**13:013d}"
        account = next(body + end for end in "0123456789" if identifiers.passes_luhn(body + end))
        self._hide(account, CLEAR, "mandate's account")
        found: BankMandate = self._made(
            BankMandate(
                customer_no=number, account=self._context.keyring.encrypt(account),
                hmac=self._context.keyring.hash(account), last4=account[-4:],
                account_name=self._name_of("payer"), bank="示例银行", document_id=paper,
                made_at=self._now, made_by=self._by,
            )
        )  # fmt: skip
        return found

    def _corrections(self, number: str, mandate: BankMandate) -> None:
        common = {"customer_no": number, "mandate_id": mandate.id, "opened_at": self._now}
        self._session.add(Correction(**common, kind="name_differs"))
        self._session.add(
            Correction(
                **common, kind="failed_debit", state="closed", reason=self._words("correction"),
                closed_by=self._by, closed_at=self._now,
            )
        )  # fmt: skip

    def _differences(self, number: str, person: dict[str, str]) -> None:
        keyring = self._context.keyring
        theirs = {
            "name": (person["name"], self._name_of("their name")),
            "id_no": (
                [person["id_no"], ""],
                [self._hide(f"99999919770{len(self._secrets.all):04d}501X", CLEAR, "their id"), ""],
            ),
        }
        for fact, (ours, other) in theirs.items():
            body = orjson.dumps([number, fact, ours, other]).decode()
            is_settled = fact == "name"
            self._session.add(
                Difference(
                    customer_no=number, fact=fact, body=keyring.encrypt(body),
                    key=difference_key(keyring, body),
                    state="settled" if is_settled else "open",
                    decision="keep_ours" if is_settled else "",
                    reason=self._words("difference") if is_settled else "",
                    settled_by=self._by if is_settled else None,
                    settled_at=self._now if is_settled else None,
                    run_id=self._run.id, opened_at=self._now,
                )
            )  # fmt: skip

    def _late(self, number: str, person: dict[str, str], paper: str) -> None:
        """The paper was another customer's, of another station, when it was found to be late."""
        stranger = f"4788{len(self._secrets.all):06d}"
        self._hide(stranger, frozenset({"nobody"}), "a late paper's former customer")
        self._session.add(
            LateFlag(
                id=f"{paper}:captured_after", document_id=paper, customer_no=stranger,
                unit_id=None, type_code="C01", case_no=f"GD9{stranger}", node="contract",
                reason="captured_after", dated=None, page=None, box=None,
                completed_at=self._now - timedelta(days=9), captured_at=self._now,
                produced_at=self._now - timedelta(days=9), allowed_hours=48.0,
                rule_from=self._today, found_at=self._now,
            )
        )  # fmt: skip
        self._session.add(
            LateExplanation(
                document_id=paper, at=self._now, by=self._by, text=self._words("late paper")
            )
        )
        self._session.add(
            BusinessCase(
                case_no=f"YK{number}", customer_no=number, business="new", state="open",
                opened_at=self._now, updated_at=self._now,
            )
        )  # fmt: skip
        self._hide(f"YK{number}", REGISTER, "case_no")

    def _scan(self, paper: str, foreign: str) -> None:
        """Its page is in a foreign dossier too, and the new scan went there."""
        self._session.add(ScanState(document_id=paper, pages=1, failing=1, checked_at=self._now))
        self._session.add(
            PageFinding(
                document_id=paper, page=1, code="repeated", severity="warns", measured=1.0,
                required=0.0, rule_from=self._today, other_document_id=foreign, other_page=1,
            )
        )  # fmt: skip
        self._session.add(
            Rescan(
                document_id=paper, page=1, code=f"RS-{len(self._secrets.all):06d}",
                state="accepted", reasons=["skew"], opened_at=self._now, settled_at=self._now,
                settled_by=self._by, why="legible", note=self._words("new scan"),
                new_document_id=foreign, new_page=1,
            )
        )  # fmt: skip

    def _waiver(self, number: str, person: dict[str, str]) -> None:
        self._session.add(
            WaiverRow(
                customer_no=number, case_no=None, rule="C01", reason="other",
                note=self._words("waiver"), first_day=self._today, made_at=self._now,
                made_by=self._by, withdrawn_at=self._now, withdrawn_by=self._by,
                withdrawn_why=self._words("waiver's end"),
            )
        )  # fmt: skip

    def _loan(self, number: str) -> None:
        purpose = self._words("loan")
        loan = self._made(
            Loan(
                kind="electronic", state="requested", borrower_id=self._by, purpose=purpose,
                minutes=60, clear=True, asked_at=self._now,
                lapses_at=self._now + timedelta(days=1),
            )
        )  # fmt: skip
        self._session.add(LoanThing(loan_number=loan.number, customer_no=number))
        self._session.add(
            AuditEvent(
                at=self._now, actor=self._by, role="agent", action="loan.request",
                object_kind="loan", object_id=f"JY{loan.number:06d}", outcome="ok", purpose=purpose,
                remote="", facts={},
            )
        )  # fmt: skip
