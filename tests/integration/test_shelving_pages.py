"""The shelves' pages by keystrokes, sheets read back by a scanner's decoder, masks and audit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pypdfium2
import pytest
import zxingcpp
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select

from dossier.asgi import create_app
from dossier.db.tables import AuditEvent
from dossier.plugins.shelving import boxes, prints, rooms, volumes
from dossier.plugins.shelving.prints import LabelText
from dossier.rules import shelf_codes, shelving
from dossier.rules.shelving import ColumnShape
from tests.support_seeded import (
    EAST,
    PASSWORD,
    SETUP,
    WEST,
    Seeded,
    csrf_token,
    index,
    seeded_archive,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SLOT = "K01-01-A-01-1-01"
SHAPE = ColumnShape("AB", 2, 2, 3, 70)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """Two customers' papers in volumes, and a room."""
    home = tmp_path_factory.mktemp("shelves") / "home"
    users = {"archivist": ("archivist", None), "agent": ("agent", None)}
    users["archivist_east"] = ("archivist", EAST.unit)
    with seeded_archive(home, users=users) as found:
        rooms.make(found.context, SETUP, "K01", "一号库房")
        rooms.add_column(found.context, SETUP, "K01", 1, SHAPE)
        for person in (EAST, WEST):
            volumes.file_papers(found.context, SETUP, person.customer_no)
        index(found.context)
        yield found


@pytest.fixture(scope="module")
def doors(archive: Seeded) -> Callable[[str], TestClient]:
    app = create_app(archive.context)
    opened: dict[str, TestClient] = {}

    def door(user: str) -> TestClient:
        if user not in opened:
            client = TestClient(
                app, base_url="http://127.0.0.1", headers={"accept-language": "zh-CN"}
            )
            client.post("/login", data={"name": user, "password": PASSWORD})
            client.headers["x-csrf-token"] = csrf_token(client.get("/account").text)
            opened[user] = client
        return opened[user]

    return door


@pytest.fixture
def clerk(doors: Callable[[str], TestClient]) -> TestClient:
    return doors("archivist")


def pictures(pdf: bytes) -> list[Image.Image]:
    return [page.render(scale=4).to_pil() for page in pypdfium2.PdfDocument(pdf)]


def codes_on(picture: Image.Image) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in zxingcpp.read_barcodes(picture):
        found.setdefault(one.format.name, set()).add(one.text)
    return found


def words_on(pdf: bytes) -> str:
    return "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))


def test_two_scans_move_a_box_and_one_click_takes_it_back(
    archive: Seeded, clerk: TestClient
) -> None:
    (box,) = boxes.make(archive.context, SETUP, "H30", 1, "10kV东山线")
    asked = clerk.post("/shelves/scan", data={"code": f"{box.lower()}"})
    assert f'name="box" value="{box}"' in asked.text
    moved = clerk.post("/shelves/scan", data={"code": SLOT.lower(), "box": box})
    assert "撤销" in moved.text
    assert boxes.get(archive.context, SETUP, box).slot == SLOT
    move_id = re.search(r'name="move_id" value="([0-9]+)"', moved.text)
    assert move_id
    clerk.post("/shelves/undo", data={"move_id": move_id[1]})
    assert boxes.get(archive.context, SETUP, box).slot is None
    full = clerk.post("/shelves/scan", data={"code": "K01-09-A-01-1-01", "box": box})
    assert full.status_code == 404
    assert "请核对架上的格位标签" in full.text
    assert f'name="box" value="{box}"' in full.text, "the box stays in hand"


def test_a_foreign_bar_code_is_refused_on_the_page_with_what_to_do(clerk: TestClient) -> None:
    answer = clerk.post("/shelves/scan", data={"code": "6901234567892"})
    assert answer.status_code == 422
    assert "请重新扫描标签" in answer.text


