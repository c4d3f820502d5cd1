"""A served archive with three invented customers, and a real browser in front of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageDraw, ImageFont
from typer.testing import CliRunner

from dossier.asgi import create_app
from dossier.cli.commands import app as command_line
from dossier.plugins.demo.fonts import hei_path
from dossier.services.context import Context

DOSSIER = [sys.executable, "-c", "from dossier.cli import main; main()"]
PASSWORD = "correct horse battery"
CUSTOMER_NO = "4200000137"
NAME = "欧阳娜娜"
WORD = "春江电力"
"""Stands on the scan only, in no name and no form."""
SIZE = (1654, 2339)
"""A4 at 200 dpi."""
LINES = {
    "title": (560, 160, "供用电合同", 64),
    "no": (160, 360, f"户号：{CUSTOMER_NO}", 40),
    "holder": (160, 460, "户名：", 40),
    "name": (290, 460, NAME, 40),
    "clause": (160, 620, "一、用电人自愿签订本合同，按照国家规定交纳电费。", 40),
    "before": (160, 720, "二、供电人委托", 40),
    "word": (450, 720, WORD, 40),
    "after": (160, 820, "三、本合同一式两份，双方各执一份。", 40),
    "date": (160, 920, "签订日期：2021年3月8日", 40),
}
OTHER_NO = "4200000371"
OTHER_NAME = "章珊"
"""Whose paper is found by the letters ``zs``."""
OTHER_LINES = {
    "title": (600, 160, "证件登记表", 64),
    "no": (160, 360, f"户号：{OTHER_NO}", 40),
    "holder": (160, 460, "户名：", 40),
    "name": (290, 460, OTHER_NAME, 40),
}
CUSTOMERS = f"""customer_no,name,category,address,unit,line,district,phone
{CUSTOMER_NO},{NAME},LR,襄州区航空路12号3栋2单元501,古驿供电所,10kV东山线,东山012,13900001234
4200000242,尉迟文波,LR,襄州区人民路8号,双沟供电所,10kV双沟线,双沟003,13900005678
{OTHER_NO},{OTHER_NAME},LR,襄州区长征路3号,古驿供电所,10kV东山线,东山012,13900002468
"""
STARTS_WITHIN = 90
READ_WITHIN = 240
"""Seconds; OCR models load and a page is read on a busy machine of two cores."""


Places = dict[str, tuple[int, int, int, int]]


@dataclass
class Served:
    """The running product and where the drawn words stand, in pixels of the two scans."""

    home: Path
    address: str
    places: Places = field(default_factory=dict)
    other_places: Places = field(default_factory=dict)


def draw_scan(path: Path, lines: Mapping[str, tuple[int, int, str, int]]) -> Places:
    """A scanned paper; gives where each piece stands."""
    page = Image.new("L", SIZE, 250)
    draw = ImageDraw.Draw(page)
    places = {}
    for name, (x, y, text, size) in lines.items():
        font = ImageFont.truetype(str(hei_path()), size)
        draw.text((x, y), text, fill=25, font=font)
        places[name] = tuple(round(side) for side in draw.textbbox((x, y), text, font=font))
    page.save(path, dpi=(200, 200))
    return places


def run(home: Path, *arguments: str, given: str = "") -> None:
    """The command, in this process: to start one takes it twenty times as long."""
    done = CliRunner().invoke(command_line, arguments, env=environment(home), input=given)
    assert done.exit_code == 0, done.output[-2000:]


def environment(home: Path) -> dict[str, str]:
    return os.environ | {
        "DOSSIER_HOME": str(home),
        "DOSSIER_SETTLE_SECONDS": "0.2",
        "DOSSIER_RECONCILE_SECONDS": "0.5",
        "DOSSIER_DISCLOSURE_MINUTES": "0.3",  # nobody waits five minutes in a test
    }


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """``dossier serve`` with one worker on the archive of a folder; gives its address."""
    path = home.parent / "serve.log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            [*DOSSIER, "serve", "--port", "0", "--workers", "1"],
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield _address(home, process, path)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def served_here(context: Context) -> Iterator[str]:
    """The application of an opened archive, served by a thread of this process; its address.

    So a test moves the clock that it is served by, and looks into its records meanwhile.
    """
    server = uvicorn.Server(
        uvicorn.Config(create_app(context), port=0, log_level="warning", lifespan="on")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + STARTS_WITHIN
        while not server.started and time.monotonic() < until:
            time.sleep(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An archive of three customers and three users is served; two scans dropped."""
    folder = tmp_path_factory.mktemp("served")
    home = folder / "home"
    register = folder / "customers.csv"
    register.write_text(CUSTOMERS, encoding="utf-8")
    run(home, "import", "customers", str(register))
    for name, role in (("archivist", "archivist"), ("agent", "agent"), ("auditor", "auditor")):
        run(home, "user", "add", name, "--role", role, "--password-stdin", given=PASSWORD)
    with serving(home) as address:
        archive = Served(home, address)
        scan, other = folder / "scan.tif", folder / "other.tif"
        archive.places = draw_scan(scan, LINES)
        archive.other_places = draw_scan(other, OTHER_LINES)
        shutil.copy(scan, home / "inbox")
        shutil.copy(other, home / "inbox")
        yield archive


