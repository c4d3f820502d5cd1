"""Checks of names and contacts for programs; coverage; changes that other systems read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.errors import NotFoundError, QueryError
from dossier.plugins.verification import changes, contacts, coverage, real_name, stale
from dossier.plugins.verification.contacts import ContactWish
from dossier.plugins.verification.real_name import CheckWish
from dossier.plugins.verification.standing import Group, Standing, Wish, wished
from dossier.services.views import Shown
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import CHANGING, may_answer

router = APIRouter(tags=["verification"])
Reading = Annotated[Viewer, requires(Permission.READ_CUSTOMER)]
Verifying = Annotated[Viewer, requires(Permission.VERIFY)]
Asked = Annotated[Wish, Depends(wished)]
Cursor = Annotated[str | None, Query(max_length=400)]
Size = Annotated[int, Query(ge=1, le=100)]
Code = Annotated[str, Field(max_length=20)]


class MaskedText(BaseModel):
    """A personal value as this caller may see it."""

    model_config = ConfigDict(from_attributes=True)
    text: str
    masked: bool


class PaperItem(BaseModel):
    """An identity paper of the dossier, with the name that was read on it: a proposal."""

    document_id: str
    type: str
    read_name: MaskedText | None
    likeness: str | None = Field(description="same, alike or other: held against the register")


class CheckItem(BaseModel):
    """A check that was made; the newest counts."""

    id: str
    document_id: str | None
    legal_name: MaskedText
    register_name: MaskedText
    result: str
    note: str
    checked_at: datetime
    by: str


class RealNameAnswer(BaseModel):
    """How the real name of a customer stands."""

    state: str = Field(description="verified, mismatch or not_checked")
    papers: list[PaperItem]
    checks: list[CheckItem]


class CheckWanted(BaseModel):
    """What somebody found."""

    model_config = ConfigDict(extra="forbid")
    result: Code = Field(description="verified, mismatch, or not_checked to have it checked anew")
    document_id: str | None = Field(None, max_length=36)
    legal_name: str = Field("", max_length=400, description="Empty: as it was read on the paper")
    note: str = Field("", max_length=1000)


class ContactItem(BaseModel):
    """A number of the register."""

    id: int
    number: MaskedText
    is_checked: bool


class ContactCheckItem(BaseModel):
    """A contact check that was made."""

    id: str
    outcome: str
    channel: str
    old_number: MaskedText
    new_number: MaskedText
    note: str
    checked_at: datetime
    by: str


class ContactsAnswer(BaseModel):
    """How a customer is reached."""

    phones: list[ContactItem]
    checks: list[ContactCheckItem]


class ContactWanted(BaseModel):
    """What somebody found."""

    model_config = ConfigDict(extra="forbid")
    outcome: Code = Field(description="confirmed, changed, added or unreached")
    channel: Code = Field(description="A code of verification.yaml")
    phone: int | None = Field(None, ge=1, lt=2**31, description="The number that it is about")
    number: str = Field("", max_length=64, description="The new one")
    note: str = Field("", max_length=1000)


class Made(BaseModel):
    """What was kept."""

    id: str


class GroupItem(BaseModel):
    """Customers of one place by state; ``value`` 0 are those of no such place."""

    value: int
    label: str
    total: int
    counts: dict[str, int]
    percent: dict[str, float]


class CustomerItem(BaseModel):
    """A customer with the state that was asked about."""

    customer_no: str
    name: MaskedText
    state: str
    station: str
    line: str
    district: str


class StandingAnswer(BaseModel):
    """Counts, and a page of the list behind them."""

    items: list[CustomerItem]
    next_cursor: str | None
    total: int
    customers: int
    counts: dict[str, int]
    by: str
    groups: list[GroupItem]


class ChangeData(BaseModel):
    """What changed."""

    customer_no: str
    outcome: str
    channel: str
    old_number: MaskedText
    new_number: MaskedText


class ChangeItem(BaseModel):
    """A CloudEvent 1.0."""

    specversion: str = "1.0"
    id: str
    source: str = "/dossier"
    type: str
    time: datetime
    subject: str
    datacontenttype: str = "application/json"
    data: ChangeData


class ChangesAnswer(BaseModel):
    """Events behind the cursor, the oldest first; ``next_cursor`` is where to go on, always."""

    items: list[ChangeItem]
    next_cursor: str
    more: bool


@router.get(
    "/customers/{customer_no}/real-name", responses=may_answer(NotFoundError), summary="Real name"
)
def read_real_name(request: Request, customer_no: str, viewer: Reading) -> RealNameAnswer:
    """State, proposals from the identity papers, and every check."""
    found = real_name.get(context_of(request), viewer, customer_no)
    papers = [
        PaperItem(
            document_id=one.document_id,
            type=one.type_code,
            read_name=shown(one.read_name) if one.read_name else None,
            likeness=one.likeness,
        )
        for one in found.papers
    ]
    checks = [
        CheckItem(
            id=one.id,
            document_id=one.document_id,
            legal_name=shown(one.legal_name),
            register_name=shown(one.register_name),
            result=one.result,
            note=one.note,
            checked_at=one.checked_at,
            by=one.checked_by,
        )
        for one in found.checks
    ]
    return RealNameAnswer(state=found.state, papers=papers, checks=checks)


@router.post(
    "/customers/{customer_no}/real-name",
    status_code=201,
    responses=CHANGING,
    summary="Record a real-name check",
)
def check_real_name(
    request: Request, customer_no: str, viewer: Verifying, wanted: CheckWanted
) -> Made:
    """A person's word; the newest counts."""
    wish = CheckWish(wanted.result, wanted.document_id, wanted.legal_name, wanted.note)
    return Made(id=real_name.record(context_of(request), viewer, customer_no, wish))


