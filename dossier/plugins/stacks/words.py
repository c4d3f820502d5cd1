"""What the page calls the findings for and against a cut, and what is odd about pages."""

from __future__ import annotations

from typing import Final

from dossier.rules import stacks
from ui.labels import N_

FINDINGS: Final = {
    "separator_sheet": N_("bar-code sheet before it"),
    "separator_words": N_("separator before it"),
    "blank_between": N_("blank page before it"),
    "blank_sheet": N_("blank sheet before it"),
    "barcode_label": N_("a new bar code"),
    "number_first": N_("it is page 1"),
    "paper_complete": N_("the paper before is complete"),
    "paper_unfinished": N_("the paper before is not complete"),
    "number_follows": N_("its number is the next one"),
    "number_follows_open": N_("its number is the next one"),
    "number_after_cover": N_("page 2 behind a cover"),
    "number_fills_gap": N_("its number is lacking before"),
    "number_again": N_("its number was there before"),
    "number_other_total": N_("another number of pages"),
    "number_ahead": N_("a cover: the next page is page 2"),
    "title_known": N_("a title"),
    "title_weak": N_("perhaps a title"),
    "title_of_another_type": N_("another type"),
    "title_again": N_("the same title again"),
    "heading": N_("a heading"),
    "behind_cover": N_("the title of the cover before it"),
    "opens": N_("it begins with whose it is"),
    "opens_again": N_("it begins with whose it is"),
    "picture": N_("a photograph"),
    "form_no_differs": N_("another number of the form"),
    "form_no_new": N_("a number of the form"),
    "form_no_same": N_("the same number of the form"),
    "annex": N_("an annex"),
    "body_of_another_type": N_("words of another type"),
    "no_title": N_("no title"),
    "begins_within": N_("begins within the text"),
    "customer_no_differs": N_("another customer number"),
    "meter_no_differs": N_("another meter"),
    "id_no_differs": N_("another ID number"),
    "name_differs": N_("another name"),
    "customer_no_same": N_("the same customer number"),
    "contract_no_same": N_("the same contract"),
    "contract_no_differs": N_("another contract"),
    "case_no_differs": N_("another case"),
    "size_differs": N_("another size of paper"),
    "signed_before": N_("signatures before it"),
}
"""By the names of rulebook/stacks.yaml."""
REMARKS: Final = {
    stacks.MISSING: N_("Page %(pages)s is missing"),
    stacks.SWAPPED: N_("Pages are swapped: %(pages)s"),
    stacks.REPEATED: N_("Page %(pages)s is there twice"),
    stacks.UNREAD: N_("Nothing could be read on page %(pages)s"),
    stacks.OTHERS: N_("Page %(pages)s states another customer number"),
}