def test_every_page_of_the_shelves_opens(archive: Seeded, clerk: TestClient) -> None:
    (box,) = boxes.make(archive.context, SETUP, "H30", 1, "")
    code = volumes.of_customer(archive.context, SETUP, EAST.customer_no).volumes[0].code
    volumes.put(archive.context, SETUP, code, box)
    boxes.move(archive.context, SETUP, box, "K01-01-B-02-2-03")
    pages = {
        "/shelves": "一号库房",
        "/shelves/rooms/K01": "温湿度",
        "/shelves/rooms/K01/columns/1": "K01-01-B-02-2-03",
        "/shelves/slots/K01-01-B-02-2-03": box,
        f"/shelves/boxes/{box}": EAST.name,
        f"/shelves/volumes/{code}": EAST.name,
        f"/customers/{EAST.customer_no}/volumes": box,
        f"/documents/{archive.documents['东1']}/place": "slot-here",
        f"/documents/{archive.documents['东1']}": "在哪里",
        f"/customers/{EAST.customer_no}": code,
        "/shelves/pairing?half=no_paper": "仅有电子件",
        f"/search?q={code}-001": EAST.name,
    }
    for path, said in pages.items():
        answer = clerk.get(path)
        assert answer.status_code == 200, path
        assert said in answer.text, path
    english = clerk.get("/shelves", headers={"accept-language": "en"})
    assert "Scan a box" in english.text
    place = clerk.get(f"/api/v1/documents/{archive.documents['东1']}/place").json()
    assert (place["box"], place["slot"]) == (box, "K01-01-B-02-2-03")
    assert place["reference_code"].startswith(code)


def test_a_room_is_made_furnished_and_read_by_its_forms(clerk: TestClient) -> None:
    assert clerk.post("/shelves/rooms", data={"code": "k07", "name": "七号"}).status_code == 200
    shape = {"number": 1, "faces": "A", "sections": 1, "layers": 2, "slots": 2}
    made = clerk.post("/shelves/rooms/K07/columns", data={**shape, "slot_width_mm": 100})
    assert "01 列" in made.text
    noted = clerk.post("/shelves/rooms/K07/readings", data={"temperature": 30, "humidity": 50})
    assert "温度过高" in noted.text
    told = clerk.post("/shelves/rooms/K07/profile", data={"fire": "七氟丙烷"})
    assert "七氟丙烷" in told.text
    again = clerk.post("/shelves/rooms/K07/columns", data={**shape, "slot_width_mm": 100})
    assert (again.status_code, "已存在" in again.text) == (409, True)
    closed = clerk.post("/shelves/slots/K07-01-A-01-1-01", data={"reason": "渗水"})
    assert "此格位已停用：渗水" in closed.text


def test_who_sees_masked_reads_no_name_in_volumes_and_each_look_is_noted(
    archive: Seeded, doors: Callable[[str], TestClient]
) -> None:
    path = f"/customers/{EAST.customer_no}/volumes"
    for text in (
        doors("agent").get(path).text,
        doors("agent").get(f"/api/v1{path}").text,
        doors("agent").get(f"/documents/{archive.documents['东1']}/place").text,
    ):
        assert not [secret for secret in EAST.secrets if secret in text]
    with archive.context.reading(SETUP) as session:
        query = select(AuditEvent.action).where(AuditEvent.object_id == EAST.customer_no)
        assert "volume.read" in set(session.scalars(query))


def test_an_archivist_of_one_station_neither_reads_nor_files_anothers_volumes(
    archive: Seeded, doors: Callable[[str], TestClient]
) -> None:
    code = volumes.of_customer(archive.context, SETUP, WEST.customer_no).volumes[0].code
    east = doors("archivist_east")
    for path in (f"/shelves/volumes/{code}", f"/customers/{WEST.customer_no}/volumes"):
        assert east.get(path).status_code == 404
    assert east.get(f"/shelves/volumes/{code}/print/list").status_code == 404
    assert east.post(f"/customers/{WEST.customer_no}/volumes").status_code == 404
    (box,) = boxes.make(archive.context, SETUP, "H30", 1, "")
    volumes.put(archive.context, SETUP, code, box)
    page = east.get(f"/shelves/boxes/{box}").text
    assert "另有案卷不在您的查看范围内" in page
    assert WEST.customer_no not in page
    assert WEST.name not in page


