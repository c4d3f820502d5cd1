"""Chooses the arrangement for a paper: the layout's form, or a certificate, or a card copy."""

from __future__ import annotations

from dataclasses import replace

from dossier.plugins.demo import layout_boxed, layout_certificate, layout_letter, layout_ruled
from dossier.plugins.demo.content import Card, Content
from dossier.plugins.demo.flow import PLAIN, Style
from dossier.plugins.demo.sheet import Ink, Sheet, Text, Watermark

_MARKED = frozenset({"A02", "A03", "A05"})
_WATERMARK = "仅供办理用电业务使用"
_FORMS = {
    "ruled": layout_ruled.arrange,
    "letter": layout_letter.arrange,
    "boxed": layout_boxed.arrange,
}


def arrange(
    content: Content, layout: str, family: str, filled: Ink = Ink.PRINT, style: Style = PLAIN
) -> list[Sheet]:
    """Lays a paper's content out on sheets.

    Args:
        content: what the paper says.
        layout: plain layout name (``ruled``, ``letter``, ``boxed``).
        family: face of the print, a key of ``fonts.FACES``.
        filled: ink of filled-in values.
        style: sizes and air of this print run; certificates and cards have their own.
    """
    sheets = _arranged(content, layout, family, filled, style)
    if filled is Ink.DOTS:
        sheets = [_misfed(sheet, content) for sheet in sheets]
    if content.type_code in _MARKED and sum(map(ord, content.form_no or content.title)) % 3 == 0:
        for sheet in sheets:
            sheet.marks.append(Watermark(_WATERMARK))
    return sheets


def _misfed(sheet: Sheet, content: Content) -> Sheet:
    """The form with its values off their places, as a needle printer feeds pre-printed paper."""
    turn = sum(map(ord, content.form_no))
    dx, dy = turn % 7 - 3.0, turn % 5 - 2.0  # points: enough to touch a line of the grid
    marks = [
        replace(mark, x=mark.x + dx, y=mark.y + dy)
        if isinstance(mark, Text) and mark.ink is Ink.DOTS
        else mark
        for mark in sheet.marks
    ]
    return Sheet(sheet.width, sheet.height, marks)


def _arranged(content: Content, layout: str, family: str, filled: Ink, style: Style) -> list[Sheet]:
    cards = [block for block in content.blocks if isinstance(block, Card)]
    if cards:
        return layout_certificate.arrange_cards(content, cards[0], layout)
    if content.framed:
        return layout_certificate.arrange_framed(content, family, layout)
    sheets = _FORMS[layout](content, family, filled, style)
    return [layout_certificate.title_page(content, family), *sheets] if content.cover else sheets
