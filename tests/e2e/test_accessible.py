"""axe finds nothing on any page, in light and dark, for who sees clear and who sees masked."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.conftest import CUSTOMER_NO, WORD

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("user", ["archivist", "agent", "auditor"])
def test_pages_are_accessible(desk, filed, user: str, scheme: str) -> None:
    one = desk(user, color_scheme=scheme, bypass_csp=True)  # axe is put in as a script
    paths = [
        "/",
        f"/search?q={WORD}",
        "/search?q=绝无此词甲乙丙",
        f"/customers/{CUSTOMER_NO}",
        f"/documents/{filed}?q={WORD}",
        "/upload",
        "/intake",
        "/assign",
        "/documents/none",
    ]
    found = {}
    for path in paths:
        page = one.open(path)
        faults = Axe().run(page).response["violations"]
        if faults:
            found[path] = [(f["id"], [n["target"] for n in f["nodes"]][:3]) for f in faults]
    assert found == {}


def test_the_login_is_accessible(chromium, served) -> None:
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(f"{served.address}/login")
    assert Axe().run(page).response["violations"] == []
    context.close()
