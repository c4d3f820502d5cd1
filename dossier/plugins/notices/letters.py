"""What leaves the house of a notice: the number of the loan, the due day and a link, no more."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

import orjson

from dossier.db.loan_tables import Loan
from dossier.db.loans import number_of
from dossier.db.notice_tables import Notice
from dossier.rules.notices import Holds, Told, last_day, load
from dossier.settings import Settings
from ui.formatting import localiser

KEY_HEX = 32
EVENTS = "dossier.loan."
CLOUD_EVENTS = "1.0"


def text_of(row: Notice, loan: Loan, language: str) -> str:
    """What a notice says in a language of the pages."""
    told = load().all_told.get(row.rule)
    if told is None:  # the rule went since
        return number_of(loan.number)
    words = told.en if language == "en" else told.zh
    due = last_day(row.due_at) if row.due_at else None
    days = (row.day - due).days if due else 0
    return _translated(language)(
        words.format(loan=number_of(loan.number), due=due or "—", days=days)
    )


def href_of(told: Told | None, loan: Loan) -> str:
    """Where the loan is shown to who is told."""
    page = "/loans/waiting" if told and told.holds is Holds.ASKED else "/loans"
    return f"{page}#{number_of(loan.number)}"


def letter(settings: Settings, row: Notice, loan: Loan, to: str) -> EmailMessage:
    """The e-mail, in the language of the house; its id is made of the notice's key."""
    text = text_of(row, loan, settings.locale)
    lines = [text]
    if settings.public_url:
        lines += ["", settings.public_url + href_of(load().all_told.get(row.rule), loan)]
    found = EmailMessage()
    found["From"], found["To"], found["Subject"] = settings.smtp_from, to, text
    found["Date"] = format_datetime(row.made_at)
    name = hashlib.sha256(row.key.encode()).hexdigest()[:KEY_HEX]
    found["Message-ID"] = f"<{name}@{settings.smtp_from.partition('@')[2]}>"
    found["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine answers
    found.set_content("\n".join(lines) + "\n", cte="base64")
    return found


def event(settings: Settings, row: Notice, loan: Loan) -> bytes:
    """The same as a CloudEvent in JSON; a repeated call has the same id."""
    data = {"loan": number_of(loan.number), "kind": loan.kind, "due_at": _stamp(row.due_at)}
    body = {
        "specversion": CLOUD_EVENTS,
        "id": row.key,
        "source": settings.public_url or "urn:dossier",
        "type": EVENTS + row.rule,
        "subject": number_of(loan.number),
        "time": _stamp(row.made_at),
        "datacontenttype": "application/json",
        "data": data,
    }
    return orjson.dumps(body)


def _stamp(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _translated(language: str) -> Callable[[str], str]:
    return localiser(language)
