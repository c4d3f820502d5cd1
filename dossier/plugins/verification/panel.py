"""The panel of a customer's page: what was checked last."""

from __future__ import annotations

from sqlalchemy import select

from dossier import access
from dossier.clock import local_date
from dossier.db.tables import Customer
from dossier.db.verification_tables import VerifiedFacts
from dossier.hookspecs import Panel
from dossier.plugins.verification import real_name, stale, words
from dossier.services import customer_attributes
from dossier.services.context import Context
from dossier.services.heads import customer_in_scope
from dossier.viewer import Permission, Viewer

NAME = "verification"
TITLES = ("资料核验", "Verification")
HEADS = {"zh": ("实名核验", "联系方式"), "en": ("Real name", "Contact")}


def of_customer(context: Context, viewer: Viewer, customer_no: str) -> tuple[Panel, ...]:
    """One panel, whatever there is."""
    viewer = access.demand(viewer, Permission.READ_CUSTOMER)
    today = local_date(context.clock.now())
    with context.reading(viewer) as session:
        customer = customer_in_scope(session, customer_no)
        facts = session.get(VerifiedFacts, customer_no)
        contact = session.scalar(
            select(stale.state(today))
            .select_from(Customer)
            .outerjoin(VerifiedFacts, VerifiedFacts.customer_no == Customer.customer_no)
            .where(Customer.customer_no == customer_no)
        )
        attributes = customer_attributes.present(session, [customer_no]).get(customer_no, {})
    language = words.language_of(viewer.language)
    heads = HEADS[language]
    checked = real_name.state_of(facts, customer)
    rows = (
        (heads[0], words.said(words.RESULTS, checked, language)),
        (heads[1], words.said(words.CONTACT_STATES, str(contact), language)),
        *(
            (words.attribute(name, language), words.attribute_values(name, codes, language))
            for name, codes in attributes.items()
        ),
    )
    return (Panel(NAME, *TITLES, rows=rows, href=f"/customers/{customer_no}/verification"),)