# -- sheets -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", list(shelving.load().labels))
def test_labels_are_read_back_from_every_sheet(code: str) -> None:
    """Each label by itself, cut where the paper is cut, at 288 dpi: both codes and the words."""
    sheet = shelving.load().labels[code]
    wanted = [str(shelf_codes.box_code("Q018", 4_711 + nth)) for nth in range(sheet.count)]
    texts = [LabelText(one, "全宗 Q018 客户档案", ("10kV东山线 滨河路3号台区",)) for one in wanted]
    pdf = prints.labels(texts, sheet, skip=2, made_at=NOW)
    pages = pictures(pdf)
    assert len(pages) == 2
    for nth, box in enumerate(wanted, 2):
        page = pages[nth // sheet.count]
        scale = page.width / 210
        x, y = sheet.corner(nth % sheet.count)
        corners = (x, y, x + sheet.width, y + sheet.height)
        label = page.crop(tuple(round(one * scale) for one in corners))
        assert codes_on(label) == {"Code128": {box}, "QRCode": {box}}
    assert "滨河路3号台区" in words_on(pdf)


def test_the_slots_of_a_column_have_labels_in_the_order_of_the_walk(clerk: TestClient) -> None:
    pdf = clerk.get("/shelves/rooms/K01/columns/1/labels?sheet=A4-24").content
    (picture,) = pictures(pdf)
    sheet, scale = shelving.load().labels["A4-24"], picture.width / 210
    x, y = sheet.corner(0)
    corners = (x, y, x + sheet.width, y + sheet.height)
    first = codes_on(picture.crop(tuple(round(one * scale) for one in corners)))
    assert first == {"Code128": {"K01-01-A-01-2-01"}, "QRCode": {"K01-01-A-01-2-01"}}
    assert words_on(pdf).count("K01-01-") == 2 * 2 * 2 * 3


def test_cover_list_note_and_spine_say_what_is_in_them(archive: Seeded, clerk: TestClient) -> None:
    volume = volumes.of_customer(archive.context, SETUP, EAST.customer_no).volumes[0]
    here = f"/shelves/volumes/{volume.code}"
    clerk.post(f"{here}/note", data={"note": "第2件为复印件"})
    sheets = {what: clerk.get(f"{here}/print/{what}") for what in ("cover", "list", "note")}
    for what, answer in sheets.items():
        assert answer.headers["content-type"] == "application/pdf", what
        assert answer.headers["cache-control"] == "no-store"
    cover = sheets["cover"].content
    assert EAST.name in words_on(cover)
    plain = volume.code.replace("·", ".")
    assert codes_on(pictures(cover)[0]) == {"Code128": {plain}, "QRCode": {plain}}
    assert clerk.post("/shelves/scan", data={"code": plain}).url.path.startswith("/shelves/volumes")
    listed = words_on(sheets["list"].content)
    assert all(one.code in listed for one in volume.items)
    assert "第2件为复印件" in words_on(sheets["note"].content)
    form = {"giver": "王芳", "taker": "李明"}
    handed = words_on(clerk.post(f"{here}/hand-over", data=form).content)
    assert "合计 2 件 2 页" in handed
    assert "王芳" in handed
    (box,) = boxes.make(archive.context, SETUP, "H20", 1, "东山线")
    spine = clerk.get(f"/shelves/labels?box={box}&spines=true").content
    assert codes_on(pictures(spine)[0]) == {"QRCode": {box}}
    with archive.context.reading(SETUP) as session:
        query = select(AuditEvent.id).where(AuditEvent.action == "volume.printed")
        assert len(session.scalars(query).all()) == 4


def test_a_text_that_is_too_wide_stays_on_its_label() -> None:
    sheet = shelving.load().labels["A4-24"]
    (picture,) = pictures(
        prints.labels(
            [LabelText("KHQ01800000123S", "全宗" * 60, ("很长" * 200,))], sheet, made_at=NOW
        )
    )
    scale = picture.width / 210
    beyond = picture.convert("L").crop((int(71 * scale), 0, picture.width, int(37 * scale)))
    assert beyond.getextrema() == (255, 255)


def test_a_stock_take_runs_on_the_pages_without_script(
    archive: Seeded, clerk: TestClient, doors: Callable[[str], TestClient]
) -> None:
    """From the start to the signed list, each step a form (issue 7, point 5)."""
    rooms.make(archive.context, SETUP, "K08", "盘点室")
    rooms.add_column(archive.context, SETUP, "K08", 1, SHAPE)
    lost, stray = boxes.make(archive.context, SETUP, "H30", 2, "")
    boxes.move(archive.context, SETUP, lost, "K08-01-A-01-1-01")
    boxes.move(archive.context, SETUP, stray, "K08-01-A-01-1-02")
    page = clerk.post("/shelves/stock", data={"place": "k08", "depth": "box"})
    here = str(page.url.path)
    assert "请扫描所在格位的标签" in page.text

    def scan(code: str) -> str:
        """As the form sends it: with where one stands."""
        nonlocal page
        standing = dict(re.findall(r'name="(slot|box)" value="([^"]*)" data-standing', page.text))
        page = clerk.post(f"{here}/scan", data={"code": code, **standing})
        return page.text

    assert 'data-bench="right"' in scan("K08-01-A-01-1-01")
    assert lost in page.text, "what is still to be scanned there"
    assert 'data-bench="misplaced"' in scan(stray)
    assert "K08-01-A-01-1-02" in page.text
    refused = scan("KHQ01800000001?")
    assert 'data-bench="refused"' in refused
    assert f'name="slot" value="{SLOT.replace("K01", "K08")}"' in refused, "one still stands there"
    scan("6901234567892")
    scan("undo")
    shown = clerk.post(here, data={"act": "finish"})
    assert "缺失" in shown.text
    assert "6901234567892" not in shown.text
    numbers = dict(re.findall(r'/findings/(\d+)" method="post" aria-label="([^"]+)"', shown.text))
    by_code = {code: number for number, code in numbers.items()}
    assert set(by_code) == {lost, stray}
    early = clerk.post(here, data={"act": "close"})
    assert early.status_code == 409
    clerk.post(f"{here}/findings/{by_code[lost]}", data={"outcome": "explained", "note": "装订中"})
    clerk.post(f"{here}/findings/{by_code[stray]}", data={"outcome": "corrected"})
    assert boxes.get(archive.context, SETUP, stray).slot == "K08-01-A-01-1-01"
    closed = clerk.post(here, data={"act": "close"})
    assert "已结案" in closed.text
    pdf = clerk.get(f"{here}/list").content
    assert "库房盘点表" in words_on(pdf).replace(" ", "")
    assert codes_on(pictures(pdf)[0])["Code128"] == {"UNDO"}
    table = clerk.get(f"{here}/list?format=csv").content.decode("utf-8-sig")
    assert f"缺失,盒,{lost},K08-01-A-01-1-01,,已说明,装订中" in table
    assert doors("agent").get("/shelves/stock").status_code == 403


def test_a_program_takes_stock_by_the_api(archive: Seeded, clerk: TestClient) -> None:
    number = clerk.post("/api/v1/stock-takes", json={"place": "K01-01", "depth": "box"}).json()
    at = f"/api/v1/stock-takes/{number['number']}"
    assert number["state"] == "counting"
    seen = clerk.post(f"{at}/scans", json={"code": SLOT}).json()
    assert (seen["kind"], seen["slot"]) == ("slot", SLOT)
    unknown = {"code": "6901234567892", "slot": SLOT, "box": ""}
    assert clerk.post(f"{at}/scans", json=unknown).status_code == 422, "no box is open"
    assert clerk.post(f"{at}/steps", json={"step": "finish"}).json()["state"] == "counted"
    found = clerk.get(f"{at}/findings").json()
    assert found["next_cursor"] is None
    for one in found["items"]:
        said = {"outcome": "explained", "note": "x"}
        assert clerk.post(f"{at}/findings/{one['id']}", json=said).status_code == 200
    assert clerk.post(f"{at}/steps", json={"step": "close"}).json()["state"] == "closed"
    assert clerk.get("/api/v1/stock-takes").json()["items"][0]["number"] == number["number"]
