"""The invented register passes the import's own check of every row."""

from dossier.plugins.demo.customers import HEADER, invent_customers
from dossier.rules.customer_file import read_row


def test_the_import_accepts_every_invented_customer():
    for row, customer in enumerate(invent_customers(7, 800), 2):
        cells = [getattr(customer, column) for column in HEADER]
        record, errors = read_row(row, list(HEADER), cells)
        assert record is not None
        assert errors == []