def _address(home: Path, process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            found = json.loads((home / "web.json").read_text())
        except (OSError, ValueError):
            time.sleep(0.1)
            continue
        return f"http://{found['host']}:{found['port']}"
    raise AssertionError(log.read_text()[-2000:])


@pytest.fixture(scope="session")
def chromium():
    """The machine's own Chromium; without it the browser tests are left out, except in CI."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        reason = "Chromium is missing: apt install chromium fonts-noto-cjk"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


class Desk:
    """A browser window of one user; collects what a clean page must not have."""

    def __init__(self, browser, address: str, user: str, **options) -> None:
        self.address = address
        self.context = browser.new_context(
            locale="zh-CN", viewport={"width": 1440, "height": 900}, **options
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._listen)
        self.page.goto(f"{address}/login")
        self.page.fill("[name=name]", user)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("main button[type=submit]")
        self.page.wait_for_url(lambda url: "/login" not in url)

    def _listen(self, message) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def open(self, path: str):
        self.page.goto(self.address + path)
        return self.page


@contextmanager
def desks(browser, address: str) -> Iterator[Callable[..., Desk]]:
    """Opens windows, and sees at the end that no page complained (script errors, refused styles)."""
    opened: list[Desk] = []

    def sit_down(user: str, **options) -> Desk:
        opened.append(Desk(browser, address, user, **options))
        return opened[-1]

    yield sit_down
    complaints = [complaint for one in opened for complaint in one.complaints]
    for one in opened:
        one.context.close()
    assert complaints == []


@pytest.fixture
def desk(chromium, served: Served):
    """Windows before the archive of three customers."""
    with desks(chromium, served.address) as sit_down:
        yield sit_down


def assert_fits(page, picture: Path | str) -> None:
    """Nothing stands beside the window; a picture of it is kept."""
    page.screenshot(path=picture, full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def assert_accessible(page) -> None:
    """Axe finds no fault."""
    faults = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in faults] == []


def assert_fits_and_accessible(page, picture: Path | str) -> None:
    """As the two say."""
    assert_accessible(page)
    assert_fits(page, picture)


@pytest.fixture(scope="session")
def filed(served: Served, chromium) -> str:
    """The scan's document id, once it was read and filed without anybody's help."""
    return _found(chromium, served, WORD)


@pytest.fixture(scope="session")
def filed_other(served: Served, chromium) -> str:
    """The other scan's, likewise."""
    return _found(chromium, served, OTHER_NO)


def _found(chromium, served: Served, query: str) -> str:
    one = Desk(chromium, served.address, "archivist")
    until = time.monotonic() + READ_WITHIN
    while time.monotonic() < until:
        page = one.open(f"/search?q={query}")
        link = page.locator(".paper-link")
        if link.count():
            document_id = link.first.get_attribute("href").split("?")[0].rpartition("/")[2]
            one.context.close()
            return document_id
        page.wait_for_timeout(500)
    raise AssertionError(one.open("/intake").inner_text("main"))
