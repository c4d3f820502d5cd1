"""The panel of a customer's page: how much is there, and the first papers that lack."""

from __future__ import annotations

from dossier.hookspecs import Panel
from dossier.plugins.completeness import customer, wording
from dossier.plugins.completeness.items import TO_DO, Completeness
from dossier.services import labels
from dossier.services.context import Context
from dossier.viewer import Viewer

NAME = "completeness"
TITLES = ("资料齐全情况", "Completeness")
MOST_NAMED = 5
"""Papers that the panel names; the page behind it has all."""
WORDS = {
    "zh": ("应有资料", "{present} / {required} 件（{percent}%）", "等 {count} 件"),
    "en": ("Papers asked for", "{present} of {required} ({percent} %)", "{count} in all"),
}
"""The share's head, the share, and what stands behind the papers that are named."""


def of_customer(context: Context, viewer: Viewer, customer_no: str) -> tuple[Panel, ...]:
    """One panel, whatever there is."""
    found = customer.get(context, viewer, customer_no).found
    language = wording.language_of(viewer.language)
    rows = tuple(_rows(found, language))
    return (Panel(NAME, *TITLES, rows=rows, href=f"/customers/{customer_no}/completeness"),)


def _rows(found: Completeness, language: str) -> list[tuple[str, str]]:
    head, share, more = WORDS[language]
    counts = {
        "present": found.present, "required": found.required, "percent": found.percent
    }  # fmt: skip
    rows = [(head, share.format(**counts))]
    for state in TO_DO:
        items = [item for item in found.items if item.state is state]
        if not items:
            continue
        named = [wording.asked(item, language) for item in items[:MOST_NAMED]]
        if len(items) > MOST_NAMED:
            named.append(more.format(count=len(items)))
        between = "、" if language == labels.CHINESE else ", "
        rows.append((wording.state(state, language), between.join(named)))
    return rows
