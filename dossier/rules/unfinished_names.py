"""What a file is called before it is whole, and what is no paper at all."""

from __future__ import annotations

from pathlib import PurePath

DRAFT_ENDINGS = frozenset(
    {".part", ".tmp", ".temp", ".partial", ".crdownload", ".download", ".filepart", ".!ut"}
)
"""What browsers, sync tools and WinSCP call a file until it is whole."""
LOCK_ENDINGS = frozenset({".swp"})
"""What editors lay beside a file that is open."""
UNFINISHED_BEGINNINGS = ("~$", ".")
"""Office's lock files; hidden files, among them rsync's and editors' drafts."""
NOT_PAPERS = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})
"""What Windows leaves in folders it has looked into."""


def is_unfinished_name(name: str) -> bool:
    """Whether the name says that the file is not ready, or is no paper at all.

    Example:
        >>> is_unfinished_name("scan.pdf.part"), is_unfinished_name("~$letter.docx")
        (True, True)
        >>> is_unfinished_name("scan.pdf")
        False
    """
    small = name.lower()
    return (
        small.startswith(UNFINISHED_BEGINNINGS)
        or PurePath(small).suffix in DRAFT_ENDINGS | LOCK_ENDINGS
        or small in NOT_PAPERS
    )


def is_draft_name(name: str) -> bool:
    """Whether a paper may become of it: somebody began to write it and has not renamed it yet.

    Example:
        >>> is_draft_name("scan.pdf.part"), is_draft_name("~$letter.docx"), is_draft_name(".x.swp")
        (True, False, False)
    """
    return PurePath(name.lower()).suffix in DRAFT_ENDINGS
