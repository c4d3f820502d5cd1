"""When an item of a campaign is done for a customer, as conditions of a query.

A paper that came in since the campaign began ticks it, a check that was made since, or a person.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from dossier.clock import SHANGHAI
from dossier.db.tables import Customer, Document
from dossier.db.verification_tables import (
    BankMandate,
    Campaign,
    CampaignTick,
    ContactCheck,
    RealNameCheck,
)
from dossier.plugins.verification import rules
from dossier.plugins.verification.contacts import Outcome
from dossier.plugins.verification.real_name import Result
from dossier.plugins.verification.rules import CampaignItem


def is_done(campaign: Campaign, code: str) -> ColumnElement[bool]:
    """Whether one item is done for a :class:`Customer` of the query."""
    item = rules.load().campaign_items.get(code)
    found = [_ticked(campaign, code)]
    if item is not None:
        found.append(_paper(campaign, item))
        if item.check:
            found.append(_checked(campaign, item.check))
    return or_(*found)


def all_done(campaign: Campaign) -> ColumnElement[bool]:
    """Whether nothing is left for a customer."""
    return and_(*(is_done(campaign, code) for code in campaign.items))


def _ticked(campaign: Campaign, code: str) -> ColumnElement[bool]:
    return (
        select(CampaignTick.id)
        .where(
            CampaignTick.campaign_id == campaign.id,
            CampaignTick.customer_no == Customer.customer_no,
            CampaignTick.item == code,
        )
        .correlate(Customer)
        .exists()
    )


def _paper(campaign: Campaign, item: CampaignItem) -> ColumnElement[bool]:
    return (
        select(Document.id)
        .where(
            Document.customer_no == Customer.customer_no,
            Document.type_code.in_(item.types),
            *_within(campaign, Document.captured_at),
        )
        .correlate(Customer)
        .exists()
    )


def _checked(campaign: Campaign, check: str) -> ColumnElement[bool]:
    table, at, only = {
        "real_name": (
            RealNameCheck,
            RealNameCheck.checked_at,
            RealNameCheck.result == Result.VERIFIED.value,
        ),
        "contact": (
            ContactCheck,
            ContactCheck.checked_at,
            ContactCheck.outcome != Outcome.UNREACHED.value,
        ),
        "mandate": (BankMandate, BankMandate.made_at, BankMandate.ended_at.is_(None)),
    }[check]
    of: Any = table
    return (
        select(of.id)
        .where(of.customer_no == Customer.customer_no, only, *_within(campaign, at))
        .correlate(Customer)
        .exists()
    )


def _within(campaign: Campaign, at: Any) -> tuple[ColumnElement[bool], ...]:
    """From the first moment of its first day up to its end."""
    first = datetime.combine(campaign.since, time(), tzinfo=SHANGHAI)
    behind = datetime.combine(campaign.until + timedelta(days=1), time(), tzinfo=SHANGHAI)
    end = min(behind, campaign.ended_at) if campaign.ended_at else behind
    return at >= first, at < end
