"""What a file is called before it is whole, and what is no paper at all.

A dot before a name says neither: ``.pdf`` may be a scan whose sender named it badly. Only names
that a known program gives to its drafts, locks and lists are passed over.
"""

from __future__ import annotations

import re
from pathlib import PurePath

DRAFT_ENDINGS = frozenset(
    {".part", ".tmp", ".temp", ".partial", ".crdownload", ".download", ".filepart", ".!ut"}
)
"""What browsers, sync tools and WinSCP call a file until it is whole."""
LOCK_ENDINGS = frozenset({".swp"})
"""What editors lay beside a file that is open."""
NO_PAPER_BEGINNINGS = ("~$", "._", ".~lock.", ".#", ".nfs", ".fuse_hidden", ".smbdelete")
"""Locks of Office, LibreOffice and Emacs, what macOS lays beside a file, and what a network folder
calls a file that was deleted while it was open."""
NOT_PAPERS = frozenset(
    {"thumbs.db", "desktop.ini", "ehthumbs.db", ".ds_store", ".localized", ".directory"}
)
"""What Windows, macOS and KDE leave in folders they have looked into."""
NO_PAPER_FOLDERS = frozenset(
    {
        ".spotlight-v100",
        ".fseventsd",
        ".temporaryitems",
        ".documentrevisions-v100",
        ".stfolder",
        ".stversions",
        ".rsync-partial",
        ".~tmp~",
        ".git",
    }
)
"""Folders in which systems and sync tools keep their own things, half files among them."""
TRASH_BEGINNING = ".trash"
TRANSFER = re.compile(r"\.(?:.+\.|goutputstream-)[a-z0-9]{6}", re.IGNORECASE | re.DOTALL)
"""``.scan.pdf.Xy12Ab``: rsync, Chrome and GNOME until the file is whole. A real name may look so
too (``.scan.backup``), therefore it counts only while somebody may still be writing."""


def is_unfinished_name(name: str) -> bool:
    """Whether the name says that the file is not ready, or is no paper at all.

    Example:
        >>> is_unfinished_name("scan.pdf.part"), is_unfinished_name("~$letter.docx")
        (True, True)
        >>> is_unfinished_name("scan.pdf"), is_unfinished_name(".scan.pdf")
        (False, False)
    """
    small = name.lower()
    return (
        is_draft_name(name)
        or small.startswith(NO_PAPER_BEGINNINGS)
        or PurePath(small).suffix in LOCK_ENDINGS
        or small in NOT_PAPERS
    )


def is_draft_name(name: str) -> bool:
    """Whether a paper may become of it: somebody began to write it and has not renamed it yet.

    Example:
        >>> is_draft_name("scan.pdf.part"), is_draft_name("~$letter.docx"), is_draft_name(".x.swp")
        (True, False, False)
    """
    small = name.lower()
    return PurePath(small).suffix in DRAFT_ENDINGS and not small.startswith(NO_PAPER_BEGINNINGS)


def is_transfer_name(name: str) -> bool:
    """Whether a transfer may be writing it: passed over while it is fresh, a file afterwards.

    Example:
        >>> is_transfer_name(".scan.pdf.Xy12Ab"), is_transfer_name(".scan.pdf")
        (True, False)
    """
    return TRANSFER.fullmatch(name) is not None


def is_no_paper_folder(name: str) -> bool:
    """Whether a system or a sync tool keeps its own things in it.

    Example:
        >>> is_no_paper_folder(".Trash-1000"), is_no_paper_folder(".合同")
        (True, False)
    """
    small = name.lower()
    return small in NO_PAPER_FOLDERS or small.startswith(TRASH_BEGINNING)