@router.get(
    "/customers/{customer_no}/contacts", responses=may_answer(NotFoundError), summary="Contacts"
)
def read_contacts(request: Request, customer_no: str, viewer: Reading) -> ContactsAnswer:
    """The register's numbers, and every check."""
    found = contacts.get(context_of(request), viewer, customer_no)
    return ContactsAnswer(
        phones=[
            ContactItem(id=one.id, number=shown(one.number), is_checked=one.is_checked)
            for one in found.phones
        ],
        checks=[
            ContactCheckItem(
                id=one.id,
                outcome=one.outcome,
                channel=one.channel,
                old_number=shown(one.old_number),
                new_number=shown(one.new_number),
                note=one.note,
                checked_at=one.checked_at,
                by=one.checked_by,
            )
            for one in found.checks
        ],
    )


@router.post(
    "/customers/{customer_no}/contacts",
    status_code=201,
    responses=CHANGING,
    summary="Record a contact check",
)
def check_contact(
    request: Request, customer_no: str, viewer: Verifying, wanted: ContactWanted
) -> Made:
    """A new number goes into the register and to the other systems."""
    wish = ContactWish(wanted.outcome, wanted.channel, wanted.phone, wanted.number, wanted.note)
    return Made(id=contacts.record(context_of(request), viewer, customer_no, wish))


@router.get("/real-names", responses=may_answer(QueryError), summary="Coverage of real names")
def list_real_names(
    request: Request, viewer: Reading, wish: Asked, cursor: Cursor = None, size: Size = 50
) -> StandingAnswer:
    """Counts and shares by station, line or district, and the customers behind them."""
    return _standing(coverage.get(context_of(request), viewer, wish, cursor=cursor, size=size))


@router.get("/contacts", responses=may_answer(QueryError), summary="Stale contacts")
def list_contacts(
    request: Request, viewer: Reading, wish: Asked, cursor: Cursor = None, size: Size = 50
) -> StandingAnswer:
    """Whom a notice may not reach, and why."""
    return _standing(stale.get(context_of(request), viewer, wish, cursor=cursor, size=size))


@router.get("/changes", responses=may_answer(QueryError), summary="Changes for other systems")
def read_changes(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.PULL_CHANGES)],
    cursor: Cursor = None,
    size: Size = 50,
) -> ChangesAnswer:
    """Keep ``next_cursor`` and come back with it: nothing is passed over, nothing comes twice."""
    found = changes.read(context_of(request), viewer, cursor=cursor, size=size)
    items = [
        ChangeItem(
            id=one.event_id,
            type=one.kind,
            time=one.at,
            subject=one.customer_no,
            data=ChangeData(
                customer_no=one.customer_no,
                outcome=one.outcome,
                channel=one.channel,
                old_number=shown(one.old_number),
                new_number=shown(one.new_number),
            ),
        )
        for one in found.items
    ]
    return ChangesAnswer(items=items, next_cursor=found.next_cursor, more=found.more)


def shown(value: Shown) -> MaskedText:
    """A personal value as it goes out."""
    return MaskedText(text=value.text, masked=value.masked)


def _standing(found: Standing) -> StandingAnswer:
    return StandingAnswer(
        items=[
            CustomerItem(
                customer_no=head.customer_no,
                name=shown(head.name),
                state=state,
                station=head.station,
                line=head.line,
                district=head.district,
            )
            for head, state in found.items
        ],
        next_cursor=found.next_cursor,
        total=found.total,
        customers=found.whole.total,
        counts=dict(found.whole.counts),
        by=found.by,
        groups=[_group(one) for one in found.groups],
    )


def _group(one: Group) -> GroupItem:
    return GroupItem(
        value=one.value,
        label=one.label,
        total=one.total,
        counts=dict(one.counts),
        percent={state: one.share(state) for state in one.counts},
    )
