"""What a viewer may search by follows from what the viewer may see (domain.md 4.7)."""

from __future__ import annotations

from dossier.access import search_rights
from dossier.search.port import SearchRight
from dossier.viewer import Permission, Viewer


def rights_with(*permissions: Permission) -> frozenset[SearchRight]:
    return search_rights(Viewer("u", "u", "r", frozenset(permissions)))


def test_who_opens_no_page_searches_no_text() -> None:
    assert SearchRight.TEXT not in rights_with(Permission.SEARCH)
    assert SearchRight.TEXT in rights_with(Permission.SEARCH, Permission.READ_CONTENT)


def test_who_sees_masked_may_not_feel_for_the_hidden_parts() -> None:
    hidden = {
        SearchRight.PHONE_PARTIAL,
        SearchRight.ADDRESS_DETAIL,
        SearchRight.USCC_PARTIAL,
    }
    assert not hidden & rights_with(Permission.SEARCH, Permission.READ_CONTENT)
    assert hidden <= rights_with(Permission.SEARCH, Permission.SEE_CLEAR)
