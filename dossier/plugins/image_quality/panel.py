"""The panel beside a paper's pictures: what is wrong with which page, and where new scans are."""

from __future__ import annotations

from collections.abc import Iterator

from dossier.db.quality_tables import PageFinding, Rescan
from dossier.hookspecs import Panel
from dossier.plugins.image_quality import duty, views, wording
from dossier.plugins.image_quality.views import Quality
from dossier.services.context import Context
from dossier.viewer import Viewer

NAME = "image_quality"
TITLES = ("扫描质量", "Scan quality")
MOST = 12
"""Findings that the panel names; the API has all."""
WORDS = {
    "zh": (
        "检查", "共 {pages} 页，全部合格", "共 {pages} 页，{failing} 页不合格", "第 {page} 页",
        "重扫", "代替的原扫描件",
    ),
    "en": (
        "Checked", "{pages} pages, all pass", "{pages} pages, {failing} fail", "Page {page}",
        "New scan", "New scan of",
    ),
}  # fmt: skip


def of_document(context: Context, viewer: Viewer, document_id: str) -> tuple[Panel, ...]:
    """One panel where something was checked; none for born-digital papers."""
    found = views.of_document(context, viewer, document_id)
    if found.pages is None and not found.answers:
        return ()
    waiting = [one for one in found.requests if one.state == duty.OPEN]
    href = f"/rescans/{document_id}/{waiting[0].page}" if waiting else ""
    return (Panel(NAME, *TITLES, rows=tuple(_rows(found, viewer)), href=href),)


def _rows(found: Quality, viewer: Viewer) -> Iterator[tuple[str, str]]:
    language = wording.language_of(viewer.language)
    checked, all_pass, some_fail, page, rescan, instead = WORDS[language]
    if found.pages is not None:
        words = some_fail if found.failing else all_pass
        yield checked, words.format(pages=found.pages, failing=found.failing)
    for one in found.findings[:MOST]:
        yield page.format(page=one.page), _line(one, language)
    for request in found.requests:
        if request.state != duty.VOID:
            yield f"{rescan} · {page.format(page=request.page)}", _state(request, language)
    for answered in found.answers:
        yield instead, page.format(page=answered.page)


def _line(one: PageFinding, language: str) -> str:
    return f"{wording.told(one, language)} · {wording.clause(one.code)}"


def _state(request: Rescan, language: str) -> str:
    words = {
        duty.OPEN: ("待重新扫描", "asked for"),
        duty.RESCANNED: ("已重新扫描", "there"),
        duty.ACCEPTED: ("按现状接受", "accepted as it is"),
    }
    said = words[request.state][language != wording.CHINESE]
    return f"{said}: {wording.why(request.why, language)}" if request.why else said
