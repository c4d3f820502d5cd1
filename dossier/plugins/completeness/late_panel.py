"""The panel of a late paper's page: why it is late, and the three times."""

from __future__ import annotations

from dossier.hookspecs import Panel
from dossier.plugins.completeness import late_rules, late_views, requirements, wording
from dossier.plugins.completeness.late_views import LatePaper
from dossier.services import labels
from dossier.services.context import Context
from dossier.viewer import Viewer
from ui.formatting import moment

NAME = "late"
TITLES = ("补做补录标记", "Came late")
WORDS = {
    "zh": ("原因", "文件日期", "环节完成", "采集时间", "按现有记录", "不再属于补做补录", "说明"),
    "en": (
        "Why", "Day on the paper", "Step completed", "Taken in", "By what is known now", "not late",
        "Explanation",
    ),
}  # fmt: skip


def of_document(context: Context, viewer: Viewer, document_id: str) -> tuple[Panel, ...]:
    """One panel for a paper with flags, none for others."""
    found = late_views.of_document(context, viewer, document_id)
    if found is None:
        return ()
    language = wording.language_of(viewer.language)
    rows = _rows(context, found, language)
    return (Panel(NAME, *TITLES, rows=rows, href=f"/documents/{document_id}/late"),)


def _rows(context: Context, found: LatePaper, language: str) -> tuple[tuple[str, str], ...]:
    why, day, step, taken, now, not_late, explanation = WORDS[language]
    known = late_rules.of(context).reasons
    between = "；" if language == labels.CHINESE else "; "

    def named(codes: tuple[str, ...]) -> str:
        words = [wording.named(known[code], language) for code in codes if code in known]
        return between.join(words)

    flag = found.first
    node = requirements.of(context).nodes.get(flag.node)
    rows = [
        (why, named(tuple(one.reason for one in found.flags))),
        (day, flag.dated.isoformat() if flag.dated else "—"),
        (step, f"{moment(flag.completed_at)} {wording.named(node, language) if node else ''}"),
        (taken, moment(flag.captured_at)),
    ]
    if found.has_changed:
        rows.append((now, named(found.reasons_now) or not_late))
    rows += [(explanation, f"{one.text} ({one.by})") for one in found.explanations[-1:]]
    return tuple(rows)
