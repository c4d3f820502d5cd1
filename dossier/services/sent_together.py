"""What came in one mail or archive: whose the mail is tells something of its attachments.

A machine that filed the mail may be wrong about the attachments; a person who did so has them
before the eyes. So attachments that name nobody go where a person put the mail.
"""

from __future__ import annotations

from dossier.db.session import ScopedSession
from dossier.db.tables import Document

PARENT = "parent"
"""Hint, and reason code of a link: the mail or archive belongs to the customer."""
BY_HAND = "parent_by_hand"
"""The same hint where a person decided so."""


def hint(session: ScopedSession, document: Document) -> tuple[str, str] | None:
    """The customer of what the document came in, and which of the two hints that is.

    A ZIP in a mail goes with the mail, so what lies in it was decided by the same hand.
    """
    above = _above(session, document)
    if above is None or above.customer_no is None:
        return None
    owner = above.customer_no
    while above is not None and above.customer_no == owner:
        if above.assigned_by is not None:
            return owner, BY_HAND
        above = _above(session, above)
    return owner, PARENT


def _above(session: ScopedSession, document: Document) -> Document | None:
    return session.get(Document, document.parent_id) if document.parent_id else None
