"""Chooses the arrangement for a paper: the layout's form, or a certificate, or a card copy."""

from __future__ import annotations

from dossier.plugins.demo import layout_boxed, layout_certificate, layout_letter, layout_ruled
from dossier.plugins.demo.content import Card, Content
from dossier.plugins.demo.sheet import Ink, Sheet

_FORMS = {
    "ruled": layout_ruled.arrange,
    "letter": layout_letter.arrange,
    "boxed": layout_boxed.arrange,
}


def arrange(content: Content, layout: str, family: str, filled: Ink = Ink.PRINT) -> list[Sheet]:
    """Lays a paper's content out on sheets.

    Args:
        content: what the paper says.
        layout: plain layout name (``ruled``, ``letter``, ``boxed``).
        family: face of the print, a key of ``fonts.FACES``.
        filled: ink of filled-in values.
    """
    cards = [block for block in content.blocks if isinstance(block, Card)]
    if cards:
        return layout_certificate.arrange_cards(content, cards[0], layout)
    if content.framed:
        return layout_certificate.arrange_framed(content, family, layout)
    return _FORMS[layout](content, family, filled)
