"""What holds for everything that leaves as a file (domain.md §4.7): none without a reason."""

from __future__ import annotations

from dataclasses import replace

from dossier.services.approval_rows import checked_text
from dossier.viewer import Viewer


def for_purpose(viewer: Viewer, purpose: str) -> Viewer:
    """The viewer with what a file is for, which the record of it says.

    Raises:
        InvalidInputError: nothing is said, or too much.
    """
    said = checked_text(
        purpose or viewer.purpose, missing_en="Say what for", missing_zh="请填写导出用途"
    )
    return replace(viewer, purpose=said)
